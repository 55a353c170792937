"""Split a regular expression into literal pieces and wildcards, and derive some texts that it matches.

The parser of :mod:`re` is used, because a regular expression cannot be parsed reliably with other expressions.
"""

from __future__ import annotations

import string
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import islice, product, takewhile
from typing import Any, NamedTuple, TypeAlias

#: the parser module of :mod:`re`
parser: Any = import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")

# The characters of example values, in order of preference. There are several sets, because a rule may name one value.
_TASTES = ("x1a-_.:/", "y2b-_.:/", "z3c-_.:/")
_ALL_ASCII = "".join(map(chr, range(32, 127)))
# Every alternative of an expression doubles the number of its texts. So many are enough as examples.
MOST_SAMPLES = 12

REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
GROUPS = ("SUBPATTERN", "ATOMIC_GROUP")
CHARACTERS = ("ANY", "IN", "NOT_LITERAL")
WITHOUT_WIDTH = ("AT", "ASSERT", "ASSERT_NOT")
_CATEGORIES = {
    "DIGIT": string.digits,
    "SPACE": string.whitespace,
    "WORD": string.ascii_letters + string.digits + "_",
}


class Wildcard(NamedTuple):
    """A piece that matches many texts.

    ``many``: it may match slashes. ``texts``: some texts that it matches. ``optional``: it may match nothing.
    """

    many: bool
    texts: tuple[str, ...]
    optional: bool = False


Piece: TypeAlias = "str | Wildcard"


class NotRepresentable(Exception):
    """The expression cannot be split into pieces."""


def parsed(expression: str) -> list[tuple[str, Any]]:
    """Return the nodes of an expression. Raises ``re.error``."""
    return [(str(name), argument) for name, argument in parser.parse(expression)]


def inside(name: str, argument: Any) -> Any:
    """Return the nodes inside a group."""
    return argument[-1] if name == "SUBPATTERN" else argument


def is_anchor(tree: Sequence[tuple[str, Any]], *names: str) -> bool:
    """Return ``True`` if one of the nodes is an anchor with one of these names."""
    return any(name == "AT" and str(argument) in names for name, argument in tree)


def without_last_slash(tree: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return the nodes without anchors and without an optional slash at the end, which no rule distinguishes."""
    rest = [node for node in tree if node[0] != "AT"]
    if rest and rest[-1][0] in REPEATS:
        least, most, body = rest[-1][1]
        if (least, most) == (0, 1) and _named(body) == [("LITERAL", ord("/"))]:
            rest.pop()
    return rest


def pieces_before_anything(tree: list[tuple[str, Any]]) -> tuple[Piece, ...] | None:
    """Return the pieces before a last part that matches any number of segments, such as ``.*`` or ``(?:[a-z]+/)*``.

    Return ``None`` if the expression does not end with such a part.
    """
    rest = without_last_slash(tree)
    last = _flat(rest[-1:])
    if len(last) != 1 or last[0][0] not in REPEATS:
        return None
    _, most, body = last[0][1]
    try:
        pieces = pieces_of(rest[:-1])
    except NotRepresentable:
        return None
    return pieces if most > 1 and _admits_slash(body) else None


def _named(tree: Iterable[tuple[Any, Any]]) -> list[tuple[str, Any]]:
    return [(str(name), argument) for name, argument in tree]


def pieces_of(tree: Iterable[tuple[Any, Any]]) -> tuple[Piece, ...]:
    """Return the pieces that together describe all that the nodes match. Raises :class:`NotRepresentable`."""
    return tuple(piece for name, argument in _named(tree) for piece in _pieces_of(name, argument))


def _pieces_of(name: str, argument: Any) -> Iterable[Piece]:
    if name == "LITERAL":
        return (chr(argument),)
    if name in WITHOUT_WIDTH:
        return ()
    if name in GROUPS:
        return pieces_of(inside(name, argument))
    if name in REPEATS and argument[0] == argument[1] == 1:
        return pieces_of(argument[2])
    if name in (*REPEATS, *CHARACTERS, "BRANCH"):
        return (_wildcard(name, argument),)
    raise NotRepresentable


def _wildcard(name: str, argument: Any) -> Wildcard:
    node = [(name, argument)]
    if not _admits_slash(node):
        return Wildcard(False, sample_strings(node), optional=not all(sample_strings(node)))
    body = _flat(_named(argument[2])) if name in REPEATS and argument[0] else []
    if len(body) == 1 and body[0][0] in CHARACTERS:
        return Wildcard(True, sample_strings(node))
    raise NotRepresentable


def _flat(tree: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The nodes without groups around the whole."""
    while len(tree) == 1 and tree[0][0] == "SUBPATTERN":
        tree = _named(tree[0][1][-1])
    return tree


def _admits_slash(tree: Iterable[tuple[Any, Any]]) -> bool:
    """Return ``True`` if the nodes may match a slash. Unknown nodes may."""
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
    """Return ``True`` if a character node (``.``, ``[...]``, ``[^x]``) matches this character."""
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


def literal_prefix(tree: Iterable[tuple[Any, Any]]) -> str:
    """Return the literal text that every match of an anchored expression begins with."""
    nodes = (node for node in _named(tree) if node[0] != "AT")
    return "".join(chr(argument) for _, argument in takewhile(lambda node: node[0] == "LITERAL", nodes))


def sample_strings(tree: Iterable[tuple[Any, Any]]) -> tuple[str, ...]:
    """Return up to ``2 * MOST_SAMPLES`` texts that the nodes should match, with different values and alternatives."""
    nodes = _named(tree)
    found = [
        "".join(one)
        for taste in _TASTES
        for one in islice(product(*(_choices(name, argument, taste) for name, argument in nodes)), MOST_SAMPLES)
    ]
    return tuple(dict.fromkeys(found))[: 2 * MOST_SAMPLES]


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
    if name in GROUPS:
        return _joined(inside(name, argument), taste)
    if name == "BRANCH":
        return [one for branch in argument[1] for one in _joined(branch, taste)]
    return [""]


def _joined(tree: Iterable[tuple[Any, Any]], taste: str) -> list[str]:
    choices = [_choices(name, argument, taste) for name, argument in _named(tree)]
    return ["".join(one) for one in islice(product(*choices), MOST_SAMPLES)]
