"""A fast path of the validation, for typical session dicts.

It accepts only dicts that the full validation accepts. It rejects nothing: all other dicts go to the full validation.
It caches the lists of names that were valid, because a site uses the same few lists over and over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django_sessionkit.utils.bounded_cache import keep

from .value import FIELDS

if TYPE_CHECKING:
    from django_sessionkit.conf.limits import Limits

_MOST_FIELDS = len(FIELDS)
_MOST_LISTS = 256
_LONGEST_LIST = 20_000  # characters in all

# No valid name contains NUL. So two different valid lists never give the same joined text. An invalid list may give the
# same text as a valid one, but then their lengths differ.
_join = "\x00".join


class FastValidator:
    """Accept dicts within ``limits`` whose lists of names were valid before."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._roles: dict[str, list[str]] = {}
        self._permissions: dict[str, list[str]] = {}

    def checked(self, data: object) -> dict[str, Any] | None:
        """Return a valid copy of ``data``, or ``None`` if the full validation must decide.

        Only printable strings are accepted. They contain no control characters, no lone surrogates, and no white space
        other than spaces.
        """
        if type(data) is not dict or len(data) > _MOST_FIELDS:
            return None
        for key in data:
            if type(key) is not str:  # a subclass may override equality
                return None
        ask, limits = data.get, self._limits
        user_id = ask("user_id")
        if type(user_id) is not str or len(user_id) > limits.user_id_length:
            return None
        if not user_id.isalnum() and not (user_id.isprintable() and user_id.strip()):
            return None
        plain: dict[str, Any] = {"user_id": user_id}
        if (email := ask("email")) is not None:
            if type(email) is not str or len(email) > limits.email_length:
                return None
            if "@" not in email or not email.isprintable():
                return None
            plain["email"] = email
        if (role := ask("role")) is not None:
            if type(role) is not str or len(self._roles.get(role, ())) != 1:
                return None
            plain["role"] = role
        if (roles := ask("roles")) is not None:
            if (names := _recognised(roles, self._roles)) is None:
                return None
            plain["roles"] = names
        if (permissions := ask("permissions")) is not None:
            if (names := _recognised(permissions, self._permissions)) is None:
                return None
            plain["permissions"] = names
        return plain if len(plain) == len(data) else None

    def remember(self, plain: dict[str, Any]) -> None:
        """Cache the names of a dict that was valid."""
        for names, known in (
            (plain.get("roles"), self._roles),
            ([plain["role"]] if plain.get("role") else None, self._roles),
            (plain.get("permissions"), self._permissions),
        ):
            if names:
                _keep(known, names)


def _recognised(names: object, known: dict[str, list[str]]) -> list[str] | None:
    if type(names) is not list:
        return None
    try:
        found = known[_join(names)]
    except (KeyError, TypeError):
        return None
    return found.copy() if len(found) == len(names) else None


def _keep(known: dict[str, list[str]], names: Sequence[str]) -> None:
    joined = _join(names)
    if len(joined) <= _LONGEST_LIST:
        keep(known, joined, list(names), _MOST_LISTS)
