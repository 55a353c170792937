"""Logic that is written once and driven twice.

A *flow* is a generator that does no I/O: it yields a :class:`Step` where the world must be asked, and receives the
step's outcome (or its exception). :func:`run` drives it with plain calls, :func:`arun` with ``await``,
and :func:`rehearse` with nothing at all.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Generator
from inspect import isawaitable
from typing import Any, NamedTuple, TypeAlias, TypeVar

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async

from .exceptions import AsyncRequired, Undecided

T = TypeVar("T")


class Step(NamedTuple):
    """One question to the world, in both its forms."""

    call: Callable[[], Any]
    acall: Callable[[], Awaitable[Any]]


Flow: TypeAlias = Generator[Step, Any, T]


def run(flow: Flow[T]) -> T:
    """Drive ``flow`` to its end with plain calls."""
    try:
        step = next(flow)
        while True:
            try:
                outcome = step.call()
            except Exception as error:
                step = flow.throw(error)
            else:
                step = flow.send(outcome)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    except BaseException:
        flow.close()  # what it has begun is to end in this thread or task
        raise


async def arun(flow: Flow[T]) -> T:
    """Drive ``flow`` to its end on the running event loop."""
    try:
        step = next(flow)
        while True:
            try:
                outcome = await step.acall()
            except Exception as error:
                step = flow.throw(error)
            else:
                step = flow.send(outcome)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    except BaseException:
        flow.close()
        raise


def rehearse(flow: Flow[T]) -> T:
    """Drive ``flow`` to its end without asking the world anything: each step meets :class:`Undecided`."""
    try:
        next(flow)
        while True:
            flow.throw(Undecided())
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def on_event_loop() -> bool:
    """Whether this thread must not block. ``DJANGO_ALLOW_ASYNC_UNSAFE`` lifts it, as it does for Django's ORM."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return not os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")


def user_call(function: Callable[..., Any], *args: object) -> Step:
    """Call project code that may be sync or async and may do I/O.

    Under ``arun`` a sync function runs in a thread (it may use the ORM); under ``run`` a coroutine is driven to its
    end.
    """

    def call() -> object:
        if iscoroutinefunction(function) and on_event_loop():
            raise _needs_twin()
        return _settle(function(*args))

    async def acall() -> object:
        if not iscoroutinefunction(function):
            outcome = await sync_to_async(function)(*args)
        else:
            outcome = function(*args)
        return await outcome if isawaitable(outcome) else outcome

    return Step(call, acall)


def _settle(outcome: object) -> object:
    if not isawaitable(outcome):
        return outcome
    if on_event_loop():
        if hasattr(outcome, "close"):
            outcome.close()  # or Python warns that it was never awaited
        raise _needs_twin()

    async def wait() -> object:
        return await outcome

    return async_to_sync(wait)()


def _needs_twin() -> AsyncRequired:
    return AsyncRequired(
        "An async predicate cannot be awaited by a sync helper on a running event loop; use its async twin: "
        "`await aevaluate(...)`, `await aenforce(...)` or `await acan_access(...)`."
    )


def place_of(error: BaseException) -> str:
    """Where ``error`` was raised, for the log: neither its text nor a traceback, which may both quote the session."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "unknown place"
