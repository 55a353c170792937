from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.flatpages.middleware import FlatpageFallbackMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.cache import cache
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path
from hypothesis import given
from hypothesis import strategies as st
from support.bad_settings import BAD
from support.sessions import sign_in

import django_sessionkit
from django_sessionkit import Authenticated, Permission, Role, conf, get_session
from django_sessionkit.middleware import SessionKitMiddleware
from django_sessionkit.policy import rule_parser
from django_sessionkit.sources import SessionSource

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
    return sorted(one for one, _ in found())


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
        ([f"{__name__}.OwnSessions", f"{__name__}.OwnAuth", f"{__name__}.OwnKit"], []),
        ([SESSIONS, f"{__name__}.plain", OURS], []),
        ([SESSIONS], ["sessionkit.E015"]),
        ([], ["sessionkit.E015"]),
        ([OURS], ["sessionkit.E016"]),
        ([OURS, SESSIONS], ["sessionkit.E017"]),
        ([f"{__name__}.OwnKit", f"{__name__}.OwnSessions"], ["sessionkit.E017"]),
        ([SESSIONS, OURS, AUTH], ["sessionkit.W001"]),
        ([SESSIONS, f"{__name__}.OwnKit", f"{__name__}.OwnAuth"], ["sessionkit.W001"]),
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
    roles = {"admin": {"permissions": ["users:*", "posts:write", "*"]}}
    with override_settings(SESSIONKIT_ROLES=roles):
        assert ['"users:*"' in text for _, text in found()] == [True]
        assert ids() == ["sessionkit.W002"]
        with override_settings(SESSIONKIT_WILDCARD_PERMISSIONS=True):
            assert ids() == []


@override_settings(SESSIONKIT_PROTECT=[{"pattern": "/a", "rol": "admin"}])
def test_manage_py_check_shows_place_fault_and_nearest_key():
    with pytest.raises(CommandError) as caught:
        call_command("check")
    assert 'SESSIONKIT_PROTECT[0]: unknown key "rol"' in str(caught.value)
    assert 'HINT: Did you mean "role"?' in str(caught.value)


@override_settings(MIDDLEWARE=[SESSIONS, OURS, f"{__name__}.OwnKit"])
def test_the_middleware_listed_twice():
    (message,) = run_checks(tags=["sessionkit"])
    assert message.id == "sessionkit.W003"
    assert message.hint == f'Remove MIDDLEWARE[2], "{__name__}.OwnKit".'


FLATPAGES = "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware"
REDIRECTS = "django.contrib.redirects.middleware.RedirectFallbackMiddleware"


class OwnFlatpages(FlatpageFallbackMiddleware):
    pass


@pytest.mark.parametrize(
    ("middleware", "expected"),
    [
        ([SESSIONS, OURS, FLATPAGES, REDIRECTS], []),
        ([SESSIONS, FLATPAGES, OURS], ["sessionkit.W004"]),
        ([f"{__name__}.OwnFlatpages", SESSIONS, OURS], ["sessionkit.W004"]),
        ([SESSIONS, REDIRECTS, OURS], ["sessionkit.W004"]),
        ([FLATPAGES], ["sessionkit.E015"]),
    ],
)
def test_a_fallback_has_to_stand_inside_the_guard(middleware, expected):
    apps = [*settings.INSTALLED_APPS, "django.contrib.redirects"]
    with override_settings(MIDDLEWARE=middleware, INSTALLED_APPS=apps):
        assert ids() == expected


UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
FETCH = "django.middleware.cache.FetchFromCacheMiddleware"
BOTH = "django.middleware.cache.CacheMiddleware"


@pytest.mark.parametrize(
    ("middleware", "expected"),
    [
        ([UPDATE, SESSIONS, OURS, FETCH], []),
        ([SESSIONS, UPDATE, OURS, FETCH], []),
        ([SESSIONS, OURS, UPDATE, FETCH], ["sessionkit.W034"]),
        ([UPDATE, FETCH, SESSIONS, OURS], ["sessionkit.W035"]),
        ([FETCH, SESSIONS, OURS, UPDATE], ["sessionkit.W034", "sessionkit.W035"]),
        ([BOTH, SESSIONS, OURS], ["sessionkit.W035"]),
        ([SESSIONS, OURS, BOTH], ["sessionkit.W034"]),
        ([UPDATE, SESSIONS, FETCH], ["sessionkit.E015"]),
    ],
)
def test_the_site_cache_surrounds_the_guard(middleware, expected):
    with override_settings(MIDDLEWARE=middleware):
        assert ids() == expected


def page_of_a_user(request):
    return HttpResponse(get_session().user_id)


@pytest.mark.parametrize(
    ("middleware", "seen"), [([SESSIONS, OURS, UPDATE, FETCH], "1"), ([UPDATE, SESSIONS, OURS, FETCH], "2")]
)
def test_the_page_of_one_user_is_sent_to_another_where_the_check_warns(middleware, seen, settings):
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("", page_of_a_user)]})
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "pages"}}
    settings.MIDDLEWARE, settings.SESSIONKIT_PROTECT = middleware, [{"pattern": "/", "authenticated": True}]
    pages = []
    for user in "12":
        client = Client()
        sign_in(client, {"user_id": user})
        pages.append(client.get("/").content.decode())
    cache.clear()
    assert pages == ["1", seen]


LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"


def test_two_defaults_that_ask_for_a_log_in():
    with override_settings(MIDDLEWARE=[SESSIONS, AUTH, LOGIN_REQUIRED, OURS]):
        assert ids() == []
        with override_settings(SESSIONKIT_GLOBAL_PROTECT=True):
            assert ids() == ["sessionkit.I001"]
        with override_settings(SESSIONKIT_GLOBAL_PROTECT=1):
            assert ids() == ["sessionkit.E002"]
    with override_settings(SESSIONKIT_GLOBAL_PROTECT=True):
        assert ids() == []


ROLES = {"admin": {"inherits": ["editor"]}, "editor": {}}


@pytest.mark.parametrize(
    "rule",
    [
        {"role": "edtor"},
        {"roles": ["admin", "edtor"]},
        {"require": Authenticated() & ~(Role("edtor") | Permission("x"))},
    ],
)
def test_a_role_that_nobody_declares(rule):
    with override_settings(SESSIONKIT_PROTECT=[{"name": "staff", "pattern": "/page", **rule}]):
        assert ids() == []
        with override_settings(SESSIONKIT_ROLES=ROLES):
            (message,) = run_checks(tags=["sessionkit"])
    assert message.id == "sessionkit.W005"
    assert 'staff requires the role "edtor"' in message.msg
    assert message.hint.startswith('Correct the name (did you mean "editor"?)')


@override_settings(SESSIONKIT_ROLES=ROLES, SESSIONKIT_PROTECT=[{"pattern": "/page", "roles": ["admin", "editor"]}])
def test_declared_roles_are_silent():
    assert ids() == []


def test_a_session_cache_that_does_not_exist():
    with override_settings(SESSION_CACHE_ALIAS="defalt"):
        (message,) = run_checks(tags=["sessionkit"])
        assert (message.id, message.hint) == ("sessionkit.E018", 'Did you mean "default"?')
        with override_settings(SESSION_ENGINE="django.contrib.sessions.backends.db"):
            assert ids() == []
        with override_settings(MIDDLEWARE=[OURS], SESSIONKIT_SOURCE="support.bad_settings.OwnSource"):
            assert ids() == []


class PickleSerializer:
    dumps, loads = staticmethod(pickle.dumps), staticmethod(pickle.loads)


class Quick(PickleSerializer):
    pass


def test_cookies_that_are_unpickled():
    cookies = "django.contrib.sessions.backends.signed_cookies"
    for serializer in (f"{__name__}.PickleSerializer", f"{__name__}.Quick", "no_such.PickleSerializer"):
        with override_settings(SESSION_SERIALIZER=serializer):
            assert ids() == []
            with override_settings(SESSION_ENGINE=cookies):
                assert ids() == ["sessionkit.E019"]
    with override_settings(SESSION_ENGINE=cookies):
        assert ids() == []


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["/a", "no.such", "math.pi", "os"]),
    lambda one: (
        st.lists(one, max_size=3) | st.dictionaries(st.one_of(st.text(max_size=8), st.integers()), one, max_size=3)
    ),
    max_leaves=8,
)


@given(name=st.sampled_from(sorted(conf.DEFAULTS)), value=JUNK)
def test_no_value_of_a_setting_makes_a_traceback(name, value):
    with override_settings(**{name: value}):
        assert all(message.hint for message in run_checks(tags=["sessionkit"]))


@given(
    key=st.sampled_from([*rule_parser._REQUIREMENTS, *rule_parser.OPTION_KEYS, "pattern", "view", "methods", "name"]),
    value=JUNK,
)
def test_no_value_in_a_rule_makes_a_traceback(key, value):
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/page", "role": "a", key: value}]):
        assert all(message.hint for message in run_checks(tags=["sessionkit"]))


class Exploding(SessionSource):
    """A source class that cannot be instantiated."""

    def __init__(self):
        raise RuntimeError("built")

    def read(self, request):
        return None


def test_a_source_that_cannot_be_built_is_an_error_with_a_hint():
    with override_settings(SESSIONKIT_SOURCE=f"{__name__}.Exploding"):
        (message,) = run_checks(tags=["sessionkit"])
    assert message.id == "sessionkit.E006"
    assert message.msg == "SESSIONKIT_SOURCE: Exploding() raised RuntimeError: built."
    assert message.hint


SOURCES = [path.read_text(encoding="utf-8") for path in Path(django_sessionkit.__file__).parent.rglob("*.py")]
TESTS = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")]


def test_every_id_is_raised_in_one_place_and_tested():
    numbers = re.findall(r'"(sessionkit\.[EWI]\d{3})"', "".join(SOURCES))
    assert len(numbers) == len(set(numbers))
    tested = set(re.findall(r"sessionkit\.[EWI]\d{3}", "".join(TESTS)))
    assert set(numbers) - tested - {f"sessionkit.E{number:03}" for number in range(1, 15)} == set()
