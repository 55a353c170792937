"""The check of ``AUTHENTICATION_BACKENDS``."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path
from support.sessions import browser

from django_sessionkit.contrib.auth import SessionPermissions

MODEL = "django.contrib.auth.backends.ModelBackend"
SESSION = "django_sessionkit.contrib.auth.SessionPermissions"


class Permissions(SessionPermissions):
    """A subclass without users."""


class Users(SessionPermissions):
    """A subclass that has users."""

    def get_user(self, user_id):
        return User.objects.get(pk=user_id)


def found(*backends):
    with override_settings(AUTHENTICATION_BACKENDS=backends):
        return [one for one in run_checks(tags=["sessionkit"]) if one.id == "sessionkit.W040"]


@pytest.mark.parametrize("backends", [[SESSION], [SESSION, MODEL], [f"{__name__}.Permissions", MODEL]])
def test_the_first_backend_must_have_users(backends):
    (warning,) = found(*backends)
    assert f'Move "{backends[0]}" to the end' in warning.hint


@pytest.mark.parametrize(
    "backends", [[], [MODEL], [MODEL, SESSION], ["nowhere.Backend", SESSION], [f"{__name__}.Users"]]
)
def test_other_orders_are_right(backends):
    assert found(*backends) == []


@pytest.mark.django_db
@pytest.mark.parametrize("backends", [[SESSION, MODEL], [MODEL, SESSION]])
def test_the_warning_is_true(backends):
    who = [path("", lambda request: HttpResponse(str(request.user)))]
    with override_settings(AUTHENTICATION_BACKENDS=backends, ROOT_URLCONF=type("urls", (), {"urlpatterns": who})):
        client = browser()
        client.force_login(User.objects.create_user("ann"))
        assert client.get("/").content.decode() == ("AnonymousUser" if found(*backends) else "ann")


def test_without_the_middleware_the_backend_would_grant_nothing():
    with override_settings(AUTHENTICATION_BACKENDS=[MODEL, SESSION], MIDDLEWARE=[]):
        assert "sessionkit.E015" in [one.id for one in run_checks(tags=["sessionkit"])]
