"""Session sources: classes that read and store the session dict."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, CreateError, SessionBase, UpdateError
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookies
from django.contrib.sessions.exceptions import SessionInterrupted
from django.utils.crypto import salted_hmac

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

_MOVED = "The session ended or changed in another request in the meantime."
_KEY_LENGTH = 32  # as that of Django's keys

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

    def rotate(self, request: HttpRequest, *, empty_for: str | None = None) -> None:
        store, name = self._needed(request), conf.current().session_key
        if empty_for is None:
            _move(store, name)
            return
        kept = _login_of(store.items(), empty_for)
        try:
            _end(store)
        finally:
            store.update(kept)

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


def _move(store: Any, session_key: str) -> None:
    """Give the data of the store a new key, in at most one of the requests that have read it under the old one.

    The key of a visitor, which an attacker may have planted, is replaced by a random one. The new key of a user follows
    from the old one, so two requests cannot both create it. Otherwise each could carry the session on under a key of
    its own, and what one of them removed would stay in the other. Both keys are empty until the response is saved.
    Raises ``SessionInterrupted`` if another request has moved or ended the session.
    """
    is_somebodys = not store.keys().isdisjoint((session_key, SESSION_KEY))  # a store that finds no data drops its key
    old = store.session_key
    if old is None or not is_somebodys or _chooses_keys(type(store)):
        store.cycle_key()
        return
    data, store._session_cache = store._session_cache, {}
    try:
        _claim(store, old, _next_key(old))
    except (CreateError, UpdateError):
        store._session_key, store.modified = old, False  # saves nothing at the end of the request
        raise SessionInterrupted(_MOVED) from None
    finally:
        store._session_cache = data


def _claim(store: Any, old: str, new: str) -> None:
    store._session_key = new
    store.save(must_create=True)
    try:
        store._session_key = old
        store.save()  # fails if the old key was deleted meanwhile
    except UpdateError:
        store.delete(new)
        raise
    store.delete(old)
    store._session_key, store.modified = new, True


def _end(store: Any) -> None:
    """Empty the store, and end the session also under the keys that other requests are just giving it.

    Raises ``SessionInterrupted`` if it is under none of them.
    """
    key, is_found = store.session_key, True
    store.clear()
    while key is not None and not _chooses_keys(type(store)):
        try:
            _claim(store, key, _next_key(key))
            break
        except CreateError:
            store.delete(key)  # before the next key, so that no third request can move the session
            key = _next_key(key)
        except UpdateError:
            is_found = False
            break
    store.flush()
    if not is_found:
        raise SessionInterrupted(_MOVED)


def _next_key(key: str) -> str:
    """Return the key that replaces ``key``. Nobody can compute it without ``SECRET_KEY``."""
    digest = salted_hmac("django_sessionkit.next_key", key, algorithm="sha256").digest()
    number, characters = int.from_bytes(digest, "big"), []
    for _ in range(_KEY_LENGTH):
        number, index = divmod(number, len(VALID_KEY_CHARS))
        characters.append(VALID_KEY_CHARS[index])
    return "".join(characters)


def _chooses_keys(kind: type[SessionBase]) -> bool:
    """Return ``True`` for a store whose key is its data, and for one that keeps its data or its key in its own way."""
    is_usual = kind.cycle_key is SessionBase.cycle_key and _reads_as_usual(kind)
    return issubclass(kind, SignedCookies) or not is_usual


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
