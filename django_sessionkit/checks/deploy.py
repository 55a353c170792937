"""Checks for ``check --deploy``: session storage, cookies, login and passwords.

They do not repeat what Django's own ``security.*`` checks report.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Info
from django.core.checks import Warning as CheckWarning

from django_sessionkit import conf
from django_sessionkit.conf import installed
from django_sessionkit.session.audit import security_logger

# A lost device should not stay logged in for longer than a week.
_LONGEST_DAYS = 7
_DAY = 24 * 60 * 60

_SIGNED_COOKIES = "django.contrib.sessions.backends.signed_cookies"
_LIMITERS = ("axes", "django_ratelimit", "ratelimit", "allauth", "defender", "brutebuster", "django_lockout")
_CSP = "django.middleware.csp.ContentSecurityPolicyMiddleware"
_WEAK_HASHERS = ("MD5", "SHA1", "Unsalted", "Crypt")
_DEFAULT_HASHER = "django.contrib.auth.hashers.PBKDF2PasswordHasher"


def check_session_engine(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about sessions in signed cookies: the user can read them and send them again."""
    if _engine() != _SIGNED_COOKIES:
        return []
    return [
        CheckWarning(
            "Sessions are stored in signed cookies. Users can read the roles in their cookie and send an old cookie "
            "again, and clear_session() cannot revoke it.",
            hint='SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"',
            id="sessionkit.W006",
        )
    ]


def check_session_cache(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about sessions in a cache that processes do not share."""
    alias = conf.django_setting("SESSION_CACHE_ALIAS", "default")
    backend = installed.private_cache(alias)
    if "cache" not in _engine().rpartition(".")[2] or backend is None:
        return []
    return [
        CheckWarning(
            f'Sessions are in the cache "{alias}" ({backend}), which processes do not share. A process can lose a '
            "session, or keep one that another process has ended.",
            hint=installed.shared_cache(alias),
            id="sessionkit.W007",
        )
    ]


def check_session_age(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn if a session lasts longer than seven days."""
    settings = conf.valid_or_none()
    age = (settings.session_ttl if settings is not None else None) or conf.django_setting("SESSION_COOKIE_AGE")
    if not isinstance(age, (int, float)) or age <= _LONGEST_DAYS * _DAY:
        return []
    return [
        CheckWarning(
            f"A session lasts {age / _DAY:.0f} days. A stolen or forgotten one is valid that long.",
            hint="SESSION_COOKIE_AGE = 8 * 60 * 60  # seconds; or SESSIONKIT_SESSION_TTL",
            id="sessionkit.W008",
        )
    ]


def check_same_site(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn if browsers send the session cookie with requests from other sites."""
    value = conf.django_setting("SESSION_COOKIE_SAMESITE")
    if _engine() == "" or str(value).lower() in ("lax", "strict"):
        return []
    return [
        CheckWarning(
            f"SESSION_COOKIE_SAMESITE is {value!r}. Browsers send the session cookie with requests from other sites.",
            hint='SESSION_COOKIE_SAMESITE = "Lax"',
            id="sessionkit.W009",
        )
    ]


def check_cookie_prefix(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Suggest the ``__Host-`` prefix if the session cookie can have it.

    Browsers accept a cookie with this prefix only over HTTPS and only from the host itself.
    """
    name = str(conf.django_setting("SESSION_COOKIE_NAME"))
    host_only = not conf.django_setting("SESSION_COOKIE_DOMAIN") and conf.django_setting("SESSION_COOKIE_PATH") == "/"
    if not conf.django_setting("SESSION_COOKIE_SECURE") or not host_only or name.startswith(("__Host-", "__Secure-")):
        return []
    return [
        Info(
            f'The session cookie "{name}" has no "__Host-" prefix. A subdomain, or a page over plain HTTP, can set a '
            "cookie with the same name.",
            hint=f'SESSION_COOKIE_NAME = "__Host-{name}"',
            id="sessionkit.I002",
        )
    ]


def check_login_limiter(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn if no known package limits login attempts."""
    if not installed.has_any("django.contrib.auth") or installed.has_any(*_LIMITERS):
        return []
    return [
        CheckWarning(
            "No package that limits login attempts was found (django-axes, django-ratelimit, allauth). Passwords can "
            "be guessed without limit.",
            hint='Install django-axes. Add "axes" to INSTALLED_APPS, "axes.middleware.AxesMiddleware" last to '
            'MIDDLEWARE and "axes.backends.AxesStandaloneBackend" first to AUTHENTICATION_BACKENDS. Silence this check '
            "if a proxy or an identity provider limits the attempts.",
            id="sessionkit.W010",
        )
    ]


def check_content_policy(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn if no Content-Security-Policy is set."""
    native = installed.middleware_index(installed.middleware(), _CSP) is not None and conf.django_setting("SECURE_CSP")
    if native or (installed.has_any("csp") and conf.django_setting("CONTENT_SECURITY_POLICY")):
        return []
    return [
        CheckWarning(
            "No Content-Security-Policy was found. A script injected into a page runs with the session of the user.",
            hint=f'Add "{_CSP}" to MIDDLEWARE and set SECURE_CSP = {{"default-src": ["\'self\'"]}} (Django 6.0 and '
            "later). With an older Django, use django-csp.",
            id="sessionkit.W011",
        )
    ]


def check_password_hasher(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn if the first hasher, which hashes all new passwords, is weak."""
    hashers = conf.django_setting("PASSWORD_HASHERS") or [_DEFAULT_HASHER]
    first = str(hashers[0]).rpartition(".")[2]
    if not installed.has_any("django.contrib.auth") or not first.startswith(_WEAK_HASHERS):
        return []
    return [
        CheckWarning(
            f"New passwords are hashed with {first}. A graphics card tests billions of passwords against such a hash.",
            hint='PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher", '
            f'"{_DEFAULT_HASHER}"]  # pip install "django[argon2]"',
            id="sessionkit.W012",
        )
    ]


def check_password_validators(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn if new passwords are not validated."""
    if not installed.has_any("django.contrib.auth") or conf.django_setting("AUTH_PASSWORD_VALIDATORS"):
        return []
    return [
        CheckWarning(
            'AUTH_PASSWORD_VALIDATORS is empty. "1234" is accepted as a password.',
            hint='AUTH_PASSWORD_VALIDATORS = [{"NAME": f"django.contrib.auth.password_validation.{name}"} for name in '
            '("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")]',
            id="sessionkit.W013",
        )
    ]


def check_audit_handler(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn if no handler records what the security logger writes."""
    if _has_handler(security_logger):
        return []
    return [
        CheckWarning(
            'The logger "django_sessionkit.security" has no handler. Denials and rejected sessions are not recorded.',
            hint='LOGGING = {"version": 1, "disable_existing_loggers": False, "handlers": {"audit": {"class": '
            '"logging.StreamHandler"}}, "loggers": {"django_sessionkit.security": {"handlers": ["audit"]}}}',
            id="sessionkit.W014",
        )
    ]


def check_autoescape(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn if a template engine does not escape variables."""
    return [
        CheckWarning(
            f"TEMPLATES[{number}] switches autoescape off. Every variable is written into the page as HTML.",
            hint='Remove "autoescape" from OPTIONS. Switch it off only in a template that needs it.',
            id="sessionkit.W015",
        )
        for number, engine in enumerate(conf.django_setting("TEMPLATES", []))
        if engine.get("OPTIONS", {}).get("autoescape", True) is False
    ]


def _engine() -> str:
    return str(conf.django_setting("SESSION_ENGINE")) if installed.keeps_sessions() else ""


def _has_handler(logger: logging.Logger | None) -> bool:
    while logger is not None:
        if any(not isinstance(one, logging.NullHandler) for one in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False
