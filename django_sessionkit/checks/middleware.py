"""Checks of ``MIDDLEWARE``: the position of ``SessionKitMiddleware``, and middleware that bypasses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Info
from django.core.checks import Warning as CheckWarning

from django_sessionkit import conf
from django_sessionkit.conf import installed
from django_sessionkit.conf.installed import (
    AUTHENTICATION_MIDDLEWARE,
    LOGIN_REQUIRED_MIDDLEWARE,
    MIDDLEWARE_PATH,
    SESSION_MIDDLEWARE,
    middleware_index,
    middleware_indexes,
)
from django_sessionkit.sources import DjangoSessionSource

# Django's cache of whole pages. CacheMiddleware is a subclass of both.
_UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
_FETCH = "django.middleware.cache.FetchFromCacheMiddleware"


def check_middleware(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report a missing ``SessionKitMiddleware``, or one above the middleware that it needs."""
    classes = installed.middleware()
    ours = middleware_index(classes, MIDDLEWARE_PATH)
    if ours is None:
        return [
            Error(
                installed.MIDDLEWARE_MISSING,
                hint=installed.MIDDLEWARE_REMEDY,
                id="sessionkit.E015",
            )
        ]
    return [*_check_store(classes, ours), *_check_auth(classes, ours)]


def _check_store(classes: list[Any], ours: int) -> list[CheckMessage]:
    sessions = middleware_index(classes, SESSION_MIDDLEWARE)
    if not _reads_django_sessions() or (sessions is not None and sessions < ours):
        return []
    if sessions is None:
        return [
            Error(
                "SessionMiddleware is not in MIDDLEWARE. There is no session store, so no user has a session.",
                hint=f'Add "{SESSION_MIDDLEWARE}" before "{MIDDLEWARE_PATH}", or set SESSIONKIT_SOURCE.',
                id="sessionkit.E016",
            )
        ]
    return [
        Error(
            "SessionKitMiddleware is above SessionMiddleware in MIDDLEWARE. It finds no session and denies every user.",
            hint=f'Move "{MIDDLEWARE_PATH}" below "{SESSION_MIDDLEWARE}" in MIDDLEWARE.',
            id="sessionkit.E017",
        )
    ]


def _check_auth(classes: list[Any], ours: int) -> list[CheckMessage]:
    auth = middleware_index(classes, AUTHENTICATION_MIDDLEWARE)
    if auth is None or auth < ours:
        return []
    return [
        CheckWarning(
            "SessionKitMiddleware is above AuthenticationMiddleware in MIDDLEWARE. Predicates of URL rules find no "
            "request.user.",
            hint=f'Move "{MIDDLEWARE_PATH}" below AuthenticationMiddleware in MIDDLEWARE.',
            id="sessionkit.W001",
        )
    ]


def check_middleware_once(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn if ``SessionKitMiddleware`` is listed more than once."""
    paths = conf.middleware_paths()
    return [
        CheckWarning(
            "SessionKitMiddleware is in MIDDLEWARE more than once. Every request is checked and logged twice.",
            hint=f'Remove MIDDLEWARE[{number}], "{paths[number]}".',
            id="sessionkit.W003",
        )
        for number in middleware_indexes(installed.middleware(), MIDDLEWARE_PATH)[1:]
    ]


def check_fallbacks(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about fallback middleware above ``SessionKitMiddleware``: it answers after SessionKit has finished."""
    return [
        CheckWarning(
            f"{path.rpartition('.')[2]} is above SessionKitMiddleware in MIDDLEWARE. No URL rule applies to the "
            "responses that it returns instead of a 404.",
            hint=f'Move "{path}" below "{MIDDLEWARE_PATH}" in MIDDLEWARE.',
            id="sessionkit.W004",
        )
        for path in _paths(*installed.FALLBACKS, above=True)
    ]


def check_cache_writer(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about the site cache below ``SessionKitMiddleware``: it stores pages before they have ``Vary``."""
    return [
        CheckWarning(
            f"{path.rpartition('.')[2]} is below SessionKitMiddleware in MIDDLEWARE. It stores pages before SessionKit "
            'adds "Vary: Cookie", so the page of one user can be sent to another.',
            hint=f'Move "{_UPDATE}" to the top of MIDDLEWARE, and leave "{_FETCH}" at the bottom.',
            id="sessionkit.W034",
        )
        for path in _paths(_UPDATE, above=False)
    ]


def check_cache_reader(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about the site cache above ``SessionKitMiddleware``: it returns stored pages, and no rule is evaluated."""
    return [
        CheckWarning(
            f"{path.rpartition('.')[2]} is above SessionKitMiddleware in MIDDLEWARE. It returns stored pages before a "
            "URL rule is evaluated, also to a user who has lost the right since.",
            hint=f'Move "{_FETCH}" to the bottom of MIDDLEWARE, and leave "{_UPDATE}" at the top.',
            id="sessionkit.W035",
        )
        for path in _paths(_FETCH, above=True)
    ]


def _paths(*wanted: str, above: bool) -> list[str]:
    """Return the entries of ``MIDDLEWARE`` with one of these classes, above or below ``SessionKitMiddleware``."""
    classes, paths = installed.middleware(), conf.middleware_paths()
    ours = middleware_index(classes, MIDDLEWARE_PATH)
    found = [number for one in wanted for number in middleware_indexes(classes, one)]
    return [paths[number] for number in found if ours is not None and (number < ours) is above]


def check_two_defaults(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report two active defaults that require a login, each with its own exceptions."""
    settings = conf.valid_or_none()
    if (
        middleware_index(installed.middleware(), LOGIN_REQUIRED_MIDDLEWARE) is None
        or settings is None
        or not settings.global_protect
    ):
        return []
    return [
        Info(
            "LoginRequiredMiddleware and SESSIONKIT_GLOBAL_PROTECT both require a login by default. A page is open "
            "only if it has @login_not_required and is also exempt from SESSIONKIT_GLOBAL_PROTECT.",
            hint=f'Keep one of them: remove "{LOGIN_REQUIRED_MIDDLEWARE}", or set SESSIONKIT_GLOBAL_PROTECT = False.',
            id="sessionkit.I001",
        )
    ]


def _reads_django_sessions() -> bool:
    settings = conf.valid_or_none()
    return settings is None or isinstance(settings.source, DjangoSessionSource)
