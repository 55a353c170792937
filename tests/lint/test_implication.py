from __future__ import annotations

from functools import reduce
from itertools import chain, combinations, product
from operator import and_, or_

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_sessionkit import (
    Allow,
    AnyPermission,
    Authenticated,
    Nobody,
    Permission,
    Public,
    Role,
    Within,
    validate_session,
)
from django_sessionkit.access import AccessPolicy
from django_sessionkit.lint.implication import implies, is_weaker
from django_sessionkit.policy.roles import parse_roles
from django_sessionkit.requirements import leaves, role_names

ROLES = parse_roles({"a": {"inherits": ["b"], "permissions": ["x"]}, "b": {}, "c": {"permissions": ["y"]}}, "")
POLICY = AccessPolicy(ROLES)


def subsets(names):
    return chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))


def in_tenant(roles, inside):
    session = validate_session({"user_id": "7", "roles": roles, "tenants": {"acme": {"roles": inside}}})
    return session.in_tenant("acme")


SESSIONS = [
    None,
    *(
        validate_session({"user_id": "7", "roles": roles, "permissions": permissions})
        for roles, permissions in product(subsets("abc"), subsets("xy"))
    ),
    *(in_tenant(roles, inside) for roles, inside in product(subsets("abc"), subsets("abc"))),
]


def is_first(session):
    return session is None


LEAVES = st.one_of(
    st.sampled_from([Public(), Nobody(), Authenticated(), Allow(is_first)]),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=2).map(lambda names: Role(*names)),
    st.lists(st.sampled_from("xy"), min_size=1, max_size=2).map(lambda names: Permission(*names)),
    st.lists(st.sampled_from("xy"), min_size=1, max_size=2).map(lambda names: AnyPermission(*names)),
)
REQUIREMENTS = st.recursive(
    LEAVES,
    lambda part: st.one_of(
        st.lists(part, min_size=2, max_size=3).map(lambda parts: reduce(and_, parts)),
        st.lists(part, min_size=2, max_size=3).map(lambda parts: reduce(or_, parts)),
        part.map(lambda one: ~one),
        part.filter(lambda one: next(leaves(one, Public), None) is None).map(Within),
    ),
    max_leaves=4,
)


def granted(requirement):
    return {number for number, one in enumerate(SESSIONS) if requirement.check(one, POLICY)}


@given(strict=REQUIREMENTS, lax=REQUIREMENTS)
def test_what_is_implied_is_granted_too(strict, lax):
    if implies(strict, lax, ROLES):
        assert granted(strict) <= granted(lax)


def test_a_tenant_implies_nothing_outside_and_the_other_way_round():
    assert implies(Within(Role("a")), Within(Role("b")), ROLES)
    assert implies(Within(Role("c")), Authenticated(), ROLES)
    assert is_weaker(Within(Authenticated()), Within(Role("a")), ROLES)
    assert not implies(Within(Role("b")), Within(Role("a")), ROLES)
    assert not implies(Within(Role("a")), Role("a"), ROLES)
    assert not implies(Role("a"), Within(Role("a")), ROLES)
    assert not implies(Authenticated(), Within(Authenticated()), ROLES)


@given(requirement=REQUIREMENTS)
def test_everything_implies_itself_and_public(requirement):
    assert implies(requirement, requirement, ROLES)
    assert implies(requirement, Public(), ROLES)
    assert implies(Nobody(), requirement, ROLES)
    assert not is_weaker(requirement, requirement, ROLES)


@given(requirement=REQUIREMENTS)
def test_what_is_called_closed_is_met_by_nobody_and_says_so(requirement):
    if requirement.is_closed:
        decisions = [requirement.check(one, POLICY) for one in SESSIONS]
        assert {(one.allowed, one.reason) for one in decisions} == {(False, "nobody")}


@pytest.mark.parametrize("session", SESSIONS[:2])
def test_the_part_that_nobody_meets_is_asked_first(session):
    for requirement in (Role("a") & Nobody(), Nobody() & Role("a"), Allow("no.such.thing") & (Nobody() | Nobody())):
        assert requirement.check(session, POLICY).reason == "nobody"
    assert (Role("a") | Nobody()).check(None, POLICY).reason == "not_authenticated"


def test_the_names_and_predicates_in_a_requirement():
    requirement = ~(Role("a", "b") & Allow(is_first)) | Role("c") | Permission("x")
    assert sorted(role_names(requirement)) == ["a", "b", "c"]
    assert list(leaves(requirement, Allow)) == [Allow(is_first)]
