"""Requests per second of a real server: one process of gunicorn or uvicorn, with a few connections."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any

from . import site

site.configure()

from django.contrib.auth.models import User  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402

from .report import Fact, Scale, WrongAnswer  # noqa: E402

_STACKS = {
    "bare": [site.SESSION],
    "SessionKit": [site.SESSION, site.SESSIONKIT],
    "Django's login": [site.SESSION, site.AUTHENTICATION, site.LOGIN_REQUIRED],
}
_SERVERS = {
    "gunicorn": (
        "page/",
        ["gunicorn", "benchmarks.serving:wsgi()", "--worker-class=gthread", "--bind=127.0.0.1:{port}"],
    ),
    "uvicorn": ("apage/", ["uvicorn", "benchmarks.serving:asgi", "--factory", "--no-access-log", "--port={port}"]),
}
# The stacks for each page. The public page is not requested from a stack that protects all pages.
_ASKED = {"public": ("bare", "SessionKit"), "team": ("SessionKit", "Django's login"), "reading": ("bare",)}
_CONNECTIONS = 4
_ENDS = (b"\r\n\r\npage", b"page\r\n0\r\n\r\n")  # with a length, and in chunks


def rows(scale: Scale) -> Iterator[Fact]:
    """Yield one row for each server."""
    for name in _SERVERS:
        yield Fact(
            f"{name}, one process: requests per second, {_CONNECTIONS} connections",
            "–",
            "–",
            partial(_found, name, scale),
        )


def _found(name: str, scale: Scale) -> tuple[str, None]:
    """All stacks run at the same time. They get requests in turns."""
    suffix, command = _SERVERS[name]
    with ExitStack() as stack:
        ports = {one: stack.enter_context(_serving(command, one)) for one in _STACKS}
        pages = [(f"/{page}/{suffix}", one) for page, stacks in _ASKED.items() for one in stacks]
        counts: dict[tuple[str, str], list[float]] = {one: [] for one in pages}
        for _ in range(scale.rounds):
            for page, one in pages:
                counts[page, one].append(_load(ports[one], page, scale.seconds))
    return "; ".join(f"{page} {one}: {_spread(found)}" for (page, one), found in counts.items()), None


def _spread(found: Sequence[float]) -> str:
    return f"{median(found):,.0f} ({min(found):,.0f} to {max(found):,.0f})"


@contextmanager
def _serving(command: Sequence[str], stack: str) -> Iterator[int]:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    program, *arguments = (part.format(port=port) for part in command)
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", program, *arguments],
        env={**os.environ, "BENCHMARKED_STACK": stack},
        cwd=Path(__file__).parents[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_port(port, server)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def _await_port(port: int, server: subprocess.Popen[bytes]) -> None:
    end = monotonic() + 30
    while monotonic() < end and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        sleep(0.05)
    raise RuntimeError("a server did not start")


def _load(port: int, page: str, seconds: float) -> float:
    """Responses per second, over all connections. Each response must be the page."""
    headers = f"Host: example.org\r\nCookie: sessionid={site.KEY}\r\nAccept: text/html"
    request = f"GET {page} HTTP/1.1\r\n{headers}\r\n\r\n".encode()
    answers, wrong = [0] * _CONNECTIONS, []
    end = monotonic() + seconds

    def ask(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            while monotonic() < end:
                connection.sendall(request)
                answer = b""
                while not answer.endswith(_ENDS):
                    received = connection.recv(65536)
                    answer += received
                    if not received or (b"\r\n\r\n" in answer and not answer.startswith(b"HTTP/1.1 200")):
                        wrong.append(answer[:60])
                        return
                answers[number] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(_CONNECTIONS)]
    start = monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise WrongAnswer(f"{page}: {wrong[0]!r}")
    return sum(answers) / (monotonic() - start)


# --- what runs in the servers ---


def _prepare() -> None:
    site.settings.MIDDLEWARE = _STACKS[os.environ["BENCHMARKED_STACK"]]
    site.settings.SESSIONKIT_PROTECT = site.rules(10)
    user, _ = User.objects.get_or_create(username="reader")
    site.store_login(user)


def wsgi() -> Any:
    """Return the site for gunicorn."""
    _prepare()
    return get_wsgi_application()


def asgi() -> Any:
    """Return the site for uvicorn, which calls this on its event loop."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(_prepare).result()
    return get_asgi_application()
