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
from django_sessionkit.access import AccessPolicy, effective
from django_sessionkit.policy.roles import RoleHierarchy, parse_roles

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


_TWICE = ": a role is declared twice, under names that are equal after Unicode normalization"


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (["admin"], ": must be a dict of role names and their dicts"),
        ({"admin": ["users:manage"]}, '[\'admin\']: must be a dict with "inherits" and "permissions"'),
        ({" ": {}}, "[' ']: a role name must be a non-blank string"),
        ({1: {}}, "[1]: a role name must be a non-blank string"),
        ({"a\n": {}}, "['a\\n']: a role name must not contain control characters or lone surrogates"),
        ({"caf\u00e9": {}, "cafe\u0301": {}}, _TWICE),
        ({"a": {"inherit": ["b"]}}, '[\'a\']: unknown key "inherit"; did you mean "inherits"?'),
        ({"a": {"permission": ["b"]}}, '[\'a\']: unknown key "permission"; did you mean "permissions"?'),
        ({"a": {"permissions": "posts:write"}}, "['a']['permissions']: must be a list of names; write [\"name\"]"),
        ({"a": {"permissions": [""]}}, "['a']['permissions']: names must be non-blank strings"),
        (
            {"a": {"permissions": ["posts\u200b"]}},
            "['a']['permissions']: names must not contain invisible format characters",
        ),
        (
            {"admin": {"inherits": ["editr"]}, "editor": {}},
            '[\'admin\']: inherits the unknown role "editr"; did you mean "editor"?',
        ),
        (
            {"a": {"inherits": ["b"]}, "b": {"inherits": ["a"]}},
            "['a']: inherits itself through \"b\"; remove one of the two",
        ),
        ({"a": {"inherits": ["a"]}}, "['a']: inherits itself through \"a\"; remove one of the two"),
    ],
)
def test_a_wrong_roles_map_says_where_and_what(raw, fault):
    with pytest.raises(ImproperlyConfigured) as raised:
        parse_roles(raw, "SESSIONKIT_ROLES")
    assert str(raised.value) == f"SESSIONKIT_ROLES{fault}"


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


@pytest.mark.parametrize("wildcards", [True, False])
def test_grants_do_not_hold_the_wildcard_that_they_were_given(wildcards):
    session = validate_session({"user_id": "1", "permissions": ["posts:*", "posts:read"]})
    grants = AccessPolicy(wildcards=wildcards).grants(session)
    assert grants.permissions == {"posts:*", "posts:read"}
    assert not grants.has_permission("posts:*")
    assert grants.has_permission("posts:read")


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


@pytest.mark.django_db
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


def odd(method, answer):
    """Return a policy whose ``method`` returns ``answer``."""
    return type("Odd", (AccessPolicy,), {method: lambda self, session: answer})()


@pytest.mark.parametrize("answer", [None, "admin", 7, [1]])
@pytest.mark.parametrize("method", ["get_roles", "get_permissions", "effective_roles"])
def test_a_policy_that_answers_oddly_denies(method, answer, caplog):
    session = validate_session({"user_id": "1", "role": "a", "permissions": ["a"]})
    for requirement in (Role("a"), ~Role("b"), Permission("a")):
        assert requirement.check(session, odd(method, answer)).failed
    assert "TypeError" in caplog.text
    with pytest.raises(TypeError, match=rf"^AccessPolicy\.{method}\(\) must return an iterable of strings$"):
        odd(method, answer).grants(session)


@pytest.mark.parametrize("method", ["get_roles", "get_permissions", "effective_roles"])
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("a\n", "control characters or lone surrogates"),
        ("a\ud800", "control characters or lone surrogates"),
        ("a\u200b", "invisible format characters"),
    ],
)
def test_a_policy_that_returns_a_name_that_no_session_may_have_denies(method, name, fault):
    session = validate_session({"user_id": "1", "role": "a"})
    assert Role("a").check(session, odd(method, ["a", name])).failed
    with pytest.raises(ValueError, match=rf"^AccessPolicy\.{method}\(\) returned a name that contains {fault}$"):
        odd(method, ["a", name]).grants(session)


@pytest.mark.parametrize("method", ["get_roles", "effective_roles"])
def test_names_that_a_policy_returns_are_compared_in_nfc(method):
    session = validate_session({"user_id": "1"})
    assert Role("caf\u00e9").check(session, odd(method, ["cafe\u0301"]))


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


@pytest.mark.parametrize("wildcards", [True, False])
def test_a_policy_finds_its_own_grants_again(wildcards):
    policy = AccessPolicy(RoleHierarchy(ROLES), wildcards=wildcards)
    session = validate_session({"user_id": "1", "role": "editor", "permissions": ["x"]})
    assert policy.cached_grants(session) is None
    grants = policy.grants(session)
    assert (grants.roles, grants.permissions) == ({"editor", "reader"}, {"posts:write", "posts:read", "x"})
    assert policy.grants(session) is policy.cached_grants(session) is grants
    assert AccessPolicy().cached_grants(session) is None


@pytest.mark.parametrize(("more", "is_shared"), [(0, True), (1, False)])
def test_sessions_with_equal_rights_share_their_grants_unless_these_are_long(more, is_shared):
    names = [f"{number:0200}" for number in range(98)]
    rights = {"role": "r" * 100, "roles": ["s" * 100], "permissions": [*names, "p" * (200 + more)]}
    one, other = (validate_session({"user_id": user, **rights}) for user in "12")
    policy = AccessPolicy()
    assert sum(map(len, [*one.roles, *one.permissions])) == 20_000 + more
    assert (policy.grants(one) is policy.grants(other)) is is_shared
    assert policy.grants(one).permissions == policy.grants(other).permissions


def test_only_a_policy_that_overrides_a_method_is_called_as_a_flow_and_once():
    plain, session = AccessPolicy(), validate_session({"user_id": "1", "role": "a"})
    assert (plain.overrides_grants, list(effective(plain, session))) == (False, [])
    methods = dict.fromkeys(("get_roles", "get_permissions", "effective_roles"), lambda self, session: {"a"})
    every = type("Every", (AccessPolicy,), {**methods, "grants": lambda self, session: plain.grants(session)})
    assert every().overrides_grants
    for policy in (odd("get_roles", ["a"]), odd("get_permissions", ["a"]), odd("effective_roles", ["a"])):
        assert len(list(effective(policy, session))) == 1
        policy.grants(session)
        assert list(effective(policy, session)) == []


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
