"""One way through the URLconf to a view: what its path looks like, and what the guard is to be asked about it.

Only Django's own converters are asked for a value; those of a project may look into the database.
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

from . import conf, routes
from .anatomy import gate_of, methods_of, name_of
from .expressions import Piece
from .guard import Target
from .routes import Spelling
from .shapes import (
    NOTHING,
    ONE,
    Part,
    Shape,
    examples_of,
    literal_lead,
    parts_of,
    segments_of,
)

_MOST_EXAMPLES = 8


class Way(NamedTuple):
    """The resolvers on the way to a route, and what they add up to."""

    chain: tuple[Any, ...] = ()
    text: str = "/"
    shape: Shape = NOTHING
    namespaces: tuple[str, ...] = ()
    app_names: tuple[str, ...] = ()
    prefix: LocalePrefixPattern | None = None
    recurs: bool = False

    def at_any_depth(self) -> Way:
        """This way, followed by as many of the same resolvers as one likes."""
        return self._replace(text=f"{self.text}**/", shape=self.shape.then(Shape(None, ("",))), recurs=True)


class Route:
    """One way to a view.

    - ``text``: the route as people read it, such as ``/articles/<int:pk>/edit/``.
    - ``callback``: what Django calls; ``view``: its dotted name, or that of its class.
    - ``view_name``: the name that Django knows it by, namespaces first.
    - ``methods``: the verbs it answers, ``None`` for whatever comes (function views).
    - ``parts``: one per segment, or ``None`` where that cannot be derived; see :mod:`.shapes`.
    - ``gate``: who else decides about it, such as ``"Django admin"``.
    - ``is_prefixed``: ``i18n_patterns`` puts a language before it (first in ``parts``); ``may_be_bare``: not always.
    - ``chain``: the URL patterns that lead to it, without the root.
    """

    def __init__(self, way: Way, pattern: URLPattern, urlconf: Any) -> None:
        self.chain = way.chain
        self.text = way.text
        self.urlconf = urlconf
        self.callback = pattern.callback
        self.url_name = pattern.name
        self._way = way

    def __repr__(self) -> str:
        return f"<Route {self.text}>"

    @cached_property
    def view(self) -> str:
        """The dotted name of the view."""
        return name_of(self.callback)

    @cached_property
    def view_name(self) -> str:
        """The name that Django knows the view by."""
        return self.match.view_name

    @cached_property
    def methods(self) -> frozenset[str] | None:
        """The verbs that the view answers, or ``None``."""
        return methods_of(self.callback)

    @cached_property
    def gate(self) -> str | None:
        """Who else decides about the view."""
        return gate_of(self.callback)

    @property
    def is_prefixed(self) -> bool:
        """Whether a language may come first."""
        return self._way.prefix is not None

    @property
    def may_be_bare(self) -> bool:
        """Whether no language need come first: not that of the default one, for ``prefix_default_language=False``."""
        return self._way.prefix is None or not self._way.prefix.prefix_default_language

    @cached_property
    def bare_parts(self) -> tuple[Part, ...] | None:
        """``parts`` without the language."""
        pieces = self._pieces
        return parts_of(pieces) if pieces is not None else None

    @cached_property
    def parts(self) -> tuple[Part, ...] | None:
        """What the path looks like, segment by segment."""
        bare = self.bare_parts
        return (ONE, *bare) if self.is_prefixed and bare is not None else bare

    @property
    def ends_with_slash(self) -> bool:
        """Whether the path is written with a slash at its end."""
        texts = self._way.shape.texts
        return not texts[0] or texts[0].endswith("/")

    @property
    def _pieces(self) -> tuple[Piece, ...] | None:
        return self._way.shape.pieces

    @cached_property
    def segments(self) -> tuple[tuple[str, ...], ...] | None:
        """Some texts of each segment, as long as ``bare_parts``; ``None`` like those."""
        if self.bare_parts is None:
            return None
        return tuple(examples_of(segment) for segment in segments_of(self._pieces or ()))

    @cached_property
    def match(self) -> ResolverMatch:
        """What Django makes of a request for the route, but for the arguments of the view."""
        way = self._way
        route = "".join(str(one.pattern) for one in self.chain)
        return ResolverMatch(
            self.callback, (), {}, self.url_name, list(way.app_names), list(way.namespaces), route, None
        )

    @property
    def is_catch_all(self) -> bool:
        """Whether its paths are told by their beginning, after which anything may come."""
        return self._way.shape.is_catch_all

    @property
    def lead(self) -> str:
        """What all its paths begin with (after the language), where there are no ``parts``."""
        pieces = self._pieces
        return self._way.shape.lead if pieces is None else literal_lead(pieces)

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """Some paths that lead to the view as far as its own patterns go; an earlier route may take them before.

        Empty where none could be made, because an expression is beyond guessing.
        """
        return self.examples_after(self.prefixes)

    def examples_after(self, prefixes: Iterable[str]) -> tuple[str, ...]:
        """:attr:`examples`, with these languages."""
        bare = self._way.shape.texts if self.segments is None else self._written(self.segments)
        found = dict.fromkeys(f"/{prefix}{text}" for text in bare for prefix in prefixes)
        return tuple(islice((one for one in found if not self.is_guessed or self.accepts(one)), _MOST_EXAMPLES))

    @cached_property
    def is_guessed(self) -> bool:
        """Whether an example may be wrong: a regular expression may ask for what its shape does not show."""
        return not all(type(one.pattern) in (RoutePattern, LocalePrefixPattern) for one in self.chain)

    def _written(self, segments: tuple[tuple[str, ...], ...]) -> list[str]:
        """The paths that the first texts of all segments make, then the second ones, and so on."""
        most = max(map(len, segments), default=1)
        end = "/" if segments and self.ends_with_slash else ""
        return ["/".join(texts[turn % len(texts)] for texts in segments) + end for turn in range(most)]

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """How the path may begin: nothing, or a language; one example of each kind."""
        if not self.is_prefixed:
            return ("",)
        default = conf.current().language_code
        others = sorted(conf.current().languages - {default})[:1]
        return tuple("" if self.may_be_bare and one == default else f"{one}/" for one in (default, *others))

    def accepts(self, path: str) -> bool:
        """Whether the patterns of this route match ``path``. Converters of the project are not asked for a value."""
        return self.links(path) is not None

    def links(self, path: str) -> list[tuple[Any, str]] | None:
        """The chain, each link with the path that is left for it; ``None`` if it does not match."""
        rest: str | None = path.removeprefix("/")
        found = []
        for link in self.chain:
            found.append((link, rest or ""))
            rest = _after(link.pattern, rest or "")
            if rest is None:
                return None
        ends_here = not rest or isinstance(self.chain[-1].pattern, RegexPattern)  # Django lets those leave a rest
        return found if ends_here else None

    def target(self, method: str, path: str) -> Target:
        """What the guard is asked about a request for ``path``, which is one of ``examples``."""
        return Target(path, path, method, self.urlconf, self.match, resolved=True, spelling=self.spelling(path))

    def spelling(self, path: str) -> Spelling:
        """How the patterns spell ``path``: otherwise than it is only where there is a regular expression."""
        links = self.links(path) if self.is_guessed else None
        if links is None or any(_is_foreign(link.pattern) for link, _ in links):
            return Spelling(path, frozenset())
        with override(self._language_of(path)):
            return routes.spelling_along(links)

    def _language_of(self, path: str) -> str | None:
        """The language under which Django's language prefix matches ``path``; it does not matter for other routes."""
        code, slash, _ = path.removeprefix("/").partition("/")
        if not self.is_prefixed:
            return get_language()
        return code if slash and code in conf.current().languages else conf.current().language_code


def _after(pattern: Any, path: str) -> str | None:
    """What ``pattern`` leaves of ``path``; ``None`` if it does not match."""
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
        expression = getattr(pattern, "regex", None)  # a guess, where the class is one of the project
        found = expression.match(path) if isinstance(expression, re.Pattern) else None
        return path[found.end() :] if found else None
    matched = pattern.match(path)
    return matched[0] if matched else None


def _is_foreign(pattern: Any) -> bool:
    """Whether ``pattern.match()`` would run code of the project."""
    if type(pattern) is RoutePattern:
        return any(type(one).__module__ != converters.__name__ for one in pattern.converters.values())
    return type(pattern) not in (RegexPattern, LocalePrefixPattern)
