"""Run one of the small sites of the tests, such as ``desk_site``, in its own process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.server_processes import free_port, running
from support.visitors import is_up

TESTS = Path(__file__).parents[1]


@contextmanager
def small_site(name: str, folder: Path, page: str, **env: str) -> Iterator[str]:
    """Return the URL of the site once its ``page`` is there. The database is in ``folder``."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env |= {
        "DJANGO_SETTINGS_MODULE": f"{name}.settings",
        "PYTHONPATH": str(TESTS),
        "SITE_DATABASE": str(folder / "site.sqlite3"),
    }
    options = ("--worker-class=gthread", "--threads=4", "--timeout=60", "--keep-alive=60")
    command = [sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{port}", *options, f"{name}.wsgi"]
    with running(name, command, ready=lambda: is_up(f"{url}{page}"), env=env):
        yield url
