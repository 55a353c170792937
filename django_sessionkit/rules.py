"""URL rules, and which of them decides about a path."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise

from .index import Entry, Memory, PatternIndex
from .options import DenialOptions
from .patterns import Pattern, compile_pattern
from .readings import Reading, fold, is_plain
from .requirements import Nobody, Public, Requirement

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

    @property
    def is_final(self) -> bool:
        """Whether the rule decides in every reading, for every method and view, so that none after it is asked."""
        return not (self.views or self.methods or self.unsafe_only or self.is_public) and self.i18n

    def covers_method(self, method: str) -> bool:
        """Whether the rule is about ``method``; ``GET`` covers ``HEAD``."""
        if self.unsafe_only:
            return method not in SAFE_VERBS
        return not self.methods or method in self.methods or (method == "HEAD" and "GET" in self.methods)

    def covers_view(self, view_name: str | None) -> bool:
        """Whether the rule is about the view that a request was routed to."""
        return not self.views or any(glob.covers(view_name) for glob in self.views)


#: what is not decided by one rule alone
UNFORESEEN = Rule("", (), (), frozenset(), False, Nobody(), DenialOptions(), i18n=True)

_EVERYTHING = compile_pattern("/**")


class RuleBook:
    """All rules and excludes of a project."""

    def __init__(
        self, rules: Sequence[Rule] = (), excluded: Sequence[Pattern] = (), excluded_views: Sequence[ViewGlob] = ()
    ) -> None:
        self.rules = tuple(rules)
        exact, folded = _entries(self.rules, lambda text: text), _entries(self.rules, fold)
        #: whether a path that folds to itself may still be covered differently under folding
        self.folds = exact != folded
        self.login_urls = _without_doubles(rule.options.login_url for rule in self.rules)
        self._exact = PatternIndex(exact)
        self._folded = PatternIndex(folded) if self.folds else self._exact
        self._excluded = PatternIndex([Entry(0, pattern, is_final=True) for pattern in excluded])
        self._excluded_views = tuple(excluded_views)
        self._foreseen = Memory(self._foresee)

    def find(
        self,
        reading: Reading,
        method: str,
        view_name: str | None,
        *,
        resolved: bool,
        lifted_by: Container[Rule | None] = (),
    ) -> Rule | None:
        """The first rule that decides about ``reading``.

        Before the request is routed (``resolved`` is false) a rule that asks for a view cannot be decided, nor can
        those after it: the search ends with ``None``. Outside the strict readings a public rule counts only if it has
        lifted the request in them (``lifted_by``): a looser spelling opens nothing.
        """
        index = self._folded if reading.folded else self._exact
        for rule in map(self.rules.__getitem__, index.covering(reading.path)):
            if not rule.covers_method(method) or (reading.unprefixed and not rule.i18n):
                continue
            if rule.is_public and not reading.strict and rule not in lifted_by:
                continue
            if rule.views and not resolved:
                return None
            if rule.covers_view(view_name):
                return rule
        return None

    def foresee(self, path: str) -> Rule | None:
        """The rule that decides about ``path`` whatever the method and the view, ``None`` if no rule is about it.

        A quick look at the paths that have one reading only; :data:`UNFORESEEN` for all others.
        """
        return self._foreseen[path]

    def _foresee(self, path: str) -> Rule | None:
        covering = self._exact.covering(path)
        if not is_plain(path) or covering != self._folded.covering(path):
            return UNFORESEEN
        rule = self.rules[covering[0]] if covering else None
        return rule if rule is None or rule.is_final else UNFORESEEN

    def excludes(self, path: str) -> bool:
        """Whether ``SESSIONKIT_EXCLUDE`` names this path, in exact case."""
        return bool(self._excluded.covering(path))

    def excludes_view(self, view_name: str | None) -> bool:
        """Whether ``SESSIONKIT_EXCLUDE`` names this view."""
        return any(glob.covers(view_name) for glob in self._excluded_views)


def _without_doubles(targets: Iterable[str | Promise | None]) -> tuple[str | Promise, ...]:
    """A lazy URL is not compared: that would reverse it, before there are any URLs."""
    known = [one for one in targets if one is not None]
    lazy = [one for one in known if isinstance(one, Promise)]
    return (*dict.fromkeys(one for one in known if not isinstance(one, Promise)), *lazy)


def _entries(rules: Sequence[Rule], spelt: Callable[[str], str]) -> list[Entry]:
    """The patterns of all rules; a rule without patterns covers every path."""
    return [
        Entry(number, compile_pattern(spelt(pattern.text)), rule.is_final)
        for number, rule in enumerate(rules)
        for pattern in rule.patterns or (_EVERYTHING,)
    ]
