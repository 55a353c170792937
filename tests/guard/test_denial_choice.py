"""The response to a denial is chosen by the URLconf of the request, if a middleware has set one."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import get_script_prefix, path, resolve, set_script_prefix
from django.utils.translation import get_language, override
from support.sessions import ADMIN, HTML, READER, browser

from django_sessionkit import Role, validate_session
from django_sessionkit.decorators import require_recent, require_role
from django_sessionkit.guard.denial_choice import Denial, DenialResponse, choose_response
from django_sessionkit.guard.negotiation import client_kind
from django_sessionkit.guard.preview import behind_language, behind_slash, unrouted
from django_sessionkit.guard.redirects import is_login_page, is_reauth_page, reauth_path
from django_sessionkit.guard.request_evaluation import AccessRequest
from django_sessionkit.guard.view_denials import denial_of_marks
from django_sessionkit.policy.decisions import NOT_AUTHENTICATED, STALE_AUTHENTICATION, Decision
from django_sessionkit.policy.denial_options import DenialOptions
from django_sessionkit.policy.view_marks import ViewRequirement
from django_sessionkit.requirements import Recent
from django_sessionkit.requirements.check_input import UNKNOWN_OBJECT
from django_sessionkit.utils.sansio import run


def page(request):
    return HttpResponse("page")


class Tenant:
    """A URLconf with pages and names that the root URLconf does not have."""

    urlpatterns = (
        path("tenant/login/", page, name="tenant-login"),
        path("tenant/confirm/", page, name="tenant-confirm"),
        *i18n_patterns(path("shop/", page, name="tenant-shop")),
    )


ANONYMOUS = Decision(False, NOT_AUTHENTICATED)


def chosen(url, decision, options=DenialOptions(), session=None, **attributes):  # noqa: B008
    request = RequestFactory(headers=HTML).get(url)
    request.urlconf = Tenant
    vars(request).update(attributes)
    found = choose_response(request, Denial(decision, options), session)
    assert (found.caller, found.is_step_up) == ("page", decision.needs_step_up and found.location is not None)
    return found.status, found.location


def test_the_names_of_login_pages_are_looked_up_there():
    options = DenialOptions(login_url="tenant-login")
    assert chosen("/a/", ANONYMOUS, options) == (302, "/tenant/login/?next=/a/")
    options = DenialOptions(redirect_to="tenant-confirm")
    assert chosen("/a/", Decision(False, "missing_role"), options, READER) == (302, "/tenant/confirm/")


def answers(decision, session, *, method="GET", **options):
    """The responses to a browser, HTMX and an API client."""
    kinds = (HTML, {**HTML, "hx-request": "true"}, {"accept": "application/json"})
    denial = Denial(decision, DenialOptions(**options))
    requests = [getattr(RequestFactory(headers=one), method.lower())("/a/") for one in kinds]
    return [choose_response(one, denial, session) for one in requests]


LACKS_ROLE, LACKS_LOGIN = Decision(False, "missing_role"), Decision(False, STALE_AUTHENTICATION)
NO_PLACE = (None, None, None)


@pytest.mark.parametrize(
    ("decision", "session", "options", "codes", "locations"),
    [
        (ANONYMOUS, None, {}, (302, 401, 401), ("/in/?next=/a/", "/in/", None)),
        (ANONYMOUS, None, {"login_url": "/a/"}, (403, 401, 401), NO_PLACE),
        (ANONYMOUS, None, {"on_deny": "not_found"}, (404, 404, 404), NO_PLACE),
        (LACKS_ROLE, READER, {}, (403, 403, 403), NO_PLACE),
        (LACKS_ROLE, READER, {"redirect_to": "/b/"}, (302, 403, 403), ("/b/", "/b/", None)),
        (LACKS_ROLE, READER, {"redirect_to": "/b/", "method": "POST"}, (403, 403, 403), (None, "/b/", None)),
        (LACKS_ROLE, READER, {"redirect_to": "/b/", "on_deny": "forbidden"}, (403, 403, 403), NO_PLACE),
        (LACKS_LOGIN, READER, {}, (302, 401, 401), ("/in/?next=/a/", "/in/", None)),
        (LACKS_LOGIN, READER, {"login_url": "/a/"}, (403, 403, 401), NO_PLACE),
        (LACKS_LOGIN, READER, {"on_deny": "forbidden"}, (403, 403, 403), NO_PLACE),
    ],
)
@override_settings(SESSIONKIT_LOGIN_URL="/in/")
def test_the_whole_response_to_a_denial(decision, session, options, codes, locations):
    asks = [decision is LACKS_LOGIN and code not in (403, 404) for code in codes]
    expected = [*map(DenialResponse, codes, ("page", "htmx", "api"), locations, asks)]
    assert answers(decision, session, **options) == expected


def test_a_redirect_to_the_denied_page_is_none_if_its_path_was_rewritten():
    options = DenialOptions(redirect_to="/a/")
    assert chosen("/a/", LACKS_ROLE, options, READER, path_info="/b/") == (403, None)
    assert chosen("/c/", LACKS_ROLE, options, READER, path_info="/b/") == (302, "/a/")


@override_settings(SESSIONKIT_REAUTH_URL="tenant-confirm", SESSIONKIT_LOGIN_URL="tenant-login")
def test_so_are_the_names_of_the_pages_that_must_stay_reachable():
    lacks = Recent(60).check(validate_session(READER))
    assert chosen("/a/", lacks, session=READER) == (302, "/tenant/confirm/?next=/a/")
    options = DenialOptions(on_deny="forbidden")
    assert chosen("/a/", lacks, options, session=READER) == (403, None)
    assert chosen("/tenant/confirm/", lacks, session=READER) == (403, None)
    assert is_login_page("/tenant/login/", "/tenant/login/", Tenant)
    assert not is_login_page("/tenant/login/", "/tenant/login/")
    assert is_reauth_page("/tenant/confirm/", "/tenant/confirm/", Tenant)
    assert not is_reauth_page("/tenant/confirm/", "/tenant/confirm/")


@pytest.mark.parametrize("url", ["/shop/", "/en/shop/"])
def test_a_redirect_that_the_languages_of_that_urlconf_lead_back_is_none(url):
    """Django adds the language to ``/shop/``, so a redirect to it leads to ``/en/shop/`` again."""
    options = DenialOptions(redirect_to="/shop/")
    assert chosen(url, Decision(False, "missing_role"), options, READER) == (403, None)
    assert chosen("/a/", Decision(False, "missing_role"), options, READER) == (302, "/shop/")


@pytest.mark.parametrize(("setting", "is_page"), [("LOGIN", is_login_page), ("REAUTH", is_reauth_page)])
def test_a_page_that_a_language_leads_to_is_the_page_that_was_routed(setting, is_page):
    """Where the active language routes ``/en/shop/`` to another view, it is not the page of the setting."""
    with override_settings(**{f"SESSIONKIT_{setting}_URL": "/shop/"}), override("en"):
        for routed, expected in (("/en/shop/", True), ("/tenant/login/", False)):
            assert is_page("/en/shop/", "/en/shop/", Tenant, resolve(routed, Tenant)) is expected


def test_the_pages_that_django_would_redirect_to_are_those_of_that_urlconf():
    def pages(found):
        return [(one.path_info, one.method, one.match.view_name) for one in found if one is not None]

    with override("en"):
        for path_ in ("/shop", "/shop/"):
            found = behind_language(unrouted(path_, "post", Tenant))
            assert pages(found) == [("/en/shop/", "POST", "tenant-shop")]
            assert behind_language(unrouted(path_, "post", None)) == []
    assert pages([behind_slash(unrouted("/tenant/login", "post", Tenant))]) == [
        ("/tenant/login/", "POST", "tenant-login")
    ]
    for path_, urlconf in (("/tenant/login/", Tenant), ("/tenant/log", Tenant), ("/tenant/login", None)):
        assert behind_slash(unrouted(path_, "post", urlconf)) is None


@override_settings(SESSIONKIT_LOGIN_URL="tenant-login")
def test_what_was_a_login_page_under_an_earlier_urlconf_redirects_to_no_other():
    allowed = SimpleNamespace(is_login_page=True)
    assert chosen("/login/", ANONYMOUS, _sessionkit_evaluation=allowed) == (403, None)
    assert chosen("/login/", ANONYMOUS) == (302, "/tenant/login/?next=/login/")
    options = DenialOptions(login_url="tenant-confirm")
    location = "/tenant/confirm/?next=/tenant/login/"
    assert chosen("/tenant/login/", ANONYMOUS, options, _sessionkit_evaluation=allowed) == (302, location)
    with override_settings(SESSIONKIT_LOGIN_URL="/login/"):
        assert chosen("/login/", ANONYMOUS, _sessionkit_evaluation=allowed) == (403, None)


def of_a_tenant(get_response):
    """A middleware that chooses the URLconf."""

    def middleware(request):
        request.urlconf = Tenant
        return get_response(request)

    return middleware


SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
OURS = "django_sessionkit.middleware.SessionKitMiddleware"


@override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[SESSIONS, f"{__name__}.of_a_tenant", OURS])
def test_a_rule_holds_in_the_languages_of_that_urlconf():
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/shop", "role": "admin"}]):
        url = f"/{get_language()}/shop/"
        assert browser(ADMIN).get(url).status_code == 200
        assert browser(READER).get(url).status_code == 403
    request = RequestFactory().get("/en/shop/")
    request.urlconf = Tenant
    assert AccessRequest.of(request, resolved=False).urlconf is Tenant


def test_only_a_requirement_about_an_object_is_checked_without_knowing_it():
    asked = []

    def check(requirement, obj):
        asked.append(obj)
        yield from ()
        return Decision(True, "role")

    marks = [ViewRequirement(Role("a"), needs_object=one) for one in (True, False)]
    assert run(denial_of_marks(marks, check)) is None
    assert asked == [UNKNOWN_OBJECT, None]


urlpatterns = [
    path("eager/", LoginView.as_view(redirect_authenticated_user=True)),
    path("page/", require_recent(60)(require_role("admin")(page))),
]


@override_settings(ROOT_URLCONF=__name__)
def test_what_is_checked_before_the_user_confirms_is_logged_with_its_request(caplog):
    caplog.set_level(logging.DEBUG, "django_sessionkit")
    assert browser(READER).get("/page/").status_code == 403
    assert "denied: rule=None reason=missing_role requirement=Role('admin') method=GET route=page/" in caplog.messages


@override_settings(SESSIONKIT_REAUTH_URL=None, LOGIN_URL="/eager/", ROOT_URLCONF=__name__)
def test_a_login_page_that_sends_users_back_is_recognized_below_a_mount_prefix():
    before = get_script_prefix()
    try:
        for prefix in ("/", "/mount/"):
            set_script_prefix(prefix)
            with override_settings(SESSIONKIT_LOGIN_URL=f"{prefix}eager/"):
                assert reauth_path() is None
            with override_settings(SESSIONKIT_LOGIN_URL=f"{prefix}page/"):
                assert reauth_path() == f"{prefix}page/"
    finally:
        set_script_prefix(before)


def test_a_preview_takes_a_path_with_and_without_the_mount_prefix():
    before = get_script_prefix()
    try:
        for prefix in ("/", "/mount/"):
            set_script_prefix(prefix)
            for path_ in ("/page/", f"{prefix}page/"):
                target = unrouted(path_, "get", None)
                assert target[:3] == ("/page/", f"{prefix}page/", "GET")
    finally:
        set_script_prefix(before)


@pytest.mark.parametrize(("package", "kind"), [("rest_framework", "api"), ("ninja", "api"), ("shop", "page")])
def test_a_view_of_an_api_makes_its_client_one(package, kind):
    request = RequestFactory(headers=HTML).get("/a/")
    assert client_kind(request, None) == "page"
    request.resolver_match = SimpleNamespace(func=SimpleNamespace(__module__=f"{package}.views"))
    assert client_kind(request, None) == kind
