"""The site that the actors use: the real middleware and the real helpers, on the shared world."""

from __future__ import annotations

import logging
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch
from zlib import crc32

from asgiref.sync import SyncToAsync
from django.core.handlers.base import BaseHandler
from django.http.response import HttpResponseBase
from django.test import RequestFactory, override_settings

from django_sessionkit import conf, versions
from django_sessionkit.session import loader, login_fields, versioning

from . import views
from .store import ENGINES, MemoryCache, world

NODES = 2
_NAME = __name__

for _engine, _store in ENGINES.items():
    _module = ModuleType(f"{_NAME}_{_engine}")
    vars(_module)["SessionStore"] = _store
    sys.modules[_module.__name__] = _module


@dataclass(frozen=True)
class Setup:
    """The settings of an exploration."""

    engine: str = "db"
    versions: bool = True
    refresh: bool = False
    interval: int = 0
    touches: bool = False
    saves_always: bool = False
    is_async: bool = False

    def __str__(self) -> str:
        flags = {name: value for name, value in vars(self).items() if name != "engine" and value}
        return " ".join([self.engine, *(name if value is True else f"{name}={value}" for name, value in flags.items())])

    def settings(self) -> dict[str, Any]:
        """Return the settings of Django."""
        return {
            "ALLOWED_HOSTS": ["testserver"],
            "CACHES": {"default": {"BACKEND": f"{MemoryCache.__module__}.MemoryCache"}},
            "DEBUG_PROPAGATE_EXCEPTIONS": True,
            "MIDDLEWARE": [
                "django.contrib.sessions.middleware.SessionMiddleware",
                "django_sessionkit.middleware.SessionKitMiddleware",
            ],
            "ROOT_URLCONF": views.__name__,
            "SESSION_ENGINE": f"{_NAME}_{self.engine}",
            "SESSION_SAVE_EVERY_REQUEST": self.saves_always,
            "SESSIONKIT_PROTECT": [{"pattern": "/desk/**", "role": "admin"}],
            "SESSIONKIT_REFRESH": views.refresh if self.refresh else None,
            "SESSIONKIT_TOUCH_ON_REQUEST": self.touches,
            "SESSIONKIT_VERSION": versions.cached_version if self.versions else None,
            "SESSIONKIT_VERSION_INTERVAL": self.interval,
        }


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that waits for nothing but steps, which stop the thread."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("the coroutine waits for an event loop")


async def _inline(self: Any, *args: Any, **kwargs: Any) -> Any:
    return self.func(*args, **kwargs)


def _epoch() -> int:
    return crc32(world.number("epoch").encode()) << 28


class Site:
    """The handler of one setup, and the loader of each node."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.handler = BaseHandler()
        self.handler.load_middleware(is_async=setup.is_async)
        self.loaders = [loader.SessionLoader(conf.current()) for _ in range(NODES)]
        world.memory = self._memory if setup.interval else lambda: None

    def _memory(self) -> object:
        return world.clock, [(one.versions._remembered, one.versions._bumps) for one in self.loaders]

    def use_node(self, number: int) -> None:
        """Run the next code on this node."""
        loader._loader = self.loaders[number]

    def forget(self) -> None:
        """Empty what the nodes remember."""
        for one in self.loaders:
            one.versions._remembered.clear()
            one.versions._bumps = 0

    def respond(self, actor: str, page: str, cookie: str | None) -> tuple[Any, HttpResponseBase]:
        """Run one request, and return it with its response."""
        prefix, _, action = page.rpartition("/")
        request: Any = RequestFactory().get(f"{prefix}/{'async' if self.setup.is_async else 'sync'}/{action}")
        if cookie is not None:
            request.COOKIES["sessionid"] = cookie
        request.actor, request.saw, request.streamed = actor, None, []
        if self.setup.is_async:
            return request, drive(self.handler.get_response_async(request))
        return request, self.handler.get_response(request)


@contextmanager
def site(setup: Setup) -> Iterator[Site]:
    """Build the site, without chance and without real clocks."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            override_settings(**setup.settings()),
            patch.object(SyncToAsync, "__call__", _inline),
            patch.object(versions, "_new_epoch", _epoch),
            patch.object(versioning, "monotonic", lambda: world.clock),
            patch.object(login_fields, "time", SimpleNamespace(time=lambda: 1_000_000 + world.clock)),
        ):
            yield Site(setup)
    finally:
        logging.disable(level)
        loader._loader = None
