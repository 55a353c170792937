"""The whole policy as plain data: every route, and which callers may open it.

Here: choose callers, simulate their requests, compare snapshots, write tables.
This room runs no view and calls no project code. It imports ``guard``, ``urlconf`` and what these may import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from django_sessionkit.urlconf.inventory import Route, list_routes

from .lines import Line, Matrix, Square
from .principals import Principal, default_principals
from .simulation import simulate

__all__ = ["Line", "Matrix", "Square", "matrix_of", "policy_matrix"]


def policy_matrix(callers: Sequence[Principal] | None = None) -> Matrix:
    """Return which caller may open which route of the URLconf, for a page of your own.

    ``callers`` are the callers to show. By default, these are the anonymous caller, a session without roles, and one
    for each known role.
    """
    routes = list_routes()
    return matrix_of(routes, default_principals(routes) if callers is None else callers)


def matrix_of(
    routes: Sequence[Route],
    callers: Sequence[Principal],
    watched: Callable[[Sequence[Route]], Iterable[Route]] = iter,
) -> Matrix:
    """Return the matrix for these routes and callers. ``watched`` can report the progress, as in ``simulate``."""
    return Matrix(tuple(one.name for one in callers), tuple(simulate(routes, callers, watched)))
