"""An admin of the example site acts as somebody else."""

from __future__ import annotations

import re

import httpx
import pytest
from support import example_site as site
from support.example_site import Site
from support.visitors import LOGIN, NAMES, SESSION_COOKIE, send, sign_in, signed_in, visitor

PEOPLE, ACT_AS, STOP = "/admin-area/", "/admin-area/act-as/", "/account/stop-acting/"
BANNER = "You act as"
MINUTES_AGO = """
from importlib import import_module
from django.conf import settings
store = import_module(settings.SESSION_ENGINE).SessionStore("{key}")
store["__session__"] = {{**store["__session__"], "auth_time": store["__session__"]["auth_time"] - 60 * {minutes}}}
store.save()
"""


def key_of(page: str, name: str) -> str:
    """The primary key of a person, from the page of the admin."""
    found = re.search(rf'people/(\d+)/sign-out/" aria-label="Sign out {NAMES[name]}"', page)
    assert found is not None
    return found[1]


def act_as(client: httpx.Client, name: str) -> httpx.Response:
    return send(client, PEOPLE, {"user_pk": key_of(client.get(PEOPLE).text, name)}, to=ACT_AS)


def opens(url: str, key: str) -> bool:
    with visitor(url, key) as client:
        return client.get("/account/session/").status_code == 200


def pass_minutes(site_: Site, client: httpx.Client, minutes: int) -> None:
    code = MINUTES_AGO.format(key=client.cookies[SESSION_COOKIE], minutes=minutes)
    site.manage("shell", "-c", code, env=site_.env)


def test_acting_ends_with_the_session_of_the_admin_and_each_step_has_a_new_key(url: str) -> None:
    with signed_in(url, "admin") as client:
        keys = [client.cookies[SESSION_COOKIE]]
        assert act_as(client, "reader").headers["Location"] == "/dashboard/"
        keys.append(client.cookies[SESSION_COOKIE])
        assert "You act as Robin Reader." in client.get("/dashboard/").text
        assert client.get("/articles/new/").status_code == 403
        assert send(client, "/dashboard/", {}, to=STOP).headers["Location"] == PEOPLE
        keys.append(client.cookies[SESSION_COOKIE])
        page = client.get(PEOPLE)
    assert (page.status_code, BANNER in page.text) == (200, False)
    assert [opens(url, key) for key in keys] == [False, False, True]
    assert len(set(keys)) == 3


def test_what_has_to_be_done_in_person_is_closed_while_acting(url: str) -> None:
    with signed_in(url, "reader") as reader:
        assert send(reader, "/upgrade/", {"plan": "free"}, to="/account/plan/").status_code == 302
    with signed_in(url, "admin") as client:
        act_as(client, "reader")
        assert send(client, "/upgrade/", {"plan": "free"}, to="/account/plan/").status_code == 403
        assert client.get("/account/confirm/").status_code == 403
        assert send(client, "/dashboard/", {"user_pk": "1"}, to=ACT_AS).status_code == 403


def test_only_an_admin_acts_and_never_as_an_admin(url: str) -> None:
    with signed_in(url, "admin") as admin, signed_in(url, "editor") as editor:
        people = admin.get(PEOPLE).text
        assert people.count('aria-label="Act as ') == len(NAMES) - 1
        himself, somebody = ({"user_pk": key_of(people, name)} for name in ("admin", "reader"))
        assert send(admin, PEOPLE, himself, to=ACT_AS).status_code == 403
        assert admin.post(ACT_AS, data=somebody).status_code == 403  # without a CSRF token
        assert admin.get(ACT_AS).status_code == 405
        for key in ("0", "9" * 30, "x"):
            assert send(admin, PEOPLE, {"user_pk": key}, to=ACT_AS).status_code == 404
        assert send(editor, "/dashboard/", somebody, to=ACT_AS).status_code == 403
        assert send(editor, "/dashboard/", {}, to=STOP).status_code == 403  # nobody acts as the editor
        assert BANNER not in admin.get(PEOPLE).text + editor.get("/dashboard/").text


def test_the_audit_trail_has_the_user_and_the_person_who_acts(uvicorn_site: Site) -> None:
    before = len(uvicorn_site.server.output())
    with signed_in(uvicorn_site.url, "admin") as client:
        act_as(client, "reader")
        client.get("/articles/new/")
        send(client, "/dashboard/", {}, to=STOP)
    trail = uvicorn_site.server.output()[before:]
    (begun,) = re.findall(r"event=acting_started .* (name=\w+ by=\w+)\n", trail)
    (ended,) = re.findall(r"event=acting_ended .* (name=\w+ by=\w+)\n", trail)
    ((user, actor),) = re.findall(r"event=access_denied .* user=(\w+) actor=(\w+) status=403", trail)
    registered = re.findall(r"event=session_registered .* user=(\w+)\n", trail)
    assert begun == ended
    assert registered == [actor, user, actor]


@pytest.mark.parametrize(("minutes", "target"), [(9, "/dashboard/"), (12, f"/account/confirm/?next={PEOPLE}")])
def test_acting_needs_a_recent_login(uvicorn_site: Site, minutes: int, target: str) -> None:
    with signed_in(uvicorn_site.url, "admin") as client:
        client.headers["Referer"] = f"{uvicorn_site.url}{PEOPLE}"
        pass_minutes(uvicorn_site, client, minutes)
        assert act_as(client, "reader").headers["Location"] == target


def test_acting_ends_by_itself_after_half_an_hour(uvicorn_site: Site) -> None:
    with signed_in(uvicorn_site.url, "admin") as client:
        act_as(client, "reader")
        pass_minutes(uvicorn_site, client, 29)
        assert client.get("/dashboard/").status_code == 200
        pass_minutes(uvicorn_site, client, 2)
        # Django's login of the reader stays, but gives no session: not to the reader, nor to the admin.
        assert [client.get("/dashboard/").status_code for _ in range(3)] == [302, 403, 403]
        assert send(client, LOGIN, {}, to=STOP).status_code == 403
        assert sign_in(client, "admin").status_code == 302
        assert client.get(PEOPLE).status_code == 200
        assert BANNER not in client.get("/dashboard/").text


def test_signing_the_person_out_ends_the_session_of_those_who_act(url: str) -> None:
    with signed_in(url, "admin") as client, signed_in(url, "admin") as other:
        act_as(client, "reader")
        assert client.get("/dashboard/").status_code == 200
        key = key_of(other.get(PEOPLE).text, "reader")
        assert send(other, PEOPLE, {}, to=f"/admin-area/people/{key}/sign-out/").status_code == 302
        assert client.get("/dashboard/").status_code == 302
