"""Session stores of Django that hide a fault: a cache that is out of reach looks like a session that has expired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.sessions.backends.cache import SessionStore
from django.core.cache.backends.base import InvalidCacheKey

from . import conf

if TYPE_CHECKING:
    from django.http import HttpRequest


def get(request: HttpRequest, store: Any, name: str) -> object:
    """``store.get(name)``, which raises what the cache raises."""
    kept = store.get(name)
    if kept is None and (key := _lost_key(request, store)) is not None:
        try:
            store._cache.get(store.cache_key_prefix + key)
        except Exception as error:
            _raise(error, store, key)
    return kept


async def aget(request: HttpRequest, store: Any, name: str) -> object:
    """:func:`get` for ASGI."""
    kept = await store.aget(name)
    if kept is None and (key := _lost_key(request, store)) is not None:
        try:
            await store._cache.aget(store.cache_key_prefix + key)
        except Exception as error:
            _raise(error, store, key)
    return kept


def _lost_key(request: HttpRequest, store: object) -> str | None:
    """The key that the client has sent and that Django's cache store has dropped, for whatever reason."""
    if not isinstance(store, SessionStore) or store.session_key is not None:
        return None
    return request.COOKIES.get(conf.of_django("SESSION_COOKIE_NAME"))


def _raise(error: Exception, store: Any, key: str) -> None:
    """The store gets its key back, or Django would delete the cookie. What cannot be a key is not worth it."""
    if isinstance(error, InvalidCacheKey):
        return
    store._session_key = key
    vars(store).pop("_session_cache", None)
    raise error
