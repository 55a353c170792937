"""``manage.py sessionkit_explain``."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.urls import include, path
from django.views.generic import View

from django_sessionkit import AllowObject, Authenticated, Impersonated, Permission, RequireObjectMixin
from django_sessionkit.decorators import require, require_role

RULES = [
    {"name": "writers", "pattern": "/page/**", "methods": ["POST"], "permission": "posts:write", "api": True},
    {"name": "admins", "pattern": "/admin/**", "role": "admin"},
    {"name": "premium", "pattern": "/upgrade/**", "allow": lambda session: session.get("plan") == "premium"},
]


@pytest.fixture(autouse=True)
def policy(settings):
    settings.SESSIONKIT_PROTECT = RULES
    return settings


def command(*arguments: str, **options) -> str:
    out = io.StringIO()
    call_command("sessionkit_explain", *arguments, stdout=out, **options)
    return out.getvalue()


DENIED = """\
As anonymous
GET //ADMIN/.
Route     none: no URL pattern matches the path
Session   none
Decided   from the path alone, before Django looked for the view

Exact  //ADMIN/.
  not matched by writers, admins, premium
  no rule decides

Normalized  /ADMIN
  not matched by writers, admins, premium
  no rule decides

Case-folded  //admin/.
  not matched by writers, admins, premium
  no rule decides

Case-folded  /admin
  admins  decides
  not matched by writers
    denied    Role('admin'): needs a session

Decision  denied by the rule admins: needs a session
Response  302 to /login/, for a page
"""


def test_the_text_is_plain_when_piped():
    assert command("//ADMIN/.") == DENIED


def test_colours_only_add_to_the_text():
    coloured = command("//ADMIN/.", force_color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == DENIED


def test_the_caller_is_who_as_says():
    assert "allowed by the rule admins" in command("/admin/", "--as", "role=admin")
    assert 'needs the role "admin"' in command("/admin/", "--as", "role=editor")
    assert "allowed by the rule premium" in command("/upgrade/", "--as", "plan=premium")
    assert "denied by the rule premium" in command("/upgrade/", "--as", "plan=free")


def test_the_method_and_who_is_answered():
    assert "allowed: no session is needed" in command("/page/")
    assert "Response  401, for an API client" in command("/page/", "--method", "post")
    assert "Response  401 to /login/, for HTMX" in command("/admin/", "--to", "htmx")


def test_a_url_name_will_do():
    assert "Route     /admin/\n" in command("admin")


@pytest.mark.parametrize("url", ["https://shop.example/admin/?tab=1", "HTTP://127.0.0.1:8000/admin/#top"])
def test_a_full_url_will_do(url):
    told = command(url)
    assert "GET /admin/\n" in told
    assert "Route     /admin/\n" in told


def test_a_url_without_a_path_is_the_front_page_and_two_slashes_stay():
    assert "GET /\n" in command("https://shop.example")
    assert "GET //admin/\n" in command("https://shop.example//admin/?x=1")


def test_a_url_name_takes_arguments(policy):
    urlconf = type("urls", (), {"urlpatterns": [path("page/<slug:name>/<int:pk>/", lambda request: None, name="page")]})
    policy.ROOT_URLCONF = urlconf
    assert "GET /page/a/7/\n" in command("page", "a", "7")
    assert "GET /page/a/7/\n" in command("page", "name=a", "pk=7")
    with pytest.raises(CommandError, match=r'The URL name "page" cannot be reversed without arguments\. Add'):
        command("page")
    with pytest.raises(CommandError, match=r'The URL name "page" cannot be reversed with a x\. Add the arguments'):
        command("page", "a", "x")
    with pytest.raises(CommandError, match=r'No route has the name "pgae"\. Did you mean "page"\? A path must'):
        command("pgae")
    with pytest.raises(CommandError, match=r'No route has the name "page/a/7/"\. Did you mean "/page/a/7/"\? A path'):
        command("page/a/7/")
    with pytest.raises(CommandError, match=r"the following arguments are required: PATH$"):
        command()
    with pytest.raises(CommandError, match=r"Only a URL name takes arguments, not a path\."):
        command("/page/", "7")


def test_json_is_one_document():
    told = json.loads(command("/admin/", "--as", "role=editor", "--format", "json"))
    assert (told["caller"], told["outcome"], told["rule"]) == ("role=editor", "denied", "admins")
    assert told["missing"] == ["admin"]
    assert told["response"] == {"status": 403, "caller": "page", "location": None, "is_step_up": False}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["/admin/", "--as", "rol=admin"], '--as: unknown key "rol"; did you mean "role"?'),
        (["/admin/", "--as", f"user_id={300 * 'x'}"], "--as: user_id: "),
        (["/admin/", "--method", "GIT"], '--method: unknown value "GIT"; did you mean "GET"?'),
        (["nope"], "A path must start with a slash"),
        (["/admin/", "--to", "robot"], "invalid choice"),
    ],
)
def test_bad_usage_is_an_error_that_says_how(arguments, complaint):
    with pytest.raises(CommandError) as caught:
        command(*arguments)
    assert complaint in str(caught.value)


def test_an_invalid_policy_is_told_instead():
    with (
        override_settings(SESSIONKIT_PROTECT=[{"pattern": "/a", "rol": "x"}]),
        pytest.raises(CommandError, match='did you mean "role"'),
    ):
        command("/a")


def test_a_missing_middleware_is_told():
    complaints = io.StringIO()
    with override_settings(MIDDLEWARE=[]):
        command("/admin/", stderr=complaints)
    assert "no URL rule is enforced" in complaints.getvalue()


def test_a_urlconf_that_includes_itself_and_a_view_that_cannot_be_hashed(policy):
    @dataclass
    class Page:
        name: str

        def __call__(self, request, **kwargs):
            raise AssertionError("a view was run")

    urlconf = type("urls", (), {"urlpatterns": [path("page/<slug:name>/", Page("page"))]})
    urlconf.urlpatterns.append(path("sub/", include(urlconf)))
    policy.ROOT_URLCONF = urlconf
    policy.SESSIONKIT_PROTECT = [{"name": "sevens", "pattern": "/**/page/7", "role": "admin"}]
    told = command("/sub/sub/page/007/")
    assert "Routed  /sub/sub/page/7/" in told
    assert "denied by the rule sevens" in told
    assert "allowed: no session is needed" in command("/sub/sub/page/8/")


def test_the_tenant_is_shown_and_can_be_chosen(policy):
    policy.SESSIONKIT_PROTECT = [{"name": "edit", "pattern": "/page/**", "role": "editor", "within": True}]
    text = command("/page/", "--as", "acme/role=editor")
    assert "As acme/role=editor" in text
    assert "Session   present, in the tenant acme" in text
    assert "allowed   Within(Role('editor'))" in text or "granted   Within(Role('editor'))" in text
    assert "Decision  allowed by the rule edit" in text
    text = command("/page/", "--as", "acme/role=editor", "--tenant", "globex")
    assert "As acme/role=editor in the tenant globex" in text
    assert "Session   present, in the tenant globex" in text
    assert "Decision  denied by the rule edit: has no rights in the current tenant, or there is none" in text
    for arguments, tenant in ((["--as", "acme/"], "acme"), (["--role", "editor"], None), ([], None)):
        assert json.loads(command("/page/", *arguments, format="json"))["tenant"] == tenant
    with pytest.raises(CommandError, match="tenant: must not be blank"):
        command("/page/", "--role", "editor", "--tenant", " ")


def test_names_in_a_tenant_are_checked_too(policy):
    policy.SESSIONKIT_PROTECT = [{"name": "edit", "pattern": "/page/**", "role": "editor", "within": True}]
    err = io.StringIO()
    command("/page/", "--as", "acme/role=editro", stderr=err)
    assert 'names the role "editro". Did you mean "editor"?' in err.getvalue()


class OwnOrder(RequireObjectMixin, View):
    object_requirement = AllowObject(lambda session, order: True) | Permission("refund")

    def get_object(self):
        raise AssertionError("the view was run")

    def get(self, request): ...


class Orders:
    urlpatterns = [
        path("own/", OwnOrder.as_view()),
        path("both/", require_role("clerk")(OwnOrder.as_view())),
        path("pay/", require(Authenticated() & ~Impersonated())(lambda request: None)),
    ]


def test_a_page_about_an_object_is_not_said_to_have_failed():
    with override_settings(ROOT_URLCONF=Orders, SESSIONKIT_PROTECT=[]):
        open_, closed = command("/own/", caller="role=editor"), command("/both/", caller="role=editor")
        page = command("/both/", caller="role=clerk")
    assert "Decision  depends on the object, about which the view asks\nResponse  from the view" in open_
    assert "Decision  depends on the object" in page
    assert 'Decision  denied by the view: needs the role "clerk"' in closed


def test_a_caller_who_acts_as_the_user(capsys):
    with override_settings(ROOT_URLCONF=Orders):
        assert "Decision  allowed" in command("/pay/", caller="role=admin")
        assert "Decision  denied" in command("/pay/", caller="role=admin,act=1")
    assert "custom field" not in capsys.readouterr().err
