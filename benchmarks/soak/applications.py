"""The site as gunicorn, uvicorn and daphne load it. The environment says where its stores are."""

from __future__ import annotations

import os
from typing import Any

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application

KEYS = ("SOAK_POSTGRES", "SOAK_REDIS", "SOAK_ENGINE", "SOAK_FILES", "SOAK_INTERVAL", "SOAK_CONNECTIONS")


def _connections(kept: str) -> dict[str, Any]:
    """Return the settings for connections that are kept by each thread, kept in a pool, or closed after a request."""
    options: dict[str, Any] = {"connect_timeout": 30}
    if kept == "pool":  # for async views, which run in a new thread for each request
        options["pool"] = {"min_size": 1, "max_size": 20}
    return {"CONN_MAX_AGE": None if kept == "thread" else 0, "OPTIONS": options}


def configure() -> None:
    """Configure Django from the environment, if that is not done yet."""
    if settings.configured:
        return
    postgres, redis, engine, files, interval, kept = (os.environ.get(key, "") for key in KEYS)
    settings.configure(
        SECRET_KEY="not a secret: there is nothing here",  # noqa: S106
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="benchmarks.soak.urls",
        INSTALLED_APPS=["django.contrib.sessions", "django_sessionkit"],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django_sessionkit.middleware.SessionKitMiddleware",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": "postgres",
                "USER": "tester",
                "HOST": "127.0.0.1",
                "PORT": postgres,
                **_connections(kept),
                "CONN_HEALTH_CHECKS": True,
            }
        },
        CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis}},
        SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}",
        SESSION_FILE_PATH=files or None,
        LOGGING={"version": 1, "loggers": {"django_sessionkit": {"level": "ERROR"}, "django": {"level": "ERROR"}}},
        SESSIONKIT_PROTECT=[
            {"pattern": "/*/write/", "role": "writer"},
            {"pattern": "/*/recent/", "recent": 600},
            {"pattern": "/*/turn/**", "role": "manager"},
        ],
        SESSIONKIT_GLOBAL_PROTECT=True,
        SESSIONKIT_EXCLUDE=["/*/public/**", "/*/login/**"],
        SESSIONKIT_LOGIN_URL="/s/login/nobody/",
        SESSIONKIT_VERSION="django_sessionkit.versions.cached_version",
        SESSIONKIT_VERSION_INTERVAL=float(interval or 0),
        SESSIONKIT_REFRESH="benchmarks.soak.rights.refresh",
    )
    django.setup()


configure()

from .sockets import application  # noqa: E402

wsgi = get_wsgi_application()
asgi = application()
