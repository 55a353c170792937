"""The soak runs: load, hostile dicts, a fault and a comparison, each tiny. No test depends on a time."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from support import system_programs as programs

ROOT = Path(__file__).parents[2]
GROUP = ("casbin", "channels", "daphne", "gunicorn", "psycopg", "redis", "stronghold", "uvicorn", "wsproto")

pytestmark = [
    pytest.mark.skipif(not all(map(find_spec, GROUP)), reason="the dependency group `soak` is not installed"),
    pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="the benchmarks are not part of the sdist"),
    pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc"),
]

# Another exception than InvalidSession gets out.
RAISES = """
import sys
from django_sessionkit.session.validation import SessionValidator
real = SessionValidator.session
def wrong(self, data):
    if type(data) is dict and data.get("role") is True:
        raise KeyError("role")
    return real(self, data)
SessionValidator.session = wrong
from benchmarks.soak.__main__ import main
sys.exit(main(["--smoke", "--only", "dicts"]))
"""

# No server is there: each request and each socket fails, and the run ends. So it does when its time is over.
ENDS = """
import asyncio
from benchmarks.soak.generator import Load, Target
from benchmarks.soak.programs import free_port
from benchmarks.soak.users import UNEXPECTED
dead = Target("dead", free_port(), 0, True, 2)
load = Load([dead], 5, 50, 1, 60)
load.manager = "key"
async def work():
    await asyncio.gather(load._work(dead), load._talk(dead))
asyncio.run(work())
assert load.done >= 50, load.done
assert load.record.counts["failed"] == load.record.broken[UNEXPECTED] > 25
assert not Load([dead], 5, 50, 1, 0).goes_on
"""

# A role is seen during the request that takes it away, then after that; then another user's session is seen.
LAWS = """
from time import monotonic
from benchmarks.soak.users import FOREIGN, REVOKED, UNEXPECTED, Record, User
record, user = Record(), User("anna")
writer, other = ({"user": name, "role": "writer", "own": True} for name in ("anna", "bert"))
with user.changing("writer"):
    pass
before = monotonic()
with user.changing("reader"):
    record.check_shown(user, writer, before, "meanwhile")
record.check_shown(user, writer, before, "begun before")
assert not any(record.broken.values()), record.examples
after = monotonic()
record.check_shown(user, writer, after, "begun afterwards")
assert record.broken[REVOKED] == 1
record.check_shown(user, other, before, "another user")
assert record.broken[FOREIGN] == 1
record.check_denied(user, 401, after, "page")
record.check_denied(user, 403, after, "write")
record.check_denied(user, 503, after, "page")
assert record.broken[UNEXPECTED] == 2
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
        timeout=300,
    )


def test_every_part_runs_and_every_law_holds():
    programs.redis_server()
    programs.postgres("initdb")
    done = run("-m", "benchmarks.soak", "--smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every law held" in done.stdout
    assert done.stdout.count("| 0 |") >= 4  # the laws of the load


def test_an_exception_of_the_validation_fails():
    done = run("-c", RAISES)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "KeyError" in done.stderr


def test_a_foreign_session_and_a_revoked_right_break_a_law():
    done = run("-c", LAWS)
    assert done.returncode == 0, done.stderr


def test_a_load_ends_if_no_server_answers_and_when_its_time_is_over():
    done = run("-c", ENDS)
    assert done.returncode == 0, done.stderr
