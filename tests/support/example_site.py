"""Run the example site in its own processes, for tests that reach it over HTTP only."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from support.server_processes import Server, environment, free_port, running
from support.visitors import is_up

TESTS = Path(__file__).parents[1]
EXAMPLE = TESTS.parent / "example_project"
GUNICORN_LOG_FORMAT = "worker=%(p)s %(r)s %(s)s"


@dataclass(frozen=True)
class Site:
    url: str
    server: Server
    env: Mapping[str, str]


Serve = Callable[[Mapping[str, str]], AbstractContextManager[Site]]


def settings(database_url: str, **more: str) -> dict[str, str]:
    """Return production settings without TLS, because the tests use no proxy, and with quick passwords."""
    return {
        "DATABASE_URL": database_url,
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
        "DJANGO_HTTPS": "0",
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
        "DJANGO_SETTINGS_MODULE": "support.site_settings",
        "PYTHONPATH": str(TESTS),
        "PYTHONDEVMODE": "1",
        "PYTHONMALLOC": "pymalloc",  # the checks of Python's development mode, but not those for C code
        **more,
    }


def sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'site.sqlite3'}"


def manage(*arguments: str, env: Mapping[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=EXAMPLE,
        env=environment(env, home=EXAMPLE),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def fill(env: Mapping[str, str]) -> None:
    """Create tables, accounts and articles. The passwords are public, so the command requires ``DEBUG``."""
    manage("demo", "--no-serve", env={**env, "DJANGO_DEBUG": "1"})


def gunicorn_command(port: int, workers: int = 2) -> list[str]:
    # On a busy machine a connection idles for longer than the two seconds after which gunicorn closes it.
    options = ("--worker-class=gthread", f"--workers={workers}", "--threads=4", "--timeout=60", "--keep-alive=60")
    log = ("--access-logfile=-", f"--access-logformat={GUNICORN_LOG_FORMAT}")
    bind = f"--bind=127.0.0.1:{port}"
    return [sys.executable, "-m", "gunicorn", bind, *options, *log, "newsroom.wsgi:application"]


def uvicorn_command(port: int) -> list[str]:
    command = [sys.executable, "-m", "uvicorn", "--host=127.0.0.1", f"--port={port}"]
    return [*command, "--no-access-log", "newsroom.asgi:application"]


@contextlib.contextmanager
def gunicorn(env: Mapping[str, str], workers: int = 2) -> Iterator[Site]:
    port = free_port()
    with _serve("gunicorn", gunicorn_command(port, workers), port, env) as site:
        yield site


@contextlib.contextmanager
def uvicorn(env: Mapping[str, str]) -> Iterator[Site]:
    port = free_port()
    with _serve("uvicorn", uvicorn_command(port), port, env) as site:
        yield site


@contextlib.contextmanager
def demo(env: Mapping[str, str]) -> Iterator[Site]:
    """Run the demo of the README on a free port."""
    port = free_port()
    command = [sys.executable, "manage.py", "demo", f"--port={port}"]
    with _serve("demo", command, port, env) as site:
        yield site


@contextlib.contextmanager
def _serve(name: str, command: list[str], port: int, env: Mapping[str, str]) -> Iterator[Site]:
    url = f"http://127.0.0.1:{port}"
    with running(name, command, ready=lambda: is_up(f"{url}/api/health/"), env=env, cwd=EXAMPLE) as server:
        yield Site(url, server, env)
