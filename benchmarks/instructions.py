"""The number of instructions of a request, counted by valgrind. This has little noise, but takes minutes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from . import site

site.configure()

from .pages import wsgi  # noqa: E402
from .report import Fact, Scale  # noqa: E402

_COLLECTED = re.compile(r"Collected : (\d+)")
_ASKED = (100, 300)

_STACKS = {
    "public": ([site.SESSION, site.SESSIONKIT], "/public/"),
    "public, bare": ([site.SESSION], "/public/"),
    "protected": ([site.SESSION, site.SESSIONKIT], "/team/"),
    "protected, bare": ([site.SESSION], "/reading/"),
}


def rows(scale: Scale) -> Iterator[Fact]:
    """Yield the rows. Without valgrind, yield one row that says so."""
    if shutil.which("valgrind") is None:
        yield Fact("instructions", "–", "–", lambda: ("valgrind is not installed", None))
        return
    for name, most, against in (
        ("public", 1.05, "the same stack with only `SessionMiddleware`"),
        ("protected", 1.08, "the same stack, view reads `request.session`"),
    ):
        yield Fact(f"WSGI: {name} page, instructions", against, f"≤ {most} ×", partial(_compared, name, most))


def _compared(name: str, most: float) -> tuple[str, bool]:
    found = _per_request(name) / _per_request(f"{name}, bare")
    return f"{found:.3f} ×", found <= most


def _per_request(name: str) -> float:
    """The difference between a long and a short run, which excludes the start of Python and Django."""
    few, many = (_instructions(name, count) for count in _ASKED)
    return (many - few) / (_ASKED[1] - _ASKED[0])


def _instructions(name: str, count: int) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    done = subprocess.run(  # noqa: S603
        [*command, sys.executable, "-m", "benchmarks.instructions", name, str(count)],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = _COLLECTED.search(done.stderr)
    if found is None:
        raise RuntimeError("valgrind counted nothing")
    return int(found[1])


def ask(name: str, count: int) -> None:
    """Make the requests. This runs under valgrind."""
    with site.using(SESSIONKIT_PROTECT=site.rules(10)):
        middleware, url = _STACKS[name]
        stack = wsgi(middleware, url, site.stored_session({"__session__": site.READER}))
        for _ in range(count):
            stack.ask()


if __name__ == "__main__":
    ask(sys.argv[1], int(sys.argv[2]))
