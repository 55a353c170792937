"""URL rules over HTTP: first match, path variants, the two checks of a request, the global default."""

from __future__ import annotations

import re

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.test import override_settings
from django.urls import URLPattern, path, re_path
from django.urls.resolvers import RegexPattern
from support.loops import async_to_sync
from support.sessions import ADMIN, EDITOR, READER, abrowser, browser
from testsite import views

from django_sessionkit import Public, Role, can_access, conf, explain, is_authenticated, use_session
from django_sessionkit.access import AccessPolicy

ADMIN_ONLY = [{"pattern": "/admin/**", "role": "admin"}]


def protect(*rules, **settings):
    return override_settings(SESSIONKIT_PROTECT=list(rules), **settings)


def status(url, session=None, **extra):
    """Return the status of a page. The second request finds cached decisions, and its status must be the same."""
    client = browser(session)
    found = client.get(url, **extra).status_code
    assert client.get(url, **extra).status_code == found
    return found


def both_status(url, session=None):
    """Return the status, which must be the same under WSGI and ASGI."""
    found = status(url, session)
    if not re.search(r"[^\x00-\x7f]|%[89a-fA-F]", url):  # which AsyncClient decodes as Latin-1, unlike any server
        assert async_to_sync(abrowser(session).get)(url).status_code == found
    return found


@protect(*ADMIN_ONLY)
@pytest.mark.parametrize("url", ["/admin/", "/admin", "/admin/users/7/"])
def test_a_rule_guards_its_pages(url):
    assert both_status(url) == 302
    assert both_status(url, READER) == 403
    assert both_status("/admin/users/", ADMIN) == 200


@protect(*ADMIN_ONLY)
def test_other_pages_stay_open():
    assert both_status("/page/") == 200
    assert both_status("/nowhere/") == 404


@protect(*ADMIN_ONLY)
def test_an_unknown_page_below_a_protected_prefix_looks_like_a_known_one():
    known, unknown = (browser().get(url) for url in ("/admin/users/", "/admin"))
    assert known.status_code == unknown.status_code == 302


@pytest.mark.parametrize(
    "url",
    [
        "http://testserver//admin/users/",
        "/admin//users/",
        "/ADMIN/users/",
        "/Admin/",
        "/adm%C4%B1n/",
        "/adm%C4%B0n/x",
        "/./admin/users",
        "/x/../admin/users",
        "/files/../admin/users",
        "/%2e%2e/admin/",
        "/admin%0A/",
        "/admin%00/x",
        "/%20admin/x",
        "/admin%20/x",
        "/admin/%0Ausers",
    ],
)
@protect(*ADMIN_ONLY)
def test_no_spelling_gets_round_a_rule(url):
    assert both_status(url, READER) == 403
    assert both_status(url) == 302


@pytest.mark.parametrize(
    "url",
    [
        "/administrator/",
        "/files/admin/x",
        "/files/Caf%C3%A9 1.txt",
        "/files/a;b@c.d/",
        "/files/%2541",
        "/files//x/../y",
    ],
)
@protect(*ADMIN_ONLY)
def test_nothing_is_refused_for_its_spelling(url):
    assert both_status(url) in (200, 404)
    assert both_status(url) == status(url, READER)


@protect({"pattern": "/caf\u00e9/**", "role": "admin"})
def test_unicode_forms_of_a_protected_path():
    for url in ("/caf\u00e9/", "/cafe\u0301/x", "/CAF\u00c9/"):
        assert status(url, READER) == 403


@protect({"pattern": "/Shout/**", "role": "admin"}, ROOT_URLCONF="testsite.shouting_urls")
@pytest.mark.parametrize("url", ["/Shout/", "/shout/", "/SHOUT/", "/\u017fhout/"])
def test_a_case_insensitive_route_is_covered_whatever_the_case_of_the_rule(url):
    assert status(url, READER) == 403
    assert status(url, ADMIN) == 200


@protect({"pattern": "/admin/login", "public": True}, *ADMIN_ONLY)
def test_a_public_rule_opens_what_it_names_and_nothing_else():
    assert both_status("/admin/login/") == 200
    for url in ("/admin/Login", "/admin//login/", "/admin/x/../login", "/Admin/login/", "/admin/login%0A"):
        assert both_status(url) == 302, url


@protect({"pattern": "/files/**", "public": True}, {"pattern": "/**", "authenticated": True})
def test_a_public_rule_opens_all_spellings_that_it_covers_exactly():
    for url in ("/files/CamelCase.txt", "/files/a b/\u00dc.txt", "/files/x//y", "/files/%E2%84%AA"):
        assert both_status(url) == 200, url
    assert both_status("/FILES/x") == 302


@protect({"pattern": "/files/secret/**", "role": "admin"}, {"pattern": "/files/**", "public": True})
def test_an_earlier_rule_holds_against_a_public_one_in_every_variant():
    for url in ("/files/secret/x", "/files/SECRET/x", "/files/a/../secret/x", "/files//secret/x"):
        assert both_status(url, READER) == 403, url
    assert both_status("/files/other/X") == 200


@protect({"pattern": "/page", "role": "admin", "methods": ["POST"]})
@pytest.mark.parametrize(("method", "expected"), [("get", 200), ("head", 200), ("options", 200), ("post", 403)])
def test_methods(method, expected):
    assert getattr(browser(READER), method)("/page/").status_code == expected


@protect({"pattern": "/page", "role": "admin"})
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "get", "G\u0130T"])
def test_no_method_is_exempt(method):
    assert browser(READER).generic(method, "/page/").status_code == 403


@protect({"pattern": "/page", "role": "admin", "methods": "unsafe"})
def test_an_odd_verb_is_unsafe():
    assert browser(READER).generic("PROPFIND", "/page/").status_code == 403
    assert browser(READER).get("/page/").status_code == 200


@protect({"view": "billing:*", "role": "admin", "on_deny": "not_found"})
def test_a_view_rule():
    assert both_status("/billing/invoices/", READER) == 404
    assert both_status("/billing/invoices/", ADMIN) == 200


@protect({"pattern": "/billing/**", "view": "*:delete", "role": "admin"}, {"pattern": "/billing/**", "role": "reader"})
def test_a_pattern_rule_after_a_view_rule_waits_and_then_decides():
    assert both_status("/billing/delete/", READER) == 403
    assert both_status("/billing/delete/", ADMIN) == 200
    assert both_status("/billing/invoices/", READER) == 200
    assert both_status("/billing/invoices/", ADMIN) == 403
    assert both_status("/billing/unknown/", ADMIN) == 403
    assert both_status("/billing/unknown/") == 302


calls = []


def counted(session):
    calls.append(session)
    return session is not None and session.role == "editor"


async def acounted(session):
    return counted(session)


@pytest.mark.parametrize("predicate", [counted, acounted])
def test_a_predicate_is_asked_once_per_request(predicate):
    with protect({"pattern": "/page", "allow": predicate}):
        for session, expected in ((READER, 403), (EDITOR, 200), (None, 302)):
            calls.clear()
            assert browser(session).get("/page/").status_code == expected
            assert len(calls) == 1
            assert async_to_sync(abrowser(session).get)("/apage/").status_code == 200
            assert len(calls) == 1
            assert async_to_sync(abrowser(session).get)("/page/").status_code == expected
            assert len(calls) == 2


def by_request(session, request):
    return request.GET.get("key") == "open"


@protect({"pattern": "/page", "allow": by_request, "name": "the door"})
def test_a_predicate_may_look_at_the_request():
    assert both_status("/page/?key=open") == 200
    assert both_status("/page/?key=shut", ADMIN) == 403


def raises(session):
    raise RuntimeError


@protect({"pattern": "/page", "allow": raises})
def test_a_failing_predicate_denies():
    assert both_status("/page/", ADMIN) == 403
    assert both_status("/page/") == 302


by_default = protect(SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["/", "/files/**", "billing:*"])


@by_default
def test_what_no_rule_matches_needs_a_session():
    assert both_status("/page/") == 302
    assert both_status("/page/", READER) == 200


@by_default
def test_excluded_pages_are_open():
    assert both_status("/") == 200
    assert both_status("/files/CamelCase/x") == 200
    assert both_status("/billing/invoices/") == 200


@by_default
def test_no_odd_spelling_is_excluded():
    for url in ("/FILES/x", "http://testserver//files/x", "/files/../page/", "/x/../files/y"):
        assert both_status(url) in (302, 404), url
        assert browser().get(url).content != b"page", url


@by_default
def test_a_public_view_is_open():
    assert both_status("/open/") == 200


@by_default
def test_under_the_default_an_unknown_page_is_a_404_and_a_missing_slash_is_added():
    assert both_status("/nowhere/") == 404
    assert both_status("/page") == 301


@protect({"pattern": "/open", "role": "admin"}, SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["/open"])
def test_public_and_exclude_lift_the_default_only():
    assert both_status("/open/", READER) == 403


@protect({"pattern": "/**", "role": "admin"}, SESSIONKIT_GLOBAL_PROTECT=True)
def test_the_login_page_is_always_reachable():
    assert both_status("/login/") == 200
    assert both_status("/login/", READER) == 200
    assert both_status("/login/help/") == 302
    assert both_status("/LOGIN/") == 302
    assert both_status("http://testserver//login/") in (302, 404)


@protect({"pattern": "/**", "role": "admin", "login_url": "/page/"})
def test_so_is_the_login_page_of_the_rule_itself():
    assert both_status("/page/") == 200
    assert both_status("/who/") == 302


@protect(
    {"pattern": "/page/**", "role": "admin", "login_url": "/who/"},
    {"pattern": "/who/**", "role": "admin", "login_url": "/page/"},
)
def test_two_rules_do_not_send_anybody_to_and_fro():
    assert both_status("/page/") == 200
    assert both_status("/who/") == 200
    assert both_status("/page/x") == 302


@protect({"pattern": "/**", "role": "admin"}, SESSIONKIT_LOGIN_URL="/login")
def test_a_login_url_without_its_slash_is_no_loop():
    assert both_status("/login") == 301
    assert both_status("/login/") == 200


@protect({"pattern": "/**", "role": "admin"}, SESSIONKIT_LOGIN_URL="/caf\u00e9/", ROOT_URLCONF="test_api")
def test_a_login_url_may_have_any_letters():
    assert status("/caf\u00e9/") == 200


@protect({"pattern": "/**", "role": "admin"}, SESSIONKIT_LOGIN_URL="page")
def test_the_login_page_may_be_a_url_name():
    assert both_status("/page/") == 200
    assert browser().get("/who/")["Location"] == "/page/?next=/who/"


@protect({"pattern": "/page", "require": Role("editor") | Role("admin")})
def test_a_ready_made_requirement():
    assert [both_status("/page/", who) for who in (None, READER, EDITOR, ADMIN)] == [302, 403, 200, 200]


@protect({"pattern": "/page", "deny": True})
def test_deny_is_for_everybody():
    assert both_status("/page/", ADMIN) == 403


@protect({"pattern": "/mount/page", "role": "admin"})
def test_the_mount_prefix_is_a_variant():
    client = browser(READER)
    assert client.get("/page/", SCRIPT_NAME="/mount").status_code == 403
    assert client.get("/page/").status_code == 200


@protect({"pattern": "/page", "role": "admin"})
def test_a_mount_prefix_hides_nothing():
    assert browser(READER).get("/page/", SCRIPT_NAME="/mount").status_code == 403


translated = [
    path("login/", views.page, name="login"),
    *i18n_patterns(path("admin/", views.page, name="admin"), path("page/", views.page, name="page")),
]
LOCALE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django_sessionkit.middleware.SessionKitMiddleware",
]


@pytest.fixture
def translated_urls(monkeypatch):
    monkeypatch.setitem(globals(), "urlpatterns", translated)
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=LOCALE, LANGUAGES=[("en", "E"), ("de", "D")]):
        yield


urlpatterns = translated


@pytest.mark.usefixtures("translated_urls")
def test_a_rule_holds_in_every_language():
    with protect(*ADMIN_ONLY):
        for url in ("/de/admin/", "/en/admin/", "/de/ADMIN/", "/de//admin/"):
            assert status(url, READER) == 403, url
        assert status("/de/page/", READER) == 200


@pytest.mark.usefixtures("translated_urls")
def test_i18n_false_means_the_pattern_as_written():
    with protect({"pattern": "/admin/**", "role": "admin", "i18n": False}):
        assert status("/de/admin/", READER) == 200
        assert status("/admin/", READER) == 403
    with protect({"pattern": "/de/admin/**", "role": "admin", "i18n": False}):
        assert status("/de/admin/", READER) == 403
        assert status("/en/admin/", READER) == 200


def other_urls(get_response):
    def middleware(request):
        request.urlconf = "testsite.urls"
        return get_response(request)

    return middleware


@pytest.mark.usefixtures("translated_urls")
def test_another_urlconf_set_by_a_middleware():
    with protect(*ADMIN_ONLY, MIDDLEWARE=[LOCALE[0], f"{__name__}.other_urls", LOCALE[2]]):
        assert status("/admin/users/", READER) == 403
        assert status("/page/") == 200


def rewriting(get_response):
    def middleware(request):
        request.path_info = request.path_info.replace("/alias/", "/admin/")
        return get_response(request)

    return middleware


@protect(*ADMIN_ONLY, MIDDLEWARE=[LOCALE[0], LOCALE[2], f"{__name__}.rewriting"])
def test_a_path_rewritten_after_the_guard_is_decided_again():
    assert status("/alias/users/", READER) == 403
    assert status("/alias/users/", ADMIN) == 200


def one(user_id):
    """The version of every user."""
    return "1"


VERSIONS = {"SESSIONKIT_VERSION": f"{__name__}.one"}


def stamped(data):
    return {**data, "__version__": "1"} if conf.current().version else data


CHANGES = {
    "lowered": lambda store: store.update({"__session__": stamped(READER)}),
    "removed": lambda store: store.pop("__session__"),
    "flushed": lambda store: store.flush(),
    "malformed": lambda store: store.update({"__session__": {"user_id": ""}}),
    "raised": lambda store: store.update({"__session__": stamped(ADMIN)}),
    "untouched": lambda store: None,
}


def changing(get_response):
    """Change the stored session between the check on entry and the one after routing."""

    def middleware(request):
        CHANGES[request.headers["X-Change"]](request.session)
        return get_response(request)

    return middleware


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("versions", [{}, VERSIONS, {**VERSIONS, "SESSIONKIT_VERSION_INTERVAL": 60}])
@protect({"pattern": "/page/**", "role": "admin"}, MIDDLEWARE=[LOCALE[0], LOCALE[2], f"{__name__}.changing"])
def test_a_session_that_changes_after_the_check_on_entry_is_checked_again(change, is_async, versions):
    with override_settings(**versions):
        client = (abrowser if is_async else browser)(stamped(ADMIN))
        get = async_to_sync(client.get) if is_async else client.get
        expected = {"lowered": 403, "raised": 200, "untouched": 200}.get(change, 302)
        assert get("/page/", headers={"X-Change": "untouched"}).status_code == 200  # now the decision is cached
        assert get("/page/", headers={"X-Change": change}).status_code == expected


def pretending(get_response):
    def middleware(request):
        with use_session(ADMIN):
            is_authenticated()
            return get_response(request)

    return middleware


@protect({"view": "admin", "role": "admin"}, MIDDLEWARE=[LOCALE[0], LOCALE[2], f"{__name__}.pretending"])
def test_a_session_that_is_pretended_inside_the_guard_does_not_open_it():
    assert status("/admin/", ADMIN) == 200
    assert status("/admin/", READER) == 403
    assert status("/admin/") == 302


@protect(
    {"view": "billing:*", "methods": ["POST"], "role": "admin"},
    {"pattern": "/page/**", "role": "admin"},
    {"view": "open", "public": True},
    SESSIONKIT_GLOBAL_PROTECT=True,
)
def test_a_quick_look_says_what_a_long_one_says():
    for _ in range(2):  # the second time, the result of the first is cached
        assert both_status("/page/", ADMIN) == 200
        assert both_status("/page/", READER) == 403
        assert both_status("/page/") == 302
        assert both_status("/open/") == 200
        assert both_status("/who/") == 302
        assert both_status("/billing/invoices/", READER) == 200
        assert browser(READER).post("/billing/invoices/").status_code == 403
        assert browser(ADMIN).post("/billing/invoices/").status_code == 200


@pytest.mark.parametrize("url", ["/files/a", "/files/Bob", "/files/a%20b", "/files/\u0130"])
@pytest.mark.parametrize("second", [{"pattern": "/files/**", "role": "admin"}, {"pattern": "/**", "deny": True}])
def test_a_public_rule_for_a_view_opens_it_however_its_values_are_written(url, second):
    """On entry, the rules after it wait for every variant of the path, not only for that which is canonical."""
    with protect({"view": "file", "public": True}, second):
        assert both_status(url) == 200
        assert can_access(url) is True
        assert explain(url).allowed is True
        for odd in (url.replace("/files", "/FILES"), f"{url}/../../admin/"):
            assert both_status(odd) in (302, 403, 404)
            assert can_access(odd) is explain(odd).allowed is False


@protect({"view": "file", "public": True}, {"pattern": "/static/**", "role": "admin"})
def test_a_path_without_a_view_is_closed_by_the_rules_that_waited():
    for url in ("/static/a", "/static/Bob", "/STATIC/a"):
        assert both_status(url) == 302
        assert both_status(url, READER) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"x-original-url": "/page/"},
        {"x-rewrite-url": "/page/"},
        {"x-http-method-override": "GET"},
        {"x-forwarded-prefix": "/page"},
        {"x-user-role": "admin"},
        {"x-middleware-subrequest": "middleware"},
    ],
)
@protect(*ADMIN_ONLY)
def test_no_header_opens_anything(headers):
    assert browser().get("/admin/", headers=headers).status_code == 302
    assert async_to_sync(abrowser().get)("/admin/", headers=headers).status_code == 302


@protect({"pattern": "/page", "role": "admin"}, SESSIONKIT_ACCESS_POLICY="test_access.CheckingPolicy")
def test_the_policy_serves_the_guard():
    assert status("/page/", {"user_id": "1", "role": "admin"}) == 200


class Closing(AccessPolicy):
    """Denies everything to everybody."""

    def check(self, requirement, session, request):
        return False


@protect({"pattern": "/files/**", "public": True})
def test_only_a_policy_that_checks_is_asked_about_a_public_rule():
    for url in ("/files/a", "/files/A//b"):
        response = browser(READER).get(url)
        assert (response.status_code, response.has_header("Vary")) == (200, False)  # the session is not loaded
        with override_settings(SESSIONKIT_ACCESS_POLICY=Closing):
            assert both_status(url, READER) == 403


OPEN_FILES = {"pattern": "/files/*", "public": True}
CLOSED_FILES = {"pattern": "/files/**", "role": "admin"}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/files/a", 200),
        ("/files/a/", 200),
        ("/files/a/b", 302),
        ("/files/a/b/", 302),
        ("/files/a//", 302),
        ("/files/a/./b", 302),
        ("/files//a", 302),
        ("/files/x/../a", 302),
        ("/Files/a/b", 302),
        ("/files/a%2Fb", 302),
    ],
)
@protect(OPEN_FILES, CLOSED_FILES)
def test_a_wildcard_of_a_public_rule_opens_one_segment(url, code):
    assert both_status(url) == code


@protect({"pattern": "/*/a", "require": Public()}, {"pattern": "/**", "role": "admin"})
def test_a_wildcard_in_the_middle_of_a_public_rule_is_one_segment():
    assert [both_status(url) for url in ("/files/a", "/files/b/a", "/files/")] == [200, 302, 302]


@protect({"pattern": "/files/*", "role": "admin"})
def test_a_wildcard_of_a_rule_with_a_requirement_protects_all_below():
    assert [both_status(url) for url in ("/files/a", "/files/a/b", "/files/a/b/c/")] == [302, 302, 302]


@protect({**CLOSED_FILES, "methods": ["GET"]}, {**OPEN_FILES, "methods": ["POST"]}, {"pattern": "/**", "deny": True})
def test_the_methods_of_a_public_rule_do_not_widen_its_wildcard():
    assert [browser().post(url).status_code for url in ("/files/a", "/files/a/b")] == [200, 403]


@override_settings(SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["/files/*"])
def test_a_wildcard_of_an_exclude_opens_one_segment():
    assert [both_status(url) for url in ("/files/a", "/files/a/", "/files/a/b", "/files//a")] == [200, 200, 302, 302]


@override_settings(SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["/files/**"])
def test_two_stars_of_an_exclude_open_all_below():
    assert [both_status(url) for url in ("/files/a", "/files/a/b", "/files/a/b/c/")] == [200, 200, 200]


@protect({"pattern": "/elsewhere", "role": "admin"}, SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=["file"])
def test_a_menu_knows_that_the_default_waits_for_the_view():
    for url in ("/files/a", "/files//a/./B"):
        assert both_status(url) == 200
        with use_session(None):
            assert can_access(url) is explain(url).allowed is True


TRANSLATED_FILES = tuple(i18n_patterns(path("files/<path:name>", views.page)))


@pytest.mark.parametrize(
    ("pattern", "codes"), [(["/*/files/*", "/files/*"], [200, 302]), ("/files/*", [302, 302]), ("/*/*", [302, 302])]
)
def test_a_wildcard_of_a_public_rule_is_one_segment_behind_a_language_too(pattern, codes):
    rules = [{"pattern": pattern, "public": True}, CLOSED_FILES]
    with protect(*rules, ROOT_URLCONF=TRANSLATED_FILES, LANGUAGE_CODE="en", LOGIN_URL="/login/"):
        assert [status(url) for url in ("/en/files/a", "/en/files/a/b")] == codes


@protect(OPEN_FILES, CLOSED_FILES)
def test_a_menu_reads_wildcards_as_the_guard_does():
    with use_session(None):
        assert [can_access(path) for path in ("/files/a", "/files/a/b")] == [True, False]


class Fickle(URLPattern):
    """A route whose ``resolve()`` accepts a path that its pattern does not match."""

    def resolve(self, path):
        return super().resolve("secret/" if path == "alias/" else path)


FICKLE = [Fickle(RegexPattern("^secret/$", is_endpoint=True), views.page), path("login/", views.page)]


@override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": FICKLE}))
def test_a_path_whose_forms_are_unknown_is_denied_as_a_failure(caplog):
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/elsewhere", "role": "admin"}]):
        assert browser(ADMIN).get("/secret/").status_code == 200
        assert browser(ADMIN).get("/alias/").status_code == 403
    assert "access denied: rule=None reason=failed method=GET" in caplog.text
    fault = "The URL patterns do not lead to testsite.views.page when they are matched again."
    assert f"{fault} The request is denied." in caplog.messages


TOO_MANY = [re_path("^" + "(?:a|b)?" * 12 + "$", views.page), path("login/", views.page)]


@protect({"pattern": "/elsewhere", "role": "admin"}, ROOT_URLCONF=type("urls", (), {"urlpatterns": TOO_MANY}))
def test_the_log_names_the_view_of_a_path_with_too_many_forms(caplog):
    assert browser(ADMIN).get("/ab").status_code == 403
    assert "The URL patterns of testsite.views.page can write this path in more than" in caplog.text
