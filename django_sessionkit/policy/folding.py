"""Fold text so that two texts that ``re.IGNORECASE`` or Unicode normalization treat as equal become equal.

A folded path is compared only with the folded literal segments of patterns. A segment that is too long to be equal to
any of them is not folded, because normalizing a long run of combining marks takes quadratic time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Letters that re.IGNORECASE treats as equal and lower() does not, each with its replacement. The first two must be
# replaced before lower(): it turns the first into two characters, and its result for the second depends on the
# neighbouring characters.
_LETTERS = (
    *(("\u0130", "i"), ("\u03a3", "\u03c3"), ("\u0131", "i"), ("\u017f", "s"), ("\u00b5", "\u03bc")),
    *(("\u0345", "\u03b9"), ("\u1fbe", "\u03b9"), ("\u03c2", "\u03c3"), ("\u03d0", "\u03b2"), ("\u03d1", "\u03b8")),
    *(("\u03d5", "\u03c6"), ("\u03d6", "\u03c0"), ("\u03f0", "\u03ba"), ("\u03f1", "\u03c1"), ("\u03f5", "\u03b5")),
    *(("\u1c80", "\u0432"), ("\u1c81", "\u0434"), ("\u1c82", "\u043e"), ("\u1c83", "\u0441"), ("\u1c84", "\u0442")),
    *(("\u1c85", "\u0442"), ("\u1c86", "\u044a"), ("\u1c87", "\u0463"), ("\u1c88", "\ua64b"), ("\u1e9b", "\u1e61")),
    ("\ufb05", "\ufb06"),
)

# All non-ASCII texts that fold to ASCII, except those that lower() alone turns into ASCII.
_INTO_ASCII = (("I\u0307", "i"), ("\u0130", "i"), ("\u0131", "i"), ("\u017f", "s"), ("\u037e", ";"), ("\u1fef", "`"))

# The longest canonical decomposition of a character. NFC shortens a text by this factor at most.
_MOST_DECOMPOSED = 4


def fold(text: str) -> str:
    """Return ``text`` in Unicode NFC, with letters that ``re.IGNORECASE`` treats as equal replaced by the same letter.

    ``lower()`` and ``casefold()`` are not enough: the regular expression engine also treats ``ı İ i`` as equal, and
    ``ſ s``, and ``k`` and the Kelvin sign. The time may grow with the square of the length; use :class:`Folding` for
    text from a client.
    """
    return text.lower() if text.isascii() else _lettered(unicodedata.normalize("NFC", text))


def _lettered(text: str) -> str:
    lettered = text
    for letter, representative in _LETTERS:
        lettered = lettered.replace(letter, representative)
    if lettered != text:  # a replaced letter may now combine with the accent after it
        lettered = unicodedata.normalize("NFC", lettered)
    return lettered.lower()


class Folding:
    """A variant of :func:`fold` that runs in linear time, for paths to compare with the given folded literals.

    A segment that cannot fold to any of the literals may be returned folded or not; it equals none of them.
    """

    __slots__ = ("_is_ascii", "_too_long")

    def __init__(self, literals: Iterable[str]) -> None:
        known = [*literals]
        self._is_ascii = all(map(str.isascii, known))
        longest = max(map(longest_spelling, known), default=0)
        self._too_long = re.compile(f"([^/]{{{longest + 1}}})[^/]+")

    def __call__(self, path: str) -> str:
        """Return ``path`` with each segment folded that may be equal to one of the literals."""
        if path.isascii():
            return path.lower()
        return _folded_into_ascii(path) if self._is_ascii else fold(self._too_long.sub("\\1\u2026", path))


def _folded_into_ascii(path: str) -> str:
    """Fold each segment that folds to ASCII; the other segments stay non-ASCII."""
    for text, representative in _INTO_ASCII:
        path = path.replace(text, representative)
    return path.lower()


def longest_spelling(literal: str) -> int:
    """Return the maximum length of a text that folds to ``literal``.

    Such a text may be decomposed, and it may have ``I`` with a combining dot for ``i``.
    """
    return sum(1 + (one == "i") if one.isascii() else _MOST_DECOMPOSED for one in literal)
