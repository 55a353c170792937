"""The matrix as values: a line for each route and group of methods, a square for each caller."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

ALLOWED, DENIED, DEPENDS, DELEGATED = "allowed", "denied", "depends", "delegated"

#: the word and the sign of each outcome, so that no page depends on colour alone
WORDS = {ALLOWED: "yes", DENIED: "no", DEPENDS: "depends", DELEGATED: "delegated"}
SIGNS = {ALLOWED: "✓", DENIED: "✕", DEPENDS: "?", DELEGATED: "→"}

_MOST_TOLD = 3

#: the label of a route to which nothing in the policy applies
UNPROTECTED = "unprotected"

#: the methods of a function view, if all methods have the same decisions
ANY = "any"


class Square(NamedTuple):
    """The result for one caller: one of the four outcomes, and the reason as text.

    For ``allowed`` it is empty, or names the circumstances without which the caller would be denied.
    """

    caller: str
    outcome: str
    why: str

    @property
    def word(self) -> str:
        """The outcome in one word."""
        return WORDS[self.outcome]

    @property
    def sign(self) -> str:
        """The outcome as one character."""
        return SIGNS[self.outcome]


class Line(NamedTuple):
    """One route, for methods with the same decisions.

    - ``route``, ``name``, ``view``: the URL pattern, the view name if the route has one, and the view.
    - ``methods``: the methods, separated by spaces, or ``any``.
    - ``deciders``: the labels of the rules that decide, ``SESSIONKIT_GLOBAL_PROTECT``, ``SESSIONKIT_EXCLUDE``,
      ``@public``, ``@login_not_required`` (with ``(off)`` if it is ignored), ``login page`` or ``unprotected``; what
      the view itself requires, as ``view: Role('editor')``; and another check of the view, if it has one.
    - ``squares``: one per caller.
    - ``number``: distinguishes routes with the same text; it is 1 for the first of them.
    """

    route: str
    name: str
    view: str
    methods: str
    deciders: tuple[str, ...]
    squares: tuple[Square, ...]
    number: int = 1

    @property
    def is_unprotected(self) -> bool:
        """Whether anyone may open the route, and nothing in the policy applies to it."""
        return UNPROTECTED in self.deciders

    @property
    def reasons(self) -> tuple[tuple[str, str, str], ...]:
        """Each outcome as a word, with the callers that it applies to, and the reason."""
        groups: dict[tuple[str, str], list[str]] = {}
        for one in self.squares:
            groups.setdefault((one.word, one.why), []).append(one.caller)
        return tuple((word, ", ".join(callers), why) for (word, why), callers in groups.items())


class Matrix(NamedTuple):
    """Routes × callers."""

    callers: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def unprotected(self) -> int:
        """The number of unprotected lines."""
        return sum(line.is_unprotected for line in self.lines)


def few(texts: Iterable[str], joint: str) -> str:
    """Return the first three of ``texts``, joined by ``joint``, and the number of the rest."""
    found = list(dict.fromkeys(texts))
    more = len(found) - _MOST_TOLD
    return joint.join(found[:_MOST_TOLD]) + (f" and {more} more" if more > 0 else "")
