"""Find the few patterns of a long list that may share a path with a route or with another pattern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from django_sessionkit.patterns import WILDCARDS, Pattern
from django_sessionkit.policy.pattern_index import Node

from .segments import MANY, ONE, Part, PartialSegment


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


def steps_of(pattern: Pattern) -> tuple[Step, ...]:
    """Return a pattern as the steps of a route."""
    return tuple(ONE if one == "*" else ANY if one == "**" else one for one in pattern.segments)


class CandidateIndex:
    """An index of numbered patterns by their literal segments, which finds candidates for a path.

    A pattern is indexed by its first segments. A pattern that begins with a wildcard is indexed by its last segments;
    one that also ends with a wildcard, by a literal in between.
    """

    def __init__(self, patterns: Iterable[tuple[int, Pattern]]) -> None:
        self._forward, self._backward = Node(), Node()
        self._inner: dict[str, list[int]] = {}
        for number, pattern in patterns:
            segments = pattern.segments
            if not segments or segments[0] not in WILDCARDS:
                self._forward.insert(segments, number)
            elif segments[-1] not in WILDCARDS:
                self._backward.insert(segments[::-1], number)
            else:
                key = next((one for one in segments if one not in WILDCARDS), "")
                self._inner.setdefault(key, []).append(number)

    def near(self, steps: Sequence[Step], *, whole: bool = False) -> list[int]:
        """Return the numbers of the patterns that may share a path with ``steps``, in order.

        ``whole``: only those that may cover all of ``steps``. They have no literal where ``steps`` has a wildcard.
        """
        found = {*_near(self._forward, steps, whole), *_near(self._backward, steps[::-1], whole)}
        literals = {step for step in steps if isinstance(step, str)}
        keys = {*literals, ""} if whole or len(literals) == len(steps) else self._inner
        return sorted(found.union(*(self._inner.get(key, ()) for key in keys)))


def _near(node: Node, steps: Sequence[Step], whole: bool) -> Iterator[int]:
    yield from node.with_wildcard
    if steps and steps[0] in (MANY, ANY) and not whole:
        yield from _below(node)
        return
    if not steps:
        yield from node.here
    for following in _next(node, steps[0], whole) if steps else ():
        yield from _near(following, steps[1:], whole)


def _below(node: Node) -> Iterator[int]:
    yield from node.here
    for one in node.values():
        yield from one.with_wildcard
        yield from _below(one)


def _next(node: Node, step: Step, whole: bool) -> Iterable[Node]:
    if isinstance(step, str):
        return [node[step]] if step in node else []
    if whole:
        return []
    if isinstance(step, OneOf):
        return [following for literal, following in node.items() if literal in step.texts]
    if isinstance(step, PartialSegment):
        return [following for literal, following in node.items() if step.fits(literal)]
    return node.values()
