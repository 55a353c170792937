"""``python -m benchmarks.profile``: the bytecode instructions of one request, by function of the package.

The counts are exact and do not depend on the machine. They show where a request spends its work. Each line has the
instructions and the calls of a function. The program needs Python 3.12 or newer. ``python -m benchmarks
--instructions`` counts instructions of the processor instead.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import CodeType

from . import site

site.configure()

import django_sessionkit  # noqa: E402

from .instructions import PAGES, requested  # noqa: E402

_PACKAGE = Path(django_sessionkit.__file__).parent
_DENIED = {"pattern": "/team/**", "role": "nobody-has-this-role", "api": True}


class Profile:
    """The calls and the instructions of one request, by function of the package; ``whole`` is all instructions."""

    def __init__(self, request: Callable[[], object]) -> None:
        self.whole = 0
        self.calls: Counter[str] = Counter()
        self.instructions: Counter[str] = Counter()
        for _ in range(3):
            request()  # fills the caches
        monitoring, tool = sys.monitoring, sys.monitoring.PROFILER_ID
        monitoring.use_tool_id(tool, __name__)
        monitoring.register_callback(tool, monitoring.events.INSTRUCTION, self._instruction)
        monitoring.register_callback(tool, monitoring.events.PY_START, self._call)
        monitoring.set_events(tool, monitoring.events.INSTRUCTION | monitoring.events.PY_START)
        try:
            request()
        finally:
            monitoring.set_events(tool, 0)
            monitoring.free_tool_id(tool)

    def _call(self, code: CodeType, _: int) -> None:
        if name := _name(code):
            self.calls[name] += 1

    def _instruction(self, code: CodeType, _: int) -> None:
        self.whole += 1
        if name := _name(code):
            self.instructions[name] += 1

    def __str__(self) -> str:
        first = f"{self.instructions.total()} of {self.whole} instructions, {self.calls.total()} calls"
        rows = (f"{count:6} {self.calls[name]:3} {name}" for name, count in self.instructions.most_common())
        return "\n".join([first, *rows])


@cache
def _name(code: CodeType) -> str:
    """Return the module and the name of a function of the package, and an empty text for others."""
    file = Path(code.co_filename)
    return f"{file.relative_to(_PACKAGE)}: {code.co_qualname}" if file.is_relative_to(_PACKAGE) else ""


def main() -> None:
    """Print the profile of each page, and that of a page that is denied with 403."""
    for name in PAGES:
        with requested(name) as page:
            print(f"\n{name}: {Profile(page)}")
    with requested("protected page, `path()`") as page, site.using(SESSIONKIT_PROTECT=[_DENIED]):
        print(f"\nprotected page, answered with 403: {Profile(page)}")


if __name__ == "__main__":
    if sys.version_info < (3, 12):
        sys.exit("This needs Python 3.12 or newer.")
    main()
