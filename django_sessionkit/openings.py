"""Doors that stand open, or go round in circles: methods left out, excludes, targets of redirects, log-in pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from django.urls import resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import get_language_from_path

from .findings import Finding
from .patterns import Pattern
from .readings import Reader, strip_language
from .rules import SAFE_VERBS, Rule, ViewGlob
from .survey import Route
from .terrain import EVERYTHING, Terrain
from .territory import Cover, Relation, relation
from .urlconfs import is_translated_from, uses_language_prefix


def open_verbs(terrain: Terrain) -> list[Finding]:
    """Rules with ``methods`` that leave other writing verbs of the same route to nobody."""
    found = []
    for number, rule in enumerate(terrain.rules):
        if not rule.methods or rule.is_public:
            continue
        for route, how in terrain.by_rule[number].items():
            verbs = [verb for verb in terrain.verbs(route) if verb not in SAFE_VERBS and not rule.covers_method(verb)]
            left = [verb for verb in verbs if not terrain.is_guarded(route, verb)] if how is Cover.ALL else []
            if left:
                fault = f"its methods leave {', '.join(left)} of {terrain.routes[route].text} open to everybody."
                hint = f'Write "methods": "unsafe", or add a rule without "methods" below {rule.label}.'
                found.append(Finding(rule.label, fault, hint, number))
                break
    return found


def idle_excludes(terrain: Terrain) -> list[Finding]:
    """Excludes of pages that a rule or the view itself protects all the same: one of the two is a mistake."""
    found = []
    for one, covered in terrain.excludes:
        whole = [route for route, how in covered.items() if how is Cover.ALL]
        guards = [_guard_of(terrain, route) for route in whole]
        if whole and all(guards) and len(whole) == len(covered):
            fault = (
                f'"{one.text}" is to be open, but {guards[0]} protects {terrain.routes[whole[0]].text} all the same.'
            )
            hint = f'Remove "{one.text}" from SESSIONKIT_EXCLUDE, or let {guards[0]} say {{"public": True}}.'
            found.append(Finding("SESSIONKIT_EXCLUDE", fault, hint))
    return found


def _guard_of(terrain: Terrain, route: int) -> str:
    """Who protects a route from every verb, other than by default."""
    guards = []
    for verb in terrain.verbs(route):
        rule = terrain.decider(route, verb)
        by_rule = rule is not None and not rule.is_public
        if not by_rule and not terrain.marks(route, verb):
            return ""
        guards.append(rule.label if rule is not None and by_rule else f"the view {terrain.routes[route].view}")
    return guards[0] if guards else ""


def wide_excludes(terrain: Terrain) -> list[Finding]:
    """Excludes that lift the default from more than their text seems to say."""
    if not terrain.settings.global_protect:
        return []
    return [
        Finding("SESSIONKIT_EXCLUDE", f'"{one.text}" {fault}', hint)
        for one, covered in terrain.excludes
        for fault, hint in _width(terrain, one, covered)
    ]


def _width(terrain: Terrain, one: Pattern | ViewGlob, covered: dict[int, Cover]) -> Iterator[tuple[str, str]]:
    if isinstance(one, Pattern):
        if relation(one, EVERYTHING) is Relation.EQUAL:
            yield "lifts the default from every page.", 'Name the open pages: SESSIONKIT_EXCLUDE = ["/", "/about"].'
        return
    if ":" in one.text or "*" not in one.text:
        return
    inside = [name for number in covered if ":" in (name := terrain.routes[number].view_name)]
    if inside:
        hint = f'Write out the names, or "{inside[0].partition(":")[0]}:*" for that namespace.'
        yield f'covers namespaces too, such as "{inside[0]}".', hint


def own_targets(terrain: Terrain) -> list[Finding]:
    """Rules whose ``redirect_to`` is a page that they deny as well: the browser goes round in circles."""
    found = []
    for number, rule in enumerate(terrain.rules):
        path = _located(rule.options.redirect_to)
        if path is not None and _decider(terrain, path) is rule:
            fault = f"it denies its own redirect target {path}: who is refused is sent round in circles."
            hint = f'Add {{"pattern": "{path}", "authenticated": True}} above {rule.label}.'
            found.append(Finding(rule.label, fault, hint, number))
    return found


def covered_login(terrain: Terrain) -> list[Finding]:
    """Rules that cover a log-in page: it stays reachable, and pages below it do not."""
    found = []
    for url in terrain.settings.login_urls:
        path = _with_language(terrain, _located(url))
        rule = _decider(terrain, path) if path is not None else None
        if path is not None and rule is not None and not rule.is_public:
            fault = f"it covers the log-in page {path}, which stays reachable all the same; pages below it do not."
            hint = f'Add {{"pattern": "{_in_any_language(terrain, path)}", "public": True}} above {rule.label}.'
            found.append(Finding(rule.label, fault, hint, terrain.rules.index(rule)))
    return found


def _with_language(terrain: Terrain, path: str | None) -> str | None:
    """Where Django leads to from a path without the language that ``i18n_patterns`` puts first."""
    language = get_language_from_path(f"/{terrain.settings.language_code}/")
    translated = f"/{language}{path}"
    return translated if path is not None and is_translated_from(translated, path, None) else path


def views_without_login(terrain: Terrain) -> list[Finding]:
    """Views that would send anonymous callers to the login page, where Django's ``LOGIN_URL`` is of another site.

    Rules that do so stop the server. What a view asks for is only known once the URLconf has been read.
    """
    if terrain.settings.login_fault is None:
        return []
    views = dict.fromkeys(
        route.view
        for number, route in enumerate(terrain.routes)
        for verb in terrain.verbs(number)
        for mark in terrain.marks(number, verb)
        if mark.options.may_lead_to_login and not mark.requirement.is_closed
    )
    fault = "it sends anonymous callers to the login page, and LOGIN_URL names no page of this site: they get a 403."
    hint = "Set SESSIONKIT_LOGIN_URL to a page of this site that leads there, or give the view a login_url of its own."
    return [Finding(view, fault, hint) for view in views]


def _in_any_language(terrain: Terrain, path: str) -> str:
    bare = strip_language(path, terrain.settings.languages) if uses_language_prefix(None) else None
    return f"/*{bare}" if bare is not None else path


def _located(target: str | Promise | None) -> str | None:
    """The path of a target, without a word in the log where it has none."""
    with suppress(Exception):
        text = str(target) if target is not None else ""
        return text.partition("?")[0].partition("#")[0] if text.startswith("/") else reverse(text)
    return None


def _decider(terrain: Terrain, path: str) -> Rule | None:
    name = None
    with suppress(Exception):
        name = resolve(path).view_name
    languages = terrain.settings.languages if uses_language_prefix(None) else frozenset()
    readings = Reader().readings(path, path, languages)
    found = (terrain.settings.rules.find(one, "GET", name, resolved=True) for one in readings)
    return next((rule for rule in found if rule is not None), None)


def unclear_routes(terrain: Terrain) -> list[Finding]:
    """Rules by pattern that may be about routes whose paths cannot be told from their expressions."""
    met: dict[int, list[Route]] = {}
    for number, route in enumerate(terrain.routes):
        if route.parts is not None or route.gate is not None or route.is_catch_all:
            continue
        covered = terrain.by_route[number]
        if Cover.ALL not in covered.values():
            for one in covered:
                met.setdefault(one, []).append(route)
    return [_unclear(terrain.rules[number], number, routes) for number, routes in sorted(met.items())]


def _unclear(rule: Rule, number: int, routes: list[Route]) -> Finding:
    more = f" and {len(routes) - 1} more" if len(routes) > 1 else ""
    fault = f"it may be about {routes[0].text}{more}, whose paths cannot be told from its URL patterns."
    hint = f'Name the view: {{"view": "{routes[0].view_name}"}}. In doubt the stricter reading of a path decides.'
    return Finding(rule.label, fault, hint, number)
