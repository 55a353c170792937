"""The sentence of a decision. Those of the package are in ``tests/requirements``."""

from __future__ import annotations

import pytest

from django_sessionkit import Decision, Role


@pytest.mark.parametrize(
    ("decision", "sentence"),
    [
        (Decision(False, "none_of"), "none_of"),
        (Decision(False, "excluded"), "excluded"),
        (Decision(False, "excluded", requirement=Role("guest")), 'the role "guest" is not allowed here'),
        (Decision(False, "predicate", requirement=Role("guest")), 'needs the role "guest"'),
        (Decision(False, "closed_on_sundays"), "closed_on_sundays"),
        (Decision(False, "closed_on_sundays", detail="since May"), "closed_on_sundays (since May)"),
    ],
)
def test_a_decision_of_the_project_is_shown_by_its_reason(decision, sentence):
    assert str(decision) == sentence
