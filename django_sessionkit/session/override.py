"""Use a session outside a request: in tests, commands, tasks and threads."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from inspect import isasyncgen, isasyncgenfunction, iscoroutine, isgenerator, isgeneratorfunction
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

from asgiref.sync import iscoroutinefunction
from django.http import StreamingHttpResponse

from django_sessionkit.utils.text import described

from .context import SessionContext, activate
from .loader import current_loader
from .streaming import pop, push, resume, stream_within
from .tenants import tenant_id
from .value import Session

P = ParamSpec("P")
R = TypeVar("R")


class use_session(AbstractContextManager["Session | None"]):
    """Make a session current in a ``with`` block or in a decorated function, for tests, commands, tasks and threads.

    As a decorator it accepts functions and methods: ``def``, ``async def`` and generators. A generator has the session
    in each of its steps. An instance may be used several times, also by several threads and tasks at the same time.

    :param data: a session dict, a :class:`~django_sessionkit.Session`, or ``None`` for an anonymous caller. It is
        validated when the block or function is entered. It is not stored.
    :param tenant: the id of the current tenant, for :class:`~django_sessionkit.Within`. ``SESSIONKIT_TENANT`` is not
        called. ``None``: that of ``data`` if it is a ``Session``, else there is no tenant.

    Raises :class:`~django_sessionkit.InvalidSession` on entry if ``data`` or ``tenant`` is not valid, and
    ``TypeError`` if it decorates a class or if ``data`` is a function.
    """

    def __init__(self, data: Mapping[str, Any] | None, *, tenant: str | None = None) -> None:
        if callable(data):
            raise TypeError(
                f"use_session needs a session, not {described(data)}. As a decorator, write "
                '@use_session({"user_id": "42"}) above the function.'
            )
        self._data = data
        self._tenant = data.tenant if tenant is None and isinstance(data, Session) else tenant

    def __enter__(self) -> Session | None:
        session = self._session()
        push(self, session)
        return session

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            pop(self)
        except LookupError:
            if kind is GeneratorExit:
                return  # Python may close an unfinished generator in any thread
            raise RuntimeError(
                "use_session: this instance was not entered in this thread or task. The session stays current where it "
                "was entered. Leave the block in the thread or task that entered it."
            ) from None

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        if isinstance(function, (classmethod, staticmethod)):
            wrapper: Any = type(function)
            return cast("Callable[P, R]", wrapper(self(function.__func__)))
        _check(function)
        for is_kind, wrapped in _KINDS:
            if is_kind(function):
                return cast("Callable[P, R]", functools.wraps(function)(wrapped(self._context, function)))
        return functools.wraps(function)(_plain(self._context, function))

    def _session(self) -> Session | None:
        if self._data is None:
            return None
        loader = current_loader()
        session = loader.validate(self._data)
        if self._tenant is None:
            return session
        return session.in_tenant(tenant_id(self._tenant, loader.settings.limits))

    def _context(self) -> SessionContext:
        return SessionContext.fixed(self._session())


def _check(function: object) -> None:
    if isinstance(function, type):
        raise TypeError(
            f"use_session cannot decorate the class {function.__name__}. Its methods would not have the session. "
            "Decorate each method, or enter use_session in setUp(): self.enterContext(use_session(...))."
        )
    if not callable(function):
        raise TypeError(
            f"use_session decorates functions and methods, not {type(function).__name__}. No code would have the "
            "session. Write it above a def, or use it in a with statement."
        )


def _plain(make: Callable[[], SessionContext], function: Callable[P, R]) -> Callable[P, R]:
    def pretending(*args: P.args, **kwargs: P.kwargs) -> R:
        context = make()
        with activate(context):
            return cast("R", _lasting(context, function(*args, **kwargs)))

    return pretending


def _coroutine(make: Callable[[], SessionContext], function: Callable[..., Any]) -> Callable[..., Any]:
    async def pretending(*args: Any, **kwargs: Any) -> Any:
        context = make()
        with activate(context):
            return _lasting(context, await function(*args, **kwargs))

    return pretending


def _generator(make: Callable[[], SessionContext], function: Callable[..., Any]) -> Callable[..., Any]:
    """Work like ``yield from``, with the session current in each step, but not between the steps."""

    def pretending(*args: Any, **kwargs: Any) -> Any:
        resumed = resume(make())
        with resumed:
            inner = function(*args, **kwargs)
        step = functools.partial(next, inner)
        while True:
            try:
                with resumed:
                    outcome = step()
            except StopIteration as end:
                return end.value
            try:
                step = functools.partial(inner.send, (yield outcome))
            except GeneratorExit:
                with resumed:
                    inner.close()
                raise
            except BaseException as error:
                step = functools.partial(inner.throw, error)

    return pretending


def _async_generator(make: Callable[[], SessionContext], function: Callable[..., Any]) -> Callable[..., Any]:
    async def pretending(*args: Any, **kwargs: Any) -> Any:
        resumed = resume(make())
        with resumed:
            inner = function(*args, **kwargs)
        step = functools.partial(anext, inner)
        while True:
            try:
                with resumed:
                    outcome = await step()
            except StopAsyncIteration:
                return
            try:
                step = functools.partial(inner.asend, (yield outcome))
            except GeneratorExit:
                with resumed:
                    await inner.aclose()
                raise
            except BaseException as error:
                step = functools.partial(inner.athrow, error)

    return pretending


_KINDS: tuple[tuple[Callable[[Any], bool], Callable[..., Any]], ...] = (
    (isgeneratorfunction, _generator),
    (isasyncgenfunction, _async_generator),
    (iscoroutinefunction, _coroutine),
)


def _lasting(context: SessionContext, outcome: object) -> object:
    """Make the session current for generators, coroutines and streaming responses that the function returns.

    They run after the function has returned.
    """
    for is_kind, wrapped in ((isgenerator, _generator), (isasyncgen, _async_generator), (iscoroutine, _coroutine)):
        if is_kind(outcome):
            return wrapped(lambda: context, lambda: outcome)()
    if isinstance(outcome, StreamingHttpResponse):
        stream_within(context, outcome)
    return outcome
