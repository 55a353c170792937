"""Compute the decision for each route, HTTP method and kind of caller, with the code that guards requests.

No view runs, no query is made, and no predicate or access policy of the project is called. The outcome is
:data:`DEPENDS` if one of those decides, or if the rules treat some paths of a route differently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from django_sessionkit import conf
from django_sessionkit.conf import installed
from django_sessionkit.exceptions import RouteMismatch
from django_sessionkit.guard import redirects
from django_sessionkit.guard.engine import GLOBAL_LABEL, authorize, variants_of
from django_sessionkit.guard.request_evaluation import AccessRequest, RequestEvaluation
from django_sessionkit.policy.path_variants import PathVariant
from django_sessionkit.policy.view_marks import (
    DJANGO_LABEL,
    ViewRequirement,
    exempting_mark,
    is_login_not_required,
    requirements_of,
)
from django_sessionkit.session.context import SessionContext
from django_sessionkit.session.value import Session
from django_sessionkit.urlconf.routes import Route
from django_sessionkit.utils.sansio import dry_run

from .lines import ALLOWED, ANY, DELEGATED, DENIED, DEPENDS, UNPROTECTED, Line, Square
from .principals import Principal, in_order, named_verbs, verbs_of
from .sample_paths import PathSampler, RuleOrder

EXCLUDE_LABEL, LOGIN_LABEL = "SESSIONKIT_EXCLUDE", "login page"
#: the mark of Django while ``SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED`` is off
IGNORED_MARK = f"{DJANGO_LABEL} (off)"
UNREADABLE_LABEL = "too many path variants"

# The most paths of one route to decide on. If the rules distinguish more, the outcome is "depends".
_MOST_PATHS = 200
_MOST_TOLD = 3


def simulate(
    routes: Sequence[Route],
    callers: Sequence[Principal],
    watched: Callable[[Sequence[Route]], Iterable[Route]] = iter,
) -> Iterator[Line]:
    """Yield a line for each route and group of methods, in the order of the URLconf.

    ``watched`` gets the routes and returns them as an iterable. It can report the progress.
    """
    simulator = _Simulator(routes, callers)
    for route in watched(routes):
        yield from simulator.lines(route)


class _Caller(NamedTuple):
    name: str
    session: Session | None
    evaluation: RequestEvaluation


class _Case(NamedTuple):
    """One path and method: what decides, and the result for each caller."""

    path: str
    deciders: tuple[str, ...]
    squares: tuple[Square, ...]


class _Simulator:
    """Computes the lines. What is the same for all routes is computed once."""

    def __init__(self, routes: Sequence[Route], callers: Sequence[Principal]) -> None:
        rules = conf.current().rules
        self._callers = [
            _Caller(one.name, one.session, RequestEvaluation(SessionContext.fixed(one.session))) for one in callers
        ]
        self._sampler = PathSampler(rules.patterns)
        self._fussy = [rule for rule in rules.rules if rule.methods or rule.unsafe_only]
        self._kinds: dict[str, tuple[bool, ...]] = {}
        self._named = named_verbs()
        self._asks_login = (
            installed.middleware_index(installed.middleware(), installed.LOGIN_REQUIRED_MIDDLEWARE) is not None
        )
        self._order = RuleOrder(routes)
        self._numbers: Counter[str] = Counter()

    def lines(self, route: Route) -> Iterator[Line]:
        paths = tuple(islice(self._paths(route), _MOST_PATHS + 1))
        doubt = self._doubt(route, paths)
        groups: dict[tuple[tuple[str, ...], tuple[Square, ...]], list[str]] = {}
        for verbs in self._alike(route):
            groups.setdefault(self._result(route, verbs[0], paths[:_MOST_PATHS], doubt), []).extend(verbs)
        is_any = route.methods is None and len(groups) == 1
        name = route.view_name if route.url_name else ""
        self._numbers[route.text] += 1
        for (deciders, squares), verbs in groups.items():
            methods = ANY if is_any else " ".join(in_order(verbs))
            yield Line(route.text, name, route.view, methods, deciders, squares, self._numbers[route.text])

    def _paths(self, route: Route) -> Iterator[str]:
        """One path for each case that the rules distinguish, without paths that an earlier route matches."""
        paths = self._sampler.paths(route)
        yield from islice(paths, 1)
        for path in paths:
            other = (path.rstrip("/") or path) if path.endswith("/") else f"{path}/"
            spellings = (one for one in (path, other) if one == path or route.accepts(one))  # the same to every rule
            yield from islice((one for one in spellings if not self._order.is_taken_before(route, one)), 1)

    def _doubt(self, route: Route, paths: Sequence[str]) -> str:
        """Why the sample paths may be incomplete; empty if they are complete."""
        if len(paths) > _MOST_PATHS:
            return "more paths were not checked"
        patterns = self._sampler.doubts(route, paths)
        return f"{few(patterns, ', ')} may match other paths" if patterns else ""

    def _alike(self, route: Route) -> Iterable[list[str]]:
        """The methods, grouped by the rules and the requirements of the view that apply to them."""
        groups: dict[Any, list[str]] = {}
        for verb in verbs_of(route, self._named):
            marks = tuple(mark.requirement for mark in requirements_of(route.callback, verb))
            groups.setdefault((self._kind(verb), marks), []).append(verb)
        return groups.values()

    def _kind(self, verb: str) -> tuple[bool, ...]:
        if verb not in self._kinds:
            self._kinds[verb] = tuple(rule.matches_method(verb) for rule in self._fussy)
        return self._kinds[verb]

    def _result(
        self, route: Route, verb: str, paths: Sequence[str], doubt: str
    ) -> tuple[tuple[str, ...], tuple[Square, ...]]:
        """What decides, and the result for each caller."""
        gate = self._gate(route)
        marks = requirements_of(route.callback, verb)
        cases = [self._case(request_for(route, verb, path), marks) for path in paths]
        labels = dict.fromkeys(label for case in cases for label in case.deciders or (() if gate else (UNPROTECTED,)))
        squares = [
            Square(caller.name, *_merged([(case.path, case.squares[number]) for case in cases], doubt))
            for number, caller in enumerate(self._callers)
        ]
        if gate is None:
            return tuple(labels), tuple(squares)
        opened = (one._replace(outcome=DELEGATED, why=gate) if one.outcome == ALLOWED else one for one in squares)
        return (*labels, gate), tuple(opened)

    def _gate(self, route: Route) -> str | None:
        asks_login = self._asks_login and getattr(route.callback, "login_required", True)
        return route.external_check or ("LoginRequiredMiddleware" if asks_login else None)

    def _case(self, target: AccessRequest, marks: Sequence[ViewRequirement]) -> _Case:
        deciders = (*_deciders(target), *(f"view: {mark.requirement!r}" for mark in marks))
        squares = (Square(caller.name, *_outcome(target, marks, caller)) for caller in self._callers)
        return _Case(target.path, deciders, tuple(squares))


def _outcome(target: AccessRequest, marks: Sequence[ViewRequirement], caller: _Caller) -> tuple[str, str]:
    """The outcome for one caller, and why.

    A certain denial by a rule or the view wins over a requirement not evaluated here.
    """
    denial = dry_run(authorize(target, caller.evaluation, with_default=True))
    policy = conf.current().policy
    asked = (dry_run(mark.requirement.flow(caller.session, policy, None)) for mark in marks)
    denials = [*([denial.decision] if denial is not None else []), *(one for one in asked if not one)]
    sure = next((one for one in denials if not one.failed), None)
    if sure is None and denial is not None and denial.decision.requirement is None:
        return DENIED, f"{UNREADABLE_LABEL}: see the log"
    if sure is not None:
        return DENIED, f"{sure.rule or 'view'}: {sure}"
    if denials:
        return DEPENDS, f"{denials[0].rule or 'view'}: {denials[0].requirement!r} is only evaluated for a request"
    return ALLOWED, ""


def _deciders(target: AccessRequest) -> Iterator[str]:
    """The labels of what decides: rules, else ``@public``, an exclude or the default. None if it is unprotected."""
    settings = conf.current()
    evaluation = RequestEvaluation(SessionContext.fixed(None))
    try:
        readings = list(variants_of(target, evaluation))
    except RouteMismatch:
        yield UNREADABLE_LABEL
        return
    matches = evaluation.first_matches(readings, target)
    labels = dict.fromkeys(match.rule.label for match in matches if match.rule is not None)
    mark = exempting_mark(target.match, honors_django=settings.honor_login_not_required)
    if not labels and mark is not None:
        labels = {mark: None}
    elif not labels and _is_excluded(target, readings):
        labels = {EXCLUDE_LABEL: None}
    elif not labels and settings.global_protect:
        labels = {GLOBAL_LABEL: None}
        if target.match is not None and is_login_not_required(target.match.func):
            labels[IGNORED_MARK] = None
    if labels and redirects.is_login_page(target.path, target.path_info, target.urlconf, target.match):
        yield LOGIN_LABEL
    yield from labels


def _is_excluded(target: AccessRequest, readings: Iterable[PathVariant]) -> bool:
    """Return ``True`` if the view or every exact path variant is excluded."""
    rules = conf.current().rules
    return rules.excludes_view(target.view_name) or all(rules.excludes(one.path) for one in readings if one.exact)


def _merged(cases: Sequence[tuple[str, Square]], doubt: str) -> tuple[str, str]:
    """The outcome of one caller, and why, for the whole route: ``DEPENDS`` if its paths have different outcomes."""
    outcomes = {square.outcome for _, square in cases}
    if len(outcomes) == 1 and not doubt:
        return outcomes.pop(), few([square.why for _, square in cases if square.why], "; ")
    if not cases:
        return DEPENDS, "no sample path can be derived from the URL pattern"
    parts = [_told(outcome, cases) for outcome in (ALLOWED, DENIED, DEPENDS) if outcome in outcomes]
    return DEPENDS, "; ".join([*parts, doubt] if doubt else parts)


def _told(outcome: str, cases: Sequence[tuple[str, Square]]) -> str:
    """A text such as ``denied on /users/admin (users: needs the role "admin")``, with some of the paths."""
    found = [f"{path} ({square.why})" if square.why else path for path, square in cases if square.outcome == outcome]
    return f"{outcome} on {few(found, ', ')}"


def few(texts: Iterable[str], joint: str) -> str:
    """Return the first three of ``texts``, joined by ``joint``, and the number of the rest."""
    found = list(dict.fromkeys(texts))
    more = len(found) - _MOST_TOLD
    return joint.join(found[:_MOST_TOLD]) + (f" and {more} more" if more > 0 else "")


def request_for(route: Route, method: str, path: str) -> AccessRequest:
    """Return the access request for ``path``, one of the examples of ``route``."""
    return AccessRequest(path, path, method, route.urlconf, route.match, resolved=True, forms=route.forms(path))
