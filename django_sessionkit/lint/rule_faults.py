"""Find rules that do not work as written.

A rule may match no route (dead), never decide (shadowed), come after a weaker one, or match a route only in part.
The system checks and ``sessionkit_routes --fail-on`` show the findings. No requirement is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from django_sessionkit import conf
from django_sessionkit.conf import installed
from django_sessionkit.patterns import Pattern, compile_pattern, split
from django_sessionkit.policy.rules import Rule, ViewNamePattern
from django_sessionkit.requirements import Nobody
from django_sessionkit.urlconf.candidates import CandidateIndex, steps_of
from django_sessionkit.urlconf.segments import MANY
from django_sessionkit.utils.verbs import COMMON_VERBS

from . import corrections
from .coverage import PolicyCoverage
from .implication import is_weaker
from .overlap import Cover, Relation, relation

#: finding the nearest name among thousands takes time, so only the first findings of a long list get one.
MOST_HINTS = 20


class Finding(NamedTuple):
    """A fault of the policy.

    ``place`` names the rule, setting or view; ``hint`` is the fix. ``rule`` is the number of the rule, if it is one.
    """

    place: str
    fault: str
    hint: str
    rule: int | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.fault}"


_UNKNOWN = "Correct it, or remove it."
_Unused: TypeAlias = "tuple[Pattern | ViewNamePattern, Finding]"


def unused(coverage: PolicyCoverage) -> list[Finding]:
    """Return the patterns and view names that match no route."""
    return [*unused_patterns(coverage), *unknown_views(coverage)]


def unused_patterns(coverage: PolicyCoverage) -> list[Finding]:
    """Return the patterns of rules, and the excludes, that match no route.

    Patterns that need no route are left out: those for static and uploaded files, those for pages of a fallback
    middleware, and rules that deny everyone.
    """
    return _corrected([*_unused_patterns(coverage), *_unused_excludes(coverage)], coverage)


def unknown_views(coverage: PolicyCoverage) -> list[Finding]:
    """Return the view names of rules that no route has."""
    return _corrected(list(_unused_views(coverage)), coverage)


def _corrected(found: list[_Unused], coverage: PolicyCoverage) -> list[Finding]:
    if not coverage.routes:
        return []
    near = (
        corrections.nearest(one, coverage) if number < MOST_HINTS else None for number, (one, _) in enumerate(found)
    )
    return [
        finding if one is None else finding._replace(hint=f'Did you mean "{one}"? Otherwise, remove it.')
        for (_, finding), one in zip(found, near, strict=True)
    ]


def _unused_patterns(coverage: PolicyCoverage) -> Iterator[_Unused]:
    for selector, covered in zip(coverage.selectors, coverage.covers, strict=True):
        rule = coverage.rules[selector.number]
        if not covered and not isinstance(rule.requirement, Nobody) and _needs_route(selector.pattern):
            idle = "opens" if rule.is_public else "protects"
            fault = f'the pattern "{selector.pattern.text}" matches no route. It {idle} nothing.'
            yield selector.pattern, Finding(rule.label, fault, _UNKNOWN, selector.number)


def _unused_views(coverage: PolicyCoverage) -> Iterator[_Unused]:
    names = {route.view_name for route in coverage.routes}
    for number, rule in enumerate(coverage.rules):
        for glob in rule.views:
            if not any(map(glob.matches, names)):
                fault = f'the view name "{glob.text}" matches no route. It has no effect.'
                yield glob, Finding(rule.label, fault, _UNKNOWN, number)


def _unused_excludes(coverage: PolicyCoverage) -> Iterator[_Unused]:
    for one, covered in coverage.excludes:
        if not covered and (isinstance(one, ViewNamePattern) or _needs_route(one)):
            yield one, Finding("SESSIONKIT_EXCLUDE", f'"{one.text}" matches no route. It has no effect.', _UNKNOWN)


def _needs_route(pattern: Pattern) -> bool:
    """Return ``True`` if only a route can answer a path that the pattern matches."""
    if installed.has_fallback():
        return False
    return all(relation(pattern, one) is Relation.DISJOINT for one in file_patterns())


def file_patterns() -> Iterator[Pattern]:
    """Yield the patterns of static and uploaded files, which need no route."""
    for name in ("STATIC_URL", "MEDIA_URL"):
        path = "/" + str(conf.django_setting(name) or "").strip("/")
        if path != "/" and "//" not in path:
            yield compile_pattern(f"{path}/**")


def _written(parts: Iterable[object]) -> list[str]:
    return [part if isinstance(part, str) else "*" for part in parts]


def shadowed(coverage: PolicyCoverage) -> list[Finding]:
    """Return the rules that never decide, because earlier rules match all their paths with all their methods."""
    index = CandidateIndex((number, selector.pattern) for number, selector in enumerate(coverage.selectors))
    found = []
    for number, rule in enumerate(coverage.rules):
        earlier = _before_by_patterns(coverage, index, number) or _before_by_routes(coverage, number)
        if earlier:
            labels = " and ".join(coverage.rules[one].label for one in earlier)
            which = "An earlier rule matches" if len(earlier) == 1 else "Earlier rules match"
            fault = f"the rule never decides a request. {which} all its requests first: {labels}."
            hint = f"Move {rule.label} above {coverage.rules[earlier[0]].label}, or remove it."
            found.append(Finding(rule.label, fault, hint, number))
    return found


def _before_by_patterns(coverage: PolicyCoverage, index: CandidateIndex, number: int) -> list[int]:
    """Return the earlier rules that together cover every pattern of a rule, for any URLconf."""
    rule, found = coverage.rules[number], dict[int, None]()
    for pattern in rule.effective_patterns:
        near = (coverage.selectors[one] for one in index.near(steps_of(pattern), whole=True))
        candidates = (
            one.number
            for one in near
            if one.number < number
            and _covers_rest(coverage.rules[one.number], rule)
            and relation(one.pattern, pattern) in (Relation.EQUAL, Relation.COVERS)
        )
        earlier = next(candidates, None)
        if earlier is None:
            return []
        found[earlier] = None
    return list(found)


def _before_by_routes(coverage: PolicyCoverage, number: int) -> list[int]:
    """Return the earlier rules that together cover every route of a rule that names views."""
    rule, found = coverage.rules[number], dict[int, None]()
    if not rule.views:
        return []
    for route in coverage.by_rule[number]:
        earlier = next(
            (
                one
                for one, how in coverage.by_route[route].items()
                if one < number and how is Cover.ALL and _covers_methods(coverage.rules[one], rule)
            ),
            None,
        )
        if earlier is None:
            return []
        found[earlier] = None
    return list(found)


def _covers_rest(earlier: Rule, later: Rule) -> bool:
    """Return ``True`` if the earlier rule covers the views, methods and ``i18n`` of the later one."""
    views = {glob.text for glob in later.views}
    same_views = not earlier.views or (bool(views) and views <= {glob.text for glob in earlier.views})
    return same_views and (earlier.i18n or not later.i18n) and _covers_methods(earlier, later)


def _covers_methods(earlier: Rule, later: Rule) -> bool:
    if later.unsafe_only:
        return earlier.unsafe_only or not earlier.methods
    if not later.methods:
        return not earlier.methods and not earlier.unsafe_only
    return all(map(earlier.matches_method, later.methods))


def weaker(coverage: PolicyCoverage) -> list[Finding]:
    """Return the rules whose requests an earlier, weaker rule decides.

    The later rule matches fewer paths than the earlier one, or the two overlap.
    """
    lost = {one.rule for one in shadowed(coverage)}
    found = []
    for (one, other), (both, route) in sorted(_meetings(coverage).items()):
        earlier, later = coverage.rules[one], coverage.rules[other]
        whole = {route for route, how in coverage.by_rule[one].items() if how is Cover.ALL}
        is_exception = whole <= coverage.by_rule[other].keys()
        if other not in lost and _undercuts(earlier, later, both and not is_exception, coverage):
            fault = (
                f"{earlier.label} is above this rule and requires less. "
                f"{_some_verb(earlier, later)} {coverage.routes[route].text} only requires {earlier.requirement!r}."
            )
            hint = f"Move {later.label} above {earlier.label}."
            found.append(Finding(later.label, fault, hint, other))
    return found


def _meetings(coverage: PolicyCoverage) -> dict[tuple[int, int], tuple[bool, int]]:
    """Return pairs of rules that match the same route, which the earlier one covers as a whole.

    The value says whether the later one also covers the whole route, and which route it is.
    """
    found: dict[tuple[int, int], tuple[bool, int]] = {}
    seen = set()
    for route, covered in enumerate(coverage.by_route):
        rules = tuple(covered.items())
        if len(rules) > 1 and rules not in seen:
            seen.add(rules)
            for place, (earlier, how) in enumerate(rules):
                for later, how_much in rules[place + 1 :] if how is Cover.ALL else ():
                    both = how_much is Cover.ALL
                    if both > found.get((earlier, later), (-1, 0))[0]:
                        found[earlier, later] = (both, route)
    return found


def _undercuts(earlier: Rule, later: Rule, may_cross: bool, coverage: PolicyCoverage) -> bool:
    if not _some_verb(earlier, later):
        return False
    if not is_weaker(earlier.requirement, later.requirement, coverage.settings.roles):
        return False
    if earlier.views and {glob.text for glob in earlier.views} != {glob.text for glob in later.views}:
        return False  # the earlier rule names certain views: it is an exception to the later rule
    pairs = {relation(one, other) for one in earlier.effective_patterns for other in later.effective_patterns}
    return Relation.COVERS in pairs or (may_cross and Relation.OVERLAPS in pairs)


def _some_verb(one: Rule, other: Rule) -> str:
    verbs = (*COMMON_VERBS, "OPTIONS")
    return next((verb for verb in verbs if one.matches_method(verb) and other.matches_method(verb)), "")


def partial(coverage: PolicyCoverage) -> list[Finding]:
    """Return the patterns that match some paths of routes and no route as a whole.

    An example is a literal in the place of a converter, such as ``/articles/new`` for ``/articles/<slug>/``.
    """
    found = []
    for selector, covered in zip(coverage.selectors, coverage.covers, strict=True):
        rule = coverage.rules[selector.number]
        hit = [coverage.routes[number] for number, how in covered.items() if how is Cover.SOME]
        if len(hit) != len(covered) or not hit or isinstance(rule.requirement, Nobody):
            continue
        if any(one.parts is None or MANY in one.parts for one in hit) or not _needs_route(selector.pattern):
            continue  # a catch-all route: the pattern may be for pages that the URLconf does not list
        if hit[0].is_prefixed and split(selector.pattern.text)[0] in coverage.settings.languages:
            continue  # the pages of one language: intended
        if not _together_all(rule, hit[0].examples):
            wide = "/" + "/".join(_written(hit[0].parts or ()))
            fault = (
                f'the pattern "{selector.pattern.text}" matches only some paths of {hit[0].text}. '
                "The rule does not apply to its other paths."
            )
            hint = f'Write "{wide}", or name the view: {{"view": "{hit[0].view_name}"}}.'
            found.append(Finding(rule.label, fault, hint, selector.number))
    return found


def _together_all(rule: Rule, examples: Iterable[str]) -> bool:
    """Return ``True`` if the patterns of a rule together match all example paths of a route."""
    paths = list(map(split, examples))
    return bool(paths) and all(any(one.matches(path) for one in rule.patterns) for path in paths)
