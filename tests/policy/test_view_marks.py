"""Django's ``@login_not_required``: it exempts a view from the global default only if the setting says so."""

from __future__ import annotations

import functools
from importlib.util import find_spec
from threading import Event
from types import SimpleNamespace

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

from django_sessionkit import Role, can_access, explain, use_session
from django_sessionkit.decorators import public, require_role
from django_sessionkit.matrix import policy_matrix
from django_sessionkit.policy import view_marks
from django_sessionkit.policy.denial_options import DenialOptions


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


# What the functions say about a view, without a site.


class Handlers:
    """Stands for the class of a view, with a handler for each method."""

    def get(self): ...

    def post(self): ...


def marked_with(requirement, number, *, needs_object=False, **options):
    view = lambda request: None  # noqa: E731
    mark = view_marks.ViewRequirement(requirement, DenialOptions(**options), needs_object=needs_object)
    return view_marks.mark_view(view, mark, number)


def test_marks_are_listed_with_the_outermost_first_and_combined():
    view = marked_with(Role("inner"), -11)
    view_marks.mark_view(view, view_marks.ViewRequirement(Role("outer")), -12)
    assert [one.requirement for one in view_marks.requirements_of(view, "GET")] == [Role("outer"), Role("inner")]
    assert view.sessionkit_requirement == Role("outer") & Role("inner")
    assert view_marks.ViewRequirement(Role("a")) == (Role("a"), view_marks.DEFAULT_OPTIONS, False)
    assert view_marks.next_number() > view_marks.next_number()


def test_the_handler_of_the_method_adds_its_marks():
    view, handlers = marked_with(Role("all"), -1), type("Own", (Handlers,), {"get": marked_with(Role("get"), -2)})
    view.view_class = handlers
    for method, names in (("GET", ["all", "get"]), ("HEAD", ["all", "get"]), ("POST", ["all"]), ("PUT", ["all"])):
        assert [one.requirement.parts[0] for one in view_marks.requirements_of(view, method)] == names
    handlers.head = marked_with(Role("head"), -3)
    assert [one.requirement.parts[0] for one in view_marks.requirements_of(view, "HEAD")] == ["all", "head"]


@pytest.mark.parametrize(
    ("options", "needs_object", "is_set"),
    [({}, False, False), ({"on_deny": "not_found"}, False, True), ({"on_deny": "not_found"}, True, False)],
)
def test_a_view_that_hides_is_noted(options, needs_object, is_set, monkeypatch):
    monkeypatch.setattr(view_marks, "views_are_hidden", Event())
    marked_with(Role("a"), -1, needs_object=needs_object, **options)
    assert view_marks.views_are_hidden.is_set() is is_set


def test_the_default_hides_what_the_first_requirement_hides():
    hidden = marked_with(Role("a"), -2, on_deny="not_found", login_url="/l/")
    assert view_marks.options_under_default(hidden, "GET") == DenialOptions(on_deny="not_found", login_url="/l/")
    view_marks.mark_view(hidden, view_marks.ViewRequirement(Role("outer"), DenialOptions(api=True)), -3)
    assert view_marks.options_under_default(hidden, "GET") == DenialOptions()
    about_object = marked_with(Role("a"), -2, on_deny="not_found", needs_object=True)
    assert view_marks.options_under_default(about_object, "GET") == DenialOptions()
    assert view_marks.options_under_default(page, "GET") == DenialOptions()


def test_requires_object_is_true_only_as_the_object_true():
    def view(**attributes):
        found = lambda request: None  # noqa: E731
        vars(found).update(attributes)
        return found

    for value, expected in ((True, True), (False, False), (1, False), ("yes", False)):
        own = type("Own", (Handlers,), {"requires_object": value})
        assert view_marks.requires_object(view(requires_object=value)) is expected
        assert view_marks.requires_object(view(view_class=own)) is expected
        assert view_marks.requires_object(view(cls=own)) is expected
        for name in ("view_initkwargs", "initkwargs"):
            assert view_marks.requires_object(view(**{name: {"requires_object": value}})) is expected
    assert not view_marks.requires_object(page)
    opened = type("Open", (Handlers,), {"requires_object": True})
    assert not view_marks.requires_object(view(view_class=opened, view_initkwargs={"requires_object": False}))
    assert view_marks.requires_object(view(view_class=opened, view_initkwargs={}))


def test_the_dotted_name_of_a_view():
    assert view_marks.dotted_name_of(page) == f"{__name__}.page"
    assert view_marks.dotted_name_of(Marked.as_view()) == f"{__name__}.Marked"
    assert view_marks.dotted_name_of(Truthy()) == f"{__name__}.Truthy"


def test_the_package_of_an_api():
    def of(module, **attributes):
        view = lambda request: None  # noqa: E731
        view.__module__ = module
        vars(view).update(attributes)
        return view_marks.api_package_of(view)

    assert of("rest_framework.views") == "rest_framework"
    assert of("ninja") == "ninja"
    for module in ("shop.views", "ninja_shop.views", "shop.rest_framework", None):
        assert of(module) is None
    api = type("Api", (), {"__module__": "rest_framework.views"})
    assert of("shop.views", cls=type("Own", (api,), {})) == "rest_framework"
    own = type("Own", (), {"__module__": "ninja.operation", "call": lambda self, request: None})()
    assert view_marks.api_package_of(own.call) == "ninja"
    assert of("shop.views", cls="no class") is None
    assert view_marks.api_package_of(page.__call__) is None  # without a module


def test_which_mark_exempts():
    def match(view):
        return SimpleNamespace(func=view)

    assert view_marks.exempting_mark(None, honors_django=True) is None
    for honors in (True, False):
        assert view_marks.exempting_mark(match(public(page)), honors_django=honors) == "@public"
        assert view_marks.exempting_mark(match(page), honors_django=honors) is None
    assert view_marks.exempting_mark(match(marked), honors_django=True) == "@login_not_required"
    assert view_marks.exempting_mark(match(marked), honors_django=False) is None
