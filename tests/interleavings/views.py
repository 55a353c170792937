"""The pages of the site. Each reads the session and then changes it by the public functions of the package."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

import django_sessionkit as kit

from .store import world


def rights_of(user_id: str) -> list[str]:
    """Read the rights of a user in the database of the project."""
    found: list[str] = world.touch(f"directory.read({user_id})", lambda: list(world.directory[user_id]))
    return found


def refresh(session: kit.Session, request: HttpRequest) -> Mapping[str, Any]:
    """The project's ``SESSIONKIT_REFRESH``."""
    return {**session.to_dict(), "roles": rights_of(session.user_id)}


def _login(request: Any, user_id: str) -> None:
    kit.set_session(request, lambda: _dict_of(request, user_id))


async def _alogin(request: Any, user_id: str) -> None:
    async def read() -> dict[str, Any]:
        return _dict_of(request, user_id)

    await kit.aset_session(request, read)


def _dict_of(request: Any, user_id: str) -> dict[str, Any]:
    return {"user_id": user_id, "roles": rights_of(user_id), "login": request.actor}


def _roles(request: Any) -> list[str]:
    session = request.sessionkit.peek()
    return list(session.roles) if session is not None else []


def _write(request: Any) -> None:
    request.session["note"] = request.actor


async def _nothing(request: Any) -> None: ...


async def _awrite(request: Any) -> None:
    await request.session.aset("note", request.actor)


def _more(request: Any) -> dict[str, Any]:
    return {"roles": [*_roles(request), "publisher"]}


def _less(request: Any) -> dict[str, Any]:
    return {"roles": [role for role in _roles(request) if role != "admin"]}


# What the view of each page does after it has read the session, sync and async.
DOES: dict[str, tuple[Callable[[Any], object], Callable[[Any], Coroutine[Any, Any, object]]]] = {
    "read": (lambda request: None, _nothing),
    "write": (_write, _awrite),
    "login": (lambda request: _login(request, "1"), lambda request: _alogin(request, "1")),
    "login_other": (lambda request: _login(request, "2"), lambda request: _alogin(request, "2")),
    "login_by_dict": (
        lambda request: kit.set_session(request, _dict_of(request, "1")),
        lambda request: kit.aset_session(request, _dict_of(request, "1")),
    ),
    "logout": (kit.clear_session, kit.aclear_session),
    "flush": (lambda request: request.session.flush(), lambda request: request.session.aflush()),
    "more": (lambda r: kit.update_session(r, _more(r)), lambda r: kit.aupdate_session(r, _more(r))),
    "less": (lambda r: kit.update_session(r, _less(r)), lambda r: kit.aupdate_session(r, _less(r))),
    "plan": (
        lambda request: kit.update_session(request, {"plan": "gold"}),
        lambda request: kit.aupdate_session(request, {"plan": "gold"}),
    ),
    "confirm": (
        lambda request: kit.confirm_session(request, amr=["otp"]),
        lambda request: kit.aconfirm_session(request, amr=["otp"]),
    ),
    "regenerate": (kit.regenerate_session, kit.aregenerate_session),
}


def seen(session: kit.Session | None) -> dict[str, Any] | None:
    """Return what a request knows of the session, for the trace."""
    if session is None:
        return None
    return {
        "user": session.user_id,
        "roles": sorted(session.roles),
        "login": session["login"],
        "plan": session.get("plan"),
        "amr": session.get("amr"),
    }


def page(request: Any, action: str) -> HttpResponse:
    """Read the session, then act."""
    request.saw = seen(kit.get_session())
    DOES[action][0](request)
    return HttpResponse()


async def apage(request: Any, action: str) -> HttpResponse:
    """Async variant of :func:`page`."""
    request.saw = seen(await kit.aget_session())
    await DOES[action][1](request)
    return HttpResponse()


def stream(request: Any) -> StreamingHttpResponse:
    """Read the session in two steps of the body."""
    request.saw = seen(kit.get_session())

    def body() -> Iterator[bytes]:
        for number in (1, 2):
            world.touch(f"stream.wait({number})", lambda: None)
            request.streamed.append(seen(kit.get_session()))
            yield b"."

    return StreamingHttpResponse(body())


async def astream(request: Any) -> StreamingHttpResponse:
    """Async variant of :func:`stream`."""
    request.saw = seen(await kit.aget_session())

    async def body() -> AsyncIterator[bytes]:
        for number in (1, 2):
            world.touch(f"stream.wait({number})", lambda: None)
            request.streamed.append(seen(kit.get_session()))
            yield b"."

    return StreamingHttpResponse(body())


urlpatterns = [
    path("sync/stream", stream),
    path("async/stream", astream),
    path("sync/<action>", page),
    path("async/<action>", apage),
    path("desk/sync/<action>", page),
    path("desk/async/<action>", apage),
]
