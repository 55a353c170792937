"""The check of Django Ninja APIs without ``answer_denials()``. Skipped if Ninja is not installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType

import pytest
from django.core.checks import run_checks
from django.core.exceptions import PermissionDenied
from django.test import Client, override_settings
from django.urls import path
from support.sessions import JSON

if find_spec("ninja") is None:
    pytest.skip("needs django-ninja", allow_module_level=True)

from ninja import NinjaAPI

from django_sessionkit.contrib.ninja import SessionAuth, answer_denials

BODY = """
from functools import wraps

def logged(function):
    @wraps(function)
    def inner(request):
        return function(request)
    return inner

def page(request):
    return "page"

def wrapped(request):
    return "page"
"""


def operation(imports, name="page"):
    """Return a function of a module with these imports."""
    module = ModuleType("shop")
    exec(f"{imports}\n{BODY}", vars(module))  # noqa: S102
    return vars(module)[name]


def found(*apis):
    urls = [path(f"api{number}/", api.urls) for number, api in enumerate(apis)]
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": urls})):
        return [one for one in run_checks(tags=["sessionkit"]) if one.id == "sessionkit.W037"]


def new(function, auth=None, handlers=()):
    api = NinjaAPI(urls_namespace=f"check-{id(function)}", docs_url=None, openapi_url=None)
    api.get("page/", auth=auth)(function)
    for kind in handlers:
        api.add_exception_handler(kind, lambda request, error: None)
    return api


@pytest.mark.parametrize(
    "imports",
    [
        "from django_sessionkit import enforce",
        "from django_sessionkit import aenforce as check",
        "from django_sessionkit import require_session",
        "from django_sessionkit import arequire_session",
        "import django_sessionkit as kit",
    ],
)
def test_a_module_that_can_raise_a_denial(imports):
    (message,) = found(new(operation(imports)), new(operation("")))
    assert message.msg.startswith("shop.page uses SessionKit, but answer_denials() is not called")
    assert "django_sessionkit.contrib.ninja" in message.hint


def test_an_auth_that_denies_and_a_decorated_operation():
    assert len(found(new(operation(""), SessionAuth()))) == 1
    function = operation("from django_sessionkit import enforce", "wrapped")
    assert len(found(new(operation("", "logged")(function)))) == 1


def test_one_message_for_each_api():
    api = new(operation("from django_sessionkit import enforce"))
    api.get("other/")(operation("from django_sessionkit import enforce"))
    assert len(found(api)) == 1
    assert len(found(api, new(operation("import django_sessionkit")))) == 2


@pytest.mark.parametrize("imports", ["", "from django_sessionkit import has_role", "from support.x import enforce"])
def test_an_api_that_cannot_raise_one(imports, monkeypatch):
    other = ModuleType("support.x")
    exec("def enforce(): pass", vars(other))  # noqa: S102
    monkeypatch.setitem(sys.modules, "support.x", other)
    assert found(new(operation(imports))) == []


def test_an_api_with_handlers_is_right():
    enforcing = operation("from django_sessionkit import enforce")
    api = new(enforcing)
    answer_denials(api)
    assert found(api) == []
    assert found(new(enforcing, handlers=[PermissionDenied])) == []
    assert len(found(new(enforcing, handlers=[Exception]))) == 1


@pytest.mark.parametrize("is_answered", [False, True])
def test_it_is_a_traceback_where_the_check_warns(is_answered, settings):
    module = ModuleType("shop")
    exec("from django_sessionkit import enforce, Role\ndef page(request):\n    enforce(Role('a'))", vars(module))  # noqa: S102
    api = new(module.page)
    if is_answered:
        answer_denials(api)
    settings.DEBUG, settings.ROOT_URLCONF = True, type("urls", (), {"urlpatterns": [path("api/", api.urls)]})
    answer = Client(raise_request_exception=False).get("/api/page/", headers=JSON)
    assert (answer.status_code, "Traceback" in answer.content.decode()) == (
        (401, False) if is_answered else (500, True)
    )


DECORATED = """
from django_sessionkit import require_role

def plain(request):
    return "page"

def page(request):
    return "page"
inner = page
page = require_role("editor")(page)
"""


@pytest.mark.parametrize(("name", "numbers"), [("inner", ["E029"]), ("page", []), ("plain", [])])
def test_a_decorator_above_that_of_ninja(name, numbers):
    module = ModuleType("shop")
    exec(DECORATED, vars(module))  # noqa: S102
    api = new(vars(module)[name])
    api.post("page/")(vars(module)[name])
    answer_denials(api)
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": [path("api/", api.urls)]})):
        messages = [one for one in run_checks(tags=["sessionkit"]) if one.id == "sessionkit.E029"]
        assert Client(headers=JSON).get("/api/page/").status_code == (401 if name == "page" else 200)
    assert [one.id for one in messages] == [f"sessionkit.{number}" for number in numbers]
    assert all(one.msg.startswith("shop.page: a decorator of SessionKit is above that of Ninja.") for one in messages)
