"""Integers in a path: ``int()`` reads ``07``, ``+7``, ``1_0`` and the digits of every script.

A view that gets its argument as text may call ``int()`` on it, or use it as a primary key, which does the same. A rule
names the number as ``str()`` writes it.
"""

from __future__ import annotations

import re
import unicodedata

# A whole segment that int() reads and str() writes otherwise. Linear: nothing in it can match one text in two ways.
_LOOSE = re.compile(r"/(?!(?:-?[1-9][0-9]*|0)(?![^/]))\s*([+-]?)([\d](?:_?\d)*)\s*(?![^/])")
# How each of them begins, if it is ASCII without white space and underscores.
_BEGINNING = re.compile(r"/(?:\+|-?0[0-9]|-0)")
_DIGIT = re.compile(r"\d")


def has_loose_integer(text: str) -> bool:
    """Return whether a segment of ``text`` is an integer that is not written as ``str()`` writes it."""
    if "/" not in text and text[:1].isalpha():
        return False
    return _may_have_one(text) and _LOOSE.search(f"/{text}") is not None


def with_plain_integers(text: str) -> str:
    """Return ``text`` with each such segment written as ``str()`` writes it."""
    return _LOOSE.sub(_plain, f"/{text}")[1:] if _may_have_one(text) else text


def _may_have_one(text: str) -> bool:
    """Say no, quickly, to most texts: a path may be long."""
    if text.isascii() and text.isprintable() and " " not in text and "_" not in text:
        return _BEGINNING.search(f"/{text}") is not None
    return _DIGIT.search(text) is not None


def _plain(found: re.Match[str]) -> str:
    # Not int(): it refuses long texts, and takes the square of their length.
    digits = "".join(str(unicodedata.decimal(one)) for one in found[2] if one != "_").lstrip("0")
    return f"/-{digits}" if digits and found[1] == "-" else f"/{digits or '0'}"
