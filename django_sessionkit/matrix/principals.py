"""The callers and the HTTP methods for which the policy is shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from django_sessionkit import conf
from django_sessionkit.policy.view_marks import requirements_of
from django_sessionkit.requirements import role_names
from django_sessionkit.session.validation import SessionValidator
from django_sessionkit.session.value import Session
from django_sessionkit.urlconf.routes import Route

from .claims import parse_claims

# The methods that are shown for a function view, besides every method that a rule names.
_USUAL_VERBS = frozenset({"GET", "POST"})
_ORDER = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")


class Principal(NamedTuple):
    """A kind of caller. ``session`` is ``None`` for the anonymous caller."""

    name: str
    session: Session | None


ANONYMOUS = Principal("anonymous", None)


def principal_of(data: Mapping[str, Any], name: str) -> Principal:
    """Return a caller with this session dict. If it has no ``user_id``, one is added.

    Raises :class:`~django_sessionkit.exceptions.InvalidSession`.
    """
    return Principal(name, SessionValidator(conf.current().limits).session({"user_id": "someone", **data}))


def parse_principal(text: str) -> Principal:
    """Return the caller for a text such as ``role=editor,permission=posts:write`` or ``anonymous``.

    See :func:`~django_sessionkit.matrix.claims.parse_claims` for the keys. Raises ``ValueError`` if the text is not
    valid.
    """
    return ANONYMOUS if text == ANONYMOUS.name else principal_of(parse_claims(text), text)


def default_principals(routes: Iterable[Route]) -> list[Principal]:
    """Return the anonymous caller, one with a session without roles, and one for each known role.

    The known roles are those in ``SESSIONKIT_ROLES``, and those that rules and views require.
    """
    settings, named = conf.current(), named_verbs()
    asked = [rule.requirement for rule in settings.rules.rules]
    for route in routes:
        asked += [mark.requirement for verb in verbs_of(route, named) for mark in requirements_of(route.callback, verb)]
    names = settings.roles.names.union(*map(role_names, dict.fromkeys(asked)))
    longest = settings.limits.role_length
    holders = (principal_of({"role": one}, one) for one in sorted(names) if len(one) <= longest)
    return [ANONYMOUS, principal_of({}, "any session"), *holders]


def named_verbs() -> frozenset[str]:
    """Return the HTTP methods that rules name."""
    return frozenset(verb for rule in conf.current().rules.rules for verb in rule.methods)


def verbs_of(route: Route, named: Collection[str]) -> tuple[str, ...]:
    """Return the methods that the view of the route answers. If that is unknown: ``GET``, ``POST`` and ``named``."""
    return in_order(route.methods if route.methods is not None else _USUAL_VERBS.union(named))


def in_order(verbs: Collection[str]) -> tuple[str, ...]:
    """Return the methods in their usual order."""
    return (*(verb for verb in _ORDER if verb in verbs), *sorted(set(verbs).difference(_ORDER)))
