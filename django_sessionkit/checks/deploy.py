"""``check --deploy``: how sessions are kept, and what else a log-in needs, without Django's own ``security.*``."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Info
from django.core.checks import Warning as CheckWarning

from django_sessionkit import conf, installation
from django_sessionkit.audit import security_logger

# Longer than a working week is a session that a lost phone keeps.
_LONGEST_DAYS = 7
_DAY = 24 * 60 * 60

_SIGNED_COOKIES = "django.contrib.sessions.backends.signed_cookies"
_LIMITERS = ("axes", "django_ratelimit", "ratelimit", "allauth", "defender", "brutebuster", "django_lockout")
_CSP = "django.middleware.csp.ContentSecurityPolicyMiddleware"
_WEAK_HASHERS = ("MD5", "SHA1", "Unsalted", "Crypt")
_DEFAULT_HASHER = "django.contrib.auth.hashers.PBKDF2PasswordHasher"


def check_session_engine(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Sessions in the cookie itself are the visitor's to read, to keep and to send again."""
    if _engine() != _SIGNED_COOKIES:
        return []
    return [
        CheckWarning(
            "Sessions are kept in signed cookies: their owner can read the roles in them and send an old cookie "
            "again, and clear_session() cannot revoke it.",
            hint='SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"',
            id="sessionkit.W006",
        )
    ]


def check_session_cache(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A cache that lives in one process loses sessions, or keeps what another process has revoked."""
    alias = conf.of_django("SESSION_CACHE_ALIAS", "default")
    backend = installation.private_cache(alias)
    if "cache" not in _engine().rpartition(".")[2] or backend is None:
        return []
    return [
        CheckWarning(
            f'Sessions are in the cache "{alias}", a {backend}: each process has its own, and a restart or the next '
            "process loses them.",
            hint=installation.shared_cache(alias),
            id="sessionkit.W007",
        )
    ]


def check_session_age(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A session that lasts for weeks is a log-in that nobody asks for again."""
    settings = conf.sound()
    age = (settings.session_ttl if settings is not None else None) or conf.of_django("SESSION_COOKIE_AGE")
    if not isinstance(age, (int, float)) or age <= _LONGEST_DAYS * _DAY:
        return []
    return [
        CheckWarning(
            f"A session lasts {age / _DAY:.0f} days: so long a stolen or forgotten one stays good.",
            hint="SESSION_COOKIE_AGE = 8 * 60 * 60  # seconds; or SESSIONKIT_SESSION_TTL",
            id="sessionkit.W008",
        )
    ]


def check_same_site(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Without SameSite other sites send the session cookie along."""
    value = conf.of_django("SESSION_COOKIE_SAMESITE")
    if _engine() == "" or str(value).lower() in ("lax", "strict"):
        return []
    return [
        CheckWarning(
            f"SESSION_COOKIE_SAMESITE is {value!r}: requests that other sites make carry the session.",
            hint='SESSION_COOKIE_SAMESITE = "Lax"',
            id="sessionkit.W009",
        )
    ]


def check_cookie_prefix(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A name that browsers accept over HTTPS from this very host only."""
    name = str(conf.of_django("SESSION_COOKIE_NAME"))
    host_only = not conf.of_django("SESSION_COOKIE_DOMAIN") and conf.of_django("SESSION_COOKIE_PATH") == "/"
    if not conf.of_django("SESSION_COOKIE_SECURE") or not host_only or name.startswith(("__Host-", "__Secure-")):
        return []
    return [
        Info(
            f'The session cookie "{name}" has no "__Host-" prefix: a subdomain, or a page over plain HTTP, can plant '
            "one of that name.",
            hint=f'SESSION_COOKIE_NAME = "__Host-{name}"',
            id="sessionkit.I002",
        )
    ]


def check_login_limiter(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Passwords can be guessed where nothing counts the tries."""
    if not installation.has_any("django.contrib.auth") or installation.has_any(*_LIMITERS):
        return []
    return [
        CheckWarning(
            "Nothing that limits log-in attempts was found (django-axes, django-ratelimit, allauth).",
            hint='Install django-axes, add "axes" to INSTALLED_APPS, "axes.middleware.AxesMiddleware" last to '
            'MIDDLEWARE and "axes.backends.AxesStandaloneBackend" first to AUTHENTICATION_BACKENDS; or silence this '
            "where a proxy or an identity provider counts.",
            id="sessionkit.W010",
        )
    ]


def check_content_policy(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A Content-Security-Policy is the second net under escaped output."""
    native = installation.position(installation.middleware(), _CSP) is not None and conf.of_django("SECURE_CSP")
    if native or (installation.has_any("csp") and conf.of_django("CONTENT_SECURITY_POLICY")):
        return []
    return [
        CheckWarning(
            "No Content-Security-Policy was found: a script that slips into a page runs with the session.",
            hint=f'Add "{_CSP}" to MIDDLEWARE and SECURE_CSP = {{"default-src": ["\'self\'"]}} (Django 6.0 and newer; '
            "before, django-csp).",
            id="sessionkit.W011",
        )
    ]


def check_password_hasher(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The first hasher makes the hashes of all new passwords."""
    hashers = conf.of_django("PASSWORD_HASHERS") or [_DEFAULT_HASHER]
    first = str(hashers[0]).rpartition(".")[2]
    if not installation.has_any("django.contrib.auth") or not first.startswith(_WEAK_HASHERS):
        return []
    return [
        CheckWarning(
            f"New passwords are hashed with {first}, which a graphics card tries by the billion.",
            hint='PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher", '
            f'"{_DEFAULT_HASHER}"]  # pip install "django[argon2]"',
            id="sessionkit.W012",
        )
    ]


def check_password_validators(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Without validators "1234" is a password."""
    if not installation.has_any("django.contrib.auth") or conf.of_django("AUTH_PASSWORD_VALIDATORS"):
        return []
    return [
        CheckWarning(
            'AUTH_PASSWORD_VALIDATORS is empty: "1234" is accepted as a password.',
            hint='AUTH_PASSWORD_VALIDATORS = [{"NAME": f"django.contrib.auth.password_validation.{name}"} for name in '
            '("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")]',
            id="sessionkit.W013",
        )
    ]


def check_audit_handler(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Denials are logged; somebody has to keep the lines."""
    if _has_handler(security_logger):
        return []
    return [
        CheckWarning(
            'The logger "django_sessionkit.security" has no handler: denials and rejected sessions are not kept.',
            hint='LOGGING = {"version": 1, "disable_existing_loggers": False, "handlers": {"audit": {"class": '
            '"logging.StreamHandler"}}, "loggers": {"django_sessionkit.security": {"handlers": ["audit"]}}}',
            id="sessionkit.W014",
        )
    ]


def check_autoescape(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Without autoescape every variable of a template is HTML."""
    return [
        CheckWarning(
            f"TEMPLATES[{number}] has autoescape switched off: every variable is written as HTML.",
            hint='Remove "autoescape" from OPTIONS, and switch it off in the one template that needs it.',
            id="sessionkit.W015",
        )
        for number, engine in enumerate(conf.of_django("TEMPLATES", []))
        if engine.get("OPTIONS", {}).get("autoescape", True) is False
    ]


def _engine() -> str:
    return str(conf.of_django("SESSION_ENGINE")) if installation.keeps_sessions() else ""


def _has_handler(logger: logging.Logger | None) -> bool:
    while logger is not None:
        if any(not isinstance(one, logging.NullHandler) for one in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False
