from __future__ import annotations

import logging

import django
import pytest
from django.core.checks import run_checks
from django.test import override_settings

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
OURS = "django_sessionkit.middleware.SessionKitMiddleware"
CSP = "django.middleware.csp.ContentSecurityPolicyMiddleware"
APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django_sessionkit",
]

# A project with the settings of docs/security.md, for which no check has a message.
RIGHT = {
    "INSTALLED_APPS": APPS,
    "MIDDLEWARE": [SESSIONS, AUTH, OURS],
    "AUTHENTICATION_BACKENDS": ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"],
    "SESSION_ENGINE": "django.contrib.sessions.backends.cached_db",
    "CACHES": {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://cache"}},
    "SESSION_COOKIE_AGE": 3600,
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "SESSION_COOKIE_NAME": "__Host-sessionid",
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
    "AUTH_PASSWORD_VALIDATORS": [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}],
    "SECURE_CSP": {"default-src": ["'self'"]},
    "CONTENT_SECURITY_POLICY": {"DIRECTIVES": {"default-src": ["'self'"]}},
}
if django.VERSION >= (6, 0):
    RIGHT["MIDDLEWARE"] = [CSP, *RIGHT["MIDDLEWARE"]]
else:
    RIGHT["MIDDLEWARE"] = ["csp.middleware.CSPMiddleware", *RIGHT["MIDDLEWARE"]]


@pytest.fixture(autouse=True)
def a_right_project():
    handler = logging.StreamHandler()
    logger = logging.getLogger("django_sessionkit.security")
    logger.addHandler(handler)
    with override_settings(**RIGHT):
        yield
    logger.removeHandler(handler)


def messages():
    return run_checks(tags=["sessionkit"], include_deployment_checks=True)


def ids():
    return sorted(one.id for one in messages())


def test_a_right_project_is_silent():
    assert messages() == []


def test_they_are_deployment_checks():
    with override_settings(SESSION_COOKIE_AGE=10**8):
        assert ids() == ["sessionkit.W008"]
        assert run_checks(tags=["sessionkit"]) == []


CASES = [
    ("sessionkit.W006", {"SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies"}),
    ("sessionkit.W008", {"SESSION_COOKIE_AGE": 1209600}),
    ("sessionkit.W008", {"SESSIONKIT_SESSION_TTL": 60 * 60 * 24 * 30}),
    ("sessionkit.W009", {"SESSION_COOKIE_SAMESITE": None}),
    ("sessionkit.W009", {"SESSION_COOKIE_SAMESITE": False}),
    ("sessionkit.W009", {"SESSION_COOKIE_SAMESITE": "None"}),
    ("sessionkit.I002", {"SESSION_COOKIE_NAME": "sessionid"}),
    ("sessionkit.W010", {"AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.ModelBackend"]}),
    ("sessionkit.W011", {"MIDDLEWARE": [SESSIONS, AUTH, OURS]}),
    ("sessionkit.W011", {"SECURE_CSP": {}, "CONTENT_SECURITY_POLICY": {}}),
    ("sessionkit.W012", {"PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"]}),
    ("sessionkit.W013", {"AUTH_PASSWORD_VALIDATORS": []}),
    (
        "sessionkit.W015",
        {
            "TEMPLATES": [
                {
                    "BACKEND": "django.template.backends.django.DjangoTemplates",
                    "OPTIONS": {"autoescape": False},
                }
            ]
        },
    ),
]


@pytest.mark.parametrize(("id_", "settings"), CASES)
def test_it_bites(id_, settings):
    with override_settings(**settings):
        (message,) = messages()
    assert message.id == id_
    assert message.hint


@pytest.mark.parametrize("backend", ["locmem.LocMemCache", "dummy.DummyCache"])
@pytest.mark.parametrize("engine", ["cache", "cached_db"])
def test_a_cache_of_one_process_is_no_place_for_sessions(backend, engine):
    caches = {"default": RIGHT["CACHES"]["default"], "own": {"BACKEND": f"django.core.cache.backends.{backend}"}}
    with override_settings(CACHES=caches, SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}"):
        assert ids() == []
        with override_settings(SESSION_CACHE_ALIAS="own"):
            assert ids() == ["sessionkit.W007"]
            with override_settings(SESSION_ENGINE="django.contrib.sessions.backends.db"):
                assert ids() == []


@pytest.mark.parametrize(
    "settings",
    [
        {"SESSIONKIT_SESSION_TTL": 3600, "SESSION_COOKIE_AGE": 1209600},
        {"SESSION_COOKIE_SAMESITE": "strict"},
        {"SESSION_COOKIE_NAME": "__Secure-id"},
        {"SESSION_COOKIE_NAME": "sessionid", "SESSION_COOKIE_DOMAIN": "example.org"},
        {"SESSION_COOKIE_NAME": "sessionid", "SESSION_COOKIE_PATH": "/shop/"},
        {"SESSION_COOKIE_AGE": "x"},
        {"SESSIONKIT_PROTECT": [], "PASSWORD_HASHERS": ["django.contrib.auth.hashers.ScryptPasswordHasher"]},
    ],
)
def test_it_stays_silent(settings):
    with override_settings(**settings):
        assert messages() == []


def test_without_sessions_of_django_nothing_is_said_about_them():
    with override_settings(
        MIDDLEWARE=[one for one in RIGHT["MIDDLEWARE"] if one not in (SESSIONS, AUTH)],
        SESSIONKIT_SOURCE="django_sessionkit.sources.RequestAttributeSource",
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        SESSION_COOKIE_SAMESITE=None,
    ):
        assert messages() == []


def test_without_passwords_nothing_is_said_about_them():
    with override_settings(
        INSTALLED_APPS=["django.contrib.sessions", "django_sessionkit"],
        MIDDLEWARE=[one for one in RIGHT["MIDDLEWARE"] if one != AUTH],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        AUTH_PASSWORD_VALIDATORS=[],
        AUTHENTICATION_BACKENDS=[],
    ):
        assert messages() == []


def test_an_invalid_setting_does_not_hide_the_rest():
    with override_settings(SESSIONKIT_PROTECT=7, SESSION_COOKIE_AGE=10**8):
        assert ids() == ["sessionkit.E001", "sessionkit.W008"]


def test_a_logger_that_nobody_listens_to():
    logger = logging.getLogger("django_sessionkit.security")
    handlers, logger.handlers = logger.handlers, [logging.NullHandler()]
    try:
        assert ids() == []  # the root logger has a handler, in tests
        logger.propagate = False
        assert ids() == ["sessionkit.W014"]
    finally:
        logger.propagate, logger.handlers = True, handlers
