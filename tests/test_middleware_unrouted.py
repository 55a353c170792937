"""Responses without a view: 404s, fallbacks, files, slash redirects, and responses of a middleware."""

from __future__ import annotations

import io

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.contrib.flatpages.models import FlatPage
from django.contrib.sites.models import Site
from django.http import FileResponse, HttpResponse
from django.test import override_settings
from django.urls import path
from django.utils.decorators import sync_and_async_middleware
from support.sessions import ADMIN, READER, abrowser, browser
from testsite import views

from django_sessionkit.decorators import public, require_role

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
OURS = "django_sessionkit.middleware.SessionKitMiddleware"
HIDDEN = {"pattern": "/secret/**", "role": "admin", "on_deny": "not_found"}


@sync_and_async_middleware
def answering(get_response):
    """A middleware that responds to some paths itself, as WhiteNoise, a health check or a fallback does."""

    def own_answer(request):
        if request.path_info.startswith("/own/"):
            return HttpResponse("own")
        if request.path_info.startswith("/moved"):
            return HttpResponse(status=301, headers={"Location": "/elsewhere/"})
        return None

    if iscoroutinefunction(get_response):

        async def amiddleware(request):
            return own_answer(request) or await get_response(request)

        return amiddleware

    def middleware(request):
        return own_answer(request) or get_response(request)

    return middleware


INNER = [SESSIONS, OURS, f"{__name__}.answering"]


def statuses(url, session=None, **extra):
    found = browser(session).get(url, **extra).status_code
    assert async_to_sync(abrowser(session).get)(url, **extra).status_code == found
    return found


@override_settings(MIDDLEWARE=INNER, SESSIONKIT_PROTECT=[{"pattern": "/own/**", "role": "admin"}])
def test_an_inner_middleware_cannot_answer_past_a_rule():
    assert statuses("/own/file") == 302
    assert statuses("/own/file", READER) == 403
    assert statuses("/own/file", ADMIN) == 200


@override_settings(
    MIDDLEWARE=INNER,
    SESSIONKIT_PROTECT=[{"view": "billing:*", "role": "admin"}, {"pattern": "/own/**", "role": "admin"}],
)
def test_a_rule_that_waited_for_a_view_is_decided_before_the_response_leaves():
    assert statuses("/own/file") == 302
    assert statuses("/own/file", READER) == 403
    assert statuses("/own/file", ADMIN) == 200


@override_settings(MIDDLEWARE=INNER, SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["/own/open/**"])
def test_under_the_default_an_unrouted_response_needs_a_session_or_an_exclude():
    assert statuses("/own/file") == 302
    assert statuses("/own/file", READER) == 200
    assert statuses("/own/open/file") == 200
    assert statuses("/moved/") == 302
    assert browser().get("/moved/")["Location"].startswith("/login/")


@override_settings(MIDDLEWARE=INNER, SESSIONKIT_GLOBAL_PROTECT=True)
def test_a_redirect_is_taken_for_append_slash_only_if_it_adds_a_slash():
    assert browser().get("/moved")["Location"].startswith("/login/")


@override_settings(MIDDLEWARE=[SESSIONS, f"{__name__}.answering", OURS], SESSIONKIT_GLOBAL_PROTECT=True)
def test_what_a_middleware_further_out_answers_is_not_ours():
    assert statuses("/own/file") == 200


def opening(get_response):
    def middleware(request):
        request.opened = io.BytesIO(b"file")
        return FileResponse(request.opened)

    return middleware


@override_settings(MIDDLEWARE=[SESSIONS, OURS, f"{__name__}.opening"], SESSIONKIT_GLOBAL_PROTECT=True)
def test_a_response_that_is_thrown_away_is_closed():
    response = browser().get("/page/")
    assert response.status_code == 302
    assert response.wsgi_request.opened.closed


@pytest.mark.parametrize("middleware", [[SESSIONS, COMMON, OURS], [SESSIONS, OURS, COMMON]])
@override_settings(SESSIONKIT_GLOBAL_PROTECT=True)
def test_append_slash_and_404_pass_the_default(middleware):
    with override_settings(MIDDLEWARE=middleware):
        response = browser().get("/page?a=1")
        assert (response.status_code, response["Location"]) == (301, "/page/?a=1")
        assert statuses("/nowhere/") == 404
        assert statuses("/nowhere") == 404


@require_role("admin", on_deny="not_found")
def hidden_by_decorator(request):
    return HttpResponse("secret")


urlpatterns = [
    path("secret/", views.page),
    path("deep/secret/", views.page, name="hidden"),
    path("decorated/", hidden_by_decorator),
    path("plain/", views.page),
]


@pytest.mark.parametrize("middleware", [[SESSIONS, COMMON, OURS], [SESSIONS, OURS, COMMON], [SESSIONS, OURS]])
@pytest.mark.parametrize("page", ["/secret", "/deep/secret", "/decorated"])
@override_settings(ROOT_URLCONF=__name__, SESSIONKIT_PROTECT=[HIDDEN, {**HIDDEN, "view": "hidden", "pattern": "/**"}])
def test_a_hidden_page_is_not_betrayed_by_its_missing_slash(middleware, page):
    with override_settings(MIDDLEWARE=middleware):
        for session in (None, READER):
            bare, slashed = (browser(session).get(url) for url in (page, f"{page}/"))
            assert bare.status_code == slashed.status_code == 404
            assert bare.content == slashed.content.replace(f"{page}/".encode(), page.encode())
            assert statuses(page, session) == 404
        if COMMON in middleware:
            assert browser(ADMIN).get(page)["Location"] == f"{page}/"
            assert browser().get("/plain")["Location"] == "/plain/"


LOCALE = "django.middleware.locale.LocaleMiddleware"


def refusing_view(get_response):
    """A middleware that responds instead of the view, after Django has routed."""

    def middleware(request):
        return get_response(request)

    middleware.process_view = lambda request, view, args, kwargs: HttpResponse("refused", status=403)  # type: ignore[attr-defined]
    return middleware


public_page = public(lambda request: HttpResponse("page"))


@pytest.mark.parametrize(("url", "expected"), [("/open/", 403), ("/page/", 302), ("/billing/invoices/", 403)])
@override_settings(
    MIDDLEWARE=[SESSIONS, f"{__name__}.refusing_view", OURS],
    SESSIONKIT_GLOBAL_PROTECT=True,
    SESSIONKIT_EXCLUDE=["billing:*"],
)
def test_an_answer_instead_of_the_view_is_judged_by_the_view_it_replaces(url, expected):
    assert browser().get(url).status_code == expected
    assert browser(READER).get(url).status_code == 403


@override_settings(
    MIDDLEWARE=[SESSIONS, f"{__name__}.refusing_view", OURS],
    SESSIONKIT_PROTECT=[{"view": "billing:*", "role": "admin", "on_deny": "not_found"}],
)
def test_so_do_view_rules():
    assert browser(READER).get("/billing/invoices/").status_code == 404
    assert browser(ADMIN).get("/billing/invoices/").status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("fallback_inside", [True, False])
@override_settings(SESSIONKIT_PROTECT=[{"pattern": "/flat/secret/**", "role": "admin"}], SESSIONKIT_GLOBAL_PROTECT=True)
def test_a_flatpage_has_met_the_rules(fallback_inside):
    Site.objects.get_or_create(pk=1, defaults={"domain": "testserver", "name": "x"})
    for url in ("/flat/open/", "/flat/secret/"):
        page = FlatPage.objects.create(url=url, title="t", content="c", template_name="flat.html")
        page.sites.add(1)
    flat = "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware"
    middleware = [SESSIONS, OURS, flat] if fallback_inside else [SESSIONS, flat, OURS]
    with override_settings(MIDDLEWARE=middleware):
        assert browser(READER).get("/flat/secret/").status_code == 403
        assert browser().get("/flat/secret/").status_code == 302
        assert browser(ADMIN).get("/flat/secret/").status_code == 200
        assert browser(READER).get("/flat/open/").status_code == 200
        if fallback_inside:
            assert browser().get("/flat/open/").status_code == 302


def serving(get_response):
    def middleware(request):
        return FileResponse(open(__file__, "rb"))

    return middleware


@pytest.mark.django_db
@override_settings(
    MIDDLEWARE=[SESSIONS, OURS, f"{__name__}.serving"], SESSIONKIT_PROTECT=[{"pattern": "/media/**", "role": "admin"}]
)
def test_a_file_served_by_a_middleware():
    assert browser(READER).get("/media/x").status_code == 403
    response = browser(ADMIN).get("/media/x")
    assert b"FileResponse" in response.getvalue()
    response.close()


def handler404(request, exception):
    return HttpResponse(request.path, status=404)
