"""The session of the current request, in a slot that a context variable holds.

The slot is set when a request begins and reset when it ends. The session is loaded when code first needs it. The slot
has only a weak reference to the request, to avoid a reference cycle.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from django_sessionkit.exceptions import AsyncRequired
from django_sessionkit.utils.sansio import Flow, Step, arun, on_event_loop, run

from .reentrancy import Loads
from .value import Session

if TYPE_CHECKING:
    from django.http import HttpRequest

    from django_sessionkit.policy.decisions import Decision


class Fault(NamedTuple):
    """Why there is no session, if the reason is not that the caller is anonymous.

    ``reason`` is ``REFUSED`` or ``UNKNOWN_FOR_NOW`` of :mod:`django_sessionkit.policy.decisions`. ``detail`` is for
    developers
    and contains no value of the session.
    """

    reason: str
    detail: str = ""


def _unwatched() -> None:
    """Return the raw value of a source whose value does not change."""


class Loaded:
    """The loaded session of a slot. A changed session gets a new object.

    - ``watch``: returns the current raw value, without I/O.
    - ``stamp``: the version that was the current one when the session was loaded; ``None`` without versions.
    - ``withheld``: a stored session that grants nothing, because its version is missing or could not be checked.
    - ``decisions``: cached decisions about this session, by the key of the requirement; ``basis`` is the snapshot of
      the settings that they were made with.
    - ``fault``: why there is no session; ``None`` if there is one or the caller is anonymous.
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
        """Return a new object for another value of the same source."""
        return Loaded(session, raw, self.watch, self.stamp)

    def withholding(self, session: Session | None, fault: Fault) -> Loaded:
        """Set a stored session that grants nothing, and the reason; return this object."""
        self.withheld, self.fault = session, fault
        return self


class Origin(Protocol):
    """An object that loads the session of a slot."""

    def load(self, request: HttpRequest) -> Flow[Loaded]:
        """Read the session and validate it. This may do I/O."""
        ...

    def reload(self, request: HttpRequest, loaded: Loaded, raw: object) -> Loaded:
        """Validate a value that changed during the request, without I/O."""
        ...


@lru_cache
def not_on_loop(twin: str) -> Step:
    """Return a step that raises :class:`AsyncRequired` under ``run`` on a running event loop, and else does nothing."""

    def call() -> None:
        if on_event_loop():
            raise AsyncRequired(
                "A sync function must not load or store the session on a running event loop. Use "
                f"`await {twin}(...)`. "
                "After `await aget_session()`, sync functions can read the session, in templates too."
            )

    async def acall() -> None:
        pass

    return Step(call, acall)


#: the loads in progress
loads = Loads(ContextVar("django_sessionkit.load", default=None))


class Slot:
    """The session of one request, loaded when it is first needed."""

    __slots__ = ("__weakref__", "_origin", "_request", "loaded")

    def __init__(self, origin: Origin | None, request: HttpRequest | None, loaded: Loaded | None = None) -> None:
        self._origin = origin
        self._request = weakref.ref(request) if request is not None else None
        #: ``None`` until the session is loaded
        self.loaded = loaded

    @classmethod
    def fixed(cls, session: Session | None) -> Slot:
        """Return a slot with the given session, outside any request."""
        return cls(None, None, Loaded(session))

    @property
    def request(self) -> HttpRequest | None:
        """The request of this slot, or ``None`` outside a request or after the request object is deleted."""
        return self._request() if self._request is not None else None

    @property
    def is_loaded(self) -> bool:
        """Whether the session is loaded."""
        return self.loaded is not None

    def flow(self, twin: str = "aget_session") -> Flow[Session | None]:
        """Load the session if necessary and return it.

        ``twin`` is the name of the async variant, for the error if a sync caller on an event loop must not load.
        """
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
        """Return ``True`` if ``other`` is a slot of the same request. It cannot be loaded while this one is loading."""
        return other is self or (self._request is not None and other._request == self._request)

    def peek(self) -> Session | None:
        """Return the session if it is loaded, including changes made during the request. This does no I/O."""
        loaded = self.current()
        return loaded.session if loaded is not None else None

    def current(self) -> Loaded | None:
        """Return what is loaded, including changes made during the request. This does no I/O."""
        loaded = self.loaded
        if loaded is None:
            return None
        raw = loaded.watch()
        return loaded if raw is loaded.raw else self._changed(loaded, raw)

    def _changed(self, loaded: Loaded, raw: object) -> Loaded:
        request = self.request
        if self._origin is None or request is None:
            return Loaded(None)  # the new value cannot be validated any more
        loads.check(self)
        load = loads.begin(self._is_like)
        try:
            self.loaded = self._origin.reload(request, loaded, raw)
        finally:
            loads.end(load)
        return self.loaded

    @property
    def fault(self) -> Fault | None:
        """Why there is no session; ``None`` if there is one, the caller is anonymous, or nothing is loaded. No I/O."""
        loaded = self.current()
        return loaded.fault if loaded is not None else None

    def glimpse(self) -> Session | None:
        """Return the session if it is loaded and unchanged. This never loads, validates or raises anything."""
        loaded = self.loaded
        if loaded is None or loaded.session is None or loads.is_under_way(self):
            return None
        load = loads.begin(self._is_like)  # a custom store may write to the log, and a log filter may call this again
        try:
            return loaded.session if loaded.watch() is loaded.raw else None
        except Exception:
            return None
        finally:
            loads.end(load)

    def get(self) -> Session | None:
        """Return the session. On a running event loop it must be loaded, else :class:`AsyncRequired` is raised."""
        loaded = self.loaded
        if loaded is None:
            return run(self.flow())
        return loaded.session if loaded.watch() is loaded.raw else self.peek()

    async def aget(self) -> Session | None:
        """Async variant of :meth:`get`, which loads the session if necessary."""
        return self.peek() if self.loaded is not None else await arun(self.flow())

    def replace(self, loaded: Loaded) -> None:
        """Replace what is loaded, so that a write is visible immediately."""
        self.loaded = loaded

    def forget(self) -> None:
        """Discard what is loaded, so that the session is loaded again when it is next needed."""
        self.loaded = None

    def __repr__(self) -> str:
        return f"<Slot {'loaded' if self.loaded is not None else 'not loaded'}>"


_current: ContextVar[Slot | None] = ContextVar("django_sessionkit.slot", default=None)

current_slot = _current.get
#: for changes that do not end with a ``with`` block; for others, use :class:`activate`
set_current = _current.set


class activate:
    """Make ``slot`` the current slot in a ``with`` block. A class is three times as fast as ``@contextmanager``."""

    __slots__ = ("_slot", "_token")

    def __init__(self, slot: Slot) -> None:
        self._slot = slot

    def __enter__(self) -> Slot:
        self._token = _current.set(self._slot)
        return self._slot

    def __exit__(self, *error: object) -> None:
        _current.reset(self._token)


def within(slot: Slot, step: Step) -> Step:
    """Return ``step`` with ``slot`` as the current slot, for project code that is called while a session is loading."""

    def call() -> object:
        with activate(slot):
            return step.call()

    async def acall() -> object:
        with activate(slot):
            return await step.acall()

    return Step(call, acall)
