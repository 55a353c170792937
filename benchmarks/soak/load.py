"""Part 1: many requests of many users on three servers at the same time, with the memory of the workers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

from .generator import RECHECK
from .programs import ROOT, Web, settings, stores_for, web
from .tables import Broken, slope, table
from .users import LAWS

NAMES = ("gunicorn", "uvicorn", "daphne")
_INTERVALS = {"uvicorn": 0.5}  # SESSIONKIT_VERSION_INTERVAL
_WARM = 0.4  # of the run, before the slope is measured


class Size(NamedTuple):
    """How much to do."""

    requests: int
    users: int = 1000
    workers: int = 6
    servers: tuple[str, ...] = NAMES
    processes: int = 2
    engine: str = "db"
    minutes: float = 24 * 60  # at most


def run(size: Size) -> Iterator[str]:
    """Run the load, and yield the text of the report. Raises :class:`Broken` if a law was broken."""
    with ExitStack() as stack:
        redis, postgres = stack.enter_context(stores_for(size.users))
        env = settings(redis, postgres, size.engine, SOAK_CONNECTIONS="pool")
        webs = [
            stack.enter_context(
                web(name, env, size.processes if name == "gunicorn" else 1, interval=_INTERVALS.get(name, 0))
            )
            for name in size.servers
        ]
        result, memory = _generate(size, webs)
        logs = {one.name: one.server.output() for one in webs}
    faults = {name: log.count("Traceback") for name, log in logs.items()}
    yield from _report(size, result, memory, faults)
    if any(result["broken"].values()):
        found = [f"{name}: {log[log.index('Traceback') :][:4000]}" for name, log in logs.items() if faults[name]]
        raise Broken("\n".join([*result["examples"], *found]))


def _generate(size: Size, webs: list[Web]) -> tuple[dict[str, Any], dict[str, list[tuple[float, float]]]]:
    """Run the generator, and note the memory of each server at each line of progress."""
    targets = [
        {
            "name": one.name,
            "port": one.port,
            "interval": one.interval,
            "sockets": one.name != "gunicorn",
            "workers": size.workers,
        }
        for one in webs
    ]
    limits = {"requests": size.requests, "seconds": size.minutes * 60}
    options = {"targets": targets, "users": size.users, "seed": 1, **limits}
    memory: dict[str, list[tuple[float, float]]] = {one.name: [] for one in webs}
    last: dict[str, Any] = {}
    command = [sys.executable, "-m", "benchmarks.soak.generator", json.dumps(options)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as generator:
        assert generator.stdout is not None  # noqa: S101
        try:
            for line in generator.stdout:
                last = json.loads(line)
                for one in webs if "done" in last else ():
                    memory[one.name].append((last["done"], one.memory_kb() / 1024))
        finally:
            generator.kill()  # it has ended, unless this run is interrupted
    if "broken" not in last:
        raise Broken("the generator stopped before its end")
    return last, memory


def _report(
    size: Size, result: dict[str, Any], memory: dict[str, list[tuple[float, float]]], faults: dict[str, int]
) -> Iterator[str]:
    done, seconds = result["requests"], result["seconds"]
    counts, denied = (
        ", ".join(f"{count:,} {name}" for name, count in Counter(result[key]).most_common())
        for key in ("counts", "denied")
    )
    yield (
        f"{done:,} requests of {size.users:,} users in {seconds:,.0f} s ({done / seconds:,.0f} per second) on"
        f" {', '.join(memory)} at the same time, sessions in `{size.engine}`: {counts}. A `message` is one on a"
        " WebSocket; `turn` changes the rights of a user and revokes the sessions, `end` ends them, `replay` uses an"
        " old session key."
        f" Pages and sockets that were denied: {denied or 'none'}; 400 is Django's `SessionInterrupted`, for a session"
        " that another request has ended meanwhile; 1006 a socket that ended without a close frame."
        f" `SESSIONKIT_VERSION_INTERVAL` is 0, on uvicorn 0.5; sockets check again after {RECHECK} s."
    )
    yield table(("law", "broken"), [(law, result["broken"][law]) for law in LAWS])
    yield table(
        (
            "server",
            "MB at the start",
            "MB at the end",
            "MB per 100,000 requests, after the warm-up",
            "tracebacks in its log",
        ),
        [(name, *_growth(points), faults[name]) for name, points in memory.items()],
    )


def _growth(points: list[tuple[float, float]]) -> tuple[str, str, str]:
    warm = points[int(len(points) * _WARM) :]
    rise = f"{slope(warm) * 100_000:+.2f}" if len(warm) > 2 else "–"
    return f"{points[0][1]:.1f}", f"{points[-1][1]:.1f}", rise
