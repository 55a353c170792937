"""Thousands of interleaved requests of different users: no user sees the session of another."""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncRequestFactory, RequestFactory
from support.examples import IS_THOROUGH

from django_sessionkit import aget_session, get_session
from django_sessionkit.middleware import SessionKitMiddleware
from django_sessionkit.session.context import current_context

REQUESTS = 10_000 if IS_THOROUGH else 2_000


class Store(dict[str, object]):
    async def aget(self, key):
        await asyncio.sleep(0)
        return self.get(key)


def request_of(number, factory):
    request = factory.get("/")
    request.session = Store({"__session__": {"user_id": str(number)}} if number % 7 else {})
    return request


def expected(number):
    return str(number) if number % 7 else "-"


def seen():
    session = get_session()
    return session.user_id if session else "-"


def view(request):
    first = seen()
    if random.random() < 0.2:
        return StreamingHttpResponse(seen() for _ in range(2))
    return HttpResponse(first if seen() == first else "mixed")


async def aview(request):
    session = await aget_session()
    first = session.user_id if session else "-"
    for _ in range(random.randrange(3)):
        await asyncio.sleep(0)
    if random.random() < 0.01:
        return HttpResponse(await sync_to_async(seen)())
    return HttpResponse(first if seen() == first else "mixed")


def test_over_threads():
    middleware, factory = SessionKitMiddleware(view), RequestFactory()

    def serve(number):
        request = request_of(number, factory)
        response = middleware(request)
        found = {chunk.decode() for chunk in response}
        return found == {expected(number)} and current_context() is None

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(serve, range(REQUESTS))) == [True] * REQUESTS


def test_over_one_event_loop():
    middleware, factory = SessionKitMiddleware(aview), AsyncRequestFactory()

    async def serve(number):
        request = request_of(number, factory)
        response = await middleware(request)
        return response.content.decode() == expected(number) and current_context() is None

    async def all_at_once():
        return await asyncio.gather(*map(serve, range(REQUESTS)))

    assert async_to_sync(all_at_once)() == [True] * REQUESTS
