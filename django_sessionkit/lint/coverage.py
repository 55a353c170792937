"""Match the policy against the URLconf: which rule applies to which route, by patterns alone, without a request.

Each rule is compared only with the few routes that begin like its pattern.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from django.urls import get_resolver

from django_sessionkit import conf
from django_sessionkit.patterns import Pattern
from django_sessionkit.policy.denial_options import DenialOptions
from django_sessionkit.policy.folding import fold
from django_sessionkit.policy.rules import Rule, ViewNamePattern, folded
from django_sessionkit.policy.view_marks import ViewRequirement, exempting_mark, requirements_of
from django_sessionkit.requirements import Requirement
from django_sessionkit.urlconf.candidates import ANY, CandidateIndex, OneOf, Step
from django_sessionkit.urlconf.inventory import Route, list_routes
from django_sessionkit.urlconf.segments import PartialSegment
from django_sessionkit.utils.verbs import COMMON_VERBS

from .overlap import Cover, cover


class Selector(NamedTuple):
    """One pattern of a rule, with the number of the rule."""

    number: int
    pattern: Pattern


class PolicyCoverage:
    """The rules and excludes of a project, and the routes that each of them matches."""

    def __init__(self, settings: conf.Settings, routes: Sequence[Route]) -> None:
        self.settings = settings
        self.rules: tuple[Rule, ...] = settings.rules.rules
        self.routes = routes

    @cached_property
    def selectors(self) -> list[Selector]:
        """Every pattern of every rule. A rule without patterns gets ``/**``."""
        return [Selector(number, one) for number, rule in enumerate(self.rules) for one in rule.effective_patterns]

    @cached_property
    def covers(self) -> list[dict[int, Cover]]:
        """For each selector: the numbers of the routes that its pattern matches, and how much of them.

        A public rule matches only the exact path, including the language prefix.
        """
        laid = laid_over([folded(one.pattern) for one in self.selectors], self.routes, folds=True)
        public = [number for number, one in enumerate(self.selectors) if self.rules[one.number].is_public]
        exact = laid_over([self.selectors[number].pattern for number in public], self.routes, folds=False)
        for number, covered in zip(public, exact, strict=True):
            laid[number] = covered
        return laid

    @cached_property
    def by_route(self) -> list[dict[int, Cover]]:
        """For each route: the numbers of the rules that match it, in order, and how much of it."""
        found: list[dict[int, Cover]] = [{} for _ in self.routes]
        for selector, covered in zip(self.selectors, self.covers, strict=True):
            rule = self.rules[selector.number]
            for number, how in covered.items():
                if (
                    rule.matches_view(self.routes[number].view_name)
                    and found[number].get(selector.number) is not Cover.ALL
                ):
                    found[number][selector.number] = how
        return found

    @cached_property
    def by_rule(self) -> list[dict[int, Cover]]:
        """For each rule: the numbers of the routes that it matches, and how much of them."""
        found: list[dict[int, Cover]] = [{} for _ in self.rules]
        for route, rules in enumerate(self.by_route):
            for number, how in rules.items():
                found[number][route] = how
        return found

    def deciders(self, route: int, verb: str) -> Iterator[Rule]:
        """Yield the rules that may decide a request for the route, up to the first that always does."""
        for number, how in self.by_route[route].items():
            if self.rules[number].matches_method(verb):
                yield self.rules[number]
                if how is Cover.ALL:
                    return

    def decider(self, route: int, verb: str) -> Rule | None:
        """Return the first rule that matches the whole route, or ``None``."""
        sure = (self.rules[number] for number, how in self.by_route[route].items() if how is Cover.ALL)
        return next((rule for rule in sure if rule.matches_method(verb)), None)

    def verbs(self, route: int) -> list[str]:
        """Return the HTTP methods of a route, in the usual order."""
        answered = self.routes[route].methods
        return [verb for verb in COMMON_VERBS if answered is None or verb in answered]

    def marks(self, route: int, verb: str) -> list[ViewRequirement]:
        """Return the requirements of the view's decorators and mixins."""
        return requirements_of(self.routes[route].callback, verb)

    def marks_of_views(self) -> list[tuple[str, Requirement, DenialOptions]]:
        """Return every requirement that a view has by decorator or mixin, with the name of the view and its options."""
        found = {
            (self.routes[number].view, mark.requirement, mark.options): None
            for number in range(len(self.routes))
            for verb in self.verbs(number)
            for mark in self.marks(number, verb)
        }
        return list(found)

    def required_by_views(self) -> list[tuple[str, Requirement]]:
        """Return every requirement that a view has by decorator or mixin, with the name of the view."""
        return list(dict.fromkeys((view, requirement) for view, requirement, _ in self.marks_of_views()))

    def is_guarded(self, route: int, verb: str) -> bool:
        """Return ``True`` if a rule, the view, another check of the view or the global default protects the route."""
        one = self.routes[route]
        if any(not rule.is_public for rule in self.deciders(route, verb)):
            return True
        return bool(self.marks(route, verb) or one.external_check) or self.meets_default(route)

    def needs_session(self, route: int, verb: str) -> bool:
        """Return ``True`` if some session may use the route and an anonymous caller may not.

        It is ``False`` for a public route, and for one that denies everyone.
        """
        marks, rules = self.marks(route, verb), list(self.deciders(route, verb))
        passable = [rule for rule in rules if not rule.requirement.is_closed]
        is_decided = self.decider(route, verb) is not None
        if any(mark.requirement.is_closed for mark in marks) or (is_decided and not passable):
            return False
        if marks or self.routes[route].external_check or any(not rule.is_public for rule in passable):
            return True
        return not is_decided and self.meets_default(route)

    def meets_default(self, route: int) -> bool:
        """Return ``True`` if the global default applies to the route where no rule decides."""
        if not self.settings.global_protect or route in self.excluded:
            return False
        honors = self.settings.honor_login_not_required
        return exempting_mark(self.routes[route].match, honors_django=honors) is None

    def is_said_to_be_public(self, route: int) -> bool:
        """Return ``True`` if an exclude matches the route, or a mark of the view says that it is public."""
        return route in self.excluded or exempting_mark(self.routes[route].match, honors_django=True) is not None

    def is_closed_by_default(self, route: int, verb: str) -> bool:
        """Return ``True`` if an anonymous caller may not use the route, and only because of the global default."""
        is_decided = self.decider(route, verb) is not None or bool(self.marks(route, verb))
        return not is_decided and self.meets_default(route)

    @cached_property
    def excludes(self) -> list[tuple[Pattern | ViewNamePattern, dict[int, Cover]]]:
        """Every entry of ``SESSIONKIT_EXCLUDE``, and the routes that it matches."""
        rule_set = self.settings.rules
        laid = laid_over(rule_set.excluded, self.routes, folds=False)
        views = [
            (glob, {number: Cover.ALL for number, one in enumerate(self.routes) if glob.matches(one.view_name)})
            for glob in rule_set.excluded_views
        ]
        return [*zip(rule_set.excluded, laid, strict=True), *views]

    @cached_property
    def excluded(self) -> frozenset[int]:
        """The numbers of the routes that an exclude matches as a whole."""
        return frozenset(number for _, covered in self.excludes for number, how in covered.items() if how is Cover.ALL)


def laid_over(patterns: Sequence[Pattern], routes: Sequence[Route], *, folds: bool) -> list[dict[int, Cover]]:
    """Return, for each pattern, the numbers of the routes that it matches, and how much of them."""
    index = CandidateIndex(enumerate(patterns))
    found: list[dict[int, Cover]] = [{} for _ in patterns]
    for route, one in enumerate(routes):
        for form in forms_of(one, bare=folds or one.may_be_bare):
            steps = [_folded(one) for one in form] if folds else list(form)
            for number in index.near(steps):
                how = cover(patterns[number], steps)
                if how is not Cover.NONE and found[number].get(route) is not Cover.ALL:
                    found[number][route] = how
    return found


def _folded(step: Step) -> Step:
    if isinstance(step, str):
        return fold(step)
    if isinstance(step, OneOf):
        return OneOf(frozenset(map(fold, step.texts)))
    return PartialSegment(*map(fold, step)) if isinstance(step, PartialSegment) else step


def forms_of(route: Route, *, bare: bool) -> list[tuple[Step, ...]]:
    """Return the forms of a route's path as steps: with its language, and with ``bare`` also without."""
    rest = route.bare_parts if route.bare_parts is not None else beginning_of(route)
    if not route.is_prefixed:
        return [rest]
    language = OneOf(conf.current().languages)
    return [(language, *rest), rest] if bare else [(language, *rest)]


def beginning_of(route: Route) -> tuple[Step, ...]:
    """Return the known steps of a path that cannot be derived: its literal beginning, then anything."""
    return (*route.literal_prefix.split("/")[:-1], ANY)


_cached: tuple[object, object, PolicyCoverage] | None = None


def current() -> PolicyCoverage | None:
    """Return the coverage of the current settings and root URLconf; ``None`` if one of them cannot be loaded.

    The last result is cached, so that all checks of one run share it.
    """
    global _cached
    settings = conf.valid_or_none()
    if settings is None or settings.root_urlconf is None:
        return None
    try:
        resolver = get_resolver()
        if _cached is None or _cached[0] is not settings or _cached[1] is not resolver:
            _cached = (settings, resolver, PolicyCoverage(settings, list_routes()))
    except Exception:
        return None  # Django's own checks report an invalid URLconf
    return _cached[2]
