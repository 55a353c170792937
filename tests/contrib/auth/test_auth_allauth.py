"""django-allauth with the bridge under ``SESSIONKIT_GLOBAL_PROTECT``: from sign-up to a denied page."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module, reload
from importlib.util import find_spec

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser, Group, User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core import mail
from django.core.cache import cache
from django.core.checks import run_checks
from django.urls import include, path
from support import auth_urls
from support.manual.project import keep_receivers
from support.sessions import browser
from support.tables import tables
from testsite import settings as site

from django_sessionkit.matrix import policy_matrix

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(find_spec("allauth") is None, reason="needs django-allauth"),
]
APPS = [*site.INSTALLED_APPS, "django.contrib.messages", "allauth", "allauth.account"]
MIDDLEWARE = [
    *site.MIDDLEWARE,
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
PASSWORD = "a-long-and-new-password"
NOW = 1_800_000_000
SIGN_UP = {"username": "eve", "email": "eve@example.org", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture(scope="module")
def tables_of_allauth(django_db_setup, django_db_blocker):
    with tables("account", APPS, django_db_blocker, MIDDLEWARE=MIDDLEWARE):
        yield


@pytest.fixture(autouse=True)
def project(tables_of_allauth, settings):
    """A project with allauth and its tables, in which every page needs a session."""
    settings.MIDDLEWARE = MIDDLEWARE
    settings.INSTALLED_APPS = [*APPS, "django_sessionkit.contrib.auth.AuthBridge"]
    settings.AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ]
    settings.ACCOUNT_LOGIN_METHODS = {"username", "email"}
    settings.ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True
    settings.ACCOUNT_RATE_LIMITS = False
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}  # for Django 6.1
    settings.LOGIN_URL = "account_login"
    settings.LOGIN_REDIRECT_URL = "/who/"
    settings.SESSIONKIT_GLOBAL_PROTECT = True
    settings.SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED = True
    settings.SESSIONKIT_PROTECT = [{"pattern": "/page", "role": "editors"}]
    urls = reload(import_module("allauth.account.urls"))  # which routes it has depends on the settings
    patterns = [path("accounts/", include(urls.urlpatterns)), *auth_urls.urlpatterns]
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": patterns})
    cache.clear()
    with ExitStack() as stack:
        keep_receivers(stack, user_logged_in, user_logged_out, user_login_failed)
        yield settings


def eve(**fields):
    user = User.objects.create_user("eve", "eve@example.org", PASSWORD, **fields)
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    return user


def link_of_mail():
    return re.search(r"https?://testserver(/\S+)", mail.outbox[-1].body)[1]


def who(client):
    return client.get("/who/").json()["user_id"]


def test_a_visitor_signs_up_confirms_and_is_let_in_as_far_as_the_rules_allow():
    client = browser()
    assert client.get("/who/").headers["Location"] == "/accounts/login/?next=/who/"
    assert client.get("/accounts/signup/").status_code == 200
    response = client.post("/accounts/signup/", SIGN_UP)
    assert response.headers["Location"] == "/accounts/confirm-email/"
    assert client.get("/accounts/confirm-email/").status_code == 200
    confirm = link_of_mail()
    assert client.get(confirm).status_code == 200
    assert client.post(confirm).status_code == 302
    if client.get("/who/").status_code == 302:  # some versions of allauth let the visitor log in after this
        assert client.post("/accounts/login/", {"login": "eve", "password": PASSWORD}).status_code == 302
    assert who(client) == str(User.objects.get().pk)
    assert client.get("/page/").status_code == 403


def test_a_forgotten_password_is_reset():
    user, client = eve(), browser()
    assert client.get("/accounts/password/reset/").status_code == 200
    response = client.post("/accounts/password/reset/", {"email": user.email})
    assert response.headers["Location"] == "/accounts/password/reset/done/"
    assert client.get("/accounts/password/reset/done/").status_code == 200
    form = client.get(link_of_mail()).headers["Location"]
    assert client.get(form).status_code == 200
    another = f"another-{PASSWORD}"
    assert client.post(form, {"password1": another, "password2": another}).status_code == 302
    assert client.get("/accounts/password/reset/key/done/").status_code == 200
    assert client.post("/accounts/login/", {"login": "eve", "password": another}).status_code == 302
    assert who(client) == str(user.pk)


def test_a_user_logs_in_by_code():
    user, client = eve(), browser()
    user.groups.add(Group.objects.create(name="editors"))
    assert client.get("/accounts/login/code/").status_code == 200
    response = client.post("/accounts/login/code/", {"email": user.email})
    assert response.headers["Location"] == "/accounts/login/code/confirm/"
    assert client.get("/accounts/login/code/confirm/").status_code == 200
    code = re.search(r"^\s*([\w-]{6,})\s*$", mail.outbox[-1].body, re.MULTILINE)[1]
    assert client.post("/accounts/login/code/confirm/", {"code": code}).status_code == 302
    assert who(client) == str(user.pk)
    assert client.get("/page/").status_code == 200


def test_a_user_logs_in_and_out():
    user, client = eve(), browser()
    assert client.post("/accounts/login/", {"login": "eve", "password": "wrong"}).status_code == 200
    assert client.get("/who/").status_code == 302
    assert client.post("/accounts/login/", {"login": "eve", "password": PASSWORD}).status_code == 302
    assert who(client) == str(user.pk)
    assert client.post("/accounts/logout/").status_code == 302
    assert "__session__" not in client.session
    assert client.get("/who/").status_code == 302


# Pages of allauth for users who are logged in; some of its versions mark a few of them as public, too.
OWN = {"email/", "password/change/", "password/set/", "reauthenticate/"}


def test_pages_for_users_stay_closed_and_all_others_are_open(project):
    def opened():
        lines = [line for line in policy_matrix().lines if line.route.startswith("/accounts/")]
        return {line.route.removeprefix("/accounts/") for line in lines if line.squares[0].outcome == "allowed"}

    assert {"login/", "signup/", "password/reset/", "login/code/", "confirm-email/"} <= opened()
    assert not OWN & opened()
    project.SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED = False
    assert opened() == {"login/"}


def test_without_the_setting_the_check_lists_what_is_closed_and_the_excludes_open_it(project):
    project.SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED = False
    client = browser()
    assert client.get("/accounts/signup/").status_code == 302
    (message,) = [one for one in run_checks(tags=["sessionkit"]) if one.id == "sessionkit.W029"]
    names = re.search(r"SESSIONKIT_EXCLUDE = \[(.*?)\]", message.hint)[1]
    assert {'"account_signup"', '"account_reset_password"', '"account_request_login_code"'} <= set(names.split(", "))
    project.SESSIONKIT_EXCLUDE = [name.strip('"') for name in names.split(", ")]
    assert client.get("/accounts/signup/").status_code == 200
    assert "sessionkit.W029" not in [one.id for one in run_checks(tags=["sessionkit"])]


def logins_of(client):
    data = client.session["__session__"]
    return data["auth_time"], data.get("amr")


@pytest.mark.parametrize("asked", ["recent", "factor"])
def test_the_page_of_allauth_confirms_the_login(settings, asked):
    settings.SESSIONKIT_REAUTH_URL = "account_reauthenticate"
    settings.SESSIONKIT_PROTECT = [
        {"pattern": "/page", "recent": 600} | ({"factor": "pwd"} if asked == "factor" else {})
    ]
    eve()
    client = browser()
    with time_machine.travel(NOW, tick=False) as clock:
        assert client.post("/accounts/login/", {"login": "eve", "password": PASSWORD}).status_code == 302
        assert logins_of(client) == (NOW, ["pwd"])
        assert client.get("/page/").status_code == 200
        clock.move_to(NOW + 601)
        response = client.get("/page/")
        assert response.headers["Location"] == "/accounts/reauthenticate/?next=/page/"
        confirm, key = response.headers["Location"], client.session.session_key
        assert client.get(confirm).status_code == 200
        assert client.post(confirm, {"password": "wrong"}).status_code == 200
        assert logins_of(client) == (NOW, ["pwd"])
        assert client.post(confirm, {"password": PASSWORD}).headers["Location"] == "/page/"
        assert logins_of(client) == (NOW + 601, ["pwd"])
        assert client.session.session_key != key
        assert client.get("/page/").status_code == 200


def test_a_code_by_mail_is_no_factor():
    user, client = eve(), browser()
    client.post("/accounts/login/code/", {"email": user.email})
    code = re.search(r"^\s*([\w-]{6,})\s*$", mail.outbox[-1].body, re.MULTILINE)[1]
    client.post("/accounts/login/code/confirm/", {"code": code})
    assert logins_of(client)[1] is None


def test_a_step_of_a_user_without_a_session_confirms_nothing(rf):
    sent = import_module("allauth.account.signals").authentication_step_completed
    request = rf.get("/")
    request.session = browser().session
    user = eve()
    for session in ({}, {"_auth_user_id": str(user.pk)}):
        request.session.update(session)
        request.user = AnonymousUser()
        sent.send(sender=User, request=request, user=user, method="password", reauthenticated=True)
    assert "__session__" not in request.session


@contextmanager
def later(request):
    """Log Eve in, and yield a request of hers ten minutes later, with what sends allauth's signal of a step."""
    sent = import_module("allauth.account.signals").authentication_step_completed
    user, client = eve(), browser()
    with time_machine.travel(NOW, tick=False) as clock:
        client.post("/accounts/login/", {"login": "eve", "password": PASSWORD})
        clock.move_to(NOW + 601)
        request.session, request.user = client.session, user
        yield partial(sent.send, sender=User, request=request, user=user), request


def test_a_step_that_is_no_reauthentication_confirms_nothing(rf):
    with later(rf.get("/")) as (send, request):
        for more, auth_time in (({}, NOW), ({"reauthenticated": False}, NOW), ({"reauthenticated": True}, NOW + 601)):
            send(method="password", **more)
            assert request.session["__session__"]["auth_time"] == auth_time


@pytest.mark.parametrize(
    ("step", "amr"), [({"method": "mfa", "type": "totp"}, ["pwd", "otp"]), ({"method": "code"}, ["pwd"])]
)
def test_a_reauthentication_adds_its_factor_if_it_has_one(step, amr, rf):
    with later(rf.get("/")) as (send, request):
        request.session["account_authentication_methods"] = [{**step, "at": NOW + 601}]
        send(method=step["method"], reauthenticated=True)
        kept = request.session["__session__"]
        assert (kept["auth_time"], kept["amr"]) == (NOW + 601, amr)
