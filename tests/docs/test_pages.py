"""Test the claims of the pages in the projects that their blocks define."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta
from importlib import import_module, reload
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django import VERSION
from django.conf import global_settings
from django.contrib.auth import alogin
from django.contrib.auth.models import AnonymousUser, Group, User
from django.contrib.auth.views import LoginView
from django.contrib.contenttypes.models import ContentType
from django.core import management
from django.core.cache import cache
from django.core.checks import run_checks
from django.http import HttpResponse
from django.template import engines
from django.test import AsyncClient, Client, RequestFactory, TestCase, override_settings
from django.urls import path
from support.manual.callers import BROWSER, PROGRAM, async_caller, caller, status
from support.manual.commands import commands
from support.manual.markdown import DOCS, Block, blocks
from support.manual.printing import printed
from support.manual.project import Project, Run
from support.manual.responses import same_response
from support.manual.tutorial import play, run_command
from support.sessions import untimed
from support.websockets import WebSocket

from django_sessionkit import (
    AccessDenied,
    Allow,
    can_access,
    conf,
    evaluate,
    get_session,
    revoke_sessions,
    set_session,
    testing,
    use_session,
    validate_session,
)
from django_sessionkit.patterns import matches
from django_sessionkit.requirements import Requirement
from django_sessionkit.sources import SessionSource
from django_sessionkit.versions import cached_version

pytest_plugins = ["support.manual.fixtures"]

URLS = "support.manual.urls"


def test_readme(run: Run) -> None:
    page = run("README.md")
    page.apply({"SESSIONKIT_SOURCE": conf.DEFAULT_SOURCE})  # the callers below are not logged in to Django
    assert (status("/anything/"), status("/anything/", plan="free")) == (302, 200)
    page.apply({"SESSIONKIT_GLOBAL_PROTECT": False})
    views = page.module("shop.views")
    page.route(publish=views.publish, invoices=views.Invoices.as_view(), refund=views.refund)
    assert (status("/reports/may/"), status("/reports/may/", role="author")) == (302, 403)
    assert status("/reports/may/", role="editor") == 200
    assert (status("/users/"), status("/users/", "POST", permissions=["users:read"])) == (200, 403)
    assert (status("/publish/", role="author"), status("/publish/", role="admin")) == (403, 200)
    assert b"Ask an accountant" in caller(permissions=["invoices:read"]).get("/invoices/").content
    accountant = caller(role="accountant", roles=["chief"], permissions=["invoices:write"])
    assert accountant.get("/refund/").content == b"refunded by 7, at once"
    page.apply({"SESSIONKIT_VERSION": "django_sessionkit.versions.cached_version"})
    ann = User.objects.create_user("ann")
    client = testing.sign_in(Client(), user_id=str(ann.pk), role="editor")
    assert client.get("/reports/may/").status_code == 200
    page.module("shop.staff").demote(ann)
    assert client.get("/reports/may/").status_code == 401


def test_readme_bridge(run: Run) -> None:
    run("README.md")
    user = User.objects.create_user("ann", "ann@example.org")
    user.groups.add(Group.objects.create(name="editor"))
    client = Client()
    client.force_login(user)
    placed = {"user_id": str(user.pk), "email": "ann@example.org", "roles": ["editor"], "permissions": []}
    assert untimed(client.session["__session__"]) == placed
    client.logout()
    assert "__session__" not in client.session


def test_readme_in_a_new_project(tmp_path: Path) -> None:
    """The first success: no warning, and each command shows something."""
    run_command(["django-admin", "startproject", "mysite", "."], tmp_path)
    text = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    first = [block for block in blocks(text, "README.md") if block.heading == "Protect your project in two minutes"]
    (settings,) = (block.code for block in first if block.language == "python")
    (login,) = re.findall(r"`(LOGIN_URL = .+?)`", text)
    with (tmp_path / "mysite" / "settings.py").open("a", encoding="utf-8") as file:
        file.write(f"{settings}{login}\n")
    assert "no issues" in run_command(["python", "manage.py", "check", "--fail-level", "WARNING"], tmp_path)
    output = [run_command(one, tmp_path) for block in first if block.language == "console" for one in commands(block)]
    assert "login page" in output[1]
    assert "302 to /admin/login/?next=/admin/" in output[2]


def test_the_recipe_for_the_admin_in_a_new_project(tmp_path: Path) -> None:
    """Staff get in, nobody else does, and no check warns."""
    run_command(["django-admin", "startproject", "mysite", "."], tmp_path)
    text = (DOCS / "how-to" / "admin.md").read_text(encoding="utf-8")
    first = [block for block in blocks(text, "admin.md") if block.heading == "Protect it by a URL"]
    (settings,) = (block.code for block in first if block.file == "settings.py")
    ours = (
        'INSTALLED_APPS += ["django_sessionkit"]\nMIDDLEWARE += ["django_sessionkit.middleware.SessionKitMiddleware"]\n'
    )
    with (tmp_path / "mysite" / "settings.py").open("a", encoding="utf-8") as file:
        file.write(f"{ours}{settings}")
    assert "no issues" in run_command(["python", "manage.py", "check", "--fail-level", "WARNING"], tmp_path)

    def explained(path: str, *caller: str) -> str:
        return run_command(["python", "manage.py", "sessionkit_explain", path, *caller], tmp_path)

    assert "Decision  allowed by" in explained("/admin/", "--as", "role=staff")
    assert "Response  403" in explained("/admin/", "--as", "role=superuser")
    assert "302 to /admin/login/?next=/admin/" in explained("/admin/")
    assert "Decision  allowed" in explained("/admin/login/")


def test_tutorial(tmp_path: Path) -> None:
    output = play(DOCS / "tutorial.md", tmp_path)
    assert "System check identified no issues" in output
    assert re.search(r"Ran [1-9]\d* tests", output)


class TestUrls:
    @pytest.fixture
    def page(self, run: Run) -> Any:
        return run("docs/how-to/urls.md")

    def test_first_match(self, page: Any) -> None:
        page.only("Protect URLs")
        assert (status("/api/health/"), status("/api/x/"), status("/api/x/", plan="free")) == (200, 401, 200)
        assert (status("/dashboard/", role="admin"), status("/dashboard/", role="author")) == (200, 403)
        assert status("/internal/", role="admin") == 403

    def test_view(self, page: Any) -> None:
        page.only("Match the view instead of the path")
        assert (status("/billing/invoices/"), status("/billing/invoices/", role="owner")) == (404, 200)
        assert status("/billing/invoices/7/delete/", role="owner") == 200  # the first rule decides
        assert (status("/articles/5/edit/", role="owner"), status("/articles/5/edit/", role="admin")) == (403, 200)

    def test_methods(self, page: Any) -> None:
        page.only("Match the method")
        reader = {"permissions": ["articles:read"]}
        answers = {verb: status("/articles/", verb, **reader) for verb in ("GET", "HEAD", "OPTIONS", "TRACE", "POST")}
        assert answers == {"GET": 200, "HEAD": 200, "OPTIONS": 403, "TRACE": 403, "POST": 403}
        with override_settings(SESSIONKIT_PROTECT=page._settings["SESSIONKIT_PROTECT"][:2]):
            assert status("/articles/", "OPTIONS") == 200  # the gap that the third rule closes

    def test_predicates(self, page: Any) -> None:
        page.only("Use your own function")
        assert caller(plan="free").get("/premium/")["Location"] == "/upgrade/"
        assert status("/premium/", plan="premium") == 200
        assert status("/payroll/", role="accountant") == 403
        cache.set("on-call:7", True)
        assert status("/payroll/", role="accountant") == 200

    def test_a_predicate_of_a_pattern_rule_sees_no_route(self) -> None:
        def predicate(session: Any, request: Any) -> bool:
            return request.resolver_match is None

        rule = {"pattern": "/articles/**", "allow": predicate}
        with override_settings(ROOT_URLCONF=URLS, SESSIONKIT_PROTECT=[rule]):
            assert status("/articles/") == 200

    def test_default(self, page: Any) -> None:
        page.only("Protect everything by default")
        page.route(contact=page.module("shop.views").contact)
        answers = {path: status(path) for path in ("/", "/about/", "/help/a/", "/contact/", "/shop/", "/nowhere")}
        assert answers == {"/": 200, "/about/": 200, "/help/a/": 200, "/contact/": 200, "/shop/": 302, "/nowhere": 301}

    def test_languages(self) -> None:
        rule = {"pattern": "/admin/**", "role": "admin"}
        with override_settings(ROOT_URLCONF="support.manual.i18n_urls", LANGUAGE_CODE="de"):
            with override_settings(SESSIONKIT_PROTECT=[rule]):
                assert status("/de/admin/") == 302
            with override_settings(SESSIONKIT_PROTECT=[{**rule, "i18n": False}]):
                assert status("/de/admin/") == 200


class TestViews:
    @pytest.fixture
    def page(self, run: Run) -> Any:
        return run("docs/how-to/views.md")

    ANSWERS = {
        "/account/": {"": 302, "author": 200, "editor": 200},
        "/drafts/": {"": 302, "author": 403, "editor": 200},
        "/articles/": {"": 302, "author": 200, "editor": 200},
        "/secret/": {"": 404, "author": 404, "editor": 404},
        "/billing/": {"": 404, "author": 404, "editor": 404},
        "/films/": {"": 302, "author": 302, "editor": 302},
        "/stock/": {"": 401, "author": 403, "editor": 403},
        "/prices/": {"": 200, "author": 200, "editor": 200},
        "/staff/password/": {"": 302, "author": 403, "editor": 403},
    }

    @pytest.mark.parametrize("path", ANSWERS)
    def test_answers(self, page: Any, path: str) -> None:
        found = {role: status(path, **({"role": role} if role else {})) for role in self.ANSWERS[path]}
        assert found == self.ANSWERS[path]

    def test_requirements(self, page: Any) -> None:
        assert status("/edit/", permissions=["posts:read"]) == 302
        assert status("/edit/", permissions=["posts:read", "posts:publish"]) == 200
        assert status("/articles/", "POST", role="editor") == 403
        assert status("/articles/", "POST", permissions=["articles:write"]) == 200
        assert status("/publish/", "POST", role="editor", permissions=["posts:publish"]) == 200
        assert (status("/profile/7/", role="x"), status("/profile/8/", role="x")) == (200, 403)
        assert status("/profile/8/", role="admin") == 200

    def test_public_lifts_the_default_only(self, page: Any) -> None:
        with override_settings(SESSIONKIT_GLOBAL_PROTECT=True):
            assert (status("/upgrade/"), status("/prices/")) == (200, 200)
        with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/prices", "role": "editor"}]):
            assert status("/prices/") == 302

    def test_public_is_not_inherited(self, page: Any) -> None:
        class Offers(page.module("shop.views").Prices):
            """A subclass of a public view."""

        page.route(offers=Offers.as_view())
        with override_settings(SESSIONKIT_GLOBAL_PROTECT=True):
            assert status("/offers/") == 302

    def test_the_guard_is_asked_before_the_cache(self, page: Any) -> None:
        page.route(statistics=page.module("shop.views").statistics)
        assert [status("/statistics/", role=role) for role in ("editor", "author", "editor")] == [200, 403, 200]


def test_templates(run: Run) -> None:
    page = run("docs/how-to/templates.md")
    source = page.under("Use block tags", "html+django")[0].code
    shown = page.templates.render(source, {"user_id": "7", "role": "editor", "permissions": ["posts:write"]})
    assert [line.strip() for line in shown.split("\n") if line.strip()] == [
        '<a href="/logout/">Log out</a>',
        "any of these roles",
        "this permission",
        "at least one",
    ]
    assert "Log in" in page.templates.render(source, None)


def test_templates_links(run: Run) -> None:
    page = run("docs/how-to/templates.md")
    source = page.under("Show links that work", "html+django")[0].code
    rules = [{"pattern": "/articles/*/edit", "role": "admin"}]
    with override_settings(SESSIONKIT_PROTECT=rules):
        assert "Save" in page.templates.render(source, {"user_id": "7", "role": "admin"})
        shown = page.templates.render(source, None)
    assert "Save" not in shown
    assert "Articles" in shown


def test_templates_for_scripts(run: Run) -> None:
    page = run("docs/how-to/templates.md")
    source = page.under("Pass the session to JavaScript", "html+django")[0].code
    shown = page.templates.render(source, {"user_id": "7", "role": "editor", "plan": "</script>", "email": "a@b.org"})
    assert '"plan": "\\u003C/script\\u003E", "user_id": "7", "roles": ["editor"], "permissions": []}' in shown
    assert "a@b.org" not in shown
    assert ">null</script>" in page.templates.render(source, None)


def test_templates_in_async_views(run: Run) -> None:
    page = run("docs/how-to/templates.md")
    page.route(front=page.module("shop.views").front_page)
    assert async_to_sync(async_caller(role="x").get)("/front/").content.strip() == b"Welcome back"
    assert async_to_sync(async_caller().get)("/front/").content.strip() == b"Welcome"


def test_code(run: Run) -> None:
    run("docs/how-to/code.md")
    assert caller(email="a@example.org").get("/profile/").content == b"a@example.org"
    assert (status("/orders/"), status("/orders/", role="x")) == (302, 200)
    assert caller(role="admin", permissions=["posts:publish"]).get("/toolbar/").content == b"edit, publish"
    assert (status("/refund/", role="accountant"), status("/orders/2/", role="x")) == (403, 403)
    assert (status("/orders/1/", role="x"), status("/orders/2/", role="admin")) == (200, 200)


def test_code_changes_the_session(run: Run) -> None:
    run("docs/how-to/code.md")
    client = caller(plan="free")
    before = client.session.session_key
    client.get("/upgrade/")
    assert client.session["__session__"]["plan"] == "premium"
    between = client.session.session_key
    client.get("/renew/")
    assert len({before, between, client.session.session_key}) == 3


class TestLogin:
    @pytest.fixture
    def page(self, run: Run) -> Any:
        return run("docs/how-to/login.md")

    def with_cookies(self, page: Any) -> None:
        page.apply({"SESSIONKIT_SOURCE": "django_sessionkit.sources.DjangoSessionSource"})

    def with_bridge(self, page: Any) -> None:
        self.with_cookies(page)
        page.apply({"SESSIONKIT_SOURCE": "django_sessionkit.contrib.auth.AuthSource"})

    def test_the_bridge(self, page: Any) -> None:
        self.with_bridge(page)
        client = Client()
        client.force_login(User.objects.create_user("ann", first_name="Ann", is_staff=True))
        placed = client.session["__session__"]
        assert (placed["roles"], placed["permissions"], placed["name"]) == (["staff"], [], "Ann")
        User.objects.update(is_active=False)
        page.apply({"SESSIONKIT_PROTECT": [{"pattern": "/desk", "role": "staff"}]})
        assert client.get("/desk/").status_code == 401

    def test_the_bridge_under_alogin(self, page: Any) -> None:
        self.with_bridge(page)
        user = User.objects.create_user("ann")

        async def log_in(request: Any) -> HttpResponse:
            await alogin(request, user)
            return HttpResponse(get_session().user_id)

        page.route(enter=log_in)
        assert async_to_sync(async_caller().get)("/enter/").content == str(user.pk).encode()

    def test_a_view_instead(self, page: Any) -> None:
        self.with_cookies(page)
        page.route(login=page.module("shop.views").LogIn.as_view())
        user = User.objects.create_user("ann", password="right")
        client = Client()
        assert client.post("/login/", {"username": "ann", "password": "right"}).status_code == 302
        assert client.session["__session__"]["user_id"] == str(user.pk)
        assert client.session["__session__"]["plan"] == "premium"

    def test_a_login_page_on_another_site(self, page: Any) -> None:
        response = caller().get("/orders/", headers=BROWSER)
        assert response["Location"] == "/to-login/?next=/orders/"
        onward = caller().get(response["Location"])
        assert onward["Location"] == "https://sso.example.org/?return_to=http%3A%2F%2Ftestserver%2Forders%2F"
        for evil in ("//evil.example/", "https://evil.example/", "/\\evil.example/"):
            assert "evil" not in caller().get("/to-login/", {"next": evil})["Location"]


def test_has_perm(run: Run) -> None:
    run("docs/how-to/has-perm.md")
    user, client = User.objects.create_user("ann"), caller()
    client.force_login(user)
    assert client.get("/orders/").status_code == 403
    for role, refunds in (("clerk", False), ("manager", True)):
        session = client.session
        session["__session__"] = {"user_id": str(user.pk), "role": role}
        session.save()
        assert client.get("/orders/").content == b"orders"
        assert (client.get("/refund/").content == b"refunded") is refunds


def test_step_up(run: Run) -> None:
    run("docs/how-to/step-up.md")
    User.objects.create_user("bob", password="bobs")
    user, client = User.objects.create_user("ann", password="anns"), caller()
    client.force_login(user)
    session = client.session
    session["__session__"] = {"user_id": str(user.pk), "permissions": ["articles:publish"], "auth_time": 0}
    session.save()
    form = {"referer": "http://testserver/articles/7/"}
    response = client.post("/articles/7/publish/", headers={**BROWSER, **form})
    assert response["Location"] == "/confirm/?next=/articles/7/"
    key = client.session.session_key
    for wrong in ("bobs", ""):
        assert client.post(response["Location"], {"password": wrong, "next": "/articles/7/"}).status_code == 200
        assert client.session["__session__"]["auth_time"] == 0
    assert client.post("/confirm/", {"password": "anns", "next": "/articles/7/"})["Location"] == "/articles/7/"
    assert client.session.session_key != key
    assert client.session["__session__"]["amr"] == ["pwd"]
    assert client.post("/articles/7/publish/", headers=BROWSER).content == b"published"
    assert client.post("/confirm/", {"password": "anns", "next": "https://evil.example/"})["Location"] == "/"
    assert client.get("/users/", headers=BROWSER).status_code == 403


def test_objects(run: Run) -> None:
    """The views of the page, and what it says of templates, of APIs and of forgotten checks."""
    page = run("docs/how-to/objects.md")
    for owned, where in (("/orders/{}/", "get"), ("/show/{}/", "get"), ("/orders/{}/cancel/", "post")):
        statuses = [getattr(caller(role="x"), where)(owned.format(pk)).status_code for pk in (1, 2, 3)]
        hidden = where == "post"
        assert statuses == [200, 404 if hidden else 403, 404]
        anonymous = getattr(Client(headers=BROWSER), where)(owned.format(1))
        assert anonymous.status_code == (404 if hidden else 302)
        answer = async_to_sync(getattr(async_caller(role="x"), where))(owned.format(1))
        assert answer.status_code == 200
    refunds = {"user_id": "9", "permissions": ["orders:refund"]}
    for address in ("/orders/2/", "/show/2/"):
        testing.assert_access(address, as_=refunds)
    assert async_to_sync(async_caller(role="x").get)("/cancel/1/").content == b"cancelled 1"
    assert async_to_sync(async_caller(role="x").get)("/cancel/2/").status_code == 403
    manual = (DOCS / "how-to" / "objects.md").read_text(encoding="utf-8")
    (text,) = (block.code for block in blocks(manual, "objects.md") if block.language == "html+django")
    template = engines["django"].from_string(text)
    find = page.module("shop.orders").find
    with use_session({"user_id": "7"}):
        shown = template.render({"orders": [find(1), find(2)]})
    assert (shown.count("<button>"), shown.count("only its owner")) == (1, 1)

    def forgets(request: Any) -> HttpResponse:
        return HttpResponse("order")

    page.route(forgets=forgets)
    testing.assert_access("/forgets/", as_={"user_id": "7"})
    forgets.requires_object = True  # type: ignore[attr-defined]
    with pytest.raises(AssertionError, match="without checking a requirement for an object"):
        testing.assert_access("/forgets/", as_={"user_id": "7"})


def test_tenants(run: Run) -> None:
    page = run("docs/how-to/tenants.md")
    client = Client()
    request = RequestFactory().get("/acme/")
    request.session = client.session
    page.module("shop.views").log_in(request)
    data = request.session["__session__"]
    answers = {
        "/acme/articles/": 200,
        "/globex/articles/": 200,
        "/initech/articles/": 403,
        "/acme/publish/": 200,
        "/globex/publish/": 403,
        "/globex/members/": 200,
        "/operations/": 403,
    }
    for address, expected in answers.items():
        testing.assert_access(address, as_=data, status=expected)
    tenant_of = page.module("shop.subdomains").tenant_of
    hosts = {"acme.example.org:8000": "acme", "example.org": None, "acme.evil.example": None, "localhost": None}
    with override_settings(ALLOWED_HOSTS=["*"]):
        assert {one: tenant_of(RequestFactory().get("/", headers={"host": one})) for one in hosts} == hosts


def test_admin(run: Run) -> None:
    """The sites and the model admin of the page decide as it says."""
    page = run("docs/how-to/admin.md")
    site, desk = page.module("shop.sites").site, page.module("shop.desk").DeskSite()
    admin = page.module("shop.admin").ContentTypeAdmin(ContentType, site)
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert (site.allow_without_user, desk.allow_without_user) == (True, False)
    assert page.module("shop.apps").DeskConfig.default_site == f"{type(desk).__module__}.{type(desk).__qualname__}"
    for role, permissions, changes in (("clerk", [], False), ("clerk", ["types:write"], True), ("guest", [], False)):
        with use_session({"user_id": "7", "role": role, "permissions": permissions}):
            assert site.has_permission(request) is admin.has_view_permission(request) is (role == "clerk")
            assert not desk.has_permission(request)
            assert admin.has_change_permission(request) is changes
            assert not admin.has_delete_permission(request)


def test_impersonation(run: Run) -> None:
    run("docs/how-to/impersonation.md").apply({"SESSIONKIT_PROTECT": []})
    client = caller(user_id="1", role="support", auth_time=1000)
    assert client.get("/pay/").status_code == 200
    key = client.session.session_key
    assert client.get("/act-as/7/").status_code == 302
    expected = {"user_id": "7", "role": "customer", "auth_time": 1000, "act": {"user_id": "1"}}
    assert client.session["__session__"] == expected
    assert client.session.session_key != key
    for address in ("/pay/", "/act-as/9/"):
        assert client.get(address).status_code == 403
    assert client.get("/stop/").status_code == 302
    assert client.session["__session__"] == {"user_id": "1", "role": "support", "auth_time": 1000}
    assert client.get("/stop/").status_code == 403


def test_policy(run: Run) -> None:
    page = run("docs/how-to/policy.md")
    page.only("Write a custom policy")
    premium = {"user_id": "7", "plan": "premium"}
    cache.set("extra:7", ["films:watch"])
    with use_session(premium):
        assert can_access("/") is True
        assert page.shell["has_role"]("premium-customer")
        assert page.shell["has_permission"]("films:watch")
    cache.set("maintenance", True)
    with use_session(premium):
        assert not page.shell["has_role"]("premium-customer")


class TestCallers:
    @pytest.fixture
    def page(self, run: Run) -> Any:
        return run("docs/how-to/callers.md")

    def test_shown_responses(self, page: Any) -> None:
        anonymous, forbidden = page.under("What an API gets", "http")
        assert same_response(anonymous, Client().get("/api/stock/"))
        assert same_response(forbidden, caller(role="x").get("/api/stock/"))
        headers = {"hx-request": "true", "hx-current-url": "http://testserver/shop/"}
        assert same_response(page.under("HTMX", "http")[0], caller(headers).get("/shop/"))

    KINDS = [
        ({"accept": "text/html"}, 302),
        ({"accept": "text/html", "hx-request": "true"}, 401),
        ({"accept": "text/html", "sec-fetch-dest": "empty"}, 401),
        ({"accept": "*/*", "sec-fetch-dest": "document"}, 302),
        ({"accept": "text/html", "sec-fetch-mode": "cors"}, 401),
        ({"accept": "text/html", "x-requested-with": "XMLHttpRequest"}, 401),
        ({"accept": "text/html;q=0.5, application/json"}, 401),
        ({"accept": "*/*"}, 401),
    ]

    @pytest.mark.parametrize(("headers", "expected"), KINDS)
    def test_kinds(self, page: Any, headers: dict[str, str], expected: int) -> None:
        assert caller(headers).get("/shop/").status_code == expected

    def test_api_outranks_htmx_and_htmx_outranks_api_false(self, page: Any) -> None:
        htmx = {"hx-request": "true"}
        assert caller(htmx).get("/api/stock/")["Content-Type"] == "application/problem+json"
        with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/shop", "role": "x", "api": False}]):
            assert "HX-Redirect" in caller(htmx).get("/shop/")
            assert Client().get("/shop/").status_code == 302

    @pytest.mark.parametrize("debug", [True, False])
    def test_own_page(self, page: Any, debug: bool) -> None:
        with override_settings(DEBUG=debug, SESSIONKIT_PROTECT=[{"pattern": "/shop", "role": "customer"}]):
            body = caller(role="x").get("/shop/").content.decode()
        assert ("It needs the role &quot;customer&quot; (rule SESSIONKIT_PROTECT[0])." in body) is debug
        assert "You may not open this page" in body

    @pytest.mark.parametrize("debug", [True, False])
    def test_template_alone(self, page: Any, debug: bool) -> None:
        rules = [{"pattern": "/shop", "role": "customer"}]
        with override_settings(DEBUG=debug, SESSIONKIT_PROTECT=rules, ROOT_URLCONF=URLS):
            body = caller(role="x").get("/shop/").content.decode()
        fixed = "This session does not have the right to do that."
        assert (fixed if not debug else "Access denied: needs the role &quot;customer&quot;.") in body
        assert "your account lacks a right" in body


def test_languages(run: Run) -> None:
    page = run("docs/how-to/languages.md")
    (shown,) = [block for block in page.blocks if block.language == "http"]
    assert same_response(shown, caller({**PROGRAM, "accept-language": "de"}).get("/api/"))


def test_async(run: Run) -> None:
    run("docs/how-to/async.md")
    get = async_to_sync(async_caller(role="player", permissions=["orders:write"]).get)
    assert get("/profile/").json() == {"user_id": "7"}
    assert get("/orders/").content == b"orders of 7; may write"
    assert get("/join/").content == b"seated"
    assert get("/seat/").content == b"free"
    assert async_to_sync(async_caller().get)("/orders/", headers=BROWSER).status_code == 302
    assert async_to_sync(async_caller(role="x").get)("/join/").status_code == 403


def test_streaming(run: Run) -> None:
    run("docs/how-to/streaming.md")
    assert caller(permissions=["orders:all"]).get("/export/").getvalue() == b"id,total\n1,10\n2,20\n"
    assert caller(role="x").get("/export/").getvalue() == b"id,total\n1,10\n"
    assert caller().get("/export/")["Vary"] == "Cookie"

    async def body() -> bytes:
        response = await async_caller(role="x").get("/feed/")
        assert response["Vary"] == "Cookie"
        return b"".join([chunk async for chunk in response.streaming_content])

    assert async_to_sync(body)() == b"data: hello 7\n\n"
    assert get_session() is None


def copied(client: Client) -> str:
    """Return the key of a new session with the same content."""
    store = client.session.__class__()
    store.update(client.session.items())
    store.create()
    return str(store.session_key)


def stored(client: Client | None = None) -> Any:
    request = RequestFactory().get("/")
    request.session = (client or Client()).session
    return request


def test_expiry(run: Run) -> None:
    page = run("docs/how-to/expiry.md")
    page.apply({"SESSIONKIT_SESSION_VALIDATOR": None})
    for remember, seconds in ((True, 60 * 60 * 24 * 30), (False, 60 * 60)):
        request = stored()
        page.module("shop.views").remember_me(request, {"user_id": "7"}, remember)
        assert request.session.get_expiry_age() == seconds
    request = stored()
    set_session(request, {"user_id": "7"})
    assert request.session.get_expiry_age() == 60 * 30


def test_expiry_absolute(run: Run) -> None:
    page = run("docs/how-to/expiry.md")
    check, now = page.module("shop.access").check_session, page.module("shop.access").time.time()
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/shop", "authenticated": True}]):
        assert status("/shop/", signed_in_at=int(now)) == 200
        assert status("/shop/", signed_in_at=int(now) - 60 * 60 * 13) == 302
        assert status("/shop/") == 302
    assert check({"signed_in_at": int(now)})


def test_expiry_absolute_with_the_bridge(run: Run) -> None:
    page = run("docs/how-to/expiry.md")
    rules = [{"pattern": "/shop", "authenticated": True}]
    page.apply({"INSTALLED_APPS": [*page._settings["INSTALLED_APPS"], "shop.bridge.TimedBridge"]})
    page.apply({"SESSIONKIT_PROTECT": rules})
    client, user = Client(), User.objects.create_user("ann")
    client.force_login(user)
    assert client.get("/shop/").status_code == 200
    long_ago = user.last_login - timedelta(hours=13)
    User.objects.update(last_login=long_ago)
    session = client.session
    session["__session__"] = {**session["__session__"], "signed_in_at": int(long_ago.timestamp())}
    session.save()
    assert [client.get("/shop/").status_code for _ in range(3)] == [401, 403, 403]
    client.force_login(user)
    assert client.get("/shop/").status_code == 200


@pytest.mark.parametrize(("touch", "renews"), [(True, True), (False, False)])
def test_expiry_touch(run: Run, touch: bool, renews: bool) -> None:
    with override_settings(
        ROOT_URLCONF=URLS,
        SESSIONKIT_TOUCH_ON_REQUEST=touch,
        SESSIONKIT_PROTECT=[{"pattern": "/shop", "authenticated": True}],
    ):
        client = caller(role="x")
        assert ("sessionid" in client.get("/shop/").cookies) is renews
        assert "sessionid" not in client.get("/about/").cookies


def test_audit(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    page = run("docs/how-to/audit.md")
    page.module("shop.apps").ShopConfig.ready(None)
    caplog.set_level("INFO", "shop.audit")
    assert status("/staff/", role="x") == 403
    shown = page.under("Keep the log lines", "text")[0].code.strip()
    line = next(record.getMessage() for record in caplog.records if record.name == "django_sessionkit.security")
    anonymised = [re.sub(r"user=[0-9a-f]{16}$", "user=…", text) for text in (shown, line)]
    assert anonymised[0].replace("SESSIONKIT_PROTECT[0]", "staff-area") == anonymised[1]
    request = stored()
    set_session(request, {"user_id": "7"})
    trail = [record.getMessage() for record in caplog.records if record.name == "shop.audit"]
    assert [re.sub(r"user=\w{16}", "user=…", text) for text in trail] == [
        "denied rule=staff-area reason=missing_role status=403 user=…",
        "session begun user=…",
    ]


@pytest.mark.parametrize("name", ["audit", "troubleshooting"])
def test_logging_blocks(run: Run, name: str) -> None:
    """In a separate process, because the configuration removes pytest's handlers."""
    config = run(f"docs/how-to/{name}.md")._settings["LOGGING"]
    lines = "log = logging.getLogger('django_sessionkit.security'); log.warning('a denial'); log.info('a revocation')"
    code = f"import logging.config; logging.config.dictConfig({config!r}); {lines}"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert (done.stderr.count("a denial"), done.stderr.count("a revocation")) == (1, 1)


def test_production(run: Run) -> None:
    page = run("docs/how-to/production.md")
    defaults = ("SESSION_ENGINE", "PASSWORD_HASHERS")  # here the tests differ from a new project
    page.apply({name: getattr(global_settings, name) for name in defaults})
    first, second = page.under("Run the doctor before a release", "console")
    with override_settings(SESSION_COOKIE_AGE=14 * 24 * 60 * 60):
        assert_shown(first)
    assert_shown(second)


def assert_shown(block: Block) -> None:
    """Check that the output of a command is what the page shows. A line ``...`` stands for any lines."""
    command, *shown = block.code.splitlines()
    output = StringIO()
    management.call_command(*command.split()[3:], stdout=output)
    pattern = "\n".join("(?:.*\n)*?.*" if line == "..." else re.escape(line) for line in shown)
    assert re.fullmatch(pattern, output.getvalue().rstrip()), output.getvalue()


def test_outside_requests(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    page = run("docs/how-to/outside-requests.md")
    management.call_command(page.module("shop.management.commands.close_month").Command())
    assert capsys.readouterr().out == "closed\n"


def test_testing(
    run: Run, client: Client, sign_in: Any, sessionkit_policy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = run("docs/how-to/testing.md")
    monkeypatch.chdir(tmp_path)
    (command,) = commands(page.under("Test the whole policy", "console")[0])
    management.call_command(*command[2:], stdout=StringIO())
    check = page.module("shop.test_policy").test_the_policy_matches_the_snapshot
    check()
    with override_settings(SESSIONKIT_PROTECT=[]), pytest.raises(AssertionError, match=r"opened  /articles/ "):
        check()
    page.module("shop.test_articles").test_authors_may_open_articles(client, sign_in, sessionkit_policy)


def test_cheat_sheet(run: Run) -> None:
    page = run("docs/reference/cheat-sheet.md")
    page.apply({"SESSIONKIT_SOURCE": conf.DEFAULT_SOURCE})
    assert (status("/health/"), status("/reports/may/"), status("/reports/may/", role="owner")) == (200, 302, 200)
    assert (status("/users/7/", "POST", permissions=["users:read"]), status("/users/7/", role="x")) == (403, 200)
    assert (status("/api/stock/"), status("/api/stock/", permissions=["stock:read"])) == (401, 200)
    assert (status("/internal/", role="owner"), status("/billing/invoices/", role="editor")) == (403, 404)
    assert (status("/"), status("/password-reset/"), status("/elsewhere/")) == (200, 200, 302)
    access = page.module("shop.access")
    with use_session({"user_id": "7", "role": "owner", "permissions": ["posts:read"], "plan": "premium"}):
        granted = [
            name for name, value in vars(access).items() if isinstance(value, Requirement) and evaluate(value).allowed
        ]
    assert granted == ["any_of_two_roles", "all_permissions", "one_permission", "combined", "your_own"]


def test_comparison(run: Run) -> None:
    """An object permission of another library, under a role of SessionKit."""
    edit = run("docs/explanation/comparison.md").module("shop.views").edit
    request = RequestFactory().get("/")
    request.user = SimpleNamespace(has_perm=lambda name, article: article == "mine" or None)
    with use_session({"user_id": "7", "role": "editor"}):
        assert edit(request, article="mine").content == b"edit"
        with pytest.raises(AccessDenied):
            edit(request, article="of somebody else")


@pytest.mark.parametrize(("headers", "code"), [({}, 401), (BROWSER, 302)])
def test_migration_pages_warn_of_tests_without_accept(run: Run, headers: dict[str, str], code: int) -> None:
    run("docs/how-to/migrate-contrib-auth.md")
    assert Client(headers=headers).get("/account/").status_code == code
    for name in ("contrib-auth", "role-permissions", "javascript"):
        text = (DOCS / "how-to" / f"migrate-{name}.md").read_text(encoding="utf-8")
        assert re.search(r"\*\*.*(get|gets) .*401", text) or "**401 instead of a redirect**" in text


def test_source(run: Run) -> None:
    page = run("docs/how-to/source.md")
    rules = [{"pattern": "/shop", "authenticated": True}]
    page.apply({"SESSIONKIT_SOURCE": "shop.source.from_token", "SESSIONKIT_PROTECT": rules})
    cache.set("token:issued", {"user_id": "9"})
    response = caller({"authorization": "Bearer issued"}).get("/shop/")
    assert (response.status_code, response["Vary"]) == (200, "Cookie, Authorization")
    assert caller({"authorization": "Bearer other"}).get("/shop/").status_code == 401
    page.apply({"SESSIONKIT_SOURCE": "shop.source.TokenOrSession"})
    assert status("/shop/", role="x") == 200
    client = caller({**PROGRAM, "authorization": "Bearer wrong"}, role="x")
    assert client.get("/shop/").status_code == 401
    response = caller({"authorization": "Bearer made-up-token"}).get("/shop/")
    assert response.status_code == 200
    page.module("shop.source").TOKENS["malformed"] = {"user_id": 7}
    bad = {"authorization": "Bearer malformed"}
    for client in (caller(role="x"), async_caller(role="x")):
        get = client.get if isinstance(client, Client) else async_to_sync(client.get)
        assert get("/shop/", headers=bad).status_code in (302, 401)
        assert client.session["__session__"]["role"] == "x"
    assert "Authorization" in response["Vary"]


def test_source_methods(run: Run) -> None:
    """The table names every method of a source."""
    table = (DOCS / "how-to" / "source.md").read_text(encoding="utf-8").partition("| method |")[2]
    named = set(re.findall(r"`(\w+)`", re.sub(r"^(\| [^|]+\|[^|]+\|).*$", r"\1", table, flags=re.MULTILINE)))
    methods = {name for name in vars(SessionSource) if not name.startswith("_")} - {"vary_headers", "follows_user"}
    assert methods <= named


def test_pattern_table() -> None:
    table = (DOCS / "reference" / "rules.md").read_text(encoding="utf-8").partition("| pattern | protects |")[2]
    rows = [[re.findall(r"`([^`]+)`", cell) for cell in line.split("|")[1:5]] for line in table.splitlines()[2:7]]
    assert len(rows) == 5
    for (pattern,), protected, opened, others in rows:
        assert [path for path in protected if not matches(pattern, path)] == []
        assert [path for path in protected if matches(pattern, path, opens=True)] == (opened or protected)
        assert [path for path in others if matches(pattern, path)] == []


def out_of_reach(request: Any) -> Any:
    raise ConnectionError


def test_denial_table() -> None:
    """Every cell of the table is requested over HTTP. The words of the table are not compared automatically."""
    page, htmx, api = {"accept": "text/html"}, {"hx-request": "true"}, {"accept": "application/json"}
    rules = [
        {"pattern": "/lost/**", "role": "admin", "on_deny": "not_found"},
        {"pattern": "/shop/**", "role": "admin"},
        {"pattern": "/help/**", "deny": True},
        {"pattern": "/fresh/**", "recent": 60},
    ]
    settings = {"SESSIONKIT_PROTECT": rules, "SESSIONKIT_REAUTH_URL": "/confirm/", "SECRET_KEY": "k" * 50}
    asked = [("/shop/", {}), ("/fresh/", {"role": "x"}), ("/shop/", {"role": "x"}), ("/help/", {}), ("/lost/", {})]
    with override_settings(ROOT_URLCONF=URLS, **settings):
        answers = [
            [client.get(path).status_code for client in (caller(page, **who), caller(htmx, **who), caller(api, **who))]
            for path, who in asked
        ]
        for source in (lambda request: {"user_id": 7}, out_of_reach):
            with override_settings(SESSIONKIT_SOURCE=source):
                answers.insert(-1, [caller(one).get("/shop/").status_code for one in (page, htmx, api)])
    table = (DOCS / "reference" / "denials.md").read_text(encoding="utf-8")
    rows = [line.split("|")[2:5] for line in table.splitlines() if line.startswith("| ")][1:8]
    assert [[int(re.search(r"\d{3}", cell)[0]) for cell in row] for row in rows] == answers


def test_three_valued_table() -> None:
    outcome = {"granted": Allow(lambda s: True), "denied": Allow(lambda s: False), "failed": Allow(lambda s: 1 / 0)}
    text = (DOCS / "explanation" / "requirements.md").read_text(encoding="utf-8").replace(r"\|", "or")
    lines = [line for line in text.splitlines() if line.startswith(("| granted", "| denied", "| failed"))]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len(rows) == 6
    session = validate_session({"user_id": "7"})
    for first, second, both, either, opposite in rows:
        a, b = outcome[first], outcome[second]
        found = [name_of_outcome(one.check(session)) for one in (a & b, b & a, a | b, b | a, ~a)]
        assert found == [both, both, either, either, opposite.removesuffix(" (with a session)")]


def name_of_outcome(decision: Any) -> str:
    return "failed" if decision.failed else "granted" if decision else "denied"


class TestNodes:
    @pytest.fixture
    def page(self, run: Run) -> Any:
        page = run("docs/how-to/nodes.md")
        page.apply(
            {
                "CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
                "SESSIONKIT_VERSION": "django_sessionkit.versions.cached_version",
                "SESSIONKIT_PROTECT": [{"pattern": "/desk", "role": "editors"}],
            }
        )
        return page

    @pytest.fixture
    def ann(self, page: Any) -> User:
        user = User.objects.create_user("ann")
        user.groups.add(Group.objects.create(name="editors"))
        return user

    def logged_in(self, user: User) -> Client:
        client = Client()
        testing.sign_in(client, user_id=str(user.pk), roles=["editors"])
        return client

    def test_a_demotion(self, page: Any, ann: User) -> None:
        client = self.logged_in(ann)
        assert client.get("/desk/").status_code == 200
        page.module("shop.staff").demote(ann)
        assert client.get("/desk/").status_code == 403

    def test_a_group_that_was_changed_anywhere(self, page: Any, ann: User) -> None:
        for change in (lambda: ann.groups.clear(), lambda: Group.objects.get().user_set.remove(ann)):
            ann.groups.set(Group.objects.all())
            client = self.logged_in(ann)
            assert client.get("/desk/").status_code == 200
            change()
            assert client.get("/desk/").status_code == 403

    def test_a_user_who_is_gone(self, page: Any, ann: User) -> None:
        client = self.logged_in(ann)
        User.objects.update(is_active=False)
        revoke_sessions(str(ann.pk))
        assert client.get("/desk/").status_code == 401

    def test_signing_out(self, page: Any, ann: User) -> None:
        client = self.logged_in(ann)
        page.module("shop.staff").sign_out_everywhere(str(ann.pk))
        assert client.get("/desk/").status_code == 401

    @pytest.mark.parametrize(("source", "kept"), [("shop.source.EndingAll", []), (None, ["basket"])])
    @pytest.mark.parametrize("make", [Client, AsyncClient])
    def test_what_goes_with_a_session_that_ends(self, page: Any, ann: User, make: Any, source: Any, kept: Any) -> None:
        page.apply({"SESSIONKIT_SOURCE": source or "django_sessionkit.sources.DjangoSessionSource"})
        client = make()
        client.cookies = self.logged_in(ann).cookies
        store = client.session
        store["basket"] = ["book"]
        store.save()
        revoke_sessions(str(ann.pk), refresh=False)
        opened = client.get("/desk/") if make is Client else async_to_sync(client.get)("/desk/")
        assert opened.status_code == 401
        assert list(client.session.keys()) == kept

    def test_sessions_from_before(self, page: Any, ann: User) -> None:
        with override_settings(SESSIONKIT_VERSION=None):
            old = self.logged_in(ann)
        for version, status_code in (("introducing", 200), ("lenient", 401)):
            client = Client()
            client.cookies["sessionid"] = copied(old)
            page.apply({"SESSIONKIT_VERSION": f"shop.versions.{version}"})
            assert client.get("/desk/").status_code == status_code

    def test_a_dict_that_was_read_before(self, page: Any, ann: User) -> None:
        """The page warns of this: ``set_session`` cannot detect it."""
        request = stored(self.logged_in(ann))
        with use_session(None):
            revoke_sessions(str(ann.pk), refresh=False)
        set_session(request, {"user_id": str(ann.pk), "roles": ["editors"]})
        assert request.session["__session__"]["__version__"] == str(cached_version(str(ann.pk)))

    def test_who_is_to_stay_logged_in_waits_for_the_commit(self, page: Any, ann: User) -> None:
        staff = page.module("shop.staff")
        with TestCase.captureOnCommitCallbacks(execute=True):
            staff.sign_out_everywhere(str(ann.pk))
            inside = self.logged_in(ann)
        assert inside.get("/desk/").status_code == 401
        assert self.logged_in(ann).get("/desk/").status_code == 200

    def test_versions_of_ones_own(self, page: Any, ann: User) -> None:
        page.apply({"SESSIONKIT_VERSION": "shop.versions.lenient"})
        client = self.logged_in(ann)
        page.module("shop.versions").lenient.bump(str(ann.pk))
        assert client.get("/desk/").status_code == 200
        page.apply({"SESSIONKIT_VERSION": "shop.rows.version"})
        client = self.logged_in(ann)
        assert client.get("/desk/").status_code == 200
        cache.set(f"version-{ann.pk}", 1)
        User.groups.through.objects.all().delete()
        assert client.get("/desk/").status_code == 403


def test_costs(run: Run, django_assert_num_queries: Any) -> None:
    """With sessions in the database, where each read is a query."""
    page = run("docs/explanation/costs.md")
    page.apply({"SESSION_ENGINE": "django.contrib.sessions.backends.db"})
    page.apply({"SESSIONKIT_PROTECT": [{"pattern": "/shop/**", "role": "x"}, {"pattern": "/free", "public": True}]})
    client = caller(role="x")
    with django_assert_num_queries(0):
        responses = [client.get(path) for path in ("/about/", "/free/")]
    assert not any(response.has_header("Vary") for response in responses)
    with django_assert_num_queries(1):
        assert client.get("/shop/").status_code == 200


class TestSecurity:
    @pytest.fixture
    def page(self, run: Run) -> Any:
        page = run("docs/security.md")
        page.apply({"CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}})
        return page

    def test_all_blocks_together_pass_the_deployment_checks(self, run: Run) -> None:
        run("docs/security.md")
        left_out = {"axes": "sessionkit.W010", "csp" if VERSION < (6, 0) else "django": "sessionkit.W011"}
        missing = {id_ for package, id_ in left_out.items() if not find_spec(package)}  # its blocks were only compiled
        found = run_checks(include_deployment_checks=True)
        faults = [fault for fault in found if not fault.is_silenced() and fault.id not in missing]
        assert [str(fault) for fault in faults] == []

    def test_removing_one_is_noticed(self, page: Any) -> None:
        with override_settings(SESSION_COOKIE_SECURE=False):
            assert "security.W012" in {fault.id for fault in run_checks(include_deployment_checks=True)}

    def test_the_back_button(self, page: Any) -> None:
        views = page.module("shop.views")
        page.apply({"SECURE_SSL_REDIRECT": False, "ALLOWED_HOSTS": ["testserver"]})
        page.route(account=views.account, leave=views.Logout.as_view(next_page="/"))
        client = caller(role="x")
        assert "no-store" in client.get("/account/")["Cache-Control"]
        assert client.post("/leave/")["Clear-Site-Data"] == '"cache"'

    def test_the_place_of_a_site_wide_cache(self, page: Any) -> None:
        (block,) = page.under("Caches of your site", "text")
        usual = {path.rpartition(".")[2]: path for path in page._settings["MIDDLEWARE"]}
        cached = {name: f"django.middleware.cache.{name}" for name in block.code.strip().split(", ")}
        order = [usual.get(name, cached[name]) for name in cached]
        assert self.greeted(page, order) == ["7", "8"]
        assert self.greeted(page, [*order[1:4], order[0], order[4]]) == ["7", "7"]  # what the page warns of

    @staticmethod
    def greeted(page: Any, middleware: list[str]) -> list[str]:
        cache.clear()
        page.apply({"ALLOWED_HOSTS": ["testserver"]})
        page.route(me=lambda _: HttpResponse(getattr(get_session(), "user_id", "")))
        rules = [{"pattern": "/me", "authenticated": True}]
        with override_settings(MIDDLEWARE=middleware, SESSIONKIT_PROTECT=rules):
            return [caller(user_id=user).get("/me/").content.decode() for user in ("7", "8")]

    def test_headers(self, page: Any) -> None:
        client = Client(headers={"accept": "text/html", "host": "www.example.org"})
        response = client.get("/staff/", secure=True)
        assert response.status_code == 302
        assert response["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["X-Frame-Options"] == "DENY"
        if find_spec("csp") or find_spec("django.utils.csp"):
            assert "frame-ancestors 'none'" in response["Content-Security-Policy"]

    @pytest.mark.skipif(not find_spec("axes"), reason="django-axes is not installed")
    def test_login_limit(self, page: Any) -> None:
        reload(import_module("axes.signals"))  # connects its receivers again, if an earlier page has disconnected them
        page.apply({"PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"]})  # Argon2 may be missing
        page.route(login=LoginView.as_view())
        page.templates.sources["registration/login.html"] = "{{ form }}"
        User.objects.create_user("ann", password="right")
        client = Client(headers={"host": "www.example.org"})
        tries = [client.post("/login/", {"username": "ann", "password": "wrong"}, secure=True) for _ in range(6)]
        assert tries[-1].status_code == 429
        assert tries[-1]["Retry-After"] == "900"

    @pytest.mark.skipif(not find_spec("nh3"), reason="nh3 is not installed")
    def test_cleaning(self, page: Any) -> None:
        clean = page.module("shop.templatetags.cleaning").clean_html
        assert clean("<p onclick=x>a<script>b</script></p>") == "<p>a</p>"

    def test_escaping(self, page: Any) -> None:
        source = page.under("Escape output", "html+django")[0].code
        shown = page.templates.render(source, {"user_id": "7", "name": '"><script>'})
        assert "<script>" not in shown
        assert '""' not in shown

    CHANGES = [
        (None, {"user_id": "7"}, True, True),
        ({"user_id": "7"}, {"user_id": "8"}, True, False),
        ({"user_id": "7"}, {"user_id": "7", "role": "admin"}, True, True),
        ({"user_id": "7", "role": "admin"}, {"user_id": "7"}, True, True),
        ({"user_id": "7", "role": "admin"}, {"user_id": "7", "role": "admin"}, False, True),
    ]

    @pytest.mark.parametrize(("before", "after", "new_key", "data_kept"), CHANGES)
    def test_fixation_table(self, before: Any, after: Any, new_key: bool, data_kept: bool) -> None:
        request = stored()
        request.session["basket"] = [1]
        if before is not None:
            set_session(request, before)
        request.session.save()
        key = request.session.session_key
        set_session(request, after)
        assert (request.session.session_key != key, "basket" in request.session) == (new_key, data_kept)


def test_only_roles_of_the_dict_count() -> None:
    """No header, form field or query parameter of the request grants a right."""
    liar = caller({**BROWSER, "x-user-role": "admin", "cookie": "role=admin; session=admin"})
    with override_settings(ROOT_URLCONF=URLS, SESSIONKIT_PROTECT=[{"pattern": "/shop", "role": "admin"}]):
        assert liar.get("/shop/?role=admin").status_code == 302
        assert liar.post("/shop/", {"role": "admin"}).status_code == 302


@pytest.mark.parametrize(("name", "count"), [("see-the-policy", 3), ("explain", 4)])
def test_commands_print_what_the_page_shows(
    name: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run every command of the page, with the settings that are active there."""
    monkeypatch.chdir(tmp_path)
    compared = 0
    with ExitStack() as stack:
        page = Project.of(DOCS / "how-to" / f"{name}.md", stack)
        for block in page.blocks:
            page.run_block(block)
            if block.language == "console":
                _, _, *command = next(commands(block))
                _, _, shown = block.code.partition("\n")
                if ">" not in command:
                    output = printed(command)
                    compared += bool(shown.strip())
                    assert not shown.strip() or output.rstrip() == shown.rstrip()
    assert compared == count


@pytest.mark.skipif(find_spec("rest_framework") is None, reason="needs djangorestframework")
def test_rest_framework(run: Run) -> None:
    project = run("docs/how-to/rest-framework.md")
    reader, editor = caller(PROGRAM, role="reader", plan="free"), caller(PROGRAM, role="editor", plan="gold")
    answer = caller(PROGRAM).get("/api/drafts/")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert reader.get("/api/drafts/").status_code == 403
    assert editor.get("/api/drafts/").json() == {"reader": "7", "plan": "gold"}
    assert reader.get("/api/comments/").status_code == 200
    assert caller(PROGRAM, role="banned").get("/api/comments/").status_code == 403
    assert caller(PROGRAM).get("/api/articles/").status_code == 200
    assert caller(PROGRAM, permissions=["posts:write"]).post("/api/articles/").status_code == 201
    assert editor.post("/api/articles/").status_code == 403
    assert editor.delete("/api/articles/1/").status_code == 403
    groups = project.module("articles.objects_api").Groups
    names = [Group.objects.create(name=name).pk for name in ("editor", "reader")]
    routes = [
        path("groups/", groups.as_view({"get": "list"})),
        path("groups/<int:pk>/", groups.as_view({"get": "retrieve"})),
    ]
    project.apply({"ROOT_URLCONF": type("urls", (), {"urlpatterns": routes})})
    member = caller(PROGRAM, roles=["editor"])
    assert [member.get(f"/groups/{pk}/").status_code for pk in (*names, 0)] == [200, 403, 404]
    assert [caller(PROGRAM).get(where).status_code for where in ("/groups/", "/groups/0/")] == [401, 401]
    assert member.get("/groups/").status_code == 200


@pytest.mark.skipif(find_spec("ninja") is None, reason="needs django-ninja")
def test_ninja(run: Run) -> None:
    run("docs/how-to/ninja.md")
    answer = caller(PROGRAM).get("/api/drafts/")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert caller(PROGRAM, role="reader").get("/api/drafts/").status_code == 403
    assert caller(PROGRAM, role="editor").get("/api/drafts/").json() == {"reader": "7"}
    assert caller(PROGRAM).get("/api/news/").status_code == 401
    assert caller(PROGRAM, plan="gold").get("/api/news/").json() == {"plan": "gold"}
    assert [caller(PROGRAM, role="x").get(f"/api/comments/{number}/").status_code for number in (7, 8)] == [200, 403]
    assert caller(PROGRAM, role="moderator").get("/api/comments/8/").status_code == 200
    assert caller(PROGRAM).get("/api/comments/7/").status_code == 401


@pytest.mark.skipif(find_spec("drf_spectacular") is None or find_spec("ninja") is None, reason="needs both")
def test_openapi(run: Run) -> None:
    run("docs/how-to/openapi.md")
    for where in ("/api/drafts/", "/api/ninja/news/"):
        assert caller(PROGRAM, role="editor").post(where).status_code == 403
        assert caller(PROGRAM, role="editor", permissions=["posts:write"]).post(where).status_code in (200, 201)
    assert caller(PROGRAM).get("/api/drafts/").status_code == 401
    assert caller(PROGRAM).get("/api/ninja/news/").status_code == 200


@pytest.mark.skipif(find_spec("strawberry") is None, reason="needs strawberry-graphql")
def test_graphql(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    page = run("docs/how-to/graphql.md")

    def ask(query: str, **session: Any) -> Any:
        client = caller(PROGRAM, **session)
        return client.post("/graphql/", {"query": query}, content_type="application/json")

    assert ask("{ articles { title } }").status_code == 401
    (shown,) = (json.loads(block.code) for block in page.blocks if block.language == "json")
    assert ask("{ articles { title notes } }", role="reader").json() == shown
    assert ask("{ drafts { title } }", role="editor").json()["data"] == {"drafts": [{"title": "Draft"}]}
    query, writer = 'mutation { publish(title: "News") }', {"role": "reader", "permissions": ["posts:write"]}
    for session in (writer, {"role": "reader"}):
        answer = ask(query, **session).json()
        assert (answer["data"], answer["errors"][0]["extensions"]["code"]) == ({"publish": None}, "FORBIDDEN")
    assert ask(query.replace("News", "Old"), **writer).json()["data"] == {"publish": "Old"}
    with use_session(None):
        for kind, count in ((import_module("strawberry").Schema, 1), (import_module("articles.quiet").Schema, 0)):
            caplog.clear()
            assert kind(import_module("articles.schema").Query).execute_sync("{ drafts { title } }").errors
            assert [record.name for record in caplog.records].count("strawberry.execution") == count


@pytest.mark.skipif(find_spec("django_htmx") is None, reason="needs django-htmx")
def test_htmx(run: Run) -> None:
    page = run("docs/how-to/htmx.md")
    in_page = {"accept": "*/*", "hx-request": "true", "hx-current-url": "http://testserver/orders/"}
    reader = {"permissions": ["orders:read"]}
    fragment = caller(in_page, **reader).get("/orders/")
    assert fragment.content.strip() == b"<ul><li>Order 8</li><li>Order 15</li></ul>"
    whole = caller(**reader).get("/orders/")
    assert fragment.content.strip() in whole.content
    assert b"Export" not in whole.content
    assert b"Export" in caller(permissions=["orders:read", "orders:export"]).get("/orders/").content
    assert "HX-Request" in fragment["Vary"]
    table = (DOCS / "how-to" / "htmx.md").read_text(encoding="utf-8")
    refused = [caller(in_page).get("/orders/"), caller(in_page, role="x").get("/export/")]
    for answer, wanted in zip(refused, [(401, "/login/?next=/orders/"), (403, "/upgrade/")], strict=True):
        assert (answer.status_code, answer["HX-Redirect"]) == wanted
        assert f"| {wanted[0]}, `HX-Redirect: {wanted[1]}` |" in table
    denied = caller(in_page, role="x").get("/orders/")
    assert (denied.status_code, "HX-Redirect" in denied) == (403, False)
    assert f"`{denied.content.decode()}`" in table
    page.apply(
        {"SESSIONKIT_PROTECT": [{"pattern": "/orders", "require": Allow(lambda s, request: bool(request.htmx))}]}
    )
    assert (caller(in_page).get("/orders/").status_code, caller().get("/orders/").status_code) == (200, 302)


@pytest.mark.skipif(find_spec("channels") is None, reason="needs channels")
def test_channels(run: Run) -> None:
    page = run("docs/how-to/channels.md")
    page.apply({"CHANNEL_LAYERS": {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}})
    application = page.module("mysite.asgi").application
    assert outcome(websocket(application, "/ws/orders/", origin="https://elsewhere.example", role="editor")) == 1000
    assert outcome(websocket(application, "/ws/orders/")) == 4401
    assert outcome(websocket(application, "/ws/orders/", role="reader")) == 4403
    assert outcome(websocket(application, "/ws/echo/")) == (None, 4401)
    assert outcome(websocket(application, "/ws/echo/", role="editor")) is None

    async def talk(line: WebSocket) -> list[Any]:
        await line.connect()
        await line.send_json("hi")
        said = [await line.receive_json()]
        layer = import_module("channels.layers").get_channel_layer()
        await layer.group_send("orders", {"type": "order.placed", "number": 8})
        said.append(await line.receive_json())
        await line.disconnect()
        return said

    reader = websocket(application, "/ws/orders/", permissions=["orders:read"])
    assert async_to_sync(talk)(reader) == [{"hello": "7", "writes": False}, {"order": 8}]

    sessionkit, routing = import_module("django_sessionkit.contrib.channels"), import_module("channels.routing")
    room = page.module("desk.rooms").Room.as_asgi()
    rooms = sessionkit.SessionKitMiddlewareStack(routing.URLRouter([path("<str:room>/", room)]))
    assert outcome(websocket(rooms, "/tea/", rooms=["tea"])) is None
    assert outcome(websocket(rooms, "/coffee/", rooms=["tea"])) == 4403

    page.apply({"SESSIONKIT_SOURCE": "django_sessionkit.sources.RequestAttributeSource"})
    tokens = page.module("mysite.tokens").TokenMiddleware(page.module("desk.consumers").Orders.as_asgi())
    assert outcome(WebSocket(tokens, "/", {"authorization": "Bearer 0a1b"})) is None
    assert outcome(WebSocket(tokens, "/", {"authorization": "Bearer 0a1c"})) == 4401


def websocket(application: Any, path: str, origin: str = "http://testserver", **session: Any) -> WebSocket:
    """Return a WebSocket connection of a browser."""
    cookies = "; ".join(f"{name}={one.value}" for name, one in caller(**session).cookies.items())
    return WebSocket(application, path, {"origin": origin, "cookie": cookies})


def outcome(line: WebSocket) -> Any:
    """Return ``None`` if the connection is accepted, else the close code; a pair if it was accepted first."""

    async def knock() -> Any:
        is_accepted, answer = await line.connect()
        if not is_accepted or not await line.receive_nothing(0.05):
            return (answer, await line.closed()) if is_accepted else answer
        await line.disconnect()
        return None

    return async_to_sync(knock)()


@pytest.mark.skipif(find_spec("jinja2") is None, reason="needs Jinja2")
def test_jinja2(run: Run) -> None:
    page = run("docs/how-to/jinja2.md")
    tags, _ = page.under("Use block tags", "html+jinja")
    shown = {}
    for name, session in {
        "visitor": None,
        "editor": {"user_id": "7", "email": "ann@example.org", "role": "editor"},
    }.items():
        with use_session(session):
            shown[name] = engines["jinja2"].from_string(tags.code).render({}, RequestFactory().get("/"))
    assert "Log in" in shown["visitor"]
    assert "any of these roles" not in shown["visitor"]
    assert "ann@example.org" in shown["editor"]
    assert "any of these roles" in shown["editor"]
    assert "this permission" not in shown["editor"]
