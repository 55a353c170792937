"""The place of the middleware, and what stands outside the guard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Info
from django.core.checks import Warning as CheckWarning

from django_sessionkit import conf, installation
from django_sessionkit.installation import OURS, position, positions
from django_sessionkit.sources import DjangoSessionSource

_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
_AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
_LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
# They answer where routing has failed, so what stands above the guard answers behind its back.
_FALLBACKS = (
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
)


def check_middleware(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Without the middleware no URL rule is enforced; before the store it sees no session."""
    classes = installation.middleware()
    ours = position(classes, OURS)
    if ours is None:
        return [
            Error(
                installation.UNGUARDED,
                hint=f'Add "{OURS}" after SessionMiddleware and after the middleware of your auth layer.',
                id="sessionkit.E015",
            )
        ]
    return [*_check_store(classes, ours), *_check_auth(classes, ours)]


def _check_store(classes: list[Any], ours: int) -> list[CheckMessage]:
    sessions = position(classes, _SESSIONS)
    if not _reads_django_sessions() or (sessions is not None and sessions < ours):
        return []
    if sessions is None:
        return [
            Error(
                "SessionMiddleware is not in MIDDLEWARE: there is nothing to read the session from.",
                hint=f'Add "{_SESSIONS}" before "{OURS}", or set SESSIONKIT_SOURCE.',
                id="sessionkit.E016",
            )
        ]
    return [
        Error(
            "SessionKitMiddleware comes before SessionMiddleware: it finds no session and denies everybody.",
            hint=f'Move "{OURS}" below "{_SESSIONS}" in MIDDLEWARE.',
            id="sessionkit.E017",
        )
    ]


def _check_auth(classes: list[Any], ours: int) -> list[CheckMessage]:
    auth = position(classes, _AUTH)
    if auth is None or auth < ours:
        return []
    return [
        CheckWarning(
            "SessionKitMiddleware comes before AuthenticationMiddleware: predicates of URL rules find no request.user.",
            hint=f'Move "{OURS}" below AuthenticationMiddleware in MIDDLEWARE.',
            id="sessionkit.W001",
        )
    ]


def check_middleware_once(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A second guard decides everything a second time."""
    paths = conf.middleware_paths()
    return [
        CheckWarning(
            "SessionKitMiddleware is in MIDDLEWARE more than once: every request is decided and logged twice.",
            hint=f'Remove MIDDLEWARE[{number}], "{paths[number]}".',
            id="sessionkit.W003",
        )
        for number in positions(installation.middleware(), OURS)[1:]
    ]


def check_fallbacks(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What answers instead of a 404 has to stand inside the guard."""
    classes, paths = installation.middleware(), conf.middleware_paths()
    ours = position(classes, OURS)
    outside = [number for one in _FALLBACKS for number in positions(classes, one) if ours is not None and number < ours]
    return [
        CheckWarning(
            f"{paths[number].rpartition('.')[2]} stands outside the guard: what it answers instead of a 404 meets "
            "no URL rule.",
            hint=f'Move "{paths[number]}" below "{OURS}" in MIDDLEWARE.',
            id="sessionkit.W004",
        )
        for number in outside
    ]


def check_two_defaults(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Two defaults of "log in first", each with its own list of exceptions."""
    settings = conf.sound()
    if position(installation.middleware(), _LOGIN_REQUIRED) is None or settings is None or not settings.global_protect:
        return []
    return [
        Info(
            "LoginRequiredMiddleware and SESSIONKIT_GLOBAL_PROTECT both ask for a log-in by default: a page is open "
            "only where @login_not_required and SESSIONKIT_EXCLUDE (or @public) say so together.",
            hint=f'Keep one of them: remove "{_LOGIN_REQUIRED}", or set SESSIONKIT_GLOBAL_PROTECT = False.',
            id="sessionkit.I001",
        )
    ]


def _reads_django_sessions() -> bool:
    settings = conf.sound()
    return settings is None or isinstance(settings.source, DjangoSessionSource)
