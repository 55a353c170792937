"""Read the environment variables. The settings use only these helpers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

# This key is public, so use it only for the cookies of a development server.
DEVELOPMENT_KEY = "django-insecure-newsroom-development-key-never-used-without-debug"

# Several processes may write sessions at once. With WAL, readers do not block a writer. IMMEDIATE takes the write
# lock at the start of a transaction, where SQLite can wait for it. Later, the transaction would fail.
SQLITE_OPTIONS = {
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
}


def flag(name: str, *, default: bool) -> bool:
    """Read a boolean variable. An unclear value raises ``ImproperlyConfigured`` instead of meaning no."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0.")


def words(name: str) -> list[str]:
    """Read a comma-separated variable."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def seconds(name: str, *, default: float) -> float:
    """Read a number of seconds. SessionKit itself rejects a negative number."""
    value = os.environ.get(name, "").strip()
    try:
        return float(value) if value else default
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number of seconds.") from None


def secret_key(*, debug: bool) -> str:
    """Read ``DJANGO_SECRET_KEY``. There is no fallback without DEBUG, because a known key can forge signed values."""
    key = os.environ.get("DJANGO_SECRET_KEY", "")
    if key:
        return key
    if debug:
        return DEVELOPMENT_KEY
    raise ImproperlyConfigured("Set DJANGO_SECRET_KEY, or DJANGO_DEBUG=1 on a developer's machine.")


def database(default_file: Path) -> dict[str, Any]:
    """Read ``DATABASE_URL`` (``postgres://...`` or ``sqlite:///...``). The default is a SQLite file."""
    config: dict[str, Any] = dict(dj_database_url.config(default=f"sqlite:///{default_file}"))
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {**SQLITE_OPTIONS, **config.get("OPTIONS", {})}
    return config


def cache(redis_url: str) -> dict[str, Any]:
    """Return the cache: Redis if there is one, else a database table, so that all processes share session versions.

    With Django's default of 300 entries, the cache would drop versions, and the sessions with these versions would end.
    """
    if redis_url:
        return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_url}
    return {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "newsroom_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
