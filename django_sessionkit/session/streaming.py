"""Sessions that temporarily replace the current one: for a ``with`` block, or for each step of what runs in steps.

A streamed body outlives the middleware. It is iterated and closed with the session of its request, and closed always.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Any, cast

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from .context import LoadedSession, SessionContext, activate, current_context, set_current
from .value import Session


class resume:
    """A variant of :class:`activate` for code that runs in steps, such as a generator.

    Each step is one ``with`` block. The session context that is current at the end of a block is current again in the
    next block. Between the blocks the previous one is current.
    """

    __slots__ = ("_active", "_context")

    def __init__(self, context: SessionContext) -> None:
        self._context = context

    def __enter__(self) -> None:
        self._active = activate(self._context)
        self._active.__enter__()

    def __exit__(self, *error: object) -> None:
        self._context = current_context() or self._context
        self._active.__exit__(*error)


class _Layer(SessionContext):
    """A session context that replaces the one below it. It is immutable, because other tasks may hold it too."""

    __slots__ = ("below", "owner")

    def __init__(self, owner: object, loaded: LoadedSession | None, below: SessionContext | None) -> None:
        super().__init__(None, None, loaded)
        self.owner = owner
        self.below = below


def push(owner: object, session: Session | None) -> None:
    """Make ``session`` current in this context, until :func:`pop` is called with ``owner``."""
    set_current(_Layer(owner, LoadedSession(session), current_context()))


def pop(owner: object) -> None:
    """Remove the last session that ``owner`` made current in this context. Raises ``LookupError`` if there is none."""
    set_current(_without(owner, current_context()))


def _without(owner: object, context: SessionContext | None) -> SessionContext | None:
    if not isinstance(context, _Layer):
        raise LookupError
    if context.owner is owner:
        return context.below
    return _Layer(context.owner, context.loaded, _without(owner, context.below))


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
