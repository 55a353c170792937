"""Find the rule that decides about each variant of a path: the first one that applies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from .path_variants import PathVariant, VariantReader
from .rules import Rule, RuleSet

# Reasons why a rule does not apply although its pattern matches the path.
OTHER_METHOD = "method"
OTHER_VIEW = "view"
WITH_LANGUAGE = "i18n"
NOT_EXEMPTED = "public"
NEEDS_ROUTE = "waits"


class FirstMatch(NamedTuple):
    """The rule that decides about one variant of a path, or ``None``.

    ``tried`` has each rule that matches the variant, and why it does not apply (``None`` if it does). The search ends
    at the rule that applies, and at a rule with the reason :data:`NEEDS_ROUTE`.
    """

    variant: PathVariant
    rule: Rule | None
    tried: Sequence[tuple[Rule, str | None]]


class PathLookup:
    """Cache, for one request, the forms of its paths and the rules that match them."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.reader: VariantReader = VariantReader(rules.folding)
        self._matching = cache(rules.matching)

    def matching(self, path: str, folded: bool) -> tuple[int, ...]:
        """Return the cached result of :meth:`RuleSet.matching`. Paths with and without a slash at the end share it."""
        bare = path if path.endswith("//") else path.removesuffix("/")
        return self._matching(bare, folded and self.rules.folds)


def first_matches(
    rules: RuleSet,
    variants: Iterable[PathVariant],
    method: str,
    view_name: str | None,
    *,
    resolved: bool,
    lookup: PathLookup | None = None,
) -> Iterator[FirstMatch]:
    """Yield the rule that decides about each variant of a path. The exact variants must come first.

    A public rule decides about a variant that is not exact only if public rules decide about all exact variants, and
    this one about the exact variant that the other was made from. So a path that is written differently never removes
    protection.

    :param resolved: whether the request is routed. If not, a search ends without a result at the first matching rule
        that has a view selector, because neither this rule nor a later one can be decided yet.
    :param lookup: the lookup of the request, which caches the matching rules.
    """
    matching = lookup.matching if lookup is not None and lookup.rules is rules else rules.matching
    of_exact: dict[str, Rule | None] = {}
    is_exempted = True
    for variant in variants:
        public = of_exact.get(variant.base) if is_exempted else None
        rule, tried = None, []
        for candidate in map(rules.rules.__getitem__, matching(variant.path, variant.case_folded)):
            reason = _passed_over(candidate, variant, method, view_name, resolved, public)
            tried.append((candidate, reason))
            if reason is None:
                rule = candidate
            if reason in (None, NEEDS_ROUTE):
                break
        if variant.exact:
            of_exact[variant.path] = rule
            is_exempted = is_exempted and rule is not None and rule.is_public
        yield FirstMatch(variant, rule, tried)


def _passed_over(
    rule: Rule,
    variant: PathVariant,
    method: str,
    view_name: str | None,
    resolved: bool,
    public: Rule | None,
) -> str | None:
    if not rule.matches_method(method):
        return OTHER_METHOD
    if variant.without_language and not rule.i18n:
        return WITH_LANGUAGE
    if rule.is_public and not variant.exact and rule is not public:
        return NOT_EXEMPTED
    if rule.views and not resolved:
        return NEEDS_ROUTE
    return None if rule.matches_view(view_name) else OTHER_VIEW
