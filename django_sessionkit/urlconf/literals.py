"""The texts that a regular expression lists literally: ``-?`` matches only ``""`` and ``"-"``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from .regex import CHARACTERS, GROUPS, REPEATS, WITHOUT_WIDTH, admits, inside

#: the most forms of one path, and the most characters of all its forms, that are generated for a request
MOST_TEXTS, MOST_CHARACTERS = 256, 2**17

# A class with more characters is content rather than punctuation. Its characters are not listed.
_FEW_CHARACTERS = 8

# A part that may be repeated more often is generated once, and as often as it was matched.
_FEW_REPEATS = 8

# Repeats of a part that has several texts are mixed, up to this number of mixtures.
_FEW_MIXTURES = 64


def named_texts(tree: Any) -> tuple[str, ...]:
    """Return the texts that the nodes match, if the expression lists them all; else an empty tuple."""
    found = [""]
    for name, argument in tree.data:
        texts = _texts_of(str(name), argument)
        found = [*distinct(one + other for one in found for other in texts)][: MOST_TEXTS + 1]
    return distinct(found)


def _texts_of(name: str, argument: Any) -> Sequence[str]:
    if name == "LITERAL":
        return [chr(argument)]
    if name in WITHOUT_WIDTH:
        return [""]
    if name in GROUPS:
        return named_texts(inside(name, argument))
    if name == "BRANCH":
        return [text for branch in argument[1] for text in named_texts(branch)]
    if name in REPEATS:
        return [*([""] if argument[0] == 0 else []), *repeated(*argument)]
    return _members(argument) if name == "IN" else []


def repeated(least: int, most: Any, body: Any) -> tuple[str, ...]:
    """Return the texts of a repeated part, with each allowed number of repeats except 0.

    If more than 8 repeats are allowed, only the smallest number is used. Texts longer than ``MOST_CHARACTERS`` are left
    out.
    """
    once = max(least, 1)
    texts = [text for text in named_texts(body) if len(text) * once <= MOST_CHARACTERS]
    counts = range(once, most + 1) if most <= _FEW_REPEATS else (once,)
    mixed = (
        "".join(one)
        for count in counts
        for one in (product(texts, repeat=count) if len(texts) ** count <= _FEW_MIXTURES else [])
    )
    return distinct([*(text * count for count in counts for text in texts), *mixed])


def _members(argument: Any) -> Sequence[str]:
    """The characters of a small class; an empty list for a larger one."""
    found: list[str] = []
    for kind, what in argument:
        first, last = what if str(kind) == "RANGE" else (what, what)
        if str(kind) not in ("LITERAL", "RANGE") or last - first >= _FEW_CHARACTERS:
            return []
        found += map(chr, range(first, last + 1))
    return found if len(found) <= _FEW_CHARACTERS else []


def names_all(tree: Any) -> bool:
    """Return ``True`` if the nodes, and repeats of them, match only texts that the expression lists."""
    return all(
        bool(_texts_of(str(name), argument)) and (str(name) not in REPEATS or names_all(argument[2]))
        for name, argument in tree.data
    )


def is_class(tree: Any) -> bool:
    """Return ``True`` if the nodes are one character class, possibly in a group."""
    return len(tree.data) == 1 and (str(tree.data[0][0]) in CHARACTERS or (_is_group(tree) and is_class(_inside(tree))))


def class_admits(tree: Any, character: str) -> bool:
    """Return ``True`` if the nodes are a character class that contains this character."""
    if not is_class(tree):
        return False
    name, argument = tree.data[0]
    return class_admits(_inside(tree), character) if _is_group(tree) else admits(str(name), argument, character)


def _is_group(tree: Any) -> bool:
    return str(tree.data[0][0]) == "SUBPATTERN"


def _inside(tree: Any) -> Any:
    return tree.data[0][1][-1]


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the texts without duplicates, in order."""
    return tuple(dict.fromkeys(texts))
