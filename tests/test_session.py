from __future__ import annotations

import copy
import json
import pickle

import pytest

from django_sessionkit import validate_session

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
    with pytest.raises(TypeError):
        session["role"] = "admin"  # type: ignore[index]


def test_what_is_handed_out_is_a_copy():
    session = validate_session(DATA)
    session["roles"].append("admin")
    session["tags"][1]["y"].append(2)
    session.to_dict()["tags"].clear()
    dict(session.items())["roles"].append("admin")
    assert session == DATA
    assert session.roles == ("a",)


def test_the_plain_dict_is_json():
    assert json.loads(json.dumps(validate_session(DATA).to_dict())) == DATA


def test_equal_content_is_an_equal_value():
    assert validate_session(DATA) == validate_session(DATA)
    assert hash(validate_session(DATA)) == hash(validate_session(DATA))
    assert validate_session(DATA) != validate_session({**DATA, "n": 1})


def test_it_survives_copy_and_pickle():
    session = validate_session(DATA)
    assert copy.deepcopy(session) == session
    assert pickle.loads(pickle.dumps(session)) == session  # noqa: S301 - our own bytes


def test_its_repr_has_no_values():
    assert repr(validate_session(DATA)) == "<Session with 6 fields>"


def test_absent_fields_have_empty_values():
    session = validate_session({"user_id": "1"})
    assert (session.email, session.role, session.roles, session.permissions) == (None, None, (), frozenset())
    assert list(session) == ["user_id"]
