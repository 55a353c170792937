from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render

from django_sessionkit import aget_session, get_session, require_session
from django_sessionkit.decorators import public


def page(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return HttpResponse("page")


async def apage(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return HttpResponse("page")


@public
def open_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


def who(request: HttpRequest) -> JsonResponse:
    session = get_session()
    return JsonResponse({"user_id": session.user_id if session else None})


async def awho(request: HttpRequest) -> JsonResponse:
    session = await aget_session()
    return JsonResponse({"user_id": session.user_id if session else None})


def needs_session(request: HttpRequest) -> HttpResponse:
    return HttpResponse(require_session().user_id)


def template(request: HttpRequest) -> HttpResponse:
    return render(request, "who.html")


async def atemplate(request: HttpRequest) -> HttpResponse:
    return render(request, "who.html")


def _name() -> bytes:
    session = get_session()
    return b"%s;" % (session.user_id.encode() if session else b"-")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def chunks() -> Iterator[bytes]:
        for _ in range(3):
            yield _name()

    return StreamingHttpResponse(chunks())


async def astream(request: HttpRequest) -> StreamingHttpResponse:
    await aget_session()

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield _name()

    return StreamingHttpResponse(chunks())
