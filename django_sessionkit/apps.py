"""The app configuration, which registers the system checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register

from . import checks


class SessionKitConfig(AppConfig):
    """The app ``"django_sessionkit"`` in ``INSTALLED_APPS``."""

    name = "django_sessionkit"
    verbose_name = "SessionKit"

    def ready(self) -> None:
        """Register the checks."""
        for check in checks.ALWAYS:
            register(check, "sessionkit")
        for check in checks.DEPLOY:
            register(check, "sessionkit", deploy=True)
