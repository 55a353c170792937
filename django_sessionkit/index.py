"""Which patterns of a long list cover a path, at the cost of one dict look-up per segment.

The patterns become a trie, and the trie a finite automaton over segments whose states are built when a path first
needs them. Wildcards are folded into the states, so nothing is tried twice and the size of the list does not matter.
Where a list is so branchy that its automaton does not fit the budget, the patterns are run side by side instead:
slower, still linear in the path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from .memory import LONG, Memory
from .patterns import Automaton, Pattern, split

# What the states may hold in all (nodes, transitions, hits): enough for each literal of a list once, and for the
# shapes between them.
_LEAST_BUDGET = 10_000
_BUDGET_PER_PATTERN = 8

# A state whose loops name more literals than this learns its transitions one by one.
_FEW_LITERALS = 32

# Patterns that are run side by side: in one group, memory would grow with their square.
_GROUP = 256

# The segments of a long path that are looked at before the rest is split.
_FIRST = 32


class Entry(NamedTuple):
    """A pattern and its number. ``is_final``: where it covers a path, later numbers do not matter."""

    number: int
    pattern: Pattern
    is_final: bool = False


class _Node:
    """A node of the trie: how much of some patterns has been matched."""

    __slots__ = ("any", "hits", "is_final", "literals", "loop", "loops")

    def __init__(self, *, loops: bool = False) -> None:
        self.literals: dict[str, _Node] = {}
        self.any: _Node | None = None  # after any one segment
        self.loop: _Node | None = None  # entered without a segment, left with none: zero or more
        self.loops = loops
        self.hits: list[int] = []
        self.is_final = False

    @property
    def matters(self) -> bool:
        """Whether a path that is here can get anywhere, other than by the loop that is entered at once."""
        return bool(self.literals or self.any or self.loops or self.hits)

    def is_settled(self) -> bool:
        """Whether what follows makes no difference any more."""
        return self.loops and not self.literals and self.any is None and self.loop is None


_Hits: TypeAlias = tuple[int, ...]


class _State(dict[str, "_State | None"]):
    """A state of the automaton: segment → next state, ``None`` where that has not been worked out.

    ``rest`` is where a segment leads that no pattern names here; ``other`` is the same, if all that they name are among
    the keys (``is_complete``). ``is_settled``: what follows makes no difference any more.
    """

    __slots__ = ("hits", "is_complete", "is_settled", "nodes", "other", "rest")

    def __init__(self, nodes: frozenset[_Node]) -> None:
        super().__init__()
        self.nodes = nodes
        self.hits = _hits_of(nodes)
        self.is_settled = all(node.is_settled() for node in nodes)
        self.is_complete = False
        self.rest: _State | None = None
        self.other: _State | None = None

    def is_kept_by(self, path: str) -> bool:
        """Whether no segment of ``path`` leads out of the state."""
        if self.other is not self:
            return False
        has_none = len(self) <= _FEW_LITERALS and not any(literal in path for literal in self)
        return has_none or self.keys().isdisjoint(path.split("/"))

    @property
    def cost(self) -> int:
        """What the state takes from the budget."""
        return 1 + len(self.nodes) + len(self.hits)


class PatternIndex:
    """An index over patterns that are given in the order of their numbers.

    ``covering(path)`` gives the numbers of the patterns that cover ``path``, ascending and without doubles. After a
    final one, further numbers may be left out.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        root = _Node()
        for entry in entries:
            _insert(root, entry)
        self._entries = tuple(entries)
        self._groups: list[tuple[Automaton, Sequence[Entry]]] = []
        self._states: dict[frozenset[_Node], _State] = {}
        self._budget = max(_LEAST_BUDGET, _BUDGET_PER_PATTERN * len(entries))
        self._start = _State(_closed([root]))
        self._complete(self._start)
        self._before = _State(frozenset())  # what stands before the leading slash is empty
        self._before[""] = self._start
        self.covering: Callable[[str], _Hits] = Memory(self._find).__getitem__

    def _find(self, path: str) -> _Hits:
        """What covers most long paths shows in their first segments, and the rest makes no difference."""
        if len(path) > LONG:
            *first, rest = path.removesuffix("/").split("/", _FIRST)
            state = self._after(first)
            if state is not None and (state.is_settled or state.is_kept_by(rest)):
                return state.hits
        return self._covering(path)

    def _after(self, segments: Iterable[str]) -> _State | None:
        """The state after these segments, or the first one that is settled; ``None`` where it cannot be told."""
        state = self._before
        for segment in segments:
            following = state.get(segment, state.other)
            if following is None:
                following = self._follow(state, segment)
            if following is None or following.is_settled:
                return following
            state = following
        return state

    def _covering(self, path: str) -> _Hits:
        state = self._before
        for segment in path.removesuffix("/").split("/"):  # one trailing slash makes no difference
            following = state.get(segment, state.other)
            if not following:  # not worked out, or followed by no literal
                if following is None:
                    following = self._follow(state, segment)
                    if following is None:
                        return tuple(self._run(path))
                if following.is_settled:
                    return following.hits
            state = following
        return state.hits

    def _follow(self, state: _State, segment: str) -> _State | None:
        """Work out a transition; ``None`` where the budget does not suffice."""
        if state is self._before:
            return self._start.get(segment) or self._follow(self._start, segment)
        for node in state.nodes:
            if segment in node.literals:
                break
        else:
            return state.rest or self._follow_other(state)
        following = self._state_of(_step(state.nodes, segment))
        if following is not None and (segment in state or self._may_spend(1)):
            state[segment] = following
        return following

    def _follow_other(self, state: _State) -> _State | None:
        """Where a segment leads that no pattern names here."""
        if state.rest is None:
            state.rest = self._state_of(_step(state.nodes, None))
        state.other = state.rest if state.is_complete else None
        return state.rest

    def _state_of(self, nodes: frozenset[_Node]) -> _State | None:
        """The one state for a set of nodes."""
        state = self._states.get(nodes)
        if state is None:
            state = _State(nodes)
            if not self._may_spend(state.cost):
                return None
            self._complete(state)
            self._states[nodes] = state
        return state

    def _complete(self, state: _State) -> None:
        """Take over all literals as keys, where that is hardly more than the trie itself holds."""
        count = sum(len(node.literals) for node in state.nodes)
        repeated = sum(len(node.literals) for node in state.nodes if node.loops)  # a loop is in many states
        if repeated <= _FEW_LITERALS and count <= self._budget // 2:
            self._budget -= count
            for node in state.nodes:
                state.update(dict.fromkeys(node.literals))
            state.is_complete = True

    def _may_spend(self, amount: int) -> bool:
        """Take ``amount`` from the budget, if there is so much left."""
        if amount > self._budget:
            return False
        self._budget -= amount
        return True

    def _run(self, path: str) -> Iterator[int]:
        """The numbers for ``path``, without any state."""
        if not self._groups:
            parts = [self._entries[start : start + _GROUP] for start in range(0, len(self._entries), _GROUP)]
            self._groups = [(Automaton(entry.pattern.segments for entry in part), part) for part in parts]
        segments, last = split(path), None
        for automaton, entries in self._groups:
            bits = automaton.run(segments)
            for entry, accept in zip(entries, automaton.accepts, strict=True) if bits & automaton.accepting else ():
                if bits & accept and entry.number != last:
                    yield entry.number
                    if entry.is_final:
                        return
                    last = entry.number


def _insert(root: _Node, entry: Entry) -> None:
    node = root
    for segment in entry.pattern.segments:
        if segment == "*":
            node.any = node.any or _Node()
            node = node.any
        node = _loop_of(node) if segment in ("*", "**") else node.literals.setdefault(segment, _Node())
    if not node.is_final and node.hits[-1:] != [entry.number]:
        node.hits.append(entry.number)
        node.is_final = entry.is_final


def _loop_of(node: _Node) -> _Node:
    if node.loops:
        return node
    node.loop = node.loop or _Node(loops=True)
    return node.loop


def _step(nodes: Iterable[_Node], segment: str | None) -> frozenset[_Node]:
    """The nodes after one more segment; ``None`` stands for one that no pattern names here."""
    found = []
    for node in nodes:
        if segment is not None and segment in node.literals:
            found.append(node.literals[segment])
        if node.any is not None:
            found.append(node.any)
        if node.loops:
            found.append(node)
    return _closed(found)


def _closed(nodes: Sequence[_Node]) -> frozenset[_Node]:
    """With the nodes that are reached without a segment. A loop is never entered from a loop, so one look suffices."""
    reached = [*nodes, *(node.loop for node in nodes if node.loop is not None)]
    return frozenset(node for node in reached if node.matters)


def _hits_of(nodes: Iterable[_Node]) -> _Hits:
    return tuple(sorted({number for node in nodes for number in node.hits}))
