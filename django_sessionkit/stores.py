"""Session stores of Django that hide a fault: a cache or a folder that is out of reach looks like a session that has
expired.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.cache import SessionStore
from django.contrib.sessions.backends.file import SessionStore as FileStore
from django.core.cache.backends.base import InvalidCacheKey
from django.core.exceptions import SuspiciousOperation

from . import conf

if TYPE_CHECKING:
    from django.http import HttpRequest


def get(request: HttpRequest, store: Any, name: str) -> object:
    """``store.get(name)``, which raises what the cache or the file system raises, also if it works again by now."""
    kept = store.get(name)
    if kept is None and (key := _lost_key(request, store)) is not None:
        try:
            _check(_find(store, key))
        except Exception as error:
            _raise(error, store, key)
    return kept


async def aget(request: HttpRequest, store: Any, name: str) -> object:
    """:func:`get` for ASGI."""
    kept = await store.aget(name)
    if kept is None and (key := _lost_key(request, store)) is not None:
        try:
            _check(await _afind(store, key))
        except Exception as error:
            _raise(error, store, key)
    return kept


def _lost_key(request: HttpRequest, store: object) -> str | None:
    """The key that the client has sent and that Django's store has dropped, for whatever reason."""
    if not isinstance(store, (SessionStore, FileStore)) or store.session_key is not None:
        return None
    return request.COOKIES.get(conf.of_django("SESSION_COOKIE_NAME"))


def _find(store: Any, key: str) -> object:
    """What the store keeps under ``key``; ``None`` if nothing."""
    return _file_of(store, key) if isinstance(store, FileStore) else store._cache.get(store.cache_key_prefix + key)


async def _afind(store: Any, key: str) -> object:
    if isinstance(store, FileStore):
        return await sync_to_async(_file_of)(store, key)
    return await store._cache.aget(store.cache_key_prefix + key)


def _file_of(store: FileStore, key: str) -> object:
    """A file that is missing from its folder is a session that has expired; a folder that is missing is a fault."""
    try:
        return Path(store._key_to_file(key)).stat()  # type: ignore[attr-defined]
    except FileNotFoundError:
        Path(store.storage_path).stat()
        return None


def _check(found: object) -> None:
    if found is not None:
        raise OSError("the session was out of reach a moment ago")


def _raise(error: Exception, store: Any, key: str) -> None:
    """The store gets its key back, or Django would delete the cookie. What cannot be a key is not worth it."""
    if isinstance(error, (InvalidCacheKey, SuspiciousOperation)):
        return
    store._session_key = key
    vars(store).pop("_session_cache", None)
    raise error
