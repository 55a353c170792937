"""Change the package in thousands of ways, and list the changes that no test notices.

``python -m tests.mutation`` runs mutmut on all rooms; names of rooms limit it to these. A room fails if a survivor is
not in ``survivors.json``, or if fewer than 95 % of its mutants are killed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from .results import mutants
from .survivors import add, known, report, text
from .workplace import BUILD, FEW_EXAMPLES, ROOMS, prepare, survives_alone


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="room", help=f"some of {', '.join(ROOMS)} (default: all)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--read", action="store_true", help="only read what the last run found")
    parser.add_argument("--again", action="store_true", help="run only what survived the last run, or did not end")
    parser.add_argument("--add", action="store_true", help="add to survivors.json what is not listed there")
    options = parser.parse_args()
    if unknown := set(options.rooms) - set(ROOMS):
        parser.error(f"no such room: {', '.join(sorted(unknown))}; there are {', '.join(ROOMS)}")
    return max([_room(name, options) for name in options.rooms or ROOMS])


def _room(name: str, options: argparse.Namespace) -> int:
    if options.again:
        names = [one.name for one in mutants(BUILD / name) if one.outcome != "killed" or one.is_endless]
        _run(prepare(name, keep_results=True), options.processes, *names)
    elif not options.read:
        _run(prepare(name), options.processes)
    listed = known()
    found = list(mutants(BUILD / name))
    if not options.read:
        unlisted = report(found, listed).unlisted
        alone = {one.name for one in unlisted if not survives_alone(BUILD / name, name, one.name)}
        found = [one._replace(code=1) if one.name in alone else one for one in found]
    result = report(found, listed)
    print(text(name, result), flush=True)
    if options.add:
        add(result.unlisted, listed)
    return 0 if result.passed else 1


def _run(folder: Path, processes: int, *names: str) -> None:
    environment = {**os.environ, **FEW_EXAMPLES}
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes), *names]
    subprocess.run(command, cwd=folder, env=environment, check=True)


if __name__ == "__main__":
    raise SystemExit(main())
