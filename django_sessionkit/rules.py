"""URL rules, and which of them decides about a path."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .options import DenialOptions
from .patterns import Pattern, compile_pattern, split
from .readings import Reading, fold
from .requirements import Public, Requirement

# RFC 9110, section 9.2.1
SAFE_VERBS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, eq=False)
class ViewGlob:
    """A glob over view names: ``*`` stands for any characters, ``:`` included (for nested namespaces)."""

    text: str

    def covers(self, view_name: str | None) -> bool:
        """Whether the glob covers ``view_name``, such as ``"billing:invoice"``."""
        expression = ".*".join(map(re.escape, self.text.split("*")))
        return view_name is not None and re.fullmatch(expression, view_name) is not None


@dataclass(frozen=True, eq=False)
class Rule:
    """One entry of ``SESSIONKIT_PROTECT``. Empty selectors (``patterns``, ``views``, ``methods``) select everything."""

    label: str
    patterns: tuple[Pattern, ...]
    views: tuple[ViewGlob, ...]
    methods: frozenset[str]
    unsafe_only: bool
    requirement: Requirement
    options: DenialOptions
    i18n: bool

    @property
    def is_public(self) -> bool:
        """Whether the rule opens instead of protecting."""
        return isinstance(self.requirement, Public)

    def covers_method(self, method: str) -> bool:
        """Whether the rule is about ``method``; ``GET`` covers ``HEAD``."""
        if self.unsafe_only:
            return method not in SAFE_VERBS
        return not self.methods or method in self.methods or (method == "HEAD" and "GET" in self.methods)

    def covers_view(self, view_name: str | None) -> bool:
        """Whether the rule is about the view that a request was routed to."""
        return not self.views or any(glob.covers(view_name) for glob in self.views)


class RuleIndex:
    """Which rules cover a path, in the order of the list."""

    def __init__(self, rules: Iterable[tuple[Rule, Sequence[Pattern]]]) -> None:
        self._entries = tuple(rules)

    def covering(self, segments: Sequence[str]) -> Iterator[Rule]:
        """The rules whose patterns cover the path; a rule without patterns covers every path."""
        for rule, patterns in self._entries:
            if not patterns or any(pattern.covers(segments) for pattern in patterns):
                yield rule


class RuleBook:
    """All rules and excludes of a project."""

    def __init__(
        self, rules: Sequence[Rule] = (), excluded: Sequence[Pattern] = (), excluded_views: Sequence[ViewGlob] = ()
    ) -> None:
        self.rules = tuple(rules)
        self._excluded = tuple(excluded)
        self._excluded_views = tuple(excluded_views)
        self._exact = RuleIndex((rule, rule.patterns) for rule in self.rules)
        self._folded = RuleIndex((rule, [_folded(one) for one in rule.patterns]) for rule in self.rules)
        #: whether a path that folds to itself may still be covered differently under folding
        self.folds = any(fold(one.text) != one.text for rule in self.rules for one in rule.patterns)

    def find(
        self,
        reading: Reading,
        method: str,
        view_name: str | None,
        *,
        resolved: bool,
        lifted_by: Container[Rule] = (),
    ) -> Rule | None:
        """The first rule that decides about ``reading``.

        Before the request is routed (``resolved`` is false) a rule that asks for a view cannot be decided, nor can
        those after it: the search ends with ``None``. Outside the strict readings a public rule counts only if it has
        lifted the request in them (``lifted_by``): a looser spelling opens nothing.
        """
        index = self._folded if reading.folded else self._exact
        for rule in index.covering(split(reading.path)):
            if not rule.covers_method(method) or (reading.unprefixed and not rule.i18n):
                continue
            if rule.is_public and not reading.strict and rule not in lifted_by:
                continue
            if rule.views and not resolved:
                return None
            if rule.covers_view(view_name):
                return rule
        return None

    def excludes(self, path: str) -> bool:
        """Whether ``SESSIONKIT_EXCLUDE`` names this path, in exact case."""
        segments = split(path)
        return any(pattern.covers(segments) for pattern in self._excluded)

    def excludes_view(self, view_name: str | None) -> bool:
        """Whether ``SESSIONKIT_EXCLUDE`` names this view."""
        return any(glob.covers(view_name) for glob in self._excluded_views)


def _folded(pattern: Pattern) -> Pattern:
    text = fold(pattern.text)
    return pattern if text == pattern.text else compile_pattern(text)
