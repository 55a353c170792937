"""The index agrees with a simple matcher, with any budget."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_sessionkit.patterns import Pattern, matches
from django_sessionkit.policy import pattern_index as index_module
from django_sessionkit.policy.pattern_index import Entry, PatternIndex
from django_sessionkit.utils import bounded_cache as memory_module
from django_sessionkit.utils.bounded_cache import BoundedCache

names = st.sampled_from(["a", "b", "c", ""])
patterns = st.lists(st.sampled_from(["a", "b", "c", "*", "**"]), max_size=5).map(lambda parts: "/" + "/".join(parts))
paths = st.lists(names, max_size=7).map(lambda parts: "/" + "/".join(parts))


def plain(texts: list[str], path: str) -> tuple[int, ...]:
    return tuple(number for number, text in enumerate(texts) if matches(text, path))


def index_of(texts: list[str]) -> PatternIndex:
    return PatternIndex([Entry(number, Pattern(text)) for number, text in enumerate(texts)])


@pytest.mark.parametrize("budget", [0, 1, 5, 10_000])
@given(texts=st.lists(patterns, max_size=8), asked=st.lists(paths, max_size=6))
def test_it_agrees_with_the_plain_matcher(budget, texts, asked):
    index = index_of(texts)
    index._budget = budget
    for path in asked * 2:
        assert index.matching(path) == plain(texts, path)


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


def test_after_a_final_entry_the_rest_may_be_left_out():
    index = PatternIndex([Entry(0, Pattern("/a/**")), Entry(1, Pattern("/a/**"), True), Entry(2, Pattern("/a/**"))])
    assert index.matching("/a/b") == (0, 1)


def test_one_rule_with_several_patterns_is_named_once():
    assert PatternIndex([Entry(3, Pattern("/a")), Entry(3, Pattern("/a/**")), Entry(3, Pattern("/a"))]).matching(
        "/a"
    ) == (3,)


def test_an_empty_index_covers_nothing():
    assert [index_of([]).matching(path) for path in ("/", "/a", "/a/b/")] == [(), (), ()]


def steps_for(index: PatternIndex, path: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many sets of trie nodes were computed, which determines the cost."""
    count = 0
    step = index_module.step

    def counted(*args):
        nonlocal count
        count += 1
        return step(*args)

    with monkeypatch.context() as patch:
        patch.setattr(index_module, "step", counted)
        index.matching(path)
    return count


def test_a_known_path_costs_look_ups_only(monkeypatch):
    index = index_of([f"/area{number}/*/edit/**" for number in range(1000)])
    assert steps_for(index, "/area7/x/edit/y", monkeypatch) > 0
    assert steps_for(index, "/area7/x/edit/z/" + "long/" * 100, monkeypatch) == 0


def test_a_path_is_not_read_beyond_a_terminal_state(monkeypatch):
    index = index_of(["/admin/**"])
    assert steps_for(index, "/admin" + "/x" * 1000, monkeypatch) == 1
    assert steps_for(index, "/other" + "/x" * 1000, monkeypatch) == 1


def test_what_is_remembered_is_bounded():
    texts = ["/" + "/".join(["**", f"n{number}", "*"]) for number in range(200)]
    index = index_of(texts)
    dice = random.Random(1)
    for _ in range(3000):
        path = "/" + "/".join(f"n{dice.randrange(200)}" for _ in range(6))
        index.matching(path)
    remembered = sum(len(state) for state in index._states.values()) + len(index._states)
    assert remembered <= max(10_000, 8 * len(texts))
    assert index.matching(path) == plain(texts, path)


@pytest.mark.parametrize("budget", [0, 10_000])
def test_a_path_without_its_slash_is_read_as_with_it(budget):
    index = index_of(["/a/b", "/*", "/**", "/"])
    index._budget = budget
    for path in ("a/b", "a", "", "x/"):
        assert index.matching(path) == plain(["/a/b", "/*", "/**", "/"], path) == index.matching(f"/{path}")


def test_beyond_the_budget_long_lists_are_run_in_groups():
    texts = [f"/**/n{number}/*/x" for number in range(600)] + ["/**"]
    index = PatternIndex([Entry(number, Pattern(text), number > 500) for number, text in enumerate(texts)])
    index._budget = 0
    assert index.matching("/n3/n300/x") == (3, 600)
    assert index.matching("/n3/n550/n599/x") == (3, 550)
    assert len(index._groups) == 3


def test_the_memory_for_repeated_paths_is_bounded():
    asked = []
    memory = BoundedCache(lambda path: asked.append(path) or len(path))
    for number in range(3 * memory_module._MOST_ENTRIES):
        assert memory[f"/{number}"] == memory[f"/{number}"]
    assert len(asked) == 3 * memory_module._MOST_ENTRIES
    assert 0 < len(memory) <= memory_module._MOST_ENTRIES
    assert memory["/" * 201] == 201
    assert "/" * 201 not in memory
