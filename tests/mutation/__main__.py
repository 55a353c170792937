"""Change the package in thousands of ways, and list the changes that no test notices.

``python -m tests.mutation`` runs the mutants of all rooms; names of rooms limit it to these. A room fails if a survivor
is not in ``survivors.json``, or if fewer than 95 % of its mutants are killed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .results import ALONE, OUTCOMES, Mutant, mutants, sample, store
from .survivors import Known, add, known, report, text
from .workplace import BUILD, ROOMS, prepare, run_in_forks, survives_alone


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="room", help=f"some of {', '.join(ROOMS)} (default: all)")
    parser.add_argument("--sample", type=int, metavar="N", help="only N mutants of each room, chosen by the seed")
    parser.add_argument("--seed", type=int, default=0, help="chooses the sample (default: 0)")
    parser.add_argument("--read", action="store_true", help="only read what the last run found")
    parser.add_argument("--again", action="store_true", help="run only what the last run did not kill, or did not run")
    parser.add_argument("--add", action="store_true", help="add to survivors.json what is not listed there")
    options = parser.parse_args()
    if unknown := set(options.rooms) - set(ROOMS):
        parser.error(f"no such room: {', '.join(sorted(unknown))}; there are {', '.join(ROOMS)}")
    return max([_room(name, options) for name in options.rooms or ROOMS])


def _room(name: str, options: argparse.Namespace) -> int:
    folder = BUILD / name
    if not options.read:
        prepare(name)
        if not options.again:
            (folder / OUTCOMES).unlink(missing_ok=True)
    listed = known()
    made = list(mutants(folder))
    found = made if options.sample is None else sample(made, options.sample, options.seed)
    if not options.read:
        done = [one for one in found if one.outcome == "killed" or (one.outcome == "survived" and one.key in listed)]
        names = {one.name for one in done} if options.again else set()
        todo = [one for one in found if one.name not in names]
        found = _run(folder, name, todo, found, listed)
    chosen = {one.name for one in found}
    result = report(found, listed, [one for one in made if one.name not in chosen])
    print(text(name, result, len(made)), flush=True)
    if options.add:
        add(result.unlisted, listed)
    return 0 if result.passed else 1


def _run(folder: Path, name: str, todo: list[Mutant], found: list[Mutant], listed: Known) -> list[Mutant]:
    """Run these mutants, some of them a second time on their own, and return all of ``found`` with their outcomes."""
    if todo:
        run_in_forks(folder, name, todo)
    chosen = {one.name for one in found}
    for one in mutants(folder):
        if one.name in chosen and one.outcome == ALONE:
            survives = one.is_wording or one.key in listed or survives_alone(folder, name, one.name)
            store(folder / OUTCOMES, one._replace(outcome="survived" if survives else "killed"))
    return [one for one in mutants(folder) if one.name in chosen]


if __name__ == "__main__":
    raise SystemExit(main())
