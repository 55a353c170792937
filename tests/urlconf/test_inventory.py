"""The inventory lists every route of a URLconf in Django's order, and runs no code of the project."""

from __future__ import annotations

import types
from functools import partial

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.test import override_settings
from django.urls import URLPattern, URLResolver, include, path, re_path, register_converter
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, RoutePattern
from django.utils.decorators import method_decorator
from django.views.decorators.http import last_modified, require_GET, require_http_methods
from django.views.generic import RedirectView, TemplateView, View
from support.call_counts import calls_of
from testsite import views

from django_sessionkit import Allow, Role, evaluate, use_session
from django_sessionkit.access import AccessPolicy
from django_sessionkit.decorators import require_role
from django_sessionkit.exceptions import NotEvaluated
from django_sessionkit.matrix.route_paths import request_for
from django_sessionkit.requirements.check_input import CheckInput
from django_sessionkit.urlconf.inventory import Route, list_routes
from django_sessionkit.urlconf.segments import MANY, ONE, PartialSegment
from django_sessionkit.utils.sansio import dry_run


class Alarmed:
    """A converter that must not be called, because it may query the database."""

    regex = "[0-9]{4}"

    def to_python(self, value):
        raise AssertionError("asked")

    to_url = to_python


class Pair:
    regex = "[a-z]+/[a-z]+"
    to_python = to_url = staticmethod(str)


class Loose:
    regex = "(?:a/)?b*"
    to_python = to_url = staticmethod(str)


class Suffix:
    regex = r"\.[a-z0-9]+/?"
    to_python = to_url = staticmethod(str)


register_converter(Suffix, "suffix")
register_converter(Alarmed, "alarmed")
register_converter(Loose, "loose")
register_converter(Pair, "pair")


class Urls:
    """A URLconf as an object, so that every test has its own."""

    def __init__(self, *patterns):
        self.urlpatterns = [*patterns]


def page(request, *args, **kwargs):
    raise AssertionError("a view was run")


def only(*patterns) -> Route:
    (route,) = list_routes(Urls(*patterns))
    return route


@pytest.mark.parametrize(
    ("pattern", "text", "parts", "example"),
    [
        (path("", page), "/", (), "/"),
        (path("a/b", page), "/a/b", ("a", "b"), "/a/b"),
        (
            path("articles/<int:pk>/edit/", page),
            "/articles/<int:pk>/edit/",
            ("articles", ONE, "edit"),
            "/articles/1/edit/",
        ),
        (path("<name>/", page), "/<name>/", (ONE,), "/x/"),
        (
            path("f/<slug:a>-<slug:b>.html", page),
            "/f/<slug:a>-<slug:b>.html",
            ("f", PartialSegment("", ".html")),
            "/f/x-x.html",
        ),
        (path("v<int:n>/", page), "/v<int:n>/", (PartialSegment("v", ""),), "/v1/"),
        (path("files/<path:rest>", page), "/files/<path:rest>", ("files", MANY), "/files/x"),
        (path("files/<path:rest>.txt", page), "/files/<path:rest>.txt", None, "/files/x.txt"),
        (path("y/<alarmed:year>/", page), "/y/<alarmed:year>/", ("y", ONE), "/y/1111/"),
        (path("p/<pair:two>/", page), "/p/<pair:two>/", ("p", ONE, ONE), "/p/x/x/"),
        (path("users<suffix:format>", page), "/users<suffix:format>", (PartialSegment("users.", ""),), "/users.x"),
        (path("l/<loose:it>/", page), "/l/<loose:it>/", None, "/l//"),
        (re_path(r"^admin/$", page), "/admin/", ("admin",), "/admin/"),
        (re_path(r"admin/$", page), "/admin/", ("admin",), "/admin/"),
        (re_path(r"^admin/", page), "/admin/", None, "/admin/"),
        (re_path(r"admin/\Z", page), "/admin/", None, "/admin/"),
        (re_path(r"(?i)^shout/$", page), "(?i)^shout/", ("shout",), "/shout/"),
        (re_path(r"^maybe/?$", page), "/maybe/?", ("maybe",), "/maybe"),
        (re_path(r"^y/(?P<year>[0-9]{4})/$", page), "/y/<year>/", ("y", ONE), "/y/1111/"),
        (re_path(r"^y/(?P<a>(\d)x)/(\d+)/$", page), r"/y/<a>/(\d+)/", ("y", PartialSegment("", "x"), ONE), "/y/1x/1/"),
        (re_path(r"^s/(?P<all>.+)$", page), "/s/<all>", ("s", MANY), "/s/x"),
        (re_path(r"^s/(?P<all>.*)$", page), "/s/<all>", None, "/s/"),
        (re_path(r"^f\.(json|xml)$", page), r"/f\.(json|xml)", (PartialSegment("f.", ""),), "/f.json"),
        (re_path(r"^(?:a|b/c)/$", page), "/(?:a|b/c)/", None, "/a/"),
        (re_path(r"^a(?:-b)?/$", page), "/a(?:-b)?/", (PartialSegment("a", ""),), "/a/"),
        (re_path(r"^a(?:/b)?/$", page), "/a(?:/b)?/", None, "/a/"),
        (re_path(r"^(?P<slug>[\w-]*)_(?P<pk>\d+)/$", page), "/<slug>_<pk>/", (ONE,), "/_1/"),
        (re_path(r"^(?P<slug>[\w-]*)/a/$", page), "/<slug>/a/", None, "//a/"),
        (re_path(r"^a(?=b)[^/]/$", page), "/a(?=b)[^/]/", (PartialSegment("a", ""),), None),
        (
            re_path(r"^(?:a){1}(\w+|\d(?:x))/[a-c]$", page),
            r"/(?:a){1}(\w+|\d(?:x))/[a-c]",
            (PartialSegment("a", ""), ONE),
            "/ax/a",
        ),
        (re_path(r"^a(?:\d|(?:x)y|(?!q))/$", page), None, None, "/a1/"),
        (re_path(r"^([^/]+/)+$", page), "/([^/]+/)+", None, "/x/"),
        (re_path(r"^(x)\1/$", page), r"/(x)\1/", None, None),
        (re_path(r"^[^\W\d]\S/$", page), r"/[^\W\d]\S/", None, "/xx/"),
        (re_path(r"^\w{2,3}/\s/[\D]/(?:(?:q))/(?:\d|(?:ab)+|c)/(?:|d)/$", page), None, None, "/xx/ /x/q/1//"),
    ],
)
def test_a_pattern_is_read_segment_by_segment_or_not_at_all(pattern, text, parts, example):
    route = only(pattern)
    assert text is None or route.text == ("/" + text if text.startswith("(?i)") else text)
    assert route.parts == parts
    assert next(iter(route.examples), None) == example


def test_examples_differ_in_their_values_and_show_each_alternative():
    assert only(path("a/<int:pk>/", page)).examples == ("/a/1/", "/a/2/", "/a/3/")
    assert {"/a/", "/a/p1/"} <= set(only(re_path(r"^a/(?:p(\d+)/)?$", page)).examples)
    assert {"/a/", "/b/c/"} <= set(only(re_path(r"^(?:a|b/c)/$", page)).examples)


def test_a_route_accepts_what_django_would_route_to_it():
    assert not only(path("a/", page)).accepts("/a/b/")
    assert not only(path("a/<int:pk>/", page)).accepts("/a/b/")
    assert only(path("a/<int:pk>/", page)).accepts("/a/12/")
    assert only(path("y/<alarmed:year>/", page)).accepts("/y/2000/")
    assert not only(path("y/<alarmed:year>/", page)).accepts("/y/200/")
    assert only(re_path("^a/", page)).accepts("/a/b/")


def test_includes_add_up_texts_names_and_parts():
    inner = ([path("<int:pk>/", page, name="one"), re_path("^all/$", page, name="all")], "shop")
    one, all_, unnamed = list_routes(
        Urls(
            path("eu/", include([path("shop/", include(inner, namespace="north"))])),
            path("", include([path("x/", page)])),
        )
    )
    assert (one.text, one.view_name, one.parts) == ("/eu/shop/<int:pk>/", "north:one", ("eu", "shop", ONE))
    assert (all_.text, all_.view_name, all_.examples) == ("/eu/shop/all/", "north:all", ("/eu/shop/all/",))
    assert unnamed.view_name == unnamed.view == f"{__name__}.page"
    assert one.match.app_names == ["shop"]


def test_an_unanchored_include_has_no_parts():
    assert only(re_path("eu/", include([path("x/", page)]))).parts is None
    assert only(re_path("^eu/", include([path("x/", page)]))).parts == ("eu", "x")


@override_settings(LANGUAGE_CODE="en", LANGUAGES=[("en", "English"), ("de", "German")])
def test_a_language_prefix_is_a_segment_that_may_be_missing_for_the_default_language():
    always = list_routes(Urls(*i18n_patterns(path("about/", page))))[0]
    assert (always.text, always.parts, always.bare_parts) == ("/<language>/about/", (ONE, "about"), ("about",))
    assert (always.examples, always.may_be_bare) == (("/en/about/", "/de/about/"), False)
    assert not always.accepts("/about/")
    assert not always.accepts("/fr/about/")

    with_regex = list_routes(Urls(*i18n_patterns(re_path("^(about|home)/$", page))))[0]
    assert not with_regex.accepts("/about/")

    maybe = list_routes(Urls(*i18n_patterns(path("about/", page), prefix_default_language=False)))[0]
    assert maybe.text == "/[<language>/]about/"
    assert (maybe.examples, maybe.may_be_bare) == (("/about/", "/de/about/"), True)
    assert maybe.accepts("/about/")
    assert not maybe.accepts("/en/about/")
    slug = list_routes(Urls(*i18n_patterns(re_path("^([a-z]+)$", page), prefix_default_language=False)))[0]
    assert slug.accepts("/de")
    assert request_for(slug, "GET", "/de").forms.matched_text == "/de"


@override_settings(LANGUAGE_CODE="en", LANGUAGES=[("en", "English"), ("de", "German")])
def test_an_expression_behind_a_language_prefix_spells_itself_in_every_language():
    route = list_routes(Urls(*i18n_patterns(re_path("(?i)^about/?$", page), prefix_default_language=False)))[0]
    assert request_for(route, "GET", "/de/about").forms.matched_text == "/de/about"
    assert request_for(route, "GET", "/about").forms.matched_text == "/about"


class Detail(View):
    def get(self, request): ...

    def post(self, request): ...


class Narrow(Detail):
    http_method_names = ["get"]


class Dispatching(View):
    """Like the view of Strawberry, which has no handlers."""

    def dispatch(self, request, *args, **kwargs): ...


@pytest.mark.parametrize(
    ("view", "methods"),
    [
        (page, None),
        (Detail.as_view(), {"GET", "HEAD", "POST", "OPTIONS"}),
        (Narrow.as_view(), {"GET", "HEAD"}),
        (Detail.as_view(http_method_names=["post"]), {"POST"}),
        (Dispatching.as_view(), None),
        (require_http_methods(["POST"])(Dispatching.as_view()), {"POST"}),
        (TemplateView.as_view(template_name="x"), {"GET", "HEAD", "OPTIONS"}),
        (RedirectView.as_view(url="/"), {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}),
        (login_required(Detail.as_view()), {"GET", "HEAD", "POST", "OPTIONS"}),
        (require_GET(page), {"GET"}),
        (last_modified(page)(page), None),
        (require_role("a")(require_http_methods(["GET", "POST"])(page)), {"GET", "POST"}),
    ],
)
def test_the_verbs_are_those_that_the_view_answers(view, methods):
    assert only(path("x/", view)).methods == methods


class Callable:
    def __call__(self, request): ...

    def method(self, request): ...


def unbound():
    """Return a function that closes over an unbound variable."""

    def view(request):
        return later

    if view is None:
        later = 1
    return view


def test_a_view_that_closes_over_what_is_not_there_yet_is_read_all_the_same():
    assert only(path("x/", partial(unbound()))).methods is None
    assert only(path("x/", Callable())).methods is None


@pytest.mark.parametrize(
    ("view", "name"),
    [
        (page, "page"),
        (require_role("a")(page), "page"),
        (partial(partial(page), 1), "page"),
        (Detail.as_view(), "Detail"),
        (Callable(), "Callable"),
        (Callable().method, "Callable.method"),
    ],
)
def test_a_view_is_named_as_it_is_found_in_the_code(view, name):
    assert only(path("x/", view)).view == f"{__name__}.{name}"


class Mixed(LoginRequiredMixin, Detail):
    pass


@method_decorator(login_required, name="dispatch")
class Decorated(Detail):
    pass


class Staff(Detail):
    @method_decorator(staff_member_required)
    def dispatch(self, *args, **kwargs): ...


def test_a_view_for_staff_is_gated_by_the_admin():
    assert only(path("x/", Staff.as_view())).external_check == "Django admin"
    assert only(path("x/", staff_member_required(page))).external_check == "Django admin"


@pytest.mark.parametrize(
    "view", [login_required(page), permission_required("a.b")(page), Mixed.as_view(), Decorated.as_view()]
)
def test_a_check_of_django_auth_is_seen_through_decorators_and_on_classes(view):
    assert only(path("x/", require_role("a")(view))).external_check == "Django auth"


def test_a_view_without_another_check_has_none():
    assert only(path("x/", LoginView.as_view())).external_check is None
    assert only(path("x/", require_role("a")(page))).external_check is None
    assert only(path("x/", Detail.as_view())).external_check is None


class UserAdmin(admin.ModelAdmin):
    def get_urls(self):
        own = [path("gated/", self.admin_site.admin_view(page)), path("forgotten/", page)]
        return [*own, *super().get_urls()]


def test_the_admin_gates_its_own_views_but_not_those_that_somebody_forgot_to_wrap():
    site = admin.AdminSite(name="own")
    site.register(User, UserAdmin)
    routes = {route.text: route for route in list_routes(Urls(path("admin/", (site.urls[0], "admin", "own"))))}
    open_ones = {text for text, route in routes.items() if route.external_check is None}
    assert open_ones == {"/admin/login/", "/admin/auth/user/forgotten/"}
    assert {route.external_check for text, route in routes.items() if text not in open_ones} == {"Django admin"}
    change = routes["/admin/auth/user/<path:object_id>/change/"]
    assert change.view == f"{__name__}.UserAdmin.change_view"
    assert change.view_name == "own:auth_user_change"


def foreign(package, **attributes):
    """Return a class that looks like one of a package that is not installed."""
    return type("Foreign", (), {"__module__": f"{package}.views", **attributes})


def test_views_of_rest_framework_and_ninja_have_their_own_check_and_verbs():
    base = foreign("rest_framework", http_method_names=["get", "post", "options"], options=page)
    thing = type("Thing", (base,), {"__module__": __name__, "get": page})

    def api(request): ...

    api.cls = thing
    assert (only(path("x/", api)).external_check, only(path("x/", api)).methods) == (
        "Django REST framework",
        {"GET", "HEAD", "OPTIONS"},
    )

    def viewset(request): ...

    viewset.cls, viewset.actions = thing, {"get": "list", "post": "create"}
    assert only(path("x/", viewset)).methods == {"GET", "HEAD", "POST", "OPTIONS"}
    assert only(path("x/", viewset)).view == f"{__name__}.Thing"

    operation = types.SimpleNamespace(methods=["GET", "PATCH"])

    def wrapper(self):
        def view(request):
            return self

        view.__module__ = "ninja.operation"
        return view

    assert only(path("x/", wrapper(types.SimpleNamespace(operations=[operation])))).methods == {"GET", "PATCH"}
    assert only(path("x/", wrapper(None))).methods is None
    path_view = foreign("ninja", operations=[operation], handle=lambda self, request: None)()
    assert (only(path("x/", path_view.handle)).external_check, only(path("x/", path_view.handle)).methods) == (
        "Django Ninja",
        {"GET", "PATCH"},
    )


class Odd:
    """A URL pattern of an unknown class."""

    converters: dict[str, object] = {}
    name = None
    regex = __import__("re").compile("^odd/")

    def match(self, path):
        raise AssertionError("code of the project was run")

    def __str__(self):
        return "odd/"


def test_a_pattern_of_the_projects_own_class_is_shown_and_not_run():
    pattern = path("x/", page)
    pattern.pattern = Odd()
    route = only(pattern)
    assert (route.text, route.parts, route.examples) == ("/odd/", None, ())
    assert route.accepts("/odd/")
    assert request_for(route, "GET", "/odd/").forms.matched_text == "/odd/"
    assert repr(route) == "<Route /odd/>"


def test_a_target_leads_to_the_view_without_resolving():
    route = only(path("articles/<int:pk>/", page, name="article"))
    target = request_for(route, "POST", "/articles/1/")
    assert (target.path_info, target.method, target.view_name, target.resolved) == (
        "/articles/1/",
        "POST",
        "article",
        True,
    )
    assert target.match.func is page


def test_an_expression_spells_its_forms_as_the_guard_hears_them():
    route = only(re_path(r"^articles/(?:page-(\d+)/)?$", page))
    assert "/articles/" in request_for(route, "GET", "/articles/page-1/").forms.forms


def test_the_root_urlconf_is_surveyed_by_default():
    assert [route.text for route in list_routes()][:2] == ["/", "/login/"]
    assert list_routes()[0].callback is views.page


def test_the_effort_grows_with_the_number_of_routes_and_no_faster():
    def effort(count):
        urls = Urls(*(path(f"a{number}/<int:pk>/edit/", page, name=f"n{number}") for number in range(count)))
        list_routes(urls)
        return calls_of(
            lambda: [(route.parts, request_for(route, "GET", route.examples[0])) for route in list_routes(urls)]
        )

    assert effort(1000) < 11 * effort(100)


def alarmed(session):
    raise AssertionError("a predicate was run")


class Nosy(AccessPolicy):
    def get_roles(self, session):
        raise AssertionError("the policy was run")


READER = {"user_id": "1", "role": "reader"}


def dry_run_of(requirement, data, policy=None):
    with use_session(data) as session:
        return dry_run(requirement.flow(CheckInput(session, policy or AccessPolicy())))


def test_a_rehearsal_runs_no_predicate_and_says_so_silently(caplog):
    assert dry_run_of(Allow(alarmed), READER).failed
    assert dry_run_of(~Allow(alarmed), READER).failed
    assert dry_run_of(Role("reader") | Allow(alarmed), READER).allowed
    denied = dry_run_of(Role("admin") & Allow(alarmed), READER)
    assert (denied.allowed, denied.failed) == (False, False)
    assert caplog.records == []


def test_a_dry_run_runs_no_policy_of_the_project(caplog):
    assert dry_run_of(Role("reader"), READER, Nosy()).failed
    assert not dry_run_of(Role("reader"), None, Nosy()).failed
    assert caplog.records == []


def test_a_dry_run_leaves_nothing_behind_for_the_real_thing():
    with use_session(READER) as session:
        requirement = Allow(lambda session: True) | Role("admin")
        assert dry_run(requirement.flow(CheckInput(session))).failed
        assert evaluate(requirement).allowed


def test_a_step_that_nobody_catches_ends_the_dry_run():
    def flow():
        yield None

    with pytest.raises(NotEvaluated):
        dry_run(flow())


# Custom pattern classes, and URLconfs that include themselves


class OwnRoute(RoutePattern):
    def match(self, path):
        raise AssertionError("code of the project was run")


class OwnExpression(RegexPattern):
    match = OwnRoute.match


class OwnPrefix(LocalePrefixPattern):
    match = OwnRoute.match


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (URLPattern(OwnRoute("a/<int:pk>/", is_endpoint=True), page), "/a/<int:pk>/"),
        (URLPattern(OwnExpression("^a/$", is_endpoint=True), page), "/a/"),
        (URLResolver(OwnRoute("a/"), [path("b/", page)]), "/a/b/"),
    ],
)
def test_a_subclass_is_shown_and_not_believed(pattern, text):
    route = only(pattern)
    assert (route.text, route.parts, route.literal_prefix, route.is_guessed) == (text, None, "", True)
    assert route.accepts(text.replace("<int:pk>", "7"))  # a guess by its expression
    assert not route.accepts("/b/")


def test_a_prefix_of_the_projects_own_is_no_language():
    route = only(URLResolver(OwnPrefix(), [path("b/", page)]))
    assert (route.text, route.is_prefixed, route.parts, route.examples) == ("/<language>/b/", False, None, ())


def itself(prefix, *patterns):
    """Return a URLconf that includes itself below ``prefix``."""
    urls = Urls(*patterns)
    urls.urlpatterns.append(prefix(urls))
    return urls


def test_a_urlconf_that_includes_itself_is_followed_once():
    routes = list_routes(itself(lambda urls: path("sub/", include(urls)), path("item/<int:pk>/", page), path("", page)))
    assert [one.text for one in routes] == ["/item/<int:pk>/", "/", "/sub/**/item/<int:pk>/", "/sub/**/"]
    assert [one.parts for one in routes] == [("item", ONE), (), None, None]
    below = routes[2]
    assert (below.literal_prefix, below.examples[0], below.is_catch_all) == ("sub/", "/sub/item/1/", False)
    assert below.accepts("/sub/item/7/")
    assert [one.text for one in routes if one.accepts("/sub/")] == ["/sub/**/"]


def test_urlconfs_that_include_each_other_are_followed_too():
    first, second = Urls(path("a/", page)), Urls(path("b/", page))
    first.urlpatterns += [path("two/", include(second)), path("too/", include(second))]
    second.urlpatterns += [path("one/", include(first)), re_path("^(?:x/)?", include(second))]
    texts = [one.text for one in list_routes(first)]
    assert texts[:3] == ["/a/", "/two/b/", "/two/one/**/a/"]
    assert "/too/one/**/two/b/" in texts
    assert len(texts) == len(set(texts)) < 40


class Remade(URLResolver):
    """A resolver that creates its list of patterns each time, with itself in it."""

    @property
    def url_patterns(self):
        return [path("a/", page), self]


def test_what_is_neither_route_nor_resolver_is_left_out():
    class Door:
        pattern = RoutePattern("door/")

    assert [one.text for one in list_routes(Urls(Door(), path("a/", page)))] == ["/a/"]


def test_a_resolver_that_is_in_its_own_list_ends():
    assert [one.text for one in list_routes(Urls(Remade(RoutePattern("r/"), [])))] == ["/r/a/", "/r/r/**/a/"]
