"""Ratios of CPU times, measured in pairs: A B B A A B ... in one process.

Whatever else the machine does at the time meets both sides alike, and the median of the paired ratios ignores what
meets only one.
"""

from __future__ import annotations

import asyncio
import statistics
import timeit
from collections.abc import Awaitable, Callable
from time import process_time
from typing import Any, NamedTuple, TypeAlias

Timed: TypeAlias = Callable[[int], float]
"""Do something so many times; the CPU seconds that it took."""


class Effort(NamedTuple):
    """How long to measure: ``pairs`` of blocks of at least ``block`` CPU seconds each."""

    pairs: int = 31
    block: float = 0.004


class Spread(NamedTuple):
    """A median and its quartiles."""

    median: float
    low: float
    high: float


def statement(code: str, **names: Any) -> Timed:
    """A statement, in the loop of :mod:`timeit`: with the cyclic garbage collector off."""
    return timeit.Timer(code, timer=process_time, globals=names).timeit


def work(call: Callable[[], object]) -> Timed:
    """A call that leaves garbage as it does in life: with the cyclic garbage collector as it is (on)."""

    def timed(times: int) -> float:
        start = process_time()
        for _ in range(times):
            call()
        return process_time() - start

    return timed


def awaited(call: Callable[[], Awaitable[object]], loop: asyncio.AbstractEventLoop) -> Timed:
    """An awaitable call, repeated inside one task of ``loop``; the collector is on."""

    async def timed(times: int) -> float:
        start = process_time()
        for _ in range(times):
            await call()
        return process_time() - start

    return lambda times: loop.run_until_complete(timed(times))


def ratio(ours: Timed, theirs: Timed, effort: Effort) -> Spread:
    """How many times as long ``ours`` takes."""
    sides = [(ours, _calibrated(ours, effort.block)), (theirs, _calibrated(theirs, effort.block))]
    ratios = []
    for number in range(effort.pairs):
        order = sides if number % 2 else sides[::-1]
        seconds = {timed: timed(times) / times for timed, times in order}
        ratios.append(seconds[ours] / seconds[theirs])
    low, median, high = statistics.quantiles(ratios, n=4)
    return Spread(median, low, high)


def least(timed: Timed, effort: Effort) -> float:
    """The CPU seconds of one run, in the best of some blocks: for what is stated as a time."""
    times = _calibrated(timed, effort.block)
    return min(timed(times) / times for _ in range(effort.pairs))


def _calibrated(timed: Timed, block: float) -> int:
    times = 1
    timed(1)  # what is done once only
    while timed(times) < block:
        times *= 2
    return times
