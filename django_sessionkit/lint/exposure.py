"""Find routes that a policy leaves open by mistake, and redirects that loop.

The causes are methods that a rule leaves out, excludes, redirect targets and login pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from django.urls import resolve, reverse
from django.utils.functional import Promise

from django_sessionkit.conf.urlconf import uses_language_prefix
from django_sessionkit.patterns import Pattern, compile_pattern, split
from django_sessionkit.policy.first_match import FirstMatch, first_matches
from django_sessionkit.policy.path_variants import PathVariant, VariantReader
from django_sessionkit.policy.rules import EVERYTHING, Rule, ViewNamePattern, folded
from django_sessionkit.urlconf.inventory import Route
from django_sessionkit.utils.verbs import SAFE_VERBS

from .coverage import PolicyCoverage, laid_over
from .overlap import Cover, Relation, relation
from .rule_faults import Finding


def uncovered_methods(coverage: PolicyCoverage) -> list[Finding]:
    """Return the rules with ``methods`` that leave other unsafe methods of the same route unprotected."""
    found = []
    for number, rule in enumerate(coverage.rules):
        if not rule.methods or rule.is_public:
            continue
        for route, how in coverage.by_rule[number].items():
            verbs = [verb for verb in coverage.verbs(route) if verb not in SAFE_VERBS and not rule.matches_method(verb)]
            left = [verb for verb in verbs if not coverage.is_guarded(route, verb)] if how is Cover.ALL else []
            if left:
                fault = (
                    f'its "methods" do not include {", ".join(left)} of {coverage.routes[route].text}. '
                    "These are open to everyone."
                )
                hint = f'Write "methods": "unsafe", or add a rule without "methods" below {rule.label}.'
                found.append(Finding(rule.label, fault, hint, number))
                break
    return found


def open_parents(coverage: PolicyCoverage) -> list[Finding]:
    """Return the rules for ``/x/*`` that leave the page ``/x/`` itself open to everyone."""
    below = [one for one in coverage.selectors if one.pattern.segments[-2:] == ("*", "**")]
    parents = [compile_pattern("/" + "/".join(split(one.pattern.text)[:-1])) for one in below]
    laid = laid_over([folded(one) for one in parents], coverage.routes, folds=True)
    found = []
    for selector, parent, covered in zip(below, parents, laid, strict=True):
        rule, bare = coverage.rules[selector.number], parent.text.rstrip("/")
        whole = (route for route, how in covered.items() if how is Cover.ALL)
        route = next((one for one in whole if _is_left_open(coverage, one, rule)), None)
        if route is not None:
            text = coverage.routes[route].text
            fault = f'the pattern "{selector.pattern.text}" does not match {text} itself. Everyone may open that page.'
            public = f'{{"pattern": "{parent.text}", "public": True}}'
            hint = f'Write "{bare}/**" instead. If everyone is meant to open {text}, add {public} above {rule.label}.'
            found.append(Finding(rule.label, fault, hint, selector.number))
    return found


def _is_left_open(coverage: PolicyCoverage, route: int, rule: Rule) -> bool:
    """Return ``True`` if nothing protects the route, and nothing says that it is public."""
    if coverage.is_said_to_be_public(route) or not rule.matches_view(coverage.routes[route].view_name):
        return False
    verbs = [verb for verb in coverage.verbs(route) if rule.matches_method(verb)]
    return any(not coverage.is_guarded(route, verb) and not any(coverage.deciders(route, verb)) for verb in verbs)


def ineffective_excludes(coverage: PolicyCoverage) -> list[Finding]:
    """Return the excludes whose pages are all protected by a rule or by their view.

    An exclude only exempts pages from the global default, so it does not open these pages.
    """
    found = []
    for one, covered in coverage.excludes:
        whole = [route for route, how in covered.items() if how is Cover.ALL]
        guards = [_guards_of(coverage, route) for route in whole]
        if whole and all(guards) and len(whole) == len(covered):
            fault = (
                f'"{one.text}" does not open {coverage.routes[whole[0]].text}. An exclude only exempts '
                f"it from the default, and the page is also protected by {' and by '.join(guards[0])}."
            )
            steps = " and ".join(_opening(one, guard) for guard in guards[0])
            hint = f'Remove "{one.text}" from SESSIONKIT_EXCLUDE. If the page is meant to be open, {steps}.'
            found.append(Finding("SESSIONKIT_EXCLUDE", fault, hint))
    return found


_VIEW = "the view "


def _guards_of(coverage: PolicyCoverage, route: int) -> list[str]:
    """Return the first rule and the view that protect a route. Empty if some method is at most protected by default."""
    rules, is_marked = set(), False
    for verb in coverage.verbs(route):
        rule = coverage.decider(route, verb)
        by_rule, by_view = rule is not None and not rule.is_public, bool(coverage.marks(route, verb))
        if not by_rule and not by_view:
            return []
        is_marked |= by_view
        if rule is not None and by_rule:
            rules.add(coverage.rules.index(rule))
    first = [coverage.rules[number].label for number in sorted(rules)[:1]]
    return [*first, f"{_VIEW}{coverage.routes[route].view}"] if is_marked else first


def _opening(exclude: Pattern | ViewNamePattern, guard: str) -> str:
    """Return what to do so that ``guard`` does not protect the pages of an exclude."""
    if guard.startswith(_VIEW):
        return f"remove the decorator or mixin of {guard}"
    key = "pattern" if isinstance(exclude, Pattern) else "view"
    return f'add {{"{key}": "{exclude.text}", "public": True}} above {guard}'


def wide_excludes(coverage: PolicyCoverage) -> list[Finding]:
    """Return the excludes that match more pages than their text suggests."""
    if not coverage.settings.global_protect:
        return []
    return [
        Finding("SESSIONKIT_EXCLUDE", f'"{one.text}" {fault}', hint)
        for one, covered in coverage.excludes
        for fault, hint in _width(coverage, one, covered)
    ]


def _width(
    coverage: PolicyCoverage, one: Pattern | ViewNamePattern, covered: dict[int, Cover]
) -> Iterator[tuple[str, str]]:
    if isinstance(one, Pattern):
        if relation(one, EVERYTHING) is Relation.EQUAL:
            fault = "matches every page. SESSIONKIT_GLOBAL_PROTECT then protects nothing."
            yield fault, 'List the open pages: SESSIONKIT_EXCLUDE = ["/", "/about"].'
        return
    if ":" in one.text or "*" not in one.text:
        return
    inside = [name for number in covered if ":" in (name := coverage.routes[number].view_name)]
    if inside:
        hint = f'List the names, or write "{inside[0].partition(":")[0]}:*" for all views of that namespace.'
        yield f'also matches views in namespaces, such as "{inside[0]}". They are not protected by default.', hint


def redirect_loops(coverage: PolicyCoverage) -> list[Finding]:
    """Return the rules that protect their own ``redirect_to``: a denied user is redirected in a loop."""
    found = []
    for number, rule in enumerate(coverage.rules):
        path = path_of_target(rule.options.redirect_to)
        decided = [match.variant for match in matches(coverage, path) if match.rule is rule]
        if decided:
            fault = f'the rule protects its own "redirect_to" {path}. A denied user is redirected in a loop.'
            added = f'{{"pattern": {_patterns_of(decided)}, "authenticated": True}}'
            hint = f"Name another page. Or, if every user may open this one, add {added} above {rule.label}."
            found.append(Finding(rule.label, fault, hint, number))
    return found


def _patterns_of(variants: list[PathVariant]) -> str:
    """Return the patterns of a rule that matches these variants, as written in the settings.

    The pattern of a variant also matches its case-folded form, and the path without a final slash.
    """
    paths: dict[str, str] = {}
    for one in [one for one in variants if not one.case_folded] or variants:
        paths.setdefault(one.path.removesuffix("/"), one.path)
    quoted = ", ".join(f'"{path}"' for path in paths.values())
    return f"[{quoted}]" if len(paths) > 1 else quoted


def path_of_target(target: str | Promise | None) -> str | None:
    """Return the path of a redirect target, or ``None`` without logging anything if it cannot be resolved."""
    with suppress(Exception):
        text = str(target) if target is not None else ""
        return text.partition("?")[0].partition("#")[0] if text.startswith("/") else reverse(text)
    return None


def matches(coverage: PolicyCoverage, path: str | None) -> Iterator[FirstMatch]:
    """Yield the rule that decides about each variant of ``path``, as the guard finds it. ``None`` has no variants."""
    if path is None:
        return iter(())
    name = None
    with suppress(Exception):
        name = resolve(path).view_name
    languages = coverage.settings.languages if uses_language_prefix(None) else frozenset()
    variants = VariantReader().variants(path, path, languages)
    return first_matches(coverage.settings.rules, variants, "GET", name, resolved=True)


def unclear_routes(coverage: PolicyCoverage) -> list[Finding]:
    """Return the rules whose patterns may match routes with paths that cannot be derived from the URL patterns."""
    met: dict[int, list[Route]] = {}
    for number, route in enumerate(coverage.routes):
        if route.parts is not None or route.external_check is not None or route.is_catch_all:
            continue
        covered = coverage.by_route[number]
        if Cover.ALL not in covered.values():
            for one in covered:
                met.setdefault(one, []).append(route)
    return [_unclear(coverage.rules[number], number, routes) for number, routes in sorted(met.items())]


def _unclear(rule: Rule, number: int, routes: list[Route]) -> Finding:
    more = f" and {len(routes) - 1} more route{'s' if len(routes) > 2 else ''}" if len(routes) > 1 else ""
    fault = (
        f"the pattern may match paths of {routes[0].text}{more}. "
        "These paths cannot be derived from the URL patterns, so this check cannot tell."
    )
    hint = (
        f'Name the view: {{"view": "{routes[0].view_name}"}}. With patterns, a request passes only if every variant of '
        "its path is allowed."
    )
    return Finding(rule.label, fault, hint, number)
