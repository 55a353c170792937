"""A page for the confirmation of a login that asks for a confirmed login stops the server."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path

from django_sessionkit import Authenticated, Factor, Recent
from django_sessionkit.decorators import require
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.middleware import SessionKitMiddleware


def page(request):
    return HttpResponse()


urlpatterns = [
    path("confirm/", page, name="confirm"),
    path("recent/", require(Recent(60))(page), name="recent"),
    path("mixed/", require(Authenticated() & (Factor("otp") | Recent(60)))(page), name="mixed"),
]


def start(url, *rules):
    with override_settings(ROOT_URLCONF=__name__, SESSIONKIT_REAUTH_URL=url, SESSIONKIT_PROTECT=list(rules)):
        found = [one for one in run_checks(tags=["sessionkit"]) if one.id == "sessionkit.E035"]
        if not found:
            SessionKitMiddleware(lambda request: HttpResponse())
            return ""
        with pytest.raises(InvalidPolicy) as caught:
            SessionKitMiddleware(lambda request: HttpResponse())
    error = caught.value
    assert [(one.msg, one.hint) for one in found] == [(f"{error.place}: {error.fault}.", capital(error.hint))]
    return str(error)


def capital(text):
    return f"{text[0].upper()}{text[1:]}."


@pytest.mark.parametrize("url", [None, "confirm", "/confirm/", "/confirm", "no-such", "/no-such/", "/confirm/?a=1"])
@pytest.mark.parametrize(
    "rule", [None, {"pattern": "/confirm", "authenticated": True}, {"view": "recent", "recent": 5}]
)
def test_a_page_that_needs_a_session_at_most(url, rule):
    assert start(url, *([rule] if rule else [])) == ""


@pytest.mark.parametrize("url", ["confirm", "/confirm/", "/confirm", "/confirm/?a=1"])
@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        ({"pattern": "/confirm", "recent": 600}, "Recent(600)"),
        ({"pattern": "/**", "recent": 600, "role": "editor"}, "Recent(600)"),
        ({"pattern": "/confirm", "methods": ["POST"], "factor": "otp"}, "Factor('otp')"),
        ({"view": "conf*", "factor": ["otp", "hwk"]}, "Factor('otp', 'hwk')"),
        ({"pattern": "/confirm", "require": ~Recent(600)}, "Recent(600)"),
    ],
)
def test_a_rule_that_asks_for_what_the_page_is_for(url, rule, asked):
    if "view" in rule and url == "/confirm":
        return  # Django redirects this path, and no view is known for it
    said = start(url, rule)
    assert said.startswith(
        f"SESSIONKIT_REAUTH_URL: the page {url.partition('?')[0].replace('confirm', '/confirm/', url == 'confirm')}"
    )
    assert f"needs {asked} itself, by SESSIONKIT_PROTECT[0]" in said
    assert '"authenticated": True} above SESSIONKIT_PROTECT[0]' in said


def test_an_exception_above_the_rule_is_the_remedy():
    rules = [{"pattern": "/confirm", "authenticated": True}, {"pattern": "/**", "recent": 600}]
    assert start("confirm", *rules) == ""


@pytest.mark.parametrize(("url", "asked"), [("recent", "Recent(60)"), ("/mixed/", "Factor('otp')")])
def test_a_view_that_asks_for_what_the_page_is_for(url, asked):
    said = start(url)
    assert f"needs {asked} itself, by the view" in said
    assert said.endswith("require only a session there: remove the decorator or mixin")


def test_other_faults_are_reported_by_their_own_checks():
    with override_settings(SESSIONKIT_PROTECT="x", SESSIONKIT_REAUTH_URL="https://evil.example/"):
        ids = {one.id for one in run_checks(tags=["sessionkit"])}
    assert {"sessionkit.E001", "sessionkit.E034"} <= ids
    assert "sessionkit.E035" not in ids


@pytest.mark.parametrize(
    ("url", "rules", "id"),
    [
        ("no-such", [{"pattern": "/confirm", "recent": 5}], "sessionkit.E027"),
        ("/no-such/", [{"pattern": "/confirm", "factor": "otp"}], "sessionkit.E027"),
        ("/no-such/", [{"pattern": "/confirm", "factor": "otp", "api": True}], "sessionkit.E027"),
        ("confirm", [{"pattern": "/recent", "recent": 5}], None),
    ],
)
def test_a_page_that_does_not_exist(url, rules, id):
    with override_settings(
        ROOT_URLCONF=__name__, SESSIONKIT_REAUTH_URL=url, SESSIONKIT_PROTECT=rules, LOGIN_URL="/confirm/"
    ):
        found = [one for one in run_checks(tags=["sessionkit"]) if "SESSIONKIT_REAUTH_URL" in one.msg]
    assert [one.id for one in found] == ([id] if id else [])
    if id:
        assert "A denied caller is" in found[0].msg


def test_a_page_that_only_code_would_redirect_to():
    with override_settings(ROOT_URLCONF=(path("x/", page),), SESSIONKIT_REAUTH_URL="no-such", LOGIN_URL="/x/"):
        found = [one for one in run_checks(tags=["sessionkit"]) if "SESSIONKIT_REAUTH_URL" in one.msg]
    assert [one.id for one in found] == ["sessionkit.W030"]
