"""Compute the decision for each route, HTTP method and kind of caller, with the code that guards requests.

No view runs, no query is made, and no predicate or access policy of the project is called. The outcome is
:data:`DEPENDS` if one of those decides, or if the rules treat some paths of a route differently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django_sessionkit import conf
from django_sessionkit.conf import installed
from django_sessionkit.guard.engine import authorize
from django_sessionkit.guard.objects import is_undecided
from django_sessionkit.guard.request_evaluation import AccessRequest, RequestEvaluation
from django_sessionkit.policy.decisions import NO_OBJECT, NO_TENANT, Decision
from django_sessionkit.policy.view_marks import ViewRequirement, requirements_of
from django_sessionkit.requirements import Impersonated, Requirement, Within, leaves
from django_sessionkit.requirements.check_input import UNKNOWN_OBJECT, CheckInput
from django_sessionkit.requirements.words import IN_PERSON, IN_TENANT
from django_sessionkit.session.context import SessionContext
from django_sessionkit.session.value import Session
from django_sessionkit.urlconf.routes import Route
from django_sessionkit.utils.sansio import dry_run

from .deciders import UNREADABLE_LABEL, deciders_of
from .lines import ALLOWED, ANY, DELEGATED, DENIED, DEPENDS, UNPROTECTED, Line, Square, few
from .principals import Principal, in_order, named_verbs, principal_of, verbs_of
from .route_paths import RoutePaths, request_for


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
    """A caller. ``others`` are the same caller in other circumstances.

    Each of them has the kind of requirement that notices the difference, and the words for the circumstances of the
    caller.
    """

    name: str
    session: Session | None
    evaluation: RequestEvaluation
    others: tuple[tuple[type[Requirement], str, _Caller], ...] = ()


def _others(one: Principal) -> Iterator[tuple[type[Requirement], str, _Caller]]:
    if one.session is None:
        return
    data, tenant = one.session.to_dict(), one.session.tenant
    if one.session.actor is None:
        acted = {**data, "act": {"user_id": "someone else"}}
        yield Impersonated, IN_PERSON, _alone(principal_of(acted, one.name, tenant))
    if tenant is not None:
        yield Within, IN_TENANT, _alone(principal_of(data, one.name))


def _alone(one: Principal) -> _Caller:
    return _Caller(one.name, one.session, RequestEvaluation(SessionContext.fixed(one.session)))


class _Case(NamedTuple):
    """One path and method: what decides, and the result for each caller."""

    path: str
    deciders: tuple[str, ...]
    squares: tuple[Square, ...]


class _Simulator:
    """Computes the lines. What is the same for all routes is computed once."""

    def __init__(self, routes: Sequence[Route], callers: Sequence[Principal]) -> None:
        rules = conf.current().rules
        self._callers = [_alone(one)._replace(others=tuple(_others(one))) for one in callers]
        self._paths = RoutePaths(routes)
        self._fussy = [rule for rule in rules.rules if rule.methods or rule.unsafe_only]
        self._kinds: dict[str, tuple[bool, ...]] = {}
        self._named = named_verbs()
        self._asks_login = (
            installed.middleware_index(installed.middleware(), installed.LOGIN_REQUIRED_MIDDLEWARE) is not None
        )
        self._numbers: Counter[str] = Counter()

    def lines(self, route: Route) -> Iterator[Line]:
        paths, doubt = self._paths.of(route)
        groups: dict[tuple[tuple[str, ...], tuple[Square, ...]], list[str]] = {}
        for verbs in self._alike(route):
            groups.setdefault(self._result(route, verbs[0], paths, doubt), []).extend(verbs)
        is_any = route.methods is None and len(groups) == 1
        name = route.view_name if route.url_name else ""
        self._numbers[route.text] += 1
        for (deciders, squares), verbs in groups.items():
            methods = ANY if is_any else " ".join(in_order(verbs))
            yield Line(route.text, name, route.view, methods, deciders, squares, self._numbers[route.text])

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
        return (*labels, gate), tuple(_delegated(one, gate) if one.outcome == ALLOWED else one for one in squares)

    def _gate(self, route: Route) -> str | None:
        asks_login = self._asks_login and getattr(route.callback, "login_required", True)
        return route.external_check or ("LoginRequiredMiddleware" if asks_login else None)

    def _case(self, target: AccessRequest, marks: Sequence[ViewRequirement]) -> _Case:
        found = deciders_of(target)
        deciders = (*found.labels, *(f"view: {mark.requirement!r}" for mark in marks))
        asked = [*(one for one, _ in found.requirements), *(mark.requirement for mark in marks)]
        squares = (Square(caller.name, *_outcome_in_words(target, marks, caller, asked)) for caller in self._callers)
        return _Case(target.path, deciders, tuple(squares))


def _delegated(square: Square, gate: str) -> Square:
    return square._replace(outcome=DELEGATED, why=f"{square.why}; {gate}" if square.why else gate)


def _outcome_in_words(
    target: AccessRequest, marks: Sequence[ViewRequirement], caller: _Caller, asked: Sequence[Requirement]
) -> tuple[str, str]:
    """The outcome for one caller, and why, with the circumstances of the caller that it depends on."""
    outcome, why = _outcome(target, marks, caller)
    if outcome == DENIED:
        return outcome, why
    needed = [
        words
        for kind, words, other in caller.others
        if any(True for one in asked for _ in leaves(one, kind)) and _outcome(target, marks, other)[0] == DENIED
    ]
    return outcome, "; ".join([*([why] if why else []), *needed])


def _outcome(target: AccessRequest, marks: Sequence[ViewRequirement], caller: _Caller) -> tuple[str, str]:
    """The outcome for one caller, and why.

    A certain denial by a rule or the view wins over a requirement not evaluated here.
    """
    denial = dry_run(authorize(target, caller.evaluation, with_default=True))
    policy = conf.current().policy
    inputs = ((mark, CheckInput(caller.session, policy, None, _object_of(mark))) for mark in marks)
    asked = (dry_run(mark.requirement.flow(given)) for mark, given in inputs)
    denials = [*([denial.decision] if denial is not None else []), *(one for one in asked if not one)]
    sure = next((one for one in denials if _is_sure(one)), None)
    if sure is None and denial is not None and denial.decision.requirement is None:
        return DENIED, f"{UNREADABLE_LABEL}: see the log"
    if sure is not None:
        return DENIED, f"{sure.rule or 'view'}: {sure}"
    return (DEPENDS, "; ".join(map(_condition, denials))) if denials else (ALLOWED, "")


def _condition(decision: Decision) -> str:
    """Return in words on what it depends whether this denial stays."""
    required = decision.requirement.in_words() if decision.requirement is not None else "a request"
    needed = f"{decision.rule or 'view'}: with {required}"
    return needed if decision.needs_step_up or decision.reason == NO_OBJECT else f"{needed}, decided for each request"


def _is_sure(decision: Decision) -> bool:
    """Return ``True`` if the denial stays whatever a request brings. A user may confirm the login at any time."""
    return decision.reason == NO_TENANT or not (is_undecided(decision) or decision.needs_step_up)


def _object_of(mark: ViewRequirement) -> object:
    return UNKNOWN_OBJECT if mark.needs_object else None


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
