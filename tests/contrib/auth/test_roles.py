"""Staff and superusers in the bridge: their roles, every permission, and groups with these names."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from support.sessions import browser

from django_sessionkit import conf, has_permission, has_role, use_session
from django_sessionkit.contrib.auth import AuthBridge

pytestmark = pytest.mark.django_db

BRIDGE = "django_sessionkit.contrib.auth.AuthBridge"


class Renamed(AuthBridge):
    superuser_role = "überuser"
    staff_role = None


class Bare(AuthBridge):
    superuser_role = staff_role = None


class Same(AuthBridge):
    staff_role = "superuser"


class Blank(AuthBridge):
    superuser_role = " "


@pytest.fixture(autouse=True)
def project(settings):
    settings.ROOT_URLCONF = "support.auth_urls"
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, BRIDGE]
    settings.SESSIONKIT_PROTECT = [{"pattern": "/page", "permission": "shop.burn_down"}]
    return settings


@pytest.fixture
def bridged(project):
    def install(bridge):
        project.INSTALLED_APPS = [*project.INSTALLED_APPS[:-1], f"{__name__}.{bridge.__name__}"]

    return install


def user_in(*groups, **status):
    user = User.objects.create_user("ann", **status)
    user.groups.set([Group.objects.create(name=name) for name in groups])
    user.user_permissions.add(Permission.objects.get(codename="view_user"))
    return user


def dict_of(user):
    client = browser()
    client.force_login(user)
    return client, {key: client.session["__session__"][key] for key in ("roles", "permissions")}


def test_a_superuser_has_every_permission_and_the_roles_that_were_given(project):
    project.SESSIONKIT_PROTECT = [*project.SESSIONKIT_PROTECT, {"pattern": "/users", "role": "editor"}]
    client, found = dict_of(user_in("writer", is_superuser=True, is_staff=True))
    assert found == {"roles": ["staff", "superuser", "writer"], "permissions": []}
    assert client.get("/page/").status_code == 200
    assert client.get("/users/").status_code == 403


def test_staff_has_a_role_and_the_own_permissions():
    client, found = dict_of(user_in(is_staff=True))
    assert found == {"roles": ["staff"], "permissions": ["auth.view_user"]}
    assert client.get("/page/").status_code == 403


@pytest.mark.parametrize("status", [{}, {"is_staff": True}, {"is_superuser": True}])
def test_a_group_gives_neither_role(status, caplog):
    _, found = dict_of(user_in("superuser", "staff", "writer", **status))
    given = {name.removeprefix("is_") for name in status}
    assert found["roles"] == sorted({"writer", *given})
    assert 'the group "superuser" gives no role' in caplog.text
    assert 'the group "staff" gives no role' in caplog.text


def test_the_roles_can_be_renamed_and_a_group_gives_the_new_name_in_no_form(bridged):
    bridged(Renamed)
    assert dict_of(user_in("superuser", "staff", "u\N{COMBINING DIAERESIS}beruser", is_staff=True))[1]["roles"] == [
        "staff",
        "superuser",
    ]
    for role, may in (("superuser", False), ("überuser", True), ("u\N{COMBINING DIAERESIS}beruser", True)):
        with use_session({"user_id": "1", "role": role}):
            assert has_permission("shop.burn_down") is may


def test_the_roles_can_be_left_out(bridged):
    bridged(Bare)
    client, found = dict_of(user_in("superuser", is_superuser=True, is_staff=True))
    assert found["roles"] == ["superuser"]
    assert {"auth.view_user", "auth.delete_user"} <= set(found["permissions"])
    assert client.get("/page/").status_code == 403


def test_a_user_whose_status_is_not_exactly_true_is_neither():
    user, bridge = SimpleNamespace(is_superuser=1, is_staff="yes"), apps.get_app_config("sessionkit_auth")
    assert (bridge.roles_of(user), bridge.permissions_of(user)) == ([], [])
    unknown = SimpleNamespace(get_all_permissions=lambda: {"posts:write"})
    assert (bridge.roles_of(unknown), bridge.permissions_of(unknown)) == ([], ["posts:write"])


def test_a_declared_role_replaces_the_one_of_the_bridge(project):
    project.SESSIONKIT_ROLES = {"superuser": {"inherits": ["editor"]}, "editor": {"permissions": ["posts:write"]}}
    with use_session({"user_id": "1", "role": "superuser"}):
        assert has_role("editor")
        assert has_permission("posts:write")
        assert not has_permission("shop.burn_down")


def test_a_declared_role_may_inherit_that_of_superusers(project):
    project.SESSIONKIT_ROLES = {"owner": {"inherits": ["superuser"]}, "editor": {}}
    for role, may in (("owner", True), ("editor", False), ("staff", False)):
        with use_session({"user_id": "1", "role": role}):
            assert has_permission("shop.burn_down") is may


def found_in(rules, settings):
    settings.SESSIONKIT_PROTECT = rules
    return [one.msg for one in run_checks(tags=["sessionkit"]) if one.id in ("sessionkit.W005", "sessionkit.W002")]


def test_the_roles_of_the_bridge_are_known_and_declare_no_others(project):
    rules = [{"pattern": "/page", "roles": ["superuser", "staff", "writer"]}]
    assert found_in(rules, project) == []
    project.SESSIONKIT_ROLES = {"editor": {}}
    (message,) = found_in(rules, project)
    assert '"writer"' in message


def test_the_roles_of_the_bridge_are_no_columns_of_the_matrix_unless_they_are_required(project, capsys):
    for role, head in ((None, "any session"), ("staff", "staff")):
        project.SESSIONKIT_PROTECT = [{"pattern": "/page", "role": role}] if role else []
        call_command("sessionkit_routes")
        assert capsys.readouterr().out.splitlines()[0].endswith(head)


@pytest.mark.parametrize(("bridge", "fault"), [(Same, "is the role of superusers too"), (Blank, "non-blank")])
def test_a_wrong_name_of_a_role_is_an_error(bridged, bridge, fault):
    bridged(bridge)
    with pytest.raises(ImproperlyConfigured, match=f"{bridge.__name__}.*{fault}"):
        conf.current()
    assert [one.id for one in run_checks(tags=["sessionkit"])] == ["sessionkit.E010"]
