"""Normalize the names of roles and permissions, and find characters that they must not contain.

A session dict and a setting may write the same name with different code points that look the same. Names are compared
in Unicode form NFC, so that these are equal. Format characters (category Cf) are invisible, so names must not contain
them.
"""

from __future__ import annotations

from unicodedata import category, normalize

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.utils.text import UNPRINTABLE, described

# Exceptions: Persian, Indic languages and others need these two format characters.
_JOINERS = "\u200c\u200d"


def nfc(name: str) -> str:
    """Return ``name`` in Unicode form NFC. ASCII text is always in this form."""
    return name if name.isascii() else normalize("NFC", name)


def fault_in(text: str) -> str:
    """Return which forbidden characters ``text`` contains, or an empty string.

    ``text`` is a name, or several names joined together.
    """
    if text.isprintable():  # a fast test; it is stricter than needed, so the tests below decide if it fails
        return ""
    if UNPRINTABLE.search(text):
        return "control characters or lone surrogates"
    if any(category(one) == "Cf" and one not in _JOINERS for one in text):
        return "invisible format characters"
    return ""


def checked_names(where: str, names: tuple[object, ...]) -> tuple[str, ...]:
    """Return the names of roles or permissions in NFC, each once. Raises ``InvalidPolicy`` for a faulty one."""
    if not names:
        raise InvalidPolicy(where, "needs at least one name")
    checked: list[str] = []
    for name in names:
        if not isinstance(name, str):
            is_list = isinstance(name, (list, tuple, set, frozenset))
            hint = "unpack it: (*names)" if is_list else 'write them in quotes, such as "editor"'
            raise InvalidPolicy(where, f"names must be strings, not {described(name)}", hint)
        if not name.strip():
            raise InvalidPolicy(where, "names must not be blank")
        if fault := fault_in(name):
            raise InvalidPolicy(where, f"names must not contain {fault}")
        checked.append(nfc(str(name)))
    return tuple(dict.fromkeys(checked))


def checked_permissions(where: str, names: tuple[object, ...]) -> tuple[str, ...]:
    """Return :func:`checked_names`. Raises ``InvalidPolicy`` for a wildcard, which only a grant may have."""
    checked = checked_names(where, names)
    for name in checked:
        if "*" in name:
            raise InvalidPolicy(
                where, f'"{name}": a required permission cannot have a wildcard', "name each permission"
            )
    return checked


def checked_roles(where: str, names: tuple[object, ...]) -> tuple[str, ...]:
    """Return :func:`checked_names`. Raises ``InvalidPolicy`` for ``"*"``, which may be meant as any role."""
    checked = checked_names(where, names)
    if "*" in checked:
        hint = 'for any session, write Authenticated(), or "authenticated": True'
        raise InvalidPolicy(where, '"*" is not the name of a role', hint)
    return checked
