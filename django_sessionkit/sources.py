"""Session sources: classes that read and store the session dict."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted

from . import conf
from .conf import installed
from .conf.session_source import SessionSource
from .exceptions import InvalidPolicy
from .session import store_faults
from .utils.sansio import user_call

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["CallableSource", "DjangoSessionSource", "RequestAttributeSource", "SessionSource"]

_BELOW = (
    "move the middleware that changes the session below SessionMiddleware; in a test, a request of RequestFactory "
    "passes no middleware, so use the test client"
)

_MISSING = f"add {installed.SESSION_MIDDLEWARE} above SessionKitMiddleware"

# A store that overrides one of these methods may look up values in a different way than Django's stores.
_READING = ("get", "_session", "_get_session", "__getattribute__")


class DjangoSessionSource(SessionSource):
    """Store the dict in ``request.session[SESSIONKIT_SESSION_KEY]``, with any session engine. This is the default."""

    # SessionMiddleware adds it too, but a cache may be between it and the view
    vary_headers: Sequence[str] = ("Cookie",)

    def _store_of(self, request: HttpRequest) -> SessionBase | None:
        """Return the store of the dict, with the methods of ``request.session``; ``None`` if there is no store."""
        return getattr(request, "session", None)

    def read(self, request: HttpRequest) -> object:
        store = self._store_of(request)
        if store is None:
            return None
        kept = store.get((conf.latest or conf.current()).session_key)
        if kept is None:
            store_faults.check(request, store)
        return kept

    async def aread(self, request: HttpRequest) -> object:
        store = self._store_of(request)
        if store is None:
            return None
        kept = await store.aget((conf.latest or conf.current()).session_key)
        if kept is None:
            await store_faults.acheck(request, store)
        return kept

    def watch(self, request: HttpRequest) -> Callable[[], object] | None:
        """Return a callable that reads the dict from the loaded store, without I/O.

        It runs each time the session is read, so it avoids the methods of the store, unless a subclass overrides them.
        """
        store: Any = self._store_of(request)
        if store is None:
            return None
        key = (conf.latest or conf.current()).session_key
        kind: type[SessionBase] = type(store)
        if not _reads_as_usual(kind):
            return lambda: store.get(key)

        def watch() -> object:
            try:
                return store._session_cache.get(key)
            except AttributeError:
                return store.get(key)  # the cached dict of the store was discarded

        return watch

    def write(self, request: HttpRequest, data: dict[str, Any]) -> None:
        self._needed(request)[conf.current().session_key] = data

    async def awrite(self, request: HttpRequest, data: dict[str, Any]) -> None:
        await self._needed(request).aset(conf.current().session_key, data)

    def remove(self, request: HttpRequest) -> None:
        self._needed(request).pop(conf.current().session_key, None)

    async def aremove(self, request: HttpRequest) -> None:
        await self._needed(request).apop(conf.current().session_key, None)

    def ensure_stored(self, request: HttpRequest) -> None:
        store = self._needed(request)
        store.keys()  # loads the store; if it finds no data, it drops its session key
        if store.session_key is not None:
            with _interrupting():
                store.save()

    async def aensure_stored(self, request: HttpRequest) -> None:
        store = self._needed(request)
        await store.akeys()
        if store.session_key is not None:
            with _interrupting():
                await store.asave()

    def rotate(self, request: HttpRequest, *, empty_for: str | None = None) -> None:
        store = self._needed(request)
        if empty_for is None:
            store.cycle_key()
            return
        kept = _login_of(store.items(), empty_for)
        store.flush()
        store.update(kept)

    async def arotate(self, request: HttpRequest, *, empty_for: str | None = None) -> None:
        store = self._needed(request)
        if empty_for is None:
            await store.acycle_key()
            return
        kept = _login_of(await store.aitems(), empty_for)
        await store.aflush()
        await store.aupdate(kept)

    def expire_in(self, request: HttpRequest, seconds: float | None) -> None:
        self._needed(request).set_expiry(seconds)

    async def aexpire_in(self, request: HttpRequest, seconds: float | None) -> None:
        await self._needed(request).aset_expiry(seconds)

    def touch(self, request: HttpRequest) -> None:
        self._needed(request).modified = True

    def _needed(self, request: HttpRequest) -> Any:
        store = self._store_of(request)
        if store is None:
            fault = "SessionMiddleware has not run for this request, so it has no session store"
            raise InvalidPolicy("MIDDLEWARE", fault, _BELOW if installed.keeps_sessions() else _MISSING)
        return store


@contextmanager
def _interrupting() -> Iterator[None]:
    """Raise ``SessionInterrupted``, as ``SessionMiddleware`` does, if the store cannot save under a deleted key."""
    try:
        yield
    except UpdateError:
        raise SessionInterrupted("The session ended or changed in another request in the meantime.") from None


@lru_cache(maxsize=32)
def _reads_as_usual(kind: type[SessionBase]) -> bool:
    return all(getattr(kind, name) is getattr(SessionBase, name) for name in _READING)


def _login_of(items: Iterable[tuple[str, Any]], user_id: str) -> dict[str, Any]:
    """Return the data that ``contrib.auth``'s ``login()`` just stored for the same user, which must be kept."""
    data = dict(items)
    if str(data.get(SESSION_KEY)) != user_id:
        return {}
    return {key: data[key] for key in (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY) if key in data}


class RequestAttributeSource(SessionSource):
    """Read the dict from ``request.sessionkit_data``, which token middleware sets for one request. Read-only."""

    challenge = 'Bearer realm="site"'

    def read(self, request: HttpRequest) -> object:
        return getattr(request, "sessionkit_data", None)

    async def aread(self, request: HttpRequest) -> object:
        return self.read(request)

    def watch(self, request: HttpRequest) -> Callable[[], object] | None:
        alive = weakref.ref(request)  # a strong reference would create a cycle
        return lambda: getattr(alive(), "sessionkit_data", None)


class CallableSource(SessionSource):
    """Read the dict by calling ``function(request)``, sync or async. It returns a mapping or ``None``. Read-only.

    The function may have an attribute ``challenge``.
    """

    def __init__(self, function: Callable[[HttpRequest], object]) -> None:
        self._function = function
        self.challenge: str = getattr(function, "challenge", SessionSource.challenge)

    def read(self, request: HttpRequest) -> object:
        return user_call(self._function, request).call()

    async def aread(self, request: HttpRequest) -> object:
        return await user_call(self._function, request).acall()
