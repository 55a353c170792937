"""Detect failures that Django's session stores hide.

The cache and file stores treat a cache or folder that is unreachable like a session that has expired.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.cache import SessionStore
from django.contrib.sessions.backends.file import SessionStore as FileStore
from django.core.cache.backends.base import InvalidCacheKey
from django.core.exceptions import SuspiciousOperation

from django_sessionkit import conf

if TYPE_CHECKING:
    from django.http import HttpRequest


def check(request: HttpRequest, store: Any) -> None:
    """Raise an error if ``store`` found nothing because the cache or the file system failed.

    If it works again by now, ``OSError`` is raised.
    """
    if (key := _lost_key(request, store)) is not None:
        try:
            _check(_find(store, key))
        except Exception as error:
            _raise(error, store, key)


async def acheck(request: HttpRequest, store: Any) -> None:
    """Async variant of :func:`check`."""
    if (key := _lost_key(request, store)) is not None:
        try:
            _check(await _afind(store, key))
        except Exception as error:
            _raise(error, store, key)


def _lost_key(request: HttpRequest, store: object) -> str | None:
    """Return the session key that the client sent if Django's store dropped it for any reason, else ``None``."""
    if not isinstance(store, (SessionStore, FileStore)) or store.session_key is not None:
        return None
    return request.COOKIES.get(conf.django_setting("SESSION_COOKIE_NAME"))


def _find(store: Any, key: str) -> object:
    """Return the stored data under ``key``, or ``None``."""
    return _file_of(store, key) if isinstance(store, FileStore) else store._cache.get(store.cache_key_prefix + key)


async def _afind(store: Any, key: str) -> object:
    if isinstance(store, FileStore):
        return await sync_to_async(_file_of)(store, key)
    return await store._cache.aget(store.cache_key_prefix + key)


def _file_of(store: Any, key: str) -> object:
    """Return the status of the session file. A missing file is an expired session, a missing folder is an error."""
    try:
        return Path(store._key_to_file(key)).stat()
    except FileNotFoundError:
        Path(store.storage_path).stat()
        return None


def _check(found: object) -> None:
    if found is not None:
        raise OSError("the session store was unreachable a moment ago")


def _raise(error: Exception, store: Any, key: str) -> None:
    """Restore the key of the store and raise the error. Without the key, Django would delete the session cookie.

    If the key itself is not valid, there is no session, so nothing is raised.
    """
    if isinstance(error, (InvalidCacheKey, SuspiciousOperation)):
        return
    store._session_key = key
    vars(store).pop("_session_cache", None)
    raise error
