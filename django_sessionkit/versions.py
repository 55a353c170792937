"""Versions of user sessions, in a cache that all nodes share. For use in ``SESSIONKIT_VERSION``."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import TYPE_CHECKING

from django.core.cache import caches

if TYPE_CHECKING:
    from django.core.cache.backends.base import BaseCache

# A version is an integer, so that a cache can increment it atomically, by one for every change of rights. When sessions
# are ended or the entry was lost, 61 new random bits are drawn. Bit 62 is set if sessions were ended. Bit 61 starts as
# 0, so that no increment carries into bit 62. The integers of Redis have 64 bits, including the sign.
_RANDOM = 61
_ENDED = 1 << 62
# Two versions that differ by less come from the same draw. For different draws the probability of that is 2 ** -36.
_NEAR = 1 << 24
_DIGITS = len(str(2**63))


class CacheVersions:
    """Store session versions in one of the ``CACHES``. Name an instance in ``SESSIONKIT_VERSION``.

    A lookup is one ``get``. The entries never expire, and their keys contain no user id. If an entry is missing (it was
    evicted, or the cache was emptied), a new random version is drawn, so all older sessions are out of date.

    **Warning:** if a cache restores an entry from before a revocation, the revocation is undone. The manual describes
    how to prevent that with Redis.

    :param alias: the alias of the cache. All processes of the site must share it. Redis, Valkey and memcached increment
        atomically, which matters if rights are changed and sessions ended at the same moment.
    :param refresh_when_lost: whether ``SESSIONKIT_REFRESH`` may renew sessions whose version was lost. By default it
        may not, because it is unknown whether they had been ended. Then their users must log in again.
    :param adopt_unversioned: whether sessions without a version (stored before ``SESSIONKIT_VERSION`` was set) may be
        renewed. By default they may not, for the same reason. Set it to ``True`` for the duration of one
        ``SESSION_COOKIE_AGE`` when you introduce versions.
    """

    def __init__(
        self, alias: str = "default", *, refresh_when_lost: bool = False, adopt_unversioned: bool = False
    ) -> None:
        self.alias = alias
        self.refresh_when_lost = refresh_when_lost
        self.adopt_unversioned = adopt_unversioned

    def __call__(self, user_id: str) -> int:
        """Return the current version of the sessions of a user.

        Raises the exceptions of the cache, and ``LookupError`` if the cache does not store a new version.
        """
        cache, key = self._entry(user_id)
        version = cache.get(key)
        return version if type(version) is int else self._begun(cache, key)

    def bump(self, user_id: str, *, refresh: bool = True) -> None:
        """Make all sessions of ``user_id`` out of date. Without ``refresh``, they cannot be renewed.

        Raises the exceptions of the cache, and ``LookupError`` if the cache does not store the new version.
        """
        cache, key = self._entry(user_id)
        if refresh:
            before = self(user_id)
            cache.incr(key)
            cache.touch(key, None)  # some caches reset the timeout on incr()
        else:
            before = cache.get(key)
            cache.set(key, _ENDED | _new_epoch(), timeout=None)
        if cache.get(key) in (None, before):  # memcached raises nothing if it is unreachable
            raise LookupError("the cache did not store the new version")

    def may_refresh(self, stamp: str | None, version: str) -> bool:
        """Return ``True`` if an out-of-date session may be renewed: not if it was ended or if that is unknown.

        :param stamp: the version of the session; ``None`` if it has none.
        :param version: the current version.
        """
        now = int(version)
        if stamp is not None and stamp.isdecimal() and len(stamp) <= _DIGITS and abs(now - int(stamp)) < _NEAR:
            return True
        is_excused = self.adopt_unversioned if stamp is None else self.refresh_when_lost
        return is_excused and not now & _ENDED

    def _entry(self, user_id: str) -> tuple[BaseCache, str]:
        return caches[self.alias], f"django_sessionkit.version.{sha256(user_id.encode()).hexdigest()}"

    def _begun(self, cache: BaseCache, key: str) -> int:
        cache.add(key, _new_epoch(), timeout=None)  # if processes compete, the first one sets it
        version = cache.get(key)
        if type(version) is not int:
            raise LookupError("the cache does not store versions")
        return version


def _new_epoch() -> int:
    return secrets.randbits(_RANDOM)


#: the versions in the default cache
cached_version: CacheVersions = CacheVersions()
