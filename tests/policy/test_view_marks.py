"""Django's ``@login_not_required``: it exempts a view from the global default only if the setting says so."""

from __future__ import annotations

import functools
from importlib.util import find_spec

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.management import call_command
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import include, path, resolve
from django.utils.decorators import method_decorator
from django.views import View
from support.sessions import READER, abrowser, browser
from testsite.urls import urlpatterns as site_urls

from django_sessionkit import can_access, explain, use_session
from django_sessionkit.decorators import public, require_role
from django_sessionkit.matrix import policy_matrix


def page(request):
    return HttpResponse("page")


@login_not_required
def marked(request):
    return HttpResponse("page")


@login_not_required
async def amarked(request):
    return HttpResponse("page")


@functools.wraps(marked)
def wrapper(request):
    return marked(request)


@method_decorator(login_not_required, name="dispatch")
class Marked(View):
    def get(self, request):
        return HttpResponse("page")


class Inherits(Marked):
    pass


class OwnDispatch(Marked):
    def dispatch(self, request, *args, **kwargs):
        return super().dispatch(request, *args, **kwargs)


class InClass(View):
    login_required = False

    def get(self, request):
        return HttpResponse("page")


class Truthy:
    login_required = 0  # Django opens this one, but only False counts here

    def __call__(self, request):
        return HttpResponse("page")


@login_not_required
@require_role("editor")
def for_editors(request):
    return HttpResponse("page")


shop = (
    [path("hook/", marked, name="hook"), path("editors/", for_editors, name="editors")],
    "shop",
)
OPENED = {
    "marked/": marked,
    "amarked/": amarked,
    "wrapper/": wrapper,
    "class/": Marked.as_view(),
    "inherits/": Inherits.as_view(),
    "partial/": login_not_required(functools.partial(page)),
}
CLOSED = {
    "plain/": page,
    "lambda/": lambda request: marked(request),
    "partial-of/": functools.partial(marked),
    "own-dispatch/": OwnDispatch.as_view(),
    "in-class/": InClass.as_view(),
}
urlpatterns = [
    *(path(route, view) for route, view in {**OPENED, **CLOSED}.items()),
    path("truthy/", Truthy()),
    path("ruled/", marked, name="ruled"),
    path("public/", public(page)),
    path("shop/", include(shop)),
    *site_urls,
]


@pytest.fixture(autouse=True)
def site(settings):
    settings.ROOT_URLCONF = __name__
    settings.SESSIONKIT_GLOBAL_PROTECT = True
    settings.SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED = True
    settings.SESSIONKIT_PROTECT = [{"pattern": "/ruled", "role": "editor"}]
    return settings


def told(url):
    """Return whether an anonymous caller may open a page, as each surface says."""
    (line,) = [one for one in policy_matrix().lines if one.route == url]
    with use_session(None):
        return {
            browser().get(url).status_code == 200,
            async_to_sync(abrowser().get)(url).status_code == 200,
            can_access(url),
            explain(url).allowed,
            line.squares[0].outcome == "allowed",
        }


@pytest.mark.parametrize("route", [*OPENED, *CLOSED, "truthy/", "ruled/", "public/", "shop/hook/", "shop/editors/"])
def test_every_surface_gives_the_same_answer(route, site):
    opened = route in OPENED or route in ("public/", "shop/hook/")
    assert told(f"/{route}") == {opened}
    site.SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED = False
    assert told(f"/{route}") == {route == "public/"}


@pytest.mark.parametrize("route", [*OPENED, *CLOSED])
def test_the_mark_counts_where_django_finds_it(route):
    middleware, request = LoginRequiredMiddleware(page), RequestFactory().get(f"/{route}")
    request.user = type("Anonymous", (), {"is_authenticated": False})()
    asks_login = middleware.process_view(request, resolve(f"/{route}").func, (), {}) is not None
    assert asks_login is (route in CLOSED)


def test_the_mark_lifts_no_rule_and_no_requirement_of_the_view():
    assert browser(READER).get("/ruled/").status_code == 403
    assert browser(READER).get("/shop/editors/").status_code == 403


@pytest.mark.skipif(find_spec("rest_framework") is None, reason="needs Django REST framework")
def test_a_view_of_django_rest_framework_is_never_lifted(site):
    from rest_framework.decorators import api_view
    from rest_framework.response import Response
    from rest_framework.routers import SimpleRouter
    from rest_framework.views import APIView
    from rest_framework.viewsets import ViewSet

    class Page(APIView):
        def get(self, request):
            return Response("page")

    class Pages(ViewSet):
        def list(self, request):
            return Response("page")

    @api_view()
    def function(request):
        return Response("page")

    def wrapping(view):
        return functools.wraps(view)(lambda request, *args, **kwargs: view(request, *args, **kwargs))

    router = SimpleRouter()
    router.register("pages", Pages, basename="pages")
    views = {"class/": Page.as_view(), "function/": function, "wrapped/": wrapping(Page.as_view())}
    views["marked/"] = login_not_required(Page.as_view())
    found = [*(path(route, view) for route, view in views.items()), *router.urls]
    site.ROOT_URLCONF = type("urls", (), {"urlpatterns": found})
    for route in ("/class/", "/function/", "/wrapped/", "/marked/"):
        assert resolve(route).func.login_required is False
        assert told(route) == {False}
    assert browser().get("/pages/").status_code == 401


def test_the_list_of_routes_shows_the_mark_with_and_without_the_setting(site, capsys):
    def line(route):
        call_command("sessionkit_routes")
        return " ".join(next(one for one in capsys.readouterr().out.splitlines() if one.startswith(route)).split())

    assert line("/marked/") == "/marked/ any @login_not_required yes yes yes"
    assert line("/ruled/") == "/ruled/ any SESSIONKIT_PROTECT[0] no no yes"
    site.SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED = False
    assert line("/marked/") == "/marked/ any SESSIONKIT_GLOBAL_PROTECT + @login_not_required (off) no yes yes"
    assert line("/plain/") == "/plain/ any SESSIONKIT_GLOBAL_PROTECT no yes yes"


def test_the_explanation_and_the_header_of_debug_name_the_mark(site):
    assert "@login_not_required exempts the view" in str(explain("/marked/"))
    site.DEBUG = True
    assert browser().get("/marked/")["X-SessionKit-Decision"] == "allowed; rule=none; reason=@login_not_required"
