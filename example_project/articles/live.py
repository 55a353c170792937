"""The live page: headlines as they are published, over server-sent events.

A streaming body keeps the session that it started with. Therefore each event is built in a separate request with the
cookie of the stream, which passes through the same middleware. If the session has ended or lost a permission in the
meantime, the stream ends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from typing import Any

from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from django_sessionkit import has_permission
from django_sessionkit.decorators import require_permission
from django_sessionkit.middleware import SessionKitMiddleware

from .models import Article, ArticleQuerySet, Section

# A stream under WSGI occupies a thread, so it is short. The browser reconnects by itself.
LOOKS = 15
SECONDS = 1
RETRY = 1000  # milliseconds
REFUSALS = {401: "signed-out", 403: "refused"}


@require_safe
@require_permission("articles:read")
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "articles/live.html")


@require_safe
@require_permission("articles:read")
def events(request: HttpRequest) -> StreamingHttpResponse:
    request.is_background = True  # see accounts.bridge
    # ASGI streams only async iterators, and WSGI only sync ones. Django collects the other kind in memory first.
    body = _abody(request) if isinstance(request, ASGIRequest) else _body(request)
    return StreamingHttpResponse(
        body, content_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


def _body(request: HttpRequest) -> Iterator[str]:
    stream = Stream()
    for _ in range(LOOKS):
        yield stream.step(_guarded(_headlines)(_again(request)))
        if stream.is_over:
            return
        time.sleep(SECONDS)


async def _abody(request: HttpRequest) -> AsyncIterator[str]:
    stream = Stream()
    for _ in range(LOOKS):
        yield stream.step(await _guarded(_aheadlines)(_again(request)))
        if stream.is_over:
            return
        await asyncio.sleep(SECONDS)


class Stream:
    """The text to send for each event, the same under WSGI and ASGI."""

    def __init__(self) -> None:
        self.last = ""
        self.is_over = False

    def step(self, answer: HttpResponseBase) -> str:
        self.is_over = answer.status_code != 200
        event = REFUSALS.get(answer.status_code, "stopped") if self.is_over else "headlines"
        data = "{}" if self.is_over else answer.content.decode()
        sent = f"retry: {RETRY}\nevent: {event}\ndata: {data}\n\n"
        # If nothing has changed, send a comment, so that the server notices a client that has disconnected.
        sent, self.last = (": nothing new\n\n" if sent == self.last else sent), sent
        return sent


def _again(request: HttpRequest) -> HttpRequest:
    """Return a copy of the request, as if it came in now."""
    again = HttpRequest()
    again.method, again.META, again.COOKIES = request.method, request.META, request.COOKIES
    again.path, again.path_info = request.path, request.path_info
    again.is_background = True
    return again


def _latest() -> ArticleQuerySet:
    news = Article.objects.published().filter(section=Section.NEWS)
    return news.select_related("author")[:5]


def _as_event(articles: list[Article], drafts: int) -> JsonResponse:
    headlines = [
        {"title": article.title, "author": str(article.author), "url": article.get_absolute_url()}
        for article in articles
    ]
    return JsonResponse({"headlines": headlines, "drafts": drafts if has_permission("articles:write") else None})


@require_permission("articles:read", api=True)
def _headlines(request: HttpRequest) -> HttpResponseBase:
    return _as_event(list(_latest()), Article.objects.drafts().count())


@require_permission("articles:read", api=True)
async def _aheadlines(request: HttpRequest) -> HttpResponseBase:
    return _as_event([article async for article in _latest()], await Article.objects.drafts().acount())


@cache  # built at the first request, because at import an invalid policy would look like a broken URLconf
def _guarded(view: Callable[..., Any]) -> SessionMiddleware:
    return SessionMiddleware(SessionKitMiddleware(view))
