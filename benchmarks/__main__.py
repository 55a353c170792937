"""``python -m benchmarks``: run the benchmarks and print the table."""

from __future__ import annotations

import argparse
import platform
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

from . import site

site.configure()

from . import building, calls, capabilities, hostile, instructions, matching, pages, serving, templates, validating  # noqa: E402
from .report import HEADER, SMOKE, Case, Fact, Result, Scale, WrongAnswer, machine  # noqa: E402

RESULTS = Path(__file__).parent / "RESULTS.md"
GROUPS: dict[str, Callable[[Scale], Iterator[Case | Fact]]] = {
    "matching": matching.rows,
    "building": building.rows,
    "pages": pages.rows,
    "hostile": hostile.rows,
    "validating": validating.rows,
    "calls": calls.rows,
    "capabilities": capabilities.rows,
    "templates": templates.rows,
    "serving": serving.rows,
}
EXTRAS = {"instructions": instructions.rows}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Return 0 if everything ran and every answer was right, even if a target is missed."""
    options = _parser().parse_args(arguments)
    start = perf_counter()
    names = [*(options.only or GROUPS), *(name for name in EXTRAS if getattr(options, name))]
    try:
        results = [result for name in names for result in _run(name, smoke=options.smoke)]
    except WrongAnswer as error:
        print(f"wrong answer: {error}", file=sys.stderr)
        return 1
    print(f"\n{'Every answer is right' if options.smoke else 'Measured'} ({perf_counter() - start:.0f} s).")
    if options.write and not options.smoke:
        before = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
        RESULTS.write_text(_document(before, results), encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="run everything once and check the answers only")
    parser.add_argument("--write", action="store_true", help=f"store the table of this Python in {RESULTS.name}")
    parser.add_argument("--only", nargs="+", choices=GROUPS, metavar="GROUP", help=f"some of: {', '.join(GROUPS)}")
    parser.add_argument(
        "--instructions", action="store_true", help="also count instructions (needs valgrind, takes minutes)"
    )
    return parser


def _run(name: str, *, smoke: bool) -> Iterator[Result]:
    """Measure a group, and print each row when it is ready."""
    rows = {**GROUPS, **EXTRAS}[name](SMOKE if smoke else Scale())
    if not smoke:
        print(f"\n{HEADER}", flush=True)
    for row in rows:
        if smoke:
            row.try_out()
            continue
        result = row.measure()
        print(result, flush=True)
        yield result


def _document(before: str, results: list[Result]) -> str:
    """Return the report. The tables of other Pythons stay as they are in it."""
    tables = dict(re.findall(r"^## Python (\S+)\n\n(.*?)(?=\n## |\Z)", before, re.MULTILINE | re.DOTALL))
    tables[_python()] = "\n".join([*machine(), "", HEADER, *map(str, results), ""])
    head = (
        "# Results",
        "Written by `python -m benchmarks --write`. Every ratio is the median of pairs measured alternately in one\n"
        "process, in CPU time; see [README.md](README.md).",
    )
    parts = (f"## Python {version}\n\n{tables[version].strip()}" for version in sorted(tables))
    return "\n\n".join([*head, *parts]) + "\n"


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


if __name__ == "__main__":
    sys.exit(main())
