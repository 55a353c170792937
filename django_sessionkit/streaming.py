"""Bodies that outlive the middleware: streamed with the session of their own request, and always closed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from .context import Slot
from .layers import resume


def stream_within(slot: Slot, response: HttpResponseBase) -> None:
    """Let the body of ``response`` be iterated, and closed, with ``slot`` as the current one.

    The slot is set for the length of each step only, so an abandoned body leaves nothing behind. What the body itself
    pretends goes on with its next step.
    """
    streaming = cast("StreamingHttpResponse", response)
    if isinstance(response, FileResponse) and response.file_to_stream is not None:
        return  # bytes of a file, which the server may send by itself (wsgi.file_wrapper)
    resumed = resume(slot)
    if streaming.is_async:
        streaming.streaming_content = _asteps(resumed, cast("AsyncIterator[bytes]", streaming.streaming_content))
    else:
        streaming.streaming_content = _steps(resumed, cast("Iterator[bytes]", streaming.streaming_content))
    closers = _closers(response)
    closers[:] = [_within(resumed, close) for close in closers]


def hand_over(dropped: HttpResponseBase, sent: HttpResponseBase) -> None:
    """Let what a dropped response holds open be closed with the response that is sent in its place.

    ``dropped.close()`` would also announce the end of the request, before it has ended.
    """
    _closers(sent).extend(_closers(dropped))


def _closers(response: HttpResponseBase) -> list[Callable[[], Any]]:
    return cast("list[Callable[[], Any]]", response._resource_closers)  # type: ignore[attr-defined]


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


async def _asteps(resumed: resume, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
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
            await content.aclose()  # type: ignore[attr-defined]
