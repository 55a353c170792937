"""Predicates, requirements and an access policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.http import HttpRequest

from django_sessionkit import Allow, AllowObject, Authenticated, Decision, Role, Session
from django_sessionkit.access import AccessPolicy
from django_sessionkit.requirements import And, Leaf, Not, Or, Requirement


def is_premium(session: Session | None) -> bool:
    return session is not None and session.get("plan") == "premium"


async def is_weekday(session: Session | None, request: HttpRequest | None) -> bool:
    return session is not None and request is not None and request.headers.get("X-Day") != "Sunday"


def at_least(plan: str) -> Callable[[Session | None], bool]:
    return lambda session: session is not None and session["plan"] == plan


class ShopPolicy(AccessPolicy):
    def get_roles(self, session: Session) -> Iterable[str]:
        return [*session.roles, session["plan"]]

    def get_permissions(self, session: Session) -> Iterable[str]:
        return [name for name in super().get_permissions(session) if not name.startswith("old:")]

    def check(self, requirement: Requirement, session: Session | None, request: HttpRequest | None) -> bool | None:
        return True if isinstance(requirement, Role) and request is None else None


PREMIUM = Allow(is_premium) | Allow(is_weekday) | Allow(at_least("basic")) | Allow("shop.access.is_premium")
IN_OFFICE = Allow(lambda session, request: request is not None and request.META["REMOTE_ADDR"] == "127.0.0.1")


class Order:
    owner: str


def is_owner(session: Session | None, order: Order) -> bool:
    return session is not None and order.owner == session.user_id


async def may_refund(session: Session | None, order: Order, request: HttpRequest | None) -> bool:
    return is_owner(session, order) and request is not None


OWN = AllowObject(is_owner) | AllowObject(may_refund) | AllowObject("shop.access.is_owner")
ADULT = Allow(lambda session: session is not None and session["age"] >= 18)
ALL_OF_THEM: list[Requirement] = [And(PREMIUM, ADULT), Or(PREMIUM, IN_OFFICE), Not(ADULT)]


def leaves(requirement: Requirement) -> Iterable[Leaf]:
    if isinstance(requirement, Leaf):
        yield requirement
    for child in requirement.children:
        yield from leaves(child)


def reason(requirement: Requirement, session: Session | None) -> str:
    decision: Decision = requirement.check(session)
    return "" if decision else f"{decision.reason}: {', '.join(decision.missing)}"


async def areason(session: Session) -> str:
    return (await Authenticated().acheck(session, ShopPolicy())).reason
