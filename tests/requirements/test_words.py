"""Requirements in plain words."""

from __future__ import annotations

import pytest

from django_sessionkit.requirements import (
    Allow,
    AllowObject,
    AnyPermission,
    Authenticated,
    Factor,
    Impersonated,
    Leaf,
    Nobody,
    Permission,
    Public,
    Recent,
    Role,
    Within,
)


def is_member(session):
    return True


def is_owner(session, order):
    return True


class Sunny(Leaf):
    __slots__ = ()


@pytest.mark.parametrize(
    ("requirement", "words"),
    [
        (Role("editor"), 'the role "editor"'),
        (Role("editor", "admin", "chief"), 'the role "editor" or "admin" or "chief"'),
        (Permission("posts:read"), 'the permission "posts:read"'),
        (Permission("posts:read", "posts:write"), 'the permissions "posts:read" and "posts:write"'),
        (AnyPermission("a", "b"), 'the permission "a" or "b"'),
        (Authenticated(), "a session"),
        (Public(), "nothing"),
        (Nobody(), "what nobody has"),
        (Allow(is_member), "approval by is_member"),
        (Allow("shop.access.is_member"), "approval by shop.access.is_member"),
        (Allow("X.accessX"), "approval by X.accessX"),
        (Permission("c", "d") & Role("a"), 'the permissions "c" and "d" and the role "a"'),
        (AllowObject(is_owner), "approval by is_owner for the object"),
        (Recent(90), "a login within the last 90 seconds"),
        (Recent(60), "a login within the last minute"),
        (Recent(600), "a login within the last 10 minutes"),
        (Recent(7200), "a login within the last 2 hours"),
        (Factor("otp"), 'the factor "otp"'),
        (Factor("otp", "hwk") & Role("a"), '(the factor "otp" or "hwk") and the role "a"'),
        (Authenticated() & ~Impersonated(), "a session without impersonation"),
        (Within(Role("editor")), 'the role "editor" in the current tenant'),
        (Within(Role("a") | Role("b")), '(the role "a" or the role "b") in the current tenant'),
        (Role("a") & Permission("b"), 'the role "a" and the permission "b"'),
        (Role("a") | Permission("b"), 'the role "a" or the permission "b"'),
        (Role("a", "b") & Permission("c"), '(the role "a" or "b") and the permission "c"'),
        (Role("a", "b") | Permission("c", "d"), 'the role "a" or "b" or the permissions "c" and "d"'),
        ((Role("a") | Role("b")) & Permission("c"), '(the role "a" or the role "b") and the permission "c"'),
        (Role("a") | Role("b") & Permission("c"), 'the role "a" or the role "b" and the permission "c"'),
        (~Role("banned"), 'a session without the role "banned"'),
        (~Role("a", "b"), 'a session without (the role "a" or "b")'),
        (~(Role("a") & Role("b")), 'a session without (the role "a" and the role "b")'),
        (Role("admin") & ~Role("banned"), 'the role "admin" and (a session without the role "banned")'),
        (~Role("banned") | Role("admin"), '(a session without the role "banned") or the role "admin"'),
        (~~Role("a"), 'a session without (a session without the role "a")'),
        (Role("a") & Sunny(("today",)), "the role \"a\" and Sunny('today')"),
    ],
)
def test_a_requirement_in_words(requirement, words):
    assert requirement.in_words() == words
