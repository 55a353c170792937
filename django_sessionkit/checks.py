"""System checks: what is wrong with the settings, and with the place of the middleware."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.utils.module_loading import import_string

from . import conf
from .sources import DjangoSessionSource

_OURS = "django_sessionkit.middleware.SessionKitMiddleware"
_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
_AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"

# One id per setting, so that silencing one never hides another.
_SETTING_IDS = {
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
}
_UNKNOWN_SETTING_ID = "sessionkit.E014"


def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every fault that keeps the server from starting."""
    return [
        Error(
            f"{problem.error.place}: {problem.error.fault}",
            hint=problem.error.hint or None,
            id=_SETTING_IDS.get(problem.setting, _UNKNOWN_SETTING_ID),
        )
        for problem in conf.problems()
    ]


def check_middleware(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Without the middleware no URL rule is enforced; before the store it sees no session."""
    classes = _middleware_classes()
    ours = _position(classes, _OURS)
    if ours is None:
        return [
            Error(
                "SessionKitMiddleware is not in MIDDLEWARE: no URL rule is enforced, and nobody has a session.",
                hint=f'Add "{_OURS}" after SessionMiddleware and after the middleware of your auth layer.',
                id="sessionkit.E015",
            )
        ]
    return [*_check_store(classes, ours), *_check_auth(classes, ours)]


def _check_store(classes: list[Any], ours: int) -> list[CheckMessage]:
    sessions = _position(classes, _SESSIONS)
    if not _reads_django_sessions() or (sessions is not None and sessions < ours):
        return []
    if sessions is None:
        return [
            Error(
                "SessionMiddleware is not in MIDDLEWARE: there is nothing to read the session from.",
                hint=f'Add "{_SESSIONS}" before "{_OURS}", or set SESSIONKIT_SOURCE.',
                id="sessionkit.E016",
            )
        ]
    return [
        Error(
            "SessionKitMiddleware comes before SessionMiddleware: it finds no session and denies everybody.",
            hint=f'Move "{_OURS}" below "{_SESSIONS}" in MIDDLEWARE.',
            id="sessionkit.E017",
        )
    ]


def _check_auth(classes: list[Any], ours: int) -> list[CheckMessage]:
    auth = _position(classes, _AUTH)
    if auth is None or auth < ours:
        return []
    return [
        CheckWarning(
            "SessionKitMiddleware comes before AuthenticationMiddleware: predicates of URL rules find no request.user.",
            hint=f'Move "{_OURS}" below AuthenticationMiddleware in MIDDLEWARE.',
            id="sessionkit.W001",
        )
    ]


def check_wildcards(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A wildcard that nobody has switched on grants nothing."""
    if conf.problems() or conf.current().wildcards:
        return []
    return [
        CheckWarning(
            f'SESSIONKIT_ROLES grants "{name}", but SESSIONKIT_WILDCARD_PERMISSIONS is False: it grants nothing.',
            hint="Set SESSIONKIT_WILDCARD_PERMISSIONS = True, or name the permissions.",
            id="sessionkit.W002",
        )
        for name in sorted(conf.current().roles.all_permissions)
        if "*" in name
    ]


def _reads_django_sessions() -> bool:
    return bool(conf.problems()) or isinstance(conf.current().source, DjangoSessionSource)


def _middleware_classes() -> list[Any]:
    """What MIDDLEWARE names; Django itself reports what cannot be imported when the server starts."""
    found = []
    for path in conf.middleware_paths():
        try:
            found.append(import_string(path))
        except ImportError:
            found.append(None)
    return found


def _position(classes: list[Any], wanted: str) -> int | None:
    """Where the class with that path, or a subclass of it, comes first. By name: importing it may need its app."""
    return next((number for number, one in enumerate(classes) if wanted in _ancestry(one)), None)


def _ancestry(middleware: Any) -> list[str]:
    return [f"{one.__module__}.{one.__qualname__}" for one in getattr(middleware, "__mro__", ())]
