"""The texts of one URL pattern: the text that it matched, and others that it could have matched for the same view.

Each text comes in two forms: as the pattern matches it, and as a view may interpret its arguments. For example, a file
view resolves ``..`` in its argument, and another view converts it to a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from django.urls import converters
from django.urls.resolvers import RegexPattern, RoutePattern
from django.utils.regex_helper import normalize

from django_sessionkit.policy.path_variants import has_parent_segments, traversal_targets

from .alternatives import Text, alternatives_of, joined
from .integers import with_plain_integers
from .segments import pieces_of_route

#: for these, to_url(to_python(text)) is the text itself
LOSSLESS: tuple[type[Any], ...] = (
    converters.StringConverter,
    converters.SlugConverter,
    converters.PathConverter,
    converters.UUIDConverter,
)
_LONG_REST = 2_000


class LinkStep(NamedTuple):
    """A URL pattern of the chain, the path that it got, and the result of its ``match()``."""

    link: Any
    path: str
    rest: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class _Capture(NamedTuple):
    """The texts that a view may read in ``path[start:end]``, if there is more than one."""

    start: int
    end: int
    texts: tuple[Text, ...]


class Link(NamedTuple):
    """The text that a URL pattern matched, and all texts that could be in its place, in both forms."""

    matched_text: str
    texts: list[Text]


def link_of(step: LinkStep) -> Link:
    """Return the texts of one step of the chain. Raises
    :class:`~django_sessionkit.urlconf.alternatives.TooManyTexts`.
    """
    pattern, found = step.link.pattern, _found(step)
    start, end = found.span() if found is not None else (0, max(len(step.path) - len(step.rest), 0))
    captures = list(_captures(step, found))
    matched_text = step.path[start:end]  # without the text that an unanchored expression skipped
    between = _reader(step.path, captures)
    texts = dict.fromkeys(between(start, end) if captures else [_same(matched_text)])
    if isinstance(pattern, RoutePattern) and type(pattern) is not RoutePattern:
        written = {name: _written(pattern.converters.get(name), value) for name, value in step.kwargs.items()}
        texts.update(dict.fromkeys(filled(str(pattern), written)))
    elif isinstance(pattern, RegexPattern) and found is None:
        texts.update(dict.fromkeys(_written_out(pattern, step)))
    elif isinstance(pattern, RegexPattern) and found is not None:
        alternatives = alternatives_of(pattern.regex.pattern)
        others = alternatives.texts(step.path, start, end, between) if alternatives is not None else ()
        texts.update(dict.fromkeys(one for one in others if one in texts or _is_matched(step, one.matched)))
    return Link(matched_text, list(texts))


def _found(step: LinkStep) -> re.Match[str] | None:
    """The match of the pattern's regular expression, if it ends where the pattern's own match ends."""
    pattern = step.link.pattern
    if not isinstance(pattern, (RoutePattern, RegexPattern)):
        return None
    found: re.Match[str] | None = pattern.regex.search(step.path)
    return found if found is not None and found.end() == len(step.path) - len(step.rest) else None


def _is_matched(step: LinkStep, text: str) -> bool:
    """Return ``True`` if the pattern matches ``text``, alone or before the rest of the path (it may have a lookahead).

    Before a long rest every text counts as matched. Matching each of them takes time that grows with the square of the
    length of the path, which the client chooses.
    """
    if len(step.rest) > _LONG_REST:
        return True
    for rest in dict.fromkeys(["", step.rest]):
        matched = step.link.pattern.match(text + rest)
        if matched and matched[0] == rest:
            return True
    return False


def _reader(path: str, captures: Sequence[_Capture]) -> Callable[[int, int], Sequence[Text]]:
    """Return a function that returns the text between two positions in each way in which a view may interpret it."""

    def between(start: int, end: int) -> Sequence[Text]:
        rows: list[Sequence[Text]] = []
        for one in captures:
            if start <= one.start and one.end <= end:
                rows += [[_same(path[start : one.start])], one.texts]
                start = one.end
        return joined([*rows, [_same(path[start:end])]])

    return between


def _captures(step: LinkStep, found: re.Match[str] | None) -> Iterator[_Capture]:
    """The captures that a view may interpret in more than one way, in order."""
    last = 0
    for start, end, name in sorted(_places(step, found)):
        value = step.path[start:end]
        texts = dict.fromkeys([*_interpretations(value, value), *_rewritten(step, name, value)])
        if start >= last and len(texts) > 1:
            yield _Capture(start, end, tuple(texts))
            last = end


def _places(step: LinkStep, found: re.Match[str] | None) -> Iterator[tuple[int, int, str]]:
    """The positions of the view's arguments in the path, and their names."""
    if found is not None:
        for name in found.re.groupindex or range(1, found.re.groups + 1):
            yield (*found.span(name), str(name))
        return
    for value in (*step.args, *step.kwargs.values()):
        if isinstance(value, str) and value and (start := step.path.find(value)) >= 0:
            yield start, start + len(value), ""


def _interpretations(matched: str, value: str) -> list[Text]:
    """The ways in which a view may interpret an argument: as it is, as a number, or as a file below a folder."""
    used = [value, *(traversal_targets(value) if has_parent_segments(value) else ())]
    return [Text(matched, one) for one in dict.fromkeys([*used, *map(with_plain_integers, used)])]


def _rewritten(step: LinkStep, name: str, value: str) -> list[Text]:
    """The text that the converter writes for an argument, if it differs."""
    converter = step.link.pattern.converters.get(name) if type(step.link.pattern) is RoutePattern else None
    if converter is None or type(converter) in LOSSLESS:
        return []
    written = _written(converter, step.kwargs[name])
    return _interpretations(value, written) if written not in (None, value) else []


def _written(converter: Any, value: Any) -> Any:
    with suppress(Exception):  # a converter may have no to_url()
        return str(converter.to_url(value))
    return None


def _same(text: str) -> Text:
    return Text(text, text)


def _written_out(pattern: RegexPattern, step: LinkStep) -> Iterator[Text]:
    """The expression of a custom pattern class, written as ``reverse()`` does with the arguments that were found."""
    found = step.kwargs or {f"_{number}": value for number, value in enumerate(step.args)}
    values = {name: str(value) for name, value in found.items()}
    for text, names in normalize(pattern.regex.pattern):
        if text and set(names) == set(values):
            with suppress(Exception):  # a percent sign in the expression
                yield _same(text % values)
                yield _same(text % {name: with_plain_integers(value) for name, value in values.items()})


def filled(route: str, values: Mapping[str, Any]) -> list[Text]:
    """Return the texts of a route with its arguments filled in; an empty list if an argument is missing or ``None``."""
    rows: list[Sequence[Text]] = []
    for literal, name in pieces_of_route(route):
        rows.append([_same(literal)])
        if name is not None:
            value = values.get(name)
            rows.append(_interpretations(value, value) if value is not None else [])
    return joined(rows)
