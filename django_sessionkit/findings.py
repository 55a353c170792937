"""Rules that do not do what they look like: dead, shadowed, weakened by an earlier one, or beside the mark.

Pure data, for the system checks and for ``sessionkit_routes --fail-on``. Nothing is asked of a session.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import NamedTuple

from . import conf, installation
from .patterns import Pattern, compile_pattern, split
from .requirements import Nobody
from .rules import Rule, ViewGlob
from .shapes import MANY
from .strength import is_weaker
from .terrain import EVERYTHING, Terrain
from .territory import Cover, Ground, Relation, relation, steps_of

# Looking for the nearest name among thousands takes time; a list of faults that long is not read anyway.
_MOST_HINTS = 20

_FALLBACKS = (
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
)


class Finding(NamedTuple):
    """A fault of the policy. ``place`` names the rule, ``hint`` can be pasted; ``rule`` is its number, if it is one."""

    place: str
    fault: str
    hint: str
    rule: int | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.fault}"


def dead(terrain: Terrain) -> list[Finding]:
    """Patterns and view names that are about no route.

    Silent for what no route is needed for: static and uploaded files, pages that a fallback middleware answers, and
    rules that let nobody in.
    """
    if not terrain.routes:
        return []
    found = [*_dead_patterns(terrain), *_dead_views(terrain), *_dead_excludes(terrain)]
    return [one._replace(hint=_nearest(one.hint, terrain)) for one in found[:_MOST_HINTS]] + [
        one._replace(hint="Remove it, or mend its spelling.") for one in found[_MOST_HINTS:]
    ]


def _dead_patterns(terrain: Terrain) -> Iterator[Finding]:
    for selector, covered in zip(terrain.selectors, terrain.covers, strict=True):
        rule = terrain.rules[selector.number]
        if not covered and not isinstance(rule.requirement, Nobody) and _needs_route(selector.pattern):
            idle = "opens" if rule.is_public else "protects"
            fault = f'the pattern "{selector.pattern.text}" matches no route: the rule {idle} nothing there.'
            yield Finding(rule.label, fault, selector.pattern.text, selector.number)


def _dead_views(terrain: Terrain) -> Iterator[Finding]:
    names = {route.view_name for route in terrain.routes}
    for number, rule in enumerate(terrain.rules):
        for glob in rule.views:
            if not any(map(glob.covers, names)):
                yield Finding(rule.label, f'the view name "{glob.text}" matches no route.', glob.text, number)


def _dead_excludes(terrain: Terrain) -> Iterator[Finding]:
    for one, covered in terrain.excludes:
        if not covered and (isinstance(one, ViewGlob) or _needs_route(one)):
            yield Finding("SESSIONKIT_EXCLUDE", f'"{one.text}" matches no route.', one.text)


def _needs_route(pattern: Pattern) -> bool:
    """Whether nothing but a route can answer there."""
    classes = installation.middleware()
    if any(installation.position(classes, one) is not None for one in _FALLBACKS):
        return False
    return all(relation(pattern, one) is Relation.DISJOINT for one in _file_patterns())


def _file_patterns() -> Iterator[Pattern]:
    for name in ("STATIC_URL", "MEDIA_URL"):
        path = "/" + str(conf.of_django(name) or "").strip("/")
        if path != "/" and "//" not in path:
            yield compile_pattern(f"{path}/**")


def _nearest(text: str, terrain: Terrain) -> str:
    if text.startswith("/"):
        known = {"/" + "/".join(_written(route.parts)) for route in terrain.routes if route.parts is not None}
    else:
        names = {route.view_name for route in terrain.routes}
        known = {f"{name.rpartition(':')[0]}:*" for name in names if ":" in name} if "*" in text else names
    near = get_close_matches(text, known, n=1)
    return f'Did you mean "{near[0]}"? Else remove it.' if near else "Remove it, or mend its spelling."


def _written(parts: Iterable[object]) -> list[str]:
    return [part if isinstance(part, str) else "*" for part in parts]


def shadowed(terrain: Terrain) -> list[Finding]:
    """Rules that never decide, because earlier ones cover all that they are about, with all their methods."""
    ground = Ground((number, selector.pattern) for number, selector in enumerate(terrain.selectors))
    found = []
    for number, rule in enumerate(terrain.rules):
        earlier = _before_by_patterns(terrain, ground, number) or _before_by_routes(terrain, number)
        if earlier:
            labels = " and ".join(terrain.rules[one].label for one in earlier)
            fault = f"it never decides: {labels} stands above it and covers all of it."
            hint = f"Move {rule.label} above {terrain.rules[earlier[0]].label}, or remove it."
            found.append(Finding(rule.label, fault, hint, number))
    return found


def _before_by_patterns(terrain: Terrain, ground: Ground, number: int) -> list[int]:
    """The earlier rules that together cover every pattern of a rule, whatever the URLconf."""
    rule, found = terrain.rules[number], dict[int, None]()
    for pattern in rule.patterns or (EVERYTHING,):
        near = (terrain.selectors[one] for one in ground.near(steps_of(pattern.text), whole=True))
        candidates = (
            one.number
            for one in near
            if one.number < number
            and _covers_rest(terrain.rules[one.number], rule)
            and relation(one.pattern, pattern) in (Relation.EQUAL, Relation.COVERS)
        )
        earlier = next(candidates, None)
        if earlier is None:
            return []
        found[earlier] = None
    return list(found)


def _before_by_routes(terrain: Terrain, number: int) -> list[int]:
    """The same for a rule by view name: seen from the routes that it is about."""
    rule, found = terrain.rules[number], dict[int, None]()
    if not rule.views:
        return []
    for route in terrain.by_rule[number]:
        earlier = next(
            (
                one
                for one, how in terrain.by_route[route].items()
                if one < number and how is Cover.ALL and _covers_methods(terrain.rules[one], rule)
            ),
            None,
        )
        if earlier is None:
            return []
        found[earlier] = None
    return list(found)


def _covers_rest(earlier: Rule, later: Rule) -> bool:
    """Whether it is about all that the later one is about, patterns aside."""
    views = {glob.text for glob in later.views}
    same_views = not earlier.views or (bool(views) and views <= {glob.text for glob in earlier.views})
    return same_views and (earlier.i18n or not later.i18n) and _covers_methods(earlier, later)


def _covers_methods(earlier: Rule, later: Rule) -> bool:
    if later.unsafe_only:
        return earlier.unsafe_only or not earlier.methods
    if not later.methods:
        return not earlier.methods and not earlier.unsafe_only
    return all(map(earlier.covers_method, later.methods))


def weaker(terrain: Terrain) -> list[Finding]:
    """Rules that ask for less than a later one which is narrower, or which crosses them, and decide before it."""
    lost = {one.rule for one in shadowed(terrain)}
    found = []
    for (one, other), (both, route) in sorted(_meetings(terrain).items()):
        earlier, later = terrain.rules[one], terrain.rules[other]
        whole = {route for route, how in terrain.by_rule[one].items() if how is Cover.ALL}
        is_exception = whole <= terrain.by_rule[other].keys()
        if other not in lost and _undercuts(earlier, later, both and not is_exception, terrain):
            fault = (
                f"{earlier.label} stands above it and asks for less: "
                f"{_some_verb(earlier, later)} {terrain.routes[route].text} needs {earlier.requirement!r} only."
            )
            hint = f"Move {later.label} above {earlier.label}."
            found.append(Finding(later.label, fault, hint, other))
    return found


def _meetings(terrain: Terrain) -> dict[tuple[int, int], tuple[bool, int]]:
    """Pairs of rules about a route that the earlier one decides: whether the later one covers it too, and the route."""
    found: dict[tuple[int, int], tuple[bool, int]] = {}
    seen = set()
    for route, covered in enumerate(terrain.by_route):
        rules = tuple(covered.items())
        if len(rules) > 1 and rules not in seen:
            seen.add(rules)
            for place, (earlier, how) in enumerate(rules):
                for later, how_much in rules[place + 1 :] if how is Cover.ALL else ():
                    both = how_much is Cover.ALL
                    if both > found.get((earlier, later), (-1, 0))[0]:
                        found[earlier, later] = (both, route)
    return found


def _undercuts(earlier: Rule, later: Rule, may_cross: bool, terrain: Terrain) -> bool:
    if not _some_verb(earlier, later):
        return False
    if not is_weaker(earlier.requirement, later.requirement, terrain.settings.roles):
        return False
    if earlier.views and {glob.text for glob in earlier.views} != {glob.text for glob in later.views}:
        return False  # narrow by its views: an exception that stands above the rule
    pairs = {
        relation(one, other) for one in earlier.patterns or (EVERYTHING,) for other in later.patterns or (EVERYTHING,)
    }
    return Relation.COVERS in pairs or (may_cross and Relation.OVERLAPS in pairs)


def _some_verb(one: Rule, other: Rule) -> str:
    verbs = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
    return next((verb for verb in verbs if one.covers_method(verb) and other.covers_method(verb)), "")


def partial(terrain: Terrain) -> list[Finding]:
    """Patterns that cover some spellings of routes and no route as a whole, such as a literal under a converter."""
    found = []
    for selector, covered in zip(terrain.selectors, terrain.covers, strict=True):
        rule = terrain.rules[selector.number]
        hit = [terrain.routes[number] for number, how in covered.items() if how is Cover.SOME]
        if len(hit) != len(covered) or not hit or isinstance(rule.requirement, Nobody):
            continue
        if any(one.parts is None or MANY in one.parts for one in hit) or not _needs_route(selector.pattern):
            continue  # a catch-all: the pattern may well be about pages that the URLconf does not list
        if hit[0].is_prefixed and split(selector.pattern.text)[0] in terrain.settings.languages:
            continue  # the pages of one language, on purpose
        if not _together_all(rule, hit[0].examples):
            wide = "/" + "/".join(_written(hit[0].parts or ()))
            fault = f'the pattern "{selector.pattern.text}" covers only some spellings of {hit[0].text}.'
            hint = f'Write "{wide}", or name the view: {{"view": "{hit[0].view_name}"}}.'
            found.append(Finding(rule.label, fault, hint, selector.number))
    return found


def _together_all(rule: Rule, examples: Iterable[str]) -> bool:
    """Whether the patterns of a rule together cover all that a route was seen to be spelt like."""
    paths = [path.removeprefix("/").removesuffix("/").split("/") for path in examples]
    return bool(paths) and all(any(one.covers(path) for one in rule.patterns) for path in paths)
