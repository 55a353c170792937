"""A WebSocket without a network, like the communicator of ``channels.testing``, but without Daphne."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from asgiref.testing import ApplicationCommunicator

PATIENCE = 20  # seconds; long, because a machine may be slow


async def until(holds: Callable[[], object]) -> None:
    """Run the event loop until ``holds`` returns ``True``."""
    end = asyncio.get_running_loop().time() + PATIENCE
    while not holds():
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.001)


class WebSocket(ApplicationCommunicator):
    """The client side of one connection to an ASGI application."""

    def __init__(self, application: Any, path: str, headers: dict[str, str] | None = None, **scope: Any) -> None:
        path, _, query = path.partition("?")
        pairs = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        beginning = {"type": "websocket", "path": path, "query_string": query.encode(), "headers": pairs}
        super().__init__(application, {**beginning, "subprotocols": [], **scope})

    async def receive_output(self, timeout: float = PATIENCE) -> Any:
        return await super().receive_output(timeout)

    async def wait(self, timeout: float = PATIENCE) -> None:
        """Wait for the end of the application, and raise its exception. Fail if it does not end."""
        await asyncio.wait({self.future}, timeout=timeout)
        assert self.future.done()
        await super().wait()

    async def connect(self) -> tuple[bool, Any]:
        """Connect. Return ``True`` and the chosen protocol, or ``False`` and the close code."""
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output()
        if answer["type"] == "websocket.close":
            return False, answer.get("code", 1000)
        assert answer["type"] == "websocket.accept"
        return True, answer.get("subprotocol")

    async def fail(self) -> None:
        """Connect, and raise the exception of the application."""
        await self.send_input({"type": "websocket.connect"})
        await self.wait()

    async def send_json(self, content: object) -> None:
        await self.send_input({"type": "websocket.receive", "text": json.dumps(content)})

    async def receive_json(self) -> Any:
        message = await self.receive_output()
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"])

    async def closed(self) -> int:
        """Return the close code of the server, after checking that the application has ended and sent nothing more."""
        message = await self.receive_output()
        while message["type"] == "websocket.send":
            message = await self.receive_output()
        assert message["type"] == "websocket.close"
        await self.wait()
        assert self.output_queue.empty()
        return message["code"]  # type: ignore[no-any-return]

    async def disconnect(self, code: int = 1000) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": code})
        await self.wait()
