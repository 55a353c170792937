"""Iterate streaming bodies, which outlive the middleware, with the session of their request, and close them always."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Any, cast

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from .context import SessionContext
from .layers import resume


def stream_within(context: SessionContext, response: HttpResponseBase) -> None:
    """Make ``context`` the current session context while the body of ``response`` is iterated and closed.

    It is set during each step only, so it does not stay set if the body is never finished. A session override inside
    the body continues in its next step.
    """
    streaming = cast("StreamingHttpResponse", response)
    if isinstance(response, FileResponse) and response.file_to_stream is not None:
        return  # the bytes of a file, which the server may send itself (wsgi.file_wrapper)
    resumed = resume(context)
    if streaming.is_async:
        streaming.streaming_content = _asteps(resumed, cast("AsyncGenerator[bytes]", streaming.streaming_content))
    else:
        streaming.streaming_content = _steps(resumed, cast("Iterator[bytes]", streaming.streaming_content))
    closers = _closers(response)
    closers[:] = [_within(resumed, close) for close in closers]


def transfer_closers(dropped: HttpResponseBase, sent: HttpResponseBase) -> None:
    """Move the resources of a dropped response to the response that is sent instead, which closes them.

    ``dropped.close()`` would also send the signal ``request_finished`` before the request has ended.
    """
    _closers(sent).extend(_closers(dropped))


def _closers(response: Any) -> list[Callable[[], Any]]:
    return cast("list[Callable[[], Any]]", response._resource_closers)


def _within(resumed: resume, close: Callable[[], Any]) -> Callable[[], Any]:
    def closing() -> Any:
        with resumed:
            return close()

    return closing


def _steps(resumed: resume, content: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        with resumed:
            try:
                chunk = next(content)
            except StopIteration:
                return
        yield chunk


async def _asteps(resumed: resume, content: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    try:
        while True:
            with resumed:
                try:
                    chunk = await anext(content)
                except StopAsyncIteration:
                    return
            yield chunk
    finally:
        with resumed:
            await content.aclose()
