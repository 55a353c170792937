"""List every route of a URLconf. No view is called, and no path is resolved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, RoutePattern

from .routes import ResolverPath, Route
from .segments import MANY, ONE, PartialSegment, PathShape, shape_of_regex, shape_of_route

__all__ = ["LANGUAGE", "MANY", "ONE", "PartialSegment", "Route", "list_routes", "text_of"]

_ANCHORS = re.compile(r"^\^|(?<!\\)(?:\$|\\Z)$")
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?P<\w+>|.", re.DOTALL)

#: the language prefix of ``i18n_patterns`` in the text of a route
LANGUAGE = "<language>"


def list_routes(urlconf: Any = None) -> list[Route]:
    """Return the routes of a URLconf, in the order in which Django tries them. ``None`` means the root URLconf."""
    resolver = get_resolver(urlconf)
    return [Route(path, pattern, urlconf) for path, pattern in _walk(resolver, ResolverPath(), frozenset())]


def _walk(
    resolver: URLResolver, path: ResolverPath, above: frozenset[int]
) -> Iterator[tuple[ResolverPath, URLPattern]]:
    """Yield the routes below a resolver.

    ``above`` has the ids of the enclosing resolvers and pattern lists. A URLconf that includes itself is entered once
    more, and this stands for every depth.
    """
    patterns = resolver.url_patterns
    here = frozenset([id(resolver), id(patterns)])
    if here & above:
        if path.recurs:
            return
        path, above = path.at_any_depth(), frozenset()
    for one in patterns:
        further = _along(one, path)
        if isinstance(one, URLResolver):
            yield from _walk(one, further, above | here)
        elif isinstance(one, URLPattern):
            yield further, one


def _along(link: URLPattern | URLResolver, path: ResolverPath) -> ResolverPath:
    pattern: Any = link.pattern
    further = path._replace(chain=(*path.chain, link), text=path.text + text_of(pattern))
    if isinstance(link, URLResolver):
        further = further._replace(
            namespaces=(*path.namespaces, link.namespace) if link.namespace else path.namespaces,
            app_names=(*path.app_names, link.app_name) if link.app_name else path.app_names,
        )
    if type(pattern) is LocalePrefixPattern:
        return further._replace(prefix=pattern)
    return further._replace(shape=path.shape.then(_shape_of(pattern, isinstance(link, URLPattern))))


def _shape_of(pattern: Any, is_endpoint: bool) -> PathShape:
    if type(pattern) is RoutePattern:
        known = tuple((name, one.regex) for name, one in pattern.converters.items())
        return shape_of_route(str(pattern), known)
    if type(pattern) is RegexPattern:
        return shape_of_regex(str(pattern), is_endpoint)
    return PathShape(None, ())  # a pattern class of the project may match anything


def text_of(pattern: Any) -> str:
    """Return a URL pattern in readable form: named groups of a regular expression as ``<name>``, without anchors."""
    if isinstance(pattern, LocalePrefixPattern):
        return f"{LANGUAGE}/" if pattern.prefix_default_language else f"[{LANGUAGE}/]"
    if not isinstance(pattern, RegexPattern):
        return str(pattern)
    text, depth = "", 0
    for piece in _TOKEN.findall(_ANCHORS.sub("", str(pattern))):
        if depth:
            depth += piece.startswith("(") - (piece == ")")
        elif piece.startswith("(?P<"):
            text, depth = text + piece[3:], 1
        else:
            text += piece
    return text
