"""Names of roles and permissions: one form on every surface, and no invisible characters."""

from __future__ import annotations

import unicodedata

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.template import Context, Template
from django.test import override_settings

from django_sessionkit import (
    AnyPermission,
    InvalidSession,
    Permission,
    Role,
    aevaluate,
    evaluate,
    has_all_permissions,
    has_any_permission,
    has_any_role,
    has_permission,
    has_role,
    has_role_permission,
    session_public,
    use_session,
    validate_session,
)
from django_sessionkit.access import AccessPolicy
from django_sessionkit.conf.limits import Limits
from django_sessionkit.matrix.principals import parse_principal
from django_sessionkit.mixins import RequirePermissionMixin, RequireRoleMixin
from django_sessionkit.policy.roles import RoleHierarchy, parse_roles
from django_sessionkit.policy.rule_parser import parse_rule
from django_sessionkit.session.validation import SessionValidator
from django_sessionkit.testing import sign_in

NFC, NFD = (unicodedata.normalize(form, "éditeur") for form in ("NFC", "NFD"))
HANGUL, JAMO = (unicodedata.normalize(form, "관리자") for form in ("NFC", "NFD"))
PAIRS = [(NFC, NFD), (NFD, NFC), (HANGUL, JAMO), (JAMO, HANGUL), ("\u212bngström", "Ångström")]
WRITE_NFC, WRITE_NFD = f"{NFC}:write", f"{NFD}:write"
# soft hyphen, zero width space, right-to-left mark and override, word joiner, byte order mark, tag, number sign
UNSEEN = ["\u00ad", "\u200b", "\u200f", "\u202e", "\u2060", "\ufeff", "\U000e0041", "\u0600"]
PERSIAN = "ویرایش\u200cگر"
INDIC = "क्\u200dष"


@pytest.mark.parametrize(("held", "asked"), PAIRS)
@pytest.mark.parametrize("field", ["role", "roles"])
def test_a_role_is_the_same_in_either_form(held, asked, field):
    session = validate_session({"user_id": "1", field: held if field == "role" else [held, "staff"]})
    assert Role(asked).check(session)
    assert Role("x", asked).check(session)
    assert not (~Role(asked)).check(session)


@pytest.mark.parametrize(("held", "asked"), PAIRS)
def test_a_permission_is_the_same_in_either_form(held, asked):
    session = validate_session({"user_id": "1", "permissions": ["a", held]})
    assert Permission(asked, "a").check(session)
    assert AnyPermission("x", asked).check(session)
    assert not (~Permission(asked)).check(session)


def test_a_dict_that_was_seen_before_is_in_the_one_form_too():
    for _ in range(3):
        session = validate_session({"user_id": "1", "role": NFD, "roles": [NFD, "a"], "permissions": [WRITE_NFD]})
        assert (session.role, session.roles, session.permissions) == (NFC, (NFC, "a"), {WRITE_NFC})
        assert session.to_dict()["roles"] == [NFC, "a"]
    assert validate_session(session.to_dict()) == session


@override_settings(SESSIONKIT_SESSION_VALIDATOR=lambda data: {**data, "role": NFD})
def test_what_a_validator_returns_is_in_the_one_form():
    assert validate_session({"user_id": "1"}).role == NFC


def test_other_fields_stay_as_they_are():
    session = validate_session({"user_id": NFD, "email": f"{NFD}@example.org", "name": NFD, "emoji": "\u200b"})
    assert session.to_dict() == {"user_id": NFD, "email": f"{NFD}@example.org", "name": NFD, "emoji": "\u200b"}


def test_the_helpers_ask_in_either_form():
    with use_session({"user_id": "1", "roles": [NFD], "permissions": [WRITE_NFC]}):
        for role in (NFC, NFD):
            assert has_role(role)
            assert has_any_role("x", role)
            assert async_to_sync(aevaluate)(Role(role))
        for permission in (WRITE_NFC, WRITE_NFD):
            assert has_permission(permission)
            assert async_to_sync(aevaluate)(Permission(permission))
            assert has_all_permissions(permission)
            assert has_any_permission("x", permission)
            assert has_role_permission(NFD, permission)
        assert session_public() == {"user_id": "1", "roles": [NFC], "permissions": [WRITE_NFC]}


@pytest.mark.parametrize("asked", [NFC, NFD])
def test_templates_ask_in_either_form(asked):
    text = '{% load sessionkit %}{% if_has_role "R" %}1{% endif_has_role %}{% if "R"|has_role %}2{% endif %}'
    text += '{% if_has_permission "R" %}3{% endif_has_permission %}{% if_has_role name %}4{% endif_has_role %}'
    with use_session({"user_id": "1", "role": NFD, "permissions": [NFC]}):
        assert Template(text.replace("R", asked)).render(Context({"name": asked})) == "1234"


@pytest.mark.parametrize("asked", [NFC, NFD])
def test_rules_and_mixins_ask_in_either_form(asked):
    session = validate_session({"user_id": "1", "role": NFD, "permissions": [NFC]})
    rules = [{"role": asked}, {"roles": [asked]}, {"permission": asked}, {"permissions": [asked]}]
    rules += [{"any_permission": [asked]}, {"require": ~Role("x") & Role(asked)}]
    parsed = [parse_rule({"pattern": "/x", **rule}, "SESSIONKIT_PROTECT[0]") for rule in rules]
    assert [bool(rule.requirement.check(session)) for rule in parsed] == [True] * 6
    for mixin, attribute in ((RequireRoleMixin, "required_roles"), (RequirePermissionMixin, "required_permissions")):
        view = type("View", (mixin,), {attribute: [asked]})()
        assert view.get_requirement().check(session)


@pytest.mark.parametrize(("declared", "held"), [(NFC, NFD), (NFD, NFC)])
def test_declared_roles_grant_in_either_form(declared, held):
    roles = {
        declared: {"permissions": [f"{declared}:write"], "inherits": [f"{held}-chef"]},
        f"{declared}-chef": {"permissions": ["cook"]},
    }
    with override_settings(SESSIONKIT_ROLES=roles), use_session({"user_id": "1", "role": held}):
        assert has_permission(WRITE_NFC)
        assert has_permission("cook")
        assert has_role(f"{declared}-chef")
    assert RoleHierarchy(roles).names == {NFC, f"{NFC}-chef"}


def test_a_role_that_is_declared_in_both_forms_is_an_error():
    with pytest.raises(ImproperlyConfigured, match="declared twice"):
        parse_roles({NFC: {}, NFD: {"permissions": ["x"]}}, "SESSIONKIT_ROLES")


@override_settings(SESSIONKIT_WILDCARD_PERMISSIONS=True)
def test_a_wildcard_covers_either_form():
    with use_session({"user_id": "1", "permissions": [f"{NFD}:*"]}):
        assert has_permission(WRITE_NFC)
        assert has_permission(WRITE_NFD)


class Directory(AccessPolicy):
    """Roles and permissions from a directory that may use another Unicode form."""

    def get_roles(self, session):
        return [*super().get_roles(session), session["more"]]

    def get_permissions(self, session):
        return {*super().get_permissions(session), session["more"]}


@pytest.mark.parametrize(("held", "asked"), PAIRS)
def test_a_policy_may_answer_in_either_form(held, asked):
    with override_settings(SESSIONKIT_ACCESS_POLICY=Directory), use_session({"user_id": "1", "more": held}):
        assert has_role(asked)
        assert has_permission(asked)
        assert not evaluate(~Role(asked))


class Expanding(AccessPolicy):
    """A policy that computes the hierarchy itself."""

    def effective_roles(self, session):
        return frozenset({session["more"]})


@pytest.mark.parametrize(("held", "asked"), PAIRS)
def test_a_policy_may_expand_in_either_form(held, asked):
    with override_settings(SESSIONKIT_ACCESS_POLICY=Expanding), use_session({"user_id": "1", "more": held}):
        assert has_role(asked)
        assert not evaluate(~Role(asked))


@pytest.mark.parametrize("unseen", UNSEEN)
def test_a_policy_that_answers_with_unseen_characters_grants_and_excludes_nobody(unseen):
    with override_settings(SESSIONKIT_ACCESS_POLICY=Directory), use_session({"user_id": "1", "more": f"ad{unseen}min"}):
        assert evaluate(~Role("admin")).failed
        assert not has_role("admin")


def test_principals_and_test_clients_are_asked_in_the_one_form(client):
    principal = parse_principal(f"role={NFD},permission={WRITE_NFD}")
    assert principal.session is not None
    assert (principal.session.role, principal.session.permissions) == (NFC, {WRITE_NFC})
    with override_settings(SESSIONKIT_ROLES={NFC: {}}):
        sign_in(client, role=NFD)


# Invisible characters.


@pytest.mark.parametrize("unseen", UNSEEN)
@pytest.mark.parametrize("name", ["{}admin", "ad{}min", "admin{}"])
@pytest.mark.parametrize("field", ["role", "roles", "permissions"])
def test_a_dict_with_unseen_characters_in_a_name_is_refused(unseen, name, field):
    name = name.format(unseen)
    for _ in range(2):
        with pytest.raises(InvalidSession, match="format characters") as caught:
            validate_session({"user_id": "1", field: name if field == "role" else ["a", name]})
        assert caught.value.field == field


@pytest.mark.parametrize("unseen", UNSEEN)
@pytest.mark.parametrize("make", [Role, Permission, AnyPermission])
def test_a_requirement_with_unseen_characters_in_a_name_is_an_error(unseen, make):
    with pytest.raises(ImproperlyConfigured, match=f"^{make.__name__}: names must not contain invisible format char"):
        make("a", f"ad{unseen}min")


@pytest.mark.parametrize("unseen", UNSEEN)
def test_a_question_with_unseen_characters_is_answered_no(unseen):
    with use_session({"user_id": "1", "role": "admin", "permissions": ["admin"]}):
        assert not has_role(f"ad{unseen}min")
        assert not has_permission(f"ad{unseen}min")


@pytest.mark.parametrize("unseen", UNSEEN)
def test_a_declared_role_with_unseen_characters_is_an_error(unseen):
    for raw in ({f"a{unseen}": {}}, {"a": {"permissions": [f"p{unseen}"]}}):
        with pytest.raises(ImproperlyConfigured, match="format characters"):
            parse_roles(raw, "SESSIONKIT_ROLES")


@pytest.mark.parametrize("name", [PERSIAN, INDIC])
def test_languages_that_need_joiners_have_them(name):
    session = validate_session({"user_id": "1", "role": name, "roles": [name], "permissions": [name]})
    assert Role(name).check(session)
    assert Permission(name).check(session)
    assert not Role(name.replace("\u200c", "").replace("\u200d", "")).check(session)
    assert parse_roles({name: {"permissions": [name]}}, "").names == {name}


# Sizes.


def test_a_limit_counts_the_form_that_is_stored():
    """Some characters become several. A name that is accepted once is accepted again."""
    grows = "\u0958"
    validation = SessionValidator(Limits(role_length=4))
    stored = validation.session({"user_id": "1", "role": grows * 2}).to_dict()
    assert validation.session(stored).role == "\u0915\u093c" * 2
    with pytest.raises(InvalidSession, match="more than 4 characters"):
        validation.session({"user_id": "1", "role": grows * 3})
    with pytest.raises(InvalidSession, match="more than 4 characters"):
        validation.session({"user_id": "1", "role": "e\u0301" * 3})  # hostile sizes are rejected before any work
