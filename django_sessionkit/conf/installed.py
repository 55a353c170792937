"""Inspect the middleware, apps and caches in the project's settings. Nothing is instantiated or called."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.utils.module_loading import import_string

from django_sessionkit import conf
from django_sessionkit.exceptions import InvalidPolicy

MIDDLEWARE_PATH = "django_sessionkit.middleware.SessionKitMiddleware"
# Cache backends of Django that call no code of the project. The one for a database calls its routers.
_CACHE_BACKENDS = tuple(f"django.core.cache.backends.{name}." for name in ("locmem", "memcached", "redis"))
# Cache backends that processes do not share.
_PRIVATE_CACHES = ("locmem.LocMemCache", "dummy.DummyCache")
SESSION_MIDDLEWARE = "django.contrib.sessions.middleware.SessionMiddleware"
AUTHENTICATION_MIDDLEWARE = "django.contrib.auth.middleware.AuthenticationMiddleware"
LOCALE_MIDDLEWARE = "django.middleware.locale.LocaleMiddleware"
LOGIN_REQUIRED_MIDDLEWARE = "django.contrib.auth.middleware.LoginRequiredMiddleware"
#: middleware that returns a page instead of a 404
FALLBACKS = (
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
)
# Middleware that stores no response, so the "Vary" header does not matter to it.
_KEEPS_NOTHING = frozenset(
    [
        AUTHENTICATION_MIDDLEWARE,
        LOGIN_REQUIRED_MIDDLEWARE,
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        LOCALE_MIDDLEWARE,
    ]
)
MIDDLEWARE_MISSING = (
    "SessionKitMiddleware is not in MIDDLEWARE. As a result, no URL rule is enforced and no user has a session."
)
MIDDLEWARE_REMEDY = f'Add "{MIDDLEWARE_PATH}" after SessionMiddleware and after the middleware of your auth layer.'
# The settings that have no effect at all without the middleware.
_POLICY = ("SESSIONKIT_PROTECT", "SESSIONKIT_GLOBAL_PROTECT", "SESSIONKIT_EXCLUDE")


def middleware() -> list[Any]:
    """Return the objects in ``MIDDLEWARE``, with ``None`` for each that cannot be imported.

    Django reports import errors when the server starts.
    """
    return [import_or_none(path) for path in conf.middleware_paths()]


def import_or_none(path: str) -> Any:
    """Return the object at a dotted path, or ``None`` if importing it raises any exception.

    A system check must not raise that exception.
    """
    try:
        return import_string(path)
    except Exception:
        return None


def middleware_indexes(classes: Sequence[Any], wanted: str) -> list[int]:
    """Return the indexes in ``classes`` of the class with the path ``wanted``, and of its subclasses."""
    return [number for number, one in enumerate(classes) if wanted in ancestry(one)]


def middleware_index(classes: Sequence[Any], wanted: str) -> int | None:
    """Return the first index of :func:`middleware_indexes`, or ``None``."""
    return next(iter(middleware_indexes(classes, wanted)), None)


def is_guarded() -> bool:
    """Return ``True`` if ``SessionKitMiddleware`` or a subclass of it is in ``MIDDLEWARE``."""
    return middleware_index(middleware(), MIDDLEWARE_PATH) is not None


def require_middleware() -> None:
    """Raise ``InvalidPolicy`` if the settings have a policy, but not the middleware that enforces it.

    A middleware that cannot be imported might be a subclass. Django reports it when the server starts.
    """
    named = [name for name in _POLICY if conf.django_setting(name)]
    if not named or MIDDLEWARE_PATH in conf.middleware_paths():
        return
    classes = middleware()
    if None not in classes and middleware_index(classes, MIDDLEWARE_PATH) is None:
        fault = (
            f"has no SessionKitMiddleware. Nothing would enforce {' and '.join(named)}, so the server does not start"
        )
        raise InvalidPolicy("MIDDLEWARE", fault, f'add "{MIDDLEWARE_PATH}", or a subclass, below SessionMiddleware')


def require_middleware_for_views() -> None:
    """Call :func:`require_middleware` when a view gets a guard.

    Without the app in ``INSTALLED_APPS``, nothing else runs before the first request. While the apps are still loading,
    the app calls it itself.
    """
    if apps.ready:
        require_middleware()


def has_fallback() -> bool:
    """Return ``True`` if a middleware may return a page for a path that no route matches."""
    classes = middleware()
    return any(middleware_index(classes, one) is not None for one in FALLBACKS)


def ancestry(found: Any) -> list[str]:
    """Return the dotted paths of a class and its bases.

    Classes are compared by path, because importing the wanted class may require that its app is installed.
    """
    return [f"{one.__module__}.{one.__qualname__}" for one in getattr(found, "__mro__", ())]


def has_any(*names: str) -> bool:
    """Return ``True`` if one of ``names`` is an installed app, or the package of an installed middleware or
    authentication backend.
    """
    installed = {one.name for one in apps.get_app_configs()}
    paths = [*conf.middleware_paths(), *conf.django_setting("AUTHENTICATION_BACKENDS", [])]
    return any(name in installed or any(str(path).startswith(f"{name}.") for path in paths) for name in names)


def private_cache(alias: str | None) -> str | None:
    """Return the backend name of a cache that processes do not share, or ``None`` if they share it."""
    backend = str(conf.django_setting("CACHES", {}).get(alias, {}).get("BACKEND", ""))
    return backend.rpartition(".")[2] if backend.endswith(_PRIVATE_CACHES) else None


def shared_cache(alias: str | None) -> str:
    """Return a ``CACHES`` setting, as Python code, for a cache that all processes share."""
    return (
        f'CACHES = {{"{alias}": {{"BACKEND": "django.core.cache.backends.redis.RedisCache", '
        '"LOCATION": "redis://127.0.0.1:6379"}}'
    )


def keeps_sessions() -> bool:
    """Return ``True`` if Django's ``SessionMiddleware`` or a subclass of it is in ``MIDDLEWARE``."""
    return middleware_index(middleware(), SESSION_MIDDLEWARE) is not None


def is_inside_sessions() -> bool:
    """Return ``True`` if no middleware between ``SessionKitMiddleware`` and ``SessionMiddleware`` can store a response.

    ``SessionMiddleware`` itself adds ``Vary: Cookie`` to every response for which the session was read. Subclasses of
    it do not count.
    """
    classes = middleware()
    outer, ours = middleware_index(classes, SESSION_MIDDLEWARE), middleware_index(classes, MIDDLEWARE_PATH)
    if outer is None or ours is None or outer > ours:
        return False
    names = [next(iter(ancestry(one)), "") for one in classes[outer:ours]]
    return names[0] == SESSION_MIDDLEWARE and _KEEPS_NOTHING.issuperset(names[1:])


def negotiates_language() -> bool:
    """Return ``True`` if ``LocaleMiddleware`` or a subclass of it chooses the language of each request."""
    return bool(conf.django_setting("USE_I18N")) and _has_locale_middleware(tuple(conf.middleware_paths()))


@lru_cache(maxsize=16)
def _has_locale_middleware(paths: tuple[str, ...]) -> bool:
    return any(LOCALE_MIDDLEWARE in ancestry(import_or_none(path)) for path in paths)


def stores_in_djangos_cache() -> bool:
    """Return ``True`` if sessions are in a cache and only Django's own code reads them.

    Then no code of the project can read the session while it is loading.
    """
    setting = conf.django_setting
    cache = setting("CACHES", {}).get(setting("SESSION_CACHE_ALIAS"), {})
    return bool(
        setting("SESSION_ENGINE") == "django.contrib.sessions.backends.cache"
        and setting("SESSION_SERIALIZER") == "django.contrib.sessions.serializers.JSONSerializer"
        and cache.get("BACKEND", "").startswith(_CACHE_BACKENDS)
        and not cache.get("KEY_FUNCTION")
    )
