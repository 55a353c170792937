"""URL rules, and the set of all rules and excludes of a project."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from django.utils.functional import Promise

from django_sessionkit.patterns import Pattern, compile_pattern
from django_sessionkit.requirements import Nobody, Public, Requirement
from django_sessionkit.utils.bounded_cache import LONG, BoundedCache
from django_sessionkit.utils.verbs import SAFE_VERBS

from .denial_options import DenialOptions
from .folding import Folding, fold
from .path_variants import is_canonical
from .pattern_index import PatternIndex

if TYPE_CHECKING:
    from django.urls import ResolverMatch

EVERYTHING = compile_pattern("/**")


@dataclass(frozen=True, eq=False)
class ViewNamePattern:
    """A glob over view names. ``*`` matches any characters, including ``:`` (for nested namespaces)."""

    text: str

    def matches(self, view_name: str | None) -> bool:
        """Return ``True`` if the glob matches ``view_name``, such as ``"billing:invoice"``. ``None`` never matches."""
        return view_name is not None and self._expression.fullmatch(view_name) is not None

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        return re.compile(".*".join(map(re.escape, self.text.split("*"))))


@dataclass(frozen=True, eq=False)
class Rule:
    """One entry of ``SESSIONKIT_PROTECT``. An empty ``patterns``, ``views`` or ``methods`` matches everything."""

    label: str
    patterns: tuple[Pattern, ...]
    views: tuple[ViewNamePattern, ...]
    methods: frozenset[str]
    unsafe_only: bool
    requirement: Requirement
    options: DenialOptions
    i18n: bool

    @property
    def effective_patterns(self) -> tuple[Pattern, ...]:
        """The patterns, or ``/**`` if there are none."""
        return self.patterns or (EVERYTHING,)

    @cached_property
    def is_public(self) -> bool:
        """Whether the rule exempts a path from protection instead of protecting it."""
        return isinstance(self.requirement, Public)

    @cached_property
    def is_unconditional(self) -> bool:
        """Whether the rule applies to every method and every view."""
        return not (self.views or self.methods or self.unsafe_only)

    @property
    def may_lead_to_login(self) -> bool:
        """Whether the rule may redirect an anonymous caller to the login page of the settings."""
        return not (self.is_public or self.requirement.is_closed) and self.options.may_lead_to_login

    def matches_method(self, method: str) -> bool:
        """Return ``True`` if the rule applies to ``method``. A rule for ``GET`` also applies to ``HEAD``."""
        if self.unsafe_only:
            return method not in SAFE_VERBS
        return not self.methods or method in self.methods or (method == "HEAD" and "GET" in self.methods)

    def matches_view(self, view_name: str | None) -> bool:
        """Return ``True`` if the rule applies to the view that a request was routed to."""
        return not self.views or any(glob.matches(view_name) for glob in self.views)


#: a placeholder: which rule applies cannot be determined without examining all forms of the path
AMBIGUOUS = Rule("", (), (), frozenset(), False, Nobody(), DenialOptions(), i18n=True)


class PathMatches(NamedTuple):
    """What matches a path: the rules if the path has only one form (else ``AMBIGUOUS``), and the numbers of rules."""

    sole_rules: tuple[Rule, ...]
    exact: tuple[int, ...]
    folded: tuple[int, ...]


_NOT_LOOKED_UP = PathMatches((AMBIGUOUS,), (), ())


class RuleSet:
    """All rules and excludes of a project."""

    def __init__(
        self,
        rules: Sequence[Rule] = (),
        excluded: Sequence[Pattern] = (),
        excluded_views: Sequence[ViewNamePattern] = (),
    ) -> None:
        self.rules: tuple[Rule, ...] = tuple(rules)
        self.excluded: tuple[Pattern, ...] = tuple(excluded)
        self.excluded_views: tuple[ViewNamePattern, ...] = tuple(excluded_views)
        exact = [(number, one) for number, rule in enumerate(self.rules) for one in rule.effective_patterns]
        for_folded = [(number, folded(one)) for number, one in exact]
        #: whether folding changes any pattern; if so, a path that folds to itself may still match more patterns
        self.folds: bool = exact != for_folded
        #: folds a path for comparison with the folded patterns
        self.folding: Folding = Folding(segment for _, pattern in for_folded for segment in pattern.segments)
        #: whether any rule answers a denial with 404
        self.hides: bool = any(rule.options.on_deny == "not_found" for rule in self.rules)
        self.login_urls: tuple[str | Promise, ...] = _without_doubles(rule.options.login_url for rule in self.rules)
        self._exact = PatternIndex(exact)
        self._folded = PatternIndex(for_folded) if self.folds else self._exact
        self._excluded = PatternIndex(enumerate(self.excluded))
        #: the patterns of each rule as written in the settings, by the label of the rule
        self.texts_by_label: dict[str, str] = {
            rule.label: ",".join(one.text for one in rule.patterns) for rule in reversed(self.rules)
        }
        #: all patterns of rules and excludes
        self.patterns: tuple[Pattern, ...] = (*(one for rule in self.rules for one in rule.patterns), *excluded)
        #: what matches a path; for a long path only the answer ``AMBIGUOUS``
        self.by_path: BoundedCache[PathMatches] = BoundedCache(self._matches)

    def matching(self, path: str, folded: bool) -> tuple[int, ...]:
        """Return the numbers of the rules whose patterns match ``path``.

        With ``folded``, ``path`` must be folded, and it is compared with the folded patterns.
        """
        if len(path) > LONG:
            return (self._folded if folded else self._exact).matching(path)
        found = self.by_path[path]
        return found.folded if folded else found.exact

    def _matches(self, path: str) -> PathMatches:
        if len(path) > LONG:
            return _NOT_LOOKED_UP
        exact = self._exact.matching(path)
        folded = self._folded.matching(path) if self.folds else exact
        is_sole = exact == folded and is_canonical(path)
        return PathMatches(tuple(self.rules[number] for number in exact) if is_sole else (AMBIGUOUS,), exact, folded)

    def excludes(self, path: str) -> bool:
        """Return ``True`` if a pattern in ``SESSIONKIT_EXCLUDE`` matches this path. Case matters."""
        return bool(self._excluded.matching(path))

    def excludes_view(self, view_name: str | None) -> bool:
        """Return ``True`` if an entry of ``SESSIONKIT_EXCLUDE`` matches this view name."""
        return any(glob.matches(view_name) for glob in self.excluded_views)


def _without_doubles(targets: Iterable[str | Promise | None]) -> tuple[str | Promise, ...]:
    """Remove duplicates. Lazy URLs are not compared: that would reverse them before the URLconf is loaded."""
    known = [one for one in targets if one is not None]
    lazy = [one for one in known if isinstance(one, Promise)]
    return (*dict.fromkeys(one for one in known if not isinstance(one, Promise)), *lazy)


def folded(pattern: Pattern) -> Pattern:
    """Return the pattern for folded paths, which is the same object if folding does not change it."""
    text = fold(pattern.text)
    return pattern if text == pattern.text else compile_pattern(text, opens=pattern.opens)


def sole_rule(rules: tuple[Rule, ...], method: str, match: ResolverMatch | None) -> Rule | None:
    """Return the first of ``PathMatches.sole_rules`` that applies, as the search for a path with one form would.

    ``match`` is ``None`` before the request is routed.
    """
    for rule in rules:
        if (rule.methods or rule.unsafe_only) and not rule.matches_method(method):
            continue
        if not rule.views or (match is not None and rule.matches_view(match.view_name)):
            return rule
        if match is None:
            return None
    return None
