"""Compare the paths of two patterns, or of a pattern and a route.

The result is exact, and no paths are tried. A pattern distinguishes only its own literals and "any other segment". So
it is enough to walk both sides in parallel with these few segments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

from django_sessionkit.patterns import Pattern, ShiftAndMatcher
from django_sessionkit.urlconf.candidates import ANY, OneOf, Step, steps_of
from django_sessionkit.urlconf.segments import MANY, PartialSegment


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


# Stands for any segment that no literal of a pattern equals. A real segment has no slash.
_OTHER: Final = "/"


def relation(one: Pattern, other: Pattern) -> Relation:
    """Return how the paths of ``one`` relate to those of ``other``."""
    if one.segments == other.segments:
        return Relation.EQUAL
    theirs = cover(one, steps_of(other))
    mine = cover(other, steps_of(one))
    if theirs is Cover.ALL:
        return Relation.EQUAL if mine is Cover.ALL else Relation.COVERS
    if mine is Cover.ALL:
        return Relation.WITHIN
    return Relation.DISJOINT if theirs is Cover.NONE else Relation.OVERLAPS


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
