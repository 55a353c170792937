"""The WebSocket of the site. Its session is loaded again every ``RECHECK`` seconds."""

from __future__ import annotations

from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

from django_sessionkit import Authenticated, get_session
from django_sessionkit.contrib.channels import RequireConsumerMixin, SessionKitMiddlewareStack

from .urls import shown

RECHECK = 0.2


class Who(RequireConsumerMixin, AsyncJsonWebsocketConsumer):
    """Answer every message with the user of the session."""

    requirement = Authenticated()
    recheck_every = RECHECK
    accept_before_closing = True

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Send the session that is current now."""
        await self.send_json(shown(get_session()))


def application() -> Any:
    """Return the site for HTTP and WebSockets."""
    sockets = SessionKitMiddlewareStack(URLRouter([path("ws/", Who.as_asgi())]))
    return ProtocolTypeRouter({"http": get_asgi_application(), "websocket": sockets})
