"""Requirements as Security Requirement Objects, and the security scheme of the session."""

from __future__ import annotations

from functools import reduce
from operator import and_

import pytest

from django_sessionkit import Allow, AnyPermission, Authenticated, Nobody, Permission, Public, Role
from django_sessionkit.access import AccessPolicy
from django_sessionkit.openapi.security import Elsewhere, all_of, as_security, is_elsewhere, security_scheme, ways_of
from django_sessionkit.sources import RequestAttributeSource


def approves(session):
    return True


class Closed(AccessPolicy):
    def check(self, requirement, session, request):
        return False


class BasicSource(RequestAttributeSource):
    challenge = 'Basic realm="shop"'


SESSION = {"sessionKit": []}
KEY = frozenset([("key", "")])


def session(*names):
    return {"sessionKit": list(names)}


@pytest.mark.parametrize(
    ("requirement", "security"),
    [
        (Role("a"), [session("a")]),
        (Role("a", "b"), [session("a"), session("b")]),
        (Permission("p", "q"), [session("p", "q")]),
        (AnyPermission("p", "q"), [session("p"), session("q")]),
        (Authenticated(), [SESSION]),
        (Nobody(), [SESSION]),
        (Public(), [{}]),
        (~Role("a"), [SESSION]),
        (~Allow(approves), [SESSION]),
        (Allow(approves), [SESSION, {}]),
        (Allow(approves) & Role("a"), [session("a")]),
        (Allow(approves) | Role("a"), [SESSION, {}]),
        (Role("a") & Permission("p"), [session("a", "p")]),
        (Role("a") | Permission("p"), [session("a"), session("p")]),
        (Role("a", "b") & AnyPermission("p", "q"), [session(x, y) for x in "ab" for y in "pq"]),
        (Role("a") | Role("a") & Role("b"), [session("a")]),
        (Authenticated() | Role("b"), [SESSION]),
        (Elsewhere("a key", [KEY]), [{"key": []}]),
        (Elsewhere("something"), [{}]),
        (Role("a") | Elsewhere("a key", [KEY]), [session("a"), {"key": []}]),
        (Role("a") & Elsewhere("a key", [KEY]), [{"key": [], "sessionKit": ["a"]}]),
    ],
)
def test_the_ways_to_meet_a_requirement(requirement, security):
    assert as_security(ways_of(requirement), with_names=True) == security


def test_without_names_ways_that_differ_in_names_are_one():
    assert as_security(ways_of(Role("a", "b")), with_names=False) == [SESSION]


def test_names_belong_to_the_session_alone():
    """Another scheme may be OAuth, where the list has scopes."""
    by = [KEY, frozenset([("sessionKit", "")])]
    assert as_security(ways_of(Role("a"), by), with_names=True) == [{"key": []}, session("a")]


def test_of_very_many_ways_the_names_are_left_out():
    many = reduce(and_, [Role(f"a{number}", f"b{number}") for number in range(20)])
    assert as_security(ways_of(many), with_names=True) == [SESSION]
    assert all_of([]) == [frozenset()]


def test_an_access_policy_of_the_project_may_decide_about_anyone(settings):
    settings.SESSIONKIT_ACCESS_POLICY = Closed
    assert as_security(ways_of(Authenticated()), with_names=True) == [SESSION, {}]


def test_what_is_checked_elsewhere_alone():
    elsewhere = Elsewhere("a key")
    assert is_elsewhere(elsewhere | elsewhere)
    assert not is_elsewhere(elsewhere & Role("a"))
    assert not is_elsewhere(Public())


@pytest.mark.parametrize(
    ("source", "scheme"),
    [
        ("django_sessionkit.sources.DjangoSessionSource", {"type": "apiKey", "in": "cookie", "name": "__Host-id"}),
        ("django_sessionkit.sources.RequestAttributeSource", {"type": "http", "scheme": "bearer"}),
        (BasicSource, {"type": "http", "scheme": "basic"}),
    ],
)
def test_the_scheme_is_that_of_the_challenge(source, scheme, settings):
    settings.SESSION_COOKIE_NAME, settings.SESSIONKIT_SOURCE = "__Host-id", source
    assert security_scheme() == scheme
