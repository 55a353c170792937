"""Regular expressions, read as a row of literal and wild pieces, and as a handful of texts that they match.

The parser of :mod:`re` itself does the reading: taking expressions apart with other expressions goes wrong.
"""

from __future__ import annotations

import string
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import islice, product, takewhile
from typing import Any, NamedTuple, TypeAlias

#: the parser of :mod:`re` itself
parser: Any = import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")

# What example values are made of, in the order of preference; several of each, for one may be named by a rule.
_TASTES = ("x1a-_.:/", "y2b-_.:/", "z3c-_.:/")
_ALL_ASCII = "".join(map(chr, range(32, 127)))
# Every alternative of an expression doubles its texts; these are enough to see what it is like.
MOST_TEXTS = 12

REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
CHARACTERS = ("ANY", "IN", "NOT_LITERAL")
WITHOUT_WIDTH = ("AT", "ASSERT", "ASSERT_NOT")
_CATEGORIES = {
    "DIGIT": string.digits,
    "SPACE": string.whitespace,
    "WORD": string.ascii_letters + string.digits + "_",
}


class Wild(NamedTuple):
    """A piece that matches many texts, and some ``texts`` that it matches.

    ``many``: slashes may be among them; ``optional``: it may be nothing at all.
    """

    many: bool
    texts: tuple[str, ...]
    optional: bool = False


Piece: TypeAlias = "str | Wild"


class Underivable(Exception):
    """The expression has no pieces."""


def parsed(expression: str) -> list[tuple[str, Any]]:
    """The nodes of an expression. Raises ``re.error``."""
    return [(str(name), argument) for name, argument in parser.parse(expression)]


def is_anchor(tree: Sequence[tuple[str, Any]], *names: str) -> bool:
    """Whether one of these nodes is an anchor of one of these names."""
    return any(name == "AT" and str(argument) in names for name, argument in tree)


def without_last_slash(tree: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Without an optional slash at the end, which makes no difference to a rule."""
    rest = [node for node in tree if node[0] != "AT"]
    if rest and rest[-1][0] in REPEATS:
        least, most, body = rest[-1][1]
        if (least, most) == (0, 1) and _named(body) == [("LITERAL", ord("/"))]:
            rest.pop()
    return rest


def pieces_before_anything(tree: list[tuple[str, Any]]) -> tuple[Piece, ...] | None:
    """What comes before any number of segments at the end, such as ``.*`` or ``(?:[a-z]+/)*``; else ``None``."""
    rest = without_last_slash(tree)
    last = _flat(rest[-1:])
    if len(last) != 1 or last[0][0] not in REPEATS:
        return None
    _, most, body = last[0][1]
    try:
        pieces = pieces_of(rest[:-1])
    except Underivable:
        return None
    return pieces if most > 1 and _admits_slash(body) else None


def _named(tree: Iterable[tuple[Any, Any]]) -> list[tuple[str, Any]]:
    return [(str(name), argument) for name, argument in tree]


def pieces_of(tree: Iterable[tuple[Any, Any]]) -> tuple[Piece, ...]:
    """What the nodes match, all of it. Raises :class:`Underivable`."""
    return tuple(piece for name, argument in _named(tree) for piece in _pieces_of(name, argument))


def _pieces_of(name: str, argument: Any) -> Iterable[Piece]:
    """The pieces of one node. Raises ``Underivable``."""
    if name == "LITERAL":
        return (chr(argument),)
    if name in WITHOUT_WIDTH:
        return ()
    if name in ("SUBPATTERN", "ATOMIC_GROUP"):
        return pieces_of(argument[-1] if name == "SUBPATTERN" else argument)
    if name in REPEATS and argument[0] == argument[1] == 1:
        return pieces_of(argument[2])
    if name in (*REPEATS, *CHARACTERS, "BRANCH"):
        return (_wild(name, argument),)
    raise Underivable


def _wild(name: str, argument: Any) -> Wild:
    node = [(name, argument)]
    if not _admits_slash(node):
        return Wild(False, texts_of(node), optional=not all(texts_of(node)))
    body = _flat(_named(argument[2])) if name in REPEATS and argument[0] else []
    if len(body) == 1 and body[0][0] in CHARACTERS:
        return Wild(True, texts_of(node))
    raise Underivable


def _flat(tree: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Without brackets around the whole."""
    while len(tree) == 1 and tree[0][0] == "SUBPATTERN":
        tree = _named(tree[0][1][-1])
    return tree


def _admits_slash(tree: Iterable[tuple[Any, Any]]) -> bool:
    """Whether a slash may be in what the nodes match; what is not known may have one."""
    return any(_may_be_slash(name, argument) for name, argument in _named(tree))


def _may_be_slash(name: str, argument: Any) -> bool:
    if name == "LITERAL":
        return bool(argument == ord("/"))
    if name in CHARACTERS:
        return admits(name, argument, "/")
    if name in REPEATS:
        return _admits_slash(argument[2])
    if name == "SUBPATTERN":
        return _admits_slash(argument[-1])
    if name == "BRANCH":
        return any(_admits_slash(branch) for branch in argument[1])
    return True


def admits(name: str, argument: Any, character: str) -> bool:
    """Whether one character of an expression (``.``, ``[...]``, ``[^x]``) may be this one."""
    if name == "IN":
        negated = str(argument[0][0]) == "NEGATE"
        return negated != any(_is_among(str(kind), what, character) for kind, what in argument[negated:])
    return character != "\n" if name == "ANY" else bool(argument != ord(character))


def _is_among(kind: str, what: Any, character: str) -> bool:
    if kind == "LITERAL":
        return bool(what == ord(character))
    if kind == "RANGE":
        return bool(what[0] <= ord(character) <= what[1])
    _, negation, category = str(what).rpartition("NOT_")
    return bool(negation) != (character in _CATEGORIES[category.removeprefix("CATEGORY_")])


def lead_of(tree: Iterable[tuple[Any, Any]]) -> str:
    """What every text of an anchored expression begins with, as far as it is literal."""
    nodes = (node for node in _named(tree) if node[0] != "AT")
    return "".join(chr(argument) for _, argument in takewhile(lambda node: node[0] == "LITERAL", nodes))


def texts_of(tree: Iterable[tuple[Any, Any]]) -> tuple[str, ...]:
    """Some texts that the nodes should match: each alternative with each kind of value, as far as there is room."""
    nodes = _named(tree)
    found = [
        "".join(one)
        for taste in _TASTES
        for one in islice(product(*(_choices(name, argument, taste) for name, argument in nodes)), MOST_TEXTS)
    ]
    return tuple(dict.fromkeys(found))[: 2 * MOST_TEXTS]


def _choices(name: str, argument: Any, taste: str) -> list[str]:
    if name == "LITERAL":
        return [chr(argument)]
    if name in CHARACTERS:
        return [next((one for one in taste + _ALL_ASCII if admits(name, argument, one)), "")]
    if name in REPEATS:
        least, most, body = argument
        return [
            one * count for count in dict.fromkeys((least, min(max(least, 1), most))) for one in _joined(body, taste)
        ]
    if name in ("SUBPATTERN", "ATOMIC_GROUP"):
        return _joined(argument[-1] if name == "SUBPATTERN" else argument, taste)
    if name == "BRANCH":
        return [one for branch in argument[1] for one in _joined(branch, taste)]
    return [""]


def _joined(tree: Iterable[tuple[Any, Any]], taste: str) -> list[str]:
    choices = [_choices(name, argument, taste) for name, argument in _named(tree)]
    return ["".join(one) for one in islice(product(*choices), MOST_TEXTS)]
