"""A rule applies to every form of a path that Django routes to the protected view."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.test import override_settings
from django.urls import URLPattern, URLResolver, converters, include, path, re_path, register_converter, resolve
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, ResolverMatch, RoutePattern
from support.loops import async_to_sync
from support.sessions import ADMIN, READER, abrowser, browser
from testsite import views

from django_sessionkit import can_access, use_session
from django_sessionkit.exceptions import RouteMismatch
from django_sessionkit.urlconf import spelling as routes
from django_sessionkit.urlconf.spelling import canonical_forms


class Loud:
    """A converter that accepts many texts for one value."""

    regex = "[A-Za-z]+"

    def to_python(self, value):
        return value.lower()

    def to_url(self, value):
        return value


register_converter(Loud, "loud")


def other(request, *args, **kwargs):
    return views.page(request)


class Urls:
    """A URLconf as an object, so that every test has its own."""

    def __init__(self, *patterns):
        self.urlpatterns = [*patterns, path("login/", views.page)]


def spelt(url, *patterns):
    urlconf = Urls(*patterns)
    return canonical_forms(url, urlconf, resolve(url, urlconf))


INDEX = {"/admin", "/admin/index.html"}


@pytest.mark.parametrize(
    ("route", "url", "span", "forms"),
    [
        (re_path("^admin/$", other), "/admin/", "/admin/", {"/admin/"}),
        (re_path("admin/", other), "/xx/admin/yy/", "/admin/", {"/admin/"}),
        (re_path("(?i)^admin/$", other), "/ADMIN/", "/ADMIN/", {"/ADMIN/", "/admin/"}),
        (re_path("^admin/?$", other), "/admin", "/admin", {"/admin"}),
        (re_path("^admin/?$", other), "/admin/", "/admin/", {"/admin/"}),
        (re_path("^(?:x-)?a//b/$", other), "/a//b/", "/a//b/", {"/a//b/", "/x-a//b/", "/x-a/b"}),
        (
            re_path("^a/", include([re_path("^", include([path("x/", other)])), path("c/", other)])),
            "/a/c/",
            "/a/c/",
            {"/a/c/"},
        ),
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
            {"/admin/1/", "/admin/01/", "/xadmin/1/", "/xadmin/01/"},
        ),
    ],
)
def test_how_a_chain_spells_a_path(route, url, span, forms):
    assert spelt(url, route) == (span, forms, True)


@pytest.mark.parametrize(
    ("route", "url"),
    [
        (path("plain/<str:a>/<slug:b>/<uuid:c>/<path:d>", other), "/x/"),
        (path("a/", include([path("b/", other)])), "/x/"),
        (re_path(r"^articles/(?P<pk>[^/.]+)/$", other), "/x/"),
        (i18n_patterns(path("a/", other))[0], "/x/"),
    ],
)
def test_lossless_routes_are_not_walked(route, url):
    urlconf = Urls(route)
    assert routes._regular_views(routes.get_resolver(urlconf)) == {id(one): one for one in (other, views.page)}


ADMIN_ONLY = [{"pattern": "/admin/**", "role": "admin"}]


def denied(url, *patterns, rules=ADMIN_ONLY, session=READER, **settings):
    """Return ``True`` if both handlers deny the path. The admin must get the page, which proves that it exists."""
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


@pytest.mark.parametrize(
    "url", ["/b/a/07/", "/b/a//07/", "/b//a/07/", "/b/a%5Cc/07/", "/b/a%5C/c/07/", "/b/x/../a/07/"]
)
def test_what_public_rules_open_in_every_form_is_open(url):
    route = path("b/<path:folder>/<int:pk>/", other)
    shut = {"pattern": "/**", "role": "admin"}
    public = [{"pattern": one, "public": True} for one in ("/b/*/*", "/b/**")]
    assert not denied(url, route, rules=[*public, shut])
    for pattern in ("/b/**/7", "/b/**/07"):
        assert denied(url, route, rules=[{"pattern": pattern, "role": "admin"}, *public, shut])
        narrow = {"pattern": pattern, "public": True}
        assert denied(url, route, rules=[narrow, shut])


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
    with pytest.raises(RouteMismatch, match=r"test_spelling\.other"):
        canonical_forms("/b/", urlconf, match)
    with pytest.raises(RouteMismatch):
        canonical_forms("/login/", urlconf, match)


class Fickle(URLPattern):
    """A route whose ``resolve()`` accepts a path that its pattern does not match."""

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


def test_forms_that_are_the_same_text_count_once():
    parts = [re_path("^a?", include([path("x/", other)]))]
    for _ in range(9):
        parts = [re_path("^a?", include(parts))]
    spelling = spelt("/" + "a" * 10 + "x/", *parts)
    assert spelling == ("/" + "a" * 10 + "x/", {f"/{'a' * many}x/" for many in range(11)}, True)


NINE_PARTS = "^" + "".join(f"(?:{letter}/)?" for letter in "bcdefghij") + "page/$"


@pytest.mark.parametrize("url", ["/page/", "/b/page/", "/b/c/d/e/f/g/h/i/j/page/"])
def test_more_forms_than_can_be_looked_at_are_denied_and_logged(url, caplog):
    with override_settings(ROOT_URLCONF=Urls(re_path(NINE_PARTS, other), re_path("^b?/open/$", other))):
        with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/elsewhere", "role": "admin"}]):
            assert browser(ADMIN).get(url).status_code == 403
            assert f"{__name__}.other can write this path in more than 256 ways" in caplog.text
            assert browser().get("/b/open/").status_code == 200
        assert browser().get(url).status_code == 200


def test_what_a_client_sends_does_not_multiply_forms_either():
    """Ten numbers with two forms each, and a text with forms that are too long together."""
    urlconf = Urls(path("/".join(f"<str:n{number}>" for number in range(10)), other), re_path("^(?:a/)?(b+)/$", other))
    for url in ("/" + "/".join(["07"] * 10), f"/a/{'b' * 100_000}/"):
        spelling = canonical_forms(url, urlconf, resolve(url, urlconf))
        assert spelling == ("/", frozenset(), False)
    assert spelt("/" + "/".join(["7"] * 10), *urlconf.urlpatterns).is_complete


TEAM = re_path(r"^(?:team-)?(?P<team>\w+)/", include([path("a/b/c/items/<int:pk>/", other)]))


@pytest.mark.parametrize("url", ["/team-red/a/b/c/items/07/", "/red/a/b/c/items/07/", "/red/a/b/c/items/7/"])
@pytest.mark.parametrize("pattern", ["/team-red/a/b/c/items/7/**", "/red/a/b/c/items/7"])
def test_every_combination_of_forms_is_a_variant(url, pattern):
    assert denied(url, TEAM, rules=[{"pattern": pattern, "role": "admin"}])


# Numbers

NUMBERS = [
    "07",
    "0007",
    "\u0667",
    "\u0660\u0667",
    "\uff17",
    "+7",
    "+07",
    "0_7",
    "%207",
    "7%20",
    "\u00a007",
    "0" * 60 + "7",
]
BY_TEXT = {
    "str": path("item/<str:pk>/", other),
    "path": path("item/<path:pk>/", other),
    "path of several": path("<path:where>", other),
    "named group": re_path(r"^item/(?P<pk>[^/]+)/$", other),
    "group": re_path(r"^item/([^/]+)/$", other),
    "group within a group": re_path(r"^item/((\s*[+\w]+\s*))/$", other),
    "included": path("<slug:kind>/", include([path("<pk>/", other)])),
}


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("route", BY_TEXT)
def test_a_number_that_a_view_reads_from_text(route, number):
    assert denied(f"/item/{number}/", BY_TEXT[route], rules=[{"pattern": "/item/7", "role": "admin"}])


@pytest.mark.parametrize(
    ("url", "pattern", "route"),
    [
        ("/item/1_0/", "/item/10", path("item/<slug:pk>/", other)),
        ("/item/1_0/", "/item/10/**", re_path(r"^item/(?P<pk>\w+)/$", other)),
        ("/item/-07/", "/item/-7", path("item/<str:pk>/", other)),
        ("/item/-0/", "/item/0", path("item/<slug:pk>/", other)),
        ("/item/000/", "/item/0", path("item/<slug:pk>/", other)),
        ("/a-07/", "/a-7", path("a-<slug:pk>/", other)),
        ("/a/07/b/08/", "/a/7/b/08", path("a/<str:x>/b/<str:y>/", other)),
        ("/a/07/b/08/", "/a/7/b/8", path("a/<str:x>/b/<str:y>/", other)),
        ("/a/07/b/08/", "/a/07/b/8", path("a/<path:x>/b/<str:y>/", other)),
        ("/07-07/", "/07-7", re_path("^(0[0-9])-(0[0-9])/$", other)),
        ("/07/2007/", "/7/2007", path("<str:x>/<str:y>/", other)),
        ("/de/07/", "/de/7", path("<slug:language>/<slug:pk>/", other)),
    ],
)
def test_numbers_in_other_places(url, pattern, route):
    assert denied(url, route, rules=[{"pattern": pattern, "role": "admin"}])


@pytest.mark.parametrize(
    "url", ["/item/07x/", "/item/7_/", "/item/_7/", "/item/1__0/", "/item/+/", "/item/-7/", "/item/07.5/"]
)
@pytest.mark.parametrize("route", [BY_TEXT["str"], BY_TEXT["named group"]])
def test_what_is_no_number_stays_open(url, route):
    rules = [{"pattern": f"/item/{number}", "role": "admin"} for number in (7, 10)]
    assert not denied(url, route, rules=rules)


def test_an_ordinary_path_of_plain_converters_is_not_walked(monkeypatch):
    monkeypatch.setattr(routes, "canonical_forms", None)
    for url in ("/item/7/", "/item/seven/", "/item/2024-01-05/", "/item/a07/"):
        assert not denied(url, BY_TEXT["str"], rules=[{"pattern": "/item/8", "role": "admin"}])


# Optional parts

CREW = {"/crewsettings/", "/crew/settings/"}


@pytest.mark.parametrize(
    "optional", ["/?", "/??", "/*", "/*?", "/{0,1}", "/{,1}", "(?:/)?", "(/)?", "(?P<x>/)?", "(/?)", "(?:/|)", "(?:|/)"]
)
def test_an_optional_character_is_absent_and_present(optional):
    route = re_path("^crew", include([re_path(f"^{optional}settings/$", other)]))
    for url in sorted(CREW):
        assert spelt(url, route).forms >= CREW
        for pattern in sorted(CREW):
            assert denied(url, route, rules=[{"pattern": pattern, "role": "admin"}])


@pytest.mark.parametrize(
    ("expression", "url", "patterns"),
    [
        ("^crew[/-]?settings/$", "/crew-settings/", ["/crewsettings", "/crew/settings", "/crew-settings"]),
        ("^crew[/-]?settings/$", "/crewsettings/", ["/crew/settings", "/crew-settings"]),
        (r"^crew\W?settings/$", "/crew-settings/", ["/crewsettings", "/crew/settings"]),
        (r"^crew\W*settings/$", "/crew---settings/", ["/crewsettings", "/crew/settings"]),
        (r"^crew[^/]?settings/$", "/crew-settings/", ["/crewsettings"]),
        ("^crew.?settings/$", "/crewsettings/", ["/crew/settings"]),
        (r"^crew\w*settings/$", "/crewXsettings/", ["/crewsettings"]),
        ("^crew-+settings/$", "/crew--settings/", ["/crew-settings"]),
        ("^crew(?:-|/)+settings/$", "/crew--settings/", ["/crew-settings", "/crew/settings"]),
        ("^(?:my/)?crew(?:/our)?/settings/$", "/crew/settings/", ["/my/crew/our/settings", "/crew/our/settings"]),
        ("^(?:my/)?crew(?:/our)?/settings/$", "/my/crew/our/settings/", ["/crew/settings", "/my/crew/settings"]),
        (r"^report(?:\.(?:json|csv))?$", "/report", ["/report.json", "/report.csv"]),
        (r"^report(?:\.(?:json|csv))?$", "/report.csv", ["/report", "/report.json"]),
        ("^(?:crew/?|team/?)settings/$", "/crewsettings/", ["/crew/settings"]),
        ("^(?:crew/?|team/?)settings/$", "/team/settings/", ["/teamsettings"]),
        (r"^(?:en|de)/report(?:\.json)?$", "/de/report.json", ["/de/report", "/*/report"]),
        (r"^[a-z]{2}/report(?:\.json)?$", "/de/report.json", ["/de/report"]),
        (r"^(?P<x>\w+)(?:/(?P<y>\w+))?/report/$", "/a/b/report/", ["/a/report"]),
        (r"^(?P<x>\w+)(?:/(?P<y>\w+))?/report/?$", "/a/07/report", ["/a/report", "/a/7/report"]),
        (r"^(?P<x>\w)-?(?P=x)/report/$", "/a-a/report/", ["/aa/report"]),
        (r"(?x) ^crew /? settings/$", "/crewsettings/", ["/crew/settings"]),
        (r"(?i)^CREW/?settings/$", "/crewSETTINGS/", ["/crew/settings"]),
        (r"^crew(?i:/?set)tings/$", "/crewSETtings/", ["/crew/settings"]),
        (r"^(?:a/){0,2}page/$", "/page/", ["/a/page", "/a/a/page"]),
        (r"^(?:a/|b/){0,2}page/$", "/page/", ["/a/b/page", "/b/b/page"]),
        (r"^(?:a/){1,2}page/$", "/a/page/", ["/a/a/page"]),
        (r"^(?:a/){2,3}page/$", "/a/a/a/page/", ["/a/a/page"]),
        (r"^crew-{0,3}x/$", "/crewx/", ["/crew---x"]),
        (r"^report(?P<suffix>\.json|)$", "/report.json", ["/report"]),
        (r"^report(?P<suffix>(?:\.json)?)$", "/report", ["/report.json"]),
        (r"^report(\.json|\.csv|)/?$", "/report", ["/report.csv", "/report.json"]),
        (r"^crew(.)?settings/$", "/crewsettings/", ["/crew/settings"]),
        (r"^crew(.?)settings/$", "/crew-settings/", ["/crew/settings", "/crewsettings"]),
        (r"^crew(\W*)settings/$", "/crew--settings/", ["/crew/settings", "/crewsettings"]),
        (r"^crew[.-/]?settings/$", "/crew/settings/", ["/crew.settings", "/crewsettings"]),
        (r"^crew[a-c]?/$", "/crew/", ["/crewb"]),
        (r"^(?:crew/?our/|x*)settings/$", "/crewour/settings/", ["/crew/our/settings", "/settings"]),
        (r"^crew(?=/?settings)/?settings/$", "/crewsettings/", ["/crew/settings"]),
        (r"^(?:x-)?media/(?P<name>.+)$", "/x-media//private/r", ["/media/private/**"]),
        (r"^(?:x-)?media/(?P<name>.+)$", "/x-media/../private/r", ["/media/private/**"]),
    ],
)
def test_optional_parts_in_all_their_combinations(expression, url, patterns):
    for pattern in patterns:
        assert denied(url, re_path(expression, other), rules=[{"pattern": pattern, "role": "admin"}]), pattern


SETTINGS = [path("settings/", other)]


@pytest.mark.parametrize(
    "route",
    [
        re_path("^crew/?(?=settings)", include(SETTINGS)),
        re_path("^crew(?:/|(?=s))", include(SETTINGS)),
        re_path("^crew/?(?!x)", include(SETTINGS)),
        re_path("^crew/?(?=.{9}$)", include(SETTINGS)),
    ],
)
def test_an_optional_part_before_what_an_expression_looks_ahead_to(route):
    for url in sorted(CREW):
        for pattern in sorted(CREW):
            assert denied(url, route, rules=[{"pattern": pattern, "role": "admin"}])


def test_a_long_rest_is_not_looked_at_again():
    """Matching it for each form takes quadratic time. Without that, more forms count, not fewer."""
    route = re_path("^crew/?(?=settings)", include([re_path("^settings/(?P<rest>.*)$", other)]))
    rest = "x" * 3000
    assert denied(f"/crewsettings/{rest}/", route, rules=[{"pattern": "/crew/settings/**", "role": "admin"}])


@pytest.mark.parametrize(
    ("expression", "url", "pattern"),
    [
        (r"^a(?P<name>\w*)/$", "/abc/", "/a"),
        (r"^a/(?P<name>(?:x|y|)+.*)$", "/a/xb", "/a"),
        ("^.*$", "/anything/", "/"),
        ("^wiki/.*$", "/wiki/page", "/wiki"),
        ("^wiki/[^/]*/?$", "/wiki/page/", "/wiki"),
        (r"^((?:[\w-]+/)*)$", "/wiki/page/", "/"),
        (r"^(?P<path>(?:[\w-]+/)*)$", "/wiki/page/", "/wiki"),
        ("^(?P<rest>.*)$", "/wiki/page/", "/"),
        (r"^(?P<name>[a-z]+(?:\.txt)?)$", "/a.txt", "/a"),
        ("^(?:a|b)/$", "/b/", "/a"),
        (r"^a/(?:p(?P<page>\d+)/)?$", "/a/", "/a/p1"),
    ],
)
def test_what_a_page_is_about_is_no_optional_part(expression, url, pattern):
    assert not denied(url, re_path(expression, other), rules=[{"pattern": pattern, "role": "admin"}])


@pytest.mark.parametrize(
    ("route", "url", "pattern"),
    [
        (path("item/<int:pk>/", other), "/item/07/", "/mount/item/7"),
        (path("item/<str:pk>/", other), "/item/07/", "/mount/item/7"),
        (re_path("admin/", other), "/xx/admin/", "/mount/admin/**"),
        (re_path("^crew/?settings/$", other), "/crewsettings/", "/mount/crew/settings"),
        (path("<path:where>", other), "/x/../item/07", "/mount/item/7"),
    ],
)
def test_a_rule_that_names_the_mount_prefix_is_about_every_form(route, url, pattern):
    rules = [{"pattern": pattern, "role": "admin"}]
    with override_settings(ROOT_URLCONF=Urls(route), SESSIONKIT_PROTECT=rules):
        assert browser(ADMIN).get(url, SCRIPT_NAME="/mount").status_code == 200
        assert browser(READER).get(url, SCRIPT_NAME="/mount").status_code == 403
        assert browser(READER).get(url, SCRIPT_NAME="/elsewhere").status_code == 200
        assert browser(READER).get("/login/", SCRIPT_NAME="/mount").status_code == 200


def test_a_rule_that_names_the_mount_prefix_is_about_every_language():
    middleware = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django_sessionkit.middleware.SessionKitMiddleware",
    ]
    rules = [{"pattern": "/mount/admin/**", "role": "admin"}]
    urlconf = type("urls", (), {"urlpatterns": i18n_patterns(path("admin/", other))})
    with override_settings(ROOT_URLCONF=urlconf, SESSIONKIT_PROTECT=rules, MIDDLEWARE=middleware):
        assert browser(ADMIN).get("/de/admin/", SCRIPT_NAME="/mount").status_code == 200
        assert browser(READER).get("/de/admin/", SCRIPT_NAME="/mount").status_code == 403
        assert browser(READER).get("/de/admin/", SCRIPT_NAME="/elsewhere").status_code == 200


# Custom pattern classes


class Backstage(RoutePattern):
    """A route with a second name."""

    def match(self, path):
        return super().match(path.replace("backstage/", "admin/"))


class Lowered(RegexPattern):
    def match(self, path):
        return super().match(path.replace("ADMINS", "admin"))


class Underscored(RegexPattern):
    def match(self, path):
        return super().match(path.replace("_", "/"))


class AnyPrefix:
    """A custom pattern class that ignores the beginning of the path."""

    converters, name = {}, None

    def match(self, path):
        _, slash, rest = path.partition("/")
        return (rest, (), {}) if slash else None

    def __str__(self):
        return ""


class Mounted(LocalePrefixPattern):
    @property
    def language_prefix(self):
        return "x/"

    def match(self, path):
        return (path[2:].replace("y/", ""), (), {}) if path.startswith("x/") else None


class Shouted(converters.StringConverter):
    def to_python(self, value):
        return value.lower()


register_converter(Shouted, "shouted")


@pytest.mark.parametrize(
    ("url", "route"),
    [
        ("/backstage/users/", URLPattern(Backstage("admin/users/", is_endpoint=True), other)),
        ("/backstage/7/", URLPattern(Backstage("admin/<int:pk>/", is_endpoint=True), other)),
        ("/backstage/users/", URLResolver(Backstage("admin/"), [path("users/", other)])),
        ("/admin_users/", URLPattern(Underscored("^admin/users/$", is_endpoint=True), other)),
        ("/admin_07/", URLPattern(Underscored(r"^admin/(?P<pk>\d+)/$", is_endpoint=True), other)),
        ("/admin_07/", URLPattern(Underscored(r"^admin/(\d+)/$", is_endpoint=True), other)),
        ("/x/admin/users/", URLResolver(AnyPrefix(), [path("admin/users/", other)])),
        ("/x/admin/07/", URLResolver(AnyPrefix(), [path("admin/<str:pk>/", other)])),
        ("/x/y/admin/", URLResolver(Mounted(), [path("admin/", other)])),
        ("/admin/SECRET/", path("admin/<shouted:name>/", other)),
    ],
)
def test_a_subclass_is_not_trusted_to_match_what_it_spells(url, route):
    rules = [{"pattern": one, "role": "admin"} for one in ("/admin/**", "/x/admin/**", "/x/y/admin")]
    urlconf = Urls(route)
    assert routes.has_other_spellings(urlconf, resolve(url, urlconf))
    assert denied(url, route, rules=rules)


@pytest.mark.parametrize(
    ("route", "url"),
    [
        (URLPattern(Lowered("^admin(?:/x|/y)/$", is_endpoint=True), other), "/ADMINS/x/"),
        (URLPattern(Lowered("^admin/%(?:(x)|(y))?/$", is_endpoint=True), other), "/ADMINS/%25x/"),
        (URLPattern(Lowered("^admin/%x/$", is_endpoint=True), other), "/ADMINS/%25x/"),
        (URLPattern(AnyPrefix(), other), "/a/"),
    ],
)
def test_where_a_pattern_class_cannot_be_read_the_spans_decide(route, url):
    with override_settings(ROOT_URLCONF=Urls(route)):
        for pattern, expected in (("/elsewhere", 200), ("/**", 403)):
            with override_settings(SESSIONKIT_PROTECT=[{"pattern": pattern, "role": "admin"}]):
                assert browser(READER).get(url).status_code == expected


class Words:
    """A custom pattern class that passes the match to the view."""

    converters, name = {}, None

    def match(self, path):
        kind, _, number = path.partition(":")
        return ("", (), {"kind": kind, "number": number, "size": len(path)}) if number else None

    def __str__(self):
        return "<kind>:<number>"


@pytest.mark.parametrize("pattern", ["/item:7", "/**"])
def test_what_a_pattern_class_has_found_is_read_as_numbers_too(pattern):
    assert denied("/item:07", URLPattern(Words(), other), rules=[{"pattern": pattern, "role": "admin"}])
    assert not denied("/item:07", URLPattern(Words(), other), rules=[{"pattern": "/item:8", "role": "admin"}])


class Door:
    """An object that Django accepts in a URLconf, without one of its classes."""

    pattern = RoutePattern("door/")

    def resolve(self, url):
        return path("door/", other).resolve(url)


def test_a_door_of_its_own_kind_cannot_be_walked_through(caplog):
    with override_settings(ROOT_URLCONF=Urls(Door(), path("item/<int:pk>/", other))):
        assert browser().get("/door/").status_code == 200
        with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/item/7", "role": "admin"}]):
            assert browser(READER).get("/item/07/").status_code == 403
            assert browser(READER).get("/item/8/").status_code == 200
            assert browser(READER).get("/door/").status_code == 403
    assert re.search(r"do not lead to [\w.]+\.other when they are matched again\. The request is denied", caplog.text)


def test_the_objects_of_another_urlconf_do_not_count():
    """Only the URLconf of the request decides whether Django's ``route`` is reliable, and not ``ROOT_URLCONF``."""
    urlconf = Urls(Door(), AnyCase(RoutePattern("admin/"), INSIDE))
    with pytest.raises(RouteMismatch):
        canonical_forms("/ADMIN/item/7/", urlconf, resolve("/ADMIN/item/7/", urlconf))


class Alias(URLPattern):
    def resolve(self, path):
        return super().resolve("secret/07/") if path == "alias/" else super().resolve(path)


class AnyCase(URLResolver):
    """A resolver that ignores case."""

    def resolve(self, path):
        return super().resolve(path.lower())


class Tenants(URLResolver):
    """A resolver that treats the first segment as a tenant."""

    def resolve(self, path):
        return super().resolve(path.partition("/")[2])


class Made(URLPattern):
    """A resolver whose match has no route."""

    def resolve(self, path):
        return ResolverMatch(other, (), {}, route=None, extra_kwargs={}) if path == "made/" else None


INSIDE = [path("item/<int:pk>/", other), path("note/<str:name>/", other)]


@pytest.mark.parametrize(
    ("route", "url", "patterns"),
    [
        (Alias(RoutePattern("secret/<slug:pk>/", is_endpoint=True), other), "/alias/", ["/secret/7", "/alias"]),
        (AnyCase(RoutePattern("admin/"), INSIDE), "/ADMIN/item/07/", ["/admin/item/7", "/admin/**"]),
        (AnyCase(RoutePattern("admin/"), INSIDE), "/admin/NOTE/%2B7/", ["/admin/note/7", "/admin/*/+7"]),
        (Tenants(RoutePattern(""), [path("", other)]), "/acme/", ["/", "/acme"]),
        (Tenants(RoutePattern("admin/"), INSIDE), "/acme/admin/item/07/", ["/admin/item/7", "/acme/**"]),
    ],
)
def test_a_resolver_of_the_project_is_read_by_the_path_and_by_what_django_says(route, url, patterns):
    for pattern in patterns:
        assert denied(url, route, rules=[{"pattern": pattern, "role": "admin"}]), pattern
    assert not denied(url, route, rules=[{"pattern": "/elsewhere/**", "role": "admin"}])
    assert not denied(url, route, rules=[], SESSIONKIT_GLOBAL_PROTECT=True)


NINE_NUMBERS = "".join(f"/<str:n{number}>" for number in range(9))


@pytest.mark.parametrize(
    ("route", "url"),
    [
        (Made(RoutePattern("made/", is_endpoint=True), views.page), "/made/"),
        (AnyCase(RegexPattern("^admin/"), INSIDE), "/ADMIN/item/7/"),
        (AnyCase(RoutePattern("a"), [path(NINE_NUMBERS, other)]), "/A" + "/07" * 9),
    ],
)
def test_what_django_does_not_say_is_denied(route, url, caplog):
    with override_settings(ROOT_URLCONF=Urls(route)):
        assert browser().get(url).status_code == 200
        with override_settings(SESSIONKIT_PROTECT=ADMIN_ONLY):
            assert browser(ADMIN).get(url).status_code == 403
    assert "when they are matched again" in caplog.text


# Unusual things that Django accepts


class OneWay:
    """A converter without a working ``to_url()``."""

    regex = "[a-z]+"

    def to_python(self, value):
        return value


class Raising(OneWay):
    def to_url(self, value):
        raise RuntimeError("no way back")


register_converter(OneWay, "oneway")
register_converter(Raising, "raising")


@dataclass
class Unhashable:
    """A view that is an instance with ``__eq__``, and so is unhashable."""

    name: str

    def __call__(self, request, *args, **kwargs):
        return views.page(request)


@pytest.mark.parametrize(
    "route",
    [
        path("item/<oneway:x>/", other),
        path("item/<raising:x>/", other),
        path("item/<slug:x>/", Unhashable("a")),
        re_path("^item/?(?P<x>[a-z]+)/?$", Unhashable("b")),
    ],
)
def test_what_django_serves_is_served(route):
    assert denied("/item/x/", route, rules=[{"pattern": "/item/x", "role": "admin"}])
    assert not denied("/item/x/", route, rules=[{"pattern": "/item/y", "role": "admin"}])
    assert not denied("/item/x/", route, rules=[], SESSIONKIT_GLOBAL_PROTECT=True)


def itself(prefix, *patterns):
    """Return a URLconf that includes itself below ``prefix``."""
    urls = Urls(*patterns)
    urls.urlpatterns.append(prefix(urls))
    return urls


BELOW = {
    "plain": lambda urls: path("sub/", include(urls)),
    "regular expression": lambda urls: re_path("^sub/?", include(urls)),
}


@pytest.mark.parametrize("prefix", BELOW)
def test_a_urlconf_that_includes_itself(prefix):
    urlconf = itself(BELOW[prefix], path("item/<int:pk>/", other), path("open/", other))
    for url, pattern in [
        ("/item/07/", "/item/7"),
        ("/sub/sub/item/07/", "/sub/sub/item/7"),
        ("/sub/open/", "/sub/open"),
    ]:
        with override_settings(ROOT_URLCONF=urlconf, SESSIONKIT_PROTECT=[{"pattern": pattern, "role": "admin"}]):
            assert browser(ADMIN).get(url).status_code == 200
            assert browser(READER).get(url).status_code == 403
            assert browser(READER).get("/sub/sub/sub/open/").status_code == 200


def test_a_view_behind_a_urlconf_that_includes_itself_has_other_spellings():
    """What is seen a second time does not end the search: the view is also below an expression, which was not seen."""
    urlconf = Urls(path("x/page/", other), re_path("^y?x/", include([path("page/", other)])))
    urlconf.urlpatterns.append(path("sub/", include(urlconf)))
    with override_settings(ROOT_URLCONF=urlconf, SESSIONKIT_PROTECT=[{"pattern": "/x/page", "role": "admin"}]):
        assert browser(ADMIN).get("/yx/page/").status_code == 200
        assert browser(READER).get("/yx/page/").status_code == 403


def test_a_chain_as_deep_as_django_can_follow_it():
    urlconf = itself(BELOW["plain"], path("open/", other))
    with override_settings(ROOT_URLCONF=urlconf, SESSIONKIT_PROTECT=[{"pattern": "/**/item/*", "role": "admin"}]):
        assert browser().get("/" + "sub/" * 400 + "open/").status_code == 200
        assert canonical_forms("/" + "sub/" * 5000 + "open/", urlconf, resolve("/open/", urlconf)).is_complete
