"""What lasts longer than a request: a connection, the request by which it began, and its session."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeAlias

from asgiref.sync import sync_to_async
from django.contrib.auth import aget_user, get_user
from django.core.handlers.asgi import ASGIRequest
from django.utils.functional import SimpleLazyObject

from .context import Slot
from .decisions import NOBODY, UNKNOWN_FOR_NOW, Decision
from .origin import current_origin

if TYPE_CHECKING:
    from django.http import HttpRequest

Scope: TypeAlias = MutableMapping[str, Any]


class ConnectionSlot(Slot):
    """One for a connection that lasts: the tasks and threads that it has started see the renewed session too.

    Its request is made on first need by ``make``, which may raise.
    """

    __slots__ = ("_latest", "_scope", "make")

    def __init__(self, make: Callable[[Scope], HttpRequest], scope: Scope) -> None:
        super().__init__(current_origin(), None)
        self.make, self._scope = make, scope
        self._latest: HttpRequest | None = None

    @property
    def request(self) -> HttpRequest:
        """The latest request; nobody else holds it."""
        if self._latest is None:
            self._latest = self.make(self._scope)
        return self._latest

    def become(self, other: ConnectionSlot) -> None:
        """Take over what another one has loaded, at once."""
        self._latest, self.loaded = other._latest, other.loaded


def close_code(slot: ConnectionSlot, decision: Decision) -> int:
    """The close code for a caller who is not let in, or not let go on."""
    if decision.reason == NOBODY:
        return 4403
    loaded = slot.current()
    if loaded is None or (loaded.fault is not None and loaded.fault.reason == UNKNOWN_FOR_NOW):
        return 1011
    return 4403 if loaded.session is not None or loaded.fault is not None else 4401


def _nothing(*args: object, **kwargs: object) -> None: ...


_CHANGES_NOTHING = {
    **dict.fromkeys(("save", "create", "delete"), _nothing),
    **dict.fromkeys(("asave", "acreate", "adelete"), sync_to_async(_nothing)),
}


def handshake(scope: Scope) -> HttpRequest:
    """The HTTP request by which a connection begins. What is done with its session changes nothing in the store: there
    is no response that could tell the client.
    """
    scheme = scope.get("scheme", "ws").replace("ws", "http")
    request = ASGIRequest({"method": "GET", **scope, "scheme": scheme}, BytesIO())
    if "session" in scope:
        kept = scope["session"]
        request.session = kept.__class__(kept.session_key)  # the copy of connect time knows no later change
        vars(request.session).update(_CHANGES_NOTHING)
    if "user" in scope:
        request.user = SimpleLazyObject(partial(get_user, request))  # type: ignore[assignment]
        request.auser = partial(aget_user, request)
    return request
