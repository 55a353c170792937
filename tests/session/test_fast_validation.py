"""The fast validation accepts nothing that the full validation rejects or changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_sessionkit import InvalidSession
from django_sessionkit.conf.limits import DEFAULT_LIMITS, Limits
from django_sessionkit.session import fast_validation
from django_sessionkit.session.fast_validation import FastValidator
from django_sessionkit.session.validation import SessionValidator

NAMES = ["a", "b", "posts:write", " ", "", "a\x00b", "\ud800", "x" * 101, "ä", "a b"]
names = st.lists(st.sampled_from(NAMES) | st.integers(), max_size=4)
texts = st.sampled_from(["1", "a@b", "admin", "", " ", "\n", "a\x00", "\ud800", "x" * 400, 7, None, b"1"])
dicts = st.fixed_dictionaries(
    {},
    optional={
        "user_id": texts,
        "email": texts,
        "role": texts,
        "roles": names | names.map(tuple) | st.none() | st.just("admin"),
        "permissions": names | names.map(tuple) | st.none() | st.just("admin"),
        "plan": st.just("premium"),
    },
)
GOOD = {"user_id": "1", "email": "a@b", "role": "admin", "roles": ["a", "b"], "permissions": ["posts:write"]}


class Text(str):
    __slots__ = ()


class Sly(str):
    """A string ``plan`` that every dict treats as ``user_id``."""

    __slots__ = ()

    def __eq__(self, other):
        return str.__eq__("user_id", other)

    def __hash__(self):
        return hash("user_id")


def careful(data, limits=DEFAULT_LIMITS):
    """Return the result of the full validation."""
    try:
        return SessionValidator(limits).session(data)
    except InvalidSession:
        return None


@given(seen=st.lists(dicts, max_size=4), data=dicts)
def test_what_has_been_seen_before_changes_no_answer(seen, data):
    validation = SessionValidator()
    for one in [*seen, GOOD, data]:
        try:
            found = validation.session(one)
        except InvalidSession:
            found = None
        assert found == careful(one)
        assert found is None or list(found) == list(careful(one))


def test_an_ordinary_dict_is_recognised_the_second_time():
    quick = FastValidator(DEFAULT_LIMITS)
    assert quick.checked(GOOD) is None
    quick.remember(GOOD)
    assert quick.checked(GOOD) == GOOD
    assert quick.checked({"user_id": "1"}) == {"user_id": "1"}
    assert quick.checked({"user_id": "a-1 b"}) == {"user_id": "a-1 b"}


@pytest.mark.parametrize(
    "data",
    [
        None,
        [("user_id", "1")],
        {},
        {"user_id": Text("1")},
        {"user_id": "x" * 256},
        {"user_id": " "},
        {"user_id": "1\x85"},
        {"user_id": "1", "email": "nowhere"},
        {"user_id": "1", "email": "a@b\n"},
        {"user_id": "1", "email": "a@" + "b" * 320},
        {"user_id": "1", "email": Text("a@b")},
        {"user_id": "1", "role": "other"},
        {"user_id": "1", "role": Text("admin")},
        {"user_id": "1", "role": "a\x00b"},  # as the two known roles are kept
        {"user_id": "1", "roles": ["a\x00b"]},
        {"user_id": "1", "roles": ["a"]},
        {"user_id": "1", "roles": ("a", "b")},
        {"user_id": "1", "permissions": ["posts:write", 1]},
        {"user_id": "1", "permissions": ["other"]},
        {"user_id": "1", "plan": "premium"},
        {"user_id": "1", "email": None},
    ],
)
def test_everything_else_is_left_to_the_careful_way(data):
    quick = FastValidator(DEFAULT_LIMITS)
    quick.remember(GOOD)
    assert quick.checked(data) is None


@pytest.mark.parametrize("data", [{Sly("plan"): "1"}, {"user_id": "1", Text("role"): "admin"}, {Text("user_id"): "1"}])
def test_keys_that_are_no_plain_strings_are_left_to_the_careful_way(data):
    """A subclass may have a false ``__eq__``. The full validation reads the text itself."""
    validation = SessionValidator()
    validation.session(GOOD)
    keys = [str.__str__(key) for key in data]
    quick = FastValidator(DEFAULT_LIMITS)
    quick.remember(GOOD)
    assert quick.checked({**data}) is None
    if "user_id" not in keys:
        with pytest.raises(InvalidSession, match="user_id: is required"):
            validation.session(data)
    else:
        assert {*map(type, validation.session(data))} == {str}


def test_a_copy_is_handed_out_and_subclasses_are_not():
    validation = SessionValidator()
    validation.session(GOOD)
    mine = {**GOOD, "roles": [Text("a"), Text("b")]}
    session = validation.session(mine)
    mine["roles"].append("admin")
    assert session.roles == ("a", "b")
    assert {type(role) for role in session["roles"]} == {str}


def test_each_validation_has_its_own_limits():
    SessionValidator().session({"user_id": "1", "permissions": ["a", "bb"]})
    with pytest.raises(InvalidSession):
        SessionValidator(Limits(permissions_count=1)).session({"user_id": "1", "permissions": ["a", "bb"]})


def test_what_is_remembered_is_bounded():
    quick = FastValidator(DEFAULT_LIMITS)
    for number in range(2 * fast_validation._MOST_LISTS):
        quick.remember({"user_id": "1", "permissions": [f"p{number}"]})
    assert 0 < len(quick._permissions) <= fast_validation._MOST_LISTS
    long = {"user_id": "1", "permissions": ["p" * 200] * 200}
    quick.remember(long)
    assert quick.checked(long) is None


class Hostile(str):
    """A key with the hash of ``user_id`` that cannot be compared."""

    __slots__ = ()

    def __hash__(self):
        return hash("user_id")

    def __eq__(self, other):
        raise RuntimeError("compared")


def test_a_hostile_key_is_refused_like_any_other_fault():
    with pytest.raises(InvalidSession):
        SessionValidator().session({Hostile("x"): 1, "plan": "premium"})
