"""The pages of the site. Each says whose session it sees. ``/s/`` has sync views, ``/a/`` has async ones."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import time_machine
from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import include, path

from django_sessionkit import (
    Session,
    aclear_session,
    aget_session,
    arequire_session,
    arevoke_sessions,
    aset_session,
    aupdate_session,
    clear_session,
    get_session,
    require_session,
    revoke_sessions,
    set_session,
    update_session,
)

from . import rights

PIECES = 4


def shown(session: Session | None) -> dict[str, Any]:
    """Return what a page says of the session."""
    return {"user": session and session.user_id, "role": session and session.role, "own": session and _own(session)}


def _own(session: Session) -> bool:
    return session.permissions == {f"own:{session.user_id}"}


def page(request: HttpRequest) -> HttpResponse:
    return JsonResponse(shown(require_session()))


async def apage(request: HttpRequest) -> HttpResponse:
    return JsonResponse(shown(await arequire_session()))


def public(request: HttpRequest) -> HttpResponse:
    return JsonResponse(shown(get_session()))


async def apublic(request: HttpRequest) -> HttpResponse:
    return JsonResponse(shown(await aget_session()))


def stream(request: HttpRequest) -> HttpResponse:
    require_session()

    def pieces() -> Iterator[str]:
        for _ in range(PIECES):
            yield json.dumps(shown(get_session())) + "\n"
            time.sleep(0.001)

    return StreamingHttpResponse(pieces(), content_type="application/json")


async def astream(request: HttpRequest) -> HttpResponse:
    await arequire_session()

    async def pieces() -> AsyncIterator[str]:
        for _ in range(PIECES):
            yield json.dumps(shown(get_session())) + "\n"
            await asyncio.sleep(0.001)

    return StreamingHttpResponse(pieces(), content_type="application/json")


def note(request: HttpRequest) -> HttpResponse:
    return JsonResponse(shown(update_session(request, {"note": time.time()})))


async def anote(request: HttpRequest) -> HttpResponse:
    return JsonResponse(shown(await aupdate_session(request, {"note": time.time()})))


def less(request: HttpRequest) -> HttpResponse:
    """Take the role away in this session."""
    return JsonResponse(shown(update_session(request, {"role": "guest"})))


def login(request: HttpRequest, user: str) -> HttpResponse:
    return JsonResponse(shown(set_session(request, partial(rights.of, user))))


async def alogin(request: HttpRequest, user: str) -> HttpResponse:
    return JsonResponse(shown(await aset_session(request, partial(rights.aof, user))))


def short_login(request: HttpRequest, user: str, seconds: int) -> HttpResponse:
    """Log in for some seconds."""
    return JsonResponse(shown(set_session(request, rights.of(user), ttl=seconds)))


def logout(request: HttpRequest) -> HttpResponse:
    clear_session(request)
    return JsonResponse(shown(get_session()))


async def alogout(request: HttpRequest) -> HttpResponse:
    await aclear_session(request)
    return JsonResponse(shown(await aget_session()))


def turn(request: HttpRequest, user: str, role: str, refresh: int) -> HttpResponse:
    """Change the role of a user, then revoke the sessions. Without ``refresh``, they end."""
    rights.change(user, role)
    revoke_sessions(user, refresh=bool(refresh))
    return JsonResponse(shown(require_session()))


async def aturn(request: HttpRequest, user: str, role: str, refresh: int) -> HttpResponse:
    await sync_to_async(rights.change)(user, role)
    await arevoke_sessions(user, refresh=bool(refresh))
    return JsonResponse(shown(await arequire_session()))


def clock(request: HttpRequest, seconds: int) -> HttpResponse:
    """Set the clock of this worker back. ``time.monotonic`` goes on, as it does when an administrator does that."""
    time_machine.travel(time.time() - seconds, tick=True).start()
    return worker(request)


def worker(request: HttpRequest) -> HttpResponse:
    """Say which process answers."""
    return JsonResponse({"pid": os.getpid()})


PAGES = {
    "s": (page, public, stream, note, login, logout, turn),
    "a": (apage, apublic, astream, anote, alogin, alogout, aturn),
}


def _routes(kind: str) -> list[Any]:
    page, public, stream, note, login, logout, turn = PAGES[kind]
    return [
        *(path(f"{name}/", page) for name in ("page", "write", "recent")),
        path("public/", public),
        path("stream/", stream),
        path("note/", note),
        path("login/<str:user>/", login),
        path("login/<str:user>/<int:seconds>/", short_login),
        path("logout/", logout),
        path("turn/<str:user>/<str:role>/<int:refresh>/", turn),
    ]


urlpatterns = [
    path("s/", include(_routes("s"))),
    path("a/", include(_routes("a"))),
    path("s/less/", less),
    path("s/public/worker/", worker),
    path("s/public/clock/<int:seconds>/", clock),
]
