"""The programs around mutmut: how its results are read, and what is a survivor."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from mutation import survivors, workplace
from mutation.results import Mutant, mutants

PACKAGE = workplace.REPOSITORY / "django_sessionkit"
MUTATED = """
class Door:
    @_mutmut_mutated(mutants_xǁDoorǁopen__mutmut)
    def open(self, key: str) -> bool:
        return key == "right key" and self.lock > 1
    def xǁDoorǁopen__mutmut_orig(self, key: str) -> bool:
        return key == "right key" and self.lock > 1
    def xǁDoorǁopen__mutmut_1(self, key: str) -> bool:
        return key == "right key" or self.lock > 1
    def xǁDoorǁopen__mutmut_2(self, key: str) -> bool:
        return key == "XXright keyXX" and self.lock > 1
def x_shut__mutmut_orig() -> None:
    return None
def x_shut__mutmut_1() -> None:
    return ""
"""
OPEN = Mutant("doors.py: Door.open", 'return key == "right key" and self.lock > 1', "", None)


def made(tmp_path: Path, *codes: int | None) -> list[Mutant]:
    folder = tmp_path / "mutants" / "django_sessionkit"
    folder.mkdir(parents=True)
    (folder / "doors.py").write_text(MUTATED, encoding="utf-8")
    names = ("xǁDoorǁopen__mutmut_1", "xǁDoorǁopen__mutmut_2", "x_shut__mutmut_1")
    found = {f"django_sessionkit.doors.{name}": code for name, code in zip(names, codes, strict=True)}
    (folder / "doors.py.meta").write_text(json.dumps({"exit_code_by_key": found}), encoding="utf-8")
    return list(mutants(tmp_path))


def test_a_mutant_is_its_function_and_the_changed_lines(tmp_path):
    first, second, third = made(tmp_path, 1, 0, 33)
    assert (first.where, first.was) == (OPEN.where, OPEN.was)
    assert first.now == 'return key == "right key" or self.lock > 1'
    assert (third.where, third.was, third.now) == ("doors.py: shut", "return None", 'return ""')
    assert [one.outcome for one in (first, second, third)] == ["killed", "survived", "survived"]


@pytest.mark.parametrize(
    ("was", "now", "is_wording"),
    [
        ('raise E("Not allowed here")', 'raise E("XXNot allowed hereXX")', True),
        ('raise E("Not allowed here")', 'raise E("not allowed here")', True),
        ('raise E("a", "Not allowed here")', 'raise E("a", "NOT ALLOWED HERE")', True),
        ('raise E("Not allowed here")', "raise E(None)", False),
        ('raise E("role", "Not allowed here")', 'raise E("XXroleXX", "Not allowed here")', False),
        ('x = "no-store, private"', 'x = "NO-STORE, PRIVATE"', False),
        ('x = "a" + f"says {one}"', 'x = "a" + f"says {None}"', False),
        ('x = "Two words" if a and b else c', 'x = "XXTwo wordsXX" if a or b else c', False),
    ],
)
def test_only_a_changed_sentence_is_wording(was, now, is_wording):
    assert Mutant("a.py: f", was, now, 0).is_wording is is_wording


def test_a_survivor_that_is_not_listed_fails_the_room_and_a_listed_one_that_is_killed_is_reported(tmp_path):
    found = made(tmp_path, 0, 1, 36)
    entry = {"kind": "equivalent", "reason": "Doors have two locks."}
    nothing = survivors.report(found, {})
    assert [one.where for one in nothing.unlisted] == [OPEN.where]
    assert not nothing.passed
    gone = ("doors.py: shut", "return None", 'return ""')
    result = survivors.report(found, {found[0].key: entry, gone: entry, ("other.py: f", "a", "b"): entry})
    assert (result.passed, result.killed, result.endless, result.equivalent) == (True, 2, 1, 1)
    assert (result.gone, result.score) == ([gone], 100)
    assert "listed, but gone: doors.py: shut" in survivors.text("doors", result)


def test_a_low_score_and_a_mutant_that_did_not_run_fail_the_room(tmp_path):
    found = made(tmp_path, 0, 1, None)
    result = survivors.report(found, {found[0].key: {"kind": "open", "reason": "Nobody tests doors."}})
    assert (result.unlisted, result.not_run, result.open, result.passed) == ([], 1, 1, False)
    assert round(result.score) == 33
    assert not result._replace(not_run=0, killed=94, mutants=100).passed
    assert result._replace(not_run=0, killed=95, mutants=100).passed


def test_every_survivor_has_a_kind_and_a_reason_and_is_a_function_of_the_package():
    for where, was, now in survivors.known():
        file, _, function = where.partition(": ")
        assert was != now
        assert re.search(rf"def {re.escape(function.rpartition('.')[2])}\(", (PACKAGE / file).read_text("utf-8")), where


def test_a_survivor_without_a_reason_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(survivors, "LIST", tmp_path / "survivors.json")
    survivors.LIST.write_text("[]", encoding="utf-8")
    survivors.add([OPEN], survivors.known())
    with pytest.raises(ValueError, match=r"doors\.py: Door\.open: the kind must be"):
        survivors.known()


@pytest.mark.parametrize("name", workplace.ROOMS)
def test_the_files_and_tests_of_each_room_exist(name):
    room = workplace.ROOMS[name]
    for one in room.files.split():
        assert list(PACKAGE.glob(one))
    for one in room.tests.split():
        file, _, function = one.removeprefix("--deselect=").partition("::")
        assert (workplace.REPOSITORY / file).exists()
        assert not function or f"def {function}(" in (workplace.REPOSITORY / file).read_text("utf-8")
    text = workplace.configured((workplace.REPOSITORY / "pyproject.toml").read_text("utf-8"), room)
    assert f'only_mutate = ["django_sessionkit/{room.files.split()[0]}"' in text
    assert text.count("[tool.mutmut]") == 1
    with pytest.raises(ValueError, match="only_mutate"):
        workplace.configured("", room)


def test_the_nightly_job_runs_every_room():
    job = (workplace.REPOSITORY / ".github" / "workflows" / "mutation.yml").read_text("utf-8")
    assert f"room: [{', '.join(workplace.ROOMS)}]" in job
