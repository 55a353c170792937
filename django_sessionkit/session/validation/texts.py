"""Check single values: texts, names and lists. No method that a subclass of dict, list or str overrides is called."""

from __future__ import annotations

from typing import Any

from django_sessionkit.exceptions import InvalidSession
from django_sessionkit.policy.names import fault_in, nfc
from django_sessionkit.utils.text import UNPRINTABLE, described


def name_list(field: str, value: object, max_length: int, max_items: int) -> list[str]:
    """Validate names, such as those of roles, and return them in NFC."""
    wanted = 'must be a string (several go in "roles")' if field == "role" else "must have only strings"
    names = [plain_text(field, name, wanted) for name in plain_list(field, value, max_items)]
    if not names:
        return names
    if max(map(len, names)) > max_length:
        raise InvalidSession(field, f"has a name of more than {max_length} characters")
    if not all(map(str.strip, names)):
        raise InvalidSession(field, "has a blank name")
    if fault := fault_in(text := "".join(names)):
        raise InvalidSession(field, f"has {fault}")
    if text.isascii():
        return names
    names = [nfc(name) for name in names]
    if max(map(len, names)) > max_length:  # NFC makes a few characters longer
        raise InvalidSession(field, f"has a name of more than {max_length} characters in the form NFC")
    return names


def plain_list(field: str, value: object, most: int) -> list[Any]:
    """Return the items as a plain list, without calling methods that a subclass overrides."""
    kind: Any = next((kind for kind in (list, tuple) if issubclass(type(value), kind)), None)
    if kind is None:
        hint = "write a list with one name" if issubclass(type(value), str) else "convert it with list(...)"
        raise InvalidSession(field, f"must be a list or tuple of strings, not {described(value)}; {hint}")
    if kind.__len__(value) > most:
        raise InvalidSession(field, f"has more than {most} items")
    return list(kind.__iter__(value))


def plain_text(field: str, value: Any, wanted: str = "must be a string") -> str:
    """Return the value as a plain ``str``, without calling methods that a subclass overrides."""
    if type(value) is str:
        return value
    if issubclass(type(value), str):
        return str.__str__(value)
    raise InvalidSession(field, f"{wanted}, not {described(value)}")


def printable(field: str, text: str, max_length: int) -> str:
    """Return ``text`` if it is not too long and has no control characters and no lone surrogates."""
    if len(text) > max_length:
        raise InvalidSession(field, f"has more than {max_length} characters")
    # isprintable() is fast but stricter than needed. If it fails, the regular expression decides.
    if not text.isprintable() and UNPRINTABLE.search(text):
        raise InvalidSession(field, "has control characters or lone surrogates")
    return text
