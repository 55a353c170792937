"""The row of the denial table for a login that is too old, or lacks a factor."""

from __future__ import annotations

import json

import pytest
import time_machine
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views import View
from support.loops import async_to_sync
from support.sessions import HTML, READER, abrowser, browser

from django_sessionkit import Factor, Recent, Role, can_access, enforce, explain, signals, use_session
from django_sessionkit.conf import reauth_page
from django_sessionkit.decorators import require
from django_sessionkit.mixins import RequireMixin, RequireRoleMixin

NOW = 1_800_000_000
STALE = {**READER, "auth_time": NOW - 601}
FRESH = {**READER, "auth_time": NOW - 600}
STRONG = {**FRESH, "amr": ["pwd", "otp"]}
HTMX = {**HTML, "hx-request": "true"}
API = {"accept": "application/json"}
SENTENCE = "Your last login was too long ago for that. Please log in again."


def page(request):
    return HttpResponse("the page")


async def apage(request):
    return HttpResponse("the page")


def enforcing(request):
    enforce(Recent(600))
    return HttpResponse("the page")


class Strict(RequireMixin, View):
    requirement = Recent(600) & Factor("otp", "hwk")

    def get(self, request):
        return HttpResponse("the page")


class Stacked(RequireMixin, RequireRoleMixin, View):
    requirement = Recent(600)
    required_roles = ["editor"]

    def get(self, request):
        return HttpResponse("the page")


@method_decorator(require(Recent(600)), name="dispatch")
class Inherited(RequireRoleMixin, View):
    required_roles = ["editor"]

    def get(self, request):
        return HttpResponse("the page")


class AsyncInherited(Inherited):
    async def get(self, request):
        return HttpResponse("the page")


recent, role, factor = require(Recent(600)), require(Role("editor")), require(Factor("otp"))


class RedirectAuthenticatedUserMixin:
    """The name of the class that the views of allauth inherit from."""


class AllauthLogin(RedirectAuthenticatedUserMixin, LoginView):
    pass


class EagerLogin(LoginView):
    redirect_authenticated_user = True


urlpatterns = [
    path("recent/", recent(page)),
    path("arecent/", recent(apage)),
    path("rule/", page),
    path("rule/editors/", role(page), name="rule-editors"),
    path("rule/aeditors/", role(apage), name="rule-aeditors"),
    path("rule/recently/", require(Factor("otp"))(page), name="rule-recently"),
    path("enforced/", enforcing),
    path("strict/", Strict.as_view()),
    path("both/", require(Recent(60) & (Recent(600) | Role("admin")))(page)),
    path("forbidden/", require(Recent(600), on_deny="forbidden", redirect_to="/upgrade/")(page)),
    path("hidden/", require(Recent(600), on_deny="not_found")(page)),
    path("api/", require(Recent(600), api=True)(page)),
    path("upgraded/", require(Recent(600), redirect_to="/upgrade/")(page)),
    path("or/", require(Recent(600) | Factor("otp"))(page)),
    path("stacked/", recent(role(page))),
    path("stacked/other-way/", role(recent(page))),
    path("stacked/hidden/", recent(require(Role("editor"), on_deny="not_found")(page))),
    path("stacked/async/", recent(role(apage))),
    path("stacked/mixins/", Stacked.as_view()),
    path("stacked/class/", Inherited.as_view()),
    path("stacked/class/async/", AsyncInherited.as_view()),
    path("stacked/step-ups/", recent(factor(page))),
    path("confirm/", page, name="confirm"),
    path("confirm/decorated/", recent(page), name="decorated"),
    path("login/", page, name="login"),
    path("eager/", LoginView.as_view(redirect_authenticated_user=True), name="eager"),
    path("subclass/", EagerLogin.as_view(), name="subclass"),
    path("allauth/", AllauthLogin.as_view(), name="allauth"),
]

RULES = [
    {"pattern": "/rule/**", "recent": 600},
    {"pattern": "/confirm/", "methods": ["GET"], "authenticated": True},
]


@pytest.fixture(autouse=True)
def site():
    with (
        time_machine.travel(NOW, tick=False),
        override_settings(
            ROOT_URLCONF=__name__, SESSIONKIT_PROTECT=RULES, SESSIONKIT_REAUTH_URL="confirm", LOGIN_URL="/login/"
        ),
    ):
        yield


def get(url, session=STALE, *, headers=HTML, method="get", **extra):
    return getattr(browser(session), method)(url, headers=headers, **extra)


PLACES = ["/recent/", "/arecent/", "/rule/", "/enforced/"]


@pytest.mark.parametrize("url", PLACES)
@pytest.mark.parametrize("is_async", [False, True])
def test_each_surface_asks_in_the_same_way(url, is_async):
    def fetch(session, headers, **more):
        if is_async:
            return async_to_sync(abrowser(session).get)(url, headers=headers, **more)
        return get(url, session, headers=headers, **more)

    assert fetch(FRESH, HTML).status_code == 200
    response = fetch(STALE, HTML)
    assert (response.status_code, response["Location"]) == (302, f"/confirm/?next={url}")
    assert fetch(None, HTML)["Location"] == f"/login/?next={url}"
    htmx = fetch(STALE, {**HTMX, "hx-current-url": "http://testserver/form/?a=1"})
    assert (htmx.status_code, htmx["HX-Redirect"]) == (401, "/confirm/?next=/form/%3Fa%3D1")
    assert htmx.content.decode() == SENTENCE
    api = fetch(STALE, API)
    assert api.status_code == 401
    assert api["WWW-Authenticate"] == 'Session realm="site", error="insufficient_user_authentication", max_age="600"'
    told = json.loads(api.content)
    assert told == {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": SENTENCE, "max_age": 600}
    for one in (response, htmx, api):
        assert one["Cache-Control"] == "no-store"
        assert "Cookie" in one["Vary"]


@pytest.mark.parametrize(
    ("session", "max_age", "amr"),
    [
        (STALE, 600, ["otp", "hwk"]),
        (FRESH, None, ["otp", "hwk"]),
        ({**STALE, "amr": ["hwk"]}, 600, None),
        ({**READER, "amr": ["hwk"]}, 600, None),
        (STRONG, "passes", None),
    ],
)
def test_a_program_is_told_what_the_login_lacks(session, max_age, amr):
    response = get("/strict/", session, headers=API)
    if max_age == "passes":
        assert response.status_code == 200
        return
    told = response.json()
    assert (response.status_code, told.get("max_age"), told.get("amr")) == (401, max_age, amr)
    assert told.get("acr_values") == (None if amr is None else "otp hwk")
    assert ("max_age" in response["WWW-Authenticate"]) is (max_age is not None)
    assert told["detail"] == ("That needs a login with another factor, such as a one-time code." if amr else SENTENCE)


def test_the_shortest_time_counts():
    assert get("/both/", headers=API).json()["max_age"] == 60
    assert get("/or/", headers=API).json()["max_age"] == 600


@pytest.mark.parametrize(
    ("challenge", "expected"),
    [("Bearer", "Bearer error="), ('Bearer realm="shop"', 'Bearer realm="shop", error=')],
)
def test_the_scheme_of_the_source_stays(challenge, expected):
    def source(request):
        return STALE

    source.challenge = challenge  # type: ignore[attr-defined]
    with override_settings(SESSIONKIT_SOURCE=source):
        response = get("/recent/", None, headers=API)
    assert response["WWW-Authenticate"].startswith(expected)


@pytest.mark.parametrize(
    ("referer", "location"),
    [
        ("http://testserver/articles/7/?draft=1", "/confirm/?next=/articles/7/%3Fdraft%3D1"),
        ("http://testserver", "/confirm/?next=/"),
        ("https://evil.example/articles/7/", "/confirm/"),
        ("http://testserver//evil.example/", "/confirm/"),
        ("http://testserver/confirm/?next=/x/", "/confirm/"),
        ("http://testserver/" + "a" * 4000, "/confirm/"),
        ("nonsense", "/confirm/"),
        ("", "/confirm/"),
        (None, "/confirm/"),
    ],
)
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_after_a_form_the_user_comes_back_to_the_form(method, referer, location):
    headers = HTML if referer is None else {**HTML, "referer": referer}
    response = get("/recent/", headers=headers, method=method)
    assert (response.status_code, response["Location"]) == (302, location)


def test_a_page_that_is_only_opened_comes_back_to_itself():
    response = get("/recent/?a=1", headers={**HTML, "referer": "http://testserver/form/"})
    assert response["Location"] == "/confirm/?next=/recent/%3Fa%3D1"


@override_settings(SESSIONKIT_REAUTH_URL=None)
def test_without_a_page_to_confirm_it_is_the_login_page():
    assert get("/recent/")["Location"] == "/login/?next=/recent/"
    assert get("/recent/", headers=HTMX)["HX-Redirect"].startswith("/login/")
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/rule/**", "recent": 600, "login_url": "/confirm/"}]):
        assert get("/rule/")["Location"] == "/confirm/?next=/rule/"
    with override_settings(LOGIN_URL="/elsewhere/"):
        assert get("/recent/")["Location"] == "/elsewhere/?next=/recent/"


@pytest.mark.parametrize("name", ["eager", "subclass", "allauth"])
def test_a_login_page_that_sends_users_back_is_no_page_to_confirm(name, caplog):
    """It would redirect to the denied page at once, and that to the login page again."""
    with override_settings(SESSIONKIT_REAUTH_URL=None, LOGIN_URL=name):
        for headers in (HTML, HTMX):
            assert get("/recent/", headers=headers).status_code == 403
        assert "the login page redirects users who are logged in" in caplog.text
        assert get("/recent/", None).status_code == 302


@override_settings(SESSIONKIT_REAUTH_URL=None, LOGIN_URL="eager")
@pytest.mark.parametrize("headers", [HTML, HTMX])
@pytest.mark.parametrize("url", [*PLACES, "/upgraded/"])
def test_without_a_page_to_confirm_the_text_says_what_to_do(url, headers):
    response = get(url, headers=headers)
    assert response.status_code == 403
    assert SENTENCE in response.content.decode()
    with translation.override("de"):
        assert "Anmeldung liegt dafür zu lange zurück" in get(url, headers=headers).content.decode()
    assert get(url, headers=API).status_code == 401


@override_settings(SESSIONKIT_REAUTH_URL="no-such-page")
def test_a_page_that_does_not_exist_is_a_403_and_an_error_in_the_log(caplog):
    assert get("/recent/").status_code == 403
    assert '"no-such-page" cannot be reversed' in caplog.text


@override_settings(DEBUG=True, SESSIONKIT_REAUTH_URL=None, LOGIN_URL="eager")
def test_in_debug_the_page_says_which_setting_helps():
    text = get("/recent/").content.decode()
    assert "needs a login within the last 10 minutes" in text
    assert "SESSIONKIT_REAUTH_URL" in text


@pytest.mark.parametrize("headers", [HTML, HTMX, API])
def test_the_options_of_a_guard_win(headers):
    response = get("/forbidden/", headers=headers)
    assert response.status_code == 403
    assert not response.has_header("Location")
    assert not response.has_header("HX-Redirect")
    assert not response.has_header("WWW-Authenticate")
    assert get("/hidden/", headers=headers).status_code == 404


def test_an_api_is_never_redirected():
    assert get("/api/").status_code == 401


def test_a_redirect_of_the_rule_is_for_missing_rights():
    assert get("/upgraded/")["Location"] == "/confirm/?next=/upgraded/"


def test_the_signal_has_the_status():
    heard = []

    def hear(sender, decision, status, **kwargs):
        heard.append((decision.reason, status))

    signals.access_denied.connect(hear)
    try:
        for url in ("/recent/", "/enforced/"):
            get(url)
            get(url, headers=API)
    finally:
        signals.access_denied.disconnect(hear)
    assert heard == [("stale_authentication", 302), ("stale_authentication", 401)] * 2


# Several decorators and mixins ----------------------------------------------------------------------------------------

STACKED = ["", "other-way/", "async/", "mixins/", "class/", "class/async/"]


@pytest.mark.parametrize("more", STACKED)
@pytest.mark.parametrize("is_async", [False, True])
def test_nobody_confirms_a_login_to_be_told_403(more, is_async):
    def status(session):
        url = f"/stacked/{more}"
        if is_async:
            return async_to_sync(abrowser(session).get)(url, headers=HTML).status_code
        return get(url, session).status_code

    assert status(STALE) == 403
    assert status({**STALE, "role": "editor"}) == 302
    assert status(FRESH) == 403
    assert status({**FRESH, "role": "editor"}) == 200
    assert status(None) == 302


def test_the_options_of_the_denial_that_is_answered_count():
    assert get("/stacked/hidden/").status_code == 404
    assert get("/stacked/hidden/", {**STALE, "role": "editor"}).status_code == 302


def test_each_missing_confirmation_is_asked_for():
    assert get("/stacked/step-ups/", headers=API).json()["max_age"] == 600
    assert get("/stacked/step-ups/", FRESH, headers=API).json()["amr"] == ["otp"]
    assert get("/stacked/step-ups/", STRONG).status_code == 200


@pytest.mark.parametrize("more", [*STACKED, "hidden/", "step-ups/"])
@pytest.mark.parametrize("session", [STALE, FRESH, {**STALE, "role": "editor"}, {**STRONG, "role": "editor"}])
def test_a_preview_and_the_explanation_say_the_same(more, session):
    url = f"/stacked/{more}"
    response = get(url, session)

    def opened(request):
        return HttpResponse(json.dumps([can_access(url), explain(url).answer]))

    told = explain_in(opened, session)
    assert told[0] is (response.status_code == 200)
    answer = told[1]
    assert (answer[0] if answer else 200) == response.status_code
    assert (answer[2] if answer else None) == response.headers.get("Location")


def explain_in(view, session):
    """Run ``view`` with a session, and return the JSON of its response."""
    with override_settings(ROOT_URLCONF=(*urlpatterns, path("ask/", view))):
        return json.loads(browser(session).get("/ask/", headers=HTML).content)


@override_settings(
    SESSIONKIT_PROTECT=[{"pattern": "/rule/b", "role": "editor"}, {"pattern": "/rule/a/**", "recent": 600}]
)
def test_a_right_that_another_form_of_the_path_needs_is_missing_first():
    assert get("/rule/a/").status_code == 302
    assert get("/rule/a/../b/").status_code == 403
    assert get("/rule/a/../b/", {**STALE, "role": "editor"}).status_code == 302


# The page where a user confirms the login -----------------------------------------------------------------------------

EVERYWHERE = {"SESSIONKIT_PROTECT": [{"pattern": "/**", "require": Recent(600) & Factor("otp")}]}


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("headers", [HTML, HTMX, API])
@pytest.mark.parametrize("target", ["/confirm/", "confirm", "/confirm"])
def test_the_signed_in_always_reach_the_page(method, headers, target, monkeypatch):
    monkeypatch.setattr(reauth_page, "check", lambda: None)  # the server does not start with such a policy
    with override_settings(**EVERYWHERE, SESSIONKIT_REAUTH_URL=target):
        response = get("/confirm/", headers=headers, method=method)
        assert response.status_code == 200
        assert get("/recent/", headers=HTML).status_code == 302
        told = explain(response.wsgi_request)
        assert told.is_reauth_page
        assert not told.is_login_page
        assert told.as_dict()["is_reauth_page"] is True
        assert told.summary.startswith("allowed: a user with a session can always reach the page")


@pytest.mark.parametrize("headers", [HTML, HTMX, API])
def test_nobody_else_does(headers, monkeypatch):
    monkeypatch.setattr(reauth_page, "check", lambda: None)
    with override_settings(**EVERYWHERE):
        assert get("/confirm/", None, headers=headers).status_code == (302 if headers is HTML else 401)
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/confirm", "recent": 600, "role": "editor"}]):
        assert get("/confirm/", headers=headers).status_code == 403


def test_a_decorator_of_the_page_lets_the_signed_in_pass(monkeypatch):
    monkeypatch.setattr(reauth_page, "check", lambda: None)
    with override_settings(SESSIONKIT_REAUTH_URL="decorated"):
        assert get("/confirm/decorated/").status_code == 200
        assert get("/confirm/decorated/", None)["Location"] == "/login/?next=/confirm/decorated/"
        assert get("/recent/")["Location"] == "/confirm/decorated/?next=/recent/"
        assert explain_in(lambda request: HttpResponse(json.dumps(can_access("decorated"))), STALE) is True
    assert get("/confirm/decorated/").status_code == 302


@override_settings(DEBUG=True)
def test_the_debug_header_names_the_page(monkeypatch):
    monkeypatch.setattr(reauth_page, "check", lambda: None)
    with override_settings(**EVERYWHERE):
        assert get("/confirm/")["X-SessionKit-Decision"].endswith("reason=reauth_page")


TARGETS = [
    "confirm",
    "/confirm/",
    "/confirm",
    "decorated",
    "/recent/",
    "/enforced/",
    "/rule/",
    "/login/",
    "no-such",
    None,
]
POLICIES = [[], [{"pattern": "/**", "recent": 600}], [{"pattern": "/**", "factor": "otp"}], RULES]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("rules", POLICIES)
@pytest.mark.parametrize("session", [None, READER, STALE, FRESH])
def test_no_redirect_goes_round_in_circles(target, rules, session, monkeypatch):
    """Whatever the settings are: a browser that follows the redirects arrives somewhere."""
    monkeypatch.setattr(reauth_page, "check", lambda: None)
    with override_settings(SESSIONKIT_REAUTH_URL=target, SESSIONKIT_PROTECT=rules):
        for url in ("/recent/", "/strict/", "/enforced/", "/confirm/", "/confirm/decorated/", "/rule/"):
            for method in ("get", "post"):
                client, steps = browser(session), [url]
                response = getattr(client, method)(url, headers=HTML)
                while response.status_code in (301, 302):
                    steps.append(response["Location"].partition("?")[0])
                    assert len(steps) < 5, steps
                    response = client.get(response["Location"], headers=HTML)
                assert response.status_code in (200, 403, 404)


@pytest.mark.parametrize("rule", [{"pattern": "/rule/**", "recent": 600}, {"view": "rule-*", "recent": 600}])
@pytest.mark.parametrize("url", ["/rule/editors/", "/rule/aeditors/"])
def test_a_role_that_the_view_needs_is_missing_before_a_rule_asks_for_the_login(url, rule):
    """A rule is decided before the view is known, or when it is. Nobody confirms a password to be told 403."""
    with override_settings(SESSIONKIT_PROTECT=[rule]):
        for headers in (HTML, API, HTMX):
            assert get(url, headers=headers).status_code == 403
            assert async_to_sync(abrowser(STALE).get)(url, headers=headers).status_code == 403
        editor = {**STALE, "role": "editor"}
        assert get(url, editor)["Location"] == f"/confirm/?next={url}"
        assert get("/rule/recently/")["Location"] == "/confirm/?next=/rule/recently/"
        assert get("/rule/unknown/", headers=HTML).status_code in (302, 404)
        with use_session(STALE):
            assert explain(url).decision.reason == "missing_role"
            assert explain("/rule/recently/").decision.reason == "stale_authentication"
            assert explain(url).answer.status == 403
