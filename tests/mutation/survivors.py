"""The mutants that no test notices, each with a reason, and what a run of a room adds to them or takes away.

``survivors.json`` lists them by the function and the changed lines. ``kind`` is ``equivalent`` if nobody can see the
difference, apart from speed and memory, and ``open`` if a test could. A changed sentence is not listed: see
``Mutant.is_wording``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, TypeAlias

from .results import ALONE, Mutant

LIST = Path(__file__).parent / "survivors.json"
LEAST_SCORE = 95
KINDS = ("equivalent", "open")

Key: TypeAlias = tuple[str, str, str]
Known: TypeAlias = dict[Key, dict[str, str]]


def known() -> Known:
    """Return the listed survivors by their key. Raises ``ValueError`` for an entry without a kind or a reason."""
    entries: list[dict[str, str]] = json.loads(LIST.read_text(encoding="utf-8"))
    for entry in entries:
        if entry["kind"] not in KINDS or not entry["reason"].strip():
            raise ValueError(f"{entry['where']}: the kind must be one of {KINDS}, and a reason must be given.")
    return {(entry["where"], entry["was"], entry["now"]): entry for entry in entries}


class Report(NamedTuple):
    """The mutants of one room, sorted by what became of them."""

    mutants: int
    killed: int
    endless: int
    wording: int
    equivalent: int
    open: int
    unlisted: list[Mutant]
    not_run: int
    gone: list[Key]

    @property
    def score(self) -> float:
        """Killed mutants in percent of all that are neither equivalent nor the wording of a sentence."""
        counted = self.mutants - self.equivalent - self.wording
        return 100 * self.killed / counted if counted else 100.0

    @property
    def score_with_wording(self) -> float:
        """The score if each sentence that a test does not compare counts as a survivor."""
        counted = self.mutants - self.equivalent
        return 100 * self.killed / counted if counted else 100.0

    @property
    def passed(self) -> bool:
        return self.mutants > 0 and not self.unlisted and not self.not_run and self.score >= LEAST_SCORE


def report(mutants: Iterable[Mutant], listed: Known, others: Iterable[Mutant] = ()) -> Report:
    """Sort the mutants of one room. ``gone`` has the listed ones of the same files that are killed or not made.

    ``others`` are the mutants of the room that are not in the sample.
    """
    all_of_room = list(mutants)
    survivors = [one for one in all_of_room if one.outcome == "survived"]
    wording = [one for one in survivors if one.is_wording]
    coded = [one for one in survivors if not one.is_wording]
    kinds = [listed[one.key]["kind"] if one.key in listed else "" for one in coded]
    files = {one.file for one in all_of_room}
    alive = {one.key for one in [*survivors, *others]}
    return Report(
        mutants=len(all_of_room),
        killed=sum(one.is_killed for one in all_of_room),
        endless=sum(one.outcome == "endless" for one in all_of_room),
        wording=len(wording),
        equivalent=kinds.count("equivalent"),
        open=kinds.count("open"),
        unlisted=[one for one, kind in zip(coded, kinds, strict=True) if not kind],
        not_run=sum(one.outcome in ("not run", ALONE) for one in all_of_room),
        gone=[key for key in listed if key[0].partition(":")[0] in files and key not in alive],
    )


def text(name: str, result: Report, made: int) -> str:
    """Return the figures of a room with ``made`` mutants, what is not listed, and what is listed in vain."""
    figures = [
        f"{name}: {result.mutants} of {made} mutants (a sample)"
        if result.mutants < made
        else f"{name}: {made} mutants",
        f"{result.killed} killed ({result.endless} of them because tests did not end)",
        f"{result.wording} wording",
        f"{result.equivalent} equivalent",
        f"{result.open} open",
        f"{len(result.unlisted)} not listed",
        f"{result.not_run} not run",
        f"score {result.score:.1f} % (with wording {result.score_with_wording:.1f} %)",
    ]
    lines = [", ".join(figures)]
    lines += [f"not listed: {one.where}\n  - {one.was}\n  + {one.now}" for one in result.unlisted]
    lines += [f"listed, but gone: {where}\n  - {was}\n  + {now}" for where, was, now in result.gone]
    return "\n".join(lines)


def add(mutants: Iterable[Mutant], listed: Known) -> None:
    """Write the list again with these mutants, as open ones whose reason is to be filled in."""
    entries = dict(listed)
    for one in mutants:
        entries[one.key] = {"where": one.where, "was": one.was, "now": one.now, "kind": "open", "reason": ""}
    texts = json.dumps([entries[key] for key in sorted(entries)], indent=1, ensure_ascii=False)
    LIST.write_text(texts + "\n", encoding="utf-8")
