"""Tests for the search for the rule that decides about a path variant."""

from __future__ import annotations

from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_sessionkit.policy.first_match import PathLookup, first_matches
from django_sessionkit.policy.path_variants import PathVariant
from django_sessionkit.policy.rule_parser import parse_rule
from django_sessionkit.policy.rules import RuleSet

OPEN = {"pattern": "/open/**", "public": True}
SHUT = {"pattern": "/**", "role": "x"}


def book(*rules: dict[str, object]) -> RuleSet:
    return RuleSet([parse_rule(rule, str(number)) for number, rule in enumerate(rules)])


def found(rules: RuleSet, variant: PathVariant, *, method: str = "GET", view: str | None = None, resolved: bool = True):
    (match,) = first_matches(rules, [variant], method, view, resolved=resolved)
    return match.rule.label if match.rule is not None else None


def test_the_first_matching_rule_decides():
    rules = book(
        {"pattern": "/a/b", "role": "x"},
        {"pattern": "/a/**", "role": "y", "methods": ["POST"]},
        {"pattern": "/a/**", "role": "z"},
    )
    assert found(rules, PathVariant("/a/b", exact=True)) == "0"
    assert found(rules, PathVariant("/a/c", exact=True), method="POST") == "1"
    assert found(rules, PathVariant("/a/c", exact=True)) == "2"
    assert found(rules, PathVariant("/c", exact=True)) is None


def test_a_rule_with_pattern_and_view_needs_both():
    rules = book({"pattern": "/a/**", "view": "shop:*", "role": "x"})
    assert found(rules, PathVariant("/a", exact=True), view="shop:cart") == "0"
    assert found(rules, PathVariant("/b", exact=True), view="shop:cart") is None
    assert found(rules, PathVariant("/a", exact=True), view="blog:post") is None


def test_what_follows_a_view_rule_waits_for_the_view():
    rules = book({"pattern": "/a", "role": "x"}, {"view": "shop:*", "role": "y"}, {"pattern": "/**", "role": "z"})
    assert found(rules, PathVariant("/a", exact=True), resolved=False) == "0"
    assert found(rules, PathVariant("/b", exact=True), resolved=False) is None
    assert found(rules, PathVariant("/b", exact=True), view="shop:cart") == "1"
    assert found(rules, PathVariant("/b", exact=True), view="blog:post") == "2"


def test_patterns_are_folded_like_the_path():
    rules = book({"pattern": "/Admin/**", "role": "x"})
    assert found(rules, PathVariant("/admin/a", exact=True)) is None
    assert found(rules, PathVariant("/admin/a", case_folded=True)) == "0"


def test_i18n_false_is_not_asked_without_the_language_prefix():
    rules = book({"pattern": "/admin", "role": "x", "i18n": False}, {"pattern": "/admin", "role": "y"})
    assert found(rules, PathVariant("/admin", without_language=True)) == "1"
    assert found(rules, PathVariant("/admin", exact=True)) == "0"


def labels(rules: RuleSet, *variants: PathVariant) -> list[str | None]:
    matches = first_matches(rules, variants, "GET", None, resolved=True)
    return [match.rule.label if match.rule is not None else None for match in matches]


def exact(path: str) -> PathVariant:
    return PathVariant(path, exact=True, base=path)


def folded(path: str, base: str) -> PathVariant:
    return PathVariant(path, case_folded=True, base=base)


def test_a_public_rule_decides_about_another_variant_only_after_its_exact_variant():
    rules = book(OPEN, SHUT)
    assert labels(rules, exact("/open/a"), folded("/open/a", "/open/a")) == ["0", "0"]
    assert labels(rules, exact("/OPEN/a"), folded("/open/a", "/OPEN/a")) == ["1", "1"]
    assert labels(rules, folded("/open/a", "/open/a")) == ["1"]


def test_a_public_rule_decides_only_about_the_variants_of_the_exact_variant_that_it_opens():
    rules = book(OPEN, {"pattern": "/also/**", "public": True}, SHUT)
    found = labels(
        rules, exact("/open/a"), exact("/also/a"), folded("/open/a", "/also/a"), folded("/open/a", "/open/a")
    )
    assert found == ["0", "1", "2", "0"]
    before = first_matches(rules, [exact("/open/a"), folded("/also/a", "/open/a")], "GET", None, resolved=False)
    assert [match.rule and match.rule.label for match in before] == ["0", "2"]


def test_a_form_of_any_exact_variant_is_opened_by_the_rule_of_each_of_them():
    rules = book({"pattern": "/a/*", "public": True}, {"pattern": "/a/**", "public": True}, SHUT)
    forms = [PathVariant("/a/7"), PathVariant("/a//7"), PathVariant("/a", case_folded=True), PathVariant("/b")]
    assert labels(rules, exact("/a//07"), exact("/a/07"), *forms) == ["1", "0", "0", "1", "1", "2"]
    assert labels(rules, exact("/a/07"), *forms) == ["0", "0", "2", "2", "2"]
    assert labels(rules, exact("/a/07"), exact("/b/07"), *forms) == ["0", "2", "2", "2", "2", "2"]


@pytest.mark.parametrize("other", ["/shut", "/none"])
def test_one_exact_variant_that_is_not_public_closes_the_others(other):
    rules = book(OPEN, {"pattern": "/shut/**", "role": "x"}, {"pattern": "/open/**", "role": "x"})
    for first, second in ((exact("/open/a"), exact(other)), (exact(other), exact("/open/a"))):
        assert labels(rules, first, second, folded("/open/a", "/open/a"))[-1] == "2"


def test_the_cache_of_a_request_is_used_for_its_own_rules_only():
    rules = book(SHUT)
    lookup = PathLookup(book())
    (match,) = first_matches(rules, [exact("/a")], "GET", None, resolved=True, lookup=lookup)
    assert match.rule is rules.rules[0]


PATHS = ["/Admin", "/admin", "/admin/", "/admin//", "//admin", "/b", "/b/", "/b//", "//b", "b/", "/", "//", ""]


@pytest.mark.parametrize("patterns", [["/Admin", "/b", "/"], ["/admin", "/b/*", "/**/b"]])
def test_the_cache_of_a_request_finds_the_rules_of_each_path(patterns):
    rules = book(*({"pattern": one, "role": "x"} for one in patterns))
    lookup = PathLookup(rules)
    for path in PATHS:
        for folded in (False, True, False):
            assert lookup.matching(path, folded) == rules.matching(path, folded), path


def test_the_cache_of_a_request_looks_up_once_a_path_with_and_without_a_slash_at_the_end():
    rules, asked = book(SHUT), []
    rules.matching = lambda path, folded: asked.append(path) or (0,)  # type: ignore[method-assign]
    lookup = PathLookup(rules)
    for path in ("/a", "/a/", "/b"):
        (match,) = first_matches(rules, [exact(path)], "GET", None, resolved=True, lookup=lookup)
        assert match.rule is rules.rules[0]
    assert asked == ["/a", "/b"]


RULES = st.fixed_dictionaries(
    {"pattern": st.sampled_from(["/a/**", "/A/b", "/a/*", "/**", "/b"])},
    optional={
        "methods": st.sampled_from([["GET"], ["POST"], "unsafe"]),
        "view": st.sampled_from(["page", "x*"]),
        "i18n": st.booleans(),
    },
).flatmap(
    lambda rule: st.sampled_from([{"role": "reader"}, {"public": True}, {"deny": True}]).map(lambda asks: rule | asks)
)
VARIANTS = st.builds(
    PathVariant, st.sampled_from(["/a", "/a/b", "/A/b", "/b"]), st.booleans(), st.booleans(), st.booleans()
)


@given(st.lists(RULES, max_size=5), VARIANTS, st.sampled_from(["GET", "POST"]), st.booleans())
def test_the_search_tries_the_matching_rules_in_order_and_ends_where_it_is_decided(raw, variant, method, resolved):
    rules = book(*raw)
    (match,) = first_matches(rules, [variant], method, "page", resolved=resolved)
    matching = [rules.rules[number] for number in rules.matching(variant.path, variant.case_folded)]
    assert [rule for rule, _ in match.tried] == matching[: len(match.tried)]
    skipped = [*takewhile(lambda one: one[1] not in (None, "waits"), match.tried)]
    for rule, why in skipped:
        assert {
            "method": not rule.matches_method(method),
            "view": not rule.matches_view("page"),
            "i18n": not rule.i18n,
            "public": rule.is_public,
        }[why]
    if len(skipped) < len(match.tried):
        rule, why = match.tried[-1]
        assert len(skipped) == len(match.tried) - 1
        assert rule.matches_method(method)
        assert match.rule is (rule if why is None else None)
        assert why is not None or (rule.matches_view("page") and (resolved or not rule.views))
    else:
        assert (match.rule, len(skipped)) == (None, len(matching))


BY_VIEW = {"view": "profile", "public": True}


@pytest.mark.parametrize(
    "other",
    [folded("/users/bob", "/users/Bob"), PathVariant("/users/bob", without_language=True, base="/users/Bob")],
)
def test_whether_a_public_rule_for_a_view_exempts_another_variant_waits_for_the_view(other):
    rules = book(BY_VIEW, {"pattern": "/users/**", "role": "x"})
    variants = [exact("/users/Bob"), other]

    def rules_for(view, resolved):
        return [one.rule and one.rule.label for one in first_matches(rules, variants, "GET", view, resolved=resolved)]

    assert rules_for(None, resolved=False) == [None, None]
    assert rules_for("profile", resolved=True) == ["0", "0"]
    assert rules_for("other", resolved=True) == ["1", "1"]


def test_whether_a_later_public_rule_exempts_another_variant_waits_with_the_exact_one():
    rules = book({"pattern": "/A", "view": "page", "role": "x", "i18n": False}, {"pattern": "/*", "public": True}, SHUT)
    variants = [exact("/A"), PathVariant("/A", without_language=True, base="/A")]
    waiting = [*first_matches(rules, variants, "GET", None, resolved=False)]
    assert [one.rule for one in waiting] == [None, None]
    assert [one.tried[-1][1] for one in waiting] == ["waits", "waits"]
    assert labels(rules, *variants) == ["1", "1"]


def test_public_rules_exempt_the_variants_of_a_path_that_must_be_normalized():
    rules, variants = book(BY_VIEW, OPEN, SHUT), [exact("/users//Bob"), exact("/users/Bob")]
    variants.append(folded("/users/bob", "/users/Bob"))
    found = [one.rule and one.rule.label for one in first_matches(rules, variants, "GET", "profile", resolved=True)]
    assert found == ["0", "0", "0"]
    opened = [exact("/open//A"), exact("/open/A"), folded("/open/a", "/open/A")]
    plain = book(OPEN, SHUT)
    found = [one.rule and one.rule.label for one in first_matches(plain, opened, "GET", None, resolved=False)]
    assert found == ["0", "0", "0"]


def test_a_path_that_must_be_normalized_is_not_exempted_before_routing():
    rules = book(BY_VIEW, SHUT)
    variants = [exact("/users/a/../../Admin"), exact("/Admin"), folded("/admin", "/Admin")]
    found = [one.rule and one.rule.label for one in first_matches(rules, variants, "GET", None, resolved=False)]
    assert found == [None, None, "1"]


def test_an_exact_variant_that_is_closed_before_routing_closes_the_others():
    rules = book({"pattern": "/open/**", "view": "page", "public": True}, {"pattern": "/shut", "role": "x"}, OPEN, SHUT)
    variants = [exact("/open/a"), exact("/shut"), exact("/a"), folded("/open", "/shut")]
    found = [one.rule and one.rule.label for one in first_matches(rules, variants, "GET", None, resolved=False)]
    assert found == [None, "1", "3", "3"]


ANY_RULES = st.lists(RULES, max_size=5).map(lambda raw: book(*raw))
EXACT = st.sampled_from(["/a", "/a/b", "/A/b", "/b"])


@given(ANY_RULES, EXACT, st.data())
def test_what_a_search_finds_before_routing_holds_after_it(rules, base, data):
    """Before the request is routed, the rule that is found decides about a denial, so it must be the final one."""
    others = st.builds(PathVariant, EXACT, st.just(False), st.booleans(), st.booleans(), st.sampled_from(["", base]))
    variants = [exact(base), *data.draw(st.lists(others, max_size=3))]
    before = first_matches(rules, variants, "GET", None, resolved=False)
    after = first_matches(rules, variants, "GET", data.draw(st.sampled_from(["page", "none"])), resolved=True)
    for early, final in zip(before, after, strict=True):
        if early.rule is not None and not early.rule.is_public:
            assert early.rule is final.rule
