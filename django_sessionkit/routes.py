"""What the chain of URL patterns that Django matched spells itself.

A path may reach a view under a spelling that no rule names: an unanchored or case-insensitive regular expression, an
optional suffix, ``01`` for ``1``. The text of ``resolver_match.route`` does not tell, so the chain is walked once
more, by the patterns' own ``match()``, and written down in two ways: the spans that the patterns matched, and the
patterns themselves, filled with what they captured.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import islice, product
from typing import Any, NamedTuple, TypeAlias

from django.urls import URLPattern, URLResolver, converters, get_resolver
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, ResolverMatch, RoutePattern
from django.utils.regex_helper import normalize

from .exceptions import UnreadableRoute
from .readings import climbs, landings

# For these, to_url(to_python(text)) is the text itself.
_FAITHFUL = (
    converters.StringConverter,
    converters.SlugConverter,
    converters.PathConverter,
    converters.UUIDConverter,
)
_CONVERTER = re.compile(r"<(?:[^>:]+:)?(\w+)>")
# Parts of a regular expression that match many texts and are not captured: the normal form picks one of them at random.
_VARIABLE = re.compile(r"\\[wWdDsS]|\[|(?<!\\)\.")
_CAPTURED = re.compile(r"\(\?P<\w+>[^()]*\)|\((?!\?)[^()]*\)")
_FLAGS = re.compile(r"^\(\?[aiLmsux]+\)")
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
# No key of a table is longer; and int() takes the square of a number's length.
_LONGEST_NUMBER = 40
# Each optional part of a chain may double its forms; beyond this, the spans have to do.
_MOST_FORMS = 16


class Spelling(NamedTuple):
    """``span``: what the patterns matched. ``forms``: what they say, filled with what they captured."""

    span: str
    forms: frozenset[str]


_Link: TypeAlias = tuple[Any, str]


def may_be_respelt(urlconf: Any, match: ResolverMatch) -> bool:
    """Whether the view can be reached by patterns that need not be spelt like the path."""
    return match.func in _irregular_views(get_resolver(urlconf))


def spelling_of(path_info: str, urlconf: Any, match: ResolverMatch) -> Spelling:
    """How the matched chain spells ``path_info``.

    Raises :class:`~django_sessionkit.exceptions.UnreadableRoute` where the walk ends at another view than Django's.
    """
    resolver = get_resolver(urlconf)
    links = _walk(resolver, path_info)
    if links is None or links[-1][0].callback is not match.func:
        raise UnreadableRoute(f"the URL patterns do not lead to {match._func_path} a second time")
    return spelling_along(links[1:])  # without the root, which is the leading slash


def spelling_along(links: Iterable[tuple[Any, str]]) -> Spelling:
    """How a chain spells a path: the URL patterns below the root, each with the path it was given."""
    spans, forms, captured = [], [], []
    for link, path in links:
        span, args, kwargs = _matched(link.pattern, path)
        spans.append(span)
        captured += [*args, *kwargs.values()]
        forms.append([*_forms(link.pattern, args, kwargs), span])
    span = "/" + "".join(spans)
    written = ("/" + "".join(one) for one in islice(product(*forms), _MOST_FORMS))
    return Spelling(span, frozenset([*written, *_as_used(span, captured)]))


@lru_cache(maxsize=32)
def _irregular_views(resolver: URLResolver) -> frozenset[Any]:
    """The views that some chain reaches by a pattern which need not be spelt like the path."""
    return frozenset(_collect(resolver, is_irregular=False))


def _collect(resolver: URLResolver, *, is_irregular: bool) -> Iterator[Any]:
    for one in resolver.url_patterns:
        irregular = is_irregular or not _is_faithful(one.pattern)
        if isinstance(one, URLResolver):
            yield from _collect(one, is_irregular=irregular)
        elif irregular:
            yield one.callback


def _is_faithful(pattern: Any) -> bool:
    if isinstance(pattern, RoutePattern):
        return all(type(one) in _FAITHFUL for one in pattern.converters.values())
    return isinstance(pattern, LocalePrefixPattern)


def _walk(link: URLResolver | URLPattern, path: str) -> list[_Link] | None:
    """The chain that ``path`` takes, each link with the path it was given; the way ``URLResolver.resolve()`` goes."""
    matched = link.pattern.match(path)
    if not matched:
        return None
    if isinstance(link, URLPattern):
        return [(link, path)]
    chains = (_walk(one, matched[0]) for one in link.url_patterns)
    found = next((chain for chain in chains if chain is not None), None)
    return [(link, path), *found] if found is not None else None


def _matched(pattern: Any, path: str) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """What ``pattern`` matched of ``path``, without what an unanchored expression passed over; and its captures."""
    rest, args, kwargs = pattern.match(path)
    found = pattern.regex.search(path) if isinstance(pattern, RegexPattern) else None
    start = found.start() if found is not None else 0
    return path[start : len(path) - len(rest)], args, kwargs


def _as_used(span: str, captured: Iterable[Any]) -> Iterator[str]:
    """The span with each capture read as views do: a file view resolves its argument, others make it a number."""
    for value in captured:
        if isinstance(value, str) and climbs(value):
            yield from (span.replace(value, landing) for landing in landings(value))
        elif isinstance(value, str) and value.isdecimal() and len(value) <= _LONGEST_NUMBER:
            yield span.replace(value, str(int(value)))


def _forms(pattern: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    if isinstance(pattern, RoutePattern):
        return [_CONVERTER.sub(lambda name: str(pattern.converters[name[1]].to_url(kwargs[name[1]])), str(pattern))]
    if isinstance(pattern, RegexPattern):
        values = kwargs or {f"_{number}": value for number, value in enumerate(args)}
        return [form for form in _normal_forms(str(pattern), values) if _is_form_of(pattern, form)]
    return []


def _normal_forms(expression: str, values: dict[str, Any]) -> Iterable[str]:
    """The expression with its optional parts left out, filled; nothing for one that has no such form."""
    bare = _FLAGS.sub("", expression)  # normalize() does not know them
    for one in dict.fromkeys((bare, _without_optional_groups(bare))):
        if not _VARIABLE.search(_CAPTURED.sub("", one)):
            with suppress(Exception):
                yield from [form % values for form, names in normalize(one) if set(names) <= {*values}]


def _without_optional_groups(expression: str) -> str:
    kept: list[str] = []
    opened: list[int] = []
    closed = None  # where the group that has just ended starts
    for part in _TOKEN.findall(expression):
        if part in ("?", "*") and closed is not None:
            del kept[closed:]
            closed = None
            continue
        if part == "(":
            opened.append(len(kept))
        closed = opened.pop() if part == ")" and opened else None
        kept.append(part)
    return "".join(kept)


def _is_form_of(pattern: Any, form: str) -> bool:
    matched = pattern.match(form)
    return bool(matched) and matched[0] == ""
