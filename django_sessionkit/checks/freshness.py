"""Versions of sessions that cannot work, or do nothing; and a bridge that is not listened to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from django_sessionkit import conf, installation
from django_sessionkit.access import did_you_mean
from django_sessionkit.versions import CacheVersions

_SHIPPED = 'SESSIONKIT_VERSION = "django_sessionkit.versions.cached_version"'


def check_version_cache(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Without its cache no version can be looked up, and nobody has a session."""
    alias, caches = _alias(), conf.of_django("CACHES", {})
    if alias is None or alias in caches:
        return []
    return [
        Error(
            f'SESSIONKIT_VERSION keeps its versions in the cache "{alias}", which CACHES does not have: nobody has a '
            "session.",
            hint=did_you_mean(alias, caches) or "Name one of CACHES.",
            id="sessionkit.E025",
        )
    ]


def check_idle_freshness(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Whoever sets these believes that sessions are kept fresh."""
    settings = conf.sound()
    names = ("SESSIONKIT_VERSION_INTERVAL", "SESSIONKIT_REFRESH")
    idle = [name for name in names if conf.of_django(name)]
    if settings is None or settings.version is not None or not idle:
        return []
    return [
        CheckWarning(
            f"{' and '.join(idle)} without SESSIONKIT_VERSION: no session is ever found to be out of date.",
            hint=_SHIPPED,
            id="sessionkit.W025",
        )
    ]


def check_brought_source(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The source that a bridge brings is what ends a session together with the log-in."""
    settings = conf.sound()
    brought = [app.sessionkit_source for app in apps.get_app_configs() if hasattr(app, "sessionkit_source")]
    if settings is None or not brought or brought[0] in installation.ancestry(type(settings.source)):
        return []
    return [
        CheckWarning(
            f"SESSIONKIT_SOURCE replaces {brought[0]}, which an installed app brings: a session outlives its log-in.",
            hint="Remove SESSIONKIT_SOURCE, or let yours inherit from that class.",
            id="sessionkit.W026",
        )
    ]


def check_shared_versions(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What one process revokes, the others have to see."""
    alias = _alias()
    backend = installation.private_cache(alias)
    if backend is None:
        return []
    return [
        CheckWarning(
            f'SESSIONKIT_VERSION keeps its versions in the cache "{alias}", a {backend}: what one process revokes, the '
            "next one does not see, and takes the sessions of the other for old.",
            hint=installation.shared_cache(alias),
            id="sessionkit.W027",
        )
    ]


def _alias() -> str | None:
    settings = conf.sound()
    version = settings.version if settings is not None else None
    return version.alias if isinstance(version, CacheVersions) else None
