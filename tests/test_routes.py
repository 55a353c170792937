"""A rule guards every spelling that Django routes to the view it guards."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.conf.urls.i18n import i18n_patterns
from django.test import override_settings
from django.urls import URLPattern, include, path, re_path, register_converter, resolve
from django.urls.resolvers import RegexPattern
from support.sessions import ADMIN, READER, abrowser, browser
from testsite import views

from django_sessionkit import can_access, routes, use_session
from django_sessionkit.exceptions import UnreadableRoute
from django_sessionkit.routes import spelling_of


class Loud:
    """A converter with many spellings for one value."""

    regex = "[A-Za-z]+"

    def to_python(self, value):
        return value.lower()

    def to_url(self, value):
        return value


register_converter(Loud, "loud")


def other(request, *args, **kwargs):
    return views.page(request)


class Urls:
    """A URLconf as an object: every test has its own."""

    def __init__(self, *patterns):
        self.urlpatterns = [*patterns, path("login/", views.page)]


def spelt(url, *patterns):
    urlconf = Urls(*patterns)
    return spelling_of(url, urlconf, resolve(url, urlconf))


INDEX = {"/admin", "/admin/index.html"}


@pytest.mark.parametrize(
    ("route", "url", "span", "forms"),
    [
        (re_path("^admin/$", other), "/admin/", "/admin/", {"/admin/"}),
        (re_path("admin/", other), "/xx/admin/yy/", "/admin/", {"/admin/"}),
        (re_path("(?i)^admin/$", other), "/ADMIN/", "/ADMIN/", {"/ADMIN/", "/admin/"}),
        (re_path("^admin/?$", other), "/admin", "/admin", {"/admin"}),
        (
            re_path(r"^admin(?:/index\.html)?$", other),
            "/admin/index.html",
            "/admin/index.html",
            {"/admin", "/admin/index.html"},
        ),
        (re_path(r"^item/(?P<pk>\d+)(?:\.json)?$", other), "/item/7.json", "/item/7.json", {"/item/7", "/item/7.json"}),
        (re_path(r"^item/(\d+)(?:\.json)?$", other), "/item/7.json", "/item/7.json", {"/item/7", "/item/7.json"}),
        (re_path(r"^item/(?P<pk>\d+)/$", other), "/item/007/", "/item/007/", {"/item/7/", "/item/007/"}),
        (re_path(r"^[a-z]+/$", other), "/zebra/", "/zebra/", {"/zebra/"}),
        (re_path(r"^(?:a|b)/$", other), "/b/", "/b/", {"/b/"}),
        (path("item/<int:pk>/", other), "/item/007/", "/item/007/", {"/item/7/", "/item/007/"}),
        (path("tag/<loud:name>/", other), "/tag/HaT/", "/tag/HaT/", {"/tag/hat/", "/tag/HaT/"}),
        (
            re_path("x?admin/", include([path("<int:pk>/", other)])),
            "/yyadmin/01/",
            "/admin/01/",
            {"/admin/1/", "/admin/01/"},
        ),
    ],
)
def test_how_a_chain_spells_a_path(route, url, span, forms):
    assert spelt(url, route) == (span, forms)


@pytest.mark.parametrize(
    ("route", "url"),
    [
        (path("plain/<str:a>/<slug:b>/<uuid:c>/<path:d>", other), "/x/"),
        (path("a/", include([path("b/", other)])), "/x/"),
    ],
)
def test_faithful_routes_are_not_walked(route, url):
    urlconf = Urls(route)
    assert routes._irregular_views(routes.get_resolver(urlconf)) == frozenset()


ADMIN_ONLY = [{"pattern": "/admin/**", "role": "admin"}]


def denied(url, *patterns, rules=ADMIN_ONLY, session=READER, **settings):
    """Whether the guard stops both handlers; the admin must get through, so the route is there."""
    with override_settings(ROOT_URLCONF=Urls(*patterns), SESSIONKIT_PROTECT=rules, **settings):
        assert browser(ADMIN).get(url).status_code == 200
        statuses = {browser(session).get(url).status_code}
        if url.isascii():  # the rest AsyncClient decodes as Latin-1, unlike any server
            statuses.add(async_to_sync(abrowser(session).get)(url).status_code)
        assert len(statuses) == 1
        with use_session(session):
            assert can_access(url) is (statuses == {200})
        return statuses == {403}


@pytest.mark.parametrize(
    ("route", "url"),
    [
        (re_path("admin/", other), "/xx/admin/yy/"),
        (re_path("admin/", other), "/xxadmin/"),
        (re_path("^.*admin/", other), "/x/../admin/"),
        (re_path("(?i)admin", other), "/xADMINx"),
        (re_path("^.?admin/users/", other), "/admin/users/more"),
        (re_path("admin/", include([path("users/", other)])), "/xxadmin/users/"),
        (re_path("(?i)^Admin/", include([re_path("(?i)users/", other)])), "/aDMIN/xxUSERS/"),
    ],
)
def test_no_regular_expression_gets_round_a_rule(route, url):
    assert denied(url, route)


@pytest.mark.parametrize(
    ("route", "url", "pattern"),
    [
        (path("item/<int:pk>/", other), "/item/007/", "/item/7"),
        (path("tag/<loud:name>/", other), "/tag/SECRET/", "/tag/secret"),
        (re_path(r"^admin(?:/index\.html)?$", other), "/admin/index.html", "/admin"),
        (re_path(r"^item/(?P<pk>\d+)(?:\.json)?$", other), "/item/7.json", "/item/7"),
        (re_path("^admin/", other), "/admin/what/follows", "/admin"),
        (re_path(r"^item/(?P<pk>\d+)/$", other), "/item/007/", "/item/7"),
        (re_path(r"^item/(\d+)/$", other), "/item/\u0667/", "/item/7"),
    ],
)
def test_no_alias_gets_round_a_rule(route, url, pattern):
    assert denied(url, route, rules=[{"pattern": pattern, "role": "admin"}])


@pytest.mark.parametrize("url", ["/item/8/", "/item/08/"])
def test_other_values_stay_open(url):
    assert not denied(url, path("item/<int:pk>/", other), rules=[{"pattern": "/item/7", "role": "admin"}])


def test_a_public_rule_must_cover_the_span_too():
    rules = [{"pattern": "/open/**", "public": True}, *ADMIN_ONLY]
    assert denied("/open/admin/", re_path("admin/", other), rules=rules)
    assert not denied("/open/page/", re_path("^open/page/$", other), rules=rules)


def test_an_exclude_must_cover_the_span_too():
    settings = {"SESSIONKIT_GLOBAL_PROTECT": True, "SESSIONKIT_EXCLUDE": ["/open/**"], "rules": []}
    with override_settings(ROOT_URLCONF=Urls(re_path("page/", other)), **settings):
        assert browser().get("/open/page/").status_code == 302
        assert browser(READER).get("/open/page/").status_code == 200


def test_translated_routes():
    translated = i18n_patterns(re_path("(?i)^admin/", other))
    middleware = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django_sessionkit.middleware.SessionKitMiddleware",
    ]
    urlconf = type("urls", (), {"urlpatterns": [*translated, path("login/", views.page)]})
    with override_settings(ROOT_URLCONF=urlconf, SESSIONKIT_PROTECT=ADMIN_ONLY, MIDDLEWARE=middleware):
        for url in ("/de/admin/", "/de/ADMIN/x/", "/en/aDmin/"):
            assert browser(READER).get(url).status_code == 403, url
            assert browser(ADMIN).get(url).status_code == 200, url


def test_a_route_that_cannot_be_repeated_is_an_error_and_not_a_way_in():
    urlconf = Urls(re_path("^a/", other))
    match = resolve("/a/", urlconf)
    with pytest.raises(UnreadableRoute, match=r"test_routes\.other"):
        spelling_of("/b/", urlconf, match)
    with pytest.raises(UnreadableRoute):
        spelling_of("/login/", urlconf, match)


class Fickle(URLPattern):
    """A route that has its own mind: what it resolves, its pattern does not match."""

    def resolve(self, path):
        return super().resolve("secret/") if path == "alias/" else super().resolve(path)


def test_such_a_route_is_denied(caplog):
    urlconf = Urls(Fickle(RegexPattern("^secret/$", is_endpoint=True), other))
    with override_settings(ROOT_URLCONF=urlconf):
        with override_settings(SESSIONKIT_PROTECT=ADMIN_ONLY):
            assert browser(ADMIN).get("/secret/").status_code == 200
            assert browser(ADMIN).get("/alias/").status_code == 403
            assert browser().get("/alias/").status_code == 302
        assert browser().get("/alias/").status_code == 200
    assert "do not lead to" in caplog.text


def test_many_optional_parts_do_not_multiply_without_end():
    parts = [re_path("^a?", include([path("x/", other)]))]
    for _ in range(9):
        parts = [re_path("^a?", include(parts))]
    spelling = spelt("/" + "a" * 10 + "x/", *parts)
    assert spelling.span == "/" + "a" * 10 + "x/"
    assert len(spelling.forms) <= 16
