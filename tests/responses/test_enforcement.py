"""Denials about an object, pages that the project renders later, and ``Vary`` on the views of an adapter."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.contrib.sessions.backends.cache import SessionStore
from django.core.cache import cache
from django.http import Http404, HttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import RequestFactory, override_settings
from django.urls import ResolverMatch, path, reverse
from django.utils.module_loading import import_string
from django.views.decorators.cache import cache_page
from support.sessions import ADMIN, HTML, READER, browser

from django_sessionkit import (
    AccessDenied,
    Allow,
    AllowObject,
    Public,
    Role,
    Session,
    enforce,
    require_session,
    use_session,
)
from django_sessionkit.decorators import require, require_role
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.guard.objects import refuse_unasked
from django_sessionkit.policy.decisions import REFUSED, STALE_AUTHENTICATION, Decision
from django_sessionkit.policy.denial_options import DenialOptions
from django_sessionkit.responses import deny_for, hidden_page, own_pages, step_up
from django_sessionkit.responses.caching import HELD_BACK, hold_back, release, vary, vary_ahead
from django_sessionkit.responses.enforcement import enforced_for_object, missing_object
from django_sessionkit.session.audit import user_digest
from django_sessionkit.session.context import Fault, LoadedSession, SessionContext, activate
from django_sessionkit.signals import access_denied
from django_sessionkit.sources import DjangoSessionSource, SessionSource
from django_sessionkit.utils.sansio import run


def page(request):
    return HttpResponse("page")


def later(request, exception):
    text = "{{ kind }} {{ status }}"
    kind = type(exception).__name__
    return TemplateResponse(request, engines["django"].from_string(text), {"kind": kind, "status": 403}, status=403)


def unknown(request, exception):
    template = engines["django"].from_string("nothing at {{ url }}")
    return TemplateResponse(request, template, {"url": request.path}, status=404)


urlpatterns = [
    path("closed/", require_role("admin")(page)),
    path("nowhere/", require_role("admin", login_url="no-such-name")(page)),
    path("hidden/", require_role("admin", on_deny="not_found")(page)),
]
handler403 = later
handler404 = unknown


class Tenant:
    """The URLconf of some requests, with its own pages."""

    urlpatterns = ()

    @staticmethod
    def handler404(request, exception):
        return HttpResponse("tenant", status=404)


class OtherTenant(Tenant):
    @staticmethod
    def handler403(request, exception):
        return HttpResponse(f"tenant at {reverse('shop')}", status=403)

    urlpatterns = (path("shop/", page, name="shop"),)


def of_a_tenant(get_response):
    def middleware(request):
        request.urlconf = OtherTenant
        return ours(request)

    ours = import_string("django_sessionkit.middleware.SessionKitMiddleware")(get_response)
    return middleware


def ask(url, session, middleware="django_sessionkit.middleware.SessionKitMiddleware", **settings):
    found = ["django.contrib.sessions.middleware.SessionMiddleware", middleware]
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=found, **settings):
        return browser(session).get(url)


def rendering(get_response):
    """A middleware that needs the content of each response, so a page that is rendered later is an error here."""
    ours = import_string("django_sessionkit.middleware.SessionKitMiddleware")(get_response)

    def middleware(request):
        response = ours(request)
        response["X-Length"] = str(len(response.content))
        return response

    return middleware


@pytest.mark.parametrize(
    ("url", "session", "status", "content"),
    [
        ("/closed/", READER, 403, "AccessDenied 403"),
        ("/nowhere/", None, 403, "NotAuthenticated 403"),
        ("/hidden/", READER, 404, "nothing at /hidden/"),
    ],
)
@pytest.mark.parametrize("by", ["view", "rule"])
def test_a_page_of_the_project_that_is_rendered_later_is_rendered(url, session, status, content, by):
    on_deny = "not_found" if status == 404 else "auto"
    rule = {"pattern": "/**", "role": "admin", "login_url": "no-such-name", "on_deny": on_deny}
    response = ask(url, session, f"{__name__}.rendering", SESSIONKIT_PROTECT=[rule] if by == "rule" else [])
    assert (response.status_code, response.content.decode()) == (status, content)
    assert response["X-Length"] == str(len(content))


def test_the_error_page_is_that_of_the_urlconf_of_the_request():
    rules = [{"pattern": "/**", "role": "admin"}]
    response = ask("/closed/", READER, f"{__name__}.of_a_tenant", SESSIONKIT_PROTECT=rules)
    assert (response.status_code, response.content) == (403, b"tenant at /shop/")


def request_of(session, urlconf=None):
    """Return a request that has passed no middleware."""
    found = RequestFactory(headers=HTML).get("/x/")
    found.session = SessionStore()
    found.session["__session__"] = session
    if urlconf is not None:
        found.urlconf = urlconf
    return found


def test_a_decorator_without_the_middleware_reads_the_session_and_the_urlconf_of_the_request():
    view = require_role("admin")(page)
    with override_settings(ROOT_URLCONF=__name__):
        assert view(request_of(ADMIN)).content == b"page"
        assert view(request_of(READER)).content == b"AccessDenied 403"
        assert view(request_of(READER, OtherTenant)).content == b"tenant at /shop/"
    with override_settings(ROOT_URLCONF=Tenant, DEBUG=True):  # the page for developers is only for those without one
        assert view(request_of(READER, OtherTenant)).content == b"tenant at /shop/"


def test_a_function_of_a_view_gets_the_request():
    asked = []
    view = require(Allow(lambda session, request: asked.append(request) or True))(page)
    request = request_of(READER)
    assert view(request).status_code == 200
    assert asked == [request]


def test_a_hidden_page_is_the_404_of_the_urlconf_of_the_request():
    request = RequestFactory(headers=HTML).get("/x/")
    request.urlconf = Tenant
    with override_settings(ROOT_URLCONF=__name__):
        assert hidden_page.not_found(request).content == b"tenant"


def test_each_decision_about_a_view_or_an_object_is_in_the_log(caplog):
    caplog.set_level("DEBUG", "django_sessionkit")
    request = request_of(READER)
    request.resolver_match = ResolverMatch(page, (), {}, route="orders/<int:pk>/")
    require_role("reader")(page)(request)
    run(enforced_for_object(request, Role("reader"), object(), DenialOptions()))
    line = "allowed: rule=None reason=granted requirement=Role('reader') method=GET route=orders/<int:pk>/"
    assert caplog.messages == [line, line]


def test_a_function_about_an_object_gets_the_object_and_the_request():
    asked = []
    request, order = request_of(READER), object()
    requirement = AllowObject(lambda session, obj, request: asked.append((obj, request)) or True)
    with pytest.raises(InvalidPolicy, match="orders: sent the status 200 without checking"):
        refuse_unasked(request, HttpResponse(), "orders")
    run(enforced_for_object(request, requirement, order, DenialOptions()))
    assert asked == [(order, request)]
    refuse_unasked(request, HttpResponse(), "orders")


@pytest.fixture
def told():
    found = []

    def keep(sender, request, decision, status, **others):
        found.append((request, decision.reason, status))

    access_denied.connect(keep)
    yield found
    access_denied.disconnect(keep)


@pytest.mark.parametrize(
    ("on_deny", "error", "status"),
    [("not_found", Http404, 404), ("forbidden", AccessDenied, 403), ("auto", AccessDenied, 403)],
)
def test_a_denial_about_an_object_is_hidden_if_the_options_say_so(on_deny, error, status, told, caplog):
    request = RequestFactory(headers=HTML).get("/x/")
    request.session = SessionStore()
    options = DenialOptions(on_deny=on_deny)
    for session in (READER, ADMIN):
        request.session["__session__"] = session
        request._cache_update_cache = True  # as CacheMiddleware sets it
        if session is ADMIN:
            assert run(enforced_for_object(request, Role("admin"), object(), options)).role == "admin"
        else:
            with pytest.raises(error) as raised:
                run(enforced_for_object(request, Role("admin"), object(), options))
            assert error is Http404 or raised.value.options is options
        assert request._cache_update_cache is False
    assert told == [(request, "missing_role", status)]
    assert [one.rpartition("user=")[2] for one in caplog.messages] == [user_digest(Session(READER))]


def test_a_missing_confirmation_of_an_unknown_requirement_has_no_age():
    decision = Decision(False, STALE_AUTHENTICATION)
    assert step_up.members(decision) == {}
    assert step_up.challenge(decision).endswith(' error="insufficient_user_authentication"')


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, {"Vary": "Cookie"}),
        ({"Vary": "Accept"}, {"Vary": "Accept, Cookie"}),
        ({"Vary": "Accept, Cookie"}, {"Vary": "Accept, Cookie"}),
        ({"Vary": "Cookie, Accept"}, {"Vary": "Cookie, Accept"}),
        ({"Allow": "GET"}, {"Allow": "GET", "Vary": "Cookie"}),
    ],
)
def test_the_headers_of_an_api_view_get_vary_before_it_runs(headers, expected):
    vary_ahead(SimpleNamespace(headers=headers))
    assert headers == expected


class ByTwo(SessionSource):
    vary_headers = ("Authorization", "X-Key")

    def read(self, request):
        return None


class ByNothing(ByTwo):
    vary_headers = ()


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        (DjangoSessionSource, None, "Cookie"),
        (DjangoSessionSource, "Cookie", "Cookie"),
        (DjangoSessionSource, "Accept", "Accept, Cookie"),
        (ByTwo, None, "Authorization, X-Key"),
        (ByTwo, "X-Key", "X-Key, Authorization"),
        (ByNothing, None, None),
        (ByNothing, "Accept", "Accept"),
    ],
)
def test_a_response_varies_on_what_the_source_reads_as_well(source, before, after):
    response = HttpResponse(headers={} if before is None else {"Vary": before})
    with override_settings(SESSIONKIT_SOURCE=source):
        assert vary(response) is response
    assert response.get("Vary") == after
    assert sorted(name for name, _ in response.items()) == ["Content-Type", *(["Vary"] if after else [])]


@pytest.mark.parametrize("ask", [require_session, lambda: enforce(Role("reader"))])
def test_a_cache_around_a_view_that_asks_for_the_session_keeps_no_page(ask):
    """No code of SessionKit runs between the view and ``cache_page``, so nothing adds ``Vary`` in time."""
    cache.clear()  # another test may have had a page at the same URL
    urls = (path("cached/", cache_page(60)(lambda request: HttpResponse(ask().user_id))),)
    with override_settings(ROOT_URLCONF=urls):
        for user_id in ("1", "2"):
            assert browser({"user_id": user_id, "role": "reader"}).get("/cached/").content == user_id.encode()


def test_what_a_view_enforces_may_be_about_an_object():
    owned = AllowObject(lambda session, number: number == 7)
    with use_session(READER):
        assert enforce(owned, obj=7).user_id == "1"
        with pytest.raises(AccessDenied):
            enforce(owned, obj=8)


def test_outside_a_request_there_is_no_page_to_hold_back():
    assert enforce(Public()) is None


def test_a_session_that_is_required_and_was_refused_is_no_missing_login():
    refused = SessionContext(None, None, LoadedSession(None, fault=Fault(REFUSED)))
    with activate(refused), pytest.raises(AccessDenied):
        require_session()


def test_an_exception_is_answered_for_the_session_of_its_request():
    assert run(deny_for(request_of(READER), AccessDenied())).status_code == 403


def test_an_exception_is_reported_once_however_often_it_is_answered(told):
    request, error = request_of(READER), AccessDenied(Decision(False, STALE_AUTHENTICATION))
    statuses = [run(deny_for(request, error)).status_code for _ in range(3)]
    assert told == [(request, STALE_AUTHENTICATION, statuses[0])]
    assert len(set(statuses)) == 1


def test_a_missing_object_tells_nothing_and_is_not_cached():
    request = request_of(READER)
    request.session.accessed = False
    request._cache_update_cache = True  # as CacheMiddleware sets it
    missing = run(missing_object(request))
    assert (type(missing), str(missing)) == (Http404, "")
    assert request._cache_update_cache is False
    assert request.session.accessed  # as for a denied object, so that the response has the same headers


@pytest.mark.parametrize("view", [SimpleNamespace(), SimpleNamespace(headers=None), SimpleNamespace(headers=("a",))])
def test_other_views_are_left_alone(view):
    before = dict(vars(view))
    vary_ahead(view)
    assert vars(view) == before


def test_a_page_is_held_back_from_an_inner_cache_and_released_to_an_outer_one():
    request = RequestFactory().get("/x/")
    hold_back(request)
    assert not hasattr(request, HELD_BACK)
    assert not hasattr(request, "_cache_update_cache")
    request._cache_update_cache = True  # as CacheMiddleware sets it
    hold_back(request)
    assert (request._cache_update_cache, getattr(request, HELD_BACK)) == (False, True)
    release(request)
    assert request._cache_update_cache is True


def test_the_error_pages_of_the_urlconf_of_the_request_count():
    request = RequestFactory().get("/x/")
    with override_settings(ROOT_URLCONF=Tenant):
        assert not own_pages.has_own_page(request, 403)
        request.urlconf = __name__
        assert own_pages.has_own_page(request, 403)
    with override_settings(ROOT_URLCONF=__name__):
        request.urlconf = Tenant
        assert not own_pages.has_own_page(request, 403)
        del request.urlconf
        assert own_pages.has_own_page(request, 403)
        assert not own_pages.has_own_page(request, 503)


@pytest.mark.parametrize("status", [403, 503])
def test_the_page_of_one_status_is_not_that_of_another(status):
    engine = {"BACKEND": "django.template.backends.django.DjangoTemplates"}
    engine["OPTIONS"] = {"loaders": [("django.template.loaders.locmem.Loader", {f"{status}.html": "own"})]}
    with override_settings(ROOT_URLCONF=Tenant, TEMPLATES=[engine]):
        request = RequestFactory().get("/x/")
        assert [one for one in (403, 503) if own_pages.has_own_page(request, one)] == [status]


def test_an_own_page_for_unknown_urls_is_told_the_path_of_a_hidden_one():
    """Django passes the path in the exception, without the first slash, and what it has tried."""
    request = request_of(READER, OfThePath)
    assert hidden_page.not_found(request).content == b"no x/ in []"


class OfThePath(Tenant):
    @staticmethod
    def handler404(request, exception):
        found = exception.args[0]
        return HttpResponse(f"no {found['path']} in {found['tried']}", status=404)


def test_a_hidden_page_varies_on_what_the_source_reads_as_well():
    with override_settings(SESSIONKIT_SOURCE=ByTwo):
        response = hidden_page.not_found(request_of(READER, Tenant))
    assert response["Vary"] == "Cookie, Authorization, X-Key"
    assert response["Cache-Control"] == "no-store"


def test_a_503_page_that_fails_is_named_in_the_log(monkeypatch, caplog):
    class Broken:
        def render(self):
            raise ValueError("secret")

    monkeypatch.setattr(own_pages, "get_template", lambda name: Broken())
    assert own_pages.service_unavailable() is None
    assert caplog.messages == ["The template 503.html raised ValueError. A plain page is sent."]
