"""Run a server for tests: start it, wait until it answers, keep its output, and stop it."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNNING: list[Server] = []
KEPT_FROM_OUTSIDE = ("LANG", "LC_ALL", "PATH", "TMPDIR")


class ServerFailed(AssertionError):
    """A server stopped, or did not answer in time. The message has its output."""


@dataclass
class Server:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def failed(self, why: str) -> ServerFailed:
        return ServerFailed(f"{self.name} {why}\n{self.output()[-6000:]}")

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None:
                raise self.failed(f"stopped with code {self.process.returncode}")
            if time.monotonic() > end:
                raise self.failed(f"did not answer within {seconds} s")
            time.sleep(0.05)

    def stop(self, polite: signal.Signals, seconds: float = 10) -> None:
        """Stop the server, then kill the processes that are left in its process group."""
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            self.process.send_signal(polite)
            self.process.wait(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(seconds)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def children(pid: int) -> list[int]:
    """Return the child processes of a process. Linux only."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def environment(extra: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return the environment for a server: only a few variables, so that settings of this test run do not leak in.

    Its home is a temporary folder, so that it does not write to a user's home or read files of another server.
    """
    kept = {name: os.environ[name] for name in KEPT_FROM_OUTSIDE if name in os.environ}
    return {**kept, "HOME": str(home), "PYTHONUNBUFFERED": "1", **extra}


def as_user(name: str | None) -> dict[str, Any]:
    """Return the arguments of `subprocess` that drop the rights of root."""
    if name is None:
        return {}
    account = pwd.getpwnam(name)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def running(
    name: str,
    command: Sequence[str],
    *,
    ready: Callable[[], bool],
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
    polite: signal.Signals = signal.SIGTERM,
    seconds: float = 30,
) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="sessionkit-") as folder:
        server = _start(name, command, Path(folder) / "log", env or {}, cwd, user)
        RUNNING.append(server)
        try:
            server.wait_until(ready, seconds)
            yield server
        finally:
            server.stop(polite)
            RUNNING.remove(server)


def _start(
    name: str,
    command: Sequence[str],
    log: Path,
    env: Mapping[str, str],
    cwd: Path | None,
    user: str | None,
) -> Server:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd or log.parent,
            env=environment(env, home=log.parent),
            start_new_session=True,
            **as_user(user),
        )
    return Server(name, process, log)
