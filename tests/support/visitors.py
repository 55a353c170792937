"""Clients for the example site, each with its own cookies."""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx

NAMES = {
    "reader": "Robin Reader",
    "editor": "Edda Editor",
    "admin": "Ada Admin",
    "suspended": "Sam Suspended",
}
LOGIN = "/account/login/"
PAGE = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
API = {"Accept": "application/json"}
SESSION_COOKIE = "sessionid"
#: It trusts nobody, because all servers of the tests speak plain HTTP. Without it, httpx loads the certificates of all
#: authorities for each client, which takes ten times as long as a request.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def password(name: str) -> str:
    return f"demo-pass-for-{name}"


def visitor(url: str, session_key: str = "") -> httpx.Client:
    """Return a client without scripts. It does not follow redirects, so that tests see each response."""
    client = httpx.Client(base_url=url, headers=PAGE, timeout=30, trust_env=False, verify=NO_TLS)
    if session_key:
        client.cookies.set(SESSION_COOKIE, session_key, domain="127.0.0.1")
    return client


def ask(url: str, *, timeout: float = 30, **options: Any) -> httpx.Response:
    """Send a ``GET`` over a connection of its own."""
    return httpx.get(url, timeout=timeout, trust_env=False, verify=NO_TLS, **options)


def is_up(url: str) -> bool:
    """Return whether there is a server, and the page too."""
    try:
        return ask(url, timeout=5).is_success
    except httpx.TransportError:
        return False


@contextlib.contextmanager
def signed_in(url: str, name: str) -> Iterator[httpx.Client]:
    """Return a client that is logged in; with an empty name, one that is not."""
    with visitor(url) as client:
        if name:
            answer = sign_in(client, name)
            assert answer.status_code == 302, answer.text
        yield client


def sign_in(client: httpx.Client, name: str, secret: str | None = None, then: str = "") -> httpx.Response:
    """Open the login page, fill in the form, and send it."""
    address = f"{LOGIN}?{urlencode({'next': then})}" if then else LOGIN
    form = {"username": name, "password": secret or password(name), "next": then}
    return send(client, address, form)


def send(client: httpx.Client, page: str, form: dict[str, str], to: str = "") -> httpx.Response:
    found = _TOKEN.search(client.get(page).text)
    assert found is not None, f"no form on {page}"
    return client.post(to or page, data={**form, "csrfmiddlewaretoken": found.group(1)})
