"""A plugin of pytest that runs many mutants in one run: each in a fork of a process that has collected the tests.

A first fork runs all tests with no mutant, to see how long each takes and which functions it calls. A mutant is then
tested by the tests that call its function: those that killed another mutant of the function first, then the fastest.
The first test that fails ends its fork.

What a module makes when it is imported is made by the unchanged code here. What survives is tested once more in a
process of its own, which imports the package with the mutant, if its function is called when the tests are imported.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .results import ALONE, Mutant, store

#: environment variables: a JSON file with the mutants, and the file to which outcomes are appended
PLAN = "SESSIONKIT_MUTANTS"
OUTCOMES = "SESSIONKIT_MUTANTS_OUTCOMES"
#: seconds in addition to 60 times what the test takes: of its own CPU time, so that a busy machine makes no difference
CPU_SECONDS = 10
#: and by the clock, for a test that waits for ever
CLOCK_SECONDS = 45
#: a mutant that allocates without end is killed by a MemoryError
MEMORY = 4 * 1024**3


class Trial(NamedTuple):
    """What a test of the unchanged package took, in seconds, and the functions that it called."""

    seconds: float
    functions: set[str]


def function_of(mutant: str) -> str:
    return mutant.rpartition("__mutmut_")[0].replace("__init__.", "")


def order(tests: dict[str, Trial], function: str, killers: list[str]) -> list[str]:
    """Return the tests that call ``function``: those that killed mutants of it first, then the fastest."""
    callers = sorted((trial.seconds, test) for test, trial in tests.items() if function in trial.functions)
    return [*killers, *(test for _, test in callers if test not in killers)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    if session.testsfailed:
        raise session.Failed("The tests cannot be collected.")
    # One folder for all forks.
    session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    runner = Runner(session)
    at_import = runner.called_so_far()
    tests = runner.try_unchanged()
    mutants = [Mutant(*one) for one in json.loads(Path(os.environ[PLAN]).read_text(encoding="utf-8"))]
    killers: dict[str, list[str]] = {}
    began = time.monotonic()
    for number, mutant in enumerate(mutants, 1):
        function = function_of(mutant.name)
        outcome, killer = runner.try_mutant(mutant.name, tests, order(tests, function, killers.get(function, [])))
        if outcome == "not run" or (outcome == "survived" and function in at_import):
            outcome = ALONE
        store(Path(os.environ[OUTCOMES]), mutant._replace(outcome=outcome))
        if killer:
            killers[function] = [killer, *(one for one in killers.get(function, []) if one != killer)]
        if number % 20 == 0 or number == len(mutants):
            runner.say(f"{number} of {len(mutants)} mutants in {time.monotonic() - began:.0f} s")
    return True


class Runner:
    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._items = {item.nodeid: item for item in session.items}

    def try_unchanged(self) -> dict[str, Trial]:
        """Run all tests twice on the unchanged package. Raises ``Session.Failed`` if one fails.

        The second time in the order that is used for mutants: a test that needs another one before it would kill all.
        """
        self.say(f"running {len(self._items)} tests on the unchanged package")
        status, trials = in_fork(self._trials)
        tests = {test: Trial(seconds, set(functions)) for test, seconds, functions, _ in trials or ()}
        if trials is None:
            raise self._failed(f"The tests end their process (status {status}).")
        if failed := [test for test, *_, passes in trials if not passes]:
            raise self._failed("These tests fail:\n" + "\n".join(failed))
        outcome, culprit = self.try_mutant("", tests, sorted(tests, key=lambda test: tests[test].seconds))
        if outcome != "survived":
            raise self._failed(f"This test fails, or does not end, after other tests than usual: {culprit}")
        slowest = sorted(((trial.seconds, test) for test, trial in tests.items()), reverse=True)
        self.say(f"they take {sum(seconds for seconds, _ in slowest):.0f} s")
        for seconds, test in slowest[:5]:
            self.say(f"{seconds:.1f} s: {test}")
        return tests

    def try_mutant(self, name: str, tests: dict[str, Trial], ordered: list[str]) -> tuple[str, str | None]:
        """Return the outcome, and the test that failed."""

        def run() -> str | None:
            use_mutant(name.replace("__init__.", ""))
            for test, following in pairwise([*ordered, None]):
                _limit(60 * tests[test].seconds)
                if not self._passes(test, following):
                    return test
            return None

        status, failed = in_fork(run)
        return outcome_of(status, failed), failed

    def _trials(self) -> list[tuple[str, float, list[str], bool]]:
        use_mutant("stats")
        found = []
        for test, following in pairwise([*self._items, None]):
            began = time.process_time()
            passes = self._passes(test, following)
            found.append((test, time.process_time() - began, sorted(self.called_so_far()), passes))
            self._session.testsfailed = 0
        return found

    def called_so_far(self) -> set[str]:
        """Return the functions that were called since the last call of this, if the mutant is ``stats``."""
        from mutmut.state import state

        called = set(state()._stats)
        state()._stats.clear()
        return called

    def _passes(self, test: str, following: str | None) -> bool:
        item, after = self._items[test], self._items[following] if following else None
        self._session.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        return not self._session.testsfailed

    def _failed(self, text: str) -> Exception:
        self.say(text)
        return self._session.Failed(text)

    def say(self, text: str) -> None:
        capture = self._session.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
            print(text, file=sys.stderr, flush=True)


def use_mutant(name: str) -> None:
    from mutmut.mutation.trampoline import set_mutant_under_test

    set_mutant_under_test(name)


def outcome_of(status: int, failed: str | None) -> str:
    """Return ``killed``, ``survived``, ``endless``, or ``not run`` if the fork itself failed."""
    if status in (-signal.SIGPROF, -signal.SIGALRM):
        return "endless"
    if status != 0:
        return "not run"
    return "killed" if failed else "survived"


def in_fork(act: Callable[[], Any]) -> tuple[int, Any]:
    """Return the exit status of a fork (negative for a signal) and what ``act`` returned in it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _child(act, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    # What the tests started and did not end.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status), json.loads(answer) if answer else None


def _child(act: Callable[[], Any], pipe: int) -> None:
    try:
        import resource

        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        answer = json.dumps(act()).encode()
        while answer:
            answer = answer[os.write(pipe, answer) :]
        os._exit(0)
    except BaseException:
        os._exit(70)


def _limit(more: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS + more)
    signal.setitimer(signal.ITIMER_REAL, CLOCK_SECONDS + more)
