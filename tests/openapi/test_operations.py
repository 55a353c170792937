"""What an operation requires: by rules at all of its paths, and by its view."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.urls import path, re_path

from django_sessionkit import Authenticated, Nobody, Permission, Public, Role
from django_sessionkit.decorators import public
from django_sessionkit.openapi.operations import PolicyReader, ViewPolicy
from django_sessionkit.openapi.security import Elsewhere
from django_sessionkit.requirements import Factor, Recent

HIDES = frozenset([True])


def page(request, **kwargs):
    return HttpResponse("page")


def read(method="GET", view=None, number=0):
    reader = PolicyReader()
    return reader.of(reader.routes[number : number + 1], method, view or ViewPolicy())


def described(policy):
    operation = {"responses": {"200": {"description": "OK"}}}
    policy.describe(operation)
    return operation


@pytest.fixture
def urls(settings):
    settings.ROOT_URLCONF = (
        path("notes/<slug:name>/", page, name="note"),
        path("login/", page, name="login"),
        path("open/", public(page), name="open"),
        re_path(r"^shop/(.*)/reviews/$", page, name="reviews"),
    )
    settings.SESSIONKIT_LOGIN_URL = "/login/"


def test_without_a_rule_everyone_has_access(urls):
    policy = read()
    assert policy.is_open
    assert policy.security(with_names=True) == []
    assert described(policy) == {"responses": {"200": {"description": "OK"}}}


def test_a_rule_for_some_methods(urls, settings):
    settings.SESSIONKIT_PROTECT = [
        {"pattern": "/notes/**", "role": "editor", "methods": ["POST"]},
        {"pattern": "/notes/**", "authenticated": True, "methods": ["GET"]},
    ]
    assert described(read("GET"))["description"] == "Required: a session."
    assert described(read("POST"))["description"] == 'Required: the role "editor".'
    assert read("DELETE").is_open


def test_rule_and_view_are_joined_by_and(urls, settings):
    settings.SESSIONKIT_PROTECT = [{"view": "note", "permission": "notes:read"}]
    policy = read(view=ViewPolicy(Role("editor")))
    assert described(policy)["description"] == 'Required: the permission "notes:read" and the role "editor".'
    assert policy.security(with_names=True) == [{"sessionKit": ["editor", "notes:read"]}]
    assert policy.security(with_names=False) == [{"sessionKit": []}]


def test_the_same_requirement_is_named_once(urls, settings):
    settings.SESSIONKIT_PROTECT = [{"view": "note", "role": "editor"}]
    assert read(view=ViewPolicy(Role("editor"))).sentence() == 'Required: the role "editor".'


def test_paths_with_different_rules(urls, settings):
    settings.SESSIONKIT_PROTECT = [
        {"pattern": "/notes/secret", "role": "admin"},
        {"pattern": "/notes/news", "public": True},
        {"pattern": "/notes/**", "authenticated": True},
    ]
    policy = read(view=ViewPolicy(Permission("notes:read")))
    assert policy.sentence() == (
        'Required: a session and the permission "notes:read" for paths such as `/notes/x/`; the role "admin" and the '
        'permission "notes:read" for paths such as `/notes/secret/`; the permission "notes:read" for paths such as '
        "`/notes/news/`."
    )
    assert policy.security(with_names=True) == [{"sessionKit": ["notes:read"]}]
    assert not policy.is_open
    assert read().security(with_names=True) == [{"sessionKit": []}, {}]


def test_paths_that_are_not_known(urls, settings):
    settings.SESSIONKIT_PROTECT = [{"pattern": "/shop/a/**", "role": "admin"}, {"view": "reviews", "role": "editor"}]
    assert read(number=3).sentence().endswith(" Other paths may require something else.")


def test_the_global_default_and_what_it_exempts(urls, settings):
    settings.SESSIONKIT_GLOBAL_PROTECT = True
    assert read().sentence() == "Required: a session."
    assert read(number=1).is_open
    assert read(number=2).is_open
    settings.SESSIONKIT_EXCLUDE = ["note"]
    assert read().is_open


def test_an_operation_without_a_route_has_no_rule(urls, settings):
    settings.SESSIONKIT_GLOBAL_PROTECT = True
    assert PolicyReader().of([], "GET", ViewPolicy()).is_open


@pytest.mark.parametrize(
    ("rule", "view", "statuses"),
    [
        ({"role": "editor"}, ViewPolicy(), {"401", "403"}),
        ({"role": "editor", "on_deny": "not_found"}, ViewPolicy(), {"404"}),
        ({"role": "editor", "on_deny": "not_found"}, ViewPolicy(Role("admin")), {"401", "403", "404"}),
        ({"role": "editor"}, ViewPolicy(Role("admin"), hides=HIDES), {"401", "403", "404"}),
        ({"deny": True}, ViewPolicy(), {"403"}),
        ({"public": True}, ViewPolicy(Nobody()), {"403"}),
        ({"public": True}, ViewPolicy(Role("admin"), hides=HIDES), {"404"}),
    ],
)
def test_the_responses_to_a_denial(rule, view, statuses, urls, settings):
    settings.SESSIONKIT_PROTECT = [{"view": "note", **rule}]
    assert described(read(view=view))["responses"].keys() - {"200"} == statuses


@pytest.mark.parametrize("asks", [Recent(600), Role("admin") | Role("editor") & Factor("otp")])
def test_a_login_may_be_too_old_or_too_weak(asks, urls, settings):
    settings.SESSIONKIT_PROTECT = [{"view": "note", "require": asks}]
    assert described(read())["responses"]["401"]["description"].endswith("one that is too old or too weak.")
    settings.SESSIONKIT_PROTECT = [{"view": "note", "role": "admin"}]
    assert described(read())["responses"]["401"]["description"] == "The request has no valid login."


def test_some_paths_may_be_hidden(urls, settings):
    settings.SESSIONKIT_PROTECT = [
        {"pattern": "/notes/secret", "role": "admin", "on_deny": "not_found"},
        {"pattern": "/notes/**", "role": "editor"},
    ]
    assert described(read())["responses"].keys() == {"200", "401", "403", "404"}


def test_if_nobody_has_access_that_is_said(urls, settings):
    settings.SESSIONKIT_PROTECT = [{"view": "note", "deny": True}]
    assert read(view=ViewPolicy(Role("admin"))).sentence() == "Nobody has access."


def test_a_problem_is_only_shown_where_it_is_sent(urls, settings):
    settings.SESSIONKIT_PROTECT = [{"view": "note", "role": "editor"}]
    assert "content" in described(read(view=ViewPolicy(answers=False)))["responses"]["403"]
    policy = read(view=ViewPolicy(Role("admin"), answers=False))
    assert "content" not in described(policy)["responses"]["403"]
    assert not policy.refers_to_problem


def test_what_the_operation_says_itself_is_kept(urls, settings):
    settings.SESSIONKIT_PROTECT = [{"view": "note", "role": "editor"}]
    operation = {"description": "A note.", "responses": {200: {}, 401: {"description": "Log in first."}}}
    read().describe(operation)
    assert operation["description"] == 'A note.\n\nRequired: the role "editor".'
    assert operation["responses"][401] == {"description": "Log in first."}
    assert operation["responses"].keys() == {200, 401, 403}


def test_names_are_no_markup(urls, settings):
    settings.SESSIONKIT_PROTECT = [{"view": "note", "roles": ["<b>*x*</b>", "_a_b_", "[a](b)", "a`b\\"]}]
    assert read().sentence() == (r'Required: the role "\<b\>\*x\*\</b\>" or "\_a_b\_" or "\[a\](b)" or "a\`b\\".')


def test_an_operation_that_only_others_check_is_foreign(urls, settings):
    view = ViewPolicy(Elsewhere("a key"))
    assert read(view=view).is_foreign
    settings.SESSIONKIT_PROTECT = [{"view": "note", "authenticated": True}]
    assert not read(view=view).is_foreign
    assert not read(view=ViewPolicy(Public())).is_foreign
    assert read(view=view).sentence() == "Required: a session and a key."
    assert Authenticated() in [one.requirement for one in read(view=view).rules]
