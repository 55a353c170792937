"""What the project is put together from, as its settings say: middleware, apps. Nothing is instantiated or called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.utils.module_loading import import_string

from . import conf

OURS = "django_sessionkit.middleware.SessionKitMiddleware"
# Caches of a single process, or of none.
_PRIVATE_CACHES = ("locmem.LocMemCache", "dummy.DummyCache")
_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
# What keeps no response, and so does not care what it varies on.
_KEEPS_NOTHING = frozenset(
    [
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.locale.LocaleMiddleware",
    ]
)
UNGUARDED = "SessionKitMiddleware is not in MIDDLEWARE: no URL rule is enforced, and nobody has a session."


def middleware() -> list[Any]:
    """What ``MIDDLEWARE`` names, ``None`` for what cannot be imported: Django reports that when the server starts."""
    return [imported(path) for path in conf.middleware_paths()]


def imported(path: str) -> Any:
    """The object at a dotted path, or ``None``. Whatever the import raises is not for a system check to raise."""
    try:
        return import_string(path)
    except Exception:
        return None


def positions(classes: Sequence[Any], wanted: str) -> list[int]:
    """Where the class with that path, or a subclass of it, stands."""
    return [number for number, one in enumerate(classes) if wanted in ancestry(one)]


def position(classes: Sequence[Any], wanted: str) -> int | None:
    """Where it stands first."""
    return next(iter(positions(classes, wanted)), None)


def is_guarded() -> bool:
    """Whether the middleware, or a subclass of it, is in ``MIDDLEWARE``."""
    return position(middleware(), OURS) is not None


def ancestry(found: Any) -> list[str]:
    """The paths of a class and its bases. By name: importing a class may need its app."""
    return [f"{one.__module__}.{one.__qualname__}" for one in getattr(found, "__mro__", ())]


def has_any(*names: str) -> bool:
    """Whether one of these is an installed app, or the package of an installed middleware or log-in backend."""
    installed = {one.name for one in apps.get_app_configs()}
    paths = [*conf.middleware_paths(), *conf.of_django("AUTHENTICATION_BACKENDS", [])]
    return any(name in installed or any(str(path).startswith(f"{name}.") for path in paths) for name in names)


def private_cache(alias: str | None) -> str | None:
    """The name of the backend of a cache that other processes do not see, ``None`` for one that they share."""
    backend = str(conf.of_django("CACHES", {}).get(alias, {}).get("BACKEND", ""))
    return backend.rpartition(".")[2] if backend.endswith(_PRIVATE_CACHES) else None


def shared_cache(alias: str | None) -> str:
    """The setting for a cache that all processes share, to paste."""
    return (
        f'CACHES = {{"{alias}": {{"BACKEND": "django.core.cache.backends.redis.RedisCache", '
        '"LOCATION": "redis://127.0.0.1:6379"}}'
    )


def keeps_sessions() -> bool:
    """Whether Django's own sessions are in use."""
    return position(middleware(), _SESSIONS) is not None


def is_inside_sessions() -> bool:
    """Whether Django's ``SessionMiddleware`` itself is what next looks at a response that could also keep it.

    It says ``Vary: Cookie`` for every session that was read.
    """
    classes = middleware()
    outer, ours = position(classes, _SESSIONS), position(classes, OURS)
    if outer is None or ours is None or outer > ours:
        return False
    names = [next(iter(ancestry(one)), "") for one in classes[outer:ours]]
    return names[0] == _SESSIONS and _KEEPS_NOTHING.issuperset(names[1:])
