"""The programs around mutmut: how its results are read, and what is a survivor."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from mutation import forks, survivors, workplace
from mutation.results import ALONE, OUTCOMES, Mutant, mutants, sample, store

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
OPEN = Mutant("doors.py: Door.open", 'return key == "right key" and self.lock > 1', "", "not run")


def made(tmp_path: Path, *outcomes: str) -> list[Mutant]:
    folder = tmp_path / "mutants" / "django_sessionkit"
    folder.mkdir(parents=True)
    (folder / "doors.py").write_text(MUTATED, encoding="utf-8")
    names = ("xǁDoorǁopen__mutmut_1", "xǁDoorǁopen__mutmut_2", "x_shut__mutmut_1")
    codes = {f"django_sessionkit.doors.{name}": None for name in names}
    (folder / "doors.py.meta").write_text(json.dumps({"exit_code_by_key": codes}), encoding="utf-8")
    for mutant, outcome in zip(mutants(tmp_path), outcomes, strict=True):
        assert mutant.outcome == "not run"
        store(tmp_path / OUTCOMES, mutant._replace(outcome="survived"))
        store(tmp_path / OUTCOMES, mutant._replace(outcome=outcome))
    return list(mutants(tmp_path))


def test_a_mutant_is_its_function_and_the_changed_lines(tmp_path):
    first, second, third = made(tmp_path, "killed", "survived", "endless")
    assert (first.where, first.was) == (OPEN.where, OPEN.was)
    assert first.now == 'return key == "right key" or self.lock > 1'
    assert (third.where, third.was, third.now) == ("doors.py: shut", "return None", 'return ""')
    assert [one.is_killed for one in (first, second, third)] == [True, False, True]


def test_an_outcome_belongs_to_the_changed_lines_and_not_to_the_number_of_a_mutant(tmp_path):
    made(tmp_path, "killed", "killed", "killed")
    file = tmp_path / "mutants" / "django_sessionkit" / "doors.py"
    file.write_text(MUTATED.replace('return ""', "return 0"), encoding="utf-8")
    assert [one.outcome for one in mutants(tmp_path)] == ["killed", "killed", "not run"]


def test_another_type_in_a_cast_is_no_mutant(tmp_path):
    made(tmp_path, "killed", "killed", "killed")
    file = tmp_path / "mutants" / "django_sessionkit" / "doors.py"
    text = MUTATED.replace("return None", 'return cast("Door[X]", it)')
    for now, count in (
        ('cast("door[x]", it)', 2),
        ("cast(None, it)", 2),
        ("cast(it)", 3),
        ('cast("Door[X]", None)', 3),
    ):
        file.write_text(text.replace('return ""', f"return {now}"), encoding="utf-8")
        assert len([*mutants(tmp_path)]) == count


def test_a_larger_sample_has_the_smaller_one_in_it():
    all_of_them = [Mutant("a.py: f", f"was {number}", "now", "killed") for number in range(50)]
    small, large = sample(all_of_them, 10, 0), sample(reversed(all_of_them), 30, 0)
    assert (large[:10], len({*large})) == (small, 30)
    assert [*sample(all_of_them, 10, 1)] != small
    assert sample(all_of_them, 90, 0) == [*sample(all_of_them, 50, 0)]


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
    assert Mutant("a.py: f", was, now, "survived").is_wording is is_wording


def test_a_survivor_that_is_not_listed_fails_the_room_and_a_listed_one_that_is_killed_is_reported(tmp_path):
    found = made(tmp_path, "survived", "killed", "endless")
    entry = {"kind": "equivalent", "reason": "Doors have two locks."}
    nothing = survivors.report(found, {})
    assert [one.where for one in nothing.unlisted] == [OPEN.where]
    assert not nothing.passed
    gone = ("doors.py: shut", "return None", 'return ""')
    result = survivors.report(found, {found[0].key: entry, gone: entry, ("other.py: f", "a", "b"): entry})
    assert (result.passed, result.killed, result.endless, result.equivalent) == (True, 2, 1, 1)
    assert (result.gone, result.score) == ([gone], 100)
    assert "doors: 3 mutants" in survivors.text("doors", result, 3)
    assert "listed, but gone: doors.py: shut" in survivors.text("doors", result, 3)


def test_a_room_without_mutants_fails():
    assert not survivors.report([], {}).passed


def test_what_is_not_in_a_sample_is_not_gone(tmp_path):
    first, *others = made(tmp_path, "survived", "survived", "not run")
    listed = {one.key: {"kind": "equivalent", "reason": "Doors have two locks."} for one in (first, *others)}
    result = survivors.report([first], listed, others)
    assert (result.mutants, result.not_run, result.gone) == (1, 0, [])
    assert "doors: 1 of 3 mutants (a sample)" in survivors.text("doors", result, 3)


def test_a_low_score_and_a_mutant_that_did_not_run_fail_the_room(tmp_path):
    found = made(tmp_path, "survived", "killed", ALONE)
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


def test_tests_that_have_killed_a_mutant_of_the_function_are_run_first_and_then_the_fastest():
    tests = {
        "slow": forks.Trial(2, {"x_open", "x_shut"}),
        "fast": forks.Trial(1, {"x_open"}),
        "killer": forks.Trial(3, {"x_open"}),
        "other": forks.Trial(0, {"x_shut"}),
    }
    assert forks.order(tests, "x_open", ["killer"]) == ["killer", "fast", "slow"]


# Stand-ins for the parts of mutmut that forks.py uses, and a package with a function and its mutants.
FAKE_MUTMUT = {
    "mutmut/__init__.py": "",
    "mutmut/mutation/__init__.py": "",
    "mutmut/mutation/trampoline.py": """
import os
def set_mutant_under_test(name):
    os.environ["MUTANT_UNDER_TEST"] = name
""",
    "mutmut/state.py": """
class State:
    _stats = set()
def state():
    return State
""",
    "doors.py": """
import os, signal, time
from mutmut.state import state
def call(number):
    name = os.environ["MUTANT_UNDER_TEST"]
    if name == "stats":
        state()._stats.add(f"doors.x_{number}")
    return name == f"doors.x_{number}__mutmut_1"
def add(one, other):
    return one - other if call("add") else one + other
def wait():
    if call("wait"):
        signal.setitimer(signal.ITIMER_PROF, 0.01)
        while True:
            pass
def leave():
    if call("leave"):
        os._exit(1)
def never():
    call("never")
def built():
    return 0 if call("built") else 1
""",
    "test_doors.py": """
import doors
BUILT = doors.built()
def test_sum_of_zeros():
    assert doors.add(0, 0) == 0
def test_sum():
    assert doors.add(1, 2) == 3
def test_ends():
    doors.wait()
    doors.leave()
def test_built():
    assert BUILT == 1
    doors.built()
def test_that_calls_and_does_not_look():
    doors.never()
""",
}


def run_in_forks(folder: Path, *names: str, **files: str) -> subprocess.CompletedProcess[str]:
    todo = [Mutant("doors.py: f", "was", "now", "not run", f"doors.x_{name}__mutmut_1") for name in names]
    for file, text in {**FAKE_MUTMUT, "plan.json": json.dumps(todo), **files}.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": f"{folder}{os.pathsep}{workplace.REPOSITORY}",
        "DJANGO_SETTINGS_MODULE": "",
        "MUTANT_UNDER_TEST": "stats",
        forks.PLAN: str(folder / "plan.json"),
        forks.OUTCOMES: str(folder / OUTCOMES),
    }
    command = [*workplace.PYTEST, "-p", "tests.mutation.forks", "-p", "no:sessionkit", "-c", os.devnull, "."]
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)


FAULTY = """
import doors
seen = []
def test_first():
    seen.append(1)
def test_that_fails():
    assert doors.add(1, 1) == 3
def test_that_passes():
    pass
def test_that_fails_too():
    raise ValueError
"""
SECOND = """
import time
seen = []
def test_slow():
    seen.append(1)
    while time.process_time() - START < 0.2:
        pass
def test_fast():
    assert seen
START = time.process_time()
"""


def test_tests_that_fail_on_the_unchanged_package_are_named_and_nothing_is_run(tmp_path):
    run = run_in_forks(tmp_path, "add", **{"test_doors.py": FAULTY})
    assert run.returncode == 1
    assert "These tests fail:\ntest_doors.py::test_that_fails\ntest_doors.py::test_that_fails_too\n" in run.stderr
    assert not (tmp_path / OUTCOMES).exists()


def test_a_test_that_needs_another_one_before_it_is_named(tmp_path):
    run = run_in_forks(tmp_path, "add", **{"test_doors.py": SECOND})
    assert run.returncode == 1
    assert "after other tests than usual: test_doors.py::test_fast" in run.stderr
    assert not (tmp_path / OUTCOMES).exists()


def test_each_mutant_runs_in_a_fork(tmp_path):
    run = run_in_forks(tmp_path, "add", "wait", "leave", "never", "built", "uncalled")
    assert run.returncode == 0, run.stdout + run.stderr
    found = [json.loads(line) for line in (tmp_path / OUTCOMES).read_text("utf-8").splitlines()]
    outcomes = {name.split("_")[1]: outcome for name, *_, outcome in found}
    assert outcomes == {
        "add": "killed",
        "wait": "endless",
        "leave": ALONE,
        "never": "survived",
        "built": ALONE,
        "uncalled": "survived",
    }


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
    assert f'\nonly_mutate = ["django_sessionkit/{room.files.split()[0]}"' in text
    assert text.count("[tool.mutmut]") == 1
    with pytest.raises(ValueError, match="only_mutate"):
        workplace.configured("", room)


def test_the_nightly_job_runs_every_room():
    job = (workplace.REPOSITORY / ".github" / "workflows" / "mutation.yml").read_text("utf-8")
    assert f"        room: [{', '.join(workplace.ROOMS)}]\n" in job
    assert "--sample" not in job
