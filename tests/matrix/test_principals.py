"""Callers, as given on the command line."""

from __future__ import annotations

import pytest

from django_sessionkit import validate_session
from django_sessionkit.matrix.principals import ANONYMOUS, parse_claims, parse_principal

GOOD = [
    ("role=editor", {"role": "editor"}),
    ("role=a,role=b,roles=c", {"role": "a", "roles": ["b", "c"]}),
    ("roles=a,b, c,permissions=x,y", {"roles": ["a", "b", "c"], "permissions": ["x", "y"]}),
    (" permission = posts:write , permission=x ", {"permissions": ["posts:write", "x"]}),
    ("user_id=7,email=a@example.org", {"user_id": "7", "email": "a@example.org"}),
    ("plan=premium,age=3,on=true,a=b=c", {"plan": "premium", "age": 3, "on": True, "a": "b=c"}),
    ("custom.rolle=x", {"rolle": "x"}),
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
]


@pytest.mark.parametrize(("text", "complaint"), BAD)
def test_a_wrong_pair_is_named_with_the_nearest_key(text, complaint):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        parse_principal(text)
    assert complaint in str(caught.value)
