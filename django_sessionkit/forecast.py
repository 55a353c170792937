"""Who may open what: the decision for each route, verb and kind of caller, by the real engine.

It is a rehearsal: no view runs, no query is made, no predicate or access policy of the project is called. What only
those could say is :data:`DEPENDS`, and so is a route of which the rules tell some paths from the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from . import conf, installation, targets
from .context import Slot
from .declared import Declared, declared
from .exceptions import UnreadableRoute
from .flows import rehearse
from .guard import GLOBAL_LABEL, Passage, Target, inspect, is_marked_public, readings_of
from .landmarks import Landmarks, Order
from .personas import Persona, in_order, named_verbs, verbs_of
from .readings import Reading
from .rules import Rule
from .session import Session
from .ways import Route

ALLOWED, DENIED, DEPENDS, DELEGATED = "allowed", "denied", "depends", "delegated"

#: what decides where nothing is stated
UNPROTECTED = "unprotected"
EXCLUDE_LABEL, PUBLIC_LABEL, LOGIN_LABEL = "SESSIONKIT_EXCLUDE", "@public", "log-in page"
UNREADABLE_LABEL = "too many spellings"

_LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
# So many paths of one route are decided on; where the rules tell more apart, the answer is "depends".
_MOST_PATHS = 200
_MOST_TOLD = 3


class Cell(NamedTuple):
    """What a persona meets: ``outcome`` is one of the four, ``why`` a sentence for people."""

    outcome: str
    why: str


class Row(NamedTuple):
    """One route, for verbs that are decided alike.

    - ``verbs``: empty for a function view that all of them reach alike.
    - ``deciders``: the labels of the rules that decide, ``SESSIONKIT_GLOBAL_PROTECT``, ``SESSIONKIT_EXCLUDE``,
      ``@public``, ``log-in page``, ``unprotected``; what the view itself asks for, as ``view: Role('editor')``; and
      the gate of the view, if it has one.
    - ``cells``: one per persona. ``is_unprotected``: an anonymous caller may open it, and nobody has said so.
    """

    route: Route
    verbs: tuple[str, ...]
    deciders: tuple[str, ...]
    cells: tuple[Cell, ...]
    is_unprotected: bool


def forecast(
    routes: Sequence[Route],
    callers: Sequence[Persona],
    watched: Callable[[Sequence[Route]], Iterable[Route]] = iter,
) -> Iterator[Row]:
    """A row for each route and group of verbs, in the order of the URLconf; ``watched`` may report on the progress."""
    oracle = _Oracle(routes, callers)
    for route in watched(routes):
        yield from oracle.rows(route)


class _Case(NamedTuple):
    """One path and verb: who decides, and what each persona meets."""

    path: str
    deciders: tuple[str, ...]
    cells: tuple[Cell, ...]


class _Oracle:
    """What is the same for all routes, worked out once."""

    def __init__(self, routes: Sequence[Route], callers: Sequence[Persona]) -> None:
        rules = conf.current().rules
        self._passages = [(one.session, Passage(Slot.fixed(one.session))) for one in callers]
        self._landmarks = Landmarks(rules.patterns)
        self._fussy = [rule for rule in rules.rules if rule.methods or rule.unsafe_only]
        self._kinds: dict[str, tuple[bool, ...]] = {}
        self._named = named_verbs()
        self._asks_login = installation.position(installation.middleware(), _LOGIN_REQUIRED) is not None
        self._order = Order(routes)

    def rows(self, route: Route) -> Iterator[Row]:
        paths = tuple(islice(self._paths(route), _MOST_PATHS + 1))
        doubt = self._doubt(route, paths)
        groups: dict[Any, Row] = {}
        for verbs in self._alike(route):
            row = self._row(route, verbs, paths[:_MOST_PATHS], doubt)
            known = groups.get(row[2:])
            groups[row[2:]] = row if known is None else row._replace(verbs=in_order([*known.verbs, *verbs]))
        is_any = route.methods is None and len(groups) == 1
        yield from (row._replace(verbs=()) if is_any else row for row in groups.values())

    def _paths(self, route: Route) -> Iterator[str]:
        """One path for each way in which the rules may see the route; those that lead to an earlier route do not."""
        paths = self._landmarks.paths(route)
        yield from islice(paths, 1)
        for path in paths:
            other = (path.rstrip("/") or path) if path.endswith("/") else f"{path}/"
            spellings = (one for one in (path, other) if one == path or route.accepts(one))  # rules see no difference
            yield from islice((one for one in spellings if not self._order.is_taken_before(route, one)), 1)

    def _doubt(self, route: Route, paths: Sequence[str]) -> str:
        """Why the paths may not be all there is to say."""
        if len(paths) > _MOST_PATHS:
            return "further paths were not looked at"
        patterns = self._landmarks.doubts(route, paths)
        return f"{few(patterns, ', ')} may be about further paths" if patterns else ""

    def _alike(self, route: Route) -> Iterable[list[str]]:
        """The verbs, grouped by what rules and view make of them."""
        groups: dict[Any, list[str]] = {}
        for verb in verbs_of(route, self._named):
            marks = tuple(mark.requirement for mark in declared(route.callback, verb))
            groups.setdefault((self._kind(verb), marks), []).append(verb)
        return groups.values()

    def _kind(self, verb: str) -> tuple[bool, ...]:
        if verb not in self._kinds:
            self._kinds[verb] = tuple(rule.covers_method(verb) for rule in self._fussy)
        return self._kinds[verb]

    def _row(self, route: Route, verbs: Sequence[str], paths: Sequence[str], doubt: str) -> Row:
        gate = self._gate(route)
        marks = declared(route.callback, verbs[0])
        cases = [self._case(route.target(verbs[0], path), marks) for path in paths]
        labels = dict.fromkeys(label for case in cases for label in case.deciders or (() if gate else (UNPROTECTED,)))
        cells = [
            _merged([(case.path, case.cells[number]) for case in cases], doubt) for number in range(len(self._passages))
        ]
        return Row(
            route,
            tuple(verbs),
            (*labels, gate) if gate else tuple(labels),
            tuple(Cell(DELEGATED, gate) if gate and cell.outcome == ALLOWED else cell for cell in cells),
            UNPROTECTED in labels,
        )

    def _gate(self, route: Route) -> str | None:
        asks_login = self._asks_login and getattr(route.callback, "login_required", True)
        return route.gate or ("LoginRequiredMiddleware" if asks_login else None)

    def _case(self, target: Target, marks: Sequence[Declared]) -> _Case:
        deciders = (*_deciders(target), *(f"view: {mark.requirement!r}" for mark in marks))
        cells = (_cell(target, marks, session, passage) for session, passage in self._passages)
        return _Case(target.path, deciders, tuple(cells))


def _cell(target: Target, marks: Sequence[Declared], session: Session | None, passage: Passage) -> Cell:
    """The rules first, then the view: a sure no of either outweighs what cannot be said."""
    denial = rehearse(inspect(target, passage, with_default=True))
    policy = conf.current().policy
    asked = (rehearse(mark.requirement.flow(session, policy, None)) for mark in marks)
    denials = [*([denial.decision] if denial is not None else []), *(one for one in asked if not one)]
    sure = next((one for one in denials if not one.failed), None)
    if sure is None and denial is not None and denial.decision.requirement is None:
        return Cell(DENIED, f"{UNREADABLE_LABEL}: the log says more")
    if sure is not None:
        return Cell(DENIED, f"{sure.rule or 'view'}: {sure}")
    if denials:
        return Cell(DEPENDS, f"{denials[0].rule or 'view'}: {denials[0].requirement!r} is asked when the request comes")
    return Cell(ALLOWED, "")


def _deciders(target: Target) -> Iterator[str]:
    """The labels of the rules that decide, or of what lifts the path where none does; nothing if it is unprotected."""
    settings = conf.current()
    try:
        readings = list(readings_of(target, Passage(Slot.fixed(None))))
    except UnreadableRoute:
        yield UNREADABLE_LABEL
        return
    labels = dict.fromkeys(rule.label for rule in _rules_for(target, readings))
    if not labels and is_marked_public(target.match):
        labels = {PUBLIC_LABEL: None}
    elif not labels and _is_excluded(target, readings):
        labels = {EXCLUDE_LABEL: None}
    elif not labels and settings.global_protect:
        labels = {GLOBAL_LABEL: None}
    if labels and targets.is_login_page(target.path, target.path_info, target.urlconf, target.match):
        yield LOGIN_LABEL
    yield from labels


def _rules_for(target: Target, readings: Iterable[Reading]) -> Iterator[Rule]:
    """The rule of each reading, as the guard finds them."""
    lifts: dict[str, Rule | None] = {}
    for reading in readings:
        is_lifted = all(rule is not None and rule.is_public for rule in lifts.values())
        rule = conf.current().rules.find(
            reading,
            target.method,
            target.view_name,
            resolved=True,
            lifted_by=(lifts.get(reading.base),) if is_lifted else (),
        )
        if reading.strict:
            lifts[reading.path] = rule
        if rule is not None:
            yield rule


def _is_excluded(target: Target, readings: Iterable[Reading]) -> bool:
    """Every strict reading must be excluded, or the view."""
    rules = conf.current().rules
    return rules.excludes_view(target.view_name) or all(rules.excludes(one.path) for one in readings if one.strict)


def _merged(cases: Sequence[tuple[str, Cell]], doubt: str) -> Cell:
    """What a persona meets on the route as a whole: where its paths differ, it depends."""
    outcomes = {cell.outcome for _, cell in cases}
    if len(outcomes) == 1 and not doubt:
        return Cell(outcomes.pop(), few([cell.why for _, cell in cases if cell.why], "; "))
    if not cases:
        return Cell(DEPENDS, "no path could be made of the pattern to decide on")
    parts = [_told(outcome, cases) for outcome in (ALLOWED, DENIED, DEPENDS) if outcome in outcomes]
    return Cell(DEPENDS, "; ".join([*parts, doubt] if doubt else parts))


def _told(outcome: str, cases: Sequence[tuple[str, Cell]]) -> str:
    """``denied on /users/admin (users: needs the role "admin")``, with a few of the paths."""
    found = [f"{path} ({cell.why})" if cell.why else path for path, cell in cases if cell.outcome == outcome]
    return f"{outcome} on {few(found, ', ')}"


def few(texts: Iterable[str], joint: str) -> str:
    """The first of ``texts``, and how many more there are."""
    found = list(dict.fromkeys(texts))
    more = len(found) - _MOST_TOLD
    return joint.join(found[:_MOST_TOLD]) + (f" and {more} more" if more > 0 else "")
