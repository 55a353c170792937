from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.urls import reverse_lazy

from django_sessionkit import Nobody, Role, conf
from django_sessionkit.access import AccessPolicy
from django_sessionkit.middleware import SessionKitMiddleware
from django_sessionkit.sources import SessionSource


def predicate(session):
    return True


def three(session, request, more):
    return True


async def async_validator(data):
    return data


class AsyncRoles(AccessPolicy):
    async def get_roles(self, session):  # type: ignore[override]
        return []


class ShortCheck(AccessPolicy):
    def check(self, requirement):  # type: ignore[override]
        return None


class Unbuildable(AccessPolicy):
    def __init__(self):
        pass


class NoSource:
    def __call__(self):
        pass


class HalfSource:
    def read(self, request):
        return None

    async def aread(self, request):
        return None


class OwnSource(SessionSource):
    def read(self, request):
        return None


BAD = [
    ("SESSIONKIT_PROTECT", {"pattern": "/a"}, "SESSIONKIT_PROTECT: must be a list, not dict"),
    ("SESSIONKIT_PROTECT", [{"pattern": "/a", "rol": "x"}], 'SESSIONKIT_PROTECT[0]: unknown key "rol"'),
    ("SESSIONKIT_PROTECT", [{"pattern": "/a", "allow": "no.such.thing"}], "cannot be imported"),
    ("SESSIONKIT_PROTECT", [{"pattern": "/a", "allow": "math.pi"}], "is not callable"),
    ("SESSIONKIT_PROTECT", [{"pattern": "/a", "allow": "test_conf.three"}], "SESSIONKIT_PROTECT[0]: three must take"),
    ("SESSIONKIT_GLOBAL_PROTECT", "yes", "must be True or False, not str"),
    ("SESSIONKIT_GLOBAL_PROTECT", 1, "must be True or False, not int"),
    ("SESSIONKIT_EXCLUDE", "/static/**", "SESSIONKIT_EXCLUDE: must be a list, not str"),
    ("SESSIONKIT_EXCLUDE", ["/ok", "/a*"], "SESSIONKIT_EXCLUDE[1]: "),
    ("SESSIONKIT_LOGIN_URL", "https://sso.example", "SESSIONKIT_LOGIN_URL: must be a site-relative path"),
    *(
        ("SESSIONKIT_PROTECT", [{"pattern": "/a", "role": "a", key: target}], f"[0][{key!r}]: must be a site-relative")
        for key in ("login_url", "redirect_to")
        for target in ("/up\ud800grade/", "/\udfff", "up\udc80", "https://sso.example/")
    ),
    ("SESSIONKIT_LOGIN_URL", "/log\ud800in/", "SESSIONKIT_LOGIN_URL: must be a site-relative path"),
    ("SESSIONKIT_SESSION_KEY", "", "non-blank string"),
    ("SESSIONKIT_SESSION_KEY", 7, "non-blank string"),
    ("SESSIONKIT_SESSION_KEY", "_auth_user_id", "a key of Django itself"),
    ("SESSIONKIT_SOURCE", "no.such.Source", "cannot be imported"),
    ("SESSIONKIT_SOURCE", "test_conf.HalfSource", "is not a SessionSource; subclass django_sessionkit.sources"),
    ("SESSIONKIT_SOURCE", HalfSource(), "is not a SessionSource"),
    ("SESSIONKIT_SOURCE", NoSource(), "must be a SessionSource or a callable"),
    ("SESSIONKIT_SOURCE", 7, "must be a SessionSource or a callable"),
    ("SESSIONKIT_SOURCE", lambda: None, "must be a SessionSource or a callable"),
    ("SESSIONKIT_SESSION_VALIDATOR", "no.such.validator", "cannot be imported"),
    ("SESSIONKIT_SESSION_VALIDATOR", "nodots", "cannot be imported"),
    ("SESSIONKIT_SESSION_VALIDATOR", lambda: None, "must be a callable that takes the dict"),
    ("SESSIONKIT_SESSION_VALIDATOR", 7, "must be a callable that takes the dict"),
    ("SESSIONKIT_SESSION_VALIDATOR", "test_conf.async_validator", "must not be async"),
    ("SESSIONKIT_LIMITS", [], "must be a dict of limit name"),
    ("SESSIONKIT_LIMITS", {"role_count": 5}, 'unknown limit; did you mean "roles_count"'),
    ("SESSIONKIT_LIMITS", {"roles_count": "5"}, "must be an integer"),
    ("SESSIONKIT_LIMITS", {"roles_count": 0}, "must be an integer"),
    ("SESSIONKIT_LIMITS", {"roles_count": True}, "must be an integer"),
    ("SESSIONKIT_ACCESS_POLICY", "no.such.Policy", "cannot be imported"),
    ("SESSIONKIT_ACCESS_POLICY", "test_conf.NoSource", "must be a subclass of"),
    ("SESSIONKIT_ACCESS_POLICY", AccessPolicy(), "must be a subclass of"),
    ("SESSIONKIT_ACCESS_POLICY", AsyncRoles, "get_roles() must not be async"),
    ("SESSIONKIT_ACCESS_POLICY", ShortCheck, "check() does not take the arguments"),
    ("SESSIONKIT_ACCESS_POLICY", Unbuildable, "Unbuildable() raised TypeError"),
    ("SESSIONKIT_ROLES", {"a": {"inherits": ["b"]}}, "SESSIONKIT_ROLES['a']: inherits the unknown role"),
    ("SESSIONKIT_WILDCARD_PERMISSIONS", None, "must be True or False"),
    ("SESSIONKIT_SESSION_TTL", 0, "positive number of seconds"),
    ("SESSIONKIT_SESSION_TTL", -1, "positive number of seconds"),
    ("SESSIONKIT_SESSION_TTL", "60", "positive number of seconds"),
    ("SESSIONKIT_SESSION_TTL", True, "positive number of seconds"),
    ("SESSIONKIT_SESSION_TTL", float("nan"), "positive number of seconds"),
    ("SESSIONKIT_SESSION_TTL", float("inf"), "positive number of seconds"),
    ("SESSIONKIT_TOUCH_ON_REQUEST", "yes", "must be True or False"),
    ("SESSIONKIT_PROTEKT", [], 'SESSIONKIT_PROTEKT: unknown setting; did you mean "SESSIONKIT_PROTECT"?'),
    ("SESSIONKIT_VERSION", "django_sessionkit.versions.nothing", "cannot be imported"),
    (
        "SESSIONKIT_VERSION",
        "django_sessionkit.versions.CacheVersions",
        "SESSIONKIT_VERSION: must not be a class; name an instance, such as CacheVersions()",
    ),
    ("SESSIONKIT_VERSION", "test_conf.three", "SESSIONKIT_VERSION: must be a callable that takes the user id"),
    ("SESSIONKIT_VERSION", 5, "SESSIONKIT_VERSION: must be a callable that takes the user id"),
    ("SESSIONKIT_REFRESH", "no.such.thing", "cannot be imported"),
    ("SESSIONKIT_REFRESH", len, "SESSIONKIT_REFRESH: must be a callable that takes (session, request)"),
    *(
        ("SESSIONKIT_VERSION_INTERVAL", wrong, "SESSIONKIT_VERSION_INTERVAL: must be a number of seconds, 0 or more")
        for wrong in (-1, True, "5", None, float("inf"))
    ),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_a_bad_setting_stops_the_server(name, value, message):
    with override_settings(**{name: value}), pytest.raises(ImproperlyConfigured) as caught:
        SessionKitMiddleware(lambda request: None)
    assert message in str(caught.value)


ELSEWHERE = ["https://sso.example.org/", "//sso.example.org/", "/log\ud800in/", None, ""]
A = {"pattern": "/a", "role": "a"}
SENDS = [
    {"SESSIONKIT_PROTECT": [A]},
    {"SESSIONKIT_PROTECT": [{"view": "a", "require": Role("a") | Nobody()}]},
    {"SESSIONKIT_PROTECT": [{**A, "login_url": "/b/"}, {**A, "on_deny": "forbidden"}]},
    {"SESSIONKIT_PROTECT": [{**A, "api": False}]},
    {"SESSIONKIT_GLOBAL_PROTECT": True},
]
SENDS_NOBODY = [
    {},
    {"SESSIONKIT_EXCLUDE": ["/a"]},
    {"SESSIONKIT_PROTECT": [{"pattern": "/a", "public": True}, {"pattern": "/b", "deny": True}]},
    {"SESSIONKIT_PROTECT": [{**A, "login_url": "/b/"}, {**A, "api": True}, {**A, "on_deny": "not_found"}]},
    {"SESSIONKIT_PROTECT": [{**A, "deny": True}]},
    {"SESSIONKIT_PROTECT": [A], "SESSIONKIT_GLOBAL_PROTECT": True, "SESSIONKIT_LOGIN_URL": "/leads-on/"},
]


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("settings", SENDS)
def test_a_login_page_of_another_site_stops_a_server_that_sends_somebody_there(target, settings):
    with override_settings(LOGIN_URL=target, **settings), pytest.raises(ImproperlyConfigured) as caught:
        SessionKitMiddleware(lambda request: None)
    assert str(caught.value).startswith("LOGIN_URL: ")
    assert str(caught.value).endswith("; set SESSIONKIT_LOGIN_URL to a page of this site that leads there")


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("settings", SENDS_NOBODY)
def test_and_no_other_server(target, settings):
    with override_settings(LOGIN_URL=target, **settings):
        assert SessionKitMiddleware(lambda request: None)
        assert conf.current().login_url == settings.get("SESSIONKIT_LOGIN_URL")
        assert conf.problems() == []


GOOD = [
    ("SESSIONKIT_PROTECT", ({"pattern": "/a", "allow": "test_conf.predicate"},)),
    ("SESSIONKIT_SOURCE", "test_conf.OwnSource"),
    ("SESSIONKIT_SOURCE", OwnSource),
    ("SESSIONKIT_SOURCE", OwnSource()),
    ("SESSIONKIT_SOURCE", lambda request: None),
    ("SESSIONKIT_SOURCE", "django_sessionkit.sources.RequestAttributeSource"),
    ("SESSIONKIT_SESSION_VALIDATOR", dict),
    ("SESSIONKIT_LOGIN_URL", "login"),
    ("SESSIONKIT_LOGIN_URL", reverse_lazy("login")),
    ("LOGIN_URL", reverse_lazy("login")),
    ("SESSIONKIT_SESSION_TTL", 0.5),
    ("SESSIONKIT_LIMITS", {"roles_count": 1}),
    ("SESSIONKIT_SESSION_KEY", "acme"),
]


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_a_good_setting_starts_it(name, value):
    with override_settings(**{name: value}):
        assert SessionKitMiddleware(lambda request: None)


def test_a_lazy_url_is_not_reversed_before_there_are_urls():
    rule = {"pattern": "/a", "role": "a", "login_url": reverse_lazy("no-such-name")}
    with override_settings(SESSIONKIT_PROTECT=[rule, {**rule, "login_url": "/b/"}], LOGIN_URL=reverse_lazy("neither")):
        assert len(conf.current().login_urls) == 3


def test_all_faults_are_told_at_once():
    with (
        override_settings(
            SESSIONKIT_PROTECT=[{"pattern": "/a"}, {"pattern": "/ok", "role": "a"}, {"rol": 1}],
            SESSIONKIT_GLOBAL_PROTECT=None,
        ),
        pytest.raises(ImproperlyConfigured) as caught,
    ):
        conf.current()
    text = str(caught.value)
    assert "SESSIONKIT_PROTECT[0]" in text
    assert "SESSIONKIT_PROTECT[1]" not in text
    assert "SESSIONKIT_PROTECT[2]" in text
    assert "SESSIONKIT_GLOBAL_PROTECT" in text


def test_the_snapshot_is_one_and_dropped_whole():
    first = conf.current()
    assert conf.current() is first
    with override_settings(SESSIONKIT_SESSION_KEY="outer"):
        with override_settings(SESSIONKIT_GLOBAL_PROTECT=True):
            assert (conf.current().session_key, conf.current().global_protect) == ("outer", True)
        assert (conf.current().session_key, conf.current().global_protect) == ("outer", False)
    assert conf.current().session_key == "__session__"


def test_the_snapshot_is_frozen():
    with pytest.raises(AttributeError):
        conf.current().global_protect = True  # type: ignore[misc]


def test_the_package_can_be_imported_in_settings():
    with override_settings(
        SESSIONKIT_PROTECT=[{"pattern": "/a", "require": __import__("django_sessionkit").Role("a")}]
    ):
        assert conf.current().rules.rules
