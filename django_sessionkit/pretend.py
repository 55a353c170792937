"""A session where there is no request: for tests, commands, tasks and threads."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

from asgiref.sync import iscoroutinefunction

from .context import Slot, activate
from .origin import current_origin
from .session import Session

P = ParamSpec("P")
R = TypeVar("R")


class use_session(AbstractContextManager["Session | None"]):
    """Pretend a session: for tests, commands, tasks and threads. A context manager, and a decorator for ``def`` and
    ``async def``.

    ``data`` is a session dict, a :class:`~django_sessionkit.Session`, or ``None`` for an anonymous caller. It is
    validated on entry (:class:`~django_sessionkit.InvalidSession`) and stored nowhere.
    """

    def __init__(self, data: Mapping[str, Any] | None) -> None:
        self._data = data
        self._active: list[activate] = []

    def __enter__(self) -> Session | None:
        session = current_origin().validate(self._data) if self._data is not None else None
        active = activate(Slot.fixed(session))
        active.__enter__()
        self._active.append(active)
        return session

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._active.pop().__exit__(kind, error, trace)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        if not iscoroutinefunction(function):

            @functools.wraps(function)
            def pretending(*args: P.args, **kwargs: P.kwargs) -> R:
                with use_session(self._data):
                    return function(*args, **kwargs)

            return pretending

        @functools.wraps(function)
        async def apretending(*args: P.args, **kwargs: P.kwargs) -> Any:
            with use_session(self._data):
                return await function(*args, **kwargs)

        return cast("Callable[P, R]", apretending)
