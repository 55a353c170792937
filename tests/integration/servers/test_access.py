"""Access decisions through real servers, with their own parsing, threads and event loop."""

from __future__ import annotations

import html
import re

import httpx
import pytest
from support import example_site as site
from support.example_site import Site
from support.visitors import API, LOGIN, NAMES, SESSION_COOKIE, password, send, sign_in, signed_in, visitor

FORM = 'name="password"'
LIVE = "/live/events/"
EVENTS = {"Accept": "text/event-stream"}
LONG_AGO = """
from importlib import import_module
from django.conf import settings
store = import_module(settings.SESSION_ENGINE).SessionStore("{key}")
store["__session__"] = {{**store["__session__"], "auth_time": 0}}
store["_sessionkit_login"] = 0  # from which the bridge would create the dict again
store.save()
"""

AN_HOUR_AGO = """
from importlib import import_module
from django.conf import settings
store = import_module(settings.SESSION_ENGINE).SessionStore("{key}")
store["__session__"] = {{**store["__session__"], "auth_time": store["__session__"]["auth_time"] - 3600}}
store.save()
"""
CONFIRM = "/account/confirm/"


def test_an_anonymous_visitor_comes_back_to_the_page_he_asked_for(url: str) -> None:
    with visitor(url) as client:
        asked = client.get("/articles/?page=1")
        assert asked.status_code == 302
        assert asked.headers["Location"] == f"{LOGIN}?next=/articles/%3Fpage%3D1"
        answer = sign_in(client, "reader", then="/articles/?page=1")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/articles/?page=1")
        assert client.get("/articles/").status_code == 200


def test_a_next_on_another_site_is_not_followed(url: str) -> None:
    with visitor(url) as client:
        answer = sign_in(client, "reader", then="https://elsewhere.example/")
    assert answer.headers["Location"] == "/dashboard/"


@pytest.mark.parametrize("path", ["/admin-area/", "/admin-area/drafts", "/admin-area//", "/%61dmin-area/"])
def test_the_wrong_role_is_refused_and_never_sent_to_log_in(url: str, path: str) -> None:
    with signed_in(url, "reader") as client:
        answer = client.get(path)
    assert answer.status_code == 403
    assert "Location" not in answer.headers
    assert FORM not in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Cookie" in answer.headers["Vary"]


def test_production_does_not_explain_its_rules_to_a_visitor(url: str) -> None:
    with signed_in(url, "reader") as client:
        text = client.get("/admin-area/").text
    assert 'role "admin"' not in html.unescape(text)
    assert "admin-area" not in text


def test_the_right_role_gets_in(url: str) -> None:
    with signed_in(url, "admin") as client:
        assert client.get("/admin-area/").status_code == 200


def demote(page: str, name: str) -> str:
    found = re.search(rf'action="([^"]+/sign-out/)" aria-label="Sign out {name}"', page)
    assert found is not None
    return found[1].replace("sign-out", "demote")


def test_only_an_admin_demotes_and_never_himself(url: str) -> None:
    with signed_in(url, "admin") as admin, signed_in(url, "editor") as editor:
        people = admin.get("/admin-area/").text
        himself, somebody = (demote(people, NAMES[name]) for name in ("admin", "editor"))
        assert send(editor, "/dashboard/", {}, to=somebody).status_code == 403
        assert admin.post(somebody).status_code == 403  # without a CSRF token
        assert send(admin, "/admin-area/", {}, to=himself).status_code == 302
        assert admin.get("/admin-area/").status_code == 200
        assert editor.get("/articles/new/").status_code == 200


def test_a_predicate_sends_those_it_refuses_where_its_rule_says(url: str) -> None:
    with signed_in(url, "reader") as reader, signed_in(url, "editor") as editor:
        answer = reader.get("/premium/")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/upgrade/")
        assert editor.get("/premium/").status_code == 200


def test_a_suspended_account_sees_its_session_and_nothing_else(url: str) -> None:
    with signed_in(url, "suspended") as client:
        assert client.get("/account/session/").status_code == 200
        for path in ("/dashboard/", "/articles/"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["Location"]) == (302, "/suspended/")
        assert "Your account is suspended" in client.get("/suspended/").text
        assert client.post("/articles/new/").status_code == 403


@pytest.mark.parametrize("name", ["", "reader"])
def test_what_is_under_embargo_looks_like_a_page_that_does_not_exist(url: str, name: str) -> None:
    with signed_in(url, name) as client:
        known, slashless, unknown = map(client.get, ("/embargo/", "/embargo", "/embargo/none"))
    assert known.status_code == slashless.status_code == unknown.status_code == 404
    assert known.text == slashless.text == unknown.text


def test_an_article_is_edited_by_its_author_or_by_those_who_publish(url: str) -> None:
    """The link on the page and the page to edit follow the same requirement for the object."""
    edits: dict[str, set[str]] = {}
    for name in ("reader", "editor", "admin"):
        with signed_in(url, name) as client:
            for page in re.findall(r'href="(/articles/\d+/)"', client.get("/articles/").text):
                edit = client.get(f"{page}edit/")
                assert edit.status_code in (200, 403)
                assert (f'href="{page}edit/"' in client.get(page).text) is (edit.status_code == 200)
                edits.setdefault(page, set()).update([name] if edit.status_code == 200 else [])
            assert client.get("/articles/999999/edit/").status_code == (403 if name == "reader" else 404)
    assert {frozenset(names) for names in edits.values()} == {frozenset(["editor", "admin"]), frozenset(["admin"])}


def problem(answer: httpx.Response, status: int) -> bool:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    return bool(answer.json()["status"] == status)


def test_the_api_answers_in_its_own_language(url: str) -> None:
    with visitor(url) as anonymous, signed_in(url, "suspended") as suspended:
        refused = anonymous.get("/api/me/", headers=API)
        assert problem(refused, 401)
        assert "WWW-Authenticate" in refused.headers
        assert problem(suspended.get("/api/me/", headers=API), 403)
        assert anonymous.get("/api/health/").json() == {"status": "ok"}


def test_an_api_write_needs_the_right_and_the_csrf_token(url: str) -> None:
    with signed_in(url, "reader") as reader, signed_in(url, "editor") as editor:
        token = {"X-CSRFToken": reader.cookies["csrftoken"]}
        assert problem(reader.post("/api/articles/", json={}, headers={**API, **token}), 403)
        assert editor.post("/api/articles/", json={}, headers=API).status_code == 403
        token = {"X-CSRFToken": editor.cookies["csrftoken"]}
        assert editor.post("/api/articles/", json={}, headers={**API, **token}).status_code == 400


def test_htmx_is_sent_to_log_in_as_a_whole_page(url: str) -> None:
    with visitor(url) as client:
        headers = {"HX-Request": "true", "HX-Current-URL": f"{url}/dashboard/"}
        answer = client.get("/dashboard/latest/", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == f"{LOGIN}?next=/dashboard/"


def test_a_streamed_body_knows_whose_it_is(url: str) -> None:
    with signed_in(url, "editor") as editor, signed_in(url, "admin") as admin:
        published, everything = (c.get("/articles/export.csv").text for c in (editor, admin))
    assert len(published.splitlines()) < len(everything.splitlines())


def test_a_live_stream_ends_with_the_session(url: str) -> None:
    with signed_in(url, "editor") as client, client.stream("GET", LIVE, headers=EVENTS) as stream:
        lines = stream.iter_lines()
        assert "event: headlines" in lines
        assert '"drafts": ' in next(lines)
        assert "Set-Cookie" not in stream.headers  # keeping a page open does not count as use of the session
        with visitor(url, client.cookies[SESSION_COOKIE]) as elsewhere:
            send(elsewhere, "/account/session/", {}, to="/account/logout/")
        assert "event: signed-out" in lines
        assert client.get(LIVE, headers=EVENTS).status_code == 401


@pytest.mark.parametrize("name", ["", "reader"])
def test_a_public_page_touches_no_session(url: str, name: str) -> None:
    with signed_in(url, name) as client:
        answer = client.get("/about/")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert "cookie" not in answer.headers.get("Vary", "").lower()
    assert "public" in answer.headers["Cache-Control"]


def with_key(url: str, key: str) -> httpx.Response:
    with visitor(url, key) as client:
        return client.get("/account/session/")


def test_a_key_planted_before_log_in_opens_nothing(url: str) -> None:
    planted = "a" * 32
    with visitor(url, planted) as client:
        sign_in(client, "reader")
        new = client.cookies[SESSION_COOKIE]
    assert new != planted
    assert with_key(url, new).status_code == 200
    assert with_key(url, planted).status_code == 302


def test_logging_in_as_somebody_else_ends_the_session_before_it(url: str) -> None:
    with signed_in(url, "reader") as client:
        old = client.cookies[SESSION_COOKIE]
        sign_in(client, "editor")
        new = client.cookies[SESSION_COOKIE]
    assert with_key(url, old).status_code == 302
    assert with_key(url, new).status_code == 200


def test_logging_out_ends_the_session_for_every_copy_of_its_key(url: str) -> None:
    with signed_in(url, "reader") as client:
        key = client.cookies[SESSION_COOKIE]
        answer = send(client, "/account/session/", {}, to="/account/logout/")
        assert answer.status_code == 302
    assert with_key(url, key).status_code == 302


def test_a_log_in_that_is_too_long_ago_does_not_come_back(uvicorn_site: Site) -> None:
    with signed_in(uvicorn_site.url, "reader") as client:
        assert client.get("/dashboard/").status_code == 200
        site.manage("shell", "-c", LONG_AGO.format(key=client.cookies[SESSION_COOKIE]), env=uvicorn_site.env)
        # The stored dict is dropped. Django's login stays, but gives no valid session: 403 until it is renewed.
        assert [client.get("/dashboard/").status_code for _ in range(3)] == [302, 403, 403]
        assert sign_in(client, "reader").status_code == 302
        assert client.get("/dashboard/").status_code == 200


def test_five_wrong_passwords_close_the_door_for_a_while(url: str) -> None:
    with visitor(url) as client:
        answers = [sign_in(client, "nobody-here", secret="wrong") for _ in range(6)]
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_a_lock_is_for_one_name_only(url: str) -> None:
    with visitor(url) as client:
        for _ in range(6):
            sign_in(client, "nobody-else", secret="wrong")
        assert sign_in(client, "reader").status_code == 302


def test_who_publishes_or_demotes_enters_the_password_again(uvicorn_site: Site) -> None:
    with signed_in(uvicorn_site.url, "admin") as admin:
        page = "/admin-area/"
        himself = demote(admin.get(page).text, NAMES["admin"])
        admin.headers["Referer"] = f"{uvicorn_site.url}{page}"
        assert send(admin, page, {}, to=himself).headers["Location"] == page
        site.manage("shell", "-c", AN_HOUR_AGO.format(key=admin.cookies[SESSION_COOKIE]), env=uvicorn_site.env)
        for action in (himself, "/articles/999999/publish/"):
            answer = send(admin, page, {}, to=action)
            assert (answer.status_code, answer.headers["Location"]) == (302, f"{CONFIRM}?next={page}")
        assert "This is not your password." in send(admin, CONFIRM, {"password": "wrong", "next": page}).text
        assert send(admin, page, {}, to=himself).headers["Location"] == f"{CONFIRM}?next={page}"
        key, secret = admin.cookies[SESSION_COOKIE], password("admin")
        assert send(admin, CONFIRM, {"password": secret, "next": page}).headers["Location"] == page
        assert admin.cookies[SESSION_COOKIE] != key
        assert send(admin, page, {}, to=himself).headers["Location"] == page
        assert send(admin, CONFIRM, {"password": secret, "next": "//evil.example/"}).headers["Location"] == "/"
    with signed_in(uvicorn_site.url, "reader") as reader:
        assert send(reader, CONFIRM, {}, to=himself).status_code == 403
    with visitor(uvicorn_site.url) as nobody:
        assert nobody.get(CONFIRM).headers["Location"] == f"{LOGIN}?next={CONFIRM}"
