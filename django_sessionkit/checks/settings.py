"""Checks of the ``SESSIONKIT_*`` settings, with one id per setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from django_sessionkit import conf
from django_sessionkit.conf import reauth_page
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.utils.text import ended, sentence

# One id per setting, so that silencing one does not hide errors of another.
SETTING_IDS = {
    "SESSIONKIT_PROTECT": "sessionkit.E001",
    "SESSIONKIT_GLOBAL_PROTECT": "sessionkit.E002",
    "SESSIONKIT_EXCLUDE": "sessionkit.E003",
    "SESSIONKIT_LOGIN_URL": "sessionkit.E004",
    "SESSIONKIT_SESSION_KEY": "sessionkit.E005",
    "SESSIONKIT_SOURCE": "sessionkit.E006",
    "SESSIONKIT_SESSION_VALIDATOR": "sessionkit.E007",
    "SESSIONKIT_LIMITS": "sessionkit.E008",
    "SESSIONKIT_ACCESS_POLICY": "sessionkit.E009",
    "SESSIONKIT_ROLES": "sessionkit.E010",
    "SESSIONKIT_WILDCARD_PERMISSIONS": "sessionkit.E011",
    "SESSIONKIT_SESSION_TTL": "sessionkit.E012",
    "SESSIONKIT_TOUCH_ON_REQUEST": "sessionkit.E013",
    "SESSIONKIT_VERSION": "sessionkit.E022",
    "SESSIONKIT_VERSION_INTERVAL": "sessionkit.E023",
    "SESSIONKIT_REFRESH": "sessionkit.E024",
    "SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED": "sessionkit.E026",
    "SESSIONKIT_TENANT": "sessionkit.E031",
    "SESSIONKIT_REAUTH_URL": "sessionkit.E034",
}
# The settings that make exceptions from SESSIONKIT_GLOBAL_PROTECT, and have no other effect.
_OF_DEFAULT = ("SESSIONKIT_EXCLUDE", "SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED")
_UNKNOWN_SETTING_ID = "sessionkit.E014"

# For errors that have no hint.
_HINTS = {
    "SESSIONKIT_PROTECT": 'Write a rule such as {"pattern": "/reports/**", "authenticated": True}.',
    "SESSIONKIT_GLOBAL_PROTECT": "SESSIONKIT_GLOBAL_PROTECT = True",
    "SESSIONKIT_EXCLUDE": 'SESSIONKIT_EXCLUDE = ["/", "/static/**", "account:*"]',
    "SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED": "SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED = True",
    "SESSIONKIT_LOGIN_URL": 'SESSIONKIT_LOGIN_URL = "/login/"',
    "SESSIONKIT_REAUTH_URL": 'SESSIONKIT_REAUTH_URL = "/confirm/"',
    "SESSIONKIT_SESSION_KEY": 'SESSIONKIT_SESSION_KEY = "__session__"',
    "SESSIONKIT_SOURCE": f'SESSIONKIT_SOURCE = "{conf.DEFAULT_SOURCE}"',
    "SESSIONKIT_SESSION_VALIDATOR": "Write `def check(data): return data` and name it by its dotted path.",
    "SESSIONKIT_LIMITS": 'SESSIONKIT_LIMITS = {"roles_count": 100}',
    "SESSIONKIT_ACCESS_POLICY": 'SESSIONKIT_ACCESS_POLICY = "django_sessionkit.access.AccessPolicy"',
    "SESSIONKIT_ROLES": 'SESSIONKIT_ROLES = {"admin": {"inherits": ["editor"], "permissions": []}, "editor": {}}',
    "SESSIONKIT_WILDCARD_PERMISSIONS": "SESSIONKIT_WILDCARD_PERMISSIONS = False",
    "SESSIONKIT_SESSION_TTL": "SESSIONKIT_SESSION_TTL = 8 * 60 * 60",
    "SESSIONKIT_TOUCH_ON_REQUEST": "SESSIONKIT_TOUCH_ON_REQUEST = False",
    "SESSIONKIT_VERSION": 'SESSIONKIT_VERSION = "django_sessionkit.versions.cached_version"',
    "SESSIONKIT_VERSION_INTERVAL": "SESSIONKIT_VERSION_INTERVAL = 0",
    "SESSIONKIT_TENANT": "Write `def tenant_of(request): ...` and name it by its dotted path.",
    "SESSIONKIT_REFRESH": "Write `def refresh(session, request): ...` and name it by its dotted path.",
}


def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report every invalid setting. The server does not start with one."""
    return [
        Error(
            ended(f"{problem.error.place}: {problem.error.fault}"),
            hint=sentence(problem.error.hint) or _HINTS.get(problem.setting),
            id=SETTING_IDS.get(problem.setting, _UNKNOWN_SETTING_ID),
        )
        for problem in conf.problems()
    ]


def check_reauth_page(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report a page for the confirmation of a login that needs one itself. The server does not start with it."""
    if conf.valid_or_none() is None:
        return []
    try:
        reauth_page.check()
    except InvalidPolicy as error:
        return [Error(ended(f"{error.place}: {error.fault}"), hint=sentence(error.hint), id="sessionkit.E035")]
    return []


def check_missing_default(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about exceptions from a default that is not set: without it, all pages without a rule are open."""
    settings = conf.valid_or_none()
    names = " and ".join(name for name in _OF_DEFAULT if conf.django_setting(name))
    if settings is None or settings.global_protect or not names:
        return []
    return [
        CheckWarning(
            f"SESSIONKIT_GLOBAL_PROTECT is not True, so nothing uses {names}. A page that no rule matches is open to "
            "everyone.",
            hint=f"Set SESSIONKIT_GLOBAL_PROTECT = True, or remove {names}.",
            id="sessionkit.W038",
        )
    ]
