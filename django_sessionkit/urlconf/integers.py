"""Integers in a path that are not written as ``str()`` writes them.

``int()`` accepts ``07``, ``+7``, ``1_0`` and the digits of every script. A view that gets a text argument may call
``int()`` on it, or use it as a primary key, which does the same. A rule contains the number as ``str()`` writes it.
"""

from __future__ import annotations

import re
import unicodedata

from django_sessionkit.exceptions import RouteMismatch

# A whole segment, with the slash before it, that int() accepts and str() writes differently. A lookahead with a
# backreference does not backtrack, so a long text is scanned once.
_LOOSE = re.compile(
    r"/(?!(?:-?[1-9][0-9]*|0)(?![^/]))(?=(\s*))\1(?P<sign>[+-]?)(?=(?P<digits>\d(?:_?\d)*))(?P=digits)\s*(?![^/])"
)
_SPACE = re.compile(r"\s")
# Real paths do not have so many. Converting an integer costs more than finding it.
_MOST_INTEGERS = 256


def has_loose_integer(text: str) -> bool:
    """Return whether a segment of ``text`` is an integer that is not written as ``str()`` writes it."""
    return _may_have_one(text) and _LOOSE.search(f"/{text}") is not None


def _may_have_one(text: str) -> bool:
    """A fast test that rules out most texts."""
    if "/" not in text:
        return not text[:1].isalpha()
    if not text.isascii() or text[0] in "0+-" or "_" in text:
        return True
    return "/0" in text or "/+" in text or "/-0" in text or _SPACE.search(text) is not None


def with_plain_integers(text: str) -> str:
    """Return ``text`` with each integer segment written as ``str()`` writes it.

    Raises :class:`~django_sessionkit.exceptions.RouteMismatch` if more than 256 segments need this.
    """
    if not _may_have_one(text):
        return text
    plain, count = _LOOSE.subn(_plain, f"/{text}", _MOST_INTEGERS + 1)
    if count > _MOST_INTEGERS:
        raise RouteMismatch(f"A captured value has more than {_MOST_INTEGERS} integers that str() writes otherwise.")
    return plain[1:]


def _plain(found: re.Match[str]) -> str:
    # Not int(): it rejects long texts, and its time grows with the square of their length.
    digits = found["digits"].replace("_", "")
    if not digits.isascii():
        digits = digits.translate({ord(one): str(unicodedata.decimal(one)) for one in set(digits)})
    digits = digits.lstrip("0")
    return f"/-{digits}" if digits and found["sign"] == "-" else f"/{digits or '0'}"
