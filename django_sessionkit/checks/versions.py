"""Checks of session versions, and of the source that a bridge provides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from django_sessionkit import conf
from django_sessionkit.conf import installed
from django_sessionkit.utils.text import did_you_mean, sentence
from django_sessionkit.versions import CacheVersions

_SHIPPED = 'SESSIONKIT_VERSION = "django_sessionkit.versions.cached_version"'


def check_version_cache(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report a version cache that ``CACHES`` does not contain: no user has a session."""
    alias, caches = _alias(), conf.django_setting("CACHES", {})
    if alias is None or alias in caches:
        return []
    return [
        Error(
            f'SESSIONKIT_VERSION uses the cache "{alias}", which is not in CACHES. No version can be looked up, so no '
            "user has a session.",
            hint=sentence(did_you_mean(alias, caches)) or "Use a name from CACHES.",
            id="sessionkit.E025",
        )
    ]


def check_idle_versions(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about settings that have no effect without ``SESSIONKIT_VERSION``."""
    settings = conf.valid_or_none()
    names = ("SESSIONKIT_VERSION_INTERVAL", "SESSIONKIT_REFRESH")
    idle = [name for name in names if conf.django_setting(name)]
    if settings is None or settings.version is not None or not idle:
        return []
    return [
        CheckWarning(
            f"Nothing uses {' and '.join(idle)}, because SESSIONKIT_VERSION is not set. No session is ever outdated.",
            hint=_SHIPPED,
            id="sessionkit.W025",
        )
    ]


def check_brought_source(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn if a setting replaces the source of a bridge, which ends the session together with the login."""
    settings = conf.valid_or_none()
    sources = [getattr(app, "sessionkit_source", None) for app in apps.get_app_configs()]
    brought = [one for one in sources if one is not None]
    if settings is None or not brought:
        return []
    own, replaced = installed.ancestry(type(settings.source)), installed.ancestry(installed.import_or_none(brought[0]))
    if replaced[:1] and replaced[0] in own:
        return []
    return [
        CheckWarning(
            f"SESSIONKIT_SOURCE replaces {brought[0]}, which an installed app provides. A session outlives its login.",
            hint="Remove SESSIONKIT_SOURCE, or let your source inherit from that class.",
            id="sessionkit.W026",
        )
    ]


def check_shared_versions(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about versions in a cache that processes do not share."""
    alias = _alias()
    backend = installed.private_cache(alias)
    if backend is None:
        return []
    return [
        CheckWarning(
            f'SESSIONKIT_VERSION uses the cache "{alias}" ({backend}), which processes do not share. A process does '
            "not see what another one revokes, and rejects sessions that another one has started.",
            hint=installed.shared_cache(alias),
            id="sessionkit.W027",
        )
    ]


def _alias() -> str | None:
    settings = conf.valid_or_none()
    version = settings.version if settings is not None else None
    return version.alias if isinstance(version, CacheVersions) else None
