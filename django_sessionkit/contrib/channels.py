"""Channels: the session in a WebSocket consumer, and who may open one and keep it open."""

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

from django_sessionkit import audit, conf
from django_sessionkit.connections import ConnectionSlot, close_code, handshake
from django_sessionkit.context import activate, current_slot
from django_sessionkit.decisions import FAILED, Decision
from django_sessionkit.evaluation import decide
from django_sessionkit.exceptions import AccessDenied, InvalidPolicy, NotAuthenticated
from django_sessionkit.flows import arun
from django_sessionkit.origin import current_origin
from django_sessionkit.raising import decision_of
from django_sessionkit.requirements import Requirement
from django_sessionkit.sources import DjangoSessionSource

if TYPE_CHECKING:
    from django.http import HttpRequest

Message: TypeAlias = MutableMapping[str, Any]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[..., Awaitable[Any]]

_ATTRIBUTES = {"requirement", "recheck_every", "accept_before_closing"}
_TICK: Message = {"type": "sessionkit.tick"}


class SessionKitChannelsMiddleware:
    """Gives a connection its session. Place it inside the ``SessionMiddleware`` or ``AuthMiddlewareStack`` of Channels.

    Its construction reads the settings, so that a server with an invalid policy does not start.
    """

    def __init__(self, inner: App) -> None:
        conf.current()
        self.inner = inner

    async def __call__(self, scope: Message, receive: App, send: Send) -> Any:
        """Let the connection's own slot be the current one for as long as it lasts."""
        if isinstance(current_origin().source, DjangoSessionSource) and "session" not in scope:
            raise InvalidPolicy(type(self).__name__, "there is no session store", "use SessionKitMiddlewareStack")
        slot = ConnectionSlot(self.request_for, scope)
        with activate(slot):
            return await self.inner({**scope, "sessionkit": slot}, receive, send)

    def request_for(self, scope: Message) -> HttpRequest:
        """The HTTP request by which a WebSocket begins, for ``SESSIONKIT_SOURCE`` and predicates; made anew each time
        that the session is loaded. What is done with its ``session`` changes nothing in the store: no cookie could tell
        the browser. Override it to add what your own source looks for.
        """
        return handshake(scope)


def SessionKitMiddlewareStack(inner: App) -> Any:
    """Cookies, Django's session and :class:`SessionKitChannelsMiddleware` around ``inner``."""
    return SessionMiddlewareStack(SessionKitChannelsMiddleware(inner))


class RequireConsumerMixin(AsyncConsumer):
    """Ask before a WebSocket is opened, and again as long as it is open. For async and sync consumers.

    Who is not let in meets none of the consumer's own code. Who is not let go on meets its ``disconnect()``. The close
    code is 4401 without a session, 4403 without the right or with a login that gives no valid session, and 1011 where
    the session could not be loaded.
    ``enforce()`` and ``require_session()`` in the consumer close the connection likewise.
    """

    #: what the connection needs
    requirement: Requirement | None = None
    #: so many seconds after a look at the session its store is asked again: by a timer, before a message is handled,
    #: and before one is sent. ``None``: what was decided at the beginning holds until the connection ends
    recheck_every: float | None = 60
    #: refuse by closing an accepted connection: only so does a browser see the code. Else the handshake fails
    accept_before_closing: bool = False

    @classmethod
    def as_asgi(cls, **initkwargs: Any) -> Any:
        """Check what the class asks for when the router is built.

        Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` for a missing or wrong attribute.
        """
        for name in _ATTRIBUTES & initkwargs.keys():  # Channels would swallow it
            raise InvalidPolicy(f"{cls.__name__}.as_asgi", f'does not take "{name}"', "set it on the class")
        _check(cls)
        return super().as_asgi(**initkwargs)

    async def __call__(self, scope: Message, receive: App, send: Send) -> None:
        """Serve one connection, with a gate in its way."""
        gate = _Gate(self, scope, receive, send)
        # On the instance, so that the order of the base classes does not matter.
        self.dispatch: Any = partial(gate.dispatch, self.dispatch)
        try:
            await super().__call__(scope, gate.receive, gate.send)
        finally:
            await gate.stop()


def _check(consumer: Any) -> Requirement:
    name, every = consumer.__name__, consumer.recheck_every
    if not isinstance(consumer.requirement, Requirement):
        raise InvalidPolicy(f"{name}.requirement", "must be a requirement", 'such as Role("editor")')
    if every is not None and (isinstance(every, bool) or not isinstance(every, (int, float)) or not every > 0):
        raise InvalidPolicy(f"{name}.recheck_every", "must be a number of seconds above 0", "None for never")
    return consumer.requirement


class _Gate:
    """What goes in and out of one connection. There is no task of its own: the wait for a message has a limit."""

    def __init__(self, consumer: RequireConsumerMixin, scope: Message, receive: App, send: Send) -> None:
        self._requirement, self._place = _check(type(consumer)), f"{type(consumer).__name__}.requirement"
        slot = scope.get("sessionkit")
        if scope["type"] != "websocket" or not isinstance(slot, ConnectionSlot):
            raise InvalidPolicy(type(consumer).__name__, "needs a WebSocket inside SessionKitMiddlewareStack")
        self._slot = slot
        self._every, self._accepts = consumer.recheck_every, consumer.accept_before_closing
        self._scope, self._receive, self._send = scope, receive, send
        self._next: asyncio.Future[Message] | None = None
        self._checked_at: float | None = None
        self._checked_key: object = None
        self._is_accepted = self._is_closed = self._is_gone = self._is_leaving = False
        self._farewell: asyncio.Future[int] | None = None  # there is one once the caller is sent away
        self._last = ConnectionSlot(slot.make, scope)  # by it the consumer's disconnect() is told from its other tasks

    async def receive(self) -> Message:
        """The next message of the client, or a tick if it is time to look at the session."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._fetch())
        await asyncio.wait({self._next}, timeout=None if self._is_closed else self._time_left())
        if not self._next.done():
            return _TICK
        message, self._next = self._next.result(), None
        return message

    async def _fetch(self) -> Message:
        message: Message = await self._receive()
        self._is_gone = message["type"] == "websocket.disconnect"
        return message

    async def stop(self) -> None:
        """Nobody waits any more, but for what has been begun to be said."""
        if self._next is not None:
            self._next.cancel()
            await asyncio.wait({self._next})
        if self._farewell is not None:
            await asyncio.wait({self._farewell})

    async def dispatch(self, handle: Send, message: Message) -> None:
        """Let the consumer handle a message, of the client or of the channel layer, if its caller still may."""
        self._is_leaving |= message["type"] == "websocket.disconnect"
        if not (self._is_leaving or (self._is_closed and message is _TICK)):
            await self._check_if_due()
        if self._farewell is None and message is not _TICK:
            await self._let(handle, message)
        if self._farewell is not None:
            await self._leave(handle, await asyncio.shield(self._farewell))

    async def send(self, message: Message) -> None:
        """Send what the consumer sends, if its caller still may; else stop the consumer's code here."""
        if message["type"] == "websocket.send" and not self._is_leaving:
            await self._check_if_due()
        if self._farewell is not None:
            if current_slot() is self._last:
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
        """``login()`` and ``logout()`` of Channels change it, in the copy of connect time."""
        return getattr(self._scope.get("session"), "session_key", None)

    async def _check_if_due(self) -> None:
        """Decide about the session as it is in the store now. Several may do so at once; nobody passes meanwhile."""
        if self._farewell is not None or not self._is_due():
            return
        now, key, fresh = time.monotonic(), self._key(), ConnectionSlot(self._slot.make, self._scope)
        decision = await self._decide(fresh)
        if not decision:
            await self._send_away(fresh, decision)
        else:
            self._slot.become(fresh)
            self._checked_at, self._checked_key = now, key

    async def _decide(self, fresh: ConnectionSlot) -> Decision:
        try:
            await sync_to_async(close_old_connections)()  # one that has been idle for long may be dead
            decision = await arun(decide(fresh, self._requirement, fresh.request))
        except Exception as error:
            audit.logger.error("the session of a WebSocket could not be loaded: %s; closed", type(error).__name__)
            decision = Decision(False, FAILED, failed=True)
            fresh.make = handshake  # the denial is reported with a request in any case
        audit.decided(decision, fresh.request)
        return decision

    async def _let(self, handle: Send, message: Message) -> None:
        try:
            await handle(message)
        except (NotAuthenticated, AccessDenied) as error:
            if not self._is_closed:
                await self._send_away(self._slot, decision_of(error, self._slot), is_reported=error.is_reported)
            if self._farewell is None:
                raise
        except StopConsumer:
            if self._farewell is None:
                raise

    async def _send_away(self, slot: ConnectionSlot, decision: Decision, *, is_reported: bool = False) -> None:
        if self._farewell is not None or self._is_leaving:
            return
        self._farewell = asyncio.ensure_future(self._part(slot, replace(decision, rule=self._place), is_reported))
        await asyncio.shield(self._farewell)  # a task that is cancelled meanwhile does not take it back

    async def _part(self, slot: ConnectionSlot, decision: Decision, is_reported: bool) -> int:
        session, code = slot.peek(), close_code(slot, decision)
        if not (self._is_closed or self._is_gone):
            await self._close(code)
        if not is_reported:
            await arun(audit.denied(slot.request, decision, code, session))
        return code

    async def _close(self, code: int) -> None:
        self._is_closed = True
        with suppress(OSError, RuntimeError):  # the client has gone by itself, as the server says in one way or another
            if self._accepts and not self._is_accepted:
                offered = self._scope.get("subprotocols") or (None,)  # a browser wants one of them back
                await self._send({"type": "websocket.accept", "subprotocol": offered[0]})
            await self._send({"type": "websocket.close", "code": code})

    async def _leave(self, handle: Send, code: int) -> None:
        """What the consumer has joined, it is to leave."""
        self._is_leaving = True
        if self._checked_at is not None:  # else it has never begun
            self._last.become(self._slot)
            with activate(self._last), suppress(StopConsumer):
                await handle({"type": "websocket.disconnect", "code": code})
        raise StopConsumer
