from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples

from django_sessionkit import Allow, Authenticated, Nobody, Permission, Public, Recent, Role, Within, validate_session
from django_sessionkit.access import AccessPolicy
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.policy.roles import RoleHierarchy
from django_sessionkit.requirements.check_input import CheckInput
from django_sessionkit.utils.sansio import run

TENANTS = {
    "acme": {"roles": ["editor"], "permissions": ["posts:write"]},
    "globex": {"roles": ["admin"]},
    "initech": {},
}
HIERARCHY = AccessPolicy(
    RoleHierarchy({"admin": {"inherits": ["editor"], "permissions": ["users:manage"]}, "editor": {}})
)


def session(tenant, **more):
    made = validate_session({"user_id": "1", "role": "owner", "permissions": ["site:all"], "tenants": TENANTS, **more})
    return made.in_tenant(tenant)


@pytest.mark.parametrize(
    ("tenant", "requirement", "allowed"),
    [
        ("acme", Within(Role("editor")), True),
        ("acme", Within(Role("admin")), False),
        ("acme", Within(Role("owner")), False),
        ("acme", Within(Permission("posts:write")), True),
        ("acme", Within(Permission("site:all")), False),
        ("acme", Role("editor"), False),
        ("acme", Role("owner") & Within(Role("editor")), True),
        ("acme", Within(~Role("admin")), True),
        ("acme", ~Within(Role("admin")), True),
        ("globex", Within(Role("editor")), True),
        ("globex", Within(Permission("users:manage")), True),
        ("globex", Permission("users:manage"), False),
        ("globex", Within(Permission("posts:write")), False),
        ("initech", Within(Authenticated()), True),
        ("initech", Within(Role("editor")), False),
        ("acme", Within(Within(Role("editor"))), True),
        ("acme", Within(Nobody()), False),
    ],
    ids=repr,
)
def test_rights_hold_in_one_tenant(tenant, requirement, allowed):
    assert requirement.check(session(tenant), HIERARCHY).allowed is allowed
    assert asyncio.run(requirement.acheck(session(tenant), HIERARCHY)).allowed is allowed


@pytest.mark.parametrize("tenant", [None, "unknown", "ACME", ""])
def test_without_a_tenant_of_the_session_it_fails(tenant):
    for asked in (Within(Role("editor")), Within(~Role("admin")), Within(Authenticated())):
        decision = asked.check(session(tenant), HIERARCHY)
        assert (decision.allowed, decision.failed, decision.reason) == (False, True, "no_tenant")
        assert not (~asked).check(session(tenant), HIERARCHY)
        assert asked.check(None).reason == "not_authenticated"


def test_a_function_sees_the_rights_in_the_tenant():
    seen = []
    Within(Allow(lambda one: seen.append((one.roles, one.tenant, one["user_id"])) or True)).check(session("acme"))
    assert seen == [(("editor",), "acme", "1")]


def test_a_session_without_tenants_has_none():
    plain = validate_session({"user_id": "1", "role": "owner"}).in_tenant("acme")
    assert Within(Role("owner")).check(plain).reason == "no_tenant"


def test_what_cannot_be_asked_within_a_tenant():
    public = "Within: Public() needs no tenant; write Public() outside Within"
    other = 'Within: needs a requirement, not str; write for example Within(Role("editor"))'
    for wrong, message in ((Public(), public), (Role("a") | Public(), public), ("editor", other)):
        with pytest.raises(InvalidPolicy) as raised:
            Within(wrong)
        assert str(raised.value) == message
    assert Within(Nobody()).is_closed
    assert repr(Within(Role("a") & Role("b"))) == "Within(Role('a') & Role('b'))"


roles = st.sets(st.sampled_from(["a", "b", "c"]))


@examples(300)
@given(roles, st.dictionaries(st.sampled_from(["t1", "t2", "t3"]), roles), st.sampled_from(["t1", "t2", "t3", None]))
def test_no_right_leaks(site_wide, tenants, current):
    data = {"user_id": "1", "roles": sorted(site_wide)}
    made = validate_session({**data, "tenants": {one: {"roles": sorted(names)} for one, names in tenants.items()}})
    made = made.in_tenant(current)
    for name in ("a", "b", "c"):
        assert Role(name).check(made).allowed is (name in site_wide)
        assert Within(Role(name)).check(made).allowed is (name in tenants.get(current, ()))


def test_an_alternative_says_that_the_tenant_is_missing_unless_another_part_failed_too():
    either = Within(Role("editor")) | Role("admin")
    assert (either.check(session(None)).reason, either.check(session(None)).failed) == ("no_tenant", True)
    assert (either | Allow(lambda session: 1)).check(session(None)).reason == "failed"
    assert not (~either).check(session(None))


def test_what_nobody_meets_says_so_with_and_without_a_tenant():
    for asked in (session("acme"), session(None), None):
        decision = Within(Nobody()).check(asked)
        assert (decision.allowed, decision.reason) == (False, "nobody")
    assert not (~Within(Nobody())).check(session(None))


def test_a_record_has_the_part_with_its_decision_in_the_tenant():
    record = []
    decision = run(Within(Role("admin") | Role("editor")).flow(CheckInput(session("acme")), record))
    (inner,) = record
    assert inner.requirement == Role("admin") | Role("editor")
    assert inner.decision is decision
    assert [one.decision.allowed for one in inner.parts] == [False, True]
    for nowhere in (session(None), None):
        record = []
        run(Within(Role("admin")).flow(CheckInput(nowhere), record))
        assert record == []


def test_what_may_be_reused_in_a_tenant():
    assert [Within(Role("a")).is_stable, Within(Recent(600)).is_stable] == [True, False]
    assert not Within(Role("a")).is_static  # sessions with equal rights may be in different tenants
