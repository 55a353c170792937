"""The session context of a long-lived connection, and the request that opens it."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeAlias

from asgiref.sync import sync_to_async
from django.contrib.auth import aget_user, get_user
from django.core.handlers.asgi import ASGIRequest
from django.utils.functional import SimpleLazyObject

from django_sessionkit.policy.decisions import NOBODY, UNKNOWN_FOR_NOW, Decision
from django_sessionkit.session.context import LoadedSession, SessionContext
from django_sessionkit.session.loader import current_loader
from django_sessionkit.session.tenants import TenantAnswer

if TYPE_CHECKING:
    from django.http import HttpRequest

Scope: TypeAlias = MutableMapping[str, Any]


class ConnectionContext(SessionContext):
    """The session context of a connection. Tasks and threads started by the connection see the renewed session too.

    ``make`` creates the request when it is first needed, and may raise an exception.
    """

    __slots__ = ("_latest", "_scope", "_tenant", "make")

    def __init__(self, make: Callable[[Scope], HttpRequest], scope: Scope) -> None:
        super().__init__(current_loader(), None)
        self.make: Callable[[Scope], HttpRequest] = make
        self._scope = scope
        self._latest: HttpRequest | None = None
        self._tenant = TenantAnswer()

    @property
    def request(self) -> HttpRequest:
        """The latest request. Only this context refers to it."""
        if self._latest is None:
            self._latest = self.make(self._scope)
            self._tenant.put_on(self._latest)
        return self._latest

    def another(self, scope: Scope) -> ConnectionContext:
        """Return a new context of the same connection, with the same tenant. Nothing is loaded in it."""
        context = ConnectionContext(self.make, scope)
        context._tenant = self._tenant
        return context

    def adopt(self, other: ConnectionContext) -> None:
        """Adopt the request and the session of another context."""
        self._latest = other._latest
        self.loaded: LoadedSession | None = other.loaded

    def close_code(self, decision: Decision) -> int:
        """The close code for a denial."""
        if decision.reason == NOBODY:
            return 4403
        if decision.needs_step_up:
            return 4470
        loaded = self.current_value()
        if loaded is None or (loaded.fault is not None and loaded.fault.reason == UNKNOWN_FOR_NOW):
            return 1011
        return 4403 if loaded.session is not None or loaded.fault is not None else 4401


def _nothing(*args: object, **kwargs: object) -> None: ...


_CHANGES_NOTHING = {
    **dict.fromkeys(("save", "create", "delete"), _nothing),
    **dict.fromkeys(("asave", "acreate", "adelete"), sync_to_async(_nothing)),
}


def handshake(scope: Scope) -> HttpRequest:
    """Return the HTTP request that opens a connection.

    Changes to its session are not stored, because there is no response that could set a cookie.
    """
    scheme = scope.get("scheme", "ws").replace("ws", "http")
    request = ASGIRequest({"method": "GET", **scope, "scheme": scheme}, BytesIO())
    if "session" in scope:
        kept = scope["session"]
        request.session = kept.__class__(kept.session_key)  # the object in the scope does not see later changes
        vars(request.session).update(_CHANGES_NOTHING)
    if "user" in scope:
        user: Any = SimpleLazyObject(partial(get_user, request))
        request.user = user
        request.auser = partial(aget_user, request)
    return request
