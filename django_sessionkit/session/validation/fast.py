"""A fast path of the validation, for typical session dicts.

It accepts only dicts that the full validation accepts. A dict with a fault in a standard field goes to the full
validation, which says what is wrong. All names of a list are checked at once. Lists that were valid more than once are
cached, because a site uses the same few lists over and over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from unicodedata import is_normalized

from django_sessionkit.exceptions import InvalidSession
from django_sessionkit.policy.names import fault_in
from django_sessionkit.session.value import FIELDS, STAMP
from django_sessionkit.utils.bounded_cache import keep

from .standard import LATEST, check_further_fields

if TYPE_CHECKING:
    from django_sessionkit.conf.limits import Limits

_MOST_LISTS = 256
_LONGEST_LIST = 20_000  # characters in all

# No valid name contains NUL. So two different valid lists never give the same joined text. An invalid list may give the
# same text as a valid one, but then their lengths differ.
_join = "\x00".join
_ASCII_IN_TEXT = b"\x00" + bytes(range(0x20, 0x7F))  # NUL and the printable characters


class FastValidator:
    """Accept typical dicts within ``limits``.

    ``check_custom`` checks all custom fields of a dict, and replaces their values by plain copies.
    """

    def __init__(self, limits: Limits, check_custom: Callable[[dict[str, Any], Limits], None]) -> None:
        self._limits = limits
        self._check_custom = check_custom
        self._most_fields = len(FIELDS) + limits.custom_nodes
        self._roles = NameLists(limits.role_length, limits.roles_count)
        self._permissions = NameLists(limits.permission_length, limits.permissions_count)

    def checked(self, data: object) -> dict[str, Any] | None:
        """Return a valid copy of ``data``, or ``None`` if the full validation must decide.

        ``user_id`` and ``email`` must be printable. Then they contain no control characters, no lone surrogates, and no
        white space other than spaces.
        """
        if type(data) is not dict or len(data) > self._most_fields:
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
            if type(role) is not str:
                return None
            if len(self._roles.kept.get(role, ())) != 1 and self._roles.valid([role]) is None:
                return None
            plain["role"] = role
        if (roles := ask("roles")) is not None:
            if (names := self._roles.valid(roles)) is None:
                return None
            plain["roles"] = names
        if (permissions := ask("permissions")) is not None:
            if (names := self._permissions.valid(permissions)) is None:
                return None
            plain["permissions"] = names
        if len(plain) < len(data) and type(auth_time := ask("auth_time")) is int and 0 <= auth_time <= LATEST:
            plain["auth_time"] = auth_time
        return plain if len(plain) == len(data) else self._with_others(plain, data)

    def _with_others(self, plain: dict[str, Any], data: dict[str, Any]) -> dict[str, Any] | None:
        """Return ``plain`` with the custom fields, the rarer standard fields and the fields that are ``None``.

        An invalid field raises the error that the full validation would raise, as the fields in ``plain`` have no
        fault.
        """
        try:
            whole = {key: plain.get(key, data[key]) for key in FIELDS if key in data}
            whole.update((key, value) for key, value in data.items() if key not in FIELDS and key != STAMP)
            check_further_fields(whole, self._limits)
            self._check_custom(whole, self._limits)
        except InvalidSession:
            raise
        except Exception:  # a method of a hostile object raised it
            return None
        return whole


class NameLists:
    """Accept lists of at most ``most`` names, each of at most ``longest`` characters."""

    __slots__ = ("_longest", "_most", "_seen", "kept")

    def __init__(self, longest: int, most: int) -> None:
        self._longest = longest
        self._most = most
        # Hashes of valid lists. A list is kept when it is seen again, because keeping it costs as much as checking it.
        self._seen = [0] * _MOST_LISTS
        #: lists that were valid, by their joined text
        self.kept: dict[str, list[str]] = {}

    def valid(self, names: object) -> list[str] | None:
        """Return a copy of ``names`` with plain strings, or ``None`` if the full validation must decide."""
        if type(names) is not list or len(names) > self._most:
            return None
        try:
            text = _join(names)
        except TypeError:
            return None
        found = self.kept.get(text)
        if found is not None and len(found) == len(names):
            return found.copy()
        return self._new(text, len(names))

    def _new(self, text: str, count: int) -> list[str] | None:
        """Return the ``count`` names that are joined in ``text``, or ``None`` if one is faulty or not in NFC.

        Only the text is read, because the items of the list may have overridden methods.
        """
        names = text.split("\x00") if text else []
        if len(names) != count or not all(map(str.strip, names) if " " in text else names):
            return None
        if len(text) > self._longest and max(map(len, names)) > self._longest:
            return None
        if text.isascii():
            if text.encode().translate(None, _ASCII_IN_TEXT):
                return None
        elif not _are_clean(names, text):
            return None
        mark = hash(text)
        place = mark % _MOST_LISTS
        if self._seen[place] != mark:
            self._seen[place] = mark
        elif len(text) <= _LONGEST_LIST:
            keep(self.kept, text, names.copy(), _MOST_LISTS)
        return names


def _are_clean(names: list[str], text: str) -> bool:
    """Return ``True`` if the full validation accepts ``names`` unchanged. It uses the same tests."""
    return all(map(str.strip, names)) and not fault_in("".join(names)) and is_normalized("NFC", text)
