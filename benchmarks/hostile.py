"""The time and memory that the guard needs for the worst paths in a request line of 63 KB."""

from __future__ import annotations

import gc
import logging
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import quote

from . import site
from .report import Fact, Scale, expect
from .timing import Effort, least, work

LENGTH = 63_000
"""Characters of the target in the request line, percent-encoded as a server receives it."""

_MOST_MS = 3
_MOST_KB = 1024
_RULES = [*site.rules(10), {"pattern": "/**/private/**", "role": "editor"}, {"pattern": "/Press/*/b", "role": "editor"}]

# Each is repeated after the prefix until the target has this length.
_SHAPES = {
    "combining marks in a row": "\u0301\u0323",
    "short segments with combining marks": "e\u0323\u0301/",
    "one letter": "a/",
    "one capital letter": "A/",
    "letters that fold to others": "\u0131\u017f/",
    "slashes": "/",
    "dots": "./",
    "white space": "A /",
    "control characters": "a\x01/",
    "detours": "x/../",
    "way up": "../",
    "backslashes": "a\\",
    "backslashes upwards": "..\\",
    "numbers": "07/",
    "one long word": "\u00e9",
}


def rows(scale: Scale) -> Iterator[Fact]:
    """Yield the time for all shapes, on a plain route and on one with several forms, then the memory."""
    with site.using(SESSIONKIT_PROTECT=_RULES), _quiet():
        for prefix, where in (("/wiki/", "a route"), ("/old-forum/", "a route with an optional part")):
            what = f"path of {LENGTH // 1000} KB on {where}: CPU over the same request without the guard"
            yield Fact(what, "the same stack without the guard", f"≤ {_MOST_MS} ms", partial(_worst, prefix, scale))
        what = f"memory after {scale.hostile:,} requests with paths of {LENGTH // 1000} KB"
        yield Fact(what, "after the first of them", f"≤ {_MOST_KB} KB more", partial(_left, scale), is_answer=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Some of these paths are denied, and a line for each of them would hide the table."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


def _path(prefix: str, shape: str) -> str:
    return prefix + shape * ((LENGTH - len(prefix)) // len(quote(shape)))


def _page(middleware: list[str], path: str) -> site.WSGIPage:
    return site.WSGIPage(middleware, path.encode().decode("latin-1"), "")


def _worst(prefix: str, scale: Scale) -> tuple[str, bool]:
    effort = Effort(1, 0) if scale.pages.pairs == 1 else Effort(11, 0.01)
    found = {name: _added(_path(prefix, shape), effort) for name, shape in _SHAPES.items()}
    name = max(found, key=lambda one: found[one])
    return f"{found[name]:.1f} ms ({name})", found[name] <= _MOST_MS


def _added(path: str, effort: Effort) -> float:
    """The milliseconds that the guard adds to a request."""
    ours, plain = _page([site.SESSION, site.SESSIONKIT], path), _page([site.SESSION], path)
    expect("the status of a hostile request", plain().status_code, 200)
    expect("the answer of the guard", ours().status_code in (200, 302), True)
    return 1000 * (least(work(ours), effort) - least(work(plain), effort))


def _left(scale: Scale) -> tuple[str, bool]:
    """The growth of the peak memory in kilobytes, after many new paths."""
    first = _highest(range(scale.hostile // 10 + 20))
    last = _highest(range(scale.hostile))
    return f"{last - first} KB more", last - first <= _MOST_KB


def _highest(numbers: range) -> int:
    shapes, page = [*_SHAPES.values()], _page([site.SESSION, site.SESSIONKIT], "/wiki/")
    for number in numbers:
        prefix = f"/wiki/{number}-{chr(0x4E00 + number % 20_000)}/"
        page.environ["PATH_INFO"] = _path(prefix, shapes[number % len(shapes)]).encode().decode("latin-1")
        page()
    gc.collect()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak
