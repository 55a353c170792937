"""Compare the paths of two patterns, or of a pattern and a route.

The result is exact, and no paths are tried. A pattern distinguishes only its own literals and "any other segment". So
it is enough to walk both sides in parallel with these few segments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from django_sessionkit.patterns import Pattern, ShiftAndMatcher, split
from django_sessionkit.urlconf.segments import MANY, Part, PartialSegment


class Cover(Enum):
    """How much of a route a pattern matches."""

    NONE = "none of it"
    SOME = "some of it"
    ALL = "all of it"


class Relation(Enum):
    """How the paths of one pattern relate to those of another."""

    EQUAL = "the same paths"
    COVERS = "all of its paths and more"
    WITHIN = "some of its paths and no other"
    OVERLAPS = "some of its paths and others"
    DISJOINT = "none of its paths"


class Loop(Enum):
    """A step that only a pattern can have, and no route."""

    ANY = "**"


class OneOf(NamedTuple):
    """One segment with a few known texts, such as a language."""

    texts: frozenset[str]


#: any number of segments, including none
ANY: Final = Loop.ANY
#: one step of a path, in a route or a pattern
Step: TypeAlias = "Part | Loop | OneOf"

_WILDCARDS = ("*", "**")
# Stands for any segment that no literal of a pattern equals. A real segment has no slash.
_OTHER: Final = "/"


def relation(one: Pattern, other: Pattern) -> Relation:
    """Return how the paths of ``one`` relate to those of ``other``."""
    if one.text == other.text:
        return Relation.EQUAL
    theirs = cover(one, steps_of(other.text))
    mine = cover(other, steps_of(one.text))
    if theirs is Cover.ALL:
        return Relation.EQUAL if mine is Cover.ALL else Relation.COVERS
    if mine is Cover.ALL:
        return Relation.WITHIN
    return Relation.DISJOINT if theirs is Cover.NONE else Relation.OVERLAPS


@lru_cache(maxsize=4096)
def steps_of(text: str) -> tuple[Step, ...]:
    """Return a pattern as the steps of a route."""
    return tuple(MANY if one == "*" else ANY if one == "**" else one for one in split(text))


def cover(pattern: Pattern, parts: Sequence[Step]) -> Cover:
    """Return how many of the paths described by ``parts`` match ``pattern``."""
    matcher = pattern.matcher
    reached = {matcher.start}  # the sets of states in which the matcher may be
    for part in parts:
        reached = _after(matcher, reached, part)
    ends = {bool(states & matcher.accepting) for states in reached}
    if ends == {True}:
        return Cover.ALL
    return Cover.SOME if True in ends else Cover.NONE


def _after(matcher: ShiftAndMatcher, reached: set[int], part: Step) -> set[int]:
    letters = list(_letters(matcher, part))
    found = {matcher.step(states, letter) for states in reached for letter in letters}
    if part in (MANY, ANY):
        waiting = list(found)
        while waiting:
            states = waiting.pop()
            further = {matcher.step(states, letter) for letter in letters} - found
            found |= further
            waiting += further
    return found if part is not ANY else found.union(reached)


def _letters(matcher: ShiftAndMatcher, part: Step) -> Iterator[str]:
    """The segments that ``part`` may be, one for each case that the pattern distinguishes."""
    if isinstance(part, str):
        yield part
        return
    if isinstance(part, OneOf):
        yield from part.texts
        return
    yield _OTHER
    for literal in matcher.literals:
        if not isinstance(part, PartialSegment) or part.fits(literal):
            yield literal


class CandidateIndex:
    """An index of numbered patterns by their literal segments, which finds candidates for a path.

    :func:`cover` and :func:`relation` then compare the candidates. A pattern is indexed by its first segments. A
    pattern that begins with a wildcard is indexed by its last segments; one that also ends with a wildcard, by a
    literal in between.
    """

    def __init__(self, patterns: Iterable[tuple[int, Pattern]]) -> None:
        self._forward, self._backward = _Place(), _Place()
        self._inner: dict[str, list[int]] = {}
        for number, pattern in patterns:
            segments = split(pattern.text)
            if not segments or segments[0] not in _WILDCARDS:
                self._forward.add(segments, number)
            elif segments[-1] not in _WILDCARDS:
                self._backward.add(segments[::-1], number)
            else:
                key = next((one for one in segments if one not in _WILDCARDS), "")
                self._inner.setdefault(key, []).append(number)

    def near(self, parts: Sequence[Step], *, whole: bool = False) -> list[int]:
        """Return the numbers of the patterns that may share a path with ``parts``, in order.

        ``whole``: only those that may cover all of ``parts``. They have no literal where ``parts`` has a wildcard.
        """
        found = {*self._forward.near(list(parts), whole), *self._backward.near(list(parts[::-1]), whole)}
        literals = {part for part in parts if isinstance(part, str)}
        keys = {*literals, ""} if whole or len(literals) == len(parts) else self._inner
        return sorted(found.union(*(self._inner.get(key, ()) for key in keys)))


class _Place:
    """A node of a trie of literals, up to the first wildcard."""

    __slots__ = ("following", "here", "with_wildcard")

    def __init__(self) -> None:
        self.following: dict[str, _Place] = {}
        self.here: list[int] = []  # patterns that end here
        self.with_wildcard: list[int] = []  # patterns that go on with a wildcard

    def add(self, segments: list[str], number: int) -> None:
        place = self
        for segment in segments:
            if segment in _WILDCARDS:
                place.with_wildcard.append(number)
                return
            place = place.following.setdefault(segment, _Place())
        place.here.append(number)

    def near(self, parts: list[Step], whole: bool) -> Iterator[int]:
        if parts and parts[0] in (MANY, ANY) and not whole:
            yield from self._all()
            return
        yield from self.with_wildcard
        if not parts:
            yield from self.here
        for place in self._next(parts[0], whole) if parts else ():
            yield from place.near(parts[1:], whole)

    def _all(self) -> Iterator[int]:
        yield from self.here
        yield from self.with_wildcard
        for one in self.following.values():
            yield from one._all()

    def _next(self, part: Step, whole: bool) -> Iterable[_Place]:
        if isinstance(part, str):
            return [self.following[part]] if part in self.following else []
        if whole:
            return []
        if isinstance(part, OneOf):
            return [place for literal, place in self.following.items() if literal in part.texts]
        if isinstance(part, PartialSegment):
            return [place for literal, place in self.following.items() if part.fits(literal)]
        return self.following.values()
