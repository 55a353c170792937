"""Which patterns of a long list cover a path, at the cost of one dict look-up per segment.

The patterns become a trie, and the trie a finite automaton over segments whose states are built when a path first
needs them. Wildcards are folded into the states, so nothing is tried twice and the size of the list does not matter.
A list so branchy that its automaton would not fit the budget is simulated on the trie instead: slower, still linear
in the path.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias, Union

from .patterns import Pattern, split

# Transitions that may be remembered: enough for each literal of a list once, and for the shapes between them.
_LEAST_BUDGET = 10_000
_BUDGET_PER_PATTERN = 8

# Paths longer than this are not worth a place in the cache, or are hostile.
_MAX_CACHED_LENGTH = 200
_CACHE_SIZE = 1024


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
_Next: TypeAlias = Union["_State", _Hits]


class _State(dict[str, "_Next"]):
    """A state of the automaton: segment → next state, or the final hits where what follows makes no difference."""

    __slots__ = ("_hits", "index", "nodes", "other")

    def __init__(self, index: PatternIndex, nodes: frozenset[_Node]) -> None:
        super().__init__()
        self.index = index
        self.nodes = nodes
        self._hits: _Hits | None = None
        self.other: _Next | None = None

    @property
    def hits(self) -> _Hits:
        """The numbers of the patterns that end here; worked out once for a path that ends here."""
        if self._hits is None:
            self._hits = _hits_of(self.nodes)
        return self._hits

    def __missing__(self, segment: str) -> _Next:
        """A segment not seen in this state before: a literal of some pattern, or any other."""
        if any(segment in node.literals for node in self.nodes):
            following = self.index.state_of(_step(self.nodes, segment))
            if self.index.may_remember():
                self[segment] = following
            return following
        if self.other is None:
            self.other = self.index.state_of(_step(self.nodes, None))
        return self.other


class PatternIndex:
    """An index over patterns that are given in the order of their numbers; see :meth:`covering`."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        root = _Node()
        for entry in entries:
            _insert(root, entry)
        self._states: dict[frozenset[_Node], _Next] = {}
        self._budget = max(_LEAST_BUDGET, _BUDGET_PER_PATTERN * len(entries))
        self._start = self.state_of(_closed([root]))
        self._remembered = lru_cache(maxsize=_CACHE_SIZE)(self._covering)

    def covering(self, path: str) -> _Hits:
        """The numbers of the patterns that cover ``path``, ascending and without doubles.

        After a final one, further numbers may be left out.
        """
        return self._remembered(path) if len(path) <= _MAX_CACHED_LENGTH else self._covering(path)

    def _covering(self, path: str) -> _Hits:
        state = self._start
        for segment in split(path):
            if type(state) is tuple:
                return state
            state = state[segment]  # type: ignore[call-overload]
        return state if type(state) is tuple else state.hits  # type: ignore[union-attr]

    def state_of(self, nodes: frozenset[_Node]) -> _Next:
        """The one state for a set of nodes; beyond the budget a passing one."""
        state = self._states.get(nodes)
        if state is None:
            settled = all(node.is_settled() for node in nodes)
            state = _hits_of(nodes) if settled else _State(self, nodes)
            if self.may_remember(len(nodes)):
                self._states[nodes] = state
        return state

    def may_remember(self, size: int = 1) -> bool:
        """Take ``size`` from the budget, if there is so much left."""
        self._budget -= size
        return self._budget >= 0


def _insert(root: _Node, entry: Entry) -> None:
    node = root
    for segment in split(entry.pattern.text):
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
