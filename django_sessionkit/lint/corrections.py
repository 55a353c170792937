"""Propose what may be meant by a pattern or view name that matches no route."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches

from django_sessionkit.exceptions import InvalidPattern
from django_sessionkit.patterns import WILDCARDS, Pattern, compile_pattern, split
from django_sessionkit.policy.rules import ViewNamePattern, folded
from django_sessionkit.utils import text

from .coverage import PolicyCoverage, laid_over

# How other libraries write a segment that may be anything.
_PLACEHOLDER = re.compile(r"\{.*\}|:\w+")


def nearest(one: Pattern | ViewNamePattern, coverage: PolicyCoverage) -> str | None:
    """Return a pattern or view name that is near ``one`` and matches a route, or ``None``."""
    if isinstance(one, Pattern):
        return _nearest_pattern(one, coverage)
    names = {route.view_name for route in coverage.routes}
    globs = {f"{name.rpartition(':')[0]}:*" for name in names if ":" in name}
    if "*" in one.text:
        return text.nearest(one.text, globs)
    meant = (route.view_name for route in coverage.routes if one.text in (route.url_name, route.view))
    near = text.nearest(one.text, names) or next(meant, None)  # a name without its namespace, or the path of a view
    return f"{one.text}:*" if near is None and f"{one.text}:*" in globs else near


def _nearest_pattern(pattern: Pattern, coverage: PolicyCoverage) -> str | None:
    """Return the first change that matches a route."""
    changed = []
    for one in _changes(pattern, coverage):
        with suppress(InvalidPattern):  # a segment of a route may contain anything
            changed.append(compile_pattern(one, opens=pattern.opens))
    laid = laid_over([one if one.opens else folded(one) for one in changed], coverage.routes, folds=not pattern.opens)
    return next((one.text for one, covered in zip(changed, laid, strict=True) if covered), None)


def _changes(pattern: Pattern, coverage: PolicyCoverage) -> Iterator[str]:
    segments = split(pattern.text)
    if any(map(_PLACEHOLDER.fullmatch, segments)):
        yield "/" + "/".join("*" if _PLACEHOLDER.fullmatch(one) else one for one in segments)
        return  # with a placeholder, any other change only seems to match a route
    if pattern.opens and any(route.is_prefixed for route in coverage.routes):
        yield f"/*{pattern.text}"  # without the language, it would only match if it required something
    yield from _with_all_below(segments, pattern)
    literals = {part for route in coverage.routes for part in route.parts or () if isinstance(part, str)}
    for place, segment in enumerate(segments):
        near = get_close_matches(segment, literals - {segment}, cutoff=text.NEAR) if segment not in WILDCARDS else ()
        for other in near:
            corrected = [*segments[:place], other, *segments[place + 1 :]]
            yield "/" + "/".join(corrected)
            yield from _with_all_below(corrected, pattern)


def _with_all_below(segments: list[str], pattern: Pattern) -> Iterator[str]:
    """Yield the pattern that ends with ``**``. What opens must have a wildcard there already."""
    bare = segments[:-1] if segments[-1:] == ["*"] else segments
    if bare and (bare is not segments or not pattern.opens):
        yield "/" + "/".join([*bare, "**"])
