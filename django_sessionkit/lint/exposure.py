"""Find routes that a policy leaves open by mistake, and redirects that loop.

The causes are methods that a rule leaves out, excludes, redirect targets and login pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from django.urls import resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import get_language_from_path

from django_sessionkit.conf.urlconf import is_translated_from, uses_language_prefix
from django_sessionkit.patterns import Pattern
from django_sessionkit.policy.first_match import FirstMatch, first_matches
from django_sessionkit.policy.path_variants import PathVariant, VariantReader, strip_language
from django_sessionkit.policy.rules import EVERYTHING, Rule, ViewNamePattern
from django_sessionkit.urlconf.inventory import Route
from django_sessionkit.utils.verbs import SAFE_VERBS

from .coverage import PolicyCoverage
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


def ineffective_excludes(coverage: PolicyCoverage) -> list[Finding]:
    """Return the excludes whose pages are all protected by a rule or by their view.

    An exclude only exempts pages from the global default, so it does not open these pages.
    """
    found = []
    for one, covered in coverage.excludes:
        whole = [route for route, how in covered.items() if how is Cover.ALL]
        guards = [_guard_of(coverage, route) for route in whole]
        if whole and all(guards) and len(whole) == len(covered):
            fault = (
                f'"{one.text}" does not open {coverage.routes[whole[0]].text}. An exclude only exempts '
                f"it from the default, and the page is also protected by {guards[0]}."
            )
            hint = f'Remove "{one.text}" from SESSIONKIT_EXCLUDE, or make {guards[0]} public.'
            found.append(Finding("SESSIONKIT_EXCLUDE", fault, hint))
    return found


def _guard_of(coverage: PolicyCoverage, route: int) -> str:
    """Return the rule or view that protects a route, or ``""`` if some method is at most protected by default."""
    guards = []
    for verb in coverage.verbs(route):
        rule = coverage.decider(route, verb)
        by_rule = rule is not None and not rule.is_public
        if not by_rule and not coverage.marks(route, verb):
            return ""
        guards.append(rule.label if rule is not None and by_rule else f"the view {coverage.routes[route].view}")
    return guards[0] if guards else ""


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
        path = _path_of_target(rule.options.redirect_to)
        decided = [match.variant for match in _matches(coverage, path) if match.rule is rule]
        if decided:
            fault = f'the rule protects its own "redirect_to" {path}. A denied user is redirected in a loop.'
            hint = f'Add {{"pattern": {_patterns_of(decided)}, "authenticated": True}} above {rule.label}.'
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


def login_paths(coverage: PolicyCoverage) -> list[str]:
    """Return the paths of the login pages of the settings and rules, as far as they can be reversed."""
    paths = (_with_language(coverage, _path_of_target(url)) for url in coverage.settings.login_urls)
    return [path for path in paths if path is not None]


def covered_login(coverage: PolicyCoverage) -> list[Finding]:
    """Return the rules that match a login page. The page stays reachable, but pages below it do not."""
    found = []
    for path in login_paths(coverage):
        rule = next((match.rule for match in _matches(coverage, path) if match.rule is not None), None)
        if rule is not None and not rule.is_public:
            fault = f"the rule matches the login page {path}. This page stays reachable, but pages below it do not."
            hint = f'Add {{"pattern": "{_in_any_language(coverage, path)}", "public": True}} above {rule.label}.'
            found.append(Finding(rule.label, fault, hint, coverage.rules.index(rule)))
    return found


def _with_language(coverage: PolicyCoverage, path: str | None) -> str | None:
    """Return the path with the language prefix of ``i18n_patterns``, if Django redirects ``path`` to it."""
    language = get_language_from_path(f"/{coverage.settings.language_code}/")
    translated = f"/{language}{path}"
    return translated if path is not None and is_translated_from(translated, path, None) else path


def views_without_login(coverage: PolicyCoverage) -> list[Finding]:
    """Return the views that send anonymous callers to the login page, if ``LOGIN_URL`` is not a page of this site.

    A rule that does so is a settings error and stops the server. Views are only known after the URLconf is loaded.
    """
    if coverage.settings.login_fault is None:
        return []
    views = dict.fromkeys(
        route.view
        for number, route in enumerate(coverage.routes)
        for verb in coverage.verbs(number)
        for mark in coverage.marks(number, verb)
        if mark.options.may_lead_to_login and not mark.requirement.is_closed
    )
    fault = (
        "the view sends anonymous callers to the login page, but LOGIN_URL is not a page of this site. "
        "They get a 403 response."
    )
    hint = "Set SESSIONKIT_LOGIN_URL to a page of this site that links there, or give the view its own login_url."
    return [Finding(view, fault, hint) for view in views]


def _in_any_language(coverage: PolicyCoverage, path: str) -> str:
    bare = strip_language(path, coverage.settings.languages) if uses_language_prefix(None) else None
    return f"/*{bare}" if bare is not None else path


def _path_of_target(target: str | Promise | None) -> str | None:
    """Return the path of a redirect target, or ``None`` without logging anything if it cannot be resolved."""
    with suppress(Exception):
        text = str(target) if target is not None else ""
        return text.partition("?")[0].partition("#")[0] if text.startswith("/") else reverse(text)
    return None


def _matches(coverage: PolicyCoverage, path: str | None) -> Iterator[FirstMatch]:
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
