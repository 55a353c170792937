"""The number of instructions of a request, counted by valgrind. This has little noise, but takes minutes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from . import site

site.configure()

from .report import Fact, Scale, expect  # noqa: E402

_COLLECTED = re.compile(r"Collected : (\d+)")
_ASKED = (100, 300)

_BARE = [site.SESSION]
_GUARDED = [site.SESSION, site.SESSIONKIT]


class _Page(NamedTuple):
    """A page behind the guard, the page that it is compared with, and the number of rules."""

    url: str
    bare: str
    rules: int
    most: float


PAGES = {
    "public page, `path()`": _Page("/public/page/", "/public/page/", 10, 1.05),
    "public page, `re_path()`": _Page("/articles/a1/", "/articles/a1/", 10, 1.06),
    "public page, no rules": _Page("/public/page/", "/public/page/", 0, 1.03),
    "protected page, `path()`": _Page("/team/page/", "/reading/page/", 10, 1.12),
    "protected page, `re_path()`": _Page("/team/articles/a1/", "/reading/articles/a1/", 10, 1.13),
}


def rows(scale: Scale) -> Iterator[Fact]:
    """Yield the rows. Without valgrind, yield one row that says so."""
    if shutil.which("valgrind") is None:
        yield Fact("instructions", "–", "–", lambda: ("valgrind is not installed", None))
        return
    for name, page in PAGES.items():
        against = "only `SessionMiddleware`" + (", view reads `request.session`" if page.url != page.bare else "")
        yield Fact(f"WSGI: {name}, instructions", against, f"≤ {page.most} ×", partial(_compared, name))


def _compared(name: str) -> tuple[str, bool]:
    found = _per_request(name) / _per_request(f"{name}, bare")
    return f"{found:.3f} ×", found <= PAGES[name].most


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


@contextmanager
def requested(name: str) -> Iterator[site.WSGIPage]:
    """Set up the site for a page of :data:`PAGES`, or for the page that it is compared with, and yield the request."""
    page = PAGES[name.removesuffix(", bare")]
    is_bare = name.endswith(", bare")
    with site.using(SESSIONKIT_PROTECT=site.rules(page.rules) if page.rules else []):
        cookie = site.stored_session({"__session__": site.READER})
        yield site.WSGIPage(_BARE if is_bare else _GUARDED, page.bare if is_bare else page.url, cookie)


def ask(name: str, count: int) -> None:
    """Make the requests. This runs under valgrind."""
    with requested(name) as page:
        for _ in range(count):
            expect("a page", page().content, b"page")


if __name__ == "__main__":
    ask(sys.argv[1], int(sys.argv[2]))
