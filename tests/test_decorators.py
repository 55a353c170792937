from __future__ import annotations

import contextlib
import functools
import inspect

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView
from support.sessions import ADMIN, EDITOR, READER, abrowser, browser

from django_sessionkit import AnyPermission, Authenticated, Permission, Recent, Role, use_session
from django_sessionkit.decorators import (
    public,
    require,
    require_any_permission,
    require_authenticated,
    require_permission,
    require_recent,
    require_role,
    require_role_permission,
)
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.policy.view_marks import requirements_of


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


def test_what_stands_further_out_is_told_first():
    editors = require_role("editor")
    view = require_authenticated(editors(require_permission("posts:write")(page)))
    assert [mark.requirement for mark in requirements_of(view, "GET")] == [
        Authenticated(),
        Role("editor"),
        Permission("posts:write"),
    ]


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
        (lambda: require_role(), "^@require_role: needs at least one name"),
        (lambda: require_role(page), r'^@require_role: got page instead of names; write @require_role\("..."\)'),
        (lambda: require_permission(page), "^@require_permission: got page instead of names"),
        (lambda: require_any_permission(View), "^@require_any_permission: got View instead of names"),
        (lambda: require_role_permission(page, "p"), "^@require_role_permission: got page instead of names"),
        (lambda: require(page), r'^@require: needs a requirement, not function; write Role\("editor"\)'),
        (lambda: require_role(["a"]), r"^@require_role: names must be strings, not list; unpack it: \(\*names\)"),
        (lambda: require_role_permission("a", 7), "^@require_role_permission: names must be strings, not int"),
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
    with pytest.raises(TypeError, match=r"@require_role cannot decorate the class .*Page: .*a mixin.*method_decorator"):

        @require_role("admin")
        class Page(View):
            pass

    class Other(View):
        @require_role("admin")
        def get(self, request):
            return HttpResponse()

    with pytest.raises(TypeError, match="method_decorator"):
        Other().get(RequestFactory().get("/"))
    with pytest.raises(TypeError, match=r"@require_role decorates a view, not WSGIRequest\. Write it above a view\."):
        require_role("admin")(RequestFactory().get("/"))  # path("page/", require_role("admin"))
    with pytest.raises(TypeError, match=r"@require_authenticated decorates a view, not str"):
        require_authenticated("/login/")
    with pytest.raises(TypeError, match=r"@require_role on page got None as its first argument instead of the request"):
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


class OwnAfterParent(Dispatched):
    pass


OwnAfterParent = method_decorator(public, name="dispatch")(OwnAfterParent)


@method_decorator(require_authenticated, name="dispatch")
class GuardedAfterParent(Dispatched):
    """``method_decorator`` copies the attributes of the method that it replaces."""


class WrittenInTheClass(View):
    @public
    def dispatch(self, request):
        return HttpResponse("page")


class BelowWrittenInTheClass(WrittenInTheClass):
    pass


@method_decorator([never_cache, public], name="dispatch")
class Listed(View):
    async def get(self, request):
        return HttpResponse("page")


class BelowListed(Listed):
    pass


class Hook:
    """A callable object, such as a feed."""

    csrf_exempt = True
    limits = ("a",)

    def __call__(self, request):
        return HttpResponse("page")

    def page(self, request):
        return HttpResponse("page")

    @public
    def open_page(self, request):
        return HttpResponse("page")

    @public
    @staticmethod
    def static_page(request):
        return HttpResponse("page")

    @public
    @classmethod
    def class_page(cls, request):
        return HttpResponse("page")


class BelowHook(Hook):
    pass


@public
class PublicHook(Hook):
    pass


class BelowPublicHook(PublicHook):
    pass


hook = Hook()
exempt = csrf_exempt(page)


def around(view):
    @functools.wraps(view)
    def wrapper(request):
        return view(request)

    return wrapper


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
    path("open/media/", public(page)),
    path("open/redirect/", public(RedirectView.as_view(url="/plain/"))),
    path("redirect/", RedirectView.as_view(url="/plain/")),
    path("open/hook/", public(hook)),
    path("hook/", hook),
    path("open/method/", public(hook.page)),
    path("method/", hook.page),
    path("open/partial/", public(functools.partial(page, pk=1))),
    path("partial/", functools.partial(page, pk=1)),
    path("open/exempt/", public(exempt)),
    path("exempt/", exempt),
    path("open/async/", public(apage)),
    path("async/", apage),
    path("own-after-parent/", OwnAfterParent.as_view()),
    path("guarded-after-parent/", GuardedAfterParent.as_view()),
    path("in-class/", WrittenInTheClass.as_view()),
    path("below-in-class/", BelowWrittenInTheClass.as_view()),
    path("listed/", Listed.as_view()),
    path("below-listed/", csrf_exempt(BelowListed.as_view())),
    path("public-hook/", PublicHook()),
    path("below-public-hook/", BelowPublicHook()),
    path("open-page/", hook.open_page),
    path("below-open-page/", BelowHook().open_page),
    path("around-below-open-page/", around(BelowHook().open_page)),
    path("static-page/", hook.static_page),
    path("class-page/", type(hook).class_page),
    path("below-class-page/", BelowHook.class_page),
    path("around/", around(public(page))),
    path("open/class/", public(Unmarked.as_view())),
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
        ("/open/media/", 200),
        ("/open/redirect/", 302),
        ("/open/hook/", 200),
        ("/hook/", 302),
        ("/open/method/", 200),
        ("/method/", 302),
        ("/open/partial/", 200),
        ("/partial/", 302),
        ("/open/exempt/", 200),
        ("/exempt/", 302),
        ("/open/async/", 200),
        ("/async/", 302),
        ("/own-after-parent/", 200),
        ("/guarded-after-parent/", 302),
        ("/in-class/", 200),
        ("/below-in-class/", 302),
        ("/listed/", 200),
        ("/below-listed/", 302),
        ("/public-hook/", 200),
        ("/below-public-hook/", 302),
        ("/open-page/", 200),
        ("/below-open-page/", 302),
        ("/around-below-open-page/", 302),
        ("/static-page/", 200),
        ("/class-page/", 200),
        ("/below-class-page/", 302),
        ("/around/", 200),
        ("/open/class/", 200),
    ],
)
def test_public_lifts_the_default_and_nothing_else(url, status):
    assert browser().get(url).status_code == status
    assert async_to_sync(abrowser().get)(url).status_code == status


@override_settings(ROOT_URLCONF=__name__, SESSIONKIT_GLOBAL_PROTECT=True)
def test_a_session_is_all_that_the_default_asks_of_a_subclass_of_a_public_class():
    for name in ("below-in-class", "guarded-after-parent", "below-listed", "below-open-page"):
        assert browser(READER).get(f"/{name}/").status_code == 200


@override_settings(ROOT_URLCONF=__name__, SESSIONKIT_GLOBAL_PROTECT=True)
def test_public_opens_one_route_of_a_view_of_somebody_else():
    assert browser().get("/open/redirect/")["Location"] == "/plain/"
    assert browser().get("/redirect/")["Location"] == "/login/?next=/redirect/"


def test_public_leaves_the_view_as_it_was():
    for view in (page, apage, hook, hook.page, exempt, RedirectView, Unmarked.as_view()):
        before = dict(vars(view)) if hasattr(view, "__dict__") else {}
        with contextlib.suppress(TypeError):  # a class is rejected
            public(view)
        assert dict(vars(view)) == before


def test_the_wrapper_is_told_from_the_view_by_the_mark_alone():
    for view in (page, apage, exempt, require_role("admin")(page), Unmarked.as_view(), Listed.as_view()):
        opened = public(view)
        assert opened is not view
        assert opened.__wrapped__ is view
        assert opened.__name__ == view.__name__
        kept = {**vars(view), "__wrapped__": view}
        assert kept.items() <= vars(opened).items()
        assert iscoroutinefunction(opened) is iscoroutinefunction(view)
        assert inspect.signature(opened) == inspect.signature(view)


def test_what_django_reads_from_a_callable_object_is_kept():
    for decorator in (public, require_authenticated):
        wrapper = decorator(hook)
        assert wrapper.csrf_exempt is True
        assert wrapper.limits == ("a",)
        assert (wrapper.__module__, wrapper.__name__) == (__name__, "Hook")
        assert not hasattr(wrapper, "page")


@pytest.mark.parametrize("view", [RedirectView, Marked, Hook])
def test_a_class_that_is_defined_already_cannot_be_marked(view):
    name = f"{view.__module__}.{view.__qualname__}"
    with pytest.raises(TypeError) as caught:
        public(view)
    assert str(caught.value) == (
        f"public() cannot mark the class {name}, because it is already defined. All its routes would become public. "
        f"Write public({view.__qualname__}.as_view(...)) in the URLconf, or @public above a class of your own."
    )


@pytest.mark.parametrize("thing", [path("x/", page), ([], "app"), "shop.views.page"])
def test_what_is_no_view_cannot_be_marked(thing):
    with pytest.raises(TypeError, match=f"needs a view, not an object of the type {type(thing).__name__}"):
        public(thing)


@override_settings(ROOT_URLCONF=__name__)
def test_decorators_stacked_on_methods_must_all_hold():
    assert [browser(who).get("/stacked/").status_code for who in (READER, EDITOR, ADMIN)] == [403, 200, 200]
    assert [browser(who).post("/stacked/").status_code for who in (READER, EDITOR, ADMIN)] == [403, 403, 200]


def test_a_response_whose_headers_are_kept_in_another_way_varies_too():
    class Headers(dict):
        """Headers in a different class than Django's."""

    def own(request):
        response = HttpResponse("page")
        response.headers = Headers(Vary="Accept")
        return response

    with use_session(READER):
        request = RequestFactory().get("/")
        assert require_authenticated(own)(request).headers["Vary"] == "Accept, Cookie"
        assert require_authenticated(lambda request: "no response")(request) == "no response"


# A recent login -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "fault"),
    [
        (0, "the number of seconds must be more than 0"),
        ("600", "the number of seconds must be an integer, not str"),
        (lambda request: None, "instead of seconds; write @require_recent\\(600\\)"),
    ],
)
def test_the_seconds_of_a_recent_login(seconds, fault):
    with pytest.raises(InvalidPolicy, match=f"@require_recent: .*{fault}"):
        require_recent(seconds)
    with pytest.raises(InvalidPolicy, match='@require_recent: unknown option "max_age"'):
        require_recent(600, max_age=1)  # type: ignore[call-arg]
    assert require_recent(600, on_deny="forbidden").requirement == Recent(600)
