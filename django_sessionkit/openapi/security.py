"""The security scheme of the session, and requirements as Security Requirement Objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from django_sessionkit import conf
from django_sessionkit.guard.evaluator import decide
from django_sessionkit.policy.decisions import FAILED, Decision
from django_sessionkit.requirements import And, AnyPermission, Not, Or, Permission, Requirement, Role
from django_sessionkit.requirements.phrases import Phrase, phrase_of
from django_sessionkit.session.context import SessionContext
from django_sessionkit.session.loader import current_loader
from django_sessionkit.utils.sansio import Flow, dry_run

#: the name of the security scheme
SCHEME = "sessionKit"

#: one way to get access: pairs of a security scheme and a name that is needed with it, or an empty text
Way: TypeAlias = frozenset[tuple[str, str]]

NO_LOGIN: Way = frozenset()
BY_SESSION: Way = frozenset([(SCHEME, "")])

# A requirement with more alternatives is shown in words only.
_MOST_WAYS = 24


class Elsewhere(Requirement):
    """A check that SessionKit does not make, as a part of what an operation requires.

    :param words: what is required, such as ``the permission class "IsOwner"``.
    :param ways: the ways to log in for it. Without any, a caller without a login may get access.
    """

    __slots__ = ()

    def __init__(self, words: str, ways: Sequence[Way] = ()) -> None:
        super().__init__((words, tuple(ways)))

    def flow(self, *asked: Any, **more: Any) -> Flow[Decision]:
        yield from ()
        return Decision(False, FAILED, requirement=self, failed=True)


@phrase_of.register
def _(requirement: Elsewhere) -> Phrase:
    return Phrase(requirement.parts[0])


def is_elsewhere(requirement: Requirement) -> bool:
    """Return ``True`` if SessionKit makes none of the checks, although there are some."""
    if requirement.children:
        return all(map(is_elsewhere, requirement.children))
    return isinstance(requirement, Elsewhere)


def security_scheme() -> dict[str, Any]:
    """Return the Security Scheme Object of the session: what the challenge of the source names, or the cookie."""
    kind = current_loader().source.challenge.partition(" ")[0].lower()
    if kind == "session":
        return {"type": "apiKey", "in": "cookie", "name": str(conf.django_setting("SESSION_COOKIE_NAME"))}
    return {"type": "http", "scheme": kind}


def anonymous_decision(requirement: Requirement) -> Decision:
    """Return the decision for a caller without a session. It failed if only a request can tell."""
    return dry_run(decide(SessionContext.fixed(None), requirement, None))


def ways_of(requirement: Requirement, by: Sequence[Way] = (BY_SESSION,)) -> list[Way]:
    """Return the ways to meet ``requirement``. ``by`` are the ways to log in.

    A way has the names of roles and permissions that are needed together. A way without any login is among them if a
    caller without a login may get access.
    """
    if isinstance(requirement, And):
        return all_of(ways_of(part, by) for part in requirement.children)
    if isinstance(requirement, Or):
        found = [way for part in requirement.children for way in ways_of(part, by)]
        return _without_longer(found)
    if isinstance(requirement, (Role, AnyPermission)):
        return [_with_names(way, [name]) for name in requirement.parts for way in by]
    if isinstance(requirement, Permission):
        return [_with_names(way, requirement.parts) for way in by]
    if isinstance(requirement, Elsewhere):
        return list(requirement.parts[1]) or [NO_LOGIN]
    if isinstance(requirement, Not):
        return list(by)
    decision = anonymous_decision(requirement)
    if decision:
        return [NO_LOGIN]
    return [*by, NO_LOGIN] if decision.failed else list(by)


def all_of(parts: Iterable[list[Way]]) -> list[Way]:
    """Return the ways to take one way of each part."""
    found = [NO_LOGIN]
    for ways in parts:
        found = _without_longer([one | way for one in found for way in ways])
        if len(found) > _MOST_WAYS:
            found = _without_longer([_without_names(one) for one in found])
    return found


def _with_names(way: Way, names: Iterable[str]) -> Way:
    return way | {(SCHEME, name) for name in names} if (SCHEME, "") in way else way


def _without_names(way: Way) -> Way:
    return frozenset((scheme, "") for scheme, _ in way)


def _without_longer(ways: Iterable[Way]) -> list[Way]:
    """Leave out a way that needs everything that another one needs. That without a login does not count: it is rare
    that it is open to every caller.
    """
    found = list(dict.fromkeys(ways))
    return [way for way in found if not any(one and one < way for one in found)]


def as_security(ways: Iterable[Way], *, with_names: bool) -> list[dict[str, list[str]]]:
    """Return the ways as Security Requirement Objects.

    ``with_names``: OpenAPI 3.1 and later allow the names of roles for every type of scheme. In 3.0, the list must be
    empty for all types but ``oauth2`` and ``openIdConnect``.
    """
    kept = dict.fromkeys(way if with_names else _without_names(way) for way in ways)
    return [dict(_schemes_of(way)) for way in kept]


def _schemes_of(way: Way) -> Iterator[tuple[str, list[str]]]:
    for scheme in sorted({scheme for scheme, _ in way}):
        yield scheme, sorted(name for one, name in way if one == scheme and name)
