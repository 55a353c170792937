"""The fast validation accepts nothing that the full validation rejects or changes."""

from __future__ import annotations

import sys
from typing import Any
from unicodedata import category

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.call_counts import calls_of

from django_sessionkit import InvalidSession
from django_sessionkit.conf.limits import DEFAULT_LIMITS, Limits
from django_sessionkit.session import validation
from django_sessionkit.session.validation import SessionValidator
from django_sessionkit.session.validation import custom as custom_fields
from django_sessionkit.session.validation import fast as fast_path
from django_sessionkit.session.validation import texts as text_checks
from django_sessionkit.session.validation.fast import FastValidator, NameLists

GOOD = {"user_id": "1", "email": "a@b", "role": "admin", "roles": ["a", "b"], "permissions": ["posts:write"]}
TIGHT = Limits(
    user_id_length=4,
    email_length=6,
    role_length=5,
    roles_count=3,
    permission_length=4,
    permissions_count=3,
    custom_depth=2,
    custom_nodes=6,
    custom_string_length=8,
)


class Text(str):
    """A string whose methods return false values."""

    __slots__ = ()

    def __eq__(self, other):
        return True

    def __hash__(self):
        return hash("a")

    def __len__(self):
        return 1

    def __str__(self):
        return "admin"

    def strip(self, *args):
        return "x"


class Sly(str):
    """A string ``plan`` that every dict treats as ``user_id``."""

    __slots__ = ()

    def __eq__(self, other):
        return str.__eq__("user_id", other)

    def __hash__(self):
        return hash("user_id")


class Names(list):
    """A list that hides its items."""

    def __len__(self):
        return 1

    def __iter__(self):
        return iter(["a"])


LOOP: list[Any] = []
LOOP.append(LOOP)

# controls, spaces, format characters, joiners, lone surrogates
LETTERS = "ab: \x00\x00\n\x7f\x85\xa0\u3000\u00ad\u200b\u200c\u202e\ud800\udc00"
# characters that NFC changes or joins with the one before
LETTERS += "é\u0301\u0327\u1100\u1161\u212b\U0001f600\u0378"
plain_texts = st.text(st.sampled_from(LETTERS), max_size=6) | st.sampled_from(["a", "b", "admin", "a@b", "é", "a b"])
texts = plain_texts | plain_texts.map(Text)
others = st.sampled_from([None, True, False, 0, 1, 1.5, float("nan"), b"a", object(), LOOP])
lists = st.lists(texts, max_size=4)
names = lists | lists.map(tuple) | lists.map(Names) | st.lists(texts | others, max_size=4) | texts | others
custom = st.recursive(texts | others, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=6)
dicts = st.fixed_dictionaries(
    {},
    optional={
        "user_id": st.just("1") | texts | others,
        "email": st.just("a@b") | texts | others,
        "role": texts | others,
        "roles": names,
        "permissions": names,
        "plan": custom,
        "__version__": custom,
        Text("x"): custom,
    },
)


def exact(value):
    """Return a value that is equal only for equal values of equal types and in equal order."""
    if type(value) is dict:
        return [(exact(key), exact(item)) for key, item in value.items()]
    return (type(value), [exact(item) for item in value] if type(value) is list else repr(value))


def answer(check, *arguments):
    try:
        return exact(check(*arguments))
    except InvalidSession as error:
        return error.field, error.reason


def fully(data, limits=DEFAULT_LIMITS):
    """Return the answer of the full validation alone."""
    return answer(validation._checked, data, limits)


def usually(validator, data):
    return answer(lambda: validator.session(data)._data)


def fast(limits=DEFAULT_LIMITS):
    return FastValidator(limits, custom_fields.check_custom_fields)


@pytest.mark.parametrize("limits", [DEFAULT_LIMITS, TIGHT], ids=["default", "tight"])
@given(seen=st.lists(dicts, max_size=3), data=dicts)
@example(seen=[], data={"user_id": "1", "roles": ["a", "\u0301"]})
@example(seen=[], data={"user_id": "1", "roles": [""], "permissions": []})
@example(seen=[{"user_id": "1", "roles": ["a", "b"]}], data={"user_id": "1", "roles": ["a\x00b"], "role": "a\x00b"})
@example(seen=[{"user_id": "1", "roles": ["a"]}], data={"user_id": "1", "roles": [Text("b")], "role": Text("b")})
def test_what_has_been_seen_before_changes_no_answer(limits, seen, data):
    validator = SessionValidator(limits)
    for one in (*seen, GOOD):
        usually(validator, one)
    for _ in range(3):  # a list is kept when it is seen again
        assert usually(validator, data) == fully(data, limits)


@pytest.mark.parametrize("value", [[], [0] * 6, [0] * 5, {"a": {"b": {"c": 1}}}, {"a": {"b": 1}}, LOOP, "x" * 9, None])
@pytest.mark.parametrize("more", [0, 4, 5, 6, 20])
def test_custom_fields_get_the_same_answer(value, more):
    data = {"plan": value, "user_id": "1", **{f"x{number}": number for number in range(more)}}
    assert usually(SessionValidator(TIGHT), data) == fully(data, TIGHT)


def test_each_character_gets_the_same_answer_in_a_name():
    odd = {"Cf", "Zs", "Zl", "Zp"}
    letters = [one for one in map(chr, range(sys.maxunicode + 1)) if one.isspace() or category(one) in odd]
    for one in {*map(chr, range(0x380)), *letters, "\ud800", "\ue000", "\ufffe", "\U0010ffff"}:
        for name in (one, f"a{one}", f"{one}a", f"{one} "):
            full = answer(text_checks.name_list, "roles", [name], 150, 1)
            found = NameLists(150, 1).valid([name])
            # It leaves to the full validation what is faulty or must be normalized, and nothing else.
            assert (found is not None) == (full == exact([name]))
            assert found in (None, [name])


@pytest.mark.parametrize("name", ["name{}", "a name{}", "Größe{}", "نام\u200c{}"])
def test_names_never_seen_before_are_not_checked_one_by_one(name):
    def calls(count):
        many = {"user_id": "1", "permissions": [name.format(number) for number in range(1000, 1000 + count)]}
        quick = fast()
        return calls_of(lambda: quick.checked(many))

    if name.isprintable():
        assert max(calls(2), calls(500)) < 40
    quick = fast()
    assert quick.checked({"user_id": "1", "permissions": [name]}) is not None


@pytest.mark.parametrize("more", [{"auth_time": 0}, {"auth_time": fast_path.LATEST}])
def test_a_usual_dict_takes_the_fast_way_only(monkeypatch, more):
    monkeypatch.setattr(validation, "_checked", None)
    validator = SessionValidator()
    assert validator.session({**GOOD, "amr": ["pwd"], "plan": [1]})["plan"] == [1]
    monkeypatch.setattr(FastValidator, "_with_others", None)
    assert validator.session({**GOOD, **more}).to_dict() == {**GOOD, **more}


@pytest.mark.parametrize(
    "data",
    [
        {"user_id": "1234", "email": "a@b.cd"},
        {"user_id": "1", "roles": ["a", "12345"], "permissions": ["1234", "a"]},
        {
            **GOOD,
            "permissions": ["a"],
            "tenants": {},
            "auth_time": 1,
            "amr": [],
            "act": None,
            **dict.fromkeys("uvwxyz"),
        },
    ],
    ids=["texts", "lists", "fields"],
)
def test_the_largest_sizes_take_the_fast_way_too(data):
    assert fast(TIGHT).checked(data) == data


def test_a_list_that_is_kept_is_not_checked_again(monkeypatch):
    lists = NameLists(3, 2)
    for _ in range(2):
        lists.valid(["a", "b"])
    monkeypatch.setattr(NameLists, "_new", None)
    assert lists.valid(["a", "b"]) == ["a", "b"]


def test_a_list_is_kept_when_it_is_seen_again():
    quick = fast()
    for times in range(3):
        assert quick.checked(GOOD) == GOOD
        assert list(quick._permissions.kept) == (["posts:write"] if times else [])
    assert quick.checked({"user_id": "1"}) == {"user_id": "1"}
    assert quick.checked({"user_id": "a-1 b"}) == {"user_id": "a-1 b"}
    assert quick.checked({"user_id": "1", "roles": []}) == {"user_id": "1", "roles": []}
    assert quick.checked({"plan": [1], "email": None, "__version__": "1", "user_id": "1"}) == {
        "user_id": "1",
        "email": None,
        "plan": [1],
    }


@pytest.mark.parametrize(
    "data",
    [
        None,
        [("user_id", "1")],
        {},
        {"user_id": None},
        {"user_id": Text("1")},
        {"user_id": "x" * 256},
        {"user_id": " "},
        {"user_id": "1\x85"},
        {"user_id": "1", "email": "nowhere"},
        {"user_id": "1", "email": "a@b\n"},
        {"user_id": "1", "email": "a@" + "b" * 320},
        {"user_id": "1", "email": Text("a@b")},
        {"user_id": "1", "role": " "},
        {"user_id": "1", "role": Text("admin")},
        {"user_id": "1", "role": "x" * 151},
        {"user_id": "1", "role": "a\x00b"},  # as the two known roles are kept
        {"user_id": "1", "roles": ["a\x00b"]},
        {"user_id": "1", "roles": ["a", "b\x7f"]},
        {"user_id": "1", "roles": ["a"] * 101},
        {"user_id": "1", "roles": ("a", "b")},
        {"user_id": "1", "permissions": ["posts:write", 1]},
        {"user_id": "1", "permissions": ["posts:write", ""]},
        {"user_id": "1", "permissions": ["posts:write", "x" * 256]},
        {"user_id": "1", "permissions": ["e\u0301"]},
        {"user_id": "1", "permissions": ["a\u202eb"]},
        {"user_id": "1", **{f"x{number}": 1 for number in range(10_009)}},
    ],
)
def test_everything_else_is_left_to_the_full_validation(data):
    quick = fast()
    for _ in range(3):
        quick.checked(GOOD)
    assert quick.checked(data) is None


@pytest.mark.parametrize("data", [{Sly("plan"): "1"}, {"user_id": "1", Text("role"): "admin"}, {Text("user_id"): "1"}])
def test_keys_that_are_no_plain_strings_are_left_to_the_full_validation(data):
    """A subclass may have a false ``__eq__``. The full validation reads the text itself."""
    keys = [str.__str__(key) for key in data]
    assert fast().checked({**data}) is None
    if "user_id" not in keys:
        with pytest.raises(InvalidSession, match="user_id: is required"):
            SessionValidator().session(data)
    else:
        assert {*map(type, SessionValidator().session(data))} == {str}


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_copy_is_handed_out_and_subclasses_are_not(times):
    """The true text of a subclass counts, and nobody can change a list that is kept."""
    validator = SessionValidator()
    for _ in range(times):
        validator.session(GOOD)
    mine = {**GOOD, "roles": [Text("a"), Text("c")]}
    sessions = [validator.session(mine) for _ in range(times)]
    mine["roles"].append("admin")
    for session in sessions:
        assert list(map(str.__str__, session["roles"])) == ["a", "c"]
        assert {type(role) for role in session["roles"]} == {str}
        session._data["roles"][0] = "admin"
    assert validator.session({**GOOD, "roles": ["a", "c"]})["roles"] == ["a", "c"]


def test_each_validation_has_its_own_limits():
    data = {"user_id": "1", "permissions": ["a", "bb"]}
    assert SessionValidator().session(data)
    for limits in (Limits(permissions_count=1), Limits(permission_length=1)):
        with pytest.raises(InvalidSession):
            SessionValidator(limits).session(data)


def test_what_is_remembered_is_bounded():
    lists = NameLists(255, 500)
    for number in range(2 * fast_path._MOST_LISTS):
        for _ in range(2):
            lists.valid([f"p{number}"])
    assert 0 < len(lists.kept) <= fast_path._MOST_LISTS
    assert len(lists._seen) == fast_path._MOST_LISTS
    long = ["p" * 200] * 200
    for _ in range(3):
        assert lists.valid(long) == long
    assert max(map(len, lists.kept)) < 100
    lists = NameLists(30_000, 1)
    for length in (20_000, 20_001):
        for _ in range(2):
            lists.valid(["p" * length])
    assert list(map(len, lists.kept)) == [20_000]


def test_lists_that_are_seen_once_displace_no_others():
    lists = NameLists(255, 500)
    for _ in range(2):
        lists.valid(["a", "b"])
    for number in range(2 * fast_path._MOST_LISTS):
        lists.valid([f"p{number}"])
    assert list(lists.kept) == ["a\x00b"]


class Noisy(int):
    """A number that raises an exception when it is checked."""

    @property
    def __class__(self):
        raise RuntimeError("checked")


def test_a_custom_value_that_raises_is_refused_by_the_full_validation():
    data = {"user_id": "1", "plan": Noisy()}
    assert fast().checked(data) is None
    assert usually(SessionValidator(), data) == fully(data) == ("session", "could not be read")


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
