"""What the chain of URL patterns that Django matched spells itself.

A path may reach a view under a spelling that no rule names: an unanchored or case-insensitive regular expression, an
optional part, ``01`` for ``1``. The text of ``resolver_match.route`` does not tell, so the chain is walked once more,
by the patterns' own ``match()``, and written down in two ways: the spans that the patterns matched, and the patterns
themselves, with their optional parts absent and present, filled with what they captured and what a view may read in it.

Only Django's own pattern classes and converters are known to match what they spell. A subclass may have a ``match()``
of its own: then the spans decide, and what the pattern says itself where it can be filled. A resolver may have a
``resolve()`` of its own: then the path decides, and what Django says of the match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import LocalePrefixPattern, ResolverMatch, RoutePattern

from .alternatives import Text, TooManyTexts, joined
from .exceptions import UnreadableRoute
from .integers import has_loose_integer
from .links import FAITHFUL, Step, filled, link_of
from .readings import cleaned


class Spelling(NamedTuple):
    """``span``: what the patterns matched. ``forms``: what they say, filled with what they captured.

    ``is_complete``: whether that is all of it; if not, there are too many forms to look at.
    """

    span: str
    forms: frozenset[str]
    is_complete: bool = True

    def is_just(self, path: str) -> bool:
        """Whether it says no more than ``path`` itself."""
        return self.span == path and self.forms <= {path}


# What stands in regular expressions, and hardly in a plain route.
_EXPRESSION = re.compile(r"[\\^$*+?()\[\]{}|]")


def may_be_respelt(urlconf: Any, match: ResolverMatch) -> bool:
    """Whether the view can be reached by patterns that need not be spelt like the path, or reads a number in it."""
    if _regular_views(get_resolver(urlconf)).get(id(match.func)) is not match.func:
        return True
    for value in match.kwargs.values():  # noqa: SIM110 - a generator would cost every request more than the answer
        if type(value) is str and has_loose_integer(value):
            return True
    return False


def spelling_of(path_info: str, urlconf: Any, match: ResolverMatch) -> Spelling:
    """How the matched chain spells ``path_info``.

    Raises :class:`~django_sessionkit.exceptions.UnreadableRoute` where the walk ends at another view than Django's, and
    what Django says of the match is no plain route.
    """
    steps = _walk(get_resolver(urlconf), path_info)
    if steps is not None and steps[-1].link.callback is match.func:
        return _spelling(steps[1:])  # without the root, which is the leading slash
    texts = _told(match) if _is_of_djangos_kind(get_resolver(urlconf)) else []
    if not texts:
        raise UnreadableRoute(f"The URL patterns do not lead to {match._func_path} a second time.")
    return _with_forms(path_info, texts)


def spelling_along(links: Iterable[tuple[Any, str]]) -> Spelling:
    """How a chain spells a path: the URL patterns below the root, each with the path it was given."""
    return _spelling([Step(link, path, *link.pattern.match(path)) for link, path in links])


def _told(match: ResolverMatch) -> list[Text]:
    """What Django says of a match that a resolver of the project has made in its own way; nothing if that is no route.

    Such a resolver changes the path before it looks at it, or the route that it looks for.
    """
    route: Any = match.route  # None, if the resolver says nothing
    if route is None or _EXPRESSION.search(route):
        return []
    values = {name: str(value) for name, value in match.kwargs.items() if isinstance(value, (str, int, UUID))}
    try:
        return filled(route, values)
    except TooManyTexts:
        return []


def _spelling(steps: Sequence[Step]) -> Spelling:
    try:
        links = [link_of(step) for step in steps]
        texts = joined(_merged(link.texts for link in links))
    except TooManyTexts:
        return Spelling("/", frozenset(), is_complete=False)
    return _with_forms("/" + "".join(link.span for link in links), texts)


def _with_forms(span: str, texts: Iterable[Text]) -> Spelling:
    forms = {span.removesuffix("/"): span}  # a slash at the end makes no difference to a rule
    for text in texts:
        form = "/" + text.read
        for one in (form, *cleaned(form)) if form != span else ():
            forms.setdefault(one.removesuffix("/"), one)
    return Spelling(span, frozenset(forms.values()))


def _merged(rows: Iterable[list[Text]]) -> Iterator[list[Text]]:
    """The rows, with those of one text each put together: a chain may be as long as the path."""
    sure: list[Text] = []
    for row in rows:
        if len(row) == 1:
            sure += row
            continue
        yield [_sum(sure)]
        yield row
        sure = []
    yield [_sum(sure)]


def _sum(texts: Sequence[Text]) -> Text:
    return Text("".join(one.matched for one in texts), "".join(one.read for one in texts))


# Which views need to be walked to


@lru_cache(maxsize=32)
def _regular_views(resolver: URLResolver) -> dict[int, Any]:
    """The views that are reached only by patterns which are spelt like the path, by identity: some cannot be hashed.

    Any other view, such as one that a resolver makes up as it goes, counts as irregular. The views are kept here, so
    that no later one can have the identity of one that is gone.
    """
    found: dict[bool, dict[int, Any]] = {True: {}, False: {}}
    for link, is_regular in _links_of(resolver):
        if isinstance(link, URLPattern):
            found[is_regular][id(link.callback)] = link.callback
    return {key: view for key, view in found[True].items() if key not in found[False]}


@lru_cache(maxsize=32)
def _is_of_djangos_kind(resolver: URLResolver) -> bool:
    """Whether all below are routes and resolvers, if of subclasses: of others Django tells no right route."""
    return all(isinstance(link, (URLPattern, URLResolver)) for link, _ in _links_of(resolver))


def _links_of(resolver: URLResolver) -> Iterator[tuple[Any, bool]]:
    """All below a resolver, and whether only patterns that are spelt like the path lead there."""
    waiting: list[tuple[Any, bool]] = [(resolver, True)]
    seen = set()
    while waiting:  # a URLconf may include itself
        one, is_regular = waiting.pop()
        if (id(one), is_regular) in seen:
            continue
        seen.add((id(one), is_regular))
        for link in one.url_patterns:
            regular = is_regular and _is_faithful(link)
            yield link, regular
            if hasattr(link, "url_patterns"):
                waiting.append((link, regular))


def _is_faithful(link: Any) -> bool:
    """Whether a link matches what it spells and nothing else. A subclass may do otherwise."""
    pattern = link.pattern
    if type(link) not in (URLPattern, URLResolver):
        return False
    if type(pattern) is RoutePattern:
        return all(type(one) in FAITHFUL for one in pattern.converters.values())
    return type(pattern) is LocalePrefixPattern


def _walk(root: URLResolver, path: str) -> list[Step] | None:
    """The chain that ``path`` takes, from the root on; the way ``URLResolver.resolve()`` goes.

    A chain may be as deep as Python's stack allows Django, so this needs no stack of its own.
    """
    steps: list[Step] = []
    turns: list[Iterator[Any]] = [iter([root])]
    while turns:
        link = next(turns[-1], None)
        if link is None:
            turns.pop()
            steps[-1:] = []
            continue
        path_here = steps[-1].rest if steps else path
        matched = link.pattern.match(path_here)
        if not matched:
            continue
        steps.append(Step(link, path_here, *matched))
        if isinstance(link, URLPattern):
            return steps
        turns.append(iter(getattr(link, "url_patterns", ())))
    return None
