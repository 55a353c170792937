"""The session of the current request: one slot, one context variable.

A slot is set on entry and reset by token; whoever looks through it resolves it on first need. It holds the request
weakly, so that no reference cycle keeps a request for the garbage collector.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .exceptions import AsyncRequired
from .flows import Flow, Step, arun, on_event_loop, run
from .loading import Loads
from .session import Session

if TYPE_CHECKING:
    from django.http import HttpRequest

    from .decisions import Decision


class Fault(NamedTuple):
    """Why there is no session, for a caller who is not simply anonymous.

    ``reason`` is ``REFUSED`` or ``UNKNOWN_FOR_NOW`` of :mod:`django_sessionkit.decisions`; ``detail`` is for developers
    and holds no value of the session.
    """

    reason: str
    detail: str = ""


def _unwatched() -> None:
    """What does not change."""


class Loaded:
    """What a slot has loaded; a change makes a new one. ``watch()`` gives the raw value as it is now, without I/O.

    ``stamp`` is the version that was found to be the current one, where sessions have versions. ``withheld`` is a
    session in the store that does not count, as nobody can say whether it is current. ``decisions`` are
    answers about this session, by the key of the requirement; ``basis`` is what they were made with. ``fault`` says why
    there is no session, unless the caller is simply anonymous.
    """

    __slots__ = ("basis", "decisions", "fault", "raw", "session", "stamp", "watch", "withheld")

    def __init__(
        self,
        session: Session | None,
        raw: object = None,
        watch: Callable[[], object] | None = None,
        stamp: str | None = None,
        fault: Fault | None = None,
    ) -> None:
        self.session = session
        self.raw = raw if watch is not None else None
        self.watch = watch or _unwatched
        self.stamp = stamp
        self.fault = fault
        self.withheld: Session | None = None
        self.decisions: dict[object, Decision] | None = None
        self.basis: object = None

    def changed_to(self, session: Session | None, raw: object = None) -> Loaded:
        """The same source with another value."""
        return Loaded(session, raw, self.watch, self.stamp)

    def withholding(self, session: Session | None, fault: Fault) -> Loaded:
        """This, with a session that does not count, for a reason."""
        self.withheld, self.fault = session, fault
        return self


class Origin(Protocol):
    """Where a slot gets its session from."""

    def load(self, request: HttpRequest) -> Flow[Loaded]:
        """Read and validate, with I/O."""
        ...

    def reload(self, request: HttpRequest, loaded: Loaded, raw: object) -> Loaded:
        """Validate a value that has changed during the request, without I/O."""
        ...


@lru_cache
def not_on_loop(twin: str) -> Step:
    """A step that lets ``arun`` pass, and ``run`` only where it may block."""

    def call() -> None:
        if on_event_loop():
            raise AsyncRequired(
                "The session must not be loaded or stored by a sync helper on a running event loop; use "
                f"`await {twin}(...)`. "
                "Once `await aget_session()` has loaded it, the sync helpers that only read work, in templates too."
            )

    async def acall() -> None:
        pass

    return Step(call, acall)


#: the loads that are under way
loads = Loads(ContextVar("django_sessionkit.load", default=None))


class Slot:
    """The session of one request, loaded on first need."""

    __slots__ = ("__weakref__", "_origin", "_request", "loaded")

    def __init__(self, origin: Origin | None, request: HttpRequest | None, loaded: Loaded | None = None) -> None:
        self._origin = origin
        self._request = weakref.ref(request) if request is not None else None
        #: ``None`` until the session has been asked for
        self.loaded = loaded

    @classmethod
    def fixed(cls, session: Session | None) -> Slot:
        """A slot outside any request."""
        return cls(None, None, Loaded(session))

    @property
    def request(self) -> HttpRequest | None:
        """The request of this slot, while it lives."""
        return self._request() if self._request is not None else None

    @property
    def is_loaded(self) -> bool:
        """Whether the session has been asked for."""
        return self.loaded is not None

    def flow(self, twin: str = "aget_session") -> Flow[Session | None]:
        """Load if need be; ``twin`` is the async helper to name where this cannot be done."""
        request = self.request
        if self.loaded is None and self._origin is not None and request is not None:
            loads.check(self)
            yield not_on_loop(twin)
            load = loads.begin(self._is_like)
            try:
                self.loaded = yield from self._origin.load(request)
            finally:
                loads.end(load)
        return self.peek()

    def _is_like(self, other: Slot) -> bool:
        """Whether ``other`` is of the same request, so that it cannot be loaded while this one is."""
        return other is self or (self._request is not None and other._request == self._request)

    def peek(self) -> Session | None:
        """The session as far as it is loaded, with changes made during the request; no I/O."""
        loaded = self.current()
        return loaded.session if loaded is not None else None

    def current(self) -> Loaded | None:
        """What is loaded, with changes made during the request; no I/O."""
        loaded = self.loaded
        if loaded is None:
            return None
        raw = loaded.watch()
        return loaded if raw is loaded.raw else self._changed(loaded, raw)

    def _changed(self, loaded: Loaded, raw: object) -> Loaded:
        request = self.request
        if self._origin is None or request is None:
            return Loaded(None)  # nobody is left to say what the new value is worth
        loads.check(self)
        load = loads.begin(self._is_like)
        try:
            self.loaded = self._origin.reload(request, loaded, raw)
        finally:
            loads.end(load)
        return self.loaded

    @property
    def fault(self) -> Fault | None:
        """Why there is no session, unless the caller is simply anonymous; as far as it is loaded, no I/O."""
        loaded = self.current()
        return loaded.fault if loaded is not None else None

    def glimpse(self) -> Session | None:
        """The session as far as it is known; nothing is loaded, validated or raised, whatever happens."""
        loaded = self.loaded
        if loaded is None or loaded.session is None or loads.is_under_way(self):
            return None
        load = loads.begin(self._is_like)  # a store of another kind may write to the log, and so ask again
        try:
            return loaded.session if loaded.watch() is loaded.raw else None
        except Exception:
            return None
        finally:
            loads.end(load)

    def get(self) -> Session | None:
        """The session; on an event loop only if it is loaded."""
        loaded = self.loaded
        if loaded is None:
            return run(self.flow())
        return loaded.session if loaded.watch() is loaded.raw else self.peek()

    async def aget(self) -> Session | None:
        """The session, loaded with ``await``."""
        return self.peek() if self.loaded is not None else await arun(self.flow())

    def replace(self, loaded: Loaded) -> None:
        """Make a write visible at once."""
        self.loaded = loaded

    def forget(self) -> None:
        """Load again on next need."""
        self.loaded = None

    def __repr__(self) -> str:
        return f"<Slot {'loaded' if self.loaded is not None else 'not loaded'}>"


_current: ContextVar[Slot | None] = ContextVar("django_sessionkit.slot", default=None)

current_slot = _current.get
#: for a change that no ``with`` block ends; else write :class:`activate`
set_current = _current.set


class activate:
    """Make ``slot`` the current one for a ``with`` block. (As a generator it would cost three times as much.)"""

    __slots__ = ("_slot", "_token")

    def __init__(self, slot: Slot) -> None:
        self._slot = slot

    def __enter__(self) -> Slot:
        self._token = _current.set(self._slot)
        return self._slot

    def __exit__(self, *error: object) -> None:
        _current.reset(self._token)


def within(slot: Slot, step: Step) -> Step:
    """``step`` for code that is called while a session is being loaded: it finds ``slot`` if it asks for one."""

    def call() -> object:
        with activate(slot):
            return step.call()

    async def acall() -> object:
        with activate(slot):
            return await step.acall()

    return Step(call, acall)
