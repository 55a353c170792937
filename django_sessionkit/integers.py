"""Integers in a path: ``int()`` reads ``07``, ``+7``, ``1_0`` and the digits of every script.

A view that gets its argument as text may call ``int()`` on it, or use it as a primary key, which does the same. A rule
names the number as ``str()`` writes it.
"""

from __future__ import annotations

import re
import unicodedata

from .exceptions import UnreadableRoute

# A whole segment, with the slash before it, that int() reads and str() writes otherwise. What a lookahead has taken and
# a reference repeats is not given back, so that a long text is tried once.
_LOOSE = re.compile(
    r"/(?!(?:-?[1-9][0-9]*|0)(?![^/]))(?=(\s*))\1(?P<sign>[+-]?)(?=(?P<digits>\d(?:_?\d)*))(?P=digits)\s*(?![^/])"
)
_SPACE = re.compile(r"\s")
# No path that people use has so many; reading each costs more than finding it.
_MOST_INTEGERS = 256


def has_loose_integer(text: str) -> bool:
    """Return whether a segment of ``text`` is an integer that is not written as ``str()`` writes it."""
    return _may_have_one(text) and _LOOSE.search(f"/{text}") is not None


def _may_have_one(text: str) -> bool:
    """A quick look, which keeps words cheap."""
    if "/" not in text:
        return not text[:1].isalpha()
    if not text.isascii() or text[0] in "0+-" or "_" in text:
        return True
    return "/0" in text or "/+" in text or "/-0" in text or _SPACE.search(text) is not None


def with_plain_integers(text: str) -> str:
    """Return ``text`` with each such segment written as ``str()`` writes it.

    Raises :class:`~django_sessionkit.exceptions.UnreadableRoute` for more of them than can be looked at.
    """
    if not _may_have_one(text):
        return text
    plain, count = _LOOSE.subn(_plain, f"/{text}", _MOST_INTEGERS + 1)
    if count > _MOST_INTEGERS:
        raise UnreadableRoute(f"A captured value has more than {_MOST_INTEGERS} integers that are not written plainly.")
    return plain[1:]


def _plain(found: re.Match[str]) -> str:
    # Not int(): it refuses long texts, and takes the square of their length.
    digits = found["digits"].replace("_", "")
    if not digits.isascii():
        digits = digits.translate({ord(one): str(unicodedata.decimal(one)) for one in set(digits)})
    digits = digits.lstrip("0")
    return f"/-{digits}" if digits and found["sign"] == "-" else f"/{digits or '0'}"
