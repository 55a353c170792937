from __future__ import annotations

import copy
import json
import pickle

import pytest
from django.test import override_settings

from django_sessionkit import (
    AccessDenied,
    Decision,
    InvalidSession,
    NotAuthenticated,
    Permission,
    Role,
    Within,
    enforce,
    evaluate,
    explain,
    get_session,
    has_permission,
    has_role,
    use_session,
    validate_session,
)
from django_sessionkit.exceptions import InvalidPattern, InvalidPolicy, VersionUnavailable

DATA = {"user_id": "42", "role": "editor", "roles": ["a"], "permissions": ["p"], "tags": ["x", {"y": [1]}], "n": None}


def test_it_is_a_mapping_over_the_whole_dict():
    session = validate_session(DATA)
    assert dict(session) == DATA
    assert session == DATA
    assert len(session) == 6
    assert "tags" in session
    assert session.get("missing", "default") == "default"
    with pytest.raises(KeyError):
        session["missing"]


def test_it_cannot_be_changed():
    session = validate_session(DATA)
    for attribute in ("user_id", "role", "roles", "permissions", "anything"):
        with pytest.raises(AttributeError):
            setattr(session, attribute, "admin")
    with pytest.raises(TypeError, match=r"Call update_session\(request, \{\.\.\.\}\)"):
        session["role"] = "admin"  # type: ignore[index]


def test_the_tenant_cannot_be_changed_and_its_rights_are_not_kept_for_another():
    acme = validate_session({"user_id": "1", "tenants": {"acme": {"roles": ["editor"]}, "globex": {}}}).in_tenant(
        "acme"
    )
    assert Within(Role("editor")).check(acme).allowed
    assert acme.within_tenant() is acme.within_tenant()  # with the rights that were computed for it
    with pytest.raises(AttributeError):
        acme.tenant = "globex"
    for one in (acme, copy.copy(acme), copy.deepcopy(acme)):
        assert one.tenant == "acme"
        assert Within(Role("editor")).check(one).allowed
        assert not Within(Role("editor")).check(one.in_tenant("globex")).allowed
        assert Within(Role("editor")).check(one.in_tenant(None)).reason == "no_tenant"


def test_an_attribute_that_does_not_exist_says_how_to_read_a_field():
    session = validate_session(DATA)
    for name in ("plan", "tags", "is_authenticated"):
        wanted = rf'^A Session has no attribute "{name}". .* session\["{name}"\], .* session.get\("{name}"\)'
        with pytest.raises(AttributeError, match=wanted):
            getattr(session, name)
    assert getattr(session, "plan", "free") == "free"


def test_what_is_handed_out_is_a_copy():
    session = validate_session(DATA)
    session["roles"].append("admin")
    session["tags"][1]["y"].append(2)
    session.to_dict()["tags"].clear()
    dict(session.items())["roles"].append("admin")
    assert session == DATA
    assert session.roles == ("editor", "a")


@pytest.mark.parametrize(
    ("fields", "roles"),
    [
        ({}, ()),
        ({"role": "b"}, ("b",)),
        ({"role": None, "roles": ["c", "a"]}, ("c", "a")),
        ({"role": "b", "roles": ["c", "b", "a"]}, ("b", "c", "a")),
    ],
)
def test_roles_begin_with_the_primary_role_and_name_it_once(fields, roles):
    session = validate_session({"user_id": "1", **fields})
    assert session.roles == roles
    assert session.get("roles") == fields.get("roles")


def test_the_plain_dict_is_json():
    assert json.loads(json.dumps(validate_session(DATA).to_dict())) == DATA


def test_equal_content_is_an_equal_value():
    assert validate_session(DATA) == validate_session(DATA)
    assert hash(validate_session(DATA)) == hash(validate_session(DATA))
    assert validate_session(DATA) != validate_session({**DATA, "n": 1})
    others = ("user_id", "email", "role")
    assert len({hash(validate_session({**DATA, field: "@"})) for field in others}) == len(others)


WAYS = {"copy": copy.copy, "deepcopy": copy.deepcopy}
WAYS |= {f"pickle {n}": lambda value, n=n: pickle.loads(pickle.dumps(value, n)) for n in range(6)}  # noqa: S301 - our own bytes
SECRET = "secret:of:another:user"


@pytest.fixture
def asked():
    """Return a session whose rights were computed after those of another user."""
    validation = override_settings(SESSIONKIT_ROLES={"boss": {"permissions": [SECRET]}})
    with validation:
        for data in ({"user_id": "1", "role": "boss", "permissions": [SECRET]}, DATA):
            with use_session(data):
                assert has_role(data["role"])
                assert not has_permission("x")
                session = get_session()
        yield session


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_has_its_own_data_and_nothing_else(way, asked):
    copied = WAYS[way](asked)
    assert type(copied) is type(asked)
    assert copied == asked
    assert hash(copied) == hash(asked)
    assert copied.permissions == {"p"}
    assert asked.grants_cache is not None
    assert copied.grants_cache is None
    with use_session(copied):
        assert has_role("editor")


def test_a_pickle_is_as_long_as_the_data(asked):
    for protocol in range(6):
        pickled = pickle.dumps(asked, protocol)
        assert SECRET.encode() not in pickled
        assert b"access" not in pickled
        assert len(pickled) < len(pickle.dumps(asked.to_dict(), protocol)) + 100


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_cannot_change_what_it_was_made_of(way, asked):
    copied = WAYS[way](asked)
    copied["roles"].append("admin")
    assert asked.to_dict() == copied.to_dict() == DATA


DENIED = Decision(False, "missing_role", ("boss",), Role("boss") & ~Permission("x"), rule="desk")
ERRORS = [
    NotAuthenticated(DENIED),
    NotAuthenticated(message="Nobody is here."),
    AccessDenied(DENIED, "Not yours."),
    InvalidSession("role", "is blank"),
    InvalidPolicy("SESSIONKIT_PROTECT[0]", "is wrong", "fix it"),
    InvalidPattern("/x?", "has a question mark"),
    VersionUnavailable("is down"),
]


@pytest.mark.parametrize("way", WAYS)
def test_decisions_and_errors_are_the_same_when_copied(way, asked):
    with use_session(asked):
        decision = evaluate(Role("boss") | Permission("x"))
        with pytest.raises(AccessDenied) as caught:
            enforce(Role("boss"))
    assert WAYS[way](decision) == decision
    for error in [*ERRORS, caught.value]:
        copied = WAYS[way](error)
        assert (type(copied), str(copied), vars(copied)) == (type(error), str(error), vars(error))
        assert SECRET.encode() not in pickle.dumps(error)
    assert SECRET.encode() not in pickle.dumps(decision)


def test_an_explanation_of_a_denial_holds_no_session(asked, rf):
    with use_session(asked):
        explanation = explain("/nowhere/")
    assert SECRET.encode() not in pickle.dumps(explanation.decision)


def test_its_repr_has_no_values():
    assert repr(validate_session(DATA)) == "<Session with 6 fields>"


def test_absent_fields_have_empty_values():
    session = validate_session({"user_id": "1"})
    assert (session.email, session.role, session.roles, session.permissions) == (None, None, (), frozenset())
    assert list(session) == ["user_id"]
