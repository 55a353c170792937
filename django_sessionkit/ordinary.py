"""The quick way through validation, for dicts as auth layers place them.

It only says yes, and only to what the careful way says yes to; everything else is left to that. Lists of names are
recognised, for a site hands out the same few over and over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .validation import Limits

_MOST_FIELDS = 5  # all that `checked` knows
_MOST_LISTS = 256
_LONGEST_LIST = 20_000  # characters in all

# No valid name has a NUL: joined by it, no two valid lists are alike, and no faulty one has the length of a valid one.
_join = "\x00".join


class Ordinary:
    """Dicts within ``limits``, with the lists of names that have been found valid before."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._roles: dict[str, list[str]] = {}
        self._permissions: dict[str, list[str]] = {}

    def checked(self, data: object) -> dict[str, Any] | None:
        """A copy of ``data``, or ``None`` if it has to be looked at carefully.

        Only printable strings: they have no control characters, no lone surrogates, and no white space but spaces.
        """
        if type(data) is not dict or len(data) > _MOST_FIELDS:
            return None
        for key in data:
            if type(key) is not str:  # a subclass may be equal to what it is not
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
        """Recognise the names of a dict that has been found valid."""
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
    if len(joined) > _LONGEST_LIST:
        return
    if len(known) >= _MOST_LISTS:
        known.clear()
    known[joined] = list(names)
