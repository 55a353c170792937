"""The URLconf of the request, set by a middleware, and the login page with a language prefix."""

from __future__ import annotations

import logging

import pytest
from django.conf import global_settings
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.template import Context, Engine
from django.test import override_settings
from django.test.utils import override_script_prefix
from django.urls import get_urlconf, path, re_path, reverse, reverse_lazy, set_urlconf
from django.utils import translation
from django.utils.functional import lazystr
from django.views import View
from support.examples import IS_THOROUGH
from support.loops import async_to_sync
from support.sessions import HTML, READER, abrowser, browser
from testsite import views

from django_sessionkit import can_access, enforce, explain
from django_sessionkit.conf.urlconf import is_translated_from, uses_language_prefix
from django_sessionkit.decorators import require_authenticated, require_role
from django_sessionkit.guard.redirects import is_login_page, resolve_redirect
from django_sessionkit.matrix import policy_matrix
from django_sessionkit.matrix.principals import parse_principal
from django_sessionkit.mixins import RequireRoleMixin
from django_sessionkit.requirements import Role

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
LOCALE = "django.middleware.locale.LocaleMiddleware"
OURS = "django_sessionkit.middleware.SessionKitMiddleware"

PAGE = Engine(libraries={"sessionkit": "django_sessionkit.templatetags.sessionkit"}).from_string(
    "{% load sessionkit %}{% url 'area' %} {% if_can_access 'tenant-open' %}open{% endif_can_access %}"
)


class Urls:
    def __init__(self, *patterns, **handlers):
        self.urlpatterns = [*patterns]
        vars(self).update(handlers)


class Mixed(RequireRoleMixin, View):
    required_roles = ["admin"]
    redirect_to = "upgrade"

    def get(self, request):
        return HttpResponse("mixed")


def denied_page(request, exception):
    return HttpResponse(f"tenant {PAGE.render(Context({'request': request}))}", status=403)


def enforcing(request):
    enforce(Role("admin"))


def told(request):
    found = explain("/area/"), explain(request), explain("/t-login/")
    return HttpResponse(
        f"{can_access('tenant-open')} {can_access('area')} {can_access('/t-login/')} {can_access('/login/')} "
        f"{found[0].answer.location} {found[1].view_name} {found[2].is_login_page}"
    )


def knows_names(session):
    return reverse("area") == "/area/" and session is not None


TENANT = Urls(
    path("area/", views.page, name="area"),
    path("named/", views.page, name="named"),
    path("told/", told, name="told"),
    path("tenant-open/", views.page, name="tenant-open"),
    path("t-login/", views.page, name="login"),
    path("t-upgrade/", views.page, name="upgrade"),
    path("login/", views.page, name="other-page"),
    path("decorated/", require_authenticated(views.page)),
    path("mixed/", Mixed.as_view()),
    path("enforcing/", enforcing),
    path("lazy/", require_authenticated(login_url=reverse_lazy("login"))(views.page)),
    path("role/", require_role("admin", redirect_to="upgrade")(views.page)),
    handler403=denied_page,
)
ROOT = Urls(path("login/", views.page, name="login"), path("upgrade/", views.page, name="upgrade"))


def tenant(get_response):
    def middleware(request):
        request.urlconf = TENANT
        return get_response(request)

    return middleware


def nothing_set(get_response):
    def middleware(request):
        request.urlconf = None
        return get_response(request)

    return middleware


OUTSIDE = [SESSIONS, COMMON, f"{__name__}.tenant", OURS]
INSIDE = [SESSIONS, COMMON, OURS, f"{__name__}.tenant"]


def on(middleware, *rules, **settings):
    given = {"SESSIONKIT_LOGIN_URL": "login", "ROOT_URLCONF": ROOT, **settings}
    return override_settings(MIDDLEWARE=middleware, SESSIONKIT_PROTECT=list(rules), **given)


def get(url, session=None, *, kind="sync", headers=None):
    if kind == "sync":
        return browser(session).get(url, headers=headers or HTML)
    return async_to_sync(abrowser(session).get)(url, headers=headers or HTML)


def journey(url, session=None, *, kind="sync", mount="", **extra):
    """Return the pages of a chain of redirects, and the status of the last. An endless chain is cut off."""
    client, found = (browser if kind == "sync" else abrowser)(session), []
    for _ in range(8):
        found.append(url.partition("?")[0])
        asked = client.get if kind == "sync" else async_to_sync(client.get)
        response = asked(url, **extra)
        if "Location" not in response:
            return found, response.status_code
        url = response["Location"].removeprefix(mount)
    return found, "endless"


BOTH = pytest.mark.parametrize("kind", ["sync", "async"])
ADMIN_AREA = {"pattern": "/area/**", "role": "admin", "redirect_to": "upgrade"}


@BOTH
@pytest.mark.parametrize(
    "rule", [ADMIN_AREA, {"view": "area", "role": "admin", "redirect_to": "upgrade"}, {**ADMIN_AREA, "pattern": "/**"}]
)
def test_names_are_those_of_the_urlconf_of_the_request(kind, rule):
    with on(OUTSIDE, rule):
        assert get("/area/", kind=kind)["Location"] == "/t-login/?next=/area/"
        assert get("/area/", kind=kind, headers={**HTML, "hx-request": "true"})["HX-Redirect"] == "/t-login/"
        assert get("/area/", READER, kind=kind)["Location"] == "/t-upgrade/"
        assert journey("/area/", kind=kind) == (["/area/", "/t-login/"], 200)
    assert get_urlconf() is None


@pytest.mark.parametrize("login", [reverse_lazy("login"), "login"])
def test_a_lazy_login_page_too(login):
    with on(OUTSIDE, {"pattern": "/area/**", "role": "admin", "login_url": login}, SESSIONKIT_LOGIN_URL="/nowhere/"):
        assert get("/area/")["Location"] == "/t-login/?next=/area/"


@BOTH
@pytest.mark.parametrize("middleware", [OUTSIDE, INSIDE])
@pytest.mark.parametrize("url", ["/decorated/", "/lazy/", "/mixed/", "/enforcing/", "/role/"])
def test_so_it_is_for_what_a_view_asks(kind, middleware, url):
    with on(middleware):
        assert get(url, kind=kind)["Location"] == f"/t-login/?next={url}"
        assert get("/mixed/", READER, kind=kind)["Location"] == "/t-upgrade/"


@BOTH
@pytest.mark.parametrize("rule", [{"pattern": "/area/**", "role": "admin"}, {"view": "area", "role": "admin"}])
def test_the_error_page_is_that_of_the_urlconf_and_finds_its_names(kind, rule):
    with on(OUTSIDE, rule):
        response = get("/area/", READER, kind=kind)
    assert (response.status_code, response.content) == (403, b"tenant /area/ open")


def out_of_reach(request):
    raise OSError


@BOTH
def test_so_does_the_page_for_a_session_that_cannot_be_looked_up(kind, tmp_path):
    (tmp_path / "503.html").write_text("out of order, see {% url 'area' %}")
    engine = {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [tmp_path]}
    with on(OUTSIDE, {"pattern": "/area/**", "role": "admin"}, SESSIONKIT_SOURCE=out_of_reach, TEMPLATES=[engine]):
        response = get("/area/", kind=kind)
    assert (response.status_code, response.content) == (503, b"out of order, see /area/")


@BOTH
def test_a_page_of_the_root_urlconf_is_no_login_page_of_another(kind):
    with on(OUTSIDE, {"pattern": "/**", "role": "admin"}):
        assert get("/t-login/", kind=kind).status_code == 200
        assert get("/login/", kind=kind)["Location"] == "/t-login/?next=/login/"


@BOTH
@pytest.mark.parametrize("middleware", [OUTSIDE, INSIDE])
def test_the_view_is_told_the_same(kind, middleware):
    with on(middleware, ADMIN_AREA, {"view": "other-page", "role": "admin"}, {"view": "login", "role": "admin"}):
        assert get("/told/", kind=kind).content == b"True False True False /t-login/?next=/area/ told True"


def test_a_predicate_that_is_asked_on_entry_finds_the_names():
    with on(OUTSIDE, {"pattern": "/area/**", "allow": knows_names}):
        assert get("/area/", READER).status_code == 200
    with on([SESSIONS, OURS], {"pattern": "/area/**", "allow": knows_names}, ROOT_URLCONF=TENANT):
        assert get("/area/", READER).status_code == 200


@BOTH
@pytest.mark.parametrize("rule", [{"view": "*", "role": "admin"}, {"pattern": "/**", "role": "admin"}])
def test_a_urlconf_that_is_set_further_in_makes_no_circle(kind, rule):
    with on(INSIDE, rule):
        for url in ("/area/", "/t-login/", "/login/", "/nowhere/"):
            assert journey(url, kind=kind)[1] in (200, 403, 404), url
        assert get("/area/", READER, kind=kind).status_code == 403
    with on(INSIDE, {"view": "*", "role": "admin"}):
        assert journey("/area/", kind=kind) == (["/area/", "/t-login/"], 200)


def test_a_program_is_told_that_a_session_is_missing_all_the_same():
    with on(INSIDE, {"pattern": "/**", "role": "admin"}):
        assert get("/login/", headers={"accept": "application/json"}).status_code == 401
        response = get("/login/", headers={**HTML, "hx-request": "true"})
        assert (response.status_code, response.has_header("HX-Redirect")) == (401, False)


def test_none_stands_for_the_root_urlconf():
    with on([SESSIONS, COMMON, f"{__name__}.nothing_set", OURS], {"pattern": "/**", "role": "admin"}):
        assert journey("/upgrade/") == (["/upgrade/", "/login/"], 200)


def test_a_name_that_only_one_urlconf_has_is_an_error_where_somebody_is_to_be_sent_there(caplog):
    rules = [{"pattern": "/area/**", "role": "admin"}, {"pattern": "/x", "role": "admin", "login_url": "tenant-open"}]
    with on(OUTSIDE, *rules):
        assert get("/area/")["Location"] == "/t-login/?next=/area/"
    with on([SESSIONS, OURS], *rules):
        assert get("/area/")["Location"] == "/login/?next=/area/"
        assert "cannot be reversed" not in caplog.text
        assert get("/x").status_code == 403
        assert 'the URL name "tenant-open" cannot be reversed (NoReverseMatch)' in caplog.text


def test_a_lazy_url_that_cannot_be_had_is_no_server_error(caplog):
    with on([SESSIONS, OURS], {"pattern": "/x", "role": "admin", "login_url": reverse_lazy("no-such-name")}):
        assert get("/x").status_code == 403
    assert "a lazy URL cannot be reversed (NoReverseMatch)" in caplog.text


def test_the_urlconf_of_before_is_in_force_again():
    with on([SESSIONS, OURS]):
        set_urlconf(ROOT)
        try:
            assert resolve_redirect("area", TENANT) == "/area/"
            assert resolve_redirect("upgrade") == "/upgrade/"
            assert get_urlconf() is ROOT
        finally:
            set_urlconf(None)


# --- no custom URLconf -----------------------------------------------------------------------------------------------


def answering(get_response):
    return lambda request: HttpResponse("from a middleware")


@BOTH
@pytest.mark.parametrize("root", [None, "no.such.module"])
def test_a_site_whose_middleware_answers_needs_no_root_urlconf(kind, root):
    with on([SESSIONS, OURS, f"{__name__}.answering"], ROOT_URLCONF=root):
        assert get("/area/", kind=kind).content == b"from a middleware"
    rule = {"pattern": "/area/**", "role": "admin"}
    with on([SESSIONS, OURS, f"{__name__}.answering"], rule, ROOT_URLCONF=root, SESSIONKIT_LOGIN_URL="/login/"):
        assert get("/open/", kind=kind).content == b"from a middleware"
        assert get("/login/", kind=kind).content == b"from a middleware"
        for url in ("/area/", "/AREA/", "/en-us/area/"):
            assert get(url, kind=kind)["Location"].startswith("/login/?next="), url


@BOTH
def test_what_is_hidden_there_is_not_found(kind):
    rule = {"pattern": "/area/**", "role": "admin", "on_deny": "not_found"}
    with on([SESSIONS, OURS, f"{__name__}.answering"], rule, ROOT_URLCONF=None):
        assert get("/area/", kind=kind).status_code == 404


@BOTH
@pytest.mark.parametrize("middleware", [OUTSIDE, INSIDE])
def test_nor_does_one_whose_middleware_sets_it(kind, middleware):
    with on(middleware, ROOT_URLCONF=None):
        assert get("/area/", kind=kind).content == b"page"
    with on(middleware, {"view": "area", "role": "admin"}, ROOT_URLCONF=None):
        assert get("/area/", kind=kind)["Location"] == "/t-login/?next=/area/"
        assert get("/named/", kind=kind).content == b"page"


def test_a_urlconf_that_cannot_be_read_may_have_languages():
    with override_settings(ROOT_URLCONF=None):
        assert uses_language_prefix(None)
        assert not uses_language_prefix(TENANT)
        assert not is_translated_from("/en/login/", "/login/", None)
        assert is_translated_from("/en/login/", "/login/", PREFIXED)


# --- languages -------------------------------------------------------------------------------------------------------


def login(request, **kwargs):
    return HttpResponse("login")


def secret(request, **kwargs):
    return HttpResponse("secret")


login.login_required = False

PAGES = [
    path("login/", login, name="login"),
    path("login/help/", secret),
    path("admin/", secret, name="admin"),
    path("de/login/", secret),
]
PREFIXED = Urls(*i18n_patterns(*PAGES))
UNPREFIXED = Urls(*i18n_patterns(*PAGES, prefix_default_language=False))
CHAINS = {
    "languages outside": [SESSIONS, LOCALE, COMMON, OURS],
    "languages inside": [SESSIONS, OURS, LOCALE, COMMON],
    "languages inside, slashes outside": [SESSIONS, COMMON, OURS, LOCALE],
}
POLICIES = {
    "a rule": {"SESSIONKIT_PROTECT": [{"pattern": "/**", "role": "admin"}]},
    "a rule for views": {"SESSIONKIT_PROTECT": [{"view": "*", "role": "admin"}, {"pattern": "/**", "role": "admin"}]},
    "the default": {"SESSIONKIT_GLOBAL_PROTECT": True},
}
LOGIN_URLS = ["/login/", "/login", "login", "/login/?sso=1", "/de/login/"]
LANGUAGES = [("en", "English"), ("de", "German"), ("pt-br", "Portuguese")]


def site(urls, chain="languages outside", policy="a rule", **settings):
    given = {"LANGUAGES": LANGUAGES, "LANGUAGE_CODE": "en", "LOGIN_URL": "/login/", "MIDDLEWARE": CHAINS[chain]}
    return override_settings(ROOT_URLCONF=urls, **{**given, **POLICIES[policy], **settings})


@pytest.fixture(autouse=True)
def language_of_before():
    with translation.override(None):
        yield


@BOTH
@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("login_url", LOGIN_URLS if IS_THOROUGH else LOGIN_URLS[::2])
@pytest.mark.parametrize("urls", [PREFIXED, UNPREFIXED], ids=["prefixed", "unprefixed"])
def test_an_anonymous_caller_arrives_at_the_login_page(kind, chain, policy, login_url, urls):
    with site(urls, chain, policy, LOGIN_URL=login_url):
        for language in ("en", "de", "pt-br"):
            headers = {**HTML, "accept-language": language}
            for start in (f"/{language}/admin/", "/de/admin/"):
                pages, status = journey(start, kind=kind, headers=headers)
                known = urls is UNPREFIXED and start == "/en/admin/"  # the default language has no prefix: no such page
                assert status == 200 or known, (pages, status)
                assert known or pages[-1].endswith("/login/")


@pytest.mark.parametrize("urls", [PREFIXED, UNPREFIXED], ids=["prefixed", "unprefixed"])
def test_with_the_languages_that_django_brings(urls):
    brought = {"LANGUAGES": global_settings.LANGUAGES, "LANGUAGE_CODE": "en-us"}
    with site(urls, **brought):
        for language in ("en-us", "en", "de", "zh-hant-tw", "xx"):
            headers = {**HTML, "accept-language": language}
            assert journey("/de/admin/", headers=headers)[1] == 200, language
        assert get("/en-us/login/")["Location"] == "/login/?next=/en-us/login/"


@pytest.mark.parametrize("urls", [PREFIXED, UNPREFIXED], ids=["prefixed", "unprefixed"])
def test_as_with_the_middleware_of_django(urls):
    theirs = ["django.contrib.auth.middleware.AuthenticationMiddleware"]
    theirs += ["django.contrib.auth.middleware.LoginRequiredMiddleware"]
    with site(urls, MIDDLEWARE=[SESSIONS, LOCALE, COMMON, *theirs]):
        expected = journey("/de/admin/", headers=HTML)
    with site(urls):
        assert journey("/de/admin/", headers=HTML) == expected
    assert expected[1] == 200


@pytest.mark.parametrize("urls", [PREFIXED, UNPREFIXED], ids=["prefixed", "unprefixed"])
def test_under_a_mount_prefix(urls):
    with site(urls, LOGIN_URL="/app/login/", FORCE_SCRIPT_NAME="/app"), override_script_prefix("/app/"):
        pages, status = journey("/de/admin/", mount="/app", headers={**HTML, "accept-language": "de"})
        assert (pages[-1], status) == ("/de/login/" if urls is PREFIXED else "/login/", 200)
    with site(urls, LOGIN_URL="/login/", FORCE_SCRIPT_NAME="/app"), override_script_prefix("/app/"):
        assert get("/de/login/")["Location"] == "/login/?next=/app/de/login/"  # a page outside of the mount


SHUT = ["/login/help/", "/de/login/help/", "/de/de/login/", "/en/de/login/", "/de/admin/", "/DE/login/", "/de//login/"]
SHUT += [
    "/xx/login/",
    "/de-at/login/",
    "/de/login/x",
    "/de/LOGIN/",
    "/x/../de/login/",
    "/de/login//",
    "/%64e/login/%0A",
]


@BOTH
@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("urls", [PREFIXED, UNPREFIXED], ids=["prefixed", "unprefixed"])
def test_nothing_but_the_login_page_is_opened(kind, chain, urls):
    with site(urls, chain):
        for url in SHUT:
            response = get(url, kind=kind)
            assert (response.status_code, b"secret" in response.content) == (302, False), url
            assert response["Location"].startswith("/login/?next="), url
        assert get("/de/login/", kind=kind).content == b"login"


@pytest.mark.parametrize("urls", [PREFIXED, UNPREFIXED], ids=["prefixed", "unprefixed"])
def test_the_table_of_the_policy_and_can_access_say_so(urls):
    with site(urls):
        outcomes = {one.route: one for one in policy_matrix([parse_principal("anonymous")]).lines}
        login, *others = [line for route, line in outcomes.items() if "login" in route]
        assert (login.squares[0].outcome, login.deciders[0]) == ("allowed", "login page")
        assert {line.squares[0].outcome for line in others} == {"denied"}
        with translation.override("de"):
            assert can_access("/de/login/")
            assert explain("/de/login/").is_login_page
            assert not can_access("/de/login/help/")


@BOTH
def test_a_page_that_only_another_language_would_lead_to_is_not_opened(kind):
    with site(UNPREFIXED, MIDDLEWARE=[SESSIONS, COMMON, OURS]):  # the language is never that of the path
        response = get("/de/login/", kind=kind)
        assert (response.status_code, b"secret" in response.content) == (403, False)
        assert get("/login/", kind=kind).content == b"login"
    numbered = [path("<str:page>/", login, {"n": 1}), path("de/<str:page>/", login, {"n": 2})]
    with site(Urls(*i18n_patterns(*numbered, prefix_default_language=False)), MIDDLEWARE=[SESSIONS, COMMON, OURS]):
        assert get("/de/login/", kind=kind).status_code == 403


def test_a_login_page_outside_of_the_languages_opens_no_page_inside():
    urls = Urls(path("login/", login), *i18n_patterns(path("login/", secret), path("admin/", secret)))
    with site(urls):
        assert journey("/de/admin/", headers=HTML) == (["/de/admin/", "/login/"], 200)
        assert get("/de/login/")["Location"] == "/login/?next=/de/login/"
    urls = Urls(path("login/", login), *i18n_patterns(path("login/", secret), prefix_default_language=False))
    with site(urls):
        assert get("/login/").content == b"login"
        assert get("/de/login/")["Location"] == "/login/?next=/de/login/"


@pytest.mark.parametrize(
    "pages",
    [
        [path("login/", secret, {"a": 1}), *i18n_patterns(path("login/", secret), prefix_default_language=False)],
        [re_path(r"^log[i]n/$", secret), *i18n_patterns(path("login/", secret), prefix_default_language=False)],
        [*i18n_patterns(path("login", secret), path("other/", secret))],
        [*i18n_patterns(path("other/", secret), prefix_default_language=False)],
        [path("login/", secret), path("de/login/", secret)],
    ],
)
def test_a_page_that_django_does_not_lead_to_stays_shut(pages):
    with site(Urls(*pages)):
        for url in ("/de/login/", "/de/login"):
            assert get(url).status_code == 302, url


def test_without_the_slash_that_django_adds():
    with site(PREFIXED, APPEND_SLASH=False, LOGIN_URL="/login"):
        assert get("/de/login/")["Location"] == "/login?next=/de/login/"
    with site(PREFIXED, LOGIN_URL="/login"):
        assert get("/de/login/").content == b"login"


@BOTH
def test_a_page_that_a_rule_names_in_its_own_language_makes_no_circle(kind):
    rule = {"pattern": "/de/**", "i18n": False, "role": "admin", "redirect_to": "/admin/"}
    with site(PREFIXED, SESSIONKIT_PROTECT=[rule]):
        pages, status = journey("/de/login/help/", READER, kind=kind, headers={**HTML, "accept-language": "de"})
        assert (pages, status) == (["/de/login/help/", "/admin/", "/de/admin/"], 403)


def test_a_login_page_that_asks_for_a_session_itself_makes_no_circle():
    urls = Urls(*i18n_patterns(path("login/", require_authenticated(login)), path("admin/", secret)))
    with site(urls):
        assert journey("/de/admin/", headers={**HTML, "accept-language": "de"})[1] == 403


def test_a_page_that_was_rewritten_is_no_login_page():
    with site(PREFIXED):
        assert is_login_page("/de/login/", "/de/login/")
        assert not is_login_page("/de/login/", "/de/admin/")
        assert not is_login_page("/de/login/", "/")


@pytest.mark.parametrize("target", ["/up\ud800/", lazystr("/up\udfff/")])
def test_what_cannot_be_sent_is_no_target(target, caplog):
    with caplog.at_level(logging.ERROR):
        assert resolve_redirect(target) is None
    assert "not a path on this site" in caplog.text
