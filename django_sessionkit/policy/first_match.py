"""Find the rule that decides about each variant of a path: the first one that applies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
    this one about the exact variant that the other was made from, or about any of them if that is not known. So a path
    that is written differently never removes protection. Before the request is routed, a variant waits like the exact
    one that it was made from.

    :param resolved: whether the request is routed. If not, a search ends without a result at the first matching rule
        that has a view selector, because neither this rule nor a later one can be decided yet.
    :param lookup: the lookup of the request, which caches the matching rules.
    """
    matching = lookup.matching if lookup is not None and lookup.rules is rules else rules.matching
    ends: dict[str, Rule | None] = {}  # the rule at which the search for each exact variant ended
    may_be_exempted = True
    for variant in variants:
        exact_ends = _ends_of(variant, ends) if may_be_exempted else ()
        end, reason, tried = None, None, []
        for candidate in map(rules.rules.__getitem__, matching(variant.path, variant.case_folded)):
            reason = _passed_over(candidate, variant, method, view_name, resolved, exact_ends)
            tried.append((candidate, reason))
            if reason in (None, NEEDS_ROUTE):
                end = candidate
                break
        if variant.exact:
            ends[variant.path] = end
            may_be_exempted = _may_be_exempted(ends, resolved)
        yield FirstMatch(variant, end if reason is None else None, tried)


def _may_be_exempted(ends: Mapping[str, Rule | None], resolved: bool) -> bool:
    """Return ``True`` if public rules decide about all exact variants, or may do so when the request is routed.

    A path that must be normalized does not wait for that: before routing, it counts as not exempted.
    """
    if not resolved and any(end is not None and end.views for end in ends.values()):
        return len({path.removesuffix("/") for path in ends}) == 1
    return all(end is not None and end.is_public for end in ends.values())


def _ends_of(variant: PathVariant, ends: Mapping[str, Rule | None]) -> Collection[Rule | None]:
    return (ends.get(variant.base),) if variant.base else ends.values()


def _passed_over(
    rule: Rule,
    variant: PathVariant,
    method: str,
    view_name: str | None,
    resolved: bool,
    exact_ends: Collection[Rule | None],
) -> str | None:
    if not rule.matches_method(method):
        return OTHER_METHOD
    if variant.without_language and not rule.i18n:
        return WITH_LANGUAGE
    if rule.is_public and not variant.exact and all(rule is not end for end in exact_ends):
        waits = not resolved and any(end is not None and end.views for end in exact_ends)
        return NEEDS_ROUTE if waits else NOT_EXEMPTED
    if rule.views and not resolved:
        return NEEDS_ROUTE
    return None if rule.matches_view(view_name) else OTHER_VIEW
