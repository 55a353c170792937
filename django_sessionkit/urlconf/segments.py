"""The form of the paths that a URL pattern matches, derived without running the pattern.

A pattern is split into *pieces*: literal text, and wildcards with some example values. A chain of patterns is split
into *parts*, one per path segment. Some patterns have no pieces, but only example texts: those with alternatives of
different depth, with optional groups, or without anchors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from functools import lru_cache
from itertools import islice, takewhile
from typing import Final, NamedTuple, TypeAlias

from .regex import (
    MOST_SAMPLES,
    NotRepresentable,
    Piece,
    Wildcard,
    is_anchor,
    literal_prefix,
    parsed,
    pieces_before_anything,
    pieces_of,
    sample_strings,
    without_last_slash,
)

_PARAMETER = re.compile(r"<(?:[^>:]+:)?(\w+)>")


class Span(Enum):
    """How many segments a part without a known text matches."""

    ONE = "*"
    MANY = "**"


class PartialSegment(NamedTuple):
    """One segment with a fixed beginning or end."""

    prefix: str
    suffix: str

    def fits(self, segment: str) -> bool:
        """Return ``True`` if ``segment`` has this beginning and end, with some text between them."""
        is_longer = len(segment) > len(self.prefix) + len(self.suffix)
        return is_longer and segment.startswith(self.prefix) and segment.endswith(self.suffix)


#: exactly one segment with any text
ONE: Final = Span.ONE
#: one segment or more
MANY: Final = Span.MANY

#: one segment of a route (``MANY``: one or more); a ``str`` is literal
Part: TypeAlias = "str | Span | PartialSegment"


class PathShape(NamedTuple):
    """The texts that a pattern matches.

    - ``pieces``: an exact description, or ``None`` if there is none.
    - ``texts``: some of the texts.
    - ``literal_prefix``: without pieces, the literal text that all of them begin with.
    - ``is_catch_all``: there are no pieces because anything may follow a known beginning.
    """

    pieces: tuple[Piece, ...] | None
    texts: tuple[str, ...]
    literal_prefix: str = ""
    is_catch_all: bool = False

    def then(self, other: PathShape) -> PathShape:
        """Return the shape of this pattern followed by the other."""
        texts = tuple(islice((one + two for two in other.texts for one in self.texts), MOST_SAMPLES))
        if self.pieces is None:
            return PathShape(None, texts, self.literal_prefix)
        if other.pieces is None:
            return PathShape(None, texts, literal_start((*self.pieces, other.literal_prefix)), other.is_catch_all)
        return PathShape((*self.pieces, *other.pieces), texts)


def literal_start(pieces: Iterable[Piece]) -> str:
    """Return the literal text before the first wildcard."""
    return "".join(str(one) for one in takewhile(lambda one: isinstance(one, str), pieces))


NOTHING = PathShape((), ("",))


def pieces_of_route(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield each literal text of a ``path()`` route with the name of the parameter after it; at the end ``None``."""
    split = _PARAMETER.split(text)
    return zip(split[::2], [*split[1::2], None], strict=True)


@lru_cache(maxsize=4096)
def shape_of_route(text: str, converters: tuple[tuple[str, str], ...]) -> PathShape:
    """Return the shape of a ``path()`` route. ``converters`` has the name and the expression of each parameter."""
    expressions = dict(converters)
    shape = NOTHING
    for literal, name in pieces_of_route(text):
        shape = shape.then(PathShape((literal,), (literal,)))
        if name is not None:
            shape = shape.then(_shape_of_value(expressions[name]))
    return shape


@lru_cache(maxsize=512)
def _shape_of_value(expression: str) -> PathShape:
    tree = parsed(expression)
    try:
        return PathShape(pieces_of(without_last_slash(tree)), sample_strings(tree))
    except NotRepresentable:
        return PathShape(None, sample_strings(tree))


@lru_cache(maxsize=4096)
def shape_of_regex(expression: str, is_endpoint: bool) -> PathShape:
    """Return the shape of a ``re_path()`` expression. ``is_endpoint``: it leads to a view, not to an ``include()``."""
    tree = parsed(expression)
    whole = is_endpoint and expression.endswith("$")  # Django then uses fullmatch()
    begins = whole or is_anchor(tree[:1], "AT_BEGINNING", "AT_BEGINNING_STRING")
    ends = not is_endpoint or is_anchor(tree[-1:], "AT_END", "AT_END_STRING")
    try:
        pieces = pieces_of(without_last_slash(tree)) if begins and ends else None
    except NotRepresentable:
        pieces = None
    texts = sample_strings(tree)
    if not ends:
        texts += tuple(f"{text.rstrip('/')}/x" for text in texts)  # Django allows anything to follow
    if not begins:
        texts += tuple(f"x/{text}" for text in texts)
    before = pieces_before_anything(tree) if pieces is None and begins and is_endpoint else None
    catches_all = before is not None and parts_of(before) is not None
    return PathShape(pieces, texts, literal_prefix(tree) if begins else "", catches_all)


def parts_of(pieces: Iterable[Piece]) -> tuple[Part, ...] | None:
    """Return one part per segment, without the trailing slash.

    Return ``None`` if a piece of many segments is only a part of a segment, or if a segment may be missing.
    """
    parts = [_part(segment) for segment in segments_of(pieces)]
    return tuple(one for one in parts if one is not None) if None not in parts else None


def segments_of(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """Return the pieces of each segment, without the empty segment after a trailing slash."""
    segments: list[list[Piece]] = [[]]
    for piece in pieces:
        if isinstance(piece, Wildcard):
            segments[-1].append(piece)
            continue
        first, *others = piece.split("/")
        segments[-1] += [first] if first else []
        segments.extend([one] if one else [] for one in others)
    if not segments[-1]:
        segments.pop()
    return segments


def _part(segment: Sequence[Piece]) -> Part | None:
    wildcards = [number for number, piece in enumerate(segment) if isinstance(piece, Wildcard)]
    if not wildcards:
        return "".join(map(str, segment))
    if any(piece.many for piece in segment if isinstance(piece, Wildcard)):
        return MANY if len(segment) == 1 else None
    if all(isinstance(piece, Wildcard) and piece.optional for piece in segment):
        return None  # the segment may be missing
    ends = PartialSegment("".join(map(str, segment[: wildcards[0]])), "".join(map(str, segment[wildcards[-1] + 1 :])))
    return ends if any(ends) else ONE


def examples_of(segment: Sequence[Piece]) -> tuple[str, ...]:
    """Return example texts of one segment."""
    most = max((len(piece.texts) for piece in segment if isinstance(piece, Wildcard)), default=1)
    rows = (
        [one if isinstance(one, str) else one.texts[turn % len(one.texts)] for one in segment] for turn in range(most)
    )
    return tuple(dict.fromkeys(map("".join, rows)))
