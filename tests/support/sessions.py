"""Log a test client in, as an auth layer does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.test import AsyncClient, Client

from .payload_canaries import CANARY

C = TypeVar("C", Client, AsyncClient)

HTML = {"accept": "text/html"}
JSON = {"accept": "application/json"}

_SECRET = {"email": f"{CANARY}@example.org", "secret": CANARY}
READER = {"user_id": "1", "role": "reader", "permissions": ["posts:read"], **_SECRET}
EDITOR = {"user_id": "2", "role": "editor", "roles": ["staff"], "permissions": ["posts:read", "posts:write"], **_SECRET}
ADMIN = {"user_id": "3", "role": "admin", "permissions": ["posts:read", "posts:write", "users:manage"], **_SECRET}


def sign_in(client: C, data: Mapping[str, Any] = READER) -> C:
    """Store the dict where the default source reads it."""
    session = client.session
    session["__session__"] = dict(data)
    session.save()
    return client


def untimed(data: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a stored dict without the time of the login, which ``set_session`` adds."""
    assert data is not None
    assert isinstance(data["auth_time"], int)
    return {key: value for key, value in data.items() if key != "auth_time"}


def browser(data: Mapping[str, Any] | None = None) -> Client:
    """Return a client that sends ``Accept: text/html``. Without it, a client counts as an API caller."""
    client = Client(headers=HTML)
    return sign_in(client, data) if data is not None else client


class AsyncBrowser(AsyncClient):
    """An ``AsyncClient`` that keeps its headers. Django's own loses them."""

    def generic(self, *args: Any, headers: Mapping[str, str] | None = None, **kwargs: Any) -> Any:
        return super().generic(*args, headers={**HTML, **(headers or {})}, **kwargs)


def abrowser(data: Mapping[str, Any] | None = None) -> AsyncClient:
    """The same as :func:`browser`, with the ASGI handler."""
    client = AsyncBrowser()
    return sign_in(client, data) if data is not None else client
