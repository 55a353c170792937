"""Checks of Django's session store: a missing cache, an unsafe serializer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from django_sessionkit import conf
from django_sessionkit.conf import installed
from django_sessionkit.utils.text import did_you_mean, sentence


def check_cache_alias(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report a session cache that ``CACHES`` does not contain."""
    alias, caches = conf.django_setting("SESSION_CACHE_ALIAS"), conf.django_setting("CACHES", {})
    engine = str(conf.django_setting("SESSION_ENGINE")).rpartition(".")[2]
    if not installed.keeps_sessions() or engine not in ("cache", "cached_db") or alias in caches:
        return []
    return [
        Error(
            f'SESSION_CACHE_ALIAS is "{alias}", which is not in CACHES. No session can be read.',
            hint=sentence(did_you_mean(alias, caches)),
            id="sessionkit.E018",
        )
    ]


def check_serializer(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report pickled sessions in cookies.

    Unpickling can run code, and the cookie comes from the client. Only ``SECRET_KEY`` protects the server.
    """
    path = str(conf.django_setting("SESSION_SERIALIZER"))
    names = installed.ancestry(installed.import_or_none(path))
    signed = str(conf.django_setting("SESSION_ENGINE")).endswith(".signed_cookies")
    if not signed or not any("pickle" in name.lower() for name in [path, *names]):
        return []
    return [
        Error(
            f'Sessions in cookies are unpickled by "{path}". Anyone who learns SECRET_KEY can run code on the server.',
            hint='SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"',
            id="sessionkit.E019",
        )
    ]
