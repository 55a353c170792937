"""The session context: the session of the current request, held by a context variable.

It is set when a request begins and reset when it ends. The session is loaded when code first needs it. It
has only a weak reference to the request, to avoid a reference cycle.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, NamedTuple, Protocol

from django_sessionkit.utils.sansio import Flow, IOStep, arun, run

from .reentrancy import ReentrancyGuard
from .value import Session

if TYPE_CHECKING:
    from django.http import HttpRequest

    from django_sessionkit.policy.decisions import Decision


class Fault(NamedTuple):
    """Why there is no session, if the reason is not that the caller is anonymous.

    ``reason`` is ``REFUSED`` or ``UNKNOWN_FOR_NOW`` of :mod:`django_sessionkit.policy.decisions`. ``detail`` is for
    developers and contains no value of the session.
    """

    reason: str
    detail: str = ""


def _no_value() -> None:
    """Return the raw value of a source whose value does not change."""


class LoadedSession:
    """The loaded session of a context. A changed session gets a new object.

    - ``watch``: returns the current raw value, without I/O.
    - ``version``: the one that was the current one when the session was loaded; ``None`` without versions.
    - ``unavailable``: a stored session that grants nothing, because its version is missing or could not be checked.
    - ``decisions``: cached decisions about this session, by the key of the requirement; ``settings_used`` are the
      settings that they were made with.
    - ``fault``: why there is no session; ``None`` if there is one or the caller is anonymous.
    """

    __slots__ = ("current_value", "decisions", "fault", "raw", "session", "settings_used", "unavailable", "version")

    def __init__(
        self,
        session: Session | None,
        raw: object = None,
        watch: Callable[[], object] | None = None,
        stamp: str | None = None,
        fault: Fault | None = None,
    ) -> None:
        self.session: Session | None = session
        self.raw: object = raw if watch is not None else None
        self.current_value: Callable[[], object] = watch or _no_value
        self.version: str | None = stamp
        self.fault = fault
        self.unavailable: Session | None = None
        self.decisions: dict[object, Decision] | None = None
        self.settings_used: object = None

    def changed_to(self, session: Session | None, raw: object = None) -> LoadedSession:
        """Return a new object for another value of the same source."""
        return LoadedSession(session, raw, self.current_value, self.version)

    def made_unavailable(self, session: Session | None, fault: Fault) -> LoadedSession:
        """Set a stored session that grants nothing, and the reason; return this object."""
        self.unavailable, self.fault = session, fault
        return self


class Loader(Protocol):
    """An object that loads the session of a context."""

    #: whether code of the project takes part in loading, which could read the session meanwhile
    calls_project_code: bool

    def load(self, request: HttpRequest) -> Flow[LoadedSession]:
        """Read the session and validate it. This may do I/O."""
        ...

    def reload(self, request: HttpRequest, loaded: LoadedSession, raw: object) -> LoadedSession:
        """Validate a value that changed during the request, without I/O."""
        ...


#: the loads in progress
loads: ReentrancyGuard = ReentrancyGuard(ContextVar("django_sessionkit.load", default=None))

#: the view that is fetching its object, and the name of its method
fetching: ContextVar[tuple[object, str] | None] = ContextVar("django_sessionkit.fetching", default=None)


class SessionContext:
    """The session of one request, loaded when it is first needed."""

    __slots__ = ("__weakref__", "_loader", "_request", "loaded")

    def __init__(self, origin: Loader | None, request: HttpRequest | None, loaded: LoadedSession | None = None) -> None:
        self._loader = origin
        self._request = weakref.ref(request) if request is not None else None
        #: ``None`` until the session is loaded
        self.loaded: LoadedSession | None = loaded

    @classmethod
    def fixed(cls, session: Session | None) -> SessionContext:
        """Return a context with the given session, outside any request."""
        return cls(None, None, LoadedSession(session))

    @property
    def request(self) -> HttpRequest | None:
        """The request of this context, or ``None`` outside a request or after the request object is deleted."""
        return self._request() if self._request is not None else None

    @property
    def is_loaded(self) -> bool:
        """Whether the session is loaded."""
        return self.loaded is not None

    def flow(self) -> Flow[Session | None]:
        """Load the session if necessary and return it."""
        if self.loaded is None and self._loader is not None and (request := self.request) is not None:
            load = loads.begin(self, self._is_like) if self._loader.calls_project_code else None
            try:
                self.loaded = loaded = yield from self._loader.load(request)
            finally:
                if load is not None:
                    loads.end(load)
            return loaded.session
        return self.peek()

    def _is_like(self, other: SessionContext) -> bool:
        """Return ``True`` if ``other`` belongs to the same request. It cannot be loaded while this one is loading."""
        return other is self or (self._request is not None and other._request == self._request)

    def peek(self) -> Session | None:
        """Return the session if it is loaded, including changes made during the request. This does no I/O."""
        loaded = self.current_value()
        return loaded.session if loaded is not None else None

    def current_value(self) -> LoadedSession | None:
        """Return what is loaded, including changes made during the request. This does no I/O."""
        loaded = self.loaded
        if loaded is None:
            return None
        raw = loaded.current_value()
        return loaded if raw is loaded.raw else self._changed(loaded, raw)

    def _changed(self, loaded: LoadedSession, raw: object) -> LoadedSession:
        request = self.request
        if self._loader is None or request is None:
            return LoadedSession(None)  # the new value cannot be validated any more
        load = loads.begin(self, self._is_like)
        try:
            self.loaded = self._loader.reload(request, loaded, raw)
        finally:
            loads.end(load)
        return self.loaded

    @property
    def fault(self) -> Fault | None:
        """Why there is no session; ``None`` if there is one, the caller is anonymous, or nothing is loaded. No I/O."""
        loaded = self.current_value()
        return loaded.fault if loaded is not None else None

    def peek_silently(self) -> Session | None:
        """Return the session if it is loaded and unchanged. This never loads, validates or raises anything."""
        loaded = self.loaded
        if loaded is None or loaded.session is None or loads.is_under_way(self):
            return None
        load = loads.begin(
            self, self._is_like
        )  # a custom store may write to the log, and a log filter may call this again
        try:
            return loaded.session if loaded.current_value() is loaded.raw else None
        except Exception:
            return None
        finally:
            loads.end(load)

    def get(self) -> Session | None:
        """Return the session. On a running event loop it must be loaded, else :class:`AsyncRequired` is raised."""
        loaded = self.loaded
        if loaded is None:
            return run(self.flow())
        return loaded.session if loaded.current_value() is loaded.raw else self.peek()

    async def aget(self) -> Session | None:
        """Async variant of :meth:`get`, which loads the session if necessary."""
        return self.peek() if self.loaded is not None else await arun(self.flow())

    def close_code(self, decision: Decision) -> int | None:
        """The WebSocket close code for a denial; ``None``, because this is the session of a request."""
        return None

    def replace(self, loaded: LoadedSession) -> None:
        """Replace what is loaded, so that a write is visible immediately."""
        self.loaded = loaded

    def invalidate(self) -> None:
        """Discard what is loaded, so that the session is loaded again when it is next needed."""
        self.loaded = None

    def __repr__(self) -> str:
        return f"<SessionContext {'loaded' if self.loaded is not None else 'not loaded'}>"


_current: ContextVar[SessionContext | None] = ContextVar("django_sessionkit.context", default=None)

current_context: Callable[[], SessionContext | None] = _current.get
#: for changes that do not end with a ``with`` block, and for the middleware; for others, use :class:`activate`
set_current: Callable[[SessionContext | None], Token[SessionContext | None]] = _current.set
reset_current: Callable[[Token[SessionContext | None]], None] = _current.reset


class activate:
    """Make ``context`` current in a ``with`` block. A class is three times as fast as ``@contextmanager``."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: SessionContext) -> None:
        self._context = context

    def __enter__(self) -> SessionContext:
        self._token = _current.set(self._context)
        return self._context

    def __exit__(self, *error: object) -> None:
        _current.reset(self._token)


def within(context: SessionContext, step: IOStep) -> IOStep:
    """Return ``step`` with ``context`` as the current context, for project code that is called while a session is
    loading.
    """

    def call() -> object:
        with activate(context):
            return step.call()

    async def acall() -> object:
        with activate(context):
            return await step.acall()

    return IOStep(call, acall)
