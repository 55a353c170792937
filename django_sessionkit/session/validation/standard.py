"""Check the standard fields of a session dict."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django_sessionkit.conf.limits import Limits
from django_sessionkit.exceptions import InvalidSession
from django_sessionkit.policy.names import nfc
from django_sessionkit.utils.near_names import USER_IDS
from django_sessionkit.utils.text import described

from .texts import name_list, plain_text, printable

#: the latest ``auth_time``: the end of the year 9999, the last second that ``datetime`` knows
LATEST = 253_402_300_799
# RFC 8693, section 4.1, nests the actors of a chain of delegation.
_MOST_ACTORS = 5
_MOST_TENANTS = 50


def check_standard_fields(plain: dict[str, Any], limits: Limits) -> None:
    """Replace every standard field of ``plain`` by its checked value. Raises ``InvalidSession`` for a faulty one."""
    if plain.get("user_id") is None:
        near = next((name for name in USER_IDS if name in plain), None)
        raise InvalidSession("user_id", f'is required; rename "{near}" to "user_id"' if near else "is required")
    plain["user_id"] = _user_id("user_id", plain["user_id"], limits)
    if plain.get("email") is not None:
        plain["email"] = _email(plain["email"], limits)
    if plain.get("role") is not None:
        plain["role"] = name_list("role", [plain["role"]], limits.role_length, 1)[0]
    plain.update(_rights(plain, limits))
    check_further_fields(plain, limits)


def check_further_fields(plain: dict[str, Any], limits: Limits) -> None:
    """Check the tenants, and what the session knows about the login."""
    if plain.get("auth_time") is not None:
        plain["auth_time"] = _auth_time(plain["auth_time"])
    if plain.get("amr") is not None:
        plain["amr"] = name_list("amr", plain["amr"], limits.role_length, limits.roles_count)
    if plain.get("tenants") is not None:
        plain["tenants"] = _tenants(plain["tenants"], limits)
    if plain.get("act") is not None:
        plain["act"] = _actor(plain["act"], limits, 1)


def _user_id(field: str, value: object, limits: Limits) -> str:
    if type(value) in (int, UUID):
        raise InvalidSession(field, f"must be a string, not {described(value)}; convert it with str(...)")
    text = plain_text(field, value)
    if not text.strip():
        raise InvalidSession(field, "must not be blank")
    return printable(field, text, limits.user_id_length)


def _email(value: object, limits: Limits) -> str:
    text = printable("email", plain_text("email", value), limits.email_length)
    if text and "@" not in text:
        raise InvalidSession("email", 'must be empty or contain "@"')
    return text


def _rights(given: dict[str, Any], limits: Limits) -> dict[str, list[str]]:
    """Return the checked lists ``roles`` and ``permissions`` of a session, or of one tenant."""
    most = {
        "roles": (limits.role_length, limits.roles_count),
        "permissions": (limits.permission_length, limits.permissions_count),
    }
    return {key: name_list(key, given[key], *most[key]) for key in most if given.get(key) is not None}


def _auth_time(value: Any) -> int:
    if not issubclass(type(value), int) or type(value) is bool:
        hint = "write int(time.time())"
        raise InvalidSession("auth_time", f"must be an integer, seconds since 1970, not {described(value)}; {hint}")
    seconds = int.__int__(value)
    if not 0 <= seconds <= LATEST:
        raise InvalidSession("auth_time", "must be seconds since 1970, before the year 10000")
    return seconds


def _tenants(value: Any, limits: Limits) -> dict[str, dict[str, list[str]]]:
    tenants: dict[str, dict[str, list[str]]] = {}
    for key, rights in _entries("tenants", value, _MOST_TENANTS):
        tenant = nfc(printable("tenants", key, limits.user_id_length))
        if not tenant.strip():
            raise InvalidSession("tenants", "has a blank id")
        if tenant in tenants:
            raise InvalidSession("tenants", "has the same tenant twice, in two Unicode forms")
        given = dict(_entries("tenants", rights, 2))
        if not given.keys() <= {"roles", "permissions"}:
            raise InvalidSession("tenants", 'must have only "roles" and "permissions" for each tenant')
        try:
            tenants[tenant] = _rights(given, limits)
        except InvalidSession as error:
            raise InvalidSession("tenants", f"{error.field} {error.reason}") from None
    return tenants


def _actor(value: Any, limits: Limits, depth: int) -> dict[str, Any]:
    if depth > _MOST_ACTORS:
        raise InvalidSession("act", f"is nested deeper than {_MOST_ACTORS} levels")
    given = dict(_entries("act", value, 2))
    if not given.keys() <= {"user_id", "act"} or given.get("user_id") is None:
        raise InvalidSession("act", 'must have a "user_id", and no other key than "act"')
    actor: dict[str, Any] = {"user_id": _user_id("act", given["user_id"], limits)}
    if given.get("act") is not None:
        actor["act"] = _actor(given["act"], limits, depth + 1)
    return actor


def _entries(field: str, value: Any, most: int) -> list[tuple[str, Any]]:
    """Return the items of a dict with plain text keys, without calling methods that a subclass overrides."""
    if not issubclass(type(value), dict):
        raise InvalidSession(field, f"must be a dict, not {described(value)}")
    if dict.__len__(value) > most:
        raise InvalidSession(field, f"has a dict of more than {most} items")
    return [(plain_text(field, key, "must have string keys"), item) for key, item in dict.items(value)]
