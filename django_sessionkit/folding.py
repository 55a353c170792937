"""Make equal what ``re.IGNORECASE`` and Unicode normalization take for equal.

A folded path is only ever compared with the folded literals of some patterns. What cannot be equal to one of them
need not be folded, and it is not: normalizing a long run of combining marks takes the square of its length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Letters that re.IGNORECASE equates and lower() alone does not, each with its representative. The first two come before
# lower(), which makes two characters of the one and looks at the neighbours of the other.
_LETTERS = (
    *(("\u0130", "i"), ("\u03a3", "\u03c3"), ("\u0131", "i"), ("\u017f", "s"), ("\u00b5", "\u03bc")),
    *(("\u0345", "\u03b9"), ("\u1fbe", "\u03b9"), ("\u03c2", "\u03c3"), ("\u03d0", "\u03b2"), ("\u03d1", "\u03b8")),
    *(("\u03d5", "\u03c6"), ("\u03d6", "\u03c0"), ("\u03f0", "\u03ba"), ("\u03f1", "\u03c1"), ("\u03f5", "\u03b5")),
    *(("\u1c80", "\u0432"), ("\u1c81", "\u0434"), ("\u1c82", "\u043e"), ("\u1c83", "\u0441"), ("\u1c84", "\u0442")),
    *(("\u1c85", "\u0442"), ("\u1c86", "\u044a"), ("\u1c87", "\u0463"), ("\u1c88", "\ua64b"), ("\u1e9b", "\u1e61")),
    ("\ufb05", "\ufb06"),
)

# All that becomes ASCII, by NFC or as a letter, but for what lower() makes so.
_INTO_ASCII = (("I\u0307", "i"), ("\u0130", "i"), ("\u0131", "i"), ("\u017f", "s"), ("\u037e", ";"), ("\u1fef", "`"))

# No character has a longer canonical decomposition, so NFC makes no text shorter than by this factor.
_MOST_DECOMPOSED = 4


def fold(text: str) -> str:
    """``text`` in Unicode NFC, with all that ``re.IGNORECASE`` takes for equal made equal.

    ``lower()`` and ``casefold()`` do not: the regular expression engine also equates ``ı İ i``, ``ſ s`` and ``K k``.
    The time may be the square of the length; see :class:`Folding` for what a client sends.
    """
    return text.lower() if text.isascii() else _lettered(unicodedata.normalize("NFC", text))


def _lettered(text: str) -> str:
    lettered = text
    for letter, representative in _LETTERS:
        lettered = lettered.replace(letter, representative)
    if lettered != text:  # a letter without a dot may be one with an accent now
        lettered = unicodedata.normalize("NFC", lettered)
    return lettered.lower()


class Folding:
    """:func:`fold` for paths that are to be compared with these folded literals, in linear time.

    A segment that cannot fold to any of them is left unequal to all of them, folded or not.
    """

    __slots__ = ("_is_ascii", "_too_long")

    def __init__(self, literals: Iterable[str]) -> None:
        known = [*literals]
        self._is_ascii = all(map(str.isascii, known))
        longest = max(map(longest_spelling, known), default=0)
        self._too_long = re.compile(f"([^/]{{{longest + 1}}})[^/]+")

    def __call__(self, path: str) -> str:
        """``path`` with each segment folded that may be one of the literals."""
        if path.isascii():
            return path.lower()
        return _folded_into_ascii(path) if self._is_ascii else fold(self._too_long.sub("\\1\u2026", path))


def _folded_into_ascii(path: str) -> str:
    """Right for each segment that :func:`fold` makes ASCII; the others are not made ASCII."""
    for text, representative in _INTO_ASCII:
        path = path.replace(text, representative)
    return path.lower()


def longest_spelling(literal: str) -> int:
    """How long a text can be that folds to ``literal``: it may be decomposed, and ``i`` may be ``I`` with a dot."""
    return sum(1 + (one == "i") if one.isascii() else _MOST_DECOMPOSED for one in literal)
