"""The denial table: the kind of client decides the format of a response, the session decides its status."""

from __future__ import annotations

import json

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path, reverse_lazy
from django.utils.functional import lazystr
from django.views import View
from support.loops import async_to_sync
from support.sessions import EDITOR, HTML, READER, abrowser, browser, sign_in
from testsite import views

from django_sessionkit import AccessDenied, Decision, Nobody, NotAuthenticated, Role, enforce
from django_sessionkit.decorators import require, require_role
from django_sessionkit.exceptions import InvalidPolicy, SessionUnavailable
from django_sessionkit.mixins import RequireMixin
from django_sessionkit.responses import text_for_api

HTMX = {**HTML, "hx-request": "true"}
API = {"accept": "application/json"}


def explain(request, exception):
    return HttpResponse(f"{type(exception).__name__}|{exception}", status=403)


def nowhere(request, exception):
    return HttpResponse(f"{type(exception).__name__}|{exception.args[0]['path']}", status=404)


def enforcing(request):
    enforce(Role("admin"))


def explain_decision(request, exception):
    return HttpResponse(f"{exception.decision.rule}: {exception.decision.missing}", status=403)


def refusing(request):
    raise AccessDenied


def enforcing_nobody(request):
    enforce(Role("admin") & Nobody())


class Admins(RequireMixin, View):
    requirement = Role("admin")


class ForNobody(RequireMixin, View):
    requirement = Nobody()


def asking(request):
    raise NotAuthenticated


urlpatterns = [
    path("enforcing/", enforcing),
    path("refusing/", refusing),
    path("asking/", asking),
    path("admin/", views.page, name="admin"),
    path("nobody/", require(Nobody())(views.page)),
    path("nobody/mixed/", ForNobody.as_view()),
    path("nobody/enforced/", enforcing_nobody),
    path("admins/", Admins.as_view()),
    path("guarded/", require_role("admin", redirect_to="/upgrade/")(views.page)),
    path("api/", require_role("admin", api=True)(views.page)),
    path("html/", require_role("admin", api=False)(views.page)),
    path("hidden/", require_role("admin", on_deny="not_found")(views.page)),
    path("strict/", require_role("admin", redirect_to="/upgrade/", on_deny="forbidden")(views.page)),
    path("named/", require_role("admin", redirect_to="upgrade")(views.page)),
    path("upgrade/", require_role("admin", redirect_to="/upgrade/")(views.page), name="upgrade"),
    path("broken/", require_role("admin", redirect_to="no-such-name", login_url="no-such-name")(views.page)),
    path("login/", require_role("admin")(views.page), name="login"),
    path("other-login/", views.page, name="other"),
    path("other/", require_role("admin", login_url="other")(views.page)),
    path("lazy/", require_role("admin", login_url=reverse_lazy("other"))(views.page)),
    path("foreign/", require_role("admin", login_url=lazystr("//evil.example/"))(views.page)),
    path("query/", require_role("admin", login_url="/login/?sso=1")(views.page)),
]
handler403 = explain
handler404 = nowhere

pytestmark = pytest.mark.usefixtures("own_urls")


@pytest.fixture
def own_urls():
    with override_settings(ROOT_URLCONF=__name__):
        yield


def get(url, session=None, *, headers=HTML, method="get", **extra):
    client = browser(session)
    return getattr(client, method)(url, headers=headers, **extra)


def test_an_anonymous_navigation_goes_to_the_login_page_and_back():
    response = get("/guarded/?page=2&q=a b")
    assert response.status_code == 302
    assert response["Location"] == "/login/?next=/guarded/%3Fpage%3D2%26q%3Da%2520b"


@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_an_unsafe_request_is_not_repeated_after_login(method):
    assert get("/guarded/", method=method)["Location"] == "/login/"


def test_a_long_next_is_left_out():
    assert get("/guarded/?" + "a" * 1990)["Location"].endswith("a" * 1990)
    assert get("/guarded/?" + "a" * 1991)["Location"] == "/login/"
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/**", "authenticated": True}]):
        longest = "/" + "a" * 1999
        assert get(longest)["Location"] == f"/login/?next={longest}"
        assert get(f"{longest}a")["Location"] == "/login/"
    for url, location in ((longest, f"/login/?next={longest}"), (f"{longest}a", "/login/")):
        headers = {**HTMX, "hx-current-url": f"http://testserver{url}"}
        assert get("/guarded/", headers=headers)["HX-Redirect"] == location


def test_a_page_without_https_is_not_where_a_user_of_https_comes_back_to():
    for scheme, location in (("http", "/login/"), ("https", "/login/?next=/inbox/")):
        headers = {**HTMX, "hx-current-url": f"{scheme}://testserver/inbox/"}
        assert get("/guarded/", headers=headers, secure=True)["HX-Redirect"] == location


@pytest.mark.parametrize(("url", "location"), [("/other/", "/other-login/"), ("/lazy/", "/other-login/")])
def test_a_view_may_have_its_own_login_page(url, location):
    assert get(url)["Location"] == f"{location}?next={url}"


def test_next_joins_the_query_of_the_login_url():
    assert get("/query/")["Location"] == "/login/?sso=1&next=/query/"


def test_a_denied_login_page_is_no_loop():
    assert get("/login/").status_code == 403
    assert get("/login/", headers=HTMX).headers.get("HX-Redirect") is None


def test_a_login_page_that_does_not_exist_is_a_403_and_an_error_in_the_log(caplog):
    assert get("/broken/").status_code == 403
    assert get("/broken/", READER).status_code == 403
    line = 'the URL name "no-such-name" cannot be reversed (NoReverseMatch). Nobody is redirected to it.'
    assert [one for one in caplog.messages if "reversed" in one] == [line, line]


def test_a_lazy_target_is_checked_when_it_is_used(caplog):
    assert get("/foreign/").status_code == 403
    assert "A redirect target is not a path on this site. Nobody is redirected to it." in caplog.messages


@pytest.mark.parametrize("url", ["/html/", "/nobody/mixed/", "/admins/", "/enforcing/", "/asking/"])
def test_a_login_page_of_another_site_is_an_error_where_somebody_is_sent_there(url, caplog):
    with override_settings(LOGIN_URL="https://sso.example.org/"):
        assert get(url).status_code == 403
        assert get(url, headers=HTMX).has_header("HX-Redirect") is False
        assert get("/other/")["Location"] == "/other-login/?next=/other/"
        assert get(url, headers=API).status_code in (401, 403)
    said = "LOGIN_URL: must be a site-relative path or a URL name; set SESSIONKIT_LOGIN_URL to a page of this site "
    said += "that leads there"
    assert (f"{said}: nobody is redirected to the login page" in caplog.messages) is (url != "/nobody/mixed/")
    with override_settings(LOGIN_URL="https://sso.example.org/", SESSIONKIT_LOGIN_URL="other"):
        assert get("/html/")["Location"] == "/other-login/?next=/html/"


@pytest.mark.parametrize("key", ["login_url", "redirect_to"])
def test_a_lone_surrogate_is_no_target_of_a_view(key):
    with pytest.raises(InvalidPolicy, match=f"@require_role.*{key}.*lone surrogates"):
        require_role("admin", **{key: "/up\ud800grade/"})
    guarded = type("Guarded", (Admins,), {key: "/up\udfff/"})
    with pytest.raises(InvalidPolicy, match=f"Guarded.*{key}"):
        guarded.as_view()


def test_a_signed_in_caller_never_sees_the_login_page():
    response = get("/html/", READER)
    assert response.status_code == 403
    assert response.content == b"AccessDenied|This session does not have the right to do that."


def test_the_page_of_the_project_gets_the_decision(monkeypatch):
    monkeypatch.setitem(globals(), "handler403", explain_decision)
    with override_settings(SESSIONKIT_PROTECT=[{"name": "desk", "pattern": "/admin", "role": "admin"}]):
        assert get("/admin/", READER).content == b"desk: ('admin',)"


@override_settings(DEBUG=True)
def test_in_debug_the_page_says_what_was_missing():
    assert get("/html/", READER).content == b'AccessDenied|Access denied: needs the role "admin".'


def test_redirect_to_is_for_get_and_head():
    assert get("/guarded/", READER)["Location"] == "/upgrade/"
    assert get("/named/", READER)["Location"] == "/upgrade/"
    assert get("/guarded/", READER, method="head")["Location"] == "/upgrade/"
    assert get("/guarded/", READER, method="post").status_code == 403


def test_redirect_to_the_denied_page_itself_is_a_403():
    assert get("/upgrade/", READER).status_code == 403


def test_forbidden_never_redirects_the_signed_in():
    assert get("/strict/", READER).status_code == 403
    assert get("/strict/", READER, headers=HTMX).headers.get("HX-Redirect") is None
    assert get("/strict/").status_code == 302


@pytest.mark.parametrize("headers", [HTML, HTMX, API])
@pytest.mark.parametrize("session", [None, READER])
def test_not_found_is_the_same_for_everybody(headers, session):
    response = get("/hidden/", session, headers=headers)
    assert response.status_code == 404
    if headers is HTML:
        assert response.content == get("/no-such-page/", headers=HTML).content.replace(b"no-such-page", b"hidden")


@pytest.mark.parametrize(("session", "status", "title"), [(None, 401, "Unauthorized"), (READER, 403, "Forbidden")])
@pytest.mark.parametrize("url", ["/api/", "/guarded/"])
def test_a_program_gets_a_problem(url, session, status, title):
    response = get(url, session, headers=API)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    problem = json.loads(response.content)
    assert (problem["type"], problem["title"], problem["status"]) == ("about:blank", title, status)
    assert "admin" not in problem["detail"]
    assert response.has_header("WWW-Authenticate") is (status == 401)
    assert not response.has_header("Location")


@pytest.mark.parametrize(
    ("status", "reason", "text"),
    [
        (401, "refused", "A session is required."),
        (403, "refused", "This login gives no valid session."),
        (401, "stale_authentication", "Your last login was too long ago for that. Please log in again."),
        (403, "missing_role", "This session does not have the right to do that."),
    ],
)
def test_a_program_that_may_log_in_is_not_told_that_its_login_is_refused(status, reason, text):
    assert text_for_api(status, Decision(False, reason)) == text


@override_settings(DEBUG=True)
def test_in_debug_the_problem_says_what_was_missing():
    assert 'needs the role "admin"' in json.loads(get("/api/", READER, headers=API).content)["detail"]


def test_htmx_without_a_session_is_led_to_the_login_page():
    here = {"hx-current-url": "http://testserver/inbox/?page=2#top"}
    response = get("/guarded/", headers={**HTMX, **here})
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/login/?next=/inbox/%3Fpage%3D2"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/inbox/",
        "//evil.example/",
        "http://testserver@evil.example/",
        "http://testserver.evil.example/",
        "http://testserver//evil.example/",
        "http://testserver/\\evil.example/",
        "javascript:alert(1)",
        "http://testserver/" + "a" * 5000,
        "",
    ],
)
def test_htmx_comes_back_to_this_site_only(url):
    response = get("/guarded/", headers={**HTMX, "hx-current-url": url})
    assert response["HX-Redirect"] == "/login/"


def test_htmx_without_the_right():
    assert get("/guarded/", READER, headers=HTMX)["HX-Redirect"] == "/upgrade/"
    response = get("/html/", READER, headers=HTMX)
    assert response.status_code == 403
    assert not response.has_header("HX-Redirect")


def test_api_true_wins_over_htmx_and_htmx_over_the_rest():
    assert get("/api/", headers=HTMX)["Content-Type"] == "application/problem+json"
    assert get("/guarded/", headers={**HTMX, "accept": "application/json"}).has_header("HX-Redirect")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"accept": "*/*"}, 401),
        ({"accept": "application/json, */*"}, 401),
        ({"accept": "application/json, text/plain, */*"}, 401),
        ({"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, 302),
        ({"accept": "application/xhtml+xml"}, 302),
        ({"accept": "text/html;q=0.5, application/json"}, 401),
        ({"accept": "application/json;q=0.5, text/html"}, 302),
        ({"accept": "text/html;q=0"}, 401),
        ({"accept": "text/html, application/json"}, 302),
        ({"accept": "text/html;level=1, application/json;q=0.5"}, 302),
        ({"accept": "text/html;q=0.1, application/json;q=0.5, application/xhtml+xml"}, 302),
        ({"accept": "application/json;q=0.1, text/html;q=0.5, application/problem+json"}, 401),
        ({"accept": "text/html", "x-requested-with": "XMLHttpRequest"}, 401),
        ({"accept": "*/*", "sec-fetch-dest": "document"}, 302),
        ({"accept": "*/*", "sec-fetch-dest": "iframe"}, 302),
        ({"accept": "text/html", "sec-fetch-dest": "empty"}, 401),
        ({"accept": "text/html", "sec-fetch-dest": "image"}, 401),
        ({"accept": "text/html", "x-requested-with": "org.example.browser"}, 302),
        ({"accept": "*/*", "sec-fetch-mode": "navigate"}, 302),
        ({"accept": "text/html", "sec-fetch-mode": "navigate", "sec-fetch-dest": "empty"}, 401),
        ({"accept": "*/*", "sec-fetch-mode": "navigate", "x-requested-with": "XMLHttpRequest"}, 302),
        ({"accept": "text/html", "sec-fetch-mode": "cors"}, 401),
        ({"accept": ";;;,q=,/"}, 401),
    ],
    ids=str,
)
def test_who_counts_as_a_program(headers, status):
    assert Client().get("/guarded/", headers=headers).status_code == status
    assert Client().get("/api/", headers=headers).status_code == 401
    assert Client().get("/html/", headers=headers).status_code == 302


RESTORE = {"hx-history-restore-request": "true", "hx-current-url": "http://testserver/inbox/", "accept": "*/*"}


@pytest.mark.parametrize("more", [{}, {"hx-request": "true"}, {"sec-fetch-dest": "empty", "sec-fetch-mode": "cors"}])
def test_a_page_that_htmx_restores_is_a_page_load(more):
    response = get("/guarded/?page=2", headers={**RESTORE, **more})
    assert (response.status_code, response["Location"]) == (302, "/login/?next=/guarded/%3Fpage%3D2")
    assert get("/guarded/", READER, headers={**RESTORE, **more})["Location"] == "/upgrade/"
    assert get("/html/", READER, headers={**RESTORE, **more}).content.startswith(b"AccessDenied|")
    assert get("/api/", headers={**RESTORE, **more})["Content-Type"] == "application/problem+json"
    client = abrowser()
    alike = async_to_sync(client.get)("/guarded/?page=2", headers={**RESTORE, **more})
    assert alike["Location"] == response["Location"]


def test_only_the_word_true_makes_a_page_load_of_an_htmx_request():
    assert get("/guarded/", headers={**HTMX, "hx-history-restore-request": "false"}).status_code == 401


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_boosted_link_comes_back_to_the_page_that_was_clicked(method):
    boosted = {**HTMX, "hx-boosted": "true", "hx-current-url": "http://testserver/inbox/?page=2"}
    response = get("/guarded/?q=a", headers=boosted, method=method)
    assert (response.status_code, response["HX-Redirect"]) == (401, "/login/?next=/guarded/%3Fq%3Da")
    assert get("/guarded/", headers={**boosted, "hx-boosted": "false"}, method=method)["HX-Redirect"] == (
        "/login/?next=/inbox/%3Fpage%3D2"
    )


def test_a_boosted_form_comes_back_to_the_page_that_it_stood_on():
    boosted = {**HTMX, "hx-boosted": "true", "hx-current-url": "http://testserver/inbox/"}
    assert get("/guarded/", headers=boosted, method="post")["HX-Redirect"] == "/login/?next=/inbox/"


NOBODY = [
    {"pattern": "/admin/**", "deny": True},
    {"pattern": "/admin/**", "role": "admin", "deny": True},
    {"pattern": "/admin/**", "require": Role("admin") & Nobody(), "login_url": "/other-login/"},
    {"pattern": "/admin/**", "require": Nobody() | Nobody(), "on_deny": "forbidden"},
    {"view": "admin", "require": Nobody()},
]


@pytest.mark.parametrize("rule", NOBODY)
@pytest.mark.parametrize("session", [None, READER])
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_nobody_may_do_is_a_403_at_once(rule, session, method):
    with override_settings(SESSIONKIT_PROTECT=[rule]):
        found = get("/admin/", session, method=method)
        assert (found.status_code, found.has_header("Location")) == (403, False)
        assert found.content == b"AccessDenied|Nobody has the right to do that."
        found = get("/admin/", session, headers=HTMX, method=method)
        assert (found.status_code, found.has_header("HX-Redirect")) == (403, False)
        assert found.content == b"Nobody has the right to do that."
        found = get("/admin/", session, headers=API, method=method)
        assert (found.status_code, found.has_header("WWW-Authenticate")) == (403, False)
        assert json.loads(found.content)["detail"] == "Nobody has the right to do that."
        client = abrowser(session)
        assert async_to_sync(getattr(client, method))("/admin/", headers=HTML).status_code == 403


@pytest.mark.parametrize("url", ["/nobody/", "/nobody/mixed/", "/nobody/enforced/"])
@pytest.mark.parametrize("headers", [HTML, HTMX, API])
def test_so_it_is_where_a_view_asks(url, headers):
    for session in (None, READER):
        found = get(url, session, headers=headers)
        assert (found.status_code, found.get("Location"), found.get("HX-Redirect")) == (403, None, None)


def test_a_page_for_those_whom_a_rule_keeps_out_is_shown_to_all_of_them():
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/admin/**", "deny": True, "redirect_to": "/upgrade/"}]):
        assert get("/admin/")["Location"] == get("/admin/", READER)["Location"] == "/upgrade/"
        assert get("/admin/", headers=HTMX)["HX-Redirect"] == "/upgrade/"
        assert get("/admin/", headers=API).status_code == 403


def test_what_nobody_may_do_can_be_hidden():
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/admin/**", "deny": True, "on_deny": "not_found"}]):
        assert get("/admin/").status_code == get("/admin/", READER, headers=API).status_code == 404


@pytest.mark.parametrize("url", ["/guarded/", "/api/", "/html/", "/hidden/", "/upgrade/"])
@pytest.mark.parametrize("session", [None, READER])
@pytest.mark.parametrize("headers", [HTML, HTMX, API])
def test_no_denial_is_ever_cached(url, session, headers):
    response = get(url, session, headers=headers)
    assert response["Cache-Control"] == "no-store"
    assert "Cookie" in response["Vary"]


def broken_page(request, exception):
    raise RuntimeError("the error page is broken")


@override_settings(DEBUG_PROPAGATE_EXCEPTIONS=False)
def test_a_broken_403_page_still_denies(monkeypatch):
    monkeypatch.setitem(globals(), "handler403", broken_page)
    client = sign_in(Client(headers=HTML, raise_request_exception=False), READER)
    assert client.get("/html/").status_code == 500


@pytest.mark.parametrize(
    ("url", "sentence"),
    [("/enforcing/", 'needs the role "admin"'), ("/refusing/", "the view refused"), ("/asking/", "the view refused")],
)
@override_settings(DEBUG=True)
def test_an_exception_in_a_view_is_answered_with_its_reason(url, sentence):
    assert get(url)["Location"] == f"/login/?next={url}"
    response = get(url, READER)
    assert (response.status_code, response["Cache-Control"]) == (403, "no-store")
    assert sentence in response.content.decode()
    assert get(url, READER, headers=API)["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("kind", ["page", "api"])
def test_the_answer_is_the_same_under_asgi(kind):
    headers = HTML if kind == "page" else API
    for session in (None, READER, EDITOR):
        sync = get("/html/" if kind == "page" else "/api/", session, headers=headers)
        client = abrowser(session)
        asynchronous = async_to_sync(client.get)("/html/" if kind == "page" else "/api/", headers=headers)
        assert (sync.status_code, sync.content, sync.get("Location")) == (
            asynchronous.status_code,
            asynchronous.content,
            asynchronous.get("Location"),
        )


PRIVATE = {"Cache-Control": "no-store", "Vary": "Cookie"}
PAGE = {"Content-Type": "text/html; charset=utf-8"}
TEXT = {"Content-Language": "en", "Content-Type": "text/plain; charset=utf-8"}
PROBLEM = {"Content-Language": "en", "Content-Type": "application/problem+json"}
NEEDS, LACKS = "A session is required.", "This session does not have the right to do that."


def problem(status, title, detail):
    return json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail})


@pytest.mark.parametrize(
    ("session", "headers", "status", "told", "body"),
    [
        (None, HTML, 302, {**PAGE, "Location": "/login/?next=/guarded/"}, ""),
        (READER, HTML, 302, {**PAGE, "Location": "/upgrade/"}, ""),
        (None, HTMX, 401, {**TEXT, "HX-Redirect": "/login/"}, NEEDS),
        (READER, HTMX, 403, {**TEXT, "HX-Redirect": "/upgrade/"}, LACKS),
        (None, API, 401, {**PROBLEM, "WWW-Authenticate": 'Session realm="site"'}, problem(401, "Unauthorized", NEEDS)),
        (READER, API, 403, PROBLEM, problem(403, "Forbidden", LACKS)),
    ],
)
def test_each_response_in_full(session, headers, status, told, body):
    response = get("/guarded/", session, headers=headers)
    assert (response.status_code, response.content.decode()) == (status, body)
    assert dict(response.headers) == {**told, **PRIVATE, "Content-Length": str(len(body))}


def unavailable(request):
    raise SessionUnavailable


LATER = "The session cannot be looked up at the moment. Please try again later."


@override_settings(SESSIONKIT_SOURCE=unavailable)
@pytest.mark.parametrize(
    ("headers", "told", "body"),
    [
        (HTMX, TEXT, LATER),
        (API, PROBLEM, problem(503, "Service Unavailable", LATER)),
    ],
)
def test_each_response_in_full_if_the_session_is_unknown_for_now(headers, told, body):
    response = get("/guarded/", headers=headers)
    assert (response.status_code, response.content.decode()) == (503, body)
    found = dict(response.headers)
    assert found.pop("Vary") == "Cookie, Authorization"  # as for every function that is a source
    kept = {"Cache-Control": "no-store", "Retry-After": "10", "Content-Length": str(len(body))}
    assert found == {**told, **kept}


@override_settings(SESSIONKIT_SOURCE=unavailable)
def test_the_page_if_the_session_is_unknown_for_now():
    response = get("/guarded/")
    assert (response.status_code, response["Retry-After"], response["Cache-Control"]) == (503, "10", "no-store")
    assert f"<h1>Service Unavailable</h1><p>{LATER}</p>" in response.content.decode()
    with override_settings(DEBUG=True):
        response = get("/guarded/")
        assert (response.status_code, response["Retry-After"]) == (503, "10")
        assert "<h1>503: session unknown for now</h1>" in response.content.decode()
