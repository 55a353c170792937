"""What one URL pattern spells: the text that it matched, and the others that it could have matched for the same view.

Each text comes twice: as the pattern matches it, and as a view may read the arguments in it. A file view resolves its
argument, another makes a number of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from django.urls.resolvers import RegexPattern, RoutePattern

from .alternatives import Text, alternatives_of, joined
from .integers import with_plain_integers
from .readings import climbs, landings

_PARAMETER = re.compile(r"<(?:[^>:]+:)?(\w+)>")


class Step(NamedTuple):
    """A link of the chain, the path that it was given, and what its pattern made of it."""

    link: Any
    path: str
    rest: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class _Capture(NamedTuple):
    """What a view may read in ``path[start:end]``, if that is more than one text."""

    start: int
    end: int
    texts: tuple[Text, ...]


def span_of(step: Step) -> str:
    """What a pattern matched of its path, without what an unanchored expression passed over."""
    start, end = _range_of(step)
    return step.path[start:end]


def _range_of(step: Step) -> tuple[int, int]:
    end = max(len(step.path) - len(step.rest), 0)
    found = _found(step)
    return (found.start() if found is not None else 0), end


def _found(step: Step) -> re.Match[str] | None:
    """The match of the pattern's expression, where that is what the pattern has gone by."""
    pattern = step.link.pattern
    if not isinstance(pattern, (RoutePattern, RegexPattern)):
        return None
    found: re.Match[str] | None = pattern.regex.search(step.path)
    return found if found is not None and found.end() == len(step.path) - len(step.rest) else None


def texts_of(step: Step) -> list[Text]:
    """What could stand for what a link matched: the same as it is read, and what its pattern says."""
    found = _found(step)
    between = _reader(step, found)
    texts = dict.fromkeys(between(*_range_of(step)))
    pattern = step.link.pattern
    if isinstance(pattern, RoutePattern):
        texts.update(dict.fromkeys(_filled(pattern, step.kwargs, found)))
    elif isinstance(pattern, RegexPattern) and found is not None:
        alternatives = alternatives_of(pattern.regex.pattern)
        others = alternatives.texts(step.path, *found.span(), between) if alternatives is not None else ()
        texts.update(dict.fromkeys(one for one in others if _is_matched(pattern, one.matched)))
    return list(texts)


def _is_matched(pattern: Any, text: str) -> bool:
    matched = pattern.match(text)
    return bool(matched) and matched[0] == ""


def _reader(step: Step, found: re.Match[str] | None) -> Callable[[int, int], Sequence[Text]]:
    """A function that gives the text between two positions in each way in which a view may read it."""
    path, captures = step.path, list(_captures(step, found))

    def between(start: int, end: int) -> Sequence[Text]:
        rows: list[Sequence[Text]] = []
        for one in captures:
            if start <= one.start and one.end <= end:
                rows += [[_same(path[start : one.start])], one.texts]
                start = one.end
        return joined([*rows, [_same(path[start:end])]])

    return between


def _captures(step: Step, found: re.Match[str] | None) -> Iterator[_Capture]:
    """The captures that may be read in more than one way, in order."""
    last = 0
    for start, end in sorted(_places(step, found)):
        texts = _readings(step.path[start:end])
        if start >= last and len(texts) > 1:
            yield _Capture(start, end, tuple(texts))
            last = end


def _places(step: Step, found: re.Match[str] | None) -> Iterator[tuple[int, int]]:
    """Where the arguments of the view stand in the path."""
    if found is not None:
        yield from (found.span(name) for name in found.re.groupindex or range(1, found.re.groups + 1))
        return
    for value in (*step.args, *step.kwargs.values()):
        if isinstance(value, str) and value and (start := step.path.find(value)) >= 0:
            yield start, start + len(value)


def _readings(value: str) -> list[Text]:
    """What a view may make of an argument: a number, or a file below a folder."""
    used = [value, *(landings(value) if climbs(value) else ())]
    return [Text(value, one) for one in dict.fromkeys([*used, *map(with_plain_integers, used)])]


def _same(text: str) -> Text:
    return Text(text, text)


def _filled(pattern: RoutePattern, kwargs: dict[str, Any], found: re.Match[str] | None) -> list[Text]:
    """The route, filled with its arguments: as they stand in the path, and as their converters write them."""
    split = _PARAMETER.split(str(pattern))
    rows: list[Sequence[Text]] = []
    for literal, name in zip(split[::2], [*split[1::2], None], strict=True):
        rows.append([_same(literal)])
        if name is not None:
            rows.append(_arguments(pattern, name, kwargs, found))
    return joined(rows)


def _arguments(pattern: RoutePattern, name: str, kwargs: dict[str, Any], found: re.Match[str] | None) -> list[Text]:
    value = found[name] if found is not None else None
    texts = _readings(value) if value is not None else []
    with suppress(Exception):  # a converter need not be able to write
        written = str(pattern.converters[name].to_url(kwargs[name]))
        if written != value:
            texts += [Text(written, one.read) for one in _readings(written)]
    return list(dict.fromkeys(texts))
