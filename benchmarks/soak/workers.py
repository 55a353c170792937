"""The faults of the processes of the site: a worker and a whole server are killed."""

from __future__ import annotations

import os
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from time import sleep
from typing import NamedTuple

from .browser import BROKEN, Visitor, everybody_is_back, logged_in, must, seconds_until
from .programs import Web, free_port, settings, stores_for, web

_NAMES = ("user0", "user1", "user2", "user3")


class Row(NamedTuple):
    """A fault and its outcome. ``seconds``: from the restart until every session that still counts is answered."""

    fault: str
    during: str
    after: str
    seconds: float | None

    def recovered(self) -> str:
        """Return the seconds for the table."""
        return "–" if self.seconds is None else f"{self.seconds:.1f}"


def kill_worker(server: str) -> Row:
    """Kill one of two workers while users make requests."""
    with stores_for(5) as (redis, postgres), web(server, settings(redis, postgres), workers=2) as site:
        visitors, stop = logged_in(_NAMES, site), Event()
        pids: set[int | None] = set()
        seconds_until("both workers answer", lambda: len(_seen(site, pids) - {None}) == 2)

        def visit(one: Visitor) -> Counter[str]:
            seen: Counter[str] = Counter()
            while not stop.is_set():
                seen[str(one.ask("page/"))] += 1
            return seen

        with ThreadPoolExecutor(len(visitors)) as pool:
            try:
                visits = [pool.submit(visit, one) for one in visitors]
                sleep(0.5)
                os.kill(max(filter(None, pids)), signal.SIGKILL)
                seconds = seconds_until("a new worker answers", lambda: len(_seen(site, pids) - {None}) == 3)
            finally:
                stop.set()
            seen = sum((one.result() for one in visits), Counter[str]())
        must("statuses", set(seen) - {"200", BROKEN}, set())
        must("every session counts", everybody_is_back(visitors), True)
        return Row(
            "`kill -9` of one of two workers, under load",
            f"{seen['200']:,} requests: 200; {seen[BROKEN]} requests: no answer",
            "every session counts",
            seconds,
        )


def _seen(site: Web, pids: set[int | None]) -> set[int | None]:
    """Add the process that answers a request to ``pids``."""
    pids.add(Visitor("nobody", site).ask("/s/public/worker/").pid)
    return pids


def kill_server(server: str) -> Row:
    """Kill all processes of the server, and start it again."""
    port = free_port()
    with stores_for(5) as (redis, postgres):
        env = settings(redis, postgres)
        with web(server, env, port=port) as site:
            visitors = logged_in(_NAMES, site)
            for pid in (site.pid, *site.workers()):
                os.kill(pid, signal.SIGKILL)
            seconds_until("the server is gone", lambda: str(visitors[0].ask("page/")) == BROKEN)

        def start(stack: ExitStack) -> bool:
            stack.enter_context(web(server, env, port=port))
            return everybody_is_back(visitors)

        with ExitStack() as stack:
            seconds = seconds_until("every session counts", lambda: start(stack))
        return Row("`kill -9` of the whole server, then started again", "no answer", "every session counts", seconds)
