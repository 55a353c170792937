"""A session store that cannot work, or must not be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from django_sessionkit import conf, installation
from django_sessionkit.access import did_you_mean


def check_cache_alias(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A cache that does not exist makes every request fail."""
    alias, caches = conf.of_django("SESSION_CACHE_ALIAS"), conf.of_django("CACHES", {})
    engine = str(conf.of_django("SESSION_ENGINE")).rpartition(".")[2]
    if not installation.keeps_sessions() or engine not in ("cache", "cached_db") or alias in caches:
        return []
    return [
        Error(
            f'SESSION_CACHE_ALIAS is "{alias}", which CACHES does not have: no session can be read.',
            hint=did_you_mean(alias, caches),
            id="sessionkit.E018",
        )
    ]


def check_serializer(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Unpickling runs code; a cookie comes from the visitor, and only SECRET_KEY stands between."""
    path = str(conf.of_django("SESSION_SERIALIZER"))
    names = installation.ancestry(installation.imported(path))
    signed = str(conf.of_django("SESSION_ENGINE")).endswith(".signed_cookies")
    if not signed or not any("pickle" in name.lower() for name in [path, *names]):
        return []
    return [
        Error(
            f'Sessions in cookies are unpickled by "{path}": whoever learns SECRET_KEY runs code on the server.',
            hint='SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"',
            id="sessionkit.E019",
        )
    ]
