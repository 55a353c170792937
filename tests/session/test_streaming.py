"""Streamed bodies use the session of their own request, and leave no context behind."""

from __future__ import annotations

import asyncio
import gc
import io

import pytest
from asgiref.sync import async_to_sync
from django.http import FileResponse, StreamingHttpResponse
from django.test import AsyncRequestFactory, RequestFactory
from support.sessions import EDITOR, READER, abrowser, browser

from django_sessionkit import aget_session, get_session
from django_sessionkit.middleware import SessionKitMiddleware
from django_sessionkit.session.context import current_context

pytestmark = pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")


def name():
    session = get_session()
    return session.user_id if session else "-"


def request_of(user, factory=RequestFactory):
    request = factory().get("/")
    request.session = {"__session__": {"user_id": user}}
    return request


class Store(dict[str, object]):
    """A minimal session store."""

    async def aget(self, key):
        return self.get(key)


def arequest_of(user):
    request = request_of(user, AsyncRequestFactory)
    request.session = Store(request.session)
    return request


def stream(user, log=None):
    def body():
        try:
            for _ in range(3):
                yield name()
        finally:
            if log is not None:
                log.append(name())

    return SessionKitMiddleware(lambda request: StreamingHttpResponse(body()))


def test_a_stream_sees_its_own_session():
    assert b"".join(browser(READER).get("/stream/").streaming_content) == b"1;1;1;"
    assert b"".join(browser().get("/stream/").streaming_content) == b"-;-;-;"


def test_an_async_stream_sees_its_own_session():
    async def read(client):
        response = await client.get("/astream/")
        return b"".join([chunk async for chunk in response])

    assert async_to_sync(read)(abrowser(READER)) == b"1;1;1;"
    assert async_to_sync(read)(abrowser()) == b"-;-;-;"


def test_two_streams_read_in_turn_do_not_mix():
    requests = [request_of("1"), request_of("2")]
    responses = [stream("x")(request) for request in requests]
    chunks = []
    bodies = [iter(response.streaming_content) for response in responses]
    for _ in range(3):
        chunks += [next(body) for body in bodies]
        assert current_context() is None
    assert chunks == [b"1", b"2"] * 3


def test_two_async_streams_read_in_turn_do_not_mix():
    async def view(request):
        await aget_session()

        async def body():
            for _ in range(3):
                await asyncio.sleep(0)
                yield name()

        return StreamingHttpResponse(body())

    async def read(user):
        request = arequest_of(user)
        response = await SessionKitMiddleware(view)(request)
        found = []
        async for chunk in response:
            assert current_context() is None
            found.append(chunk)
        return found

    async def both():
        return await asyncio.gather(*(read(str(user)) for user in range(20)))

    assert async_to_sync(both)() == [[str(user).encode()] * 3 for user in range(20)]


def test_a_body_that_is_closed_early_is_cleaned_up_with_its_session():
    log = []
    request = request_of("1")
    response = stream("1", log)(request)
    assert next(iter(response.streaming_content)) == b"1"
    for close in response._resource_closers:
        close()
    assert log == ["1"]
    assert current_context() is None


def test_an_async_body_whose_reader_hangs_up_is_cleaned_up_with_its_session():
    log = []

    async def view(request):
        await aget_session()

        async def body():
            try:
                while True:
                    yield name()
            finally:
                log.append(name())

        return StreamingHttpResponse(body())

    async def read_one():
        request = arequest_of("1")
        response = await SessionKitMiddleware(view)(request)
        content = aiter(response)
        first = await anext(content)
        await content.aclose()
        del content
        response.streaming_content = []
        gc.collect()
        await asyncio.sleep(0.01)
        return first

    assert async_to_sync(read_one)() == b"1"
    assert log == ["1"]
    assert current_context() is None


def test_an_exception_in_a_body_leaves_nothing_behind():
    def body():
        yield name()
        raise ZeroDivisionError

    request = request_of("1")
    response = SessionKitMiddleware(lambda request: StreamingHttpResponse(body()))(request)
    content = iter(response.streaming_content)
    assert next(content) == b"1"
    with pytest.raises(ZeroDivisionError):
        next(content)
    assert current_context() is None


def test_a_file_is_left_to_the_server():
    file = io.BytesIO(b"file")
    response = SessionKitMiddleware(lambda request: FileResponse(file))(request_of("1"))
    assert response.file_to_stream is file
    assert b"".join(response.streaming_content) == b"file"


def test_a_file_response_that_is_no_file_is_streamed_within():
    request = request_of("1")
    response = SessionKitMiddleware(lambda request: FileResponse(name() for _ in range(2)))(request)
    assert b"".join(response.streaming_content) == b"11"


@pytest.mark.parametrize("user", [READER, EDITOR])
def test_a_stream_outlives_the_view_of_another_request(user):
    client = browser(user)
    response = client.get("/stream/")
    browser(EDITOR).get("/who/")
    assert set(b"".join(response.streaming_content).split(b";")) == {user["user_id"].encode(), b""}
