"""Logic that is written once, for sync and async code.

A *flow* is a generator that does no I/O. Where I/O or project code is needed, it yields a :class:`IOStep` and receives
the result of the step, or its exception. :func:`run` executes the steps with plain calls, :func:`arun` with ``await``.
:func:`dry_run` executes no step.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Generator
from inspect import isawaitable
from traceback import walk_tb
from typing import Any, NamedTuple, TypeAlias, TypeVar

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async

from django_sessionkit.exceptions import AsyncRequired, NotEvaluated

T = TypeVar("T")

# What the paths of installed code contain: of packages, of Python, and of this package.
_INSTALLED = (
    "site-packages",
    "dist-packages",
    os.path.dirname(os.__file__) + os.sep,
    os.path.dirname(os.path.dirname(__file__)) + os.sep,
)


class IOStep(NamedTuple):
    """One operation that may do I/O, as a sync and as an async callable."""

    call: Callable[[], Any]
    acall: Callable[[], Awaitable[Any]]
    #: whether ``call`` blocks, so that it must not run on an event loop
    blocks: bool = False


Flow: TypeAlias = Generator[IOStep, Any, T]

_MUST_NOT_BLOCK = (
    "A sync function must not load or store the session on a running event loop. Use `await {}(...)`. "
    "After `await aget_session()`, sync functions can read the session, in templates too."
)


async def _do_nothing() -> None: ...


#: raises :class:`AsyncRequired` under :func:`run` on a running event loop, and else does nothing
MAY_BLOCK = IOStep(lambda: None, _do_nothing, blocks=True)


def run(flow: Flow[T], async_name: str = "aget_session") -> T:
    """Run ``flow`` with plain calls and return its result.

    ``async_name`` is the async variant of the caller. The error names it if a step would block an event loop.
    """
    try:
        step = next(flow)
        while True:
            try:
                if step.blocks and asyncio._get_running_loop() is not None and on_event_loop():
                    raise AsyncRequired(_MUST_NOT_BLOCK.format(async_name))
                outcome = step.call()
            except Exception as error:
                step = flow.throw(error)
            else:
                step = flow.send(outcome)
    except StopIteration as end:
        result: T = end.value
        return result
    except BaseException:
        flow.close()  # so that its cleanup runs in this thread or task
        raise


async def arun(flow: Flow[T]) -> T:
    """Run ``flow`` on the running event loop and return its result."""
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
        result: T = end.value
        return result
    except BaseException:
        flow.close()
        raise


def dry_run(flow: Flow[T]) -> T:
    """Run ``flow`` without executing any step: each step raises :class:`NotEvaluated` inside the flow."""
    try:
        next(flow)
        while True:
            flow.throw(NotEvaluated())
    except StopIteration as end:
        result: T = end.value
        return result


def on_event_loop() -> bool:
    """Return ``True`` if this thread runs an event loop and must not block.

    With ``DJANGO_ALLOW_ASYNC_UNSAFE`` set, it always returns ``False``, as for Django's ORM.
    """
    loop = asyncio._get_running_loop()  # the public function raises an exception where there is none, for each request
    return loop is not None and not os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")


def user_call(function: Callable[..., Any], *args: object) -> IOStep:
    """Return a step that calls project code, which may be sync or async and may do I/O.

    Under ``arun`` a sync function runs in a thread, so it may use the ORM. Under ``run`` a coroutine is run to its end;
    on a running event loop that raises :class:`AsyncRequired`.
    """

    def call() -> object:
        if iscoroutinefunction(function) and on_event_loop():
            raise _needs_async_variant()
        return _await_result(function(*args))

    async def acall() -> object:
        if not iscoroutinefunction(function):
            outcome = await sync_to_async(function)(*args)
        else:
            outcome = function(*args)
        return await outcome if isawaitable(outcome) else outcome

    return IOStep(call, acall)


def _await_result(outcome: object) -> object:
    if not isawaitable(outcome):
        return outcome
    if on_event_loop():
        close = getattr(outcome, "close", None)
        if close is not None:
            close()  # otherwise Python warns that it was never awaited
        raise _needs_async_variant()

    async def wait() -> object:
        return await outcome

    return async_to_sync(wait)()


def _needs_async_variant() -> AsyncRequired:
    return AsyncRequired(
        "A sync function cannot await an async predicate on a running event loop. Use the async variant, such as "
        "`await ahas_role(...)`, `await aevaluate(...)`, `await aenforce(...)` or `await acan_access(...)`."
    )


def place_of(error: BaseException) -> str:
    """Return the file and line of the project where ``error`` was raised, or passed through; for the log.

    Without a line of the project, it is that of the library. The log gets neither the text nor the traceback of the
    error, because both may contain values of the session.
    """
    lines = [(frame.f_code.co_filename, number) for frame, number in walk_tb(error.__traceback__)]
    own = [line for line in lines if not any(part in line[0] for part in _INSTALLED)]
    return "{}:{}".format(*(own or lines)[-1]) if lines else "unknown place"
