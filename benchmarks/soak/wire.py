"""A small HTTP and WebSocket client on asyncio streams. Connections are kept, and users share them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
from dataclasses import dataclass
from typing import Any

PATIENCE = 60  # seconds
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10  # RFC 6455, section 5.2


@dataclass(frozen=True)
class Answer:
    """A response. ``cookie`` is the new session key, ``""`` if the server removed it, ``None`` if it set nothing."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookie: str | None

    def values(self) -> list[dict[str, Any]]:
        """Return the JSON values of the body, one in each line."""
        return [json.loads(line) for line in self.body.splitlines() if line.strip()]


class Connection:
    """One connection to a server. It is opened at the first request, and again if the server has closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str, cookie: str | None, method: str = "GET") -> Answer:
        """Make a request, and return the whole answer."""
        kept = self._streams is not None
        try:
            return await asyncio.wait_for(self._ask(path, cookie, method), PATIENCE)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.close()
            if not kept:
                raise
            return await asyncio.wait_for(self._ask(path, cookie, method), PATIENCE)

    async def _ask(self, path: str, cookie: str | None, method: str) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        writer.write(request_head(method, path, cookie))
        status, headers, new = await _head(reader)
        body = await _body(reader, headers)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, body, new)

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def request_head(method: str, path: str, cookie: str | None, *more: str) -> bytes:
    """Return the bytes of a request without a body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json", *more]
    if cookie:
        lines.append(f"Cookie: sessionid={cookie}")
    if method == "POST":
        lines.append("Content-Length: 0")
    return "\r\n".join([*lines, "", ""]).encode()


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], str | None]:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers, cookie = {}, None
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
        if name.lower() == "set-cookie" and value.strip().startswith("sessionid="):
            cookie = value.strip().partition("=")[2].partition(";")[0].strip('"')
    return int(first.split()[1]), headers, cookie


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", 0)))
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return body


class Socket:
    """A WebSocket. ``code`` is the close code after the server has closed it; the HTTP status if it was not opened."""

    def __init__(self, port: int, cookie: str | None) -> None:
        self._port = port
        self._cookie = cookie
        self._frames: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        self.code = 0

    async def __aenter__(self) -> Socket:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        key = base64.b64encode(os.urandom(16)).decode()
        wanted = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}")
        self._writer.write(request_head("GET", "/ws/", self._cookie, *wanted))
        status, _, _ = await asyncio.wait_for(_head(self._reader), PATIENCE)
        self.code = 0 if status == 101 else status
        self._receiving = asyncio.create_task(self._receive())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._receiving.cancel()
        self._writer.close()

    async def ask(self) -> dict[str, Any] | None:
        """Send a message and return the answer; ``None`` if the server has closed the connection."""
        if self.code:
            return None
        self._writer.write(_frame(_TEXT, b'{"who": 1}'))
        opcode, content = await asyncio.wait_for(self._frames.get(), PATIENCE)
        if opcode == _CLOSE:
            self.code = struct.unpack("!H", content[:2])[0] if content else 1006
            return None
        answer: dict[str, Any] = json.loads(content)
        return answer

    async def _receive(self) -> None:
        """Read frames as they come, so that a close frame is not lost when the connection is reset after it."""
        try:
            while True:
                first, second = await self._reader.readexactly(2)
                length = second & 127
                if length == 126:
                    (length,) = struct.unpack("!H", await self._reader.readexactly(2))
                opcode, content = first & 15, await self._reader.readexactly(length)
                if opcode == _PING:
                    self._writer.write(_frame(_PONG, content))
                    continue
                self._frames.put_nowait((opcode, content))
                if opcode == _CLOSE:
                    self._writer.write(_frame(_CLOSE, content))
        except (ConnectionError, asyncio.IncompleteReadError):
            self._frames.put_nowait((_CLOSE, b""))


def _frame(opcode: int, content: bytes) -> bytes:
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[number % 4] for number, byte in enumerate(content))
    return bytes([128 | opcode, 128 | len(content)]) + mask + masked
