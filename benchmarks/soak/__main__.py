"""``python -m benchmarks.soak``: load, hostile dicts, faults, and requests per second beside other packages."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path
from time import perf_counter

from . import dicts, faults, load, rates
from .tables import Broken, machine

RESULTS = Path(__file__).parents[1] / "SOAK.md"
TITLES = {
    "load": "Load",
    "dicts": "Hostile dicts",
    "faults": "Faults",
    "rates": "Requests per second",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Return 1 if a law was broken."""
    options = _parser().parse_args(arguments)
    sections = {}
    for name in options.only or TITLES:
        start = perf_counter()
        print(f"\n## {TITLES[name]}\n", flush=True)
        parts = []
        try:
            for part in _part(name, options):
                print(f"{part}\n", flush=True)
                parts.append(part)
        except Broken as error:
            print(f"a law was broken in {name}:\n{error}", file=sys.stderr)
            return 1
        print(f"({perf_counter() - start:.0f} s)", flush=True)
        sections[name] = "\n\n".join(["\n".join(machine()), *parts])
    print("\nEvery law held.")
    if options.write and not options.smoke:
        RESULTS.write_text(_document(sections), encoding="utf-8")
    return 0


def _part(name: str, options: argparse.Namespace) -> Iterator[str]:
    """Run one part. In a smoke run, each is as small as it can be."""
    smoke = options.smoke
    if name == "load":
        small = load.Size(120, 20, 2, ("gunicorn", "uvicorn"), 1)
        return load.run(small if smoke else load.Size(options.requests, engine=options.engine, minutes=options.minutes))
    if name == "dicts":
        if smoke:  # a test: no time of a busy machine fails it
            return dicts.run(2000, (100, 1000), most=inf)
        return dicts.run(options.dicts, (100, 1000, 10_000, 100_000))
    if name == "faults":
        return faults.run(faults.Size(("gunicorn",), ("redis",)) if smoke else faults.Size())
    few = rates.Size((1, 2), 1, 0.02, ("gunicorn",), ("SessionKit", "casbin"))
    return rates.run(few if smoke else rates.Size())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000, help="requests of the load (default: 1,000,000)")
    parser.add_argument("--minutes", type=float, default=24 * 60, help="the load stops then, if it has not ended")
    parser.add_argument("--engine", default="db", help="the session engine of the load (default: db)")
    parser.add_argument("--dicts", type=int, default=1_000_000, help="hostile dicts (default: 1,000,000)")
    parser.add_argument("--only", nargs="+", choices=TITLES, metavar="PART", help=f"some of: {', '.join(TITLES)}")
    parser.add_argument("--smoke", action="store_true", help="tiny counts: check that everything runs, in seconds")
    parser.add_argument("--write", action="store_true", help=f"store the report in {RESULTS.name}")
    return parser


def _document(sections: dict[str, str]) -> str:
    """Return the report. Parts that were not run now stay as they are in the file, each with its own versions."""
    before = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    parts = {title: text.strip() for title, _, text in (one.partition("\n") for one in before.split("\n## ")[1:])}
    parts |= {TITLES[name]: text for name, text in sections.items()}
    head = ["# Load, faults, age", "Written by `python -m benchmarks.soak --write`; see [README.md](README.md)."]
    return "\n\n".join([*head, *(f"## {title}\n\n{parts[title]}" for title in TITLES.values() if title in parts), ""])


if __name__ == "__main__":
    sys.exit(main())
