"""Find the patterns of a long list that match a path.

The patterns form a trie of the literals that they begin with. A path is compared only with patterns that begin like it,
so the time does not depend on the number of patterns. From the first wildcard on, the patterns of a node are matched in
parallel. Both parts take time linear in the length of the path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django_sessionkit.patterns import WILDCARDS, Pattern, ShiftAndMatcher, split

# The number of patterns matched in parallel. With all in one group, memory would grow with the square of their number.
_GROUP = 1024


class Node(dict[str, "Node"]):
    """The patterns that begin with the same literals, sorted by what comes next. A literal leads to the next node."""

    __slots__ = ("_matchers", "below", "here", "others")

    def __init__(self) -> None:
        super().__init__()
        #: the numbers of the patterns that end here
        self.here: list[int] = []
        #: those that go on with ``/**`` and end, so that they match every path that comes here
        self.below: list[int] = []
        #: the other patterns that go on with a wildcard: the number, and the segments from the wildcard on
        self.others: list[tuple[int, Sequence[str]]] = []
        self._matchers: list[ShiftAndMatcher] = []  # one for each group of `others`, built when a path needs them

    def insert(self, segments: Sequence[str], number: int) -> int:
        """Add a pattern below this node, the root. Return the number of its literals before the first wildcard."""
        node = self
        for place, segment in enumerate(segments):
            if segment in WILDCARDS:
                rest = segments[place:]
                if len(rest) == 1 and segment == "**":
                    node.below.append(number)
                else:
                    node.others.append((number, rest))
                return place
            node = node.setdefault(segment, Node())
        node.here.append(number)
        return len(segments)

    @property
    def with_wildcard(self) -> list[int]:
        """The numbers of the patterns that go on with a wildcard."""
        return [*self.below, *(number for number, _ in self.others)]

    def matching(self, path: str, depth: int) -> Iterator[int]:
        """Yield the numbers of ``others`` that match the segments of a path below ``depth``, the depth of this node."""
        starts = range(0, len(self.others), _GROUP)
        if not self._matchers:
            groups = (self.others[start : start + _GROUP] for start in starts)
            self._matchers = [ShiftAndMatcher(rest for _, rest in group) for group in groups]
        for start, matcher in zip(starts, self._matchers, strict=True):
            bits = matcher.run_below(path, depth) & matcher.accepting
            if bits:
                yield from (self.others[start + n][0] for n, bit in enumerate(matcher.accepts) if bits & bit)


class PatternIndex:
    """An index over numbered patterns. Several patterns may have the same number."""

    def __init__(self, patterns: Iterable[tuple[int, Pattern]]) -> None:
        self._root = Node()
        depths = [self._root.insert(pattern.segments, number) for number, pattern in patterns]
        self._depth = max(depths, default=0)

    def matching(self, path: str) -> tuple[int, ...]:
        """Return the numbers of the patterns that match ``path``, in ascending order and without duplicates."""
        node = self._root
        found: list[int] = []
        segments = split(path, self._depth)  # no node below that depth has a literal
        for depth, segment in enumerate(segments):
            if node.below:
                found += node.below
            if node.others:
                found += node.matching(path, depth)
            if segment not in node:
                break
            node = node[segment]
        else:
            found += node.here
            found += node.below
            if node.others:
                found += node.matching(path, len(segments))
        return tuple(sorted(set(found))) if len(found) > 1 else tuple(found)
