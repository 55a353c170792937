"""Where the dict of the auth layer comes from."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted

from . import conf, stores
from .exceptions import InvalidPolicy, ReadOnlySource
from .flows import user_call

if TYPE_CHECKING:
    from django.http import HttpRequest

# By these a store may look things up in a way of its own.
_READING = ("get", "_session", "_get_session", "__getattribute__")


class SessionSource:
    """Base of session sources; name a subclass in ``SESSIONKIT_SOURCE``.

    A source that only reads overrides :meth:`read` (and :meth:`aread`, if it can do better than a thread). One that can
    be written to overrides the writing methods too and, if it can do better than a thread, their ``a`` twins.
    What it returns need not be trusted: it is validated.
    """

    #: the request headers that the dict depends on: a response for which it was read varies on them
    #: It also says whether a cookie may prove the caller, so that a CSRF token is needed.
    varies_on: Sequence[str] = ("Cookie", "Authorization")
    #: whether the dict is always that of ``request.user``, so that whatever has proven the user has proven the session
    follows_user = False
    #: what makes the dict: the log names it where the dict is not valid
    maker = "SESSIONKIT_SOURCE"

    def read(self, request: HttpRequest) -> object:
        """The dict of this request, or ``None``. Called at most once per request."""
        raise NotImplementedError

    async def aread(self, request: HttpRequest) -> object:
        """:meth:`read` for ASGI."""
        return await sync_to_async(self.read)(request)

    def watch(self, request: HttpRequest) -> Callable[[], object] | None:
        """A callable without I/O that gives the dict as it is now, so that later changes in the request are seen.

        Called after :meth:`read`. It must not hold ``request`` (a reference cycle). ``None``: it does not change.
        """
        return None

    def still_holds(self, request: HttpRequest) -> bool:
        """Whether what was read may still be asked for, or is to be read again; no I/O."""
        return True

    def write(self, request: HttpRequest, data: dict[str, Any]) -> None:
        """Store ``data``, which has been validated."""
        raise _read_only(self)

    async def awrite(self, request: HttpRequest, data: dict[str, Any]) -> None:
        """:meth:`write` for ASGI."""
        await sync_to_async(self.write)(request, data)

    def remove(self, request: HttpRequest) -> None:
        """Remove the dict, and nothing else. Called for malformed dicts too, so a read-only source does nothing."""

    async def aremove(self, request: HttpRequest) -> None:
        """:meth:`remove` for ASGI."""
        await sync_to_async(self.remove)(request)

    def end(self, request: HttpRequest) -> None:
        """Remove the dict of a session that is over, and whatever the source would make it of again."""
        self.remove(request)

    async def aend(self, request: HttpRequest) -> None:
        """:meth:`end` for ASGI."""
        await self.aremove(request)

    def ensure_stored(self, request: HttpRequest) -> None:
        """Raise Django's ``SessionInterrupted`` if the store no longer has what this request has read from it.

        Called before :meth:`rotate` where old data goes on under a new key: another request may have ended it.
        """

    async def aensure_stored(self, request: HttpRequest) -> None:
        """:meth:`ensure_stored` for ASGI."""
        await sync_to_async(self.ensure_stored)(request)

    def rotate(self, request: HttpRequest, *, empty_for: str | None = None) -> None:
        """Make the old session key worthless; with ``empty_for``, the id of another user, empty the store as well."""
        raise _read_only(self)

    async def arotate(self, request: HttpRequest, *, empty_for: str | None = None) -> None:
        """:meth:`rotate` for ASGI."""
        await sync_to_async(self.rotate)(request, empty_for=empty_for)

    def expire_in(self, request: HttpRequest, seconds: float | None) -> None:
        """Let the stored session end after ``seconds``; ``None``: after the time that is usual for the store."""
        raise _read_only(self)

    async def aexpire_in(self, request: HttpRequest, seconds: float | None) -> None:
        """:meth:`expire_in` for ASGI."""
        await sync_to_async(self.expire_in)(request, seconds)

    def touch(self, request: HttpRequest) -> None:
        """Let the store renew the expiry at the end of the request; no I/O."""


def _read_only(source: SessionSource) -> ReadOnlySource:
    return ReadOnlySource(
        f"SESSIONKIT_SOURCE {type(source).__qualname__} only reads; write where your auth layer keeps its data"
    )


class DjangoSessionSource(SessionSource):
    """``request.session[SESSIONKIT_SESSION_KEY]``, on any session engine of Django. The default."""

    varies_on = ("Cookie",)  # SessionMiddleware says so too, but perhaps further out than a cache

    def _store_of(self, request: HttpRequest) -> SessionBase | None:
        """Where the dict lies, with methods as ``request.session`` has them; ``None``: this request has no store."""
        return getattr(request, "session", None)

    def read(self, request: HttpRequest) -> object:
        store = self._store_of(request)
        return stores.get(request, store, conf.current().session_key) if store is not None else None

    async def aread(self, request: HttpRequest) -> object:
        store = self._store_of(request)
        return await stores.aget(request, store, conf.current().session_key) if store is not None else None

    def watch(self, request: HttpRequest) -> Callable[[], object] | None:
        store = self._store_of(request)
        return _watching(store, conf.current().session_key) if store is not None else None

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
        store.keys()  # loads it: a store that finds nothing forgets its key
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
        self._needed(request).set_expiry(seconds)  # type: ignore[arg-type]

    async def aexpire_in(self, request: HttpRequest, seconds: float | None) -> None:
        await self._needed(request).aset_expiry(seconds)  # type: ignore[arg-type]

    def touch(self, request: HttpRequest) -> None:
        self._needed(request).modified = True

    def _needed(self, request: HttpRequest) -> SessionBase:
        store = self._store_of(request)
        if store is None:
            raise InvalidPolicy(
                "MIDDLEWARE",
                "this request has no session store",
                "add django.contrib.sessions.middleware.SessionMiddleware before SessionKitMiddleware",
            )
        return store


@contextmanager
def _interrupting() -> Iterator[None]:
    """Every store of Django refuses to save under a key that is gone; as ``SessionMiddleware`` does, say so."""
    try:
        yield
    except UpdateError:
        raise SessionInterrupted("The session has ended or changed in another request meanwhile.") from None


def _watching(store: SessionBase, key: str) -> Callable[[], object]:
    """Once loaded, a store answers from memory, which ``flush()`` empties.

    Where a store looks things up as Django's own do, the dict that it keeps is looked at without its help: this is
    asked for every time that anybody asks for the session.
    """
    if not _reads_as_usual(type(store)):
        return lambda: store.get(key)

    def watch() -> object:
        try:
            return store._session_cache.get(key)  # type: ignore[attr-defined]
        except AttributeError:
            return store.get(key)  # somebody has made the store forget what it had loaded

    return watch


@lru_cache(maxsize=32)
def _reads_as_usual(kind: type[SessionBase]) -> bool:
    return all(getattr(kind, name) is getattr(SessionBase, name) for name in _READING)


def _login_of(items: Iterable[tuple[str, Any]], user_id: str) -> dict[str, Any]:
    """What ``contrib.auth``'s ``login()`` has just stored, if it was about the same user; it is not to be wiped."""
    data = dict(items)
    if str(data.get(SESSION_KEY)) != user_id:
        return {}
    return {key: data[key] for key in (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY) if key in data}


class RequestAttributeSource(SessionSource):
    """``request.sessionkit_data``, as a token middleware sets it for the length of one request. Read-only."""

    def read(self, request: HttpRequest) -> object:
        return getattr(request, "sessionkit_data", None)

    async def aread(self, request: HttpRequest) -> object:
        return self.read(request)

    def watch(self, request: HttpRequest) -> Callable[[], object] | None:
        alive = weakref.ref(request)  # holding it would close a reference cycle
        return lambda: getattr(alive(), "sessionkit_data", None)


class CallableSource(SessionSource):
    """A callable ``(request) -> Mapping | None``, sync or async. Read-only."""

    def __init__(self, function: Callable[[HttpRequest], object]) -> None:
        self._function = function

    def read(self, request: HttpRequest) -> object:
        return user_call(self._function, request).call()

    async def aread(self, request: HttpRequest) -> object:
        return await user_call(self._function, request).acall()
