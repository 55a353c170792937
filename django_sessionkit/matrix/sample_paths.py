"""Choose sample paths of a route, one for each case that the patterns of the policy distinguish.

A route such as ``/users/<slug>/`` matches many paths, and a rule may name one of them (``/users/admin``). The patterns
are walked in parallel with the segments of the route. Each literal of a pattern that fits gives one path, and all other
values together give one more.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from django_sessionkit import conf
from django_sessionkit.conf.urlconf import uses_language_prefix
from django_sessionkit.patterns import WILDCARDS, Pattern, ShiftAndMatcher, split
from django_sessionkit.urlconf.candidates import CandidateIndex, Step
from django_sessionkit.urlconf.routes import Route
from django_sessionkit.urlconf.segments import MANY, Part, PartialSegment

# The number of paths, and of path lengths, to try for one case. An earlier route may match one path and not another.
_SPARE = 3
# A pattern with ``**`` before a literal matches at any depth. No deeper paths than this are tried.
_DEEPEST = 12


class PathSampler:
    """Finds sample paths for the patterns of rules and excludes."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.patterns: tuple[Pattern, ...] = tuple({pattern.segments: pattern for pattern in patterns}.values())
        self._index = CandidateIndex(enumerate(self.patterns))
        #: the first literal of each pattern, which may be a language
        self._first = {next((one for one in each.segments if one not in WILDCARDS), "") for each in self.patterns}

    def paths(self, route: Route) -> Iterator[str]:
        """Yield one path of the route for each case that the patterns distinguish, the ordinary path first.

        Yield nothing if no path can be derived.
        """
        if route.bare_parts is not None and route.segments is not None:
            return self._fitted(route, route.bare_parts, route.segments)
        named = (path for pattern in self.patterns for path in _instances(pattern, route) if route.accepts(path))
        return iter(dict.fromkeys((*route.examples_after(self._prefixes(route)), *named)))

    def doubts(self, route: Route, paths: Sequence[str]) -> list[str]:
        """Return the patterns that may match other paths of the route, but match none of ``paths``.

        Return an empty list for a route whose ``parts`` are known: its sample paths are complete.
        """
        if route.bare_parts is not None:
            return []
        known = [split(path) for path in paths]
        return [
            pattern.text
            for pattern in self.patterns
            if _may_cover(pattern, route)
            and not any(map(pattern.matches, known))
            and not any(map(route.accepts, _instances(pattern, route)))
        ]

    def _fitted(self, route: Route, parts: Sequence[Part], examples: Sequence[Sequence[str]]) -> Iterator[str]:
        end = "/" if parts and route.ends_with_slash else ""
        for prefix in self._prefixes(route):
            seen: Counter[tuple[int, int, int]] = Counter()
            language = split(prefix)
            # Rules match the path both with its language and without.
            matcher = self._matcher(parts, [*language, *parts])
            for start in dict.fromkeys((matcher.start, *(matcher.step(matcher.start, one) for one in language))):
                for segments, is_ordinary in _filled(parts, examples, matcher, start, seen):
                    path = f"/{prefix}{'/'.join(segments)}{end}"
                    if (is_ordinary and not route.is_guessed) or route.accepts(path):
                        yield path
        if not route.is_prefixed and uses_language_prefix(route.urlconf):
            yield from self._mistaken(route, parts[1:], examples[1:], end)

    def _mistaken(
        self, route: Route, parts: Sequence[Part], examples: Sequence[Sequence[str]], end: str
    ) -> Iterator[str]:
        """Paths of a route without a language prefix that begin with a language: rules also match the rest alone."""
        code, matcher = conf.current().language_code, self._matcher(parts)
        found = _filled(parts, examples, matcher, matcher.start, Counter())
        yield from filter(
            route.accepts, (f"/{code}/{'/'.join(segments)}{end if segments else ''}" for segments, _ in found)
        )

    def _matcher(self, *forms: Sequence[Step]) -> ShiftAndMatcher:
        """A matcher of the patterns that may match a path of one of these forms."""
        numbers = sorted({number for form in forms for number in self._index.near(form)})
        return ShiftAndMatcher(self.patterns[number].segments for number in numbers)

    def _prefixes(self, route: Route) -> Iterable[str]:
        """The language prefixes of the path, including each language that a pattern names."""
        if not route.is_prefixed:
            return route.prefixes
        named = self._first & conf.current().languages
        return dict.fromkeys([*route.prefixes, *(f"{code}/" for code in sorted(named))])


def _filled(
    parts: Sequence[Part],
    examples: Sequence[Sequence[str]],
    matcher: ShiftAndMatcher,
    start: int,
    seen: Counter[tuple[int, int, int]],
) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The segments of each path that the patterns distinguish, and whether only example values are in it."""
    waiting: deque[tuple[int, int, tuple[str, ...], bool]] = deque([(0, start, (), True)])
    while waiting:
        number, bits, segments, is_ordinary = waiting.popleft()
        state = (number, min(len(segments), _SPARE), bits)
        if seen[state] == _SPARE:
            continue
        seen[state] += 1
        if number == len(parts):
            yield segments, is_ordinary
            continue
        named = [literal for literal, mask in matcher.literals.items() if mask & bits]
        for segment in _choices(parts[number], examples[number], named):
            following = matcher.step(bits, segment)
            as_before = is_ordinary and (segment in examples[number])
            waiting.append((number + 1, following, (*segments, segment), as_before))
            if parts[number] is MANY and following and len(segments) < _DEEPEST:
                waiting.append((number, following, (*segments, segment), False))


def _choices(part: Part, examples: Sequence[str], named: Sequence[str]) -> list[str]:
    """The segments to try: one that no pattern names, then each that a pattern names."""
    if isinstance(part, str):
        return [part]
    if isinstance(part, PartialSegment):
        named = list(filter(part.fits, named))
    other = next((text for text in examples if text not in named), None)
    return [*([other] if other is not None else []), *named]


def _instances(pattern: Pattern, route: Route) -> list[str]:
    """Paths that the pattern matches: short and long, with and without a slash at the end, in some languages."""
    steps = pattern.segments
    short = "/".join("x" if step == "*" else step for step in steps if step != "**")
    long = "/".join("x" if step.startswith("*") else step for step in steps)
    prefixes = dict.fromkeys(["", *route.prefixes])
    bodies = [body for text in dict.fromkeys((short, long)) for body in ((text, f"{text}/") if text else ("",))]
    return [f"/{prefix}{body}" for prefix in prefixes for body in bodies]


def _may_cover(pattern: Pattern, route: Route) -> bool:
    """Return ``True`` if the pattern fits the known beginning of the route, with a language or without."""
    steps = pattern.segments
    is_language = route.is_prefixed and bool(steps) and steps[0] in conf.current().languages
    return _begin_alike(steps, route.literal_prefix) or (is_language and _begin_alike(steps[1:], route.literal_prefix))


def _begin_alike(steps: Sequence[str], lead: str) -> bool:
    *whole, started = lead.split("/")
    for literal, segment in zip_longest(steps, whole):
        if segment is None:
            return literal.startswith(("*", started))
        if literal == "**":
            return True
        if literal not in ("*", segment):
            return False
    return not started


class RuleOrder:
    """The order in which Django tries the routes."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._numbers = {id(route): number for number, route in enumerate(routes)}
        self._by_head: dict[str | None, list[Route]] = {}
        for route in routes:
            self._by_head.setdefault(_head(route), []).append(route)

    def is_taken_before(self, route: Route, path: str) -> bool:
        """Return ``True`` if a route before ``route`` matches ``path``."""
        number = self._numbers[id(route)]
        rivals = (*self._by_head.get(path.split("/")[1], ()), *self._by_head.get(None, ()))
        return any(self._numbers[id(one)] < number and one.accepts(path) for one in rivals)


def _head(route: Route) -> str | None:
    """The first segment of all paths of the route; ``None`` if they differ, or may differ."""
    if route.is_guessed or not route.parts or not isinstance(route.parts[0], str):
        return None
    return route.parts[0]
