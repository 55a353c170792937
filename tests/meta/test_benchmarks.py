"""The benchmarks run, and fail if an answer is wrong. No test depends on a time."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GROUP = ("casbin", "gunicorn", "pydantic", "pyperf", "rules", "stronghold", "uvicorn", "werkzeug")

pytestmark = [
    pytest.mark.skipif(not all(map(find_spec, GROUP)), reason="the dependency group `bench` is not installed"),
    pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="the benchmarks are not part of the sdist"),
]

# The index loses one rule.
WRONG = """
import sys
from django_sessionkit.policy.pattern_index import PatternIndex
real = PatternIndex.matching
PatternIndex.matching = lambda self, path: tuple(one for one in real(self, path) if one != 3)
from benchmarks.__main__ import main
sys.exit(main(["--smoke", "--only", "matching"]))
"""

# Every role is granted to everyone.
OPEN = """
import sys
from django_sessionkit.access import Grants
from django_sessionkit.requirements import Role
Role._evaluate = lambda self, grants: self._granted()
from benchmarks.__main__ import main
sys.exit(main(["--smoke", "--only", "pages"]))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


KEPT = r"""
import benchmarks.__main__ as program
old = "# Results\n\n## Python 3.9\n\n| nine |\n\n## Python 3.99\n\n| old |\n"
program._python = lambda: "3.99"
new = program._document(old, ["| new |"])
assert new.count("## Python") == 2 and "| nine |" in new and "| old |" not in new and new.endswith("| new |\n"), new
assert program._document(new, ["| new |"]) == new
"""


def test_results_of_another_python_stay_in_the_report():
    done = run("-c", KEPT)
    assert done.returncode == 0, done.stderr


def test_every_benchmark_runs_and_every_answer_is_right():
    done = run("-m", "benchmarks", "--smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every answer is right" in done.stdout


@pytest.mark.parametrize(
    ("program", "complaint"),
    [(WRONG, "wrong answer: the rule for"), (OPEN, "wrong answer: the status of a closed page")],
)
def test_a_wrong_answer_fails(program, complaint):
    done = run("-c", program)
    assert done.returncode == 1, done.stdout + done.stderr
    assert complaint in done.stderr


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the profile needs sys.monitoring")
def test_the_profile_counts_the_functions_of_each_page():
    done = run("-m", "benchmarks.profile")
    assert done.returncode == 0, done.stdout + done.stderr
    pages = done.stdout.strip().split("\n\n")
    assert all("middleware.py: SessionKitMiddleware.__call__" in page for page in pages)
    public, denied = pages[0], pages[-1]
    assert "session/loader.py: SessionLoader.load\n" not in public
    assert "responses/__init__.py: deny" in denied
