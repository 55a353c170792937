"""Make requests for the comparison, in a process of its own: plain sockets with keep-alive on one event loop.

Each line of the standard input is a JSON job. The answer is one JSON line: requests per second, p50 and p99 in ms.
"""

from __future__ import annotations

import asyncio
import json
import sys
from statistics import quantiles
from time import perf_counter
from typing import Any

from .wire import Connection


async def load(port: int, path: str, cookie: str, connections: int, seconds: float) -> dict[str, Any]:
    """Make as many requests as possible, one after the other on each connection."""
    times: list[float] = []
    wrong: list[str] = []
    start = perf_counter()

    async def ask() -> None:
        connection = Connection(port)
        while (began := perf_counter()) < start + seconds and not wrong:
            answer = await connection.ask(path, cookie)
            times.append(perf_counter() - began)
            if (answer.status, answer.body) != (200, b"page"):
                wrong.append(f"{path}: {answer.status} {answer.body[:60]!r}")
        connection.close()

    await asyncio.gather(*(ask() for _ in range(connections)))
    took = perf_counter() - start
    parts = quantiles(times, n=100) if len(times) > 1 else times * 99
    return {"rate": len(times) / took, "p50": 1000 * parts[49], "p99": 1000 * parts[98], "wrong": wrong}


def main() -> None:
    """Answer each job."""
    for line in sys.stdin:
        print(json.dumps(asyncio.run(load(**json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
