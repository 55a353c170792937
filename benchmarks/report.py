"""The rows of the table: what is compared, the target, and the result."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import django
import pyperf

from .timing import Effort, Spread, Timed, ratio

HEADER = "| what | against | target | measured ratio | met? |\n|---|---|---|---|---|"


class WrongAnswer(Exception):
    """One of the compared functions gave a wrong answer, so its speed is meaningless."""


def expect(what: str, found: object, wanted: object) -> None:
    """Raise :class:`WrongAnswer` unless the two are equal."""
    if found != wanted:
        raise WrongAnswer(f"{what}: {_short(found)} instead of {_short(wanted)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


class Result(NamedTuple):
    """One row of the table. ``met`` is ``None`` for a row without a target."""

    what: str
    against: str
    target: str
    measured: str
    met: bool | None

    def __str__(self) -> str:
        mark = {True: "yes", False: "**no**", None: "–"}[self.met]
        return f"| {self.what} | {self.against} | {self.target} | {self.measured} | {mark} |"


@dataclass(frozen=True)
class Bound:
    """A target: at most ``most`` times the time of the other side, or at least ``faster`` times as fast.

    Without either, or with 0, the row has no target.
    """

    most: float | None = None
    faster: float | None = None

    def __str__(self) -> str:
        if self.faster:
            return f"≥ {self.faster:g} × as fast"
        return f"≤ {self.most:g} ×" if self.most is not None else "–"

    def show(self, spread: Spread) -> str:
        """Return the figure in the unit of the target."""
        if self.faster is not None:
            return f"{1 / spread.median:.3g} × as fast"
        return f"{spread.median:.{2 if spread.median >= 0.1 else 3}f} ×"

    def is_met(self, spread: Spread) -> bool | None:
        """Return whether the median meets the target; ``None`` without a target."""
        if self.faster is not None:
            return 1 / spread.median >= self.faster if self.faster else None
        return spread.median <= self.most if self.most is not None else None


class Pair(NamedTuple):
    """The two sides of one figure. ``faster`` is a target for this figure, in place of that of the row."""

    label: str
    ours: Timed
    theirs: Timed
    faster: float | None = None


@dataclass
class Case:
    """A row of ratios, one for each pair. The target applies to all of them.

    ``check`` raises :class:`WrongAnswer` if one side gives a wrong answer.
    """

    what: str
    against: str
    bound: Bound
    pairs: Sequence[Pair]
    check: Callable[[], None]
    effort: Effort = field(default_factory=Effort)

    def try_out(self) -> None:
        """Run every side once, and check the answers only."""
        self.check()
        for pair in self.pairs:
            pair.ours(1)
            pair.theirs(1)

    def measure(self) -> Result:
        """Check the answers, measure, and return the row."""
        self.check()
        bounds = [Bound(faster=pair.faster) if pair.faster else self.bound for pair in self.pairs]
        spreads = [ratio(pair.ours, pair.theirs, self.effort) for pair in self.pairs]
        met = [bound.is_met(one) for bound, one in zip(bounds, spreads, strict=True)]
        shown = [
            f"{pair.label}: {bound.show(one)}" if pair.label else bound.show(one)
            for pair, bound, one in zip(self.pairs, bounds, spreads, strict=True)
        ]
        target = "; ".join(dict.fromkeys(map(str, bounds)))
        return Result(self.what, self.against, target, "; ".join(shown), None if None in met else all(map(bool, met)))


@dataclass
class Fact:
    """A row that is not a ratio of times: a count, an amount, or an absolute limit.

    ``is_answer``: it does not depend on the machine, so a smoke run fails if the target is missed.
    """

    what: str
    against: str
    target: str
    find: Callable[[], tuple[str, bool | None]]
    is_answer: bool = False

    def try_out(self) -> None:
        """Run it, and raise :class:`WrongAnswer` if it is an answer and misses the target."""
        found, met = self.find()
        if self.is_answer and not met:
            raise WrongAnswer(f"{self.what}: {found}; wanted {self.target}")

    def measure(self) -> Result:
        """Return the row."""
        return Result(self.what, self.against, self.target, *self.find())


class Scale(NamedTuple):
    """The sizes and numbers of repeats. They are small in a smoke run."""

    sizes: tuple[int, ...] = (10, 100, 1_000, 10_000, 100_000)
    rules: int = 10_000
    segments: tuple[int, ...] = (1_000, 2_000, 4_000)
    requests: int = 200
    pages: Effort = Effort(pairs=41, block=0.02)
    rounds: int = 5
    seconds: float = 1.0
    hostile: int = 10_000


SMOKE = Scale((10, 200), 200, (100, 200, 400), 20, Effort(1, 0), 1, 0.02, 100)


def machine() -> Iterator[str]:
    """Yield a description of the machine, without its name."""
    known: dict[str, Any] = pyperf.Run([1.0]).get_metadata()
    yield f"- CPU: {known.get('cpu_model_name', platform.machine())}, {known.get('cpu_count', '?')} logical cores"
    yield f"- Python {platform.python_version()} ({platform.python_implementation()}), Django {django.get_version()}"
    yield f"- {platform.system()}, {platform.machine()}"
