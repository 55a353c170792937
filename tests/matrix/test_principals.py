"""Callers, as given on the command line."""

from __future__ import annotations

import pytest
from django.test import override_settings
from django.urls import path

from django_sessionkit import Role, Within, validate_session
from django_sessionkit.matrix import policy_matrix
from django_sessionkit.matrix.principals import ANONYMOUS, default_principals, parse_claims, parse_principal

GOOD = [
    ("role=editor", {"role": "editor"}),
    ("role=a,role=b,roles=c", {"role": "a", "roles": ["b", "c"]}),
    ("roles=a,b, c,permissions=x,y", {"roles": ["a", "b", "c"], "permissions": ["x", "y"]}),
    (" permission = posts:write , permission=x ", {"permissions": ["posts:write", "x"]}),
    ("auth_time=7,amr=otp,hwk", {"auth_time": 7, "amr": ["otp", "hwk"]}),
    ("user_id=7,act=1", {"user_id": "7", "act": {"user_id": "1"}}),
    ("user_id=7,email=a@example.org", {"user_id": "7", "email": "a@example.org"}),
    ("plan=premium,age=3,on=true,a=b=c", {"plan": "premium", "age": 3, "on": True, "a": "b=c"}),
    ("custom.rolle=x", {"rolle": "x"}),
    ("acme/", {"tenants": {"acme": {}}}),
    ("acme/role=editor", {"tenants": {"acme": {"roles": ["editor"]}}}),
    (
        "acme/role=a,role=b,permission=x,user_id=7",
        {"user_id": "7", "tenants": {"acme": {"roles": ["a", "b"], "permissions": ["x"]}}},
    ),
    ("acme/permission=a/b", {"tenants": {"acme": {"permissions": ["a/b"]}}}),
    ("user_id=a/b,plan=c/d", {"user_id": "a/b", "plan": "c/d"}),
]


@pytest.mark.parametrize(("text", "expected"), GOOD)
def test_pairs_become_a_valid_session_dict(text, expected):
    assert parse_claims(text) == expected
    assert validate_session({"user_id": "1", **parse_claims(text)})
    assert parse_principal(text).session["user_id"] == expected.get("user_id", "someone")


def test_anonymous_is_a_word():
    assert parse_principal("anonymous") is ANONYMOUS


BAD = [
    ("rol=editor", 'unknown key "rol"; did you mean "role"? For a custom field of that name, write custom.rol'),
    ("permision=x", 'did you mean "permission"?'),
    ("Role=x", 'did you mean "role"?'),
    ("editor", '"editor" is not a key=value pair'),
    ("user_id=1,2", '"2" is not a key=value pair'),
    ("role=", '"role=" is not a key=value pair'),
    ("=x", '"=x" is not a key=value pair'),
    ("", '"" is not a key=value pair'),
    ("role=a,,role=b", '"" is not a key=value pair'),
    ("user_id=1,user_id=2", '"user_id" is given twice'),
    ("plan=a,plan=b", '"plan" is given twice'),
    ("user_id=" + 300 * "x", "user_id: "),
    ("/role=a", "tenants: has a blank id"),
    ("acme/rol=a", 'did you mean "role"?'),
    ("acme/editor", '"editor" is not a key=value pair'),
]


@pytest.mark.parametrize(("text", "complaint"), BAD)
def test_a_wrong_pair_is_named_with_the_nearest_key(text, complaint):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        parse_principal(text)
    assert complaint in str(caught.value)


def test_a_caller_in_a_tenant_has_it_as_the_current_one():
    assert parse_principal("acme/role=editor").session.tenant == "acme"
    assert parse_principal("role=editor").session.tenant is None


def test_what_is_required_in_a_tenant_adds_callers_there():
    rules = [
        {"pattern": "/members/", "authenticated": True, "within": True},
        {"pattern": "/editors/", "roles": ["editor", "x" * 200], "within": True},
    ]
    with override_settings(SESSIONKIT_PROTECT=rules):
        callers = default_principals([])
    assert [one.name for one in callers] == [
        "anonymous",
        "any session",
        "editor",
        "tenant/",
        "tenant/role=editor",
    ]
    assert Within(Role("editor")).check(callers[-1].session)
    assert not Role("editor").check(callers[-1].session)


def test_the_matrix_shows_who_may_open_what_in_a_tenant():
    rules = [
        {"pattern": "/members/", "authenticated": True, "within": True},
        {"pattern": "/editors/", "role": "editor", "within": True},
        {"pattern": "/staff/", "role": "editor"},
        {"pattern": "/both/", "require": Within(Role("editor")) | Role("admin")},
    ]
    texts = ["role=editor", "acme/", "acme/role=editor"]
    with override_settings(SESSIONKIT_PROTECT=rules, ROOT_URLCONF=__name__):
        lines = policy_matrix([parse_principal(one) for one in texts]).lines
    assert {line.route: [one.outcome for one in line.squares] for line in lines} == {
        "/members/": ["denied", "allowed", "allowed"],
        "/editors/": ["denied", "denied", "allowed"],
        "/both/": ["denied", "denied", "allowed"],
        "/staff/": ["allowed", "denied", "denied"],
    }


def view(request):
    """A view that the matrix does not call."""


urlpatterns = [path("members/", view), path("editors/", view), path("staff/", view), path("both/", view)]
