from __future__ import annotations

from collections import OrderedDict, UserDict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st
from support.call_counts import calls_of

from django_sessionkit import InvalidSession, Session, validate_session
from django_sessionkit.conf.limits import Limits
from django_sessionkit.exceptions import InvalidPolicy, NotValidated
from django_sessionkit.session.validation import SessionValidator
from django_sessionkit.session.value import FIELDS

CANARY = "canary-7c1f"


def refused(data: object) -> InvalidSession:
    with pytest.raises(InvalidSession) as caught:
        validate_session(data)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_a_whole_session_becomes_a_value():
    session = validate_session(
        {
            "user_id": "42",
            "email": "a@example.org",
            "role": "editor",
            "roles": ["editor", "staff"],
            "permissions": ["posts:write"],
            "plan": "premium",
        }
    )
    assert (session.user_id, session.email, session.role) == ("42", "a@example.org", "editor")
    assert session.roles == ("editor", "staff")
    assert session.permissions == frozenset({"posts:write"})
    assert session["plan"] == "premium"


@pytest.mark.parametrize("field", ["email", "role", "roles", "permissions"])
def test_none_counts_as_absent(field):
    session = validate_session({"user_id": "1", field: None})
    assert getattr(session, field) in (None, (), frozenset())


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (None, "session"),
        ("user_id", "session"),
        ([("user_id", "1")], "session"),
        ((pair for pair in [("user_id", "1")]), "session"),
        ({"user_id": "1", 2: "x"}, "session"),
        ({}, "user_id"),
        ({"user_id": None}, "user_id"),
        ({"user_id": 1}, "user_id"),
        ({"user_id": True}, "user_id"),
        ({"user_id": b"1"}, "user_id"),
        ({"user_id": uuid4()}, "user_id"),
        ({"user_id": ""}, "user_id"),
        ({"user_id": " \t"}, "user_id"),
        ({"user_id": "1\n"}, "user_id"),
        ({"user_id": "1\x00"}, "user_id"),
        ({"user_id": "1\x7f"}, "user_id"),
        ({"user_id": "1\x9f"}, "user_id"),
        ({"user_id": "\ud800"}, "user_id"),
        ({"user_id": "x" * 256}, "user_id"),
        ({"user_id": "1", "email": "nobody"}, "email"),
        ({"user_id": "1", "email": 1}, "email"),
        ({"user_id": "1", "email": "a@b\r\nBcc: c@d"}, "email"),
        ({"user_id": "1", "email": "@" + "x" * 320}, "email"),
        ({"user_id": "1", "role": ""}, "role"),
        ({"user_id": "1", "role": " "}, "role"),
        ({"user_id": "1", "role": ["admin"]}, "role"),
        ({"user_id": "1", "role": "a\x1b"}, "role"),
        ({"user_id": "1", "role": "x" * 151}, "role"),
        ({"user_id": "1", "roles": "admin"}, "roles"),
        ({"user_id": "1", "roles": {"admin"}}, "roles"),
        ({"user_id": "1", "roles": {"admin": True}}, "roles"),
        ({"user_id": "1", "roles": (name for name in ["admin"])}, "roles"),
        ({"user_id": "1", "roles": ["a", 1]}, "roles"),
        ({"user_id": "1", "roles": ["a", None]}, "roles"),
        ({"user_id": "1", "roles": ["a", ""]}, "roles"),
        ({"user_id": "1", "roles": ["a"] * 101}, "roles"),
        ({"user_id": "1", "permissions": "posts:write"}, "permissions"),
        ({"user_id": "1", "permissions": ["x" * 256]}, "permissions"),
        ({"user_id": "1", "permissions": ["a\n"]}, "permissions"),
        ({"user_id": "1", "permissions": [" "]}, "permissions"),
        ({"user_id": "1", "permissions": ["a"] * 501}, "permissions"),
        ({"user_id": "1", "x": nested(21)}, "custom"),
        ({"user_id": "1", "x": {"a": object()}}, "custom"),
        ({"user_id": "1", "x": {1: "a"}}, "custom"),
        ({"user_id": "1", "x": {"a", "b"}}, "custom"),
        ({"user_id": "1", "x": b"bytes"}, "custom"),
        ({"user_id": "1", "x": float("nan")}, "custom"),
        ({"user_id": "1", "x": float("inf")}, "custom"),
        ({"user_id": "1", "x": 1 << 15_000}, "custom"),
        ({"user_id": "1", "x": "y" * 65_537}, "custom"),
        ({"user_id": "1", "x": "\udfff"}, "custom"),
        ({"user_id": "1", "x": {"\udfff": 1}}, "custom"),
        ({"user_id": "1", "x" * 65_537: 1}, "custom"),
        ({"user_id": "1", "x": [0] * 10_000}, "custom"),
        ({"user_id": "1", "x": [0] * 10_001}, "custom"),
        ({"user_id": "1", "x": {str(n): n for n in range(10_001)}}, "custom"),
        ({"user_id": "1", "not a name": {str(n): n for n in range(10_001)}}, "custom"),
        ({"user_id": "1", "not a name": [0] * 10_001}, "custom"),
        ({"user_id": "1", "x": [[0] * 100 for _ in range(100)]}, "custom"),
        ({"user_id": "1", **{f"x{n}": n for n in range(10_001)}}, "custom"),
        ({f"x{n}": n for n in range(10_011)}, "session"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else None,
)
def test_what_is_refused(data, field):
    assert refused(data).field == field


@pytest.mark.parametrize(
    "data",
    [
        {"user_id": "x" * 255},
        {"user_id": "ünï-çødé 42"},
        {"user_id": "a\u3000b\u200b"},
        {"user_id": "1", "email": ""},
        {"user_id": "1", "email": "@" + "x" * 319},
        {"user_id": "1", "role": "x" * 150, "roles": ["a"] * 100},
        {"user_id": "1", "roles": ("a", "b")},
        {"user_id": "1", "roles": [], "permissions": []},
        {"user_id": "1", "roles": (), "permissions": ()},
        {"user_id": "1", "permissions": ["x" * 200] * 500},
        {"user_id": "1", "x": nested(20)},
        {"user_id": "1", "x": [0] * 9_999},
        {"user_id": "1", "x": "y" * 65_536},
        {"user_id": "1", "x": [None, True, 1, -1.5, {"deep": ("tuple",)}]},
        {"user_id": "1", "x": "line\nbreaks and \x00 are the project's business"},
    ],
)
def test_what_is_accepted(data):
    assert validate_session(data).user_id == data["user_id"]


class Members:
    """What a ``QuerySet`` of roles is: iterable, but no list."""

    def __iter__(self):
        return iter(["editor"])


class Misleading(type):
    """A class that shows the data of its object instead of its name."""

    @property
    def __name__(cls):
        return CANARY


SECONDS, CLOCK = "seconds since 1970", "write int(time.time())"
TWICE = "has the same tenant twice, in two Unicode forms"
ONLY_RIGHTS = 'must have only "roles" and "permissions" for each tenant'
MOST_RIGHTS = "has a dict of more than 2 items"
ACTOR = 'must have a "user_id", and no other key than "act"'


def actors(depth: int) -> dict[str, Any]:
    actor: dict[str, Any] = {"user_id": "9"}
    for _ in range(depth - 1):
        actor = {"user_id": "9", "act": actor}
    return actor


JSON_HAS_IT = "convert it to a string, number, list or dict"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (7, 'session: must be a mapping such as {"user_id": "42"}, not int'),
        ({"user_id": "1", 7: 1}, "session: must have string keys, not int"),
        ({f"x{n}": n for n in range(10_011)}, "session: has too many fields"),
        ({}, "user_id: is required"),
        ({"user_id": None, "plan": "x"}, "user_id: is required"),
        ({"userId": "1"}, 'user_id: is required; rename "userId" to "user_id"'),
        ({"sub": "1", "role": "x"}, 'user_id: is required; rename "sub" to "user_id"'),
        ({"user_id": 7}, "user_id: must be a string, not int; convert it with str(...)"),
        ({"user_id": uuid4()}, "user_id: must be a string, not UUID; convert it with str(...)"),
        ({"user_id": ["7"]}, "user_id: must be a string, not list"),
        ({"user_id": "1", "email": 7}, "email: must be a string, not int"),
        ({"user_id": "1", "role": ["a"]}, 'role: must be a string (several go in "roles"), not list'),
        (
            {"user_id": "1", "roles": "editor"},
            "roles: must be a list or tuple of strings, not str; write a list with one name",
        ),
        (
            {"user_id": "1", "roles": {"editor"}},
            "roles: must be a list or tuple of strings, not set; convert it with list(...)",
        ),
        (
            {"user_id": "1", "permissions": Members()},
            "permissions: must be a list or tuple of strings, not Members; convert it with list(...)",
        ),
        ({"user_id": "1", "roles": ["a", Members()]}, "roles: must have only strings, not Members"),
        (
            {"user_id": "1", "seen": {"last": [datetime(2026, 1, 1)]}},
            f'custom: "seen" has a value of the type datetime, which JSON does not have; {JSON_HAS_IT}',
        ),
        ({"user_id": "1", "prefs": {1: "a"}}, 'custom: "prefs" must have string keys, not int'),
        (
            {"user_id": "1", "few": 1, "many": [0] * 10_000},
            'custom: "many" has more than 10000 values, all custom fields together',
        ),
        ({"user_id": "1", "x": nested(21)}, 'custom: "x" is nested deeper than 20 levels'),
        ({"user_id": " "}, "user_id: must not be blank"),
        ({"user_id": "a\n"}, "user_id: has control characters or lone surrogates"),
        ({"user_id": "1", "email": "a"}, 'email: must be empty or contain "@"'),
        ({"user_id": "1", "roles": ["a", " "]}, "roles: has a blank name"),
        ({"user_id": "1", "roles": ["a", "b\n"]}, "roles: has control characters or lone surrogates"),
        ({"user_id": "1", "roles": ["a\u200b"]}, "roles: has invisible format characters"),
        (
            {"user_id": "1", "role": "\u0958" * 150},
            "role: has a name of more than 150 characters in the form NFC",
        ),
        ({"user_id": "1", "auth_time": 1.0}, f"auth_time: must be an integer, {SECONDS}, not float; {CLOCK}"),
        ({"user_id": "1", "auth_time": True}, f"auth_time: must be an integer, {SECONDS}, not bool; {CLOCK}"),
        ({"user_id": "1", "auth_time": -1}, f"auth_time: must be {SECONDS}, before the year 10000"),
        ({"user_id": "1", "auth_time": 253_402_300_800}, f"auth_time: must be {SECONDS}, before the year 10000"),
        ({"user_id": "1", "amr": [7]}, "amr: must have only strings, not int"),
        ({"user_id": "1", "tenants": []}, "tenants: must be a dict, not list"),
        ({"user_id": "1", "tenants": {7: {}}}, "tenants: must have string keys, not int"),
        ({"user_id": "1", "tenants": {" ": {}}}, "tenants: has a blank id"),
        ({"user_id": "1", "tenants": {"\u00e9": {}, "e\u0301": {}}}, f"tenants: {TWICE}"),
        ({"user_id": "1", "tenants": {"a": {"role": "x"}}}, f"tenants: {ONLY_RIGHTS}"),
        ({"user_id": "1", "tenants": {"a": {"roles": [], "permissions": [], "x": 1}}}, f"tenants: {MOST_RIGHTS}"),
        ({"user_id": "1", "tenants": {"a": {"roles": [7]}}}, "tenants: roles must have only strings, not int"),
        ({"user_id": "1", "tenants": {str(n): {} for n in range(51)}}, "tenants: has a dict of more than 50 items"),
        ({"user_id": "1", "act": "9"}, "act: must be a dict, not str"),
        ({"user_id": "1", "act": {"act": {"user_id": "9"}}}, f"act: {ACTOR}"),
        ({"user_id": "1", "act": {"user_id": "9", "x": 1}}, f"act: {ACTOR}"),
        ({"user_id": "1", "act": {"user_id": "9", "act": None, "x": 1}}, "act: has a dict of more than 2 items"),
        ({"user_id": "1", "act": {"user_id": 9}}, "act: must be a string, not int; convert it with str(...)"),
        ({"user_id": "1", "act": actors(6)}, "act: is nested deeper than 5 levels"),
        ({"user_id": "1", "x": float("inf")}, 'custom: "x" has a number that is not finite'),
        ({"user_id": "1", "x": 1 << 14_000}, 'custom: "x" has an integer that is too long'),
        ({"user_id": "1", "x": "\ud800"}, 'custom: "x" has a string with lone surrogates'),
        ({"user_id": "1", "x": {str(n): 0 for n in range(10_001)}}, 'custom: "x" has more than 10000 values'),
        ({"user_id": "1", "x" * 50: float("inf")}, f'custom: "{"x" * 50}" has a number that is not finite'),
        (
            {"user_id": "1", "x": Misleading("Thing", (), {})()},
            f'custom: "x" has a value of the type Thing, which JSON does not have; {JSON_HAS_IT}',
        ),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_the_message_says_what_it_got_and_what_to_do(data, message):
    assert str(refused(data)) == message


TIGHT = Limits(
    user_id_length=3,
    email_length=3,
    role_length=3,
    roles_count=2,
    permission_length=4,
    permissions_count=3,
    custom_depth=2,
    custom_nodes=5,
    custom_string_length=4,
)


@pytest.mark.parametrize(
    ("fits", "too_much", "reason"),
    [
        ({"user_id": "123"}, {"user_id": "1234"}, "has more than 3 characters"),
        ({"email": "a@b"}, {"email": "a@bc"}, "has more than 3 characters"),
        ({"role": "abc"}, {"role": "abcd"}, "has a name of more than 3 characters"),
        ({"roles": ["abc"]}, {"roles": ["a", "abcd"]}, "has a name of more than 3 characters"),
        ({"roles": ["a", "b"]}, {"roles": ["a", "b", "c"]}, "has more than 2 items"),
        ({"permissions": ["abcd"]}, {"permissions": ["abcde"]}, "has a name of more than 4 characters"),
        ({"permissions": ["a", "b", "c"]}, {"permissions": ["a", "b", "c", "d"]}, "has more than 3 items"),
        ({"amr": ["abc", "b"]}, {"amr": ["abcd"]}, "has a name of more than 3 characters"),
        ({"amr": ["a", "b"]}, {"amr": ["a", "b", "c"]}, "has more than 2 items"),
        ({"tenants": {"abc": {}}}, {"tenants": {"abcd": {}}}, "has more than 3 characters"),
        ({"tenants": {"a": {"roles": ["abc"]}}}, {"tenants": {"a": {"roles": ["abcd"]}}}, "roles has a name of more"),
        ({"tenants": {"a": {"permissions": ["abcd"]}}}, {"tenants": {"a": {"permissions": ["abcde"]}}}, "permissions"),
        ({"act": {"user_id": "123"}}, {"act": {"user_id": "1234"}}, "has more than 3 characters"),
        ({"x": "abcd"}, {"x": "abcde"}, '"x" has a string of more than 4 characters'),
        ({"abcd": 1}, {"abcde": 1}, '"abcde" has a string of more than 4 characters'),
        ({"x": {"abcd": 1}}, {"x": {"abcde": 1}}, '"x" has a string of more than 4 characters'),
        ({"x": [[1]]}, {"x": [[[1]]]}, '"x" is nested deeper than 2 levels'),
        ({"x": {"a": {}}}, {"x": {"a": {"b": {}}}}, '"x" is nested deeper than 2 levels'),
        ({"x": [1, 2, 3, 4]}, {"x": [1, 2, 3, 4, 5]}, '"x" has more than 5 values, all custom fields together'),
        ({"x": [1, 2], "y": 1, "z": 2}, {"x": [1, 2], "y": 1, "z": 2, "w": 3}, '"w" has more than 5 values, all'),
        ({"x": [1, 2, 3, 4]}, {"x": [1, 2, 3, 4, 5, 6]}, '"x" has more than 5 items'),
        ({"x": dict.fromkeys("abcd")}, {"x": dict.fromkeys("abcde")}, '"x" has more than 5 values, all custom fields'),
        ({"x": 1 << 13_999}, {"x": 1 << 14_000}, '"x" has an integer that is too long'),
    ],
    ids=str,
)
def test_each_limit_is_the_largest_size_that_fits(fits, too_much, reason):
    validator = SessionValidator(TIGHT)
    assert validator.session({"user_id": "1", **fits}).to_dict() == {"user_id": "1", **fits}
    with pytest.raises(InvalidSession) as caught:
        validator.session({"user_id": "1", **too_much})
    assert caught.value.reason.startswith(reason)
    assert caught.value.field == next((name for name in too_much if name in FIELDS), "custom")


@pytest.mark.parametrize("kind", [dict, OrderedDict])  # the fast and the full validation
@pytest.mark.parametrize("data", [{"auth_time": 0}, {"auth_time": 253_402_300_799}, {"act": actors(5)}])
def test_the_last_values_that_are_allowed(data, kind):
    assert validate_session(kind({"user_id": "1", **data})).to_dict() == {"user_id": "1", **data}


FULL = {
    "user_id": "1",
    **{"email": "@", "role": "a", "roles": ["a"], "permissions": ["a"], "tenants": {"a": {}}},
    **{"auth_time": 1, "amr": ["a"], "act": {"user_id": "2"}},
    **{f"x{n}": n for n in range(TIGHT.custom_nodes)},
}


@pytest.mark.parametrize("kind", [dict, OrderedDict, UserDict])
def test_all_fields_and_the_version_fit(kind):
    validator = SessionValidator(TIGHT)
    for version in ({}, {"__version__": "1"}):
        assert validator.session(kind({**version, **FULL})).to_dict() == FULL
    with pytest.raises(InvalidSession, match="custom: "):
        validator.session(kind({**FULL, "y": 1}))
    with pytest.raises(InvalidSession, match=r"^session: has too many fields$"):
        validator.session(kind({**FULL, "y": 1, "z": 1}))


@pytest.mark.parametrize("key", ["not a name", "", "näme", "x" * 51, "a@example.org", "7"])
def test_a_field_whose_name_may_be_data_is_not_named(key):
    assert str(refused({"user_id": "1", key: b""})).startswith("custom: has a value of the type bytes")


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ([0] * 10_000, "has more than 10000 values, all custom fields together"),
        (nested(21), "is nested deeper than 20 levels"),
        ({7: 1}, "must have string keys, not int"),
        ("\ud800", "has a string with lone surrogates"),
        (float("nan"), "has a number that is not finite"),
        (1 << 14_000, "has an integer that is too long"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isascii() else "",
)
def test_without_the_name_of_the_field_the_message_begins_with_custom(value, fault):
    assert str(refused({"user_id": "1", "not a name": value})) == f"custom: {fault}"


@pytest.mark.parametrize("value", [CANARY, [CANARY], {CANARY: CANARY}, CANARY.encode()])
@pytest.mark.parametrize("field", ["user_id", "email", "role", "roles", "permissions", "plan"])
def test_no_reason_repeats_a_value(field, value):
    tight = {
        "user_id_length": 1,
        "role_length": 1,
        "permission_length": 1,
        "email_length": 1,
        "custom_string_length": 6,
    }
    with override_settings(SESSIONKIT_LIMITS=tight):
        error = refused({"user_id": "1", field: value})
    assert CANARY not in f"{error!r} {error.args}"


class Liar(dict[str, Any]):
    """A dict whose methods return false values or raise."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError(CANARY)

    def items(self) -> Any:
        return [("user_id", "spoofed")]

    def keys(self) -> Any:
        raise RuntimeError(CANARY)

    def get(self, key: str, default: Any = None) -> Any:
        return "spoofed"


def test_a_dict_subclass_is_read_past_its_methods():
    assert validate_session(Liar(user_id="1", role="reader")).to_dict() == {"user_id": "1", "role": "reader"}


class LyingList(list[Any]):
    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Any]:
        return iter(["admin"])


def test_a_list_subclass_is_read_past_its_methods():
    assert validate_session({"user_id": "1", "roles": LyingList(["reader"])}).roles == ("reader",)
    assert refused({"user_id": "1", "roles": LyingList(["a"] * 101)}).field == "roles"


class LyingText(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "admin"

    def strip(self, *args: Any) -> str:
        return "x"

    def __len__(self) -> int:
        return 1


def test_a_str_subclass_is_read_past_its_methods():
    session = validate_session({"user_id": LyingText("1"), "role": LyingText("reader"), LyingText("plan"): "x"})
    assert (type(session.user_id), session.user_id, session.role, session["plan"]) == (str, "1", "reader", "x")
    assert refused({"user_id": LyingText("")}).field == "user_id"
    assert refused({"user_id": "1", "roles": [LyingText("x" * 151)]}).field == "roles"


class LikeStr(type):
    """A class of classes that are equal to ``str``."""

    def __eq__(cls, other: object) -> bool:
        return True

    def __hash__(cls) -> int:
        return hash(str)


class Pretended(LyingText, metaclass=LikeStr):
    __slots__ = ()


def test_a_class_that_is_equal_to_str_is_no_plain_str():
    session = validate_session({"user_id": "1", "roles": (Pretended("reader"),), Pretended("plan"): Pretended("x")})
    assert type(session["roles"][0]) is type(session["plan"]) is type([*session][-1]) is str
    assert (session.roles, session["plan"]) == (("reader",), "x")
    assert refused({"user_id": "1", "roles": (Pretended("x" * 151),)}).field == "roles"


class Impostor:
    __class__ = str  # type: ignore[assignment]


@pytest.mark.parametrize("field", ["user_id", "email", "role", "plan"])
def test_an_object_that_claims_to_be_a_str_is_refused(field):
    assert refused({"user_id": "1", field: Impostor()}).field in (field, "custom")


class Endless(Mapping[str, Any]):
    read = 0

    def __getitem__(self, key: str) -> Any:
        self.read += 1
        return "1"

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        number = 0
        while True:
            yield f"x{number}"
            number += 1


class Broken(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise KeyError(CANARY)

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        return iter(["user_id"])


def test_other_mappings_are_read_within_bounds():
    assert validate_session(UserDict(user_id="1", role="a")).role == "a"
    assert validate_session(OrderedDict(user_id="1")).user_id == "1"
    assert str(refused(endless := Endless())) == "session: has too many fields"
    assert endless.read == Limits().custom_nodes + len(FIELDS) + 2  # one more than fits
    assert refused(Broken()).reason == "could not be read"


def test_a_session_is_valid_input():
    session = validate_session({"user_id": "1", "x": [1]})
    assert validate_session(session) == session


def test_a_structure_that_contains_itself_is_refused():
    loop: list[Any] = []
    loop.append(loop)
    assert "deeper" in refused({"user_id": "1", "x": loop}).reason


def test_the_source_cannot_change_the_value_afterwards():
    data = {"user_id": "1", "roles": ["reader"], "x": {"a": [1]}}
    session = validate_session(data)
    data["roles"].append("admin")  # type: ignore[attr-defined]
    data["x"]["a"].append(2)  # type: ignore[index]
    assert session.roles == ("reader",)
    assert session["x"] == {"a": [1]}


@pytest.mark.parametrize(
    "make",
    [
        lambda many: {"user_id": "1", "roles": ["r"] * many},
        lambda many: {"user_id": "1", "x": [[[]] * 1_000] * (many // 1_000)},
        lambda many: {"user_id": "1", "x": dict.fromkeys(map(str, range(many)), 1)},
        lambda many: {"user_id": "x" * many * 10},
        lambda many: dict.fromkeys(map(str, range(many)), 1),
    ],
    ids=["roles", "lists", "dict", "string", "fields"],
)
def test_a_million_entries_are_not_walked_through(make):
    data = make(1_000_000)
    assert calls_of(lambda: refused(data)) < 200_000


@override_settings(SESSIONKIT_LIMITS={"roles_count": 1, "custom_depth": 1})
def test_limits_are_settings():
    assert refused({"user_id": "1", "roles": ["a", "b"]}).reason == "has more than 1 items"
    assert refused({"user_id": "1", "x": [[1]]}).field == "custom"
    assert validate_session({"user_id": "1", "roles": ["a"], "x": [1]})


def test_the_pure_function_knows_no_settings():
    with override_settings(SESSIONKIT_LIMITS={"user_id_length": 1}):
        assert SessionValidator().session({"user_id": "12"}).user_id == "12"
    with pytest.raises(InvalidSession):
        SessionValidator(Limits(user_id_length=1)).session({"user_id": "12"})


def plans(data: dict[str, Any]) -> dict[str, Any]:
    if data.get("plan") == "gone":
        raise InvalidSession("custom", "a plan that is no more")
    if data.get("plan") == "odd":
        raise ValueError(CANARY)
    if data.get("plan") == "crash":
        raise ZeroDivisionError(CANARY)
    if data.get("plan") == "unset":
        raise InvalidPolicy("PLANS", "is missing")
    return {"plan": "free", **data}


@override_settings(SESSIONKIT_SESSION_VALIDATOR=f"{__name__}.plans")
def test_a_project_validates_further():
    assert validate_session({"user_id": "1"})["plan"] == "free"
    assert refused({"user_id": "1", "plan": "gone"}).reason == "a plan that is no more"
    assert str(refused({"user_id": "1", "plan": "odd"})) == "custom: refused by SESSIONKIT_SESSION_VALIDATOR"
    failed = "custom: could not be checked, SESSIONKIT_SESSION_VALIDATOR failed: "
    for plan, why in (("crash", f"ZeroDivisionError at {__file__}:"), ("unset", "PLANS: is missing")):
        error = refused({"user_id": "1", "plan": plan})
        assert isinstance(error, NotValidated)
        assert str(error).startswith(failed + why)


@pytest.mark.parametrize("returned", [None, {"user_id": 1}, {"user_id": "1", "roles": "admin"}])
def test_what_a_validator_returns_is_checked_again(returned):
    with pytest.raises(InvalidSession):
        SessionValidator(validator=lambda data: returned).session({"user_id": "1"})


def test_a_validator_works_on_a_copy():
    def spoil(data: dict[str, Any]) -> dict[str, Any]:
        data["x"].append(2)
        return {"user_id": "1"}

    data = {"user_id": "1", "x": [1]}
    SessionValidator(validator=spoil).session(data)
    assert data["x"] == [1]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.just(object()),
    lambda children: (
        st.lists(children) | st.dictionaries(st.text() | st.integers(), children) | st.tuples(children, children)
    ),
    max_leaves=20,
)
fields = st.sampled_from(["user_id", "email", "role", "roles", "permissions", "plan", ""])


@given(st.dictionaries(fields, anything) | anything)
def test_nothing_but_invalid_session_is_ever_raised(data):
    try:
        session = SessionValidator().session(data)
    except InvalidSession:
        return
    assert isinstance(session, Session)
    assert SessionValidator().session(session.to_dict()) == session
