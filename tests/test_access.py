from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from django_sessionkit import (
    Allow,
    Permission,
    Public,
    Role,
    aevaluate,
    evaluate,
    has_permission,
    has_role,
    use_session,
    validate_session,
)
from django_sessionkit.access import AccessPolicy, RoleHierarchy, parse_roles

ROLES = {
    "admin": {"inherits": ["editor"], "permissions": ["users:manage"]},
    "editor": {"inherits": ["reader"], "permissions": ["posts:write"]},
    "reader": {"permissions": ["posts:read"]},
    "guest": {},
}


@override_settings(SESSIONKIT_ROLES=ROLES)
def test_a_role_inherits_roles_and_permissions():
    with use_session({"user_id": "1", "role": "admin"}):
        assert all(map(has_role, ["admin", "editor", "reader"]))
        assert all(map(has_permission, ["users:manage", "posts:write", "posts:read"]))
        assert not has_role("guest")
    with use_session({"user_id": "1", "role": "unknown", "roles": ["reader"]}):
        assert has_permission("posts:read")
        assert not has_permission("posts:write")
        assert has_role("unknown")


def test_a_diamond_of_roles_is_no_cycle():
    roles = parse_roles(
        {"a": {"inherits": ["b", "c"]}, "b": {"inherits": ["d"]}, "c": {"inherits": ["d"]}, "d": {}}, ""
    )
    assert roles.expand(["a"]) == {"a", "b", "c", "d"}


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (["admin"], "must be a dict of role name"),
        ({"admin": ["users:manage"]}, "'admin'.*must be a dict"),
        ({" ": {}}, "non-blank"),
        ({1: {}}, "non-blank"),
        ({"a": {"inherit": ["b"]}}, 'unknown key "inherit"; did you mean "inherits"'),
        ({"a": {"permissions": "posts:write"}}, "list of names; write ..name"),
        ({"a": {"permissions": [""]}}, "non-blank"),
        ({"admin": {"inherits": ["editr"]}, "editor": {}}, 'unknown role "editr"; did you mean "editor"'),
        ({"a": {"inherits": ["b"]}, "b": {"inherits": ["a"]}}, r"'a'\]: inherits itself through \"b\""),
        ({"a": {"inherits": ["a"]}}, "inherits itself"),
    ],
)
def test_a_wrong_roles_map_says_where_and_what(raw, fault):
    with pytest.raises(ImproperlyConfigured, match=fault):
        parse_roles(raw, "SESSIONKIT_ROLES")


@pytest.mark.parametrize(
    ("granted", "asked", "is_held"),
    [
        ("posts:*", "posts:write", True),
        ("posts:*", "posts:write:own", True),
        ("posts:*", "posts", False),
        ("posts:*", "post:write", False),
        ("*", "anything", True),
        ("*", "any:thing", True),
        ("*:write", "posts:write", True),
        ("*:write", "posts:own:write", False),
        ("posts:*:own", "posts:write:own", True),
        ("posts:*:own", "posts:write", False),
        ("posts:*:own", "posts:write:all", False),
        ("posts:*:own", "posts:a:b:own", False),
        ("pos*", "posts", False),
        ("posts:write", "posts:write", True),
    ],
)
def test_wildcards_in_granted_permissions(granted, asked, is_held):
    session = validate_session({"user_id": "1", "permissions": [granted]})
    assert Permission(asked).check(session, AccessPolicy(wildcards=True)).allowed is is_held
    assert Permission(asked).check(session, AccessPolicy()).allowed is (granted == asked)


@pytest.mark.parametrize("wildcards", [True, False])
def test_a_role_with_a_star_has_every_permission(wildcards):
    policy = AccessPolicy(
        RoleHierarchy({"root": {"permissions": ["*"]}, "owner": {"inherits": ["root"]}}), wildcards=wildcards
    )
    for role, own, is_held in (("root", [], True), ("owner", [], True), ("x", [], False), ("x", ["*"], wildcards)):
        session = validate_session({"user_id": "1", "role": role, "permissions": own})
        for name in ("posts:write", "shop.view_order", "a"):
            assert Permission(name).check(session, policy).allowed is is_held
        assert policy.grants(session).has_every_permission is is_held
    other = AccessPolicy(RoleHierarchy({"root": {"permissions": ["posts:*"]}}), wildcards=False)
    assert not Permission("posts:write").check(validate_session({"user_id": "1", "role": "root"}), other)


class Narrowing(AccessPolicy):
    def get_permissions(self, session):
        return [name for name in super().get_permissions(session) if name != "*"]


def test_a_policy_may_take_the_star_away():
    policy = Narrowing(RoleHierarchy({"root": {"permissions": ["*", "posts:read"]}}))
    session = validate_session({"user_id": "1", "role": "root"})
    assert Permission("posts:read").check(session, policy)
    assert not Permission("posts:write").check(session, policy)


@override_settings(SESSIONKIT_WILDCARD_PERMISSIONS=True)
def test_a_wildcard_that_is_asked_for_is_held_by_nobody(caplog):
    with use_session({"user_id": "1", "permissions": ["*", "posts:*"]}):
        assert not has_permission("posts:*")
    assert "a required permission cannot have a wildcard" in caplog.text


class GroupPolicy(AccessPolicy):
    """A policy that queries the database, counts the queries, and changes the results."""

    calls = 0

    def get_roles(self, session):
        type(self).calls += 1
        return [*super().get_roles(session), *Group.objects.values_list("name", flat=True)]

    def get_permissions(self, session):
        return {*super().get_permissions(session), "from:policy"}


@pytest.mark.django_db
@override_settings(SESSIONKIT_ROLES=ROLES, SESSIONKIT_ACCESS_POLICY=GroupPolicy)
def test_a_policy_may_add_roles_which_then_inherit():
    Group.objects.create(name="editor")
    with use_session({"user_id": "1"}):
        GroupPolicy.calls = 0
        assert has_role("reader")
        assert has_permission("posts:write")
        assert has_permission("from:policy")
        assert 0 < GroupPolicy.calls <= 2


@pytest.mark.django_db(transaction=True)
@override_settings(SESSIONKIT_ROLES=ROLES, SESSIONKIT_ACCESS_POLICY=GroupPolicy)
def test_a_policy_may_use_the_database_under_asgi():
    Group.objects.create(name="editor")
    with use_session({"user_id": "1"}):
        assert async_to_sync(aevaluate)(Role("reader") & Permission("posts:write"))


class CheckingPolicy(AccessPolicy):
    def check(self, requirement, session, request):
        if requirement == Role("root"):
            return False
        if requirement == Permission("magic"):
            return True
        if requirement == Permission("odd"):
            return "yes"
        if requirement == Permission("boom"):
            raise ValueError
        return None


class AsyncCheckingPolicy(AccessPolicy):
    async def check(self, requirement, session, request):
        return CheckingPolicy().check(requirement, session, request)


@pytest.mark.parametrize("policy", [CheckingPolicy, AsyncCheckingPolicy])
@pytest.mark.parametrize("session", [{"user_id": "1", "role": "root"}, None])
def test_a_policy_sees_every_leaf(policy, session):
    with override_settings(SESSIONKIT_ACCESS_POLICY=policy), use_session(session):
        for ask in (evaluate, async_to_sync(aevaluate)):
            assert ask(Permission("magic"))
            assert ask(Permission("magic") & Public())
            assert not ask(Role("root"))
            assert ask(Public())
            assert ask(Permission("odd")).failed
            assert ask(Permission("boom")).failed
            assert not ask(~Permission("boom"))
            assert ask(~Role("root")).allowed is (session is not None)


def test_a_refusal_by_the_policy_is_named():
    session = validate_session({"user_id": "1", "role": "root"})
    decision = Role("root").check(session, CheckingPolicy())
    assert (decision.reason, str(decision)) == ("policy", "refused by the access policy")


@pytest.mark.parametrize("answer", [None, "admin", 7, [1]])
@pytest.mark.parametrize("method", ["get_roles", "get_permissions"])
def test_a_policy_that_answers_oddly_denies(method, answer, caplog):
    policy = type("Odd", (AccessPolicy,), {method: lambda self, session: answer})()
    session = validate_session({"user_id": "1", "role": "a", "permissions": ["a"]})
    for requirement in (Role("a"), ~Role("b"), Permission("a")):
        assert requirement.check(session, policy).failed
    assert "TypeError" in caplog.text


def test_grants_are_computed_once_per_session_value():
    calls = []

    class Counting(AccessPolicy):
        def get_roles(self, session):
            calls.append(session)
            return super().get_roles(session)

    policy = Counting(RoleHierarchy(ROLES))
    session = validate_session({"user_id": "1", "role": "editor"})
    for _ in range(3):
        assert (Role("reader") & Permission("posts:write")).check(session, policy)
    assert len(calls) <= 2
    assert isinstance(policy.grants(session).roles, frozenset)


def test_a_policy_that_overrides_nothing_has_no_opinion():
    session = validate_session({"user_id": "1", "role": "admin"})
    assert AccessPolicy().check(Role("admin"), session, None) is None


def test_two_policies_do_not_share_grants():
    session = validate_session({"user_id": "1", "role": "admin"})
    assert not Role("reader").check(session)
    assert Role("reader").check(session, AccessPolicy(RoleHierarchy(ROLES)))
    assert not Role("reader").check(session)


def test_an_allow_is_asked_every_time():
    answers = iter([True, False])
    requirement = Allow(lambda session: next(answers))
    session = validate_session({"user_id": "1"})
    assert [requirement.check(session).allowed for _ in range(2)] == [True, False]


class ByPlan(AccessPolicy):
    """A policy that overrides more than the three methods meant for it."""

    def effective_roles(self, session):
        return super().effective_roles(session) | ({"premium"} if session.get("plan") else set())


def test_sessions_with_the_same_rights_are_not_alike_for_a_policy_that_looks_at_more():
    with override_settings(SESSIONKIT_ACCESS_POLICY=ByPlan):
        for data, expected in (({"plan": "gold"}, True), ({}, False), ({"plan": "gold"}, True)):
            with use_session({"user_id": "1", "role": "reader", **data}):
                assert has_role("premium") is expected
