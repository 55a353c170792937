"""The session data for scripts: the user, the rights, the chosen fields, and nothing else."""

from __future__ import annotations

import json
import re

import pytest
from asgiref.sync import async_to_sync
from django.http import JsonResponse
from django.template import engines
from django.test import override_settings
from django.urls import path
from support.sessions import EDITOR, abrowser, browser

from django_sessionkit import asession_public, has_permission, session_public, use_session
from django_sessionkit.access import AccessPolicy
from django_sessionkit.context_processors import sessionkit
from django_sessionkit.exceptions import AsyncRequired


class Urls:
    def __init__(self, *patterns):
        self.urlpatterns = [*patterns]


def view(request):
    return JsonResponse(session_public("plan"), safe=False)


async def aview(request):
    return JsonResponse(await asession_public("plan"), safe=False)


async def hasty_view(request):
    return JsonResponse(session_public(), safe=False)


SITE = override_settings(ROOT_URLCONF=Urls(path("me/", view), path("ame/", aview), path("hasty/", hasty_view)))
RIGHTS = {"user_id": "2", "roles": ["editor", "staff"], "permissions": ["posts:read", "posts:write"]}


def test_it_holds_the_rights_and_nothing_that_was_not_chosen():
    with use_session(EDITOR):
        assert session_public() == RIGHTS


def test_chosen_fields_are_added_and_replace_no_right():
    with use_session({**EDITOR, "plan": {"name": "free"}}):
        assert session_public("plan", "role", "roles", "missing") == {
            **RIGHTS,
            "plan": {"name": "free"},
            "role": "editor",
            "missing": None,
        }


@pytest.mark.parametrize("ask", [session_public, async_to_sync(asession_public)])
@pytest.mark.parametrize(("wildcards", "shown"), [(False, ["posts:read"]), (True, ["*", "news:*", "posts:read"])])
def test_a_wildcard_that_grants_nothing_is_not_shown(ask, wildcards, shown):
    """A script takes ``"*"`` for every permission, so it must not see it where ``has_permission()`` is false."""
    own = {"user_id": "1", "permissions": ["*", "news:*", "posts:read"]}
    with override_settings(SESSIONKIT_WILDCARD_PERMISSIONS=wildcards), use_session(own):
        assert ask()["permissions"] == shown
        assert has_permission("any:thing") is wildcards
        assert sessionkit(None)["sessionkit"]["permissions"] == shown


@pytest.mark.parametrize("wildcards", [False, True])
def test_the_permission_of_a_role_that_grants_everything_is_shown(wildcards):
    roles = {"boss": {"permissions": ["*", "news:*"]}}
    shown = ["*", "news:*"] if wildcards else ["*"]
    settings = override_settings(SESSIONKIT_ROLES=roles, SESSIONKIT_WILDCARD_PERMISSIONS=wildcards)
    with settings, use_session({"user_id": "1", "role": "boss"}):
        assert session_public()["permissions"] == shown


@pytest.mark.parametrize(("field", "kind"), [(["plan"], "list"), (None, "NoneType"), (b"plan", "bytes")])
@pytest.mark.parametrize("session", [EDITOR, None])
@pytest.mark.parametrize("ask", [session_public, async_to_sync(asession_public)])
def test_a_field_that_is_no_string_is_refused(ask, session, field, kind):
    wanted = rf'session_public\(\) takes names of fields, as in session_public\("plan"\), not {kind}\.$'
    with use_session(session), pytest.raises(TypeError, match=wanted):
        ask("plan", field)


def test_it_is_a_copy():
    with use_session({"user_id": "1", "plan": {"name": "free"}}):
        session_public("plan")["plan"]["name"] = "premium"
        assert session_public("plan")["plan"] == {"name": "free"}


def test_without_a_session_there_is_none():
    assert session_public("plan") is None
    with use_session(None):
        assert session_public("plan") is None


def test_rights_are_those_that_has_role_sees():
    roles = {"editor": {"inherits": ["author"]}, "author": {"permissions": ["posts:write"]}}
    with override_settings(SESSIONKIT_ROLES=roles), use_session({"user_id": "1", "role": "editor"}):
        assert session_public() == {"user_id": "1", "roles": ["author", "editor"], "permissions": ["posts:write"]}


class Broken(AccessPolicy):
    def get_roles(self, session):
        raise LookupError(session.user_id)


def test_where_the_policy_raises_no_right_is_shown(caplog):
    with override_settings(SESSIONKIT_ACCESS_POLICY=Broken), use_session({"user_id": "1", "role": "editor"}):
        assert session_public() == {"user_id": "1", "roles": [], "permissions": []}
    assert caplog.messages == ["the access policy raised LookupError. No rights are shown."]


@SITE
def test_a_view_and_an_async_view_are_told_the_same():
    data = {"user_id": "1", "plan": "free"}
    told = {"user_id": "1", "plan": "free", "roles": [], "permissions": []}
    assert browser(data).get("/me/").json() == told
    assert async_to_sync(abrowser(data).get)("/ame/").json() == told
    assert browser().get("/me/").json() is None


@SITE
def test_on_an_event_loop_it_names_the_async_twin():
    with pytest.raises(AsyncRequired, match=r"await asession_public\("):
        async_to_sync(abrowser({"user_id": "1"}).get)("/hasty/")


def rendered(source, data):
    with use_session(data):
        return engines["django"].from_string("{% load sessionkit %}" + source).render({"wanted": "plan"})


def test_the_tag_writes_a_script_that_no_value_can_end():
    shown = rendered('{% sessionkit_json wanted id="me" %}', {"user_id": "</script><b>", "plan": "&<!--"})
    found = re.fullmatch(r'<script id="me" type="application/json">([^<>&]*)</script>', shown)
    assert json.loads(found[1]) == {"plan": "&<!--", "user_id": "</script><b>", "roles": [], "permissions": []}


def test_the_tag_has_an_id_of_its_own_and_tells_the_anonymous_apart():
    assert rendered("{% sessionkit_json %}", None) == '<script id="sessionkit" type="application/json">null</script>'
