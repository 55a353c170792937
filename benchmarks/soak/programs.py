"""Start Redis, PostgreSQL and the servers of the site, on the loopback interface and for a limited time.

The way to start programs is that of the integration tests (``tests/support``).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests"))

from support import stores  # noqa: E402
from support.server_processes import Server, accepts, children, environment, free_port, running  # noqa: E402

Redis = stores.Redis
Postgres = stores.Postgres

_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
_SETUP = """
from benchmarks.soak import applications, rights
from django.core.management import call_command
import sys
call_command("migrate", verbosity=0)
rights.create([f"user{number}" for number in range(int(sys.argv[1]))])
"""

COMMANDS = {
    "gunicorn": (
        "gunicorn benchmarks.soak.applications:wsgi --worker-class=gthread --workers={workers} --threads=4"
        " --bind=127.0.0.1:{port} --keep-alive=75 --timeout=60"
    ),
    "uvicorn": (
        "uvicorn benchmarks.soak.applications:asgi --host=127.0.0.1 --port={port} --workers={workers}"
        " --no-access-log --timeout-keep-alive=75 --ws=wsproto"
    ),
    "daphne": "daphne -b 127.0.0.1 -p {port} -v 0 benchmarks.soak.applications:asgi",
}


@dataclass(frozen=True)
class Web:
    """A running server of the site. ``kind`` is the folder of its own kind of views: ``s`` or ``a``."""

    name: str
    port: int
    server: Server
    interval: float

    @property
    def kind(self) -> str:
        """The folder of the views that fit this server."""
        return "s" if self.name == "gunicorn" else "a"

    @property
    def pid(self) -> int:
        """The first process of the server."""
        return self.server.process.pid

    def workers(self) -> list[int]:
        """Return the processes that answer requests, the oldest first."""
        found = [pid for pid in children(self.pid) if b"resource_tracker" not in _command_of(pid)]
        return found or [self.pid]

    def memory_kb(self) -> int:
        """Return the resident memory of all workers."""
        return sum(_resident_kb(pid) for pid in self.workers())


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _resident_kb(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_KB
    except OSError:  # it has just ended
        return 0


@contextmanager
def stores_for(users: int, *redis_options: str) -> Iterator[tuple[Redis, Postgres]]:
    """Yield a Redis and a PostgreSQL with that many users."""
    # A commit must survive the death of PostgreSQL, though not that of the machine.
    with stores.redis(*redis_options) as redis, stores.postgres_server("synchronous_commit=on") as postgres:
        env = settings(redis, postgres)
        with tempfile.TemporaryDirectory() as home:
            subprocess.run(
                [sys.executable, "-c", _SETUP, str(users)], cwd=ROOT, env=environment(env, Path(home)), check=True
            )
        yield redis, postgres


def settings(redis: Redis, postgres: Postgres, engine: str = "cached_db", **more: str) -> dict[str, str]:
    """Return the environment of a server of the site."""
    return {
        "SOAK_POSTGRES": str(postgres.port),
        "SOAK_REDIS": redis.url,
        "SOAK_ENGINE": engine,
        "PYTHONPATH": str(ROOT),
        **more,
    }


@contextmanager
def web(
    name: str, env: Mapping[str, str], workers: int = 1, interval: float = 0, port: int | None = None
) -> Iterator[Web]:
    """Run the site on one of the servers in ``COMMANDS``."""
    port = port or free_port()
    command = [sys.executable, "-m", *COMMANDS[name].format(port=port, workers=workers).split()]
    env = {**env, "SOAK_INTERVAL": str(interval)}
    if name == "gunicorn":
        env["SOAK_CONNECTIONS"] = "thread"
    with running(name, command, ready=lambda: accepts(port), env=env, cwd=ROOT, seconds=60) as server:
        yield Web(name, port, server, interval)
