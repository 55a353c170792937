"""For every requirement, the ways to meet it that an OpenAPI document shows are those that sessions meet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples

from django_sessionkit import Allow, AnyPermission, Authenticated, Nobody, Permission, Public, Role, validate_session
from django_sessionkit.openapi.security import as_security, ways_of
from django_sessionkit.requirements import Impersonated, Recent, Within

NAMES = ["a", "b", "c"]


def approves(session):
    return True


names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True)
named = st.one_of(
    names.map(lambda some: Role(*(f"r{one}" for one in some))),
    names.map(lambda some: Permission(*(f"p{one}" for one in some))),
    names.map(lambda some: AnyPermission(*(f"p{one}" for one in some))),
    st.just(Authenticated()),
)
others = st.sampled_from([Public(), Nobody(), Allow(approves), Recent(60), Impersonated(), Within(Role("ra"))])


def joined(parts):
    pairs = st.tuples(parts, parts)
    return st.one_of(pairs.map(lambda pair: pair[0] & pair[1]), pairs.map(lambda pair: pair[0] | pair[1]))


sessions = st.none() | st.builds(
    lambda roles, permissions: validate_session(
        {"user_id": "1", "roles": [f"r{one}" for one in roles], "permissions": [f"p{one}" for one in permissions]}
    ),
    st.lists(st.sampled_from(NAMES), unique=True),
    st.lists(st.sampled_from(NAMES), unique=True),
)


def has_a_way(requirement, session):
    held = {*session.roles, *session.permissions} if session is not None else set()
    ways = as_security(ways_of(requirement), with_names=True)
    return any(not way or (session is not None and set(way["sessionKit"]) <= held) for way in ways)


@examples(300)
@given(requirement=st.recursive(named, joined, max_leaves=6), session=sessions)
def test_the_ways_of_names_are_exactly_what_a_session_needs(requirement, session):
    assert has_a_way(requirement, session) is requirement.check(session).allowed


@examples(300)
@given(
    requirement=st.recursive(named | others, lambda parts: joined(parts) | parts.map(lambda one: ~one), max_leaves=6),
    session=sessions,
)
def test_nobody_has_access_without_one_of_the_ways(requirement, session):
    assert has_a_way(requirement, session) or not requirement.check(session).allowed
