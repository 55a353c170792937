"""The app configuration, which registers the system checks."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core.checks import register

from . import checks
from .conf import installed


class SessionKitConfig(AppConfig):
    """The app ``"django_sessionkit"`` in ``INSTALLED_APPS``."""

    name = "django_sessionkit"
    verbose_name: Any = "SessionKit"

    def ready(self) -> None:
        """Register the checks. Raises ``InvalidPolicy`` for a policy without the middleware that enforces it."""
        installed.require_middleware()
        for check in checks.ALWAYS:
            register(check, "sessionkit")
        for check in checks.DEPLOY:
            register(check, "sessionkit", deploy=True)
