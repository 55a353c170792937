"""Run the hostile project on real servers, and send requests to it byte for byte."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from support.server_processes import accepts, free_port, running

import django_sessionkit

from .spellings import Wire

TESTS = Path(__file__).parents[2]
_PAGE = re.compile(rb"^x-page: *(\w+)", re.IGNORECASE | re.MULTILINE)
_COOKIE = re.compile(rb"^set-cookie: *(sessionid=[^;]+)", re.IGNORECASE | re.MULTILINE)

_UVICORN = ["uvicorn", "--host=127.0.0.1", "--port={port}", "attacked_site.asgi:application"]
SERVERS: Mapping[str, list[str]] = {
    "gunicorn": ["gunicorn", "--worker-class=gthread", "--threads=4", "--bind=127.0.0.1:{port}", "attacked_site.wsgi"],
    "uvicorn-h11": [*_UVICORN, "--http=h11"],
    # Its second request parser is an extra; it is tested if it is installed.
    **({"uvicorn-httptools": [*_UVICORN, "--http=httptools"]} if find_spec("httptools") else {}),
    "hypercorn": ["hypercorn", "--bind=127.0.0.1:{port}", "attacked_site.asgi:application"],
}


@contextlib.contextmanager
def serving(server: str) -> Iterator[int]:
    """Run one server, and yield its port."""
    port = free_port()
    module, *options = (one.format(port=port) for one in SERVERS[server])
    package = Path(django_sessionkit.__file__).parents[1]
    env = {
        "DJANGO_SETTINGS_MODULE": "attacked_site.settings",
        "PYTHONPATH": os.pathsep.join(map(str, (TESTS, package))),
    }
    command = [sys.executable, "-m", module, *options]
    with running(server, command, ready=lambda: accepts(port), env=env, cwd=TESTS):
        yield port


def exchange(port: int, request: bytes) -> bytes:
    """Send these bytes, and return everything that the server sends before it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while data := connection.recv(65536):
                received += data
    return received


def request_of(line: bytes, *headers: bytes, cookie: bytes = b"", host: bytes = b"127.0.0.1") -> bytes:
    """Return a request with this request line (given without the version) that closes the connection."""
    lines = [line + b" HTTP/1.1", b"Host: " + host, b"Accept: text/html", b"Connection: close", *headers]
    if cookie:
        lines.append(b"Cookie: " + cookie)
    return b"\r\n".join([*lines, b"", b""])


def wire_request(wire: Wire, cookie: bytes = b"") -> bytes:
    """Return the bytes of a request, with the mount prefix as part of the target."""
    headers = [f"{name}: {value}".encode() for name, value in wire.headers]
    if wire.site:
        headers.append(f"X-Site: {wire.site}".encode())
    if wire.method in ("POST", "PUT", "PATCH"):
        headers.append(b"Content-Length: 0")
    return request_of(f"{wire.method} {wire.target}".encode(), *headers, cookie=cookie)


def page_of(port: int, request: bytes) -> str | None:
    """Return the kind of page in a response, or ``None`` for any other response."""
    found = _PAGE.search(exchange(port, request).partition(b"\r\n\r\n")[0])
    return found[1].decode() if found else None


def cookie_of(port: int, role: str) -> bytes:
    found = _COOKIE.search(exchange(port, request_of(f"GET /become/{role}/".encode())))
    assert found is not None, role
    return found[1]
