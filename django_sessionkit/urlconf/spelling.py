"""Find the canonical forms of a path: the ways in which the matched URL patterns write it.

A path may reach a view in a form that no rule names: through an unanchored or case-insensitive regular expression, with
an optional part, or with ``01`` for ``1``. ``resolver_match.route`` does not show this. So the chain of patterns is
walked again with their own ``match()``. Two things result: the text that the patterns matched, and the patterns filled
with the captured values, with optional parts absent and present, and with values as a view may interpret them.

Only Django's own pattern classes and converters are known to match exactly what they write. A subclass may have its own
``match()``: then the matched text counts, and the filled pattern if it can be filled. A resolver may have its own
``resolve()``: then the path counts, and the route that Django gives for the match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, ResolverMatch, RoutePattern

from django_sessionkit.exceptions import RouteMismatch
from django_sessionkit.policy.path_variants import normalized

from .alternatives import Text, TooManyTexts, is_exact, joined
from .integers import has_loose_integer
from .links import LOSSLESS, LinkStep, filled, link_of
from .literals import MOST_CHARACTERS, MOST_TEXTS


class CanonicalForms(NamedTuple):
    """The forms of a path.

    ``matched_text`` is the text that the patterns matched. ``forms`` are the patterns filled with the captured values,
    and the matched text.
    ``is_complete`` is ``False`` if there are too many forms to check.
    """

    matched_text: str
    forms: frozenset[str]
    is_complete: bool = True

    def is_just(self, path: str) -> bool:
        """Return ``True`` if there is no form other than ``path``."""
        return self.forms == {path}


# Characters that are common in regular expressions and rare in a plain route.
_EXPRESSION = re.compile(r"[\\^$*+?()\[\]{}|]")


def has_other_spellings(urlconf: Any, match: ResolverMatch) -> bool:
    """Return ``True`` if the path may have other forms than its own.

    That is so if patterns that need not equal the path lead to the view, or if an argument may be read as a number.
    """
    if _regular_views(get_resolver(urlconf)).get(id(match.func)) is not match.func:
        return True
    for value in (*match.args, *match.kwargs.values()) if match.args else match.kwargs.values():
        if type(value) is str and has_loose_integer(value):
            return True
    return False


def canonical_forms(path_info: str, urlconf: Any, match: ResolverMatch) -> CanonicalForms:
    """Return the forms in which the matched chain writes ``path_info``.

    Raises :class:`~django_sessionkit.exceptions.RouteMismatch` if the walk ends at another view than Django's match,
    and ``match.route`` is not a plain route.
    """
    steps = _walk(get_resolver(urlconf), path_info)
    if steps is not None and steps[-1].link.callback is match.func:
        return _forms(steps[1:])  # without the root, which is the leading slash
    texts = _reported(match) if _is_of_djangos_kind(get_resolver(urlconf)) else []
    if not texts:
        raise RouteMismatch(f"The URL patterns do not lead to {match._func_path} when they are matched again.")
    return _with_forms(path_info, texts)


def canonical_forms_along(links: Iterable[tuple[Any, str]]) -> CanonicalForms:
    """Return the forms in which a chain writes a path. ``links``: the URL patterns, each with the path that it gets."""
    return _forms([LinkStep(link, path, *link.pattern.match(path)) for link, path in links])


def _reported(match: ResolverMatch) -> list[Text]:
    """The filled ``route`` of a match that a custom resolver has made; an empty list if it is not a plain route.

    Such a resolver changes the path before it matches it, or the route that it matches.
    """
    route: Any = match.route  # None, if the resolver does not set it
    if route is None or _EXPRESSION.search(route):
        return []
    values = {name: str(value) for name, value in match.kwargs.items() if isinstance(value, (str, int, UUID))}
    try:
        return filled(route, values)
    except TooManyTexts:
        return []


def _forms(steps: Sequence[LinkStep]) -> CanonicalForms:
    try:
        links = [link_of(step) for step in steps]
        texts = joined(_merged(link.texts for link in links))
    except TooManyTexts:
        return CanonicalForms("/", frozenset(), is_complete=False)
    return _with_forms("/" + "".join(link.matched_text for link in links), texts)


def _with_forms(matched_text: str, texts: Iterable[Text]) -> CanonicalForms:
    forms = {matched_text.removesuffix("/"): matched_text}  # a slash at the end makes no difference to a rule
    for text in texts:
        form = "/" + text.read
        for one in (form, *normalized(form)) if form != matched_text else ():
            forms.setdefault(one.removesuffix("/"), one)
    return CanonicalForms(matched_text, frozenset(forms.values()))


def _merged(rows: Iterable[list[Text]]) -> Iterator[list[Text]]:
    """The rows, with adjacent rows of one text combined, because a chain may be as long as the path."""
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


# Views whose chain has to be walked


@lru_cache(maxsize=32)
def _regular_views(resolver: URLResolver) -> dict[int, Any]:
    """The views that only patterns lead to which equal the path. The keys are ids, because some views are unhashable.

    Any other view, such as one that a resolver creates while it resolves, is irregular. The views are kept in the
    result, so that no later object can get the id of one that no longer exists.
    """
    found: dict[bool, dict[int, Any]] = {True: {}, False: {}}
    for link, is_regular in _links_of(resolver):
        if isinstance(link, URLPattern):
            found[is_regular][id(link.callback)] = link.callback
    return {key: view for key, view in found[True].items() if key not in found[False]}


@lru_cache(maxsize=32)
def _is_of_djangos_kind(resolver: URLResolver) -> bool:
    """Return ``True`` if all links are ``URLPattern`` or ``URLResolver``: otherwise ``match.route`` is unreliable."""
    return all(isinstance(link, (URLPattern, URLResolver)) for link, _ in _links_of(resolver))


def _links_of(resolver: URLResolver) -> Iterator[tuple[Any, bool]]:
    """All links below a resolver, and whether only patterns that equal the path lead there."""
    waiting: list[tuple[Any, bool]] = [(resolver, True)]
    seen = set()
    while waiting:  # a URLconf may include itself
        one, is_regular = waiting.pop()
        if (id(one), is_regular) in seen:
            continue
        seen.add((id(one), is_regular))
        for link in one.url_patterns:
            regular = is_regular and _is_lossless(link)
            yield link, regular
            if hasattr(link, "url_patterns"):
                waiting.append((link, regular))


def _is_lossless(link: Any) -> bool:
    """Return ``True`` if a link matches exactly the text that it writes. A subclass may match something else."""
    pattern = link.pattern
    if type(link) not in (URLPattern, URLResolver):
        return False
    if type(pattern) is RegexPattern:
        expression: Any = getattr(pattern, "_regex", None)  # a lazy string, if it is translated
        return isinstance(expression, str) and is_exact(expression, is_whole=type(link) is URLPattern)
    if type(pattern) is RoutePattern:
        return all(type(one) in LOSSLESS for one in pattern.converters.values())
    return type(pattern) is LocalePrefixPattern


def _walk(root: URLResolver, path: str) -> list[LinkStep] | None:
    """The chain of links that match ``path``, from the root on, found in the order of ``URLResolver.resolve()``.

    It does not recurse, because a chain may be as deep as Python's stack allows Django.
    """
    steps: list[LinkStep] = []
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
        steps.append(LinkStep(link, path_here, *matched))
        if isinstance(link, URLPattern):
            return steps
        turns.append(iter(getattr(link, "url_patterns", ())))
    return None


def too_many_forms(match: ResolverMatch) -> RouteMismatch:
    """Return the error for a route that can be written in too many ways."""
    return RouteMismatch(
        f"The URL patterns of {match._func_path} can write this path in more than {MOST_TEXTS} ways, or with more "
        f"than {MOST_CHARACTERS:,} characters in total. This is too many to check each form against the rules. "
        "Use fewer optional parts and captures in these patterns."
    )
