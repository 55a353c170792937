"""The texts that a regular expression names itself, where it names all that it matches: ``-?`` is ``""`` or ``"-"``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from .expressions import CHARACTERS, REPEATS, WITHOUT_WIDTH, admits

#: no path of a request is written in more ways, and no request costs more text
MOST_TEXTS, MOST_CHARACTERS = 256, 2**17

# A class with more characters is content rather than punctuation: they are not written out.
_FEW_CHARACTERS = 8

# A part that may be repeated more often is written once, and as often as it was matched.
_FEW_REPEATS = 8

# Parts of several texts that are repeated may be mixed, as far as there are no more ways than these.
_FEW_MIXTURES = 64


def named_texts(tree: Any) -> tuple[str, ...]:
    """The texts that nodes match, if the expression names them all; else nothing."""
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
    if name in ("SUBPATTERN", "ATOMIC_GROUP"):
        return named_texts(argument[-1] if name == "SUBPATTERN" else argument)
    if name == "BRANCH":
        return [text for branch in argument[1] for text in named_texts(branch)]
    if name in REPEATS:
        return [*([""] if argument[0] == 0 else []), *repeated(*argument)]
    return _members(argument) if name == "IN" else []


def repeated(least: int, most: Any, body: Any) -> tuple[str, ...]:
    """The texts of a part that is repeated, present as often as it must be and as often as it may be.

    Those that would be longer than any path are none.
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
    """The characters of a small class."""
    found: list[str] = []
    for kind, what in argument:
        first, last = what if str(kind) == "RANGE" else (what, what)
        if str(kind) not in ("LITERAL", "RANGE") or last - first >= _FEW_CHARACTERS:
            return []
        found += map(chr, range(first, last + 1))
    return found if len(found) <= _FEW_CHARACTERS else []


def names_all(tree: Any) -> bool:
    """Whether nodes match nothing but texts that they name, if repeated."""
    return all(
        bool(_texts_of(str(name), argument)) and (str(name) not in REPEATS or names_all(argument[2]))
        for name, argument in tree.data
    )


def is_class(tree: Any) -> bool:
    """Whether nodes are one character of a class, perhaps in brackets."""
    return len(tree.data) == 1 and (str(tree.data[0][0]) in CHARACTERS or (_is_group(tree) and is_class(_inside(tree))))


def class_admits(tree: Any, character: str) -> bool:
    """Whether nodes are a class that this character belongs to."""
    if not is_class(tree):
        return False
    name, argument = tree.data[0]
    return class_admits(_inside(tree), character) if _is_group(tree) else admits(str(name), argument, character)


def _is_group(tree: Any) -> bool:
    return str(tree.data[0][0]) == "SUBPATTERN"


def _inside(tree: Any) -> Any:
    return tree.data[0][1][-1]


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts without doubles, in order."""
    return tuple(dict.fromkeys(texts))
