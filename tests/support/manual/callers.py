"""Test clients for the pages of the manual."""

from __future__ import annotations

from typing import Any

from django.test import AsyncClient, Client

BROWSER = {"accept": "text/html"}
PROGRAM = {"accept": "application/json"}


def caller(headers: dict[str, str] | None = None, **session: Any) -> Client:
    """Return a client: a browser, or a caller with ``headers``. With fields of a session it is logged in."""
    client = Client(headers=headers or BROWSER)
    _sign_in(client, session)
    return client


def async_caller(**session: Any) -> AsyncClient:
    client = AsyncClient()  # headers given here would not be sent
    _sign_in(client, session)
    return client


def _sign_in(client: Client | AsyncClient, session: dict[str, Any]) -> None:
    if session:
        store = client.session
        store["__session__"] = {"user_id": "7", **session}
        store.save()


def status(path: str, method: str = "GET", **session: Any) -> int:
    """Return the status code that a browser gets."""
    return caller(**session).generic(method, path).status_code
