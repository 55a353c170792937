"""The callers and the HTTP methods for which the policy is shown."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from django_sessionkit import conf
from django_sessionkit.policy.view_marks import requirements_of
from django_sessionkit.requirements import Requirement, Within, leaves, role_names
from django_sessionkit.session.tenants import tenant_id
from django_sessionkit.session.validation import SessionValidator
from django_sessionkit.session.value import LIST_FIELDS, SINGLE_FIELDS, Session
from django_sessionkit.urlconf.routes import Route
from django_sessionkit.utils.text import nearest
from django_sessionkit.utils.verbs import VERBS

# The methods that are shown for a function view, besides every method that a rule names.
_USUAL_VERBS = frozenset({"GET", "POST"})


class Principal(NamedTuple):
    """A kind of caller. ``session`` is ``None`` for the anonymous caller."""

    name: str
    session: Session | None


ANONYMOUS = Principal("anonymous", None)


def principal_of(data: Mapping[str, Any], name: str, tenant: str | None = None) -> Principal:
    """Return a caller with this session dict, in this tenant. If it has no ``user_id``, one is added.

    Raises :class:`~django_sessionkit.exceptions.InvalidSession`.
    """
    limits = conf.current().limits
    session = SessionValidator(limits).session({"user_id": "someone", **data})
    if tenant is not None:
        session = session.in_tenant(tenant_id(tenant, limits))
    return Principal(name, session)


def parse_principal(text: str) -> Principal:
    """Return the caller for a text such as ``role=editor,permission=posts:write`` or ``anonymous``.

    ``acme/role=editor`` is an editor in the tenant ``acme``, which is also the current tenant, and ``acme/`` a member
    without rights. See :func:`~django_sessionkit.matrix.principals.parse_claims` for the keys. Raises ``ValueError`` if
    the text is not valid.
    """
    return ANONYMOUS if text == ANONYMOUS.name else principal_of(parse_claims(text), text, split_tenant(text)[0])


def split_tenant(text: str) -> tuple[str | None, str]:
    """Return the tenant in a text such as ``acme/role=editor``, or ``None``, and the rest of the text."""
    tenant, slash, claims = text.partition("/")
    return (tenant.strip(), claims) if slash and "=" not in tenant else (None, text)


def default_principals(routes: Iterable[Route]) -> list[Principal]:
    """Return the anonymous caller, one with a session without roles, and one for each known role.

    The known roles are those in ``SESSIONKIT_ROLES``, and those that rules and views require. If they require something
    in a tenant, there is also a member of a tenant, and one for each role that is required there.
    """
    settings, named = conf.current(), named_verbs()
    asked = [rule.requirement for rule in settings.rules.rules]
    for route in routes:
        asked += [mark.requirement for verb in verbs_of(route, named) for mark in requirements_of(route.callback, verb)]
    names = settings.roles.names.union(*map(role_names, dict.fromkeys(asked)))
    holders = (principal_of({"role": one}, one) for one in _sorted(names))
    return [ANONYMOUS, principal_of({}, "any session"), *holders, *_members(asked)]


def _members(asked: Iterable[Requirement]) -> list[Principal]:
    inside = [one for requirement in dict.fromkeys(asked) for one in leaves(requirement, Within)]
    if not inside:
        return []
    names = {name for one in inside for name in role_names(one)}
    return [parse_principal("tenant/"), *(parse_principal(f"tenant/role={one}") for one in _sorted(names))]


def _sorted(names: Iterable[str]) -> list[str]:
    longest = conf.current().limits.role_length
    return sorted(one for one in names if len(one) <= longest)


def named_verbs() -> frozenset[str]:
    """Return the HTTP methods that rules name."""
    return frozenset(verb for rule in conf.current().rules.rules for verb in rule.methods)


def verbs_of(route: Route, named: Collection[str]) -> tuple[str, ...]:
    """Return the methods that the view of the route answers. If that is unknown: ``GET``, ``POST`` and ``named``."""
    return in_order(route.methods if route.methods is not None else _USUAL_VERBS.union(named))


def in_order(verbs: Collection[str]) -> tuple[str, ...]:
    """Return the methods in their usual order."""
    return (*(verb for verb in VERBS if verb in verbs), *sorted(set(verbs).difference(VERBS)))


_LISTED = {
    "role": "roles",
    "roles": "roles",
    "permission": "permissions",
    "permissions": "permissions",
    "amr": "amr",
}
_AUTH_TIME, _ACT = "auth_time", "act"
_KEYS = (*SINGLE_FIELDS, *_LISTED, _AUTH_TIME, _ACT)
_CUSTOM = "custom."
_EXAMPLE = "role=editor,permission=posts:write"


def parse_claims(text: str) -> dict[str, Any]:
    """Return the session dict of comma-separated ``key=value`` pairs. The dict is not validated.

    The keys are ``user_id``, ``email``, ``role``, ``roles``, ``permission`` and ``permissions``. The keys for roles and
    permissions may be repeated, or take a list (``roles=a,b``); a second ``role`` is added to ``roles``. ``amr`` takes
    a list of factors, ``auth_time`` seconds since 1970, and ``act`` the ``user_id`` of the person who really acts. Any
    other key is a custom field. Its value is JSON (``active=true``), or else a string. A key that resembles one of the
    above needs ``custom.`` before it. With ``acme/`` before all pairs, the roles and permissions are those in this
    tenant.

    Raises ``ValueError`` for a piece that is not a pair, for a key given twice, and for a key that resembles a valid
    one. The message then names the valid key.
    """
    tenant, pairs = split_tenant(text)
    claims: dict[str, Any] = {}
    key = ""
    for piece in pairs.split(",") if pairs or tenant is None else ():
        name, sign, value = (part.strip() for part in piece.partition("="))
        key = name if sign else key if key in _LISTED else ""
        if not key or not (value := value if sign else name):
            raise ValueError(f'"{piece.strip()}" is not a key=value pair, such as {_EXAMPLE}')
        _put(claims, key, value)
    if tenant is not None:
        first = [claims.pop("role")] if "role" in claims else []
        rights = {name: claims.pop(name) for name in LIST_FIELDS if name in claims}
        claims["tenants"] = {tenant: {**rights, **({"roles": [*first, *rights.get("roles", ())]} if first else {})}}
    return claims


def custom_keys(text: str) -> list[str]:
    """Return the keys of such pairs that :func:`parse_claims` takes as custom fields, and that do not say so."""
    keys = (piece.partition("=")[0].strip() for piece in split_tenant(text)[1].split(",") if "=" in piece)
    return [key for key in dict.fromkeys(keys) if key not in _KEYS and not key.startswith(_CUSTOM)]


def _put(claims: dict[str, Any], key: str, value: str) -> None:
    if key in SINGLE_FIELDS and key not in claims:
        claims[key] = value
    elif key in _LISTED:
        claims.setdefault(_LISTED[key], []).append(value)
    elif key in claims:
        raise ValueError(f'"{key}" is given twice')
    elif key == _ACT:
        claims[key] = {"user_id": value}
    else:
        claims[key if key == _AUTH_TIME else _custom_field(key)] = _json_or_text(value)


def _custom_field(key: str) -> str:
    if key.startswith(_CUSTOM):
        return key.removeprefix(_CUSTOM)
    near = nearest(key.lower(), _KEYS)
    if near is not None:
        raise ValueError(
            f'unknown key "{key}"; did you mean "{near}"? For a custom field of that name, write {_CUSTOM}{key}'
        )
    return key


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
