"""The share of the cases that a run tests."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from support import shares
from support.shares import chosen

NAMES = ["a.py::test_one", *(f"a.py::test_many[{number}]" for number in range(30)), "b.py::test_one[[1] of [2]]"]


@pytest.mark.parametrize("shares", [1, 2, 3, 7])
def test_all_shares_together_have_every_case(shares):
    parts = [chosen(NAMES, f"{number}/{shares}") for number in range(1, shares + 1)]
    assert set.union(*parts) == set(NAMES)
    assert sum(len(part) for part in parts) <= 30 + 2 * shares  # no case of `test_many` twice


@pytest.mark.parametrize("share", ["1/3", "2/3", "3/3", "7/9"])
def test_every_test_is_in_every_share(share):
    assert {name.partition("[")[0] for name in chosen(NAMES, share)} == {name.partition("[")[0] for name in NAMES}


def test_a_new_case_does_not_move_the_others():
    assert chosen(NAMES, "2/3") == chosen([*NAMES, "a.py::test_many[new]"], "2/3") - {"a.py::test_many[new]"}


@pytest.mark.parametrize("share", ["0/3", "4/3", "-1/3"])
def test_a_share_that_does_not_exist_is_an_error(share):
    with pytest.raises(ValueError, match="such as 1/3"):
        chosen(NAMES, share)


@pytest.mark.parametrize(
    ("source", "options", "expected"),
    [
        ("TESTPATHS", {}, True),
        ("TESTPATHS", {"keyword": "cookie"}, False),
        ("TESTPATHS", {"markexpr": "browser"}, False),
        ("TESTPATHS", {"lf": True}, False),
        ("TESTPATHS", {"collectonly": True}, False),
        ("ARGS", {}, False),
        ("INVOCATION_DIR", {}, False),
    ],
)
def test_a_run_that_selects_tests_is_not_of_all_tests(source, options, expected):
    config = SimpleNamespace(ArgsSource=pytest.Config.ArgsSource, args_source=pytest.Config.ArgsSource[source])
    config.getoption = lambda name, default: options.get(name, default)
    assert shares.is_of_all_tests(config) is expected
    config.workerinput = {}
    assert not shares.is_of_all_tests(config)


def test_every_name_of_what_is_whole_exists():
    assert [path for path in shares.SAME_ON_EVERY_DJANGO | shares.WHOLE if not path.exists()] == []


def test_what_is_the_same_on_every_django_is_whole_and_so_are_the_hostile_requests():
    tests = Path(__file__).parents[1]
    names = (
        "policy/test_rules.py",
        "test_access.py",
        "security/test_bypasses.py",
        "session/test_writer.py",
        "conftest.py",
    )
    assert [shares.is_whole(tests / name) for name in names] == [True, True, True, False, False]
    assert [shares.is_same_on_every_django(tests / name) for name in names] == [True, True, False, False, False]
