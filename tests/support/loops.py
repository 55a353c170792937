"""``async_to_sync`` for tests that send many requests: as asgiref's, but sync code within runs on the same thread.

Django's ASGI handler changes the thread eight times per request, which costs more than all the rest. Tests about
threads and about the context of a caller use asgiref's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class InPlaceLoop(asyncio.SelectorEventLoop):
    """An event loop that runs the work for an executor at once. As on a thread, no loop is running meanwhile."""

    is_waiting = False

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        asyncio._set_running_loop(None)
        self.is_waiting = True
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        finally:
            self.is_waiting = False
            asyncio._set_running_loop(self)
        return future

    def is_running(self) -> bool:
        return super().is_running() and not self.is_waiting

    def call_soon_threadsafe(self, *args: Any, **options: Any) -> asyncio.Handle:
        """Refuse work from sync code that this loop waits for: asgiref makes another loop then."""
        if self.is_waiting:
            raise RuntimeError("This loop waits for its caller.")
        return super().call_soon_threadsafe(*args, **options)


def async_to_sync(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        loop = InPlaceLoop()
        try:
            return loop.run_until_complete(function(*args, **kwargs))
        finally:
            loop.close()

    return wrapper
