"""The check of ``AUTHENTICATION_BACKENDS``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from django_sessionkit import conf
from django_sessionkit.conf import installed

_MODULE = "django_sessionkit.contrib.auth.permissions"


def check_first_backend(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn if ``SessionPermissions`` is the first backend: Django takes the first one that has ``get_user()``."""
    first = next(iter(conf.django_setting("AUTHENTICATION_BACKENDS", [])), "")
    get_user = getattr(installed.import_or_none(first), "get_user", None)
    if getattr(get_user, "__module__", "") != _MODULE:
        return []
    return [
        CheckWarning(
            "SessionPermissions is the first of AUTHENTICATION_BACKENDS, but it has no users. A user that "
            "client.force_login() logs in by it is anonymous in the next request.",
            hint=f'Move "{first}" to the end of AUTHENTICATION_BACKENDS, after a backend that has users, such as '
            '"django.contrib.auth.backends.ModelBackend".',
            id="sessionkit.W040",
        )
    ]
