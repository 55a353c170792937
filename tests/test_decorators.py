from __future__ import annotations

import inspect

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from support.sessions import ADMIN, EDITOR, READER, browser

from django_sessionkit import AnyPermission, Authenticated, Permission, Role, use_session
from django_sessionkit.decorators import (
    public,
    require,
    require_any_permission,
    require_authenticated,
    require_permission,
    require_role,
    require_role_permission,
)


def page(request, pk=None):
    """The page."""
    return HttpResponse(f"page {pk}")


async def apage(request, pk=None):
    return HttpResponse(f"page {pk}")


@pytest.mark.parametrize(
    ("decorator", "requirement"),
    [
        (require(Role("a") | Role("b")), Role("a") | Role("b")),
        (require_authenticated, Authenticated()),
        (require_authenticated(), Authenticated()),
        (require_role("a", "b"), Role("a", "b")),
        (require_permission("p", "q"), Permission("p", "q")),
        (require_any_permission("p", "q"), AnyPermission("p", "q")),
        (require_role_permission("a", "p"), Role("a") & Permission("p")),
    ],
)
def test_the_requirement_can_be_read_from_the_view(decorator, requirement):
    for view in (page, apage):
        guarded = decorator(view)
        assert guarded.sessionkit_requirement == requirement
        assert guarded.__name__ == view.__name__
        assert guarded.__wrapped__ is view
        assert iscoroutinefunction(guarded) is iscoroutinefunction(view)
        assert inspect.signature(guarded) == inspect.signature(view)


def test_stacked_decorators_must_all_hold_and_are_all_readable():
    view = require_role("admin")(require_permission("posts:read")(page))
    assert view.sessionkit_requirement == Role("admin") & Permission("posts:read")
    for session, status in ((READER, 403), ({"user_id": "1", "role": "admin"}, 403), (ADMIN, 200)):
        with use_session(session):
            assert view(RequestFactory(headers={"accept": "text/html"}).get("/")).status_code == status


def test_the_arguments_reach_the_view():
    with use_session(READER):
        request = RequestFactory().get("/")
        assert require_authenticated(page)(request, pk=7).content == b"page 7"
        assert require_authenticated(page)(request=request).content == b"page None"
        assert async_to_sync(require_authenticated(apage))(request, 7).content == b"page 7"


def test_an_async_view_that_returns_a_plain_response_is_served():
    class Plain(View):
        view_is_async = True

        @method_decorator(require_authenticated)
        def get(self, request):
            return HttpResponse("plain")

    async def ask():
        return await Plain().get(RequestFactory().get("/"))

    with use_session(READER):
        response = async_to_sync(ask)()
        assert response.content == b"plain"


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: require("admin"), "@require: needs a requirement"),
        (lambda: require_role(), "Role: needs at least one name"),
        (lambda: require_role(page), "Role: names must be strings"),
        (lambda: require_permission("posts:*"), "wildcard"),
        (lambda: require_role("a", on_deny="redirect"), '@require_role: "on_deny" must be one of'),
        (lambda: require_role("a", redirect="/x/"), 'unknown option "redirect"; did you mean "redirect_to"'),
        (lambda: require_role("a", redirect_to="//evil"), "@require_role.'redirect_to'"),
        (lambda: require_role("a", login_url="https://evil"), "@require_role.'login_url'"),
        (lambda: require_authenticated(api="yes"), '@require_authenticated: "api" must be'),
    ],
)
def test_a_wrong_decorator_is_an_error_at_definition(make, error):
    with pytest.raises(ImproperlyConfigured, match=error):
        make()


def test_a_class_or_a_bare_method_gets_a_hint():
    with pytest.raises(TypeError, match=r"@require_role cannot decorate the class .*Page: .*mixin.*method_decorator"):

        @require_role("admin")
        class Page(View):
            pass

    class Other(View):
        @require_role("admin")
        def get(self, request):
            return HttpResponse()

    with pytest.raises(TypeError, match="method_decorator"):
        Other().get(RequestFactory().get("/"))
    with pytest.raises(TypeError, match="first argument is the request"):
        require_role("admin")(page)()


def test_without_the_middleware_nobody_is_let_in():
    request = RequestFactory(headers={"accept": "text/html"}).get("/page/")
    assert require_authenticated(page)(request).status_code == 302


def test_options_decide_on_the_denial():
    request = RequestFactory(headers={"accept": "text/html"}).get("/page/")
    with use_session(READER):
        assert require_role("a", redirect_to="/upgrade/")(page)(request)["Location"] == "/upgrade/"
        assert require_role("a", on_deny="not_found")(page)(request).status_code == 404
        assert require_role("a", api=True)(page)(request)["Content-Type"] == "application/problem+json"
    with use_session(None):
        assert require_role("a", login_url="/enter/")(page)(request)["Location"] == "/enter/?next=/page/"


@public
def marked(request):
    return HttpResponse("page")


@public()
async def amarked(request):
    return HttpResponse("page")


@public
class Marked(View):
    def get(self, request):
        return HttpResponse("page")


class Unmarked(Marked):
    pass


@method_decorator(public, name="dispatch")
class Dispatched(View):
    def get(self, request):
        return HttpResponse("page")


@public
@require_role("admin")
def marked_and_guarded(request):
    return HttpResponse("page")


class Stacked(View):
    @method_decorator(require_role("editor", "admin"))
    @method_decorator(require_permission("posts:write"))
    def get(self, request):
        return HttpResponse("page")

    @method_decorator([require_role("admin"), require_permission("users:manage")])
    def post(self, request):
        return HttpResponse("page")


urlpatterns = [
    path("marked/", marked),
    path("amarked/", amarked),
    path("class/", Marked.as_view()),
    path("subclass/", Unmarked.as_view()),
    path("dispatched/", Dispatched.as_view()),
    path("guarded/", marked_and_guarded),
    path("plain/", page),
    path("stacked/", Stacked.as_view()),
    path("login/", page),
]


@override_settings(ROOT_URLCONF=__name__, SESSIONKIT_GLOBAL_PROTECT=True)
@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/marked/", 200),
        ("/amarked/", 200),
        ("/class/", 200),
        ("/dispatched/", 200),
        ("/subclass/", 302),
        ("/guarded/", 302),
        ("/plain/", 302),
    ],
)
def test_public_lifts_the_default_and_nothing_else(url, status):
    assert browser().get(url).status_code == status


@override_settings(ROOT_URLCONF=__name__)
def test_decorators_stacked_on_methods_must_all_hold():
    assert [browser(who).get("/stacked/").status_code for who in (READER, EDITOR, ADMIN)] == [403, 200, 200]
    assert [browser(who).post("/stacked/").status_code for who in (READER, EDITOR, ADMIN)] == [403, 403, 200]
