"""Run a temporary Redis and a temporary PostgreSQL on the loopback interface."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from support import system_programs as programs
from support.server_processes import Server, as_user, children, environment, free_port, running

# A test database that need not survive a crash is three to four times as fast.
HASTE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Redis:
    """A Redis on the loopback interface, which keeps its address after a restart.

    By default it writes nothing to disk, so it is empty after a restart. ``options`` are those of its command line.
    """

    def __init__(self, *options: str) -> None:
        self._port = free_port()
        self._options = options or ("--save", "", "--appendonly", "no")
        self._running = contextlib.ExitStack()
        self._server: Server | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        where = ["--bind", "127.0.0.1", "--port", str(self._port)]
        command = [programs.redis_server(), *where, *self._options]
        self._server = self._running.enter_context(running("redis", command, ready=self._is_ready))

    def _is_ready(self) -> bool:
        """Return ``True`` if Redis has loaded its data."""
        return _answer(self._port, b"PING\r\n") == b"+PONG\r\n"

    def stop(self) -> None:
        self._running.close()

    def kill(self) -> None:
        """Kill it, so that it cannot write to disk."""
        assert self._server is not None
        self._server.process.kill()
        self.stop()


@contextlib.contextmanager
def redis(*options: str) -> Iterator[Redis]:
    server = Redis(*options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Postgres:
    """An empty database in a new cluster, which keeps its address and its rows after a restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._user = _unprivileged()
        self._running = contextlib.ExitStack()
        self._server: Server | None = None
        self.port = free_port()
        self.url = f"postgres://tester@127.0.0.1:{self.port}/postgres"
        if self._user:
            shutil.chown(folder, self._user)
        _create_cluster(folder / "data", self._user)

    def start(self, *settings: str) -> None:
        options = (*HASTE, "listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}", *settings)
        command = [programs.postgres("postgres"), "-D", str(self._folder / "data"), "-p", str(self.port)]
        for option in options:
            command += ["-c", option]
        ready = [programs.postgres("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        server = running(
            "postgres",
            command,
            ready=lambda: _succeeds([*ready, "-U", "tester", "-d", "postgres"]),
            cwd=self._folder,
            user=self._user,
            polite=signal.SIGINT,  # a fast shutdown; SIGTERM waits for clients that are still connected
        )
        self._server = self._running.enter_context(server)

    def stop(self) -> None:
        self._running.close()

    def kill(self) -> None:
        """Kill it with its child processes, each of which has a process group of its own."""
        assert self._server is not None
        first = self._server.process.pid
        for pid in (first, *children(first)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.stop()


@contextlib.contextmanager
def postgres_server(*settings: str) -> Iterator[Postgres]:
    """Yield a running PostgreSQL. ``settings`` are such as ``"synchronous_commit=on"``."""
    folder = Path(tempfile.mkdtemp(prefix="sessionkit-pg-"))
    try:
        server = Postgres(folder)
        try:
            server.start(*settings)
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Yield the URL of an empty PostgreSQL database in a new cluster."""
    with postgres_server() as server:
        yield server.url


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


def _answer(port: int, question: bytes) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(question)
            return connection.recv(100)
    except OSError:
        return b""


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, check=False, timeout=60).returncode == 0


def _unprivileged() -> str | None:
    """The account for PostgreSQL, which does not run as root. Debian's package creates one."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
