"""The checks of login pages, and of views that Django's ``@login_not_required`` marks as public."""

from __future__ import annotations

import pytest
from django.contrib.auth.decorators import login_not_required
from django.core.checks import run_checks
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include, path
from support.sessions import browser

from django_sessionkit.decorators import public, require_authenticated


@login_not_required
def marked(request, **kwargs):
    return HttpResponse("page")


def unnamed(request):
    return HttpResponse("page")


login_not_required(unnamed)
account = ([path("signup/", marked, name="signup"), path("reset/<key>/", marked, name="reset")], "account")
URLS = [
    path("login/", marked, name="login"),
    path("account/", include(account)),
    path("unnamed/", unnamed),
    path("plain/", lambda request: HttpResponse("page")),
    path("public/", public(marked)),
    path("guarded/", require_authenticated(marked)),
    path("ruled/", marked),
    path("excluded/", marked),
]


def site(*patterns):
    return type("urls", (), {"urlpatterns": patterns})


def found(**settings):
    defaults = {
        "ROOT_URLCONF": site(*URLS),
        "SESSIONKIT_GLOBAL_PROTECT": True,
        "SESSIONKIT_PROTECT": [{"pattern": "/ruled", "role": "editor"}],
        "SESSIONKIT_EXCLUDE": ["/excluded"],
    }
    with override_settings(**{**defaults, **settings}):
        return [one for one in run_checks(tags=["sessionkit"]) if one.id == "sessionkit.W029"]


def test_the_closed_views_are_listed_with_the_excludes_to_paste():
    (message,) = found()
    assert message.msg == (
        "SESSIONKIT_GLOBAL_PROTECT: closes 3 views that @login_not_required marks as public: /account/signup/, "
        "/account/reset/<key>/, /unnamed/. Without a session, nobody can open them."
    )
    pasted = '["account:signup", "account:reset", "test_login_marks.unnamed"]'
    assert f"set SESSIONKIT_EXCLUDE = {pasted}" in message.hint.replace(f"{__name__}.", "test_login_marks.")
    assert "SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED = True" in message.hint


def test_what_is_pasted_opens_them():
    names = ["account:signup", "account:reset", f"{__name__}.unnamed", "/excluded"]
    assert found(SESSIONKIT_EXCLUDE=names) == []
    with override_settings(ROOT_URLCONF=site(*URLS), SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=names):
        statuses = {browser().get(url).status_code for url in ("/account/signup/", "/account/reset/a/", "/unnamed/")}
    assert statuses == {200}


@pytest.mark.parametrize(
    "settings",
    [
        {"SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED": True},
        {"SESSIONKIT_GLOBAL_PROTECT": False},
        {"SESSIONKIT_PROTECT": [{"pattern": "/**", "authenticated": True}]},
    ],
)
def test_nothing_is_listed_where_the_default_closes_nothing(settings):
    assert found(**settings) == []


def test_a_long_list_is_shortened_in_the_message_and_whole_in_the_hint():
    urls = [path(f"page{number}/", marked, name=f"page{number}") for number in range(7)]
    (message,) = found(ROOT_URLCONF=site(*urls), SESSIONKIT_EXCLUDE=[], LOGIN_URL="/page0/")
    assert message.msg.count("/page") == 5
    assert "closes 6 views" in message.msg
    assert message.hint.count('"page') == 6


def test_one_view_is_told_in_the_singular():
    (message,) = found(ROOT_URLCONF=site(*URLS[2:3]), SESSIONKIT_EXCLUDE=[])
    assert "closes 1 view that" in message.msg


def test_only_true_and_false_are_valid():
    with override_settings(SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED=None):
        assert [one.id for one in run_checks(tags=["sessionkit"])] == ["sessionkit.E026"]
