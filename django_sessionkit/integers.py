"""Integers in a path: ``int()`` reads ``07``, ``+7``, ``1_0`` and the digits of every script.

A view that gets its argument as text may call ``int()`` on it, or use it as a primary key, which does the same. A rule
names the number as ``str()`` writes it.
"""

from __future__ import annotations

import re
import unicodedata

# A whole segment that int() reads and str() writes otherwise. Linear: nothing in it can match one text in two ways.
_LOOSE = re.compile(r"(?<![^/])(?!(?:-?[1-9][0-9]*|0)(?![^/]))\s*([+-]?)([\d](?:_?\d)*)\s*(?![^/])")


def has_loose_integer(text: str) -> bool:
    """Return whether a segment of ``text`` is an integer that is not written as ``str()`` writes it."""
    return ("/" in text or not text[:1].isalpha()) and _LOOSE.search(text) is not None


def with_plain_integers(text: str) -> str:
    """Return ``text`` with each such segment written as ``str()`` writes it."""
    return _LOOSE.sub(_plain, text)


def _plain(found: re.Match[str]) -> str:
    # Not int(): it refuses long texts, and takes the square of their length.
    digits = "".join(str(unicodedata.decimal(one)) for one in found[2] if one != "_").lstrip("0")
    return f"-{digits}" if digits and found[1] == "-" else digits or "0"
