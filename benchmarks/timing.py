"""Measure ratios of CPU times in pairs: A B B A A B ... in one process.

Other load on the machine affects both sides alike. The median of the paired ratios ignores load that affects only one.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import timeit
from collections.abc import Awaitable, Callable
from time import process_time
from typing import Any, NamedTuple, TypeAlias

Timed: TypeAlias = Callable[[int], float]
"""A function that does something the given number of times, and returns the CPU seconds that it took."""


class Effort(NamedTuple):
    """How long to measure: the number of ``pairs`` of blocks, and the minimum CPU seconds of a ``block``."""

    pairs: int = 31
    block: float = 0.004


class Spread(NamedTuple):
    """A median and its quartiles."""

    median: float
    low: float
    high: float


def statement(code: str, **names: Any) -> Timed:
    """Measure a statement with :mod:`timeit`. The cyclic garbage collector is off."""
    return timeit.Timer(code, timer=process_time, globals=names).timeit


def once_each(call: Callable[[Any], object], make: Callable[[], object]) -> Timed:
    """Measure a call that gets a new argument each time. Making the arguments is not measured.

    The cyclic garbage collector is off.
    """

    def timed(times: int) -> float:
        arguments = [make() for _ in range(times)]
        gc.disable()
        try:
            start = process_time()
            for argument in arguments:
                call(argument)
            return process_time() - start
        finally:
            gc.enable()

    return timed


def work(call: Callable[[], object]) -> Timed:
    """Measure a call that creates garbage. The cyclic garbage collector stays on."""

    def timed(times: int) -> float:
        start = process_time()
        for _ in range(times):
            call()
        return process_time() - start

    return timed


def awaited(call: Callable[[], Awaitable[object]], loop: asyncio.AbstractEventLoop) -> Timed:
    """Measure an awaitable call, repeated inside one task of ``loop``. The cyclic garbage collector stays on."""

    async def timed(times: int) -> float:
        start = process_time()
        for _ in range(times):
            await call()
        return process_time() - start

    return lambda times: loop.run_until_complete(timed(times))


def ratio(ours: Timed, theirs: Timed, effort: Effort) -> Spread:
    """Return how many times as long ``ours`` takes as ``theirs``."""
    sides = [(ours, _calibrated(ours, effort.block)), (theirs, _calibrated(theirs, effort.block))]
    ratios = []
    for number in range(effort.pairs):
        order = sides if number % 2 else sides[::-1]
        seconds = {timed: timed(times) / times for timed, times in order}
        ratios.append(seconds[ours] / seconds[theirs])
    low, median, high = statistics.quantiles(ratios, n=4)
    return Spread(median, low, high)


def least(timed: Timed, effort: Effort) -> float:
    """Return the CPU seconds of one run, in the fastest block. Used for figures that are times, not ratios."""
    times = _calibrated(timed, effort.block)
    return min(timed(times) / times for _ in range(effort.pairs))


def _calibrated(timed: Timed, block: float) -> int:
    times = 1
    timed(1)  # work that is done only once
    while timed(times) < block:
        times *= 2
    return times
