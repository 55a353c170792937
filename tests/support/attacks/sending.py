"""Send hostile requests through Django's two handlers, and find out which page answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import unquote

from asgiref.sync import async_to_sync
from django.test import Client, override_settings
from support.sessions import ADMIN, HTML, READER, AsyncBrowser, sign_in

from .sites import OURS, PROTECTED, SETTINGS
from .spellings import Wire

Data = Mapping[str, Any] | None


class AsyncWireClient(AsyncBrowser):
    """A client for raw paths. Django's ``AsyncClient`` decodes the path as Latin-1 and does not support a mount."""

    mount = ""

    def _get_path(self, parsed: Any) -> str:
        return unquote(parsed.path, errors="replace")

    def _base_scope(self, **request: Any) -> dict[str, Any]:
        return {**super()._base_scope(**request), "root_path": self.mount}


def _headers(wire: Wire) -> dict[str, str]:
    site = {"X-Site": wire.site} if wire.site else {}
    return {**HTML, **site, **dict(wire.headers)}


def over_wsgi(wires: Iterable[Wire], session: Data = None) -> list[str | None]:
    """Return the kind of page that each request got, or ``None``."""
    client = Client()
    if session is not None:
        sign_in(client, session)
    return [
        client.generic(
            wire.method, f"http://testserver{wire.target}", headers=_headers(wire), SCRIPT_NAME=wire.mount
        ).headers.get("X-Page")
        for wire in wires
    ]


@async_to_sync
async def _over_asgi(client: AsyncWireClient, wires: Iterable[Wire]) -> list[str | None]:
    found = []
    for wire in wires:
        url = f"http://testserver{wire.mount}{wire.target}"
        client.mount = wire.mount
        response = await client.generic(wire.method, url, headers=_headers(wire))
        found.append(response.headers.get("X-Page"))
    return found


def over_asgi(wires: Iterable[Wire], session: Data = None) -> list[str | None]:
    """The same as :func:`over_wsgi`, with the ASGI handler."""
    client = AsyncWireClient()
    if session is not None:
        sign_in(client, session)
    return _over_asgi(client, wires)


HANDLERS = {"WSGI": over_wsgi, "ASGI": over_asgi}
UNGUARDED = {**SETTINGS, "MIDDLEWARE": [one for one in SETTINGS["MIDDLEWARE"] if one != OURS], "SESSIONKIT_PROTECT": []}


class Outcome(NamedTuple):
    """``reaching``: the requests that reach a protected page if the guard is off.

    ``escaped``: those of them that reach it without the right to. ``kept_out``: those that were denied to the admin.
    """

    reaching: list[Wire]
    escaped: list[tuple[str, Wire]]
    kept_out: list[Wire]


@cache
def unguarded(handler: str, wires: tuple[Wire, ...], mount: str | None = None) -> list[str | None]:
    """Return the kind of page that each request gets if the guard is off. The rules have no effect on it."""
    with override_settings(**UNGUARDED, FORCE_SCRIPT_NAME=mount):
        return HANDLERS[handler](wires)


def outcome(handler: str, wires: list[Wire], **settings: Any) -> Outcome:
    """Send the requests as an anonymous caller, as a reader and as an admin, and return the outcome."""
    send = HANDLERS[handler]
    pages = unguarded(handler, tuple(wires), settings.get("FORCE_SCRIPT_NAME"))
    reaching = [wire for wire, page in zip(wires, pages, strict=True) if page == PROTECTED]
    escaped = []
    with override_settings(**{**SETTINGS, **settings}):
        for name, session in (("anonymous", None), ("reader", READER)):
            escaped += [(name, wire) for wire, page in zip(reaching, send(reaching, session), strict=True) if page]
        admitted = send(reaching, ADMIN)
    kept_out = [wire for wire, page in zip(reaching, admitted, strict=True) if page != PROTECTED]
    return Outcome(reaching, escaped, kept_out)
