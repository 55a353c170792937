"""The whole policy as plain data: every route, and which callers may open it.

Here: choose callers, simulate their requests, compare snapshots, write tables.
This room runs no view and calls no project code. It imports ``guard``, ``urlconf`` and what these may import.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django_sessionkit.urlconf.inventory import Route, list_routes

from .principals import Principal, default_principals
from .simulation import ALLOWED, DELEGATED, DENIED, DEPENDS, Cell, Row, simulate

#: the word and the sign of each outcome, so that no page depends on colour alone
WORDS = {ALLOWED: "yes", DENIED: "no", DEPENDS: "depends", DELEGATED: "delegated"}
SIGNS = {ALLOWED: "✓", DENIED: "✕", DEPENDS: "?", DELEGATED: "→"}

#: the version of the JSON; it changes when a key is removed or changes its meaning
VERSION = 1


class Square(NamedTuple):
    """One cell of the matrix: a caller and the outcome for it."""

    caller: str
    outcome: str
    word: str
    sign: str
    why: str


class Line(NamedTuple):
    """One row of the matrix.

    ``reasons`` has each reason once, with the callers that it applies to. ``number`` distinguishes routes with the same
    text; it is 1 for the first of them.
    """

    route: str
    name: str
    view: str
    methods: str
    deciders: tuple[str, ...]
    squares: tuple[Square, ...]
    reasons: tuple[tuple[str, str, str], ...]
    is_unprotected: bool
    number: int = 1


class Matrix(NamedTuple):
    """Routes × callers."""

    callers: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def unprotected(self) -> int:
        """The number of unprotected lines."""
        return sum(line.is_unprotected for line in self.lines)


def policy_matrix(callers: Sequence[Principal] | None = None) -> Matrix:
    """Return which caller may open which route of the URLconf, for a page of your own.

    ``callers`` are the callers to show. By default, these are the anonymous caller, a session without roles, and one
    for each known role.
    """
    routes = list_routes()
    asked = default_principals(routes) if callers is None else callers
    return matrix_of(simulate(routes, asked), asked)


def matrix_of(rows: Iterable[Row], callers: Sequence[Principal]) -> Matrix:
    """Return the matrix for the rows of a forecast."""
    names = tuple(one.name for one in callers)
    same: dict[str, list[Route]] = {}
    lines = []
    for row in rows:
        known = same.setdefault(row.route.text, [])
        if not any(route is row.route for route in known[-1:]):  # the rows of one route are adjacent
            known.append(row.route)
        lines.append(_line(row, names, len(known)))
    return Matrix(names, tuple(lines))


def _line(row: Row, names: Sequence[str], number: int) -> Line:
    return Line(
        row.route.text,
        row.route.view_name if row.route.url_name else "",
        row.route.view,
        methods_of(row),
        row.deciders,
        tuple(Square(name, *_drawn(cell)) for name, cell in zip(names, row.cells, strict=True)),
        tuple(_reasons(row, names)),
        row.is_unprotected,
        number,
    )


def methods_of(row: Row) -> str:
    """Return the methods of a row as text; ``any`` for all."""
    return " ".join(row.verbs) or "any"


def _drawn(cell: Cell) -> tuple[str, str, str, str]:
    return cell.outcome, WORDS[cell.outcome], SIGNS[cell.outcome], cell.why


def _reasons(row: Row, names: Sequence[str]) -> Iterable[tuple[str, str, str]]:
    """Outcome, callers and reason. The reason is empty for ``allowed``."""
    groups: dict[Cell, list[str]] = {}
    for name, cell in zip(names, row.cells, strict=True):
        groups.setdefault(cell, []).append(name)
    return ((WORDS[cell.outcome], ", ".join(who), cell.why) for cell, who in groups.items())


def as_data(matrix: Matrix) -> dict[str, Any]:
    """Return the data that ``--format json`` prints."""
    return {
        "version": VERSION,
        "callers": list(matrix.callers),
        "routes": [
            {
                "route": line.route,
                "name": line.name,
                "view": line.view,
                "methods": None if line.methods == "any" else line.methods.split(" "),
                "deciders": list(line.deciders),
                "unprotected": line.is_unprotected,
                "outcomes": {one.caller: {"outcome": one.outcome, "why": one.why} for one in line.squares},
            }
            for line in matrix.lines
        ],
    }
