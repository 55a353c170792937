"""One route to a view: its names, the form of its path, example paths, and the request that the guard checks for it.

Only Django's own converters are called. Converters of the project are not, because they may query the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from django.urls import URLPattern, converters
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, ResolverMatch, RoutePattern
from django.utils.translation import get_language, override

from django_sessionkit import conf

from . import spelling as routes
from .regex import Piece
from .segments import NOTHING, ONE, Part, PathShape, examples_of, literal_start, parts_of, segments_of
from .spelling import CanonicalForms
from .views import external_check, methods_of, name_of

_MOST_EXAMPLES = 8


class ResolverPath(NamedTuple):
    """The resolvers that lead to a route, and their combined text, shape and namespaces."""

    chain: tuple[Any, ...] = ()
    text: str = "/"
    shape: PathShape = NOTHING
    namespaces: tuple[str, ...] = ()
    app_names: tuple[str, ...] = ()
    prefix: LocalePrefixPattern | None = None
    recurs: bool = False

    def at_any_depth(self) -> ResolverPath:
        """Return this path, followed by the same resolvers any number of times."""
        return self._replace(text=f"{self.text}**/", shape=self.shape.then(PathShape(None, ("",))), recurs=True)


class Route:
    """One route to a view.

    - ``text``: the route in readable form, such as ``/articles/<int:pk>/edit/``.
    - ``callback``: the callable that Django calls; ``view``: its dotted name, or that of its class.
    - ``view_name``: the URL name with its namespaces, or the dotted name of the callable.
    - ``methods``: the HTTP methods that the view answers, or ``None`` for any (function views).
    - ``parts``: one per segment, or ``None`` if they cannot be derived; see :mod:`.segments`.
    - ``external_check``: another check that the view has, such as ``"Django admin"``.
    - ``is_prefixed``: ``i18n_patterns`` puts a language first (also in ``parts``); ``may_be_bare``: not always.
    - ``chain``: the URL patterns that lead to the view, without the root.
    """

    def __init__(self, resolver_path: ResolverPath, pattern: URLPattern, urlconf: Any) -> None:
        self.chain: tuple[Any, ...] = resolver_path.chain
        self.text: str = resolver_path.text
        self.urlconf = urlconf
        self.callback: Any = pattern.callback
        self.url_name: str | None = pattern.name
        self._resolver_path = resolver_path

    def __repr__(self) -> str:
        return f"<Route {self.text}>"

    @cached_property
    def view(self) -> str:
        """The dotted name of the view."""
        return name_of(self.callback)

    @cached_property
    def view_name(self) -> str:
        """The URL name with its namespaces, or the dotted name of the callable if it has none."""
        return self.match.view_name

    @cached_property
    def methods(self) -> frozenset[str] | None:
        """The HTTP methods that the view answers, or ``None`` for any."""
        return methods_of(self.callback)

    @cached_property
    def external_check(self) -> str | None:
        """Another check that the view has, such as ``"Django admin"``, or ``None``."""
        return external_check(self.callback)

    @property
    def is_prefixed(self) -> bool:
        """Whether the path may begin with a language."""
        return self._resolver_path.prefix is not None

    @property
    def may_be_bare(self) -> bool:
        """Whether the path may begin without a language, as with ``prefix_default_language=False``."""
        return self._resolver_path.prefix is None or not self._resolver_path.prefix.prefix_default_language

    @cached_property
    def bare_parts(self) -> tuple[Part, ...] | None:
        """``parts`` without the language."""
        pieces = self._pieces
        return parts_of(pieces) if pieces is not None else None

    @cached_property
    def parts(self) -> tuple[Part, ...] | None:
        """The segments of the path, or ``None`` if they cannot be derived."""
        bare = self.bare_parts
        return (ONE, *bare) if self.is_prefixed and bare is not None else bare

    @property
    def ends_with_slash(self) -> bool:
        """Whether the path ends with a slash."""
        texts = self._resolver_path.shape.texts
        return not texts[0] or texts[0].endswith("/")

    @property
    def _pieces(self) -> tuple[Piece, ...] | None:
        return self._resolver_path.shape.pieces

    @cached_property
    def segments(self) -> tuple[tuple[str, ...], ...] | None:
        """Example texts for each segment of ``bare_parts``; ``None`` if that is ``None``."""
        if self.bare_parts is None:
            return None
        return tuple(examples_of(segment) for segment in segments_of(self._pieces or ()))

    @cached_property
    def match(self) -> ResolverMatch:
        """The match that Django gives a request for the route, without the arguments of the view."""
        above = self._resolver_path
        route = "".join(str(one.pattern) for one in self.chain)
        return ResolverMatch(
            self.callback, (), {}, self.url_name, list(above.app_names), list(above.namespaces), route, None
        )

    @property
    def is_catch_all(self) -> bool:
        """Whether the route matches every path that begins in a certain way."""
        return self._resolver_path.shape.is_catch_all

    @property
    def literal_prefix(self) -> str:
        """The text that all paths begin with, after the language. Used if there are no ``parts``."""
        pieces = self._pieces
        return self._resolver_path.shape.literal_prefix if pieces is None else literal_start(pieces)

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """Some paths that the patterns of this route match. An earlier route may match them too, and then wins.

        Empty if a regular expression is too complex to derive a path.
        """
        return self.examples_after(self.prefixes)

    def examples_after(self, prefixes: Iterable[str]) -> tuple[str, ...]:
        """Return :attr:`examples`, with these language prefixes."""
        bare = self._resolver_path.shape.texts if self.segments is None else self._written(self.segments)
        found = dict.fromkeys(f"/{prefix}{text}" for text in bare for prefix in prefixes)
        return tuple(islice((one for one in found if not self.is_guessed or self.accepts(one)), _MOST_EXAMPLES))

    @cached_property
    def is_guessed(self) -> bool:
        """Whether an example may be wrong, because a regular expression may require more than its shape shows."""
        return not all(type(one.pattern) in (RoutePattern, LocalePrefixPattern) for one in self.chain)

    def _written(self, segments: tuple[tuple[str, ...], ...]) -> list[str]:
        """Return the path of the first texts of all segments, then that of the second texts, and so on."""
        most = max(map(len, segments), default=1)
        end = "/" if segments and self.ends_with_slash else ""
        return ["/".join(texts[turn % len(texts)] for texts in segments) + end for turn in range(most)]

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """How the path may begin: with nothing or with a language, one example of each."""
        if not self.is_prefixed:
            return ("",)
        default = conf.current().language_code
        others = sorted(conf.current().languages - {default})[:1]
        return tuple("" if self.may_be_bare and one == default else f"{one}/" for one in (default, *others))

    def accepts(self, path: str) -> bool:
        """Return ``True`` if the patterns of this route match ``path``. Converters of the project are not called."""
        return self.links(path) is not None

    def links(self, path: str) -> list[tuple[Any, str]] | None:
        """Return each URL pattern of the chain with the rest of the path that it gets; ``None`` without a match."""
        rest: str | None = path.removeprefix("/")
        found = []
        for link in self.chain:
            found.append((link, rest or ""))
            rest = _after(link.pattern, rest or "")
            if rest is None:
                return None
        ends_here = not rest or isinstance(self.chain[-1].pattern, RegexPattern)  # Django allows a rest after these
        return found if ends_here else None

    def forms(self, path: str) -> CanonicalForms:
        """Return the forms in which the patterns write ``path``. They differ from it only with a regular expression."""
        links = self.links(path) if self.is_guessed else None
        if links is None or any(_is_foreign(link.pattern) for link, _ in links):
            return CanonicalForms(path, frozenset([path]))
        with override(self._language_of(path)):
            return routes.canonical_forms_along(links)

    def _language_of(self, path: str) -> str | None:
        """The language in which Django's language prefix matches ``path``. Other routes do not depend on it."""
        code, slash, _ = path.removeprefix("/").partition("/")
        if not self.is_prefixed:
            return get_language()
        return code if slash and code in conf.current().languages else conf.current().language_code


def _after(pattern: Any, path: str) -> str | None:
    """Return the rest of ``path`` after ``pattern``; ``None`` if it does not match."""
    if type(pattern) is LocalePrefixPattern:
        language, slash, rest = path.partition("/")
        bare = "" if pattern.prefix_default_language else conf.current().language_code
        if slash and language in conf.current().languages - {bare}:
            return rest
        return path if bare else None
    if type(pattern) is RoutePattern and not pattern.converters:
        text = str(pattern)
        return path.removeprefix(text) if path.startswith(text) else None
    if _is_foreign(pattern):
        expression = getattr(pattern, "regex", None)  # a guess, because the class belongs to the project
        found = expression.match(path) if isinstance(expression, re.Pattern) else None
        return path[found.end() :] if found else None
    matched = pattern.match(path)
    return matched[0] if matched else None


def _is_foreign(pattern: Any) -> bool:
    """Return ``True`` if ``pattern.match()`` would run code of the project."""
    if type(pattern) is RoutePattern:
        return any(type(one).__module__ != converters.__name__ for one in pattern.converters.values())
    return type(pattern) not in (RegexPattern, LocalePrefixPattern)
