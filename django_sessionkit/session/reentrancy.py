"""Detect project code that reads the session while it takes part in loading it, which would recurse endlessly."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

from django_sessionkit.exceptions import InvalidPolicy


class Load:
    """One load of a session. ``hook`` is the setting whose code is running, and the hint for an error in that code."""

    __slots__ = ("hook", "is_of", "is_over")

    def __init__(self, is_of: Callable[[Any], bool]) -> None:
        self.is_of: Callable[[Any], bool] = is_of
        self.is_over: bool = False
        self.hook: tuple[str, str] = (
            "SESSIONKIT_SOURCE",
            "{} does; call peek_session() there, which never loads it, or read it later",
        )


class ReentrancyGuard:
    """The loads in progress. Each is visible only to the threads and tasks that take part in it."""

    def __init__(self, variable: ContextVar[Load | None]) -> None:
        self._variable = variable

    def is_under_way(self, context: object) -> bool:
        """Return ``True`` if the caller runs inside a load of ``context``."""
        load = self._variable.get()
        return (
            load is not None and not load.is_over and load.is_of(context)
        )  # a task started by the load may outlive it

    def begin(self, context: object, is_of: Callable[[Any], bool]) -> tuple[Load, Token[Load | None]]:
        """Begin a load of ``context``. Pass the result to :meth:`end`, in the same thread or task.

        ``is_of`` returns ``True`` for the contexts that cannot be loaded meanwhile. Raises
        :class:`~django_sessionkit.exceptions.InvalidPolicy` if the caller takes part in loading ``context``.
        """
        outer = self._variable.get()
        if outer is not None and self.is_under_way(context):
            setting, hint = outer.hook
            raise InvalidPolicy(setting, "must not read the session while it is loading", hint.format(_asker()))
        load = Load(is_of)
        return load, self._variable.set(load)

    def end(self, begun: tuple[Load, Token[Load | None]]) -> None:
        """End a load, whether it succeeded or failed."""
        load, token = begun
        load.is_over = True
        self._variable.reset(token)

    @contextmanager
    def calling(self, setting: str, hint: str) -> Iterator[None]:
        """Set the setting and the hint for the error in project code that reads the session inside this block."""
        load = self._variable.get()
        if load is None:
            yield
            return
        before, load.hook = load.hook, (setting, hint)
        try:
            yield
        finally:
            load.hook = before


def _asker() -> str:
    """Return the dotted name of the function that called SessionKit."""
    frame: Any = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("django_sessionkit."):
        frame = frame.f_back
    code = frame.f_code
    return f"{frame.f_globals.get('__name__')}.{getattr(code, 'co_qualname', code.co_name)}"
