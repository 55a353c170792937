"""What the environment decides. Settings read it only through these helpers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

# Known to everybody who reads this file, so it signs nothing but a developer's own cookies.
DEVELOPMENT_KEY = "django-insecure-newsroom-development-key-never-used-without-debug"

# Several processes may write sessions at once. WAL lets readers and one writer work side by side;
# IMMEDIATE takes the write lock at the start of a transaction, where SQLite can still wait for it,
# instead of failing in the middle.
SQLITE_OPTIONS = {
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
}


def flag(name: str, *, default: bool) -> bool:
    """A yes-or-no variable. Anything but a clear yes or no is an error, not a silent no."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0.")


def words(name: str) -> list[str]:
    """A comma-separated variable."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def seconds(name: str, *, default: float) -> float:
    """A variable with a number of seconds; SessionKit refuses what is negative."""
    value = os.environ.get(name, "").strip()
    try:
        return float(value) if value else default
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number of seconds.") from None


def secret_key(*, debug: bool) -> str:
    """``DJANGO_SECRET_KEY``. A known key forges every signed value: no fallback without DEBUG."""
    key = os.environ.get("DJANGO_SECRET_KEY", "")
    if key:
        return key
    if debug:
        return DEVELOPMENT_KEY
    raise ImproperlyConfigured("Set DJANGO_SECRET_KEY (or DJANGO_DEBUG=1 on a developer's machine).")


def database(default_file: Path) -> dict[str, Any]:
    """``DATABASE_URL`` (``postgres://...`` or ``sqlite:///...``), by default one SQLite file."""
    config: dict[str, Any] = dict(dj_database_url.config(default=f"sqlite:///{default_file}"))
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {**SQLITE_OPTIONS, **config.get("OPTIONS", {})}
    return config


def cache(redis_url: str) -> dict[str, Any]:
    """Redis when there is one, else a table: the versions of sessions must be the same for all processes.

    The default of 300 entries would push versions out, and with them sessions.
    """
    if redis_url:
        return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_url}
    return {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "newsroom_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
