"""Part 4: requests per second and latency, beside Django's login stack and other packages."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any, NamedTuple

from .programs import ROOT, accepts, free_port, running
from .tables import Broken, spread, table

# The names of benchmarks.soak.rates_site.STACKS, which only a configured server can import.
STACKS = (
    "bare",
    "bare, reads the session",
    "SessionKit, public page",
    "SessionKit",
    "casbin",
    "Django's decorators",
    "django-stronghold",
)
_KEY = "b" * 32
_COMMANDS = {
    "gunicorn": "gunicorn benchmarks.soak.rates_site:wsgi() --worker-class=gthread --threads=4 --keep-alive=75"
    " --bind=127.0.0.1:{port}",
    "uvicorn": "uvicorn benchmarks.soak.rates_site:asgi --factory --no-access-log --timeout-keep-alive=75"
    " --port={port}",
}
_PAGES = {"gunicorn": "page", "uvicorn": "apage"}


class Size(NamedTuple):
    """How much to measure."""

    connections: tuple[int, ...] = (1, 4, 16)
    rounds: int = 7
    seconds: float = 0.6
    servers: tuple[str, ...] = ("gunicorn", "uvicorn")
    stacks: tuple[str, ...] = STACKS


def run(size: Size) -> Iterator[str]:
    """Measure, and yield the text of the report."""
    for server in size.servers:
        found = _measured(server, size)
        yield f"### {server}, one worker"
        header = ("site", *(f"{count} connections" if count > 1 else "1 connection" for count in size.connections))
        rows = [(stack, *(_cell(found[stack, count]) for count in size.connections)) for stack in size.stacks]
        yield table(header, rows)
        yield table(
            ("SessionKit in the same round, times as many requests as", *header[1:]),
            [
                (stack, *(_ratio(found["SessionKit", count], found[stack, count]) for count in size.connections))
                for stack in size.stacks
                if stack != "SessionKit"
            ],
        )
    yield (
        f"A cell is: requests per second, median (least to greatest) of {size.rounds} runs of {size.seconds} s; then"
        " the medians of p50 and p99 of the latency in ms. All sites run at the same time and take turns, so that other"
        " load hits all alike. The client is one Python process on asyncio streams with keep-alive. It shares the"
        " processors with the server, and limits the fastest rows."
    )


def _measured(server: str, size: Size) -> dict[tuple[str, int], list[dict[str, float]]]:
    found: dict[tuple[str, int], list[dict[str, float]]] = defaultdict(list)
    with ExitStack() as stack:
        ports = {name: stack.enter_context(_serving(server, name)) for name in size.stacks}
        load = stack.enter_context(_generator())
        for number in range(size.rounds + 1):
            for count in size.connections:
                # every other round in the opposite order, so that a drift is nobody's advantage
                for name in size.stacks[:: 1 if number % 2 else -1]:
                    where = "open" if name == "SessionKit, public page" else "team"
                    result = load(
                        port=ports[name],
                        path=f"/{where}/{_PAGES[server]}/",
                        cookie=_KEY,
                        connections=count,
                        seconds=size.seconds if number else min(0.2, size.seconds),  # the first round is a warm-up
                    )
                    if result["wrong"]:
                        raise Broken(f"{name} on {server}: {result['wrong'][0]}")
                    if number or size.rounds == 1:
                        found[name, count].append(result)
    return found


@contextmanager
def _serving(server: str, stack: str) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", *_COMMANDS[server].format(port=port).split()]
    env = {"SOAK_STACK": stack, "SOAK_ASYNC": "1" if server == "uvicorn" else "", "PYTHONPATH": str(ROOT)}
    with running(stack, command, ready=lambda: accepts(port), env=env, cwd=ROOT, seconds=60):
        yield port


@contextmanager
def _generator() -> Iterator[Callable[..., dict[str, Any]]]:
    command = [sys.executable, "-m", "benchmarks.soak.rates_load"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def load(**job: Any) -> dict[str, Any]:
            assert process.stdin is not None  # noqa: S101
            assert process.stdout is not None  # noqa: S101
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            return answer

        yield load


def _cell(runs: list[dict[str, float]]) -> str:
    p50, p99 = (median([one[part] for one in runs]) for part in ("p50", "p99"))
    return f"{spread([one['rate'] for one in runs])}; {p50:.1f} / {p99:.1f}"


def _ratio(ours: list[dict[str, float]], theirs: list[dict[str, float]]) -> str:
    return spread([one["rate"] / other["rate"] for one, other in zip(ours, theirs, strict=True)], 2)
