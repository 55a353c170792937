from __future__ import annotations

import pytest

from django_sessionkit.utils.numbers import is_finite


@pytest.mark.parametrize("value", [0, -1, 1.5, 10**400])
def test_a_number_is_finite(value):
    assert is_finite(value)


@pytest.mark.parametrize("value", [True, False, float("nan"), float("inf"), -float("inf"), "1", None])
def test_what_is_not_a_finite_number(value):
    assert not is_finite(value)
