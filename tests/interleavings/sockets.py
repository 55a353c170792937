"""A WebSocket that checks the session again before each message."""

from __future__ import annotations

import asyncio
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

import django_sessionkit as kit
from django_sessionkit.contrib import channels

from .scheduler import Actor
from .site import Site
from .store import ENGINES, world
from .views import seen

MESSAGES = 2


class Desk(channels.RequireConsumerMixin, AsyncWebsocketConsumer):
    """A consumer that notes what it knows of the session when it handles a message."""

    requirement = kit.Role("admin")
    recheck_every = 1e-9  # a check is due whenever a message comes

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        actor: Actor = self.scope["actor"]
        asked = actor.trace["asked"]
        actor.trace["handled"].append({**asked, "saw": seen(kit.get_session())})


def play(site: Site, actor: Actor) -> None:
    """Open a socket, and send messages."""
    trace = actor.trace
    found = actor.touch("begin", lambda: (world.jar, sorted(world.returned.items())))
    trace.update(cookie=found[0], after=dict(found[1]), began=0, handled=[], node=0)
    session = ENGINES[site.setup.engine](found[0])
    scope = {"type": "websocket", "path": "/desk/", "headers": [], "session": session, "actor": actor}
    sent = iter(range(MESSAGES))

    async def receive() -> dict[str, Any]:
        if not trace.get("is_open"):
            trace["is_open"] = True
            return {"type": "websocket.connect"}
        if next(sent, None) is None:
            return {"type": "websocket.disconnect", "code": 1000}
        now = actor.touch("socket.message", lambda: (sorted(world.returned.items()), world.clock))
        trace["asked"] = {
            **{"cookie": found[0], "after": dict(now[0]), "began": now[1], "node": 0, "action": "message"},
            **{"streamed": [], "data": None},
        }
        return {"type": "websocket.receive", "text": "hello"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            trace["closed"] = message.get("code")

    asyncio.run(channels.SessionKitChannelsMiddleware(Desk.as_asgi())(scope, receive, send))
    world.returned[actor.name] = world.clock
