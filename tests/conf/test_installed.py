"""A policy without the middleware that enforces it: the server does not start, and no view pretends to be guarded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import AsyncRequestFactory, RequestFactory
from django.views import View

import django_sessionkit
from django_sessionkit.decorators import require_authenticated
from django_sessionkit.middleware import SessionKitMiddleware
from django_sessionkit.mixins import RequireAuthenticatedMixin

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
OURS = "django_sessionkit.middleware.SessionKitMiddleware"
POLICIES = [
    {"SESSIONKIT_PROTECT": [{"pattern": "/a", "role": "editor"}]},
    {"SESSIONKIT_EXCLUDE": ["/a"]},
    {"SESSIONKIT_GLOBAL_PROTECT": True},
]


class Own(SessionKitMiddleware):
    pass


@require_authenticated
def view(request):
    return HttpResponse("page")


@require_authenticated
async def aview(request):
    return HttpResponse("page")


class Page(RequireAuthenticatedMixin, View):
    def get(self, request):
        return HttpResponse("page")


def error_at_start(settings, middleware, names):
    settings.MIDDLEWARE = middleware
    for name, value in names.items():
        setattr(settings, name, value)
    try:
        for label in ("django_sessionkit", "sessionkit_auth"):
            apps.get_app_config(label).ready()
    except ImproperlyConfigured as error:
        return str(error)
    return ""


@pytest.fixture(autouse=True)
def bridge(settings):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_sessionkit.contrib.auth.AuthBridge"]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_needs_the_middleware(settings, policy):
    error = error_at_start(settings, [SESSIONS], policy)
    assert error.startswith(f"MIDDLEWARE: has no SessionKitMiddleware. Nothing would enforce {next(iter(policy))}, so")
    assert f'add "{OURS}"' in error
    assert not error_at_start(settings, [SESSIONS, OURS], policy)
    assert not error_at_start(settings, [SESSIONS, f"{__name__}.Own"], policy)


def test_all_settings_of_the_policy_are_named(settings):
    error = error_at_start(settings, [], POLICIES[0] | POLICIES[2])
    assert "SESSIONKIT_PROTECT and SESSIONKIT_GLOBAL_PROTECT" in error


def test_without_a_policy_the_middleware_is_only_checked(settings):
    assert not error_at_start(settings, [SESSIONS], {"SESSIONKIT_ROLES": {"editor": {}}})
    assert not error_at_start(settings, [SESSIONS], {"SESSIONKIT_PROTECT": [], "SESSIONKIT_GLOBAL_PROTECT": False})


def test_a_middleware_that_cannot_be_imported_is_reported_by_django_alone(settings):
    assert not error_at_start(settings, [SESSIONS, "no.such.Middleware"], POLICIES[0])


@pytest.mark.parametrize("app", ["django_sessionkit", "django_sessionkit.contrib.auth.AuthBridge"])
def test_each_of_the_two_apps_stops_the_server(app):
    code = f"""
import django
from django.conf import settings
settings.configure(
    SESSIONKIT_GLOBAL_PROTECT=True,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "{app}"],
)
django.setup()
"""
    root = str(Path(django_sessionkit.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": root}
    )
    assert done.returncode != 0
    assert "InvalidPolicy: MIDDLEWARE: has no SessionKitMiddleware" in done.stderr


CALLS = {
    "decorator": lambda: view(RequestFactory().get("/")),
    "async decorator": lambda: async_to_sync(aview)(AsyncRequestFactory().get("/")),
    "mixin": lambda: Page.as_view()(RequestFactory().get("/")),
}


@pytest.mark.parametrize("call", CALLS)
def test_without_app_and_middleware_each_guarded_view_fails(settings, call):
    settings.MIDDLEWARE = [SESSIONS]
    settings.SESSIONKIT_GLOBAL_PROTECT = True
    with pytest.raises(ImproperlyConfigured, match="has no SessionKitMiddleware"):
        CALLS[call]()


@pytest.mark.parametrize("call", CALLS)
def test_without_a_policy_they_work_and_say_with_debug_what_is_missing(settings, call, caplog):
    settings.MIDDLEWARE = [SESSIONS]
    assert CALLS[call]().status_code == 401
    assert "MIDDLEWARE" not in caplog.text
    settings.DEBUG = True
    assert CALLS[call]().status_code == 401
    assert "SessionKitMiddleware is not in MIDDLEWARE. As a result, no URL rule is enforced" in caplog.text
    assert f'Add "{OURS}"' in caplog.text
    caplog.clear()
    settings.MIDDLEWARE = [SESSIONS, OURS]
    assert CALLS[call]().status_code == 401
    assert "MIDDLEWARE" not in caplog.text
