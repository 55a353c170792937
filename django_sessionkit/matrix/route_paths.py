"""The paths of a route on which the decisions are computed, and the requests to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from django_sessionkit import conf
from django_sessionkit.guard.request_evaluation import AccessRequest
from django_sessionkit.urlconf.routes import Route

from .lines import few
from .sample_paths import PathSampler, RuleOrder

# The most paths of one route to decide on. If the rules distinguish more, the outcome is "depends".
_MOST_PATHS = 200


class RoutePaths:
    """Chooses the paths of routes. What is the same for all routes is computed once."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._sampler = PathSampler(conf.current().rules.patterns)
        self._order = RuleOrder(routes)

    def of(self, route: Route) -> tuple[tuple[str, ...], str]:
        """Return one path for each case that the rules distinguish, without paths that an earlier route matches.

        The text says why they may be incomplete. It is empty if they are complete.
        """
        paths = tuple(islice(self._chosen(route), _MOST_PATHS + 1))
        return paths[:_MOST_PATHS], self._doubt(route, paths)

    def _chosen(self, route: Route) -> Iterator[str]:
        paths = self._sampler.paths(route)
        yield from islice(paths, 1)
        for path in paths:
            other = (path.rstrip("/") or path) if path.endswith("/") else f"{path}/"
            spellings = (one for one in (path, other) if one == path or route.accepts(one))  # the same to every rule
            yield from islice((one for one in spellings if not self._order.is_taken_before(route, one)), 1)

    def _doubt(self, route: Route, paths: Sequence[str]) -> str:
        if len(paths) > _MOST_PATHS:
            return "more paths were not checked"
        patterns = self._sampler.doubts(route, paths)
        return f"{few(patterns, ', ')} may match other paths" if patterns else ""


def request_for(route: Route, method: str, path: str) -> AccessRequest:
    """Return the access request for ``path``, one of the examples of ``route``."""
    return AccessRequest(path, path, method, route.urlconf, route.match, resolved=True, forms=route.forms(path))
