from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.test import override_settings
from test_conf import BAD

import django_sessionkit
from django_sessionkit.middleware import SessionKitMiddleware

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
OURS = "django_sessionkit.middleware.SessionKitMiddleware"


class OwnSessions(SessionMiddleware):
    pass


class OwnAuth(AuthenticationMiddleware):
    pass


class OwnKit(SessionKitMiddleware):
    pass


def plain(get_response):
    return get_response


def found():
    return [(message.id, message.msg) for message in run_checks() if (message.id or "").startswith("sessionkit.")]


def ids():
    return [one for one, _ in found()]


def test_a_right_project_is_silent():
    assert ids() == []


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_every_settings_error_is_a_check_error(name, value, message):
    with override_settings(**{name: value}):
        messages = [one for one in run_checks() if (one.id or "").startswith("sessionkit.E")]
    assert len(messages) == 1
    assert messages[0].hint or messages[0].msg
    assert messages[0].msg.split(";")[0] in message or message.split(";")[0] in messages[0].msg


def test_every_setting_has_an_id_of_its_own():
    broken = {
        "SESSIONKIT_PROTECT": 7,
        "SESSIONKIT_GLOBAL_PROTECT": 7,
        "SESSIONKIT_EXCLUDE": 7,
        "SESSIONKIT_LOGIN_URL": 7,
        "SESSIONKIT_SESSION_KEY": 7,
        "SESSIONKIT_SOURCE": 7,
        "SESSIONKIT_SESSION_VALIDATOR": 7,
        "SESSIONKIT_LIMITS": 7,
        "SESSIONKIT_ACCESS_POLICY": 7,
        "SESSIONKIT_ROLES": 7,
        "SESSIONKIT_WILDCARD_PERMISSIONS": 7,
        "SESSIONKIT_SESSION_TTL": "7",
        "SESSIONKIT_TOUCH_ON_REQUEST": 7,
        "SESSIONKIT_TYPO": 7,
    }
    with override_settings(**broken):
        assert sorted(ids()) == [f"sessionkit.E{number:03}" for number in range(1, 15)]


@pytest.mark.parametrize(
    ("middleware", "expected"),
    [
        ([SESSIONS, AUTH, OURS], []),
        ([SESSIONS, OURS], []),
        (["test_checks.OwnSessions", "test_checks.OwnAuth", "test_checks.OwnKit"], []),
        ([SESSIONS, "test_checks.plain", OURS], []),
        ([SESSIONS], ["sessionkit.E015"]),
        ([], ["sessionkit.E015"]),
        ([OURS], ["sessionkit.E016"]),
        ([OURS, SESSIONS], ["sessionkit.E017"]),
        (["test_checks.OwnKit", "test_checks.OwnSessions"], ["sessionkit.E017"]),
        ([SESSIONS, OURS, AUTH], ["sessionkit.W001"]),
        ([SESSIONS, "test_checks.OwnKit", "test_checks.OwnAuth"], ["sessionkit.W001"]),
        ([SESSIONS, "no.such.Middleware", OURS], []),
    ],
)
def test_the_place_of_the_middleware(middleware, expected):
    with override_settings(MIDDLEWARE=middleware):
        assert ids() == expected


@override_settings(SESSIONKIT_SOURCE="django_sessionkit.sources.RequestAttributeSource", MIDDLEWARE=[OURS])
def test_a_source_that_is_no_session_store_needs_no_session_middleware():
    assert ids() == []


def test_a_wildcard_that_grants_nothing():
    roles = {"admin": {"permissions": ["users:*", "posts:write"]}}
    with override_settings(SESSIONKIT_ROLES=roles):
        assert [one for one, text in found() if '"users:*"' in text] == ["sessionkit.W002"]
        with override_settings(SESSIONKIT_WILDCARD_PERMISSIONS=True):
            assert ids() == []


@override_settings(SESSIONKIT_PROTECT=[{"pattern": "/a", "rol": "admin"}])
def test_manage_py_check_shows_place_fault_and_nearest_key():
    with pytest.raises(CommandError) as caught:
        call_command("check")
    assert 'SESSIONKIT_PROTECT[0]: unknown key "rol"' in str(caught.value)
    assert 'HINT: did you mean "role"?' in str(caught.value)


def test_every_id_is_raised_in_one_place():
    source = Path(django_sessionkit.__file__).with_name("checks.py").read_text()
    numbers = re.findall(r'"(sessionkit\.[EWI]\d{3})"', source)
    assert len(numbers) == len(set(numbers))
    assert settings.configured
