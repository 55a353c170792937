"""The versions of the users' sessions, in a cache that all nodes share. What ``SESSIONKIT_VERSION`` names."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import TYPE_CHECKING

from django.core.cache import caches

if TYPE_CHECKING:
    from django.core.cache.backends.base import BaseCache

# A version is one whole number, so that a cache can count it up atomically: by one for every change of rights. 61
# random bits are drawn anew for every ending and every loss. Bit 62 says which of the two it was. Bit 61 is drawn as 0,
# so that no counting carries into bit 62. The integers of Redis have 64 bits, one of them for the sign.
_RANDOM = 61
_ENDED = 1 << 62
# Versions that are nearer to each other come from one draw. Two draws are that near with a chance of 1 to 2 ** 36.
_NEAR = 1 << 24
_DIGITS = len(str(2**63))


class CacheVersions:
    """Versions in one of ``CACHES``; an instance is what ``SESSIONKIT_VERSION`` asks for.

    A look-up is one ``get``. The entries never expire by themselves, and their keys do not name the user. An entry that
    is missing (evicted, or the cache came back empty) is drawn anew, so that no session of before is of the current
    version. An entry that comes back **as it was before** a revocation undoes it: see the manual for how to keep a
    Redis from that.

    :param alias: the cache; every process of the site must share it. Redis, Valkey and memcached count atomically,
        which counts when rights are changed and sessions ended at the same moment.
    :param refresh_when_lost: whether ``SESSIONKIT_REFRESH`` may renew sessions whose version was lost. By default it
        may not, since nobody knows any more whether they had been ended; then their users log in again.
    :param adopt_unversioned: whether sessions that never had a version (from before ``SESSIONKIT_VERSION`` was set) may
        be renewed. By default they may not, for the same reason. Switch it on for one ``SESSION_COOKIE_AGE`` while you
        introduce versions.
    """

    def __init__(
        self, alias: str = "default", *, refresh_when_lost: bool = False, adopt_unversioned: bool = False
    ) -> None:
        self.alias = alias
        self.refresh_when_lost = refresh_when_lost
        self.adopt_unversioned = adopt_unversioned

    def __call__(self, user_id: str) -> int:
        """The current version. Raises what the cache raises, and ``LookupError`` if it keeps nothing."""
        cache, key = self._entry(user_id)
        version = cache.get(key)
        return version if type(version) is int else self._begun(cache, key)

    def bump(self, user_id: str, *, refresh: bool = True) -> None:
        """Make every session of ``user_id`` out of date; without ``refresh``, for good."""
        cache, key = self._entry(user_id)
        if refresh:
            before = self(user_id)
            cache.incr(key)
            cache.touch(key, None)  # some caches give what they count a new time to live
        else:
            before = cache.get(key)
            cache.set(key, _ENDED | _drawn(), timeout=None)
        if cache.get(key) in (None, before):  # memcached says nothing when it is out of reach
            raise LookupError("the cache has not kept the new version")

    def may_refresh(self, stamp: str | None, version: str) -> bool:
        """Whether a session with another version than the current one, or with none (``None``), may be renewed.

        Not if it has been ended, nor if nobody can tell.
        """
        now = int(version)
        if stamp is not None and stamp.isdecimal() and len(stamp) <= _DIGITS and abs(now - int(stamp)) < _NEAR:
            return True
        is_excused = self.adopt_unversioned if stamp is None else self.refresh_when_lost
        return is_excused and not now & _ENDED

    def _entry(self, user_id: str) -> tuple[BaseCache, str]:
        return caches[self.alias], f"django_sessionkit.version.{sha256(user_id.encode()).hexdigest()}"

    def _begun(self, cache: BaseCache, key: str) -> int:
        cache.add(key, _drawn(), timeout=None)  # whoever is first
        version = cache.get(key)
        if type(version) is not int:
            raise LookupError("the cache does not keep versions")
        return version


def _drawn() -> int:
    return secrets.randbits(_RANDOM)


#: the versions in the default cache
cached_version = CacheVersions()
