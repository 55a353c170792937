"""The index agrees with a simple matcher, and compares a path with few patterns."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_sessionkit import patterns as pattern_language
from django_sessionkit.patterns import Pattern, ShiftAndMatcher, matches
from django_sessionkit.policy import pattern_index
from django_sessionkit.policy.pattern_index import PatternIndex

names = st.sampled_from(["a", "b", "c", ""])
patterns = st.lists(st.sampled_from(["a", "b", "c", "*", "**"]), max_size=5).map(lambda parts: "/" + "/".join(parts))
paths = st.lists(names, max_size=7).map(lambda parts: "/" + "/".join(parts))


def plain(texts: list[str], path: str) -> tuple[int, ...]:
    return tuple(number for number, text in enumerate(texts) if matches(text, path))


def index_of(texts: list[str]) -> PatternIndex:
    return PatternIndex((number, Pattern(text)) for number, text in enumerate(texts))


@given(mixed=st.lists(st.tuples(patterns, st.booleans()), max_size=8), asked=st.lists(paths, max_size=6))
def test_it_agrees_with_the_plain_matcher(mixed, asked):
    index = PatternIndex((number, Pattern(text, opens=opens)) for number, (text, opens) in enumerate(mixed))
    for path in asked:
        plain = (number for number, (text, opens) in enumerate(mixed) if matches(text, path, opens=opens))
        assert index.matching(path) == tuple(plain)


@pytest.mark.parametrize("few", [0, 32])
@given(
    mixed=st.lists(st.tuples(patterns, st.booleans()), max_size=4),
    asked=st.lists(names, max_size=30).map("/".join),
)
def test_it_agrees_for_long_paths(few, mixed, asked):
    index = PatternIndex((number, Pattern(text, opens=opens)) for number, (text, opens) in enumerate(mixed))
    for path in (f"/{asked}", f"/a/b/{asked}", f"/{asked}{'/x' * 20}", f"/a{'/' * 20}{asked}/", f"/a/{'/x' * 20}/c"):
        plain = tuple(number for number, (text, opens) in enumerate(mixed) if matches(text, path, opens=opens))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pattern_language, "LONG", 0)
            patch.setattr(pattern_language, "_FEW_LITERALS", few)
            assert index.matching(path) == plain


@pytest.mark.parametrize("count", range(1, 9))
@pytest.mark.parametrize("before", ["", "/**"])
def test_the_segments_of_a_long_path_are_counted_as_far_as_it_matters(monkeypatch, count, before):
    monkeypatch.setattr(pattern_language, "LONG", 0)
    pattern = Pattern(before + "/*" * count, opens=True)
    index = PatternIndex([(0, pattern)])
    for length in range(1, 40):
        assert bool(index.matching("/x" * length)) is (length >= count if before else length == count)


def test_the_end_of_a_long_path_is_not_split_if_it_has_no_literal(monkeypatch):
    index = index_of(["/**/private/**", "/wiki/*/edit"])
    run, most = ShiftAndMatcher.run, []
    monkeypatch.setattr(ShiftAndMatcher, "run", lambda self, path: most.append(len(path)) or run(self, path))
    assert index.matching("/wiki" + "/x" * 1000) == ()
    assert len(most) == 2
    assert max(most) < 20
    assert index.matching("/wiki" + "/x" * 1000 + "/private/x") == (0,)
    assert max(most) == 1003


def test_it_agrees_on_a_long_list_of_all_kinds():
    dice = random.Random(7)

    def text():
        parts = [dice.choice(["x", "y", f"n{dice.randrange(50)}", "*", "**"]) for _ in range(dice.randrange(1, 6))]
        return "/" + "/".join(parts)

    texts = [text() for _ in range(500)]
    index = index_of(texts)
    for _ in range(300):
        path = "/" + "/".join(
            dice.choice(["x", "y", f"n{dice.randrange(50)}", "other"]) for _ in range(dice.randrange(6))
        )
        assert index.matching(path) == plain(texts, path)


def test_one_rule_with_several_patterns_is_named_once():
    several = [(3, Pattern("/a")), (1, Pattern("/*")), (3, Pattern("/a/**")), (3, Pattern("/a"))]
    assert PatternIndex(several).matching("/a") == (1, 3)


def test_an_empty_index_matches_nothing():
    assert [index_of([]).matching(path) for path in ("/", "/a", "/a/b/")] == [(), (), ()]


def test_a_path_is_compared_only_with_patterns_that_begin_like_it(monkeypatch):
    compared = []
    real = ShiftAndMatcher.run
    monkeypatch.setattr(
        ShiftAndMatcher, "run", lambda self, path: compared.append(len(self.accepts)) or real(self, path)
    )
    index = index_of([f"/area{number}/*/{kind}" for number in range(1000) for kind in ("edit", "show")])
    assert index.matching("/area7/x/edit") == (14,)
    assert compared == [2]
    assert index.matching("/other/x/edit") == ()
    assert compared == [2]
    assert index_of(["/area/**"]).matching("/area/x/edit") == (0,)
    assert compared == [2]


def test_a_long_path_is_not_split_deeper_than_the_literals(monkeypatch):
    longest = []
    real = pattern_index.split
    monkeypatch.setattr(pattern_index, "split", lambda *args: longest.append(len(real(*args))) or real(*args))
    index = index_of(["/admin/**", "/shop/orders/x"])
    assert index.matching("/admin" + "/x" * 1000) == (0,)
    assert index.matching("/shop/orders/x" + "/x" * 1000) == ()
    assert index.matching("/shop/orders/x//") == ()
    assert max(longest) <= 4


def test_a_long_list_with_wildcards_at_the_start_is_matched_in_groups(monkeypatch):
    monkeypatch.setattr(pattern_index, "_GROUP", 100)
    texts = [f"/**/n{number}/*/x" for number in range(250)] + ["/**"]
    index = index_of(texts)
    assert index.matching("/n3/n200/x") == (3, 250)
    assert index.matching("/n3/n50/n240/x") == (3, 50, 250)
    assert len(index._root._matchers) == 3


@pytest.mark.parametrize("path", ["a/b", "a", "", "x/"])
def test_a_path_without_its_slash_is_read_as_with_it(path):
    texts = ["/a/b", "/*", "/**", "/"]
    assert index_of(texts).matching(path) == plain(texts, path) == index_of(texts).matching(f"/{path}")
