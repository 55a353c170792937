"""Find the patterns of a long list that match a path, with one dict lookup per path segment.

The patterns form a trie, and the trie becomes a finite automaton over segments. A state is built when a path first
needs it. Wildcards are part of the states, so no segment is tried twice and the time does not depend on the number of
patterns. If the automaton exceeds its memory budget, the patterns are matched in parallel instead. This is slower, but
still linear in the length of the path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from django_sessionkit.patterns import Pattern, ShiftAndMatcher, split
from django_sessionkit.utils.bounded_cache import LONG, BoundedCache

from .pattern_trie import Node, closed, step

# The memory budget of all states together, in nodes, transitions and hits. It suffices to hold each literal of a list
# once, and the combinations between them.
_LEAST_BUDGET = 10_000
_BUDGET_PER_PATTERN = 8

# If the loops of a state have more literals than this, its transitions are added one by one, as paths need them.
_FEW_LITERALS = 32

# The number of patterns matched in parallel. With all in one group, memory would grow with the square of their number.
_GROUP = 256

# The number of segments of a long path that are matched before the rest is split.
_FIRST = 32


class Entry(NamedTuple):
    """A pattern and its number. With ``is_final``, later patterns are irrelevant for a path that this one matches."""

    number: int
    pattern: Pattern
    is_final: bool = False


_Matches: TypeAlias = tuple[int, ...]


class _State(dict[str, "_State | None"]):
    """A state of the automaton: maps a segment to the next state, or to ``None`` if that is not computed yet.

    ``rest`` is the next state for a segment that no pattern has at this point. ``other`` is the same state if all
    segments that the patterns have here are keys (``is_complete``), else ``None``. ``is_terminal`` is ``True`` if
    further segments cannot change the result.
    """

    __slots__ = ("is_complete", "is_terminal", "matches", "nodes", "other", "rest")

    def __init__(self, nodes: frozenset[Node]) -> None:
        super().__init__()
        self.nodes = nodes
        self.matches = _matches_of(nodes)
        self.is_terminal = all(node.is_terminal() for node in nodes)
        self.is_complete = False
        self.rest: _State | None = None
        self.other: _State | None = None

    def is_kept_by(self, path: str) -> bool:
        """Return ``True`` if no segment of ``path`` leads to another state."""
        if self.other is not self:
            return False
        has_none = len(self) <= _FEW_LITERALS and not any(literal in path for literal in self)
        return has_none or self.keys().isdisjoint(path.split("/"))

    @property
    def cost(self) -> int:
        """The part of the memory budget that the state uses."""
        return 1 + len(self.nodes) + len(self.matches)


class PatternIndex:
    """An index over patterns. The entries must be in the order of their numbers.

    ``matching(path)`` returns the numbers of the patterns that match ``path``, in ascending order and without
    duplicates. Numbers after that of a final pattern may be missing.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        root = Node()
        for entry in entries:
            root.insert(entry.pattern.segments, entry.number, is_final=entry.is_final)
        self._entries = tuple(entries)
        self._groups: list[tuple[ShiftAndMatcher, Sequence[Entry]]] = []
        self._states: dict[frozenset[Node], _State] = {}
        self._budget = max(_LEAST_BUDGET, _BUDGET_PER_PATTERN * len(entries))
        self._start = _State(closed([root]))
        self._complete(self._start)
        self._before = _State(frozenset())  # the state before the empty segment that precedes the leading slash
        self._before[""] = self._start
        self.matching: Callable[[str], _Matches] = BoundedCache(self._find).__getitem__

    def _find(self, path: str) -> _Matches:
        """Match the first segments of a long path only, if the rest cannot change the result."""
        if len(path) > LONG:
            *first, rest = path.removesuffix("/").split("/", _FIRST)
            state = self._after(first)
            if state is not None and (state.is_terminal or state.is_kept_by(rest)):
                return state.matches
        return self._matching(path)

    def _after(self, segments: Iterable[str]) -> _State | None:
        """Return the state after these segments, or the first settled state; ``None`` if the budget is used up."""
        state = self._before
        for segment in segments:
            following = state.get(segment, state.other)
            if following is None:
                following = self._follow(state, segment)
            if following is None or following.is_terminal:
                return following
            state = following
        return state

    def _matching(self, path: str) -> _Matches:
        state = self._before
        for segment in path.removesuffix("/").split("/"):  # one trailing slash makes no difference
            following = state.get(segment, state.other)
            if not following:  # not computed yet, or a state without literals
                if following is None:
                    following = self._follow(state, segment)
                    if following is None:
                        return tuple(self._run(path))
                if following.is_terminal:
                    return following.matches
            state = following
        return state.matches

    def _follow(self, state: _State, segment: str) -> _State | None:
        """Compute a transition, or return ``None`` if the budget does not suffice."""
        if state is self._before:
            return self._start.get(segment) or self._follow(self._start, segment)
        for node in state.nodes:
            if segment in node.literals:
                break
        else:
            return state.rest or self._follow_other(state)
        following = self._state_of(step(state.nodes, segment))
        if following is not None and (segment in state or self._may_spend(1)):
            state[segment] = following
        return following

    def _follow_other(self, state: _State) -> _State | None:
        """Compute the next state for a segment that no pattern has at this point."""
        if state.rest is None:
            state.rest = self._state_of(step(state.nodes, None))
        state.other = state.rest if state.is_complete else None
        return state.rest

    def _state_of(self, nodes: frozenset[Node]) -> _State | None:
        """Return the single state for a set of nodes; ``None`` if the budget does not suffice."""
        state = self._states.get(nodes)
        if state is None:
            state = _State(nodes)
            if not self._may_spend(state.cost):
                return None
            self._complete(state)
            self._states[nodes] = state
        return state

    def _complete(self, state: _State) -> None:
        """Add all literals as keys, unless this takes much more memory than the trie itself."""
        count = sum(len(node.literals) for node in state.nodes)
        repeated = sum(len(node.literals) for node in state.nodes if node.loops)  # many states contain the same loop
        if repeated <= _FEW_LITERALS and count <= self._budget // 2:
            self._budget -= count
            for node in state.nodes:
                state.update(dict.fromkeys(node.literals))
            state.is_complete = True

    def _may_spend(self, amount: int) -> bool:
        """Take ``amount`` from the budget. Return ``False`` if less is left."""
        if amount > self._budget:
            return False
        self._budget -= amount
        return True

    def _run(self, path: str) -> Iterator[int]:
        """Yield the numbers of the patterns that match ``path``, without building any state."""
        if not self._groups:
            parts = [self._entries[start : start + _GROUP] for start in range(0, len(self._entries), _GROUP)]
            self._groups = [(ShiftAndMatcher(entry.pattern.segments for entry in part), part) for part in parts]
        segments, last = split(path), None
        for automaton, entries in self._groups:
            bits = automaton.run(segments)
            for entry, accept in zip(entries, automaton.accepts, strict=True) if bits & automaton.accepting else ():
                if bits & accept and entry.number != last:
                    yield entry.number
                    if entry.is_final:
                        return
                    last = entry.number


def _matches_of(nodes: Iterable[Node]) -> _Matches:
    return tuple(sorted({number for node in nodes for number in node.matches}))
