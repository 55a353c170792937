"""What the actors share: the rows of the session store, a cache, the user directory, a browser, and clocks.

Each operation on it is one step. The session engines are Django's own code: ``cache``, ``cached_db`` and
``signed_cookies`` on a cache and a table in memory. Of ``db``, the three methods that run SQL are replaced: each is one
atomic step, as its transaction is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

from django.contrib.sessions.backends import cache, cached_db, db, signed_cookies
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.core.cache.backends.base import BaseCache

from .scheduler import Actor

VERSION_KEYS = "django_sessionkit.version."


class World:
    """The shared state. Outside an exploration, ``actor`` is ``None`` and an operation runs at once."""

    def __init__(self) -> None:
        self.actor: Actor | None = None
        self.rows: dict[str, str] = {}
        self.cache: dict[str, str] = {}
        #: a copy of the cache, for the actor that restores it
        self.saved_cache: dict[str, str] = {}
        self.is_cache_down = False
        #: the rights of each user in the database of the project
        self.directory: dict[str, list[str]] = {"1": ["admin", "editor"], "2": ["editor"]}
        #: the session cookie of the browser
        self.jar: str | None = None
        self.clock = 0
        #: what has returned, and when
        self.returned: dict[str, int] = {}
        #: what the processes remember; ``None`` if they remember nothing
        self.memory: Callable[[], object] = lambda: None
        self._numbers: dict[str, int] = {}

    def touch(self, what: str, operation: Callable[[], Any]) -> Any:
        """Run one step of the current actor."""
        return operation() if self.actor is None else self.actor.touch(what, operation)

    def snapshot(self) -> object:
        """Return a hashable value for the whole state."""
        dicts = (self.rows, self.cache, self.saved_cache, self.directory, self.returned)
        return (
            repr([sorted(one.items()) for one in dicts]),
            self.is_cache_down,
            self.jar,
            self.clock,
            repr(self.memory()),
        )

    def copy(self) -> dict[str, Any]:
        """Return a copy of the shared values."""
        return {name: deepcopy(value) for name, value in vars(self).items() if name not in ("actor", "memory")}

    def restore(self, values: dict[str, Any]) -> None:
        """Return to the values of :meth:`copy`."""
        vars(self).update(deepcopy(values))

    def number(self, kind: str) -> str:
        """Return a name that is new, and that is the same in equal orders because it names the actor."""
        name = f"{kind}-by-{self.actor.name if self.actor is not None else 'setup'}"
        self._numbers[name] = self._numbers.get(name, 0) + 1
        return f"{name}-{self._numbers[name]}"


world = World()


class MemoryCache(BaseCache):
    """A cache that all nodes share, with the atomic operations of Redis. It can be out of reach."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def _run(self, verb: str, key: str, operation: Callable[[dict[str, str]], Any]) -> Any:
        def run() -> Any:
            if world.is_cache_down:
                raise ConnectionError("the cache is out of reach")
            return operation(world.cache)

        return world.touch(f"cache.{verb}({key[-24:]})", run)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        found = self._run("get", key, lambda entries: entries.get(key))
        return default if found is None else json.loads(found)

    def set(self, key: str, value: Any, timeout: Any = None, version: int | None = None) -> None:
        self._run("set", key, lambda entries: entries.update({key: json.dumps(value)}))

    def add(self, key: str, value: Any, timeout: Any = None, version: int | None = None) -> bool:
        def add(entries: dict[str, str]) -> bool:
            is_new = key not in entries
            entries.setdefault(key, json.dumps(value))
            return is_new

        return bool(self._run("add", key, add))

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(self._run("delete", key, lambda entries: entries.pop(key, None) is not None))

    def touch(self, key: str, timeout: Any = None, version: int | None = None) -> bool:
        return bool(self._run("touch", key, lambda entries: key in entries))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        def add(entries: dict[str, str]) -> int:
            if key not in entries:
                raise ValueError(f"no entry {key}")
            entries[key] = json.dumps(json.loads(entries[key]) + delta)
            return int(entries[key])

        return int(self._run("incr", key, add))

    def has_key(self, key: str, version: int | None = None) -> bool:
        return bool(self._run("has", key, lambda entries: key in entries))


class _Named:
    """Session keys that name the actor."""

    def _get_new_session_key(self) -> str:
        return world.number("key")

    async def _aget_new_session_key(self) -> str:
        return world.number("key")


class Db(_Named, db.SessionStore):
    """Django's engine ``db``, whose SQL is one step on a table in memory."""

    def decode(self, session_data: Any) -> dict[str, Any]:
        return dict(json.loads(session_data))

    def _get_session_from_db(self) -> Any:
        found = world.touch(f"row.read({self.session_key})", lambda: world.rows.get(str(self.session_key)))
        if found is None:
            self._session_key = None
            return None
        return SimpleNamespace(session_data=found, expire_date=None)

    async def _aget_session_from_db(self) -> Any:
        return self._get_session_from_db()

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            self.create()
            return
        key, text = self.session_key, json.dumps(self._get_session(no_load=must_create), sort_keys=True)

        def write() -> None:
            if must_create and key in world.rows:
                raise CreateError
            if not must_create and key not in world.rows:
                raise UpdateError
            world.rows[key] = text

        world.touch(f"row.{'insert' if must_create else 'update'}({key})", write)

    async def asave(self, must_create: bool = False) -> None:
        if self.session_key is None:
            await self.acreate()
        else:
            Db.save(self, must_create)

    def exists(self, session_key: str) -> bool:
        return bool(world.touch(f"row.exists({session_key})", lambda: session_key in world.rows))

    async def aexists(self, session_key: str) -> bool:
        return Db.exists(self, session_key)

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            world.touch(f"row.delete({key})", lambda: world.rows.pop(key, None) is not None)

    async def adelete(self, session_key: str | None = None) -> None:
        Db.delete(self, session_key)


class Cache(_Named, cache.SessionStore):
    """Django's engine ``cache``."""


class CachedDb(cached_db.SessionStore, Db):
    """Django's engine ``cached_db``. What it calls of the engine ``db`` is above."""


class SignedCookies(signed_cookies.SessionStore):
    """Django's engine ``signed_cookies``. The cookie is the data."""

    def _get_session_key(self) -> str:
        return json.dumps(self._session_cache, sort_keys=True)

    def load(self) -> dict[str, Any]:
        return dict(json.loads(str(self.session_key)))


ENGINES = {"db": Db, "cache": Cache, "cached_db": CachedDb, "signed_cookies": SignedCookies}
