from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from django_sessionkit import Allow, AllowObject, Role, enforce, evaluate, use_session, validate_session
from django_sessionkit.access import AccessPolicy
from django_sessionkit.exceptions import AccessDenied, InvalidPolicy
from django_sessionkit.requirements.check_input import UNKNOWN_OBJECT, CheckInput
from django_sessionkit.utils.sansio import run

SESSION = validate_session({"user_id": "7"})
MINE, OTHERS = SimpleNamespace(owner="7"), SimpleNamespace(owner="8")


def is_owner(session, order):
    return session is not None and order.owner == session.user_id


async def ais_owner(session, order, request):
    return is_owner(session, order)


def raises(session, order):
    raise ValueError("canary-5d1e")


@pytest.mark.parametrize(
    "fn", [is_owner, ais_owner, f"{__name__}.is_owner", lambda *arguments: is_owner(*arguments[:2])]
)
def test_the_function_decides_about_the_object(fn):
    asked = AllowObject(fn)
    for order, allowed in ((MINE, True), (OTHERS, False)):
        assert asked.check(SESSION, obj=order).allowed is allowed
        assert (~asked).check(SESSION, obj=order).allowed is not allowed
        assert asyncio.run(asked.acheck(SESSION, obj=order)).allowed is allowed
    assert not asked.check(None, obj=MINE)
    assert asked.check(SESSION, obj=OTHERS).reason == "predicate"
    assert (asked | Role("refunds")).check(validate_session({"user_id": "1", "role": "refunds"}), obj=OTHERS)


def test_without_an_object_it_fails(caplog):
    asked = AllowObject(is_owner)
    for decision in (asked.check(SESSION), asked.check(SESSION, obj=None)):
        assert (decision.allowed, decision.failed, decision.reason) == (False, True, "no_object")
    assert not (~asked).check(SESSION)
    line = "AllowObject(is_owner) was checked without an object. Access was denied. Pass it as obj=..."
    assert set(caplog.messages) == {line}


def test_before_the_object_is_known_it_fails_too(caplog):
    for asked in (AllowObject(is_owner), ~AllowObject(is_owner)):
        decision = run(asked.flow(CheckInput(SESSION, obj=UNKNOWN_OBJECT)))
        assert (decision.allowed, decision.failed) == (False, True)
    assert run(AllowObject(is_owner).flow(CheckInput(SESSION, obj=UNKNOWN_OBJECT))).reason == "no_object"
    assert caplog.messages == []


@pytest.mark.parametrize("fn", [raises, lambda session, order: "yes", lambda session, order: 1, "no.such.module"])
def test_only_true_allows(fn, caplog):
    for asked in (AllowObject(fn), ~AllowObject(fn)):
        assert asked.check(SESSION, obj=MINE).failed
    assert "canary-5d1e" not in caplog.text


@pytest.mark.parametrize(
    "fn", [lambda session: True, lambda a, b, c, d: True, lambda a, b, *, c: True, 7, "words here"]
)
def test_a_function_of_the_wrong_kind(fn):
    with pytest.raises(InvalidPolicy, match="AllowObject"):
        AllowObject(fn)


def test_the_current_session_is_asked_about_each_object():
    asked = AllowObject(is_owner)
    with use_session(SESSION):
        for order, allowed in ((MINE, True), (OTHERS, False), (MINE, True)):
            assert evaluate(asked, obj=order).allowed is allowed
        assert enforce(asked, obj=MINE) == SESSION
        with pytest.raises(AccessDenied):
            enforce(asked, obj=OTHERS)
        assert not evaluate(asked)


@dataclass
class OwnedBy:
    """A function with settings of its own. It has no hash."""

    field: str

    def __call__(self, session, order=None):
        return order is None or getattr(order, self.field) == session.user_id


@pytest.mark.parametrize("kind", [Allow, AllowObject])
def test_a_function_without_a_hash_has_one_in_a_requirement(kind):
    one, equal, other = kind(OwnedBy("owner")), kind(OwnedBy("owner")), kind(OwnedBy("seller"))
    assert {one, ~equal, equal, ~one, one | Role("a")} == {one, ~one, one | Role("a")}
    assert other not in {one}
    assert one.check(SESSION, obj=MINE).allowed


class Yes(AccessPolicy):
    def check(self, requirement, session, request):
        return "yes" if isinstance(requirement, Role) else None


def test_the_log_names_what_returned_neither_true_nor_false(caplog):
    assert Role("a").check(SESSION, Yes()).failed
    assert Allow(lambda session: "yes").check(SESSION, Yes()).failed
    end = " returned str instead of True or False. Access was denied."
    first, second = caplog.messages
    assert first == f"AccessPolicy.check{end}"
    assert second.startswith("Allow(")
    assert second.endswith(f"<lambda>){end}")


class Noting(AccessPolicy):
    """A policy that notes what it is asked, and refuses the role ``a``."""

    asked: list[object] = []

    def get_roles(self, session):
        return ["b"]

    def check(self, requirement, session, request):
        Noting.asked.append((requirement, session, request))
        return False if requirement == Role("a") else None


def test_a_policy_gets_the_session_and_the_request(monkeypatch):
    monkeypatch.setattr(Noting, "asked", [])
    request = object()
    decision = Role("a").check(SESSION, Noting(), request)
    assert (decision.allowed, decision.reason, decision.failed) == (False, "policy", False)
    assert Role("b").check(None, Noting(), request).allowed is False
    assert Noting.asked == [(Role("a"), SESSION, request), (Role("b"), None, request)]


@pytest.mark.parametrize(("policy", "steps"), [(AccessPolicy(), 0), (Noting(), 2)])
def test_only_the_methods_of_a_custom_policy_are_called_as_steps_of_the_flow(policy, steps):
    """So they may do I/O, also on an event loop: the check of the policy, and its roles."""
    flow, found = Role("b").flow(CheckInput(validate_session({"user_id": "8"}), policy, None)), []
    with suppress(StopIteration):
        step = next(flow)
        while True:
            found.append(step)
            step = flow.send(step.call())
    assert len(found) == steps
