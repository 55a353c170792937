"""Channels: the session in a WebSocket consumer, and access checks before and while the connection is open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from asgiref.sync import sync_to_async
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from channels.sessions import SessionMiddlewareStack
from django.db import close_old_connections

from django_sessionkit import conf
from django_sessionkit.exceptions import AccessDenied, InvalidPolicy, NotAuthenticated
from django_sessionkit.guard import audit as guard_audit
from django_sessionkit.guard.evaluator import as_requirement, decide
from django_sessionkit.guard.objects import refuse_without_object
from django_sessionkit.guard.raised_denials import decision_of
from django_sessionkit.policy.decisions import FAILED, Decision
from django_sessionkit.requirements import Requirement
from django_sessionkit.session import audit
from django_sessionkit.session.context import activate, current_context
from django_sessionkit.session.loader import current_loader
from django_sessionkit.sources import DjangoSessionSource
from django_sessionkit.utils.sansio import arun

from .connection import ConnectionContext, handshake

if TYPE_CHECKING:
    from django.http import HttpRequest

Message: TypeAlias = MutableMapping[str, Any]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[..., Awaitable[Any]]

_ATTRIBUTES = {"requirement", "recheck_every", "accept_before_closing"}
_TICK: Message = {"type": "sessionkit.tick"}


class SessionKitChannelsMiddleware:
    """Attach the session to a connection. Place it inside ``SessionMiddleware`` or ``AuthMiddlewareStack`` of Channels.

    The constructor reads the settings, so a server with an invalid policy does not start.
    """

    def __init__(self, inner: App) -> None:
        conf.current()
        self.inner = inner

    async def __call__(self, scope: Message, receive: App, send: Send) -> Any:
        """Make the context of the connection the current session context until the connection ends."""
        if isinstance(current_loader().source, DjangoSessionSource) and "session" not in scope:
            raise InvalidPolicy(type(self).__name__, "there is no session store", "use SessionKitMiddlewareStack")
        context = ConnectionContext(self.request_for, scope)
        with activate(context):
            return await self.inner({**scope, "sessionkit": context}, receive, send)

    def request_for(self, scope: Message) -> HttpRequest:
        """Return the HTTP request that opens a WebSocket, for ``SESSIONKIT_SOURCE`` and predicates. A new one is made
        for each load of the session. Changes to its ``session`` are not stored, because no cookie can be sent to the
        browser. Override it to add what your custom source needs.
        """
        return handshake(scope)


def SessionKitMiddlewareStack(inner: App) -> Any:
    """Wrap ``inner`` in the middleware for cookies and Django's session and :class:`SessionKitChannelsMiddleware`."""
    return SessionMiddlewareStack(SessionKitChannelsMiddleware(inner))


class RequireConsumerMixin(AsyncConsumer):
    """Check access before a WebSocket is opened, and while it is open. For async and sync consumers.

    If the handshake is denied, no code of the consumer runs. If a later check denies, its ``disconnect()`` runs. The
    close code is 4401 without a session, 4403 without the right or with a login that gives no valid session, 4470 if
    the login is too old or lacks a factor (RFC 9470), and 1011 if the session could not be loaded.
    ``enforce()`` and ``require_session()`` in the consumer close the connection in the same way.
    """

    #: the requirement for the connection
    requirement: Requirement | None = None
    #: seconds until the session is loaded and checked again: by a timer, before a message is handled, and before one
    #: is sent. ``None``: the first decision holds until the connection ends
    recheck_every: float | None = 60
    #: accept the connection before closing it, so that a browser sees the close code. Otherwise the handshake fails
    accept_before_closing: bool = False

    @classmethod
    def as_asgi(cls, **initkwargs: Any) -> Any:
        """Validate the attributes of the class when the router is built.

        Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` for a missing or invalid attribute.
        """
        for name in _ATTRIBUTES & initkwargs.keys():  # Channels would ignore it
            raise InvalidPolicy(f"{cls.__name__}.as_asgi", f'does not take "{name}"', "set it on the class")
        _check(cls)
        return super().as_asgi(**initkwargs)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection, with the checks around its messages."""
        guard = _ConnectionGuard(self, scope, receive, send)
        consumer: Any = super()
        # On the instance, so that the order of the base classes does not matter.
        self.dispatch: Any = partial(guard.dispatch, self.dispatch)
        try:
            await consumer.__call__(scope, guard.receive, guard.send)
        finally:
            await guard.stop()


def _check(consumer: Any) -> Requirement:
    name, every = consumer.__name__, consumer.recheck_every
    requirement, hint = as_requirement(consumer.requirement, f"{name}.requirement"), "call aenforce() with obj=..."
    refuse_without_object(requirement, f"{name}.requirement", "a connection", hint)
    if every is not None and (isinstance(every, bool) or not isinstance(every, (int, float)) or not every > 0):
        raise InvalidPolicy(f"{name}.recheck_every", "must be a number of seconds above 0", "None for never")
    return requirement


class _ConnectionGuard:
    """Check the messages of one connection. The timer needs no task: the wait for a message has a timeout."""

    def __init__(self, consumer: RequireConsumerMixin, scope: Message, receive: App, send: Send) -> None:
        self._requirement, self._place = _check(type(consumer)), f"{type(consumer).__name__}.requirement"
        context = scope.get("sessionkit")
        if scope["type"] != "websocket" or not isinstance(context, ConnectionContext):
            raise InvalidPolicy(type(consumer).__name__, "needs a WebSocket inside SessionKitMiddlewareStack")
        self._context = context
        self._every, self._accepts = consumer.recheck_every, consumer.accept_before_closing
        self._scope, self._receive, self._send = scope, receive, send
        self._next: asyncio.Future[Message] | None = None
        self._checked_at: float | None = None
        self._checked_key: object = None
        self._is_accepted = self._is_closed = self._is_gone = self._is_leaving = False
        self._closing: asyncio.Future[int] | None = None  # set once the connection is being closed
        self._last = context.another(scope)  # distinguishes the consumer's disconnect() from its other tasks

    async def receive(self) -> Message:
        """Return the next message of the client, or a tick if the next check of the session is due."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._fetch())
        is_over = self._is_closed or self._is_leaving
        await asyncio.wait({self._next}, timeout=None if is_over else self._time_left())
        if not self._next.done():
            return _TICK
        message, self._next = self._next.result(), None
        return message

    async def _fetch(self) -> Message:
        message: Message = await self._receive()
        self._is_gone = message["type"] == "websocket.disconnect"
        return message

    async def stop(self) -> None:
        """Stop waiting for messages, but let a close in progress finish."""
        if self._next is not None:
            self._next.cancel()
            await asyncio.wait({self._next})
        if self._closing is not None:
            await asyncio.wait({self._closing})

    async def dispatch(self, handle: Send, message: Message) -> None:
        """Pass a message of the client or of the channel layer to the consumer, if access is still allowed."""
        self._is_leaving |= message["type"] == "websocket.disconnect"
        if not (self._is_leaving or (self._is_closed and message is _TICK)):
            await self._check_if_due()
        if self._closing is None and message is not _TICK:
            await self._let(handle, message)
        if self._closing is not None:
            await self._leave(handle, await asyncio.shield(self._closing))

    async def send(self, message: Message) -> None:
        """Send a message of the consumer if access is still allowed, or else stop the code of the consumer here."""
        if message["type"] == "websocket.send" and not self._is_leaving:
            await self._check_if_due()
        if self._closing is not None:
            if current_context() is self._last:
                return
            raise StopConsumer
        self._is_accepted |= message["type"] == "websocket.accept"
        self._is_closed |= message["type"] == "websocket.close"
        await self._send(message)

    def _time_left(self) -> float | None:
        if self._every is None or self._checked_at is None:
            return None
        return max(0.0, self._checked_at + self._every - time.monotonic())

    def _is_due(self) -> bool:
        return self._checked_at is None or self._time_left() == 0 or self._key() != self._checked_key

    def _key(self) -> object:
        """Return the session key. ``login()`` and ``logout()`` of Channels change it in the scope of the connection."""
        return getattr(self._scope.get("session"), "session_key", None)

    async def _check_if_due(self) -> None:
        """Check the session that is in the store now. Concurrent checks are possible; each caller waits for its own."""
        if self._closing is not None or not self._is_due():
            return
        now, key, fresh = time.monotonic(), self._key(), self._context.another(self._scope)
        decision = await self._decide(fresh)
        if not decision:
            await self._send_away(fresh, decision)
        else:
            self._context.adopt(fresh)
            self._checked_at, self._checked_key = now, key

    async def _decide(self, fresh: ConnectionContext) -> Decision:
        try:
            await sync_to_async(close_old_connections)()  # a connection that was idle for long may be broken
            decision = await arun(decide(fresh, self._requirement, fresh.request))
        except Exception as error:
            audit.logger.error("a WebSocket is closed, its session could not be loaded: %s", type(error).__name__)
            decision = Decision(False, FAILED, failed=True)
            fresh.make = handshake  # cannot raise, so that the denial is reported with a request
        guard_audit.decided(decision, fresh.request)
        return decision

    async def _let(self, handle: Send, message: Message) -> None:
        try:
            await handle(message)
        except (NotAuthenticated, AccessDenied) as error:
            if not self._is_closed:
                await self._send_away(self._context, decision_of(error, self._context), is_reported=error.is_reported)
            if self._closing is None:
                raise
        except StopConsumer:
            if self._closing is None:
                raise

    async def _send_away(self, context: ConnectionContext, decision: Decision, *, is_reported: bool = False) -> None:
        if self._closing is not None or self._is_leaving:
            return
        self._closing = asyncio.ensure_future(self._part(context, replace(decision, rule=self._place), is_reported))
        await asyncio.shield(self._closing)  # cancelling the current task does not cancel the close

    async def _part(self, context: ConnectionContext, decision: Decision, is_reported: bool) -> int:
        session, code = context.peek(), context.close_code(decision)
        if not (self._is_closed or self._is_gone):
            await self._close(code)
        if not is_reported:
            await arun(guard_audit.denied(context.request, decision, code, session))
        return code

    async def _close(self, code: int) -> None:
        with suppress(OSError, RuntimeError):  # the client has already disconnected; servers raise different errors
            if self._accepts and not self._is_accepted:
                offered = self._scope.get("subprotocols") or (None,)  # a browser expects one of them in the response
                await self._send({"type": "websocket.accept", "subprotocol": offered[0]})
            await self._send({"type": "websocket.close", "code": code})

    async def _leave(self, handle: Send, code: int) -> None:
        """Run ``disconnect()``, so that the consumer leaves the groups that it has joined."""
        if self._checked_at is not None:  # otherwise no code of the consumer has run
            self._last.adopt(self._context)
            with activate(self._last), suppress(StopConsumer):
                await handle({"type": "websocket.disconnect", "code": code})
        raise StopConsumer
