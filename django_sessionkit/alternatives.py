"""What else a regular expression could have matched for the same view: its optional parts absent, and present.

The expression is parsed once, and a group is put around each part whose text is not known from the expression. A match
then tells the text of every part, and the parts can be put together in other ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias

from .expressions import REPEATS, WITHOUT_WIDTH, admits, parser

_compiler: Any = import_module(parser.__name__.replace("parse", "compile"))

#: no path of a request is written in more ways, and no request costs more text
MOST_TEXTS, MOST_CHARACTERS = 256, 2**17

# A class with more characters is content rather than punctuation: they are not written out.
_FEW_CHARACTERS = 8


class TooManyTexts(Exception):
    """A path can be written in more ways than can be looked at."""


class Text(NamedTuple):
    """``matched``: what the expression matches; ``read``: the same with captured texts as a view may read them."""

    matched: str
    read: str


#: gives the text between two positions of a path, in each way in which a view may read it
Between: TypeAlias = "Callable[[int, int], Sequence[Text]]"


class _Known(NamedTuple):
    """A part whose text the expression says."""

    text: str


class _Seen(NamedTuple):
    """A part whose text only a match can tell."""

    group: int


class _Optional(NamedTuple):
    """A part that may be left out, or be written otherwise. ``texts``: what it could be, as the expression says."""

    group: int
    texts: tuple[str, ...]
    body: tuple[_Part, ...] | None


class _Branch(NamedTuple):
    """Alternatives, each with its group, of which one has matched."""

    branches: tuple[tuple[int, tuple[_Part, ...]], ...]


_Part: TypeAlias = "_Known | _Seen | _Optional | _Branch"


class Alternatives:
    """The alternatives of one expression."""

    def __init__(self, expression: str) -> None:
        tree = parser.parse(expression)
        self._parts = tuple(_parts(tree))
        self._compiled: re.Pattern[str] = _compiler.compile(tree)

    def texts(self, path: str, start: int, end: int, between: Between) -> list[Text]:
        """What could stand for ``path[start:end]``, which the expression has matched.

        Raises :class:`TooManyTexts`.
        """
        match = self._compiled.fullmatch if end == len(path) else self._compiled.match
        found = match(path, start)
        if found is None or found.end() != end:
            return []
        return joined(_texts(one, found, between) for one in self._parts)


@lru_cache(maxsize=4096)
def alternatives_of(expression: str) -> Alternatives | None:
    """The alternatives of an expression; ``None`` if it has none, or they cannot be read."""
    try:
        found = Alternatives(expression)
    except Exception:
        return None  # a later Python may know expressions that are not known here
    return found


def joined(rows: Iterable[Sequence[Text]]) -> list[Text]:
    """Each way to take one text of every row, without doubles. Raises :class:`TooManyTexts`."""
    found = [Text("", "")]
    for row in rows:
        following: dict[Text, None] = {}
        size = 0
        for one in found:
            for other in row:
                text = Text(one.matched + other.matched, one.read + other.read)
                if text not in following:
                    following[text] = None
                    size += len(text.read)
                    if len(following) > MOST_TEXTS or (len(following) > 1 and size > MOST_CHARACTERS):
                        raise TooManyTexts
        found = list(following)
    return found


def _texts(part: _Part, found: re.Match[str], between: Between) -> Sequence[Text]:
    if isinstance(part, _Known):
        return [Text(part.text, part.text)]
    if isinstance(part, _Seen):
        return between(*found.span(part.group))
    if isinstance(part, _Branch):
        body = next(body for group, body in part.branches if found.start(group) >= 0)
        return joined(_texts(one, found, between) for one in body)
    start, end = found.span(part.group)
    texts = [*between(start, end)]
    if start < end and part.body is not None:
        texts += joined(_texts(one, found, between) for one in part.body)
    return list(dict.fromkeys([*texts, *(Text(one, one) for one in part.texts)]))


# How an expression is read


def _parts(tree: Any) -> Iterator[_Part]:
    for number, (name, argument) in enumerate(tree.data):
        yield from _parts_of(tree, number, str(name), argument)


def _parts_of(tree: Any, number: int, name: str, argument: Any) -> Iterable[_Part]:
    if name == "LITERAL":
        return [_Known(chr(argument))]
    if name in WITHOUT_WIDTH:
        return []
    if name == "ATOMIC_GROUP" or (name == "SUBPATTERN" and argument[0] is None):
        return [*_parts(argument if name == "ATOMIC_GROUP" else argument[-1])]
    if name == "SUBPATTERN":
        return [_captured(argument)]
    if name == "BRANCH":
        return [_branch(tree, number, argument[1])]
    return [_repeat(tree, number, argument) if name in REPEATS else _Seen(_grouped(tree, number))]


def _captured(argument: Any) -> _Part:
    """A group of the expression: what it has captured, but for punctuation that may be left out."""
    group, body = argument[0], argument[-1]
    return _Optional(group, _static(body), None) if _is_punctuation(body) else _Seen(group)


def _is_punctuation(tree: Any) -> bool:
    """Whether nodes match nothing but characters that they name, none of them a letter or digit."""
    texts = _static(tree)
    return "" in texts and _is_finite(tree) and not any(one.isalnum() for text in texts for one in text)


def _is_finite(tree: Any) -> bool:
    return all(
        bool(_static_of(str(name), argument)) and (str(name) not in REPEATS or _is_finite(argument[2]))
        for name, argument in tree.data
    )


def _branch(tree: Any, number: int, branches: Any) -> _Part:
    if any(not branch.data for branch in branches):  # "(?:a|)" is "a?"
        texts = _distinct(text for branch in branches for text in _static(branch))
        return _Optional(_grouped(tree, number), texts, None)
    return _Branch(tuple((_grouped_whole(branch), tuple(_parts_within(branch))) for branch in branches))


def _parts_within(branch: Any) -> Iterator[_Part]:
    """The parts of a branch that has been made a group."""
    return _parts(branch.data[0][1][-1])


def _repeat(tree: Any, number: int, argument: Any) -> _Part:
    least, most, body = argument
    texts = _times(_static(body), least)
    if least == 0 and (most == 1 or not _is_content(tree, number, body)):
        texts = ["", *texts, *(["/"] if _is_slash_among(body) else [])]
    inner = tuple(_parts(body)) if most == 1 else None
    return _Optional(_grouped(tree, number), _distinct(texts), inner)


def _is_content(tree: Any, number: int, body: Any) -> bool:
    """Whether a repeated class is a segment or more of its own, as in ``^wiki/.*$``: what a page is about."""
    if not _is_class(body) or not admits(*_only(body), "x"):
        return False
    around = [tree.data[one] for one in (number - 1, number + 1) if 0 <= one < len(tree.data)]
    return not any(str(name) == "LITERAL" and chr(argument) != "/" for name, argument in around)


def _is_slash_among(body: Any) -> bool:
    return _is_class(body) and admits(*_only(body), "/")


def _is_class(body: Any) -> bool:
    return len(body.data) == 1 and str(body.data[0][0]) in ("ANY", "IN", "NOT_LITERAL")


def _only(body: Any) -> tuple[str, Any]:
    name, argument = body.data[0]
    return str(name), argument


def _grouped(tree: Any, number: int) -> int:
    """Put a group around one node; its number."""
    node = parser.SubPattern(tree.state, [tree.data[number]])
    group: int = tree.state.opengroup()
    tree.state.closegroup(group, node)
    tree.data[number] = (parser.SUBPATTERN, (group, 0, 0, node))
    return group


def _grouped_whole(tree: Any) -> int:
    """Put a group around all nodes; its number."""
    node = parser.SubPattern(tree.state, tree.data)
    group: int = tree.state.opengroup()
    tree.state.closegroup(group, node)
    tree.data = [(parser.SUBPATTERN, (group, 0, 0, node))]
    return group


def _static(tree: Any) -> tuple[str, ...]:
    """The texts that nodes match, if the expression names them all; else nothing."""
    found = [""]
    for name, argument in tree.data:
        texts = _static_of(str(name), argument)
        found = [*_distinct(one + other for one in found for other in texts)][: MOST_TEXTS + 1]
    return _distinct(found)


def _static_of(name: str, argument: Any) -> Sequence[str]:
    if name == "LITERAL":
        return [chr(argument)]
    if name in WITHOUT_WIDTH:
        return [""]
    if name in ("SUBPATTERN", "ATOMIC_GROUP"):
        return _static(argument[-1] if name == "SUBPATTERN" else argument)
    if name == "BRANCH":
        return [text for branch in argument[1] for text in _static(branch)]
    if name in REPEATS:
        least, _, body = argument
        return [*([""] if least == 0 else []), *_times(_static(body), least)]
    return _members(argument) if name == "IN" else []


def _times(texts: Sequence[str], least: int) -> list[str]:
    """Texts repeated as often as they must be, at least once; those that would be longer than any path are none."""
    return [text * max(least, 1) for text in texts if len(text) * least <= MOST_CHARACTERS]


def _members(argument: Any) -> Sequence[str]:
    """The characters of a small class."""
    found = [chr(what) for kind, what in argument if str(kind) == "LITERAL"]
    return found if len(found) == len(argument) <= _FEW_CHARACTERS else []


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
