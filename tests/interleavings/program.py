"""The program: which pairs and triples to run, in how many processes, and what to print."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from .limits import limits_of
from .plan import USUAL, Job, pairs, triples
from .runs import explore
from .scheduler import Found

Result = tuple[Job, Found, float]


def run(job: Job) -> Result:
    """Explore one job."""
    began = time.process_time()
    found = explore(*job)
    return job, found, time.process_time() - began


def main() -> int:
    """Return the number of orders that break a law for an unknown reason, at most 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.interleavings", description="Run actors through all orders.")
    parser.add_argument("--all", action="store_true", help="all pairs and triples; by default, the pairs of one setup")
    parser.add_argument("--pairs", action="store_true", help="all pairs in all setups")
    parser.add_argument("--triples", action="store_true", help="all triples")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="the number of processes")
    parser.add_argument("names", nargs="*", help="only these two or three actors, in the usual setup")
    options = parser.parse_args()
    jobs: list[Job] = []
    if options.names:
        jobs = [(USUAL, tuple(options.names))]
    elif not (options.all or options.pairs or options.triples):
        jobs = [job for job in pairs() if job[0] == USUAL]
    if options.all or options.pairs:
        jobs += pairs()
    if options.all or options.triples:
        jobs += triples()
    with ProcessPoolExecutor(options.jobs, get_context("fork")) as pool:
        return report(pool.map(run, jobs))


def report(results: Iterable[Result]) -> int:
    """Print a line for each job, the totals of each setup, and the orders that break a law for an unknown reason."""
    totals: dict[str, list[float]] = {}
    unknown = 0
    for (setup, names), found, seconds in results:
        kind = f"{setup}, {'pairs' if len(names) == 2 else 'triples'}"
        total = totals.setdefault(kind, [0, 0, 0, 0, 0.0])
        for index, value in enumerate((1, found.orders, found.states, found.runs, seconds)):
            total[index] += value
        reasons = {law: [limit.name for limit in limits_of(setup, names, law)] for law in found.broken}
        known = sorted({reason for ones in reasons.values() for reason in ones})
        print(f"{setup}: {' + '.join(names)}: {found.orders:,} orders, {seconds:.1f} s", *known, sep="; ", flush=True)
        for law, order in found.broken.items():
            if not reasons[law]:
                unknown = 1
                print(f"  BROKEN {law}", *order, sep="\n    ")
    for kind, (count, orders, states, runs, seconds) in totals.items():
        print(f"{kind}: {count:,}; orders {orders:,}; states {states:,}; runs {runs:,}; {seconds:.0f} s of CPU")
    return unknown
