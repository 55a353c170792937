"""Other texts that a regular expression could have matched for the same view, with optional parts absent or present.

The expression is parsed once, and each part with an unknown text is put into a group. After a match, the text of every
part is known, and the parts can be combined in other ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias

from .literals import MOST_CHARACTERS, MOST_TEXTS, class_admits, distinct, is_class, named_texts, names_all, repeated
from .regex import REPEATS, WITHOUT_WIDTH, inside, parser

_compiler: Any = import_module(parser.__name__.replace("parse", "compile"))


_BEGINNINGS, _ENDS = ("AT_BEGINNING", "AT_BEGINNING_STRING"), ("AT_END", "AT_END_STRING")
# With a flag, such as the one for letter case, a literal does not stand for itself.
_FLAGS = re.compile(r"\(\?[aiLmsux-]+[:)]")


class TooManyTexts(Exception):
    """A path can be written in more ways than the guard checks."""


class Text(NamedTuple):
    """``matched``: the text that the expression matches; ``read``: the same, with values as a view may read them."""

    matched: str
    read: str


#: returns the text between two positions of a path, in each way in which a view may interpret it
Between: TypeAlias = "Callable[[int, int], Sequence[Text]]"


class _Known(NamedTuple):
    """A part whose text is known from the expression."""

    text: str


class _Seen(NamedTuple):
    """A part whose text is known only from a match."""

    group: int


class _Optional(NamedTuple):
    """A part that may be absent, or have another text. ``texts``: the texts that the expression lists for it."""

    group: int
    texts: tuple[str, ...]
    body: tuple[_Part, ...] | None


class _Branch(NamedTuple):
    """Alternatives, each with its group. One of them has matched."""

    branches: tuple[tuple[int, tuple[_Part, ...]], ...]


_Part: TypeAlias = "_Known | _Seen | _Optional | _Branch"


class Alternatives:
    """The alternatives of one expression."""

    def __init__(self, expression: str) -> None:
        tree = parser.parse(expression)
        self._parts = tuple(_parts(tree))
        self._compiled: re.Pattern[str] = _compiler.compile(tree)

    def texts(self, path: str, start: int, end: int, between: Between) -> list[Text]:
        """Return the texts that could be in the place of ``path[start:end]``, which the expression has matched.

        Raises :class:`TooManyTexts`.
        """
        match = self._compiled.fullmatch if end == len(path) else self._compiled.match
        try:
            found = match(path, start)
        except SystemError:  # a fault of Python 3.11 to 3.13: "The span of capturing group is wrong"
            raise TooManyTexts from None
        if found is None or found.end() != end:
            return []
        return joined(_texts(one, found, between) for one in self._parts)


@lru_cache(maxsize=4096)
def alternatives_of(expression: str) -> Alternatives | None:
    """Return the alternatives of an expression; ``None`` if they cannot be derived."""
    try:
        found = Alternatives(expression)
    except Exception:
        return None  # a later Python may have expressions that are unknown here
    return found


@lru_cache(maxsize=4096)
def is_exact(expression: str, *, is_whole: bool) -> bool:
    """Return whether each text that the expression matches is the only one for its captures, apart from a last slash.

    Then a path that an expression matches has no other canonical form than itself. Expressions of routers are of this
    kind, such as ``^articles/(?P<pk>[^/.]+)/$``. ``is_whole``: the expression must match up to the end of the path.
    """
    alternatives = alternatives_of(expression)
    if alternatives is None or _FLAGS.search(expression):
        return False
    nodes = parser.parse(expression).data
    anchors = [str(argument) if str(name) == "AT" else "" for name, argument in nodes]
    if not anchors or anchors[0] not in _BEGINNINGS or (is_whole and anchors[-1] not in _ENDS):
        return False
    parts = alternatives._parts
    if is_whole and len(parts) > 1 and _is_slash(parts[-1]) and _ends_a_segment(*nodes[-3]):
        parts = parts[:-1]
    return all(map(_has_one_text, parts))


def _has_one_text(part: _Part) -> bool:
    return isinstance(part, (_Known, _Seen)) or (isinstance(part, _Optional) and not part.texts and part.body is None)


def _is_slash(part: _Part) -> bool:
    return isinstance(part, _Optional) and part.body == (_Known("/"),) and {*part.texts} <= {"", "/"}


def _ends_a_segment(name: Any, argument: Any) -> bool:
    """Return whether a node matches at least one character and never a slash, as the capture of a router does."""
    if str(name) == "SUBPATTERN" and len(argument[-1].data) == 1:
        return _ends_a_segment(*argument[-1].data[0])
    if str(name) in REPEATS:
        return argument[0] > 0 and is_class(argument[2]) and not class_admits(argument[2], "/")
    return str(name) == "LITERAL" and chr(argument) != "/"


def joined(rows: Iterable[Sequence[Text]]) -> list[Text]:
    """Return every combination of one text of each row, without duplicates. Raises :class:`TooManyTexts`."""
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


# Parsing an expression


def _parts(tree: Any) -> Iterator[_Part]:
    for number, (name, argument) in enumerate(tree.data):
        yield from _parts_of(tree, number, str(name), argument)


def _parts_of(tree: Any, number: int, name: str, argument: Any) -> Iterable[_Part]:
    if name == "LITERAL":
        return [_Known(chr(argument))]
    if name in WITHOUT_WIDTH:
        return []
    if name == "ATOMIC_GROUP" or (name == "SUBPATTERN" and argument[0] is None):
        return [*_parts(inside(name, argument))]
    if name == "SUBPATTERN":
        return [_captured(tree, number, argument)]
    if name == "BRANCH":
        return [_branch(tree, number, argument[1])]
    return [_repeat(tree, number, argument) if name in REPEATS else _Seen(_grouped(tree, number))]


def _captured(tree: Any, number: int, argument: Any) -> _Part:
    """A capturing group. It is optional if the expression lists an empty text for it."""
    group, body = argument[0], argument[-1]
    texts = named_texts(body)
    if "" in texts and names_all(body):
        return _Optional(group, texts, None)
    for name, repeat in body.data if len(body.data) == 1 else ():
        if str(name) in REPEATS and is_class(repeat[2]) and (repeat[1] == 1 or not class_admits(repeat[2], "x")):
            return _repeat(tree, number, repeat)
    return _Seen(group)


def _branch(tree: Any, number: int, branches: Any) -> _Part:
    texts = distinct(text for branch in branches for text in named_texts(branch))
    whole = _Branch(tuple((_grouped_whole(branch), tuple(_parts_within(branch))) for branch in branches))
    return _Optional(_grouped(tree, number), texts, (whole,)) if "" in texts else whole  # "(?:a|)" is "a?"


def _parts_within(branch: Any) -> Iterator[_Part]:
    """The parts of a branch after it has been put into a group."""
    return _parts(branch.data[0][1][-1])


def _repeat(tree: Any, number: int, argument: Any) -> _Part:
    least, most, body = argument
    texts = repeated(least, most, body)
    if least == 0 and (most == 1 or not _is_content(tree, number, body)):
        texts = ("", *texts, *(["/"] if class_admits(body, "/") else []))
    inner = tuple(_parts(body)) if most == 1 else None
    return _Optional(_grouped(tree, number), distinct(texts), inner)


def _is_content(tree: Any, number: int, body: Any) -> bool:
    """Return ``True`` if a repeated class matches whole segments, as in ``^wiki/.*$``: it names the page."""
    if not class_admits(body, "x"):
        return False
    around = [tree.data[one] for one in (number - 1, number + 1) if 0 <= one < len(tree.data)]
    return not any(str(name) == "LITERAL" and chr(argument) != "/" for name, argument in around)


def _grouped(tree: Any, number: int) -> int:
    """Put one node into a group, and return the number of the group."""
    node = parser.SubPattern(tree.state, [tree.data[number]])
    group: int = tree.state.opengroup()
    tree.state.closegroup(group, node)
    tree.data[number] = (parser.SUBPATTERN, (group, 0, 0, node))
    return group


def _grouped_whole(tree: Any) -> int:
    """Put all nodes into a group, and return the number of the group."""
    node = parser.SubPattern(tree.state, tree.data)
    group: int = tree.state.opengroup()
    tree.state.closegroup(group, node)
    tree.data = [(parser.SUBPATTERN, (group, 0, 0, node))]
    return group
