from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.urls import reverse_lazy
from support.bad_settings import BAD, OwnSource

from django_sessionkit import Nobody, Role, conf
from django_sessionkit.middleware import SessionKitMiddleware


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
    ("SESSIONKIT_PROTECT", ({"pattern": "/a", "allow": "support.bad_settings.predicate"},)),
    ("SESSIONKIT_SOURCE", "support.bad_settings.OwnSource"),
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
