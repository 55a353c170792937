"""A small slice of the comparison with the reference. ``python -m tests.model`` runs more, with ``--all`` the whole."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from django_sessionkit.policy import path_variants, rules

from . import comparison, reference, worlds


def slice_of(count: int, seed: int = 1) -> list[tuple[list[dict[str, object]], bool, list[str]]]:
    return random.Random(seed).sample(worlds.settings(), count)


def test_the_package_decides_as_the_reference():
    count, wrong = comparison.compare_settings((slice_of(15), 0.15))
    assert (count > 3000, wrong) == (True, [])


def test_requirements_have_the_value_of_the_reference():
    count, wrong = comparison.compare_requirements(1, 2000)
    assert (count, wrong) == (2000, [])


def test_the_reference_is_short_and_knows_nothing_of_the_package():
    text = Path(reference.__file__).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 200
    assert "import django" not in text
    assert "from django" not in text


@pytest.mark.parametrize(
    ("owner", "name", "wrong", "concerns"),
    [
        (rules.Rule, "matches_method", lambda self, method: True, lambda rules, excludes: "methods" in rules[-1]),
        (rules.RuleSet, "excludes", lambda self, path: path != "/", lambda rules, excludes: excludes),
        (path_variants, "normalize", lambda path: path, lambda rules, excludes: True),
    ],
)
def test_a_fault_of_the_package_is_found(monkeypatch, owner, name, wrong, concerns):
    monkeypatch.setattr(owner, name, wrong)
    chosen = [one for one in slice_of(600, seed=2) if one[0] and concerns(one[0], one[2])]
    assert any(comparison.compare_settings(([one], 0.05))[1] for one in chosen)
