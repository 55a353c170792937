"""A hidden page looks like an unknown URL, in status, headers and body, on every surface."""

from __future__ import annotations

import itertools
from functools import cache

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path, re_path
from django.utils.decorators import method_decorator
from django.views import View, debug
from support.examples import IS_THOROUGH
from support.loops import async_to_sync
from support.sessions import ADMIN, HTML, JSON, READER, AsyncBrowser, browser, sign_in

from django_sessionkit import Role, use_session
from django_sessionkit.decorators import require_authenticated, require_role
from django_sessionkit.mixins import RequireRoleMixin
from django_sessionkit.policy import view_marks
from django_sessionkit.responses.hidden_page import finish
from django_sessionkit.sources import SessionSource

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
LOCALE = "django.middleware.locale.LocaleMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
FRAMES = "django.middleware.clickjacking.XFrameOptionsMiddleware"
OURS = "django_sessionkit.middleware.SessionKitMiddleware"
ORDERS = {
    "usual": [SESSIONS, LOCALE, COMMON, CSRF, FRAMES, OURS],
    "inside of ours": [SESSIONS, OURS, LOCALE, COMMON, CSRF, FRAMES],
    "told by the view": [SESSIONS, COMMON, CSRF, f"{__name__}.telling", OURS],
}
HTMX = {"hx-request": "true", "accept": "*/*"}
CALLERS = [JSON, HTMX, {"accept": "*/*"}]

hidden = require_role("admin", on_deny="not_found")


def telling(get_response):
    """A middleware that adds a header with the name of the view."""

    def middleware(request):
        response = get_response(request)
        match = request.resolver_match
        response["X-View"] = match.view_name if match is not None else "none"
        return response

    return middleware


def page(request):
    return HttpResponse("page")


async def apage(request):
    return HttpResponse("page")


class Mixed(RequireRoleMixin, View):
    required_roles = ["admin"]
    on_deny = "not_found"

    def get(self, request):
        return HttpResponse("page")

    post = get


class AsyncMixed(Mixed):
    async def get(self, request):
        return HttpResponse("page")

    post = get


@method_decorator(hidden, name="get")
@method_decorator(hidden, name="post")
class Decorated(View):
    def get(self, request):
        return HttpResponse("page")

    post = get


def calling(request):
    return hidden(page)(request)


def calling_twice(request):
    return [hidden(page)(request), hidden(page)(request)][1]


pages = [
    path("page-1/", hidden(page), name="decorated"),
    path("page-2/", hidden(apage)),
    path("page-3/", Mixed.as_view()),
    path("page-4/", AsyncMixed.as_view()),
    path("page-5/", Decorated.as_view()),
    path("page-6/", page),
    path("page-7/", page, name="seven"),
    path("page-8/", require_role("admin", on_deny="not_found", api=True)(page)),
    re_path(r"^page-(?:a)/$", require_authenticated(hidden(page))),
    path("open/", include([path("deep/", page)])),
]
urlpatterns = [*pages, path("below/", include(pages)), path("", include([path("page-b/", hidden(page))]))]
RULES = [
    {"pattern": "/page-6", "role": "admin", "on_deny": "not_found"},
    {"view": "seven", "role": "admin", "on_deny": "not_found"},
]
HIDDEN = [*(f"/page-{number}/" for number in range(1, 9)), "/page-b/", "/below/page-1/", "/page-1", "/page-7"]


#: without the responses that middleware inside of ours does not see, and so adds no header to
MET = [
    (where, order)
    for where, order in itertools.product(HIDDEN, ORDERS)
    if order != "inside of ours" or where not in ("/page-6/", "/page-1", "/page-7")
]


def in_languages(*, prefix_default_language):
    return tuple(i18n_patterns(*pages, prefix_default_language=prefix_default_language))


@pytest.fixture(autouse=True)
def project(settings):
    settings.ROOT_URLCONF = __name__
    settings.SESSIONKIT_PROTECT = RULES
    settings.USE_I18N = True
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    settings.MIDDLEWARE = ORDERS["usual"]


@pytest.fixture(autouse=True)
def fast_debug_pages(monkeypatch):
    """Django lists all settings for each debug page, although the page for a 404 shows only this one."""
    shown = {"ROOT_URLCONF": "the URLconf"}
    monkeypatch.setattr(debug.SafeExceptionReporterFilter, "get_safe_settings", lambda self: shown)
    monkeypatch.setattr(debug.DEBUG_ENGINE, "from_string", cache(debug.DEBUG_ENGINE.from_string))


def seen(client, where, method="get", **extra):
    """Return the parts of a response that a client sees, with the path of the hidden page in the body."""
    response = getattr(client, method)(where, **extra)
    return whole(response)


def whole(response):
    body = response.content.replace(b"nil--", b"page-")
    return response.status_code, sorted(response.items()), body, sorted(response.cookies)


async def aseen(client, where, method="get", **extra):
    return whole(await getattr(client, method)(where, **extra))


def unknown(where):
    """Return an unknown path of the same length, next to ``where``."""
    return where.replace("page-", "nil--")


def client_of(session, kind=Client, headers=HTML, **options):
    client = kind(headers=headers, **options) if kind is Client else kind(**options)
    return sign_in(client, session) if session is not None else client


def some(requests, debug):
    """Return a third of the requests if a debug page answers them, which takes five times as long."""
    return requests if IS_THOROUGH or not debug else requests[::3]


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(("where", "order"), MET)
def test_a_hidden_page_is_an_unknown_url(where, order, debug, settings):
    settings.MIDDLEWARE, settings.DEBUG = ORDERS[order], debug
    asked = [*itertools.product((HTML,), ("get", "head", "options", "post")), *((one, "get") for one in CALLERS)]
    clients = [client_of(None), client_of(READER)]
    for client, (headers, method) in itertools.product(clients, some(asked, debug)):
        if (where, method) == ("/page-5/", "options"):
            continue  # which is not protected
        answer = seen(client, where, method, headers=headers)
        assert answer == seen(client, unknown(where), method, headers=headers)
        assert answer[0] == 404
        assert dict(answer[1])["Cache-Control"] == "no-store"
        assert "Cookie" in dict(answer[1])["Vary"]


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(("where", "order"), MET)
def test_so_it_is_under_asgi(where, order, debug, settings):
    settings.MIDDLEWARE, settings.DEBUG = ORDERS[order], debug

    async def compare(client, headers, method):
        return [await aseen(client, one, method, headers=headers) for one in (where, unknown(where))]

    for session, (headers, method) in itertools.product((None, READER), [(HTML, "get"), (JSON, "post")]):
        one, other = async_to_sync(compare)(client_of(session, AsyncBrowser), headers, method)
        assert one == other
        assert one[0] == 404


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("where", HIDDEN)
def test_the_default_that_asks_first_does_not_betray_it(where, debug, settings):
    settings.SESSIONKIT_GLOBAL_PROTECT, settings.DEBUG = True, debug
    for headers, method in some([*itertools.product((HTML, JSON, HTMX), ("get", "head", "post"))], debug):
        client = client_of(None)
        assert seen(client, where, method, headers=headers) == seen(client, unknown(where), method, headers=headers)
        client = client_of(None, AsyncBrowser)
        answers = [async_to_sync(aseen)(client, one, method, headers=headers) for one in (where, unknown(where))]
        assert answers[0] == answers[1]
        assert answers[0][0] == 404


@override_settings(SESSIONKIT_GLOBAL_PROTECT=True)
def test_what_asks_for_a_login_first_is_not_hidden_by_the_default():
    assert client_of(None).get("/page-a/").status_code == 302
    assert client_of(READER).get("/page-a/").status_code == 404
    assert client_of(None).get("/open/deep/").status_code == 302


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("is_prefixed", [True, False])
@pytest.mark.parametrize("prefix", ["/en", "/de", ""])
@pytest.mark.parametrize("name", ["page-1/", "page-1", "page-7/", "page-7"])
def test_no_language_betrays_it(name, prefix, is_prefixed, debug, settings):
    settings.ROOT_URLCONF, settings.DEBUG = in_languages(prefix_default_language=is_prefixed), debug
    for session, order in itertools.product((None, READER), ("usual", "inside of ours")):
        settings.MIDDLEWARE = ORDERS[order]
        client = client_of(session)
        where = f"{prefix}/{name}"
        one, other = seen(client, where), seen(client, unknown(where))
        if order == "usual" or (prefix and where.endswith("/")):
            assert one == other
        else:  # without the headers of middleware that does not see the response
            assert (one[0], one[2]) == (other[0], other[2])
            assert set(one[1]) <= set(other[1])
        assert one[0] == 404
    if is_prefixed and not prefix:
        assert browser(ADMIN).get(where)["Location"] == f"/en/{name.rstrip('/')}/"


@pytest.mark.parametrize("where", HIDDEN)
def test_no_check_of_another_middleware_betrays_it(where):
    """A request without a CSRF token is rejected before the view is checked. For an unknown URL it is not rejected."""
    for session in (None, READER):
        client = client_of(session, enforce_csrf_checks=True)
        assert seen(client, where, "post") == seen(client, unknown(where), "post")
        client = client_of(session, AsyncBrowser, enforce_csrf_checks=True)
        assert async_to_sync(aseen)(client, where, "post") == async_to_sync(aseen)(client, unknown(where), "post")
    assert client_of(ADMIN, enforce_csrf_checks=True).post("/page-1/").status_code == 403


@pytest.mark.parametrize("where", ["/page-1/", "/page-6/"])
def test_no_cookie_betrays_it(where, settings):
    settings.SESSIONKIT_TOUCH_ON_REQUEST = True
    for always in (True, False):
        settings.SESSION_SAVE_EVERY_REQUEST = always
        client = client_of(READER)
        assert seen(client, where) == seen(client, unknown(where))
        assert sorted(client.get(where).cookies) == ["sessionid"]


class TokenSource(SessionSource):
    vary_headers = ("Authorization",)

    def read(self, request):
        return READER if request.headers.get("Authorization") else None


def test_it_varies_on_what_the_source_reads(settings):
    settings.SESSIONKIT_SOURCE = f"{__name__}.TokenSource"
    for headers in ({}, {"authorization": "Bearer reader"}):
        client = Client(headers=headers)
        assert seen(client, "/page-1/") == seen(client, unknown("/page-1/"))
        assert {"Cookie", "Authorization"} <= set(client.get("/page-1/")["Vary"].split(", "))


def test_it_uses_the_page_of_the_urlconf_of_the_request(settings):
    settings.MIDDLEWARE = [SESSIONS, f"{__name__}.tenant", OURS]
    client = client_of(READER)
    for where in ("/page-1/", "/page-6/", "/twice/"):
        assert client.get(where).content == b"tenant decorated None"
    assert client.get("/nil/").content == b"tenant decorated None"


class tenant_urls:
    urlpatterns = [*urlpatterns, path("twice/", calling_twice)]

    @staticmethod
    def handler404(request, exception):
        match = request.resolver_match
        return HttpResponse(f"tenant decorated {match}", status=404)


def tenant(get_response):
    def middleware(request):
        request.urlconf = tenant_urls
        return get_response(request)

    return middleware


in_two_languages = in_languages(prefix_default_language=True)


def translated_tenant(get_response):
    def middleware(request):
        request.urlconf = in_two_languages
        return get_response(request)

    return middleware


@pytest.mark.parametrize("where", ["/de/page-1/", "/de/page-1", "/page-1/", "/de/page-7/"])
def test_no_language_of_the_urlconf_of_the_request_betrays_it(where, settings):
    """``LocaleMiddleware`` looks at the language prefixes of that URLconf, for ``Vary`` and for redirects."""
    settings.MIDDLEWARE = [SESSIONS, f"{__name__}.translated_tenant", LOCALE, COMMON, OURS]
    for client in (client_of(None), client_of(READER)):
        answer = seen(client, where)
        assert answer == seen(client, unknown(where))
        assert answer[0] == 404


@override_settings(ROOT_URLCONF=(path("de/page-1/", hidden(page)),))
def test_a_path_that_only_looks_like_a_language_betrays_nothing():
    """Without ``i18n_patterns``, ``LocaleMiddleware`` negotiates the language of these paths too."""
    client = client_of(READER)
    assert seen(client, "/de/page-1/") == seen(client, "/de/nil--/")


@pytest.mark.parametrize("debug", [False, True])
def test_a_target_that_is_no_path_is_hidden_as_well(debug, settings):
    """``OPTIONS *`` of HTTP. No URLconf matches it."""
    settings.DEBUG = debug
    answers = []
    for rules in ([], [{"pattern": "/**", "role": "admin", "on_deny": "not_found"}]):
        settings.SESSIONKIT_PROTECT = rules
        answers.append(whole(client_of(None).generic("OPTIONS", "/", PATH_INFO="*")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


@override_settings(ROOT_URLCONF=(path("calls/", calling),))
def test_a_view_that_calls_a_hidden_one_answers_alike():
    client = client_of(READER)
    assert seen(client, "/calls/") == seen(client, "/nil--/")


@override_settings(ROOT_URLCONF=(path("lends/", lambda request: lending(request)),))
def test_a_session_override_in_the_view_changes_nothing():
    client = client_of(None)
    assert seen(client, "/lends/") == seen(client, "/nil--/")


def lending(request):
    with use_session(READER):
        return hidden(page)(request)


def test_without_the_middleware_it_is_not_kept_either():
    request = RequestFactory(headers=HTML).get("/page-1/")
    response = hidden(page)(request)
    assert (response.status_code, response["Cache-Control"], response["Vary"]) == (404, "no-store", "Cookie")


@override_settings(SESSIONKIT_PROTECT=[], ROOT_URLCONF=(path("open/", page),))
def test_where_nothing_is_hidden_an_unknown_url_costs_nothing(monkeypatch):
    monkeypatch.setattr(view_marks.views_are_hidden, "is_set", lambda: False)
    response = client_of(READER).get("/nil/")
    assert response.status_code == 404
    assert "Cache-Control" not in response
    assert "Cookie" not in response["Vary"]


@pytest.mark.parametrize(("rules", "is_view_hidden"), [(RULES, False), ([], True), (RULES, True)])
def test_where_a_rule_or_a_view_is_hidden_no_cache_keeps_an_unknown_url(rules, is_view_hidden, settings, monkeypatch):
    monkeypatch.setattr(view_marks.views_are_hidden, "is_set", lambda: is_view_hidden)
    settings.SESSIONKIT_PROTECT = rules
    assert client_of(READER).get("/nil/")["Cache-Control"] == "no-store"


def test_a_404_of_a_view_is_its_own():
    def missing(request):
        return HttpResponse("no such order", status=404)

    with override_settings(ROOT_URLCONF=(path("order/", missing),)):
        response = client_of(READER).get("/order/")
        assert response.content == b"no such order"
        assert "Cache-Control" not in response


def test_who_may_sees_it():
    assert [client_of(ADMIN).get(where).status_code for where in HIDDEN if where.endswith("/")] == [200] * 10
    assert Role("admin") == Mixed.as_view().sessionkit_requirement


def test_the_headers_of_inner_middleware_are_kept_but_not_those_about_another_body():
    response, dropped = HttpResponse("hidden", status=404, headers={"X-Own": "ours"}), HttpResponse("elsewhere")
    of_the_body = ("Allow", "Content-Disposition", "Content-Encoding", "ETag", "Last-Modified", "Location")
    for name in ("X-Own", "X-Inner", "Content-Length", *of_the_body):
        dropped[name] = "theirs"
    finish(response, dropped)
    found = {"X-Own": "ours", "X-Inner": "theirs", "Content-Type": "text/html; charset=utf-8", "Content-Length": "6"}
    assert dict(response.items()) == found
    finish(without_length := HttpResponse("hidden"), HttpResponse("elsewhere"))
    assert not without_length.has_header("Content-Length")


def closed(get_response):
    """A middleware that rejects every routed request, with its own ``Content-Length``."""

    def middleware(request):
        response = get_response(request)
        response["Content-Length"] = str(len(response.content))
        response["X-Frame-Options"] = "DENY"
        return response

    middleware.process_view = lambda request, view, args, kwargs: HttpResponse("closed", status=403)  # type: ignore[attr-defined]
    return middleware


def test_what_is_sent_instead_of_another_refusal_has_its_headers_and_its_own_length(settings):
    settings.MIDDLEWARE = [SESSIONS, f"{__name__}.closed", OURS, FRAMES, f"{__name__}.closed"]
    client = client_of(READER)
    assert seen(client, "/page-1/") == seen(client, unknown("/page-1/"))
    assert client_of(ADMIN).get("/page-1/").content == b"closed"
