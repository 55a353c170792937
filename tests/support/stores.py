"""Run a temporary Redis and a temporary PostgreSQL on the loopback interface."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from support import system_programs as programs
from support.server_processes import accepts, as_user, environment, free_port, running

# A test database that need not survive a crash is three to four times as fast.
HASTE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Redis:
    """A Redis that writes nothing to disk. After a restart it is empty, with the same address."""

    def __init__(self) -> None:
        self._port = free_port()
        self._running = contextlib.ExitStack()
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        where = ["--bind", "127.0.0.1", "--port", str(self._port)]
        command = [programs.redis_server(), *where, "--save", "", "--appendonly", "no"]
        self._running.enter_context(running("redis", command, ready=lambda: accepts(self._port)))

    def stop(self) -> None:
        self._running.close()


@contextlib.contextmanager
def redis() -> Iterator[Redis]:
    server = Redis()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Yield the URL of an empty PostgreSQL database in a new cluster."""
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="sessionkit-pg-"))
    try:
        if user:
            shutil.chown(folder, user)
        _create_cluster(folder / "data", user)
        with _cluster(folder, user) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _cluster(folder: Path, user: str | None) -> Iterator[str]:
    port = free_port()
    options = (*HASTE, "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}")
    command = [programs.postgres("postgres"), "-D", str(folder / "data"), "-p", str(port)]
    for option in options:
        command += ["-c", option]
    ready = [programs.postgres("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    with running(
        "postgres",
        command,
        ready=lambda: _succeeds([*ready, "-U", "tester", "-d", "postgres"]),
        cwd=folder,
        user=user,
        polite=signal.SIGINT,  # a fast shutdown; SIGTERM waits for clients that are still connected
    ):
        yield f"postgres://tester@127.0.0.1:{port}/postgres"


def _create_cluster(data: Path, user: str | None) -> None:
    command = [programs.postgres("initdb"), "-D", str(data), "-U", "tester", "-A", "trust"]
    subprocess.run(
        [*command, "-E", "UTF8", "--no-locale", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=data.parent,
        env=environment({}, home=data.parent),
        timeout=120,
        **as_user(user),
    )


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, check=False, timeout=60).returncode == 0


def _unprivileged() -> str | None:
    """The account for PostgreSQL, which does not run as root. Debian's package creates one."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
