"""When, and with which factors, the user of the bridge logged in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import include, path
from support.sessions import HTML
from testsite import views

from django_sessionkit import confirm_session, revoke_sessions
from django_sessionkit.contrib.auth import logins
from django_sessionkit.decorators import require_recent

pytestmark = pytest.mark.django_db
NOW = 1_800_000_000
urlpatterns = [
    path("recent/", require_recent(600)(views.page)),
    path("confirm/", lambda request: views.page(request) if confirm_session(request) else None, name="confirm"),
    path("", include("support.auth_urls")),
]


@pytest.fixture(autouse=True)
def clock(settings):
    settings.ROOT_URLCONF = __name__
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_sessionkit.contrib.auth.AuthBridge"]
    settings.SESSIONKIT_REAUTH_URL = "confirm"
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def ann():
    return User.objects.create_user("ann", password="anns")


def logged_in(user):
    client = Client(headers=HTML)
    client.force_login(user)
    return client


def told(client):
    data = client.session["__session__"]
    return data.get("auth_time"), data.get("amr")


def without_dict(client):
    session = client.session
    del session["__session__"]
    session.save()


def test_a_login_is_stamped_and_grows_old(ann, clock):
    client = logged_in(ann)
    assert told(client) == (NOW, None)
    assert client.get("/recent/").status_code == 200
    clock.move_to(NOW + 601)
    assert client.get("/recent/")["Location"] == "/confirm/?next=/recent/"
    key = client.session.session_key
    assert client.get("/confirm/").status_code == 200
    assert told(client) == (NOW + 601, None)
    assert client.session.session_key != key
    assert client.get("/recent/").status_code == 200


def test_a_new_dict_for_an_old_login_is_as_old_as_the_login(ann, clock):
    client = logged_in(ann)
    clock.move_to(NOW + 601)
    without_dict(client)
    assert client.get("/recent/").status_code == 302
    assert told(client) == (NOW, None)


def test_a_login_whose_time_is_unknown_is_not_recent(ann, clock):
    client = logged_in(ann)
    session = client.session
    del session["_sessionkit_login"]
    session.save()
    without_dict(client)
    assert client.get("/recent/").status_code == 302
    assert told(client) == (None, None)


def test_a_refresh_is_no_login(ann, clock, settings):
    settings.SESSIONKIT_VERSION = "django_sessionkit.versions.cached_version"
    client = logged_in(ann)
    clock.move_to(NOW + 601)
    revoke_sessions(str(ann.pk))
    assert client.get("/recent/").status_code == 302
    assert told(client) == (NOW, None)


def test_the_project_may_say_when_the_login_was(ann, monkeypatch):
    def session_of(self, user):
        return {"user_id": str(user.pk), "auth_time": 5, "amr": ["fpt"]}

    monkeypatch.setattr("django_sessionkit.contrib.auth.AuthBridge.session_of", session_of)
    assert told(logged_in(ann)) == (5, ["fpt"])


def test_a_user_of_one_request_did_not_log_in(ann, monkeypatch):
    request = RequestFactory().get("/")
    request.session = Client().session
    login(request, ann, "django.contrib.auth.backends.ModelBackend")
    assert logins.login_of(request, ann) == {"auth_time": NOW}
    assert logins.login_of(request, User(pk=ann.pk + 1)) == {}
    with monkeypatch.context() as patch:
        patch.setattr(logins, "_records", lambda request, user: [CODE])  # which count only if allauth is installed
        assert logins.login_of(request, ann) == {"auth_time": NOW}
    for _ in range(2):
        logins.forget(request)
        assert logins.login_of(request, ann) == {}


def record(method: str, at: float = NOW, **more: Any) -> dict[str, Any]:
    return {"method": method, "at": at + 0.5, **more}


PASSWORD, CODE = record("password", username="ann"), record("mfa", NOW + 9, id=1, type="totp")


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], {}),
        ([PASSWORD], {"auth_time": NOW, "amr": ["pwd"]}),
        ([PASSWORD, CODE], {"auth_time": NOW + 9, "amr": ["pwd", "otp", "mfa"]}),
        ([CODE, PASSWORD], {"auth_time": NOW + 9, "amr": ["otp", "pwd", "mfa"]}),
        ([PASSWORD, record("mfa", type="recovery_codes")], {"auth_time": NOW, "amr": ["pwd", "otp", "mfa"]}),
        ([record("mfa", type="webauthn", passwordless=True)], {"auth_time": NOW, "amr": ["hwk"]}),
        ([PASSWORD, record("password", NOW + 700, reauthenticated=True)], {"auth_time": NOW + 700, "amr": ["pwd"]}),
        ([record("code", email="a@b")], {"auth_time": NOW}),
        ([record("socialaccount", provider="x", uid="y")], {"auth_time": NOW}),
        ([record("socialaccount"), CODE], {"auth_time": NOW + 9, "amr": ["otp", "mfa"]}),
        ([record("password_reset")], {"auth_time": NOW}),
        ([record("mfa", type="otp"), record("totp"), record("")], {"auth_time": NOW, "amr": ["mfa"]}),
    ],
)
def test_the_records_of_allauth(records, expected):
    assert logins._of_records(records) == expected


@pytest.mark.parametrize("takes_user", [True, False])
def test_older_versions_of_allauth_read_the_records_of_the_request_alone(takes_user, monkeypatch):
    asked = []

    def of_both(request, user):
        asked.append((request, user))
        return [PASSWORD]

    def of_the_request(request):
        asked.append((request, None))
        return [PASSWORD]

    read = of_both if takes_user else of_the_request
    monkeypatch.setattr(logins, "import_module", lambda name: SimpleNamespace(get_authentication_records=read))
    request, user = object(), object()
    assert logins._records(request, user) == [PASSWORD]
    assert asked == [(request, user if takes_user else None)]
