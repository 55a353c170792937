"""Coroutines without a truth value: a condition that lacks its ``await`` must not count as true."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Generator
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import markcoroutinefunction

P = ParamSpec("P")
T = TypeVar("T")


class Answer(Coroutine[Any, Any, T]):
    """A coroutine that raises ``TypeError`` where a truth value is asked for. Everything else works as usual."""

    __slots__ = ("__weakref__", "_coroutine", "_name")

    def __init__(self, coroutine: Coroutine[Any, Any, T], name: str) -> None:
        self._coroutine = coroutine
        self._name = name

    def __getattr__(self, name: str) -> Any:
        """Return the name, the code and the state of the coroutine, for debuggers and the representation of a task."""
        if name == "_coroutine":  # of an object that copy() or pickle has just created
            raise AttributeError(name)
        return getattr(self._coroutine, name)

    def __await__(self) -> Generator[Any, Any, T]:
        return self._coroutine.__await__()

    def send(self, value: Any) -> Any:
        """Resume the coroutine, for an event loop."""
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise an exception inside the coroutine, for an event loop."""
        return self._coroutine.throw(*error)

    def close(self) -> None:
        """Close the coroutine."""
        self._coroutine.close()

    def __bool__(self) -> bool:
        if sys._getframe(1).f_globals.get("__name__") == "asyncio.base_tasks":
            return True  # since Python 3.12, the representation of a task asks whether it has a coroutine
        self._coroutine.close()  # otherwise Python also warns that it was never awaited
        raise TypeError(f"{self._name}() has no answer without await. Write: await {self._name}(...)")


def needs_await(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Let an ``async`` function return an :class:`Answer`, so that ``if ahas_role("admin"):`` is an error.

    A plain coroutine is always true, so the condition would hold for everyone.
    """

    @wraps(function)
    def asked(*args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        return Answer(function(*args, **kwargs), function.__name__)

    return markcoroutinefunction(asked)
