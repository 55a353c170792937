"""The options of ``sessionkit_explain`` and ``sessionkit_routes`` that describe the caller."""

from __future__ import annotations

import io

import pytest
from django.conf import settings as project
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command

from django_sessionkit.access import AccessPolicy
from django_sessionkit.management.callers import dict_of_user

BRIDGE = [*project.INSTALLED_APPS, "django_sessionkit.contrib.auth.AuthBridge"]
RULES = [
    {"name": "admins", "pattern": "/admin/**", "role": "admin"},
    {"name": "writers", "pattern": "/page/**", "permissions": ["posts:write", "posts:read"]},
]


@pytest.fixture(autouse=True)
def policy(settings):
    settings.SESSIONKIT_PROTECT = RULES
    return settings


def explained(*arguments, **options):
    """Return the first and the last line but one of the output, and the warnings."""
    out, complaints = io.StringIO(), io.StringIO()
    call_command("sessionkit_explain", *arguments, stdout=out, stderr=complaints, **options)
    lines = out.getvalue().splitlines()
    (decision,) = [one.removeprefix("Decision  ") for one in lines if one.startswith("Decision  ")]
    return lines[0], decision.partition(":")[0].removesuffix(" by the rule"), complaints.getvalue().splitlines()


def decision(*arguments, **options):
    return explained(*arguments, **options)[1].partition(" ")[0]


def test_roles_and_permissions_may_be_given_one_by_one():
    assert decision("/admin/", "--role", "admin") == "allowed"
    assert decision("/admin/", "--role", "x", "--role", "admin") == "allowed"
    assert decision("/page/", "--permission", "posts:write") == "denied"
    both = ("--permission", "posts:write", "--permission", "posts:read")
    assert explained("/page/", *both)[0] == "As permission=posts:write,permission=posts:read"
    assert decision("/page/", *both) == decision("/page/", "--as", "permission=posts:read", *both[:2]) == "allowed"
    assert explained("/admin/", "--as", "role=x", "--role", "admin")[0] == "As role=x,role=admin"


def test_call_command_takes_the_same():
    assert decision("/admin/", role="admin") == decision("/admin/", role=["x", "admin"]) == "allowed"
    assert decision("/admin/", caller="role=admin") == decision("/admin/", **{"as": "role=admin"}) == "allowed"
    assert decision("/page/", permission=["posts:write", "posts:read"]) == "allowed"
    assert decision("/admin/") == decision("/admin/", caller="anonymous") == "denied"


@pytest.fixture
def ann(db):
    user = User.objects.create_user("ann", "ann@example.org")
    user.groups.set([Group.objects.create(name="admin")])
    return user


def test_a_user_of_the_bridge(ann, policy):
    policy.INSTALLED_APPS = BRIDGE
    for name in ("ann", str(ann.pk)):
        assert explained("/admin/", "--user", name) == (f"As user={name}", "allowed by the rule admins", [])
        assert explained("/admin/", user=name)[0] == f"As user={name}"
    assert decision("/page/", "--user", "ann") == "denied"
    added = ("--permission", "posts:write", "--permission", "posts:read")
    assert decision("/page/", "--user", "ann", *added) == decision("/admin/", "--user", "ann", *added) == "allowed"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--user", "bob"], '--user: no user has the login name or the primary key "bob"'),
        (["--user", "7"], '--user: no user has the login name or the primary key "7"'),
        (["--user", "eve"], '--user: "eve" has no session. The user is not known, or not active.'),
        (["--user", "ann", "--as", "role=x"], "Use --as or --user, not both."),
        (["--user", "ann", "--role", "x" * 200], "--user: roles: "),
        (["--role", " "], "--as: roles: "),
    ],
)
def test_a_user_without_a_session(arguments, complaint, ann, policy):
    policy.INSTALLED_APPS = BRIDGE
    User.objects.create_user("eve", is_active=False)
    with pytest.raises(CommandError) as caught:
        explained("/admin/", *arguments)
    assert str(caught.value).startswith(complaint)


def refresh(session, request):
    return {"user_id": "other", "roles": ["admin"]} if session.user_id == "7" else None


async def arefresh(session, request):
    return refresh(session, request)


@pytest.mark.parametrize("function", [refresh, arefresh])
def test_a_user_of_the_refresh_function(function, policy):
    policy.SESSIONKIT_VERSION, policy.SESSIONKIT_REFRESH = len, function
    assert dict_of_user("7") == {"user_id": "7", "roles": ["admin"]}
    assert decision("/admin/", "--user", "7") == "allowed"
    with pytest.raises(CommandError, match='"8" has no session'):
        explained("/admin/", "--user", "8")


def test_a_project_without_either_is_told_what_to_use():
    with pytest.raises(
        CommandError, match=r"--user needs the bridge from django\.contrib\.auth, or SESSIONKIT_REFRESH"
    ):
        explained("/admin/", "--user", "7")


@pytest.mark.parametrize(
    ("arguments", "warning"),
    [
        (["--role", "amdin"], 'names the role "amdin". Did you mean "admin"?'),
        (["--as", "role=amdin"], 'names the role "amdin". Did you mean "admin"?'),
        (["--as", "role=admin,roles=amdin"], 'names the role "amdin". Did you mean "admin"?'),
        (["--permission", "posts:wirte"], 'names the permission "posts:wirte". Did you mean "posts:write"?'),
        (["--as", "permission=zzz"], 'names the permission "zzz".'),
        (["--as", "role=admin,plann=pro"], '"plann" is no field that SessionKit knows, so it is a custom field.'),
    ],
)
def test_unknown_names_and_keys_are_told(arguments, warning):
    (line,) = explained("/admin/", *arguments)[2]
    assert warning in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["--as", "anonymous"],
        ["--as", "user_id=7,email=a@b,role=admin,permissions=posts:write,custom.plan=pro"],
        ["--role", "editor", "--role", "chief", "--permission", "posts:read", "--permission", "shop:buy"],
        ["--permission", "posts:*"],
    ],
)
def test_known_names_are_not(arguments, policy):
    policy.SESSIONKIT_ROLES = {"chief": {"inherits": ["editor"]}, "editor": {"permissions": ["shop:*"]}}
    policy.SESSIONKIT_WILDCARD_PERMISSIONS = True
    assert explained("/admin/", *arguments)[2] == []


def test_a_policy_without_names_knows_none(policy):
    policy.SESSIONKIT_PROTECT, policy.INSTALLED_APPS = [{"pattern": "/admin/**", "authenticated": True}], BRIDGE
    assert explained("/admin/", "--role", "amdin", "--permission", "shop.buy")[2] == []


@pytest.mark.parametrize("method", ["check", "get_roles"])
def test_a_policy_class_may_know_any_name(method, policy):
    policy.SESSIONKIT_ACCESS_POLICY = type("Own", (AccessPolicy,), {method: lambda self, *rest: None})
    assert explained("/admin/", "--as", "anonymous", "--role", "amdin")[2] == []


def test_the_matrix_warns_too():
    complaints = io.StringIO()
    call_command("sessionkit_routes", callers="role=amdin", stdout=io.StringIO(), stderr=complaints)
    assert 'Did you mean "admin"?' in complaints.getvalue()


@pytest.mark.parametrize(
    ("command", "options", "complaint"),
    [
        ("sessionkit_explain", {"kind": "robot"}, '--to: unknown value "robot"; allowed are'),
        ("sessionkit_explain", {"format": "jsn"}, '--format: unknown value "jsn"; did you mean "json"?'),
        ("sessionkit_routes", {"format": "tabel"}, '--format: unknown value "tabel"; did you mean "table"?'),
        (
            "sessionkit_routes",
            {"fail_on": ["dead", "unprotcted"]},
            '--fail-on: unknown value "unprotcted"; did you mean',
        ),
        ("sessionkit_doctor", {"format": "text "}, '--format: unknown value "text "; did you mean "text"?'),
        ("sessionkit_doctor", {"fail_on": "fial"}, '--fail-on: unknown value "fial"; did you mean "fail"?'),
    ],
)
def test_call_command_is_told_a_wrong_value(command, options, complaint):
    arguments = ["/admin/"] if command == "sessionkit_explain" else []
    with pytest.raises(CommandError) as caught:
        call_command(command, *arguments, stdout=io.StringIO(), **options)
    assert str(caught.value).startswith(complaint)
