"""Send hostile requests through Django's two handlers, and find out which page answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote

from django.core.handlers.base import BaseHandler
from django.http.response import HttpResponseBase
from django.test import AsyncRequestFactory, Client, RequestFactory, override_settings
from support.loops import async_to_sync
from support.payload_canaries import CANARY
from support.sessions import ADMIN, HTML, READER, AsyncBrowser, sign_in

from .sites import OURS, PROTECTED, SETTINGS
from .spellings import Wire

Data = Mapping[str, Any] | None


class AsyncWireFactory(AsyncRequestFactory):
    """Makes requests with raw paths. Django's own factory decodes the path as Latin-1 and does not support a mount."""

    mount = ""

    def _get_path(self, parsed: Any) -> str:
        return unquote(parsed.path, errors="replace")

    def _base_scope(self, **request: Any) -> dict[str, Any]:
        return {**super()._base_scope(**request), "root_path": self.mount}


class AsyncWireClient(AsyncWireFactory, AsyncBrowser):
    pass


def _headers(wire: Wire) -> dict[str, str]:
    site = {"X-Site": wire.site} if wire.site else {}
    return {**HTML, **site, **dict(wire.headers)}


F = TypeVar("F", bound=RequestFactory)


def _prepared(factory: F, session: Data, *, is_async: bool) -> tuple[F, BaseHandler]:
    """A test client would do: signals and the look at templates take twice as long as the request."""
    if session is not None:
        factory.cookies = sign_in(Client(), session).cookies
    handler = BaseHandler()
    handler.load_middleware(is_async=is_async)
    return factory, handler


def _kind(response: HttpResponseBase) -> str | None:
    assert response.status_code < 500
    assert CANARY.encode() not in response.serialize()
    return response.headers.get("X-Page")


def over_wsgi(wires: Iterable[Wire], session: Data = None) -> list[str | None]:
    """Return the kind of page that each request got, or ``None``."""
    factory, handler = _prepared(RequestFactory(), session, is_async=False)
    found = []
    for wire in wires:
        url = f"http://testserver{wire.target}"
        request = factory.generic(wire.method, url, headers=_headers(wire), SCRIPT_NAME=wire.mount)
        found.append(_kind(handler.get_response(request)))
    return found


async def _over_asgi(factory: AsyncWireFactory, handler: BaseHandler, wires: Iterable[Wire]) -> list[str | None]:
    found = []
    for wire in wires:
        url = f"http://testserver{wire.mount}{wire.target}"
        factory.mount = wire.mount
        request = factory.generic(wire.method, url, headers=_headers(wire))
        found.append(_kind(await handler.get_response_async(request)))
    return found


def over_asgi(wires: Iterable[Wire], session: Data = None) -> list[str | None]:
    """The same as :func:`over_wsgi`, with the ASGI handler."""
    return async_to_sync(_over_asgi)(*_prepared(AsyncWireFactory(), session, is_async=True), wires)


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
