"""Who opens a page of the manual."""

from __future__ import annotations

from typing import Any

from django.test import AsyncClient, Client

BROWSER = {"accept": "text/html"}
PROGRAM = {"accept": "application/json"}


def caller(headers: dict[str, str] | None = None, **session: Any) -> Client:
    """A browser, or whoever sends ``headers``; with fields of a session, signed in."""
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
    """What a browser is answered."""
    return caller(**session).generic(method, path).status_code
