"""The checks of permission names: which names nothing grants, and which wildcards match nothing."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.checks import run_checks
from django.test import override_settings

from django_sessionkit import AnyPermission, Permission, Role
from django_sessionkit.access import AccessPolicy

GRANTS = {
    "editor": {"permissions": ["posts:write", "posts:publish"]},
    "admin": {"inherits": ["editor"], "permissions": ["users:*", "*"]},
}
BRIDGE = [*settings.INSTALLED_APPS, "django_sessionkit.contrib.auth.AuthBridge"]


class OwnPermissions(AccessPolicy):
    def get_permissions(self, session):
        return ["posts:wirte"]


class OwnCheck(AccessPolicy):
    def check(self, requirement, session, request):
        return None


def found(id, rule=None, roles=GRANTS, **options):
    rules = [{"name": "news", "pattern": "/page", **rule}] if rule else []
    with override_settings(SESSIONKIT_PROTECT=rules, SESSIONKIT_ROLES=roles, **options):
        return [one for one in run_checks(tags=["sessionkit"]) if one.id == id]


@pytest.mark.parametrize(
    "rule",
    [
        {"permission": "posts:wirte"},
        {"permissions": ["posts:write", "posts:wirte"]},
        {"any_permission": ["posts:wirte", "posts:write"]},
        {"require": Role("editor") & ~(AnyPermission("posts:wirte") | Permission("posts:write", "posts:wirte"))},
    ],
)
def test_a_permission_that_nothing_grants(rule):
    (message,) = found("sessionkit.W032", rule)
    assert message.msg.startswith(
        'news requires the permission "posts:wirte", which no role in SESSIONKIT_ROLES grants.'
    )
    assert message.hint.startswith('Correct the name (did you mean "posts:write"?), or let a role')


def test_a_permission_that_is_like_no_other():
    (message,) = found("sessionkit.W032", {"permission": "zzz"})
    assert message.hint.startswith("Correct the name, or let a role in SESSIONKIT_ROLES grant 'zzz'.")


@pytest.mark.parametrize("name", ["posts:write", "posts:publish"])
def test_a_granted_permission_is_right(name):
    assert found("sessionkit.W032", {"permission": name}) == []


def test_a_wildcard_grants_while_wildcards_are_on():
    for name in ("users:read", "users:a:b"):
        assert found("sessionkit.W032", {"permission": name}, SESSIONKIT_WILDCARD_PERMISSIONS=True) == []
        assert len(found("sessionkit.W032", {"permission": name})) == 1
    (message,) = found("sessionkit.W032", {"permission": "users"}, SESSIONKIT_WILDCARD_PERMISSIONS=True)
    assert "did you mean" not in message.hint  # a requirement cannot have the wildcard "users:*"


@pytest.mark.parametrize("roles", [{}, {"editor": {}}, {"admin": {"permissions": ["*"]}}])
def test_any_name_may_be_right_if_no_role_grants_one(roles):
    assert found("sessionkit.W032", {"permission": "posts:wirte"}, roles) == []


@pytest.mark.parametrize("policy", [OwnPermissions, OwnCheck])
def test_any_name_may_be_right_for_a_policy_class(policy):
    assert found("sessionkit.W032", {"permission": "posts:wirte"}, SESSIONKIT_ACCESS_POLICY=policy) == []


def test_the_bridge_knows_the_permissions_of_models():
    for roles in ({}, GRANTS):
        assert found("sessionkit.W032", {"permission": "auth.change_user"}, roles, INSTALLED_APPS=BRIDGE) == []
        (message,) = found("sessionkit.W032", {"permission": "auth.chnage_user"}, roles, INSTALLED_APPS=BRIDGE)
        assert '(did you mean "auth.change_user"?)' in message.hint
        assert "which no role in SESSIONKIT_ROLES grants and no model declares." in message.msg
    assert found("sessionkit.W032", {"permission": "posts:wirte"}, {}, INSTALLED_APPS=BRIDGE) == []
    assert found("sessionkit.W032", {"permission": "auth.chnage_user"}, {}) == []


def test_custom_permissions_of_a_model_are_known():

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Group._meta, "permissions", [("close", "may close a group")])
        assert found("sessionkit.W032", {"permission": "auth.close"}, {}, INSTALLED_APPS=BRIDGE) == []
    assert len(found("sessionkit.W032", {"permission": "auth.close"}, {}, INSTALLED_APPS=BRIDGE)) == 1


@pytest.mark.parametrize("wildcards", [False, True])
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        (
            "posts.*",
            'Write "posts:*" if your permissions are written with colons. Otherwise, list the permissions, such',
        ),
        ("posts:wri*", 'Write "posts:*" if'),
        ("shop:**", 'Write "shop:*" if'),
        ("shop.change_*", 'Write "shop:*" if'),
        ("*.*", 'Write "*:*" if'),
    ],
)
def test_a_wildcard_that_is_not_a_whole_part_matches_nothing(name, hint, wildcards):
    roles = {"editor": {"permissions": [name]}}
    (message,) = found("sessionkit.W033", roles=roles, SESSIONKIT_WILDCARD_PERMISSIONS=wildcards)
    assert message.msg.startswith(f'SESSIONKIT_ROLES grants "{name}".')
    assert message.hint.startswith(hint)
    assert found("sessionkit.W002", roles=roles, SESSIONKIT_WILDCARD_PERMISSIONS=wildcards) == []


def test_wildcards_that_are_whole_parts_are_right():
    roles = {"editor": {"permissions": ["posts:*", "*:read", "*", "shop.change_order"]}}
    assert found("sessionkit.W033", roles=roles, SESSIONKIT_WILDCARD_PERMISSIONS=True) == []
    assert found("sessionkit.W033", roles={7: {}}) == []
