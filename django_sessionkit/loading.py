"""The guard over loading a session: code that helps to load it must not ask for it, or it would wait for itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

from .exceptions import InvalidPolicy


class Load:
    """One load. ``hook`` is the setting that names the code that runs at the moment, and what that is to do instead."""

    __slots__ = ("hook", "is_of", "is_over")

    def __init__(self, is_of: Callable[[Any], bool]) -> None:
        self.is_of, self.is_over = is_of, False
        self.hook = "SESSIONKIT_SOURCE", "{} does: call peek_session() there, which never loads, or ask later"


class Loads:
    """The loads that are under way, each known to the threads and tasks that belong to it and to no other."""

    def __init__(self, variable: ContextVar[Load | None]) -> None:
        self._variable = variable

    def check(self, slot: object) -> None:
        """Raise :class:`~django_sessionkit.exceptions.InvalidPolicy` in code that helps to load ``slot``."""
        load = self._variable.get()
        if load is None or not self.is_under_way(slot):
            return
        setting, hint = load.hook
        raise InvalidPolicy(setting, "must not ask for the session", hint.format(_asker()))

    def is_under_way(self, slot: object) -> bool:
        """Whether the code that asks was called by a load of ``slot``."""
        load = self._variable.get()
        return load is not None and not load.is_over and load.is_of(slot)  # a task that it has started may live on

    def begin(self, is_of: Callable[[Any], bool]) -> tuple[Load, Token[Load | None]]:
        """A load of what ``is_of`` recognises begins; give the result to :meth:`end`, in the same thread or task."""
        load = Load(is_of)
        return load, self._variable.set(load)

    def end(self, begun: tuple[Load, Token[Load | None]]) -> None:
        """A load is over, whatever has come of it."""
        load, token = begun
        load.is_over = True
        self._variable.reset(token)

    @contextmanager
    def calling(self, setting: str, hint: str) -> Iterator[None]:
        """Name the code of the project that is called, for the error that it meets if it asks for the session."""
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
    """The code that has called SessionKit."""
    frame: Any = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("django_sessionkit."):
        frame = frame.f_back
    code = frame.f_code
    return f"{frame.f_globals.get('__name__')}.{getattr(code, 'co_qualname', code.co_name)}"
