"""Patterns as a trie, and the nodes that a path reaches in it, one segment after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Node:
    """A node of the trie. It stands for a common beginning of some patterns."""

    __slots__ = ("any", "is_final", "literals", "loop", "loops", "matches")

    def __init__(self, *, loops: bool = False) -> None:
        self.literals: dict[str, Node] = {}
        self.any: Node | None = None  # the node after any one segment
        self.loop: Node | None = None  # the node for zero or more segments; it is entered without a segment
        self.loops = loops
        #: the numbers of the patterns that end here
        self.matches: list[int] = []
        self.is_final = False

    @property
    def matters(self) -> bool:
        """Whether the node can lead to a match, other than through ``loop``, which is entered immediately."""
        return bool(self.literals or self.any or self.loops or self.matches)

    def is_terminal(self) -> bool:
        """Return ``True`` if further segments cannot change the result."""
        return self.loops and not self.literals and self.any is None and self.loop is None

    def insert(self, segments: Iterable[str], number: int, *, is_final: bool = False) -> None:
        """Add a pattern below this node, the root.

        With ``is_final``, patterns that are added later are irrelevant for a path that this one matches.
        """
        node = self
        for segment in segments:
            if segment == "*":
                node.any = node.any or Node()
                node = node.any
            node = node._looping() if segment in ("*", "**") else node.literals.setdefault(segment, Node())
        if not node.is_final and node.matches[-1:] != [number]:
            node.matches.append(number)
            node.is_final = is_final

    def _looping(self) -> Node:
        if self.loops:
            return self
        self.loop = self.loop or Node(loops=True)
        return self.loop


def step(nodes: Iterable[Node], segment: str | None) -> frozenset[Node]:
    """Return the nodes after one more segment. ``None`` stands for a segment that no pattern has at this point."""
    found = []
    for node in nodes:
        if segment is not None and segment in node.literals:
            found.append(node.literals[segment])
        if node.any is not None:
            found.append(node.any)
        if node.loops:
            found.append(node)
    return closed(found)


def closed(nodes: Sequence[Node]) -> frozenset[Node]:
    """Add the nodes that are reached without a segment. A loop never leads to another loop, so one pass suffices."""
    reached = [*nodes, *(node.loop for node in nodes if node.loop is not None)]
    return frozenset(node for node in reached if node.matters)
