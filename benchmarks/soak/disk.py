"""Folders and a small file system, which can be full, for the faults."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from redis import Redis

_SIZE = "256k"


@contextmanager
def folder() -> Iterator[str]:
    """Yield a folder that exists until the block ends."""
    with tempfile.TemporaryDirectory(prefix="sessionkit-soak-") as name:
        yield name


@contextmanager
def small() -> Iterator[Path | None]:
    """Yield a folder on a file system of its own that is small; ``None`` where that is not allowed."""
    with folder() as name:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", name]
        if not shutil.which("mount") or subprocess.run(mount, check=False, capture_output=True).returncode:
            yield None
            return
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True)


@contextmanager
def filled(where: Path) -> Iterator[None]:
    """Fill the file system of a folder until the block ends."""
    filler = where / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            while file.write(b"\0" * 512):
                pass
    except OSError:
        pass
    try:
        yield
    finally:
        filler.unlink()


def snapshot(url: str) -> None:
    """Let Redis write a snapshot, and wait for it."""
    with Redis.from_url(url) as redis:
        before = redis.lastsave()
        sleep(1.1)  # the time of a snapshot is in whole seconds
        redis.bgsave()
        for _ in range(200):
            if redis.lastsave() != before:
                return
            sleep(0.05)
    raise RuntimeError("Redis has written no snapshot")
