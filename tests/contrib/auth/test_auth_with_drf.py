"""The bridge with Django REST framework: the session belongs to the user whom DRF authenticates."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import Group, User
from django.test import Client

if find_spec("rest_framework") is None:
    pytest.skip("needs djangorestframework", allow_module_level=True)

from django.core.signing import BadSignature, Signer
from django.urls import path
from rest_framework.authentication import BaseAuthentication, BasicAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView
from support.sessions import JSON

from django_sessionkit import Public, Role, get_session, has_role
from django_sessionkit.contrib.drf import Requires, SessionKitAuthentication

pytestmark = pytest.mark.django_db


class Tokens(BaseAuthentication):
    """Token authentication like DRF's own, without a table."""

    def authenticate(self, request):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Token":
            return None
        try:
            return User.objects.get(username=Signer().unsign(token)), token
        except (BadSignature, User.DoesNotExist):
            raise AuthenticationFailed from None

    def authenticate_header(self, request):
        return "Token"


class ApiKey(Tokens):
    """Authentication by a custom header."""

    def authenticate(self, request):
        name = request.headers.get("X-Api-Key")
        return (User.objects.get(username=name), name) if name else None


class Page(APIView):
    authentication_classes = [SessionAuthentication]
    permission_classes = [Requires(Role("editors"))]
    renderer_classes = [JSONRenderer]

    def get(self, request, **kwargs):
        session = get_session()
        return Response({"user": str(request.user), "session": session and session.user_id, "is": has_role("editors")})

    post = get


class ByToken(Page):
    authentication_classes = [Tokens]


class ByKey(Page):
    authentication_classes = [ApiKey]


class ByPassword(Page):
    authentication_classes = [BasicAuthentication]


class Open(Page):
    """A view whose authentication accepts no one."""

    authentication_classes = []
    permission_classes = [AllowAny]


class OpenToAll(ByToken):
    permission_classes = [Requires(Public())]


class Ours(Page):
    authentication_classes = [SessionKitAuthentication]


PAGES = {
    "page": Page, "token": ByToken, "key": ByKey, "password": ByPassword, "open": Open, "all": OpenToAll, "ours": Ours
}  # fmt: skip
urlpatterns = [path(f"{prefix}{name}/", view.as_view()) for name, view in PAGES.items() for prefix in ("", "ruled/")]


@pytest.fixture(autouse=True)
def project(settings):
    settings.ROOT_URLCONF = __name__
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_sessionkit.contrib.auth.AuthBridge"]
    settings.SESSIONKIT_PROTECT = [{"pattern": "/ruled/**", "authenticated": True}]
    return settings


@pytest.fixture
def ann():
    user = User.objects.create_user("ann", password="anns")
    user.groups.add(Group.objects.create(name="editors"))
    return user


@pytest.fixture
def bob():
    return User.objects.create_user("bob", password="bobs")


def program(**options):
    return Client(headers=JSON, **options)


def logged_in(user, **options):
    client = program(**options)
    client.force_login(user)
    return client


def token(user):
    return {"Authorization": f"Token {Signer().sign(user.username)}"}


@pytest.mark.parametrize("versions", [None, "django_sessionkit.versions.cached_version"])
@pytest.mark.parametrize("url", ["/open/", "/ruled/open/", "/password/", "/ruled/password/"])
def test_a_view_that_does_not_accept_the_log_in_has_no_session_and_leaves_it_alone(ann, project, url, versions):
    project.SESSIONKIT_VERSION = versions
    client = logged_in(ann)
    before = dict(client.session.items())
    answer = client.get(url)
    if "open" in url:
        assert answer.json() == {"user": "AnonymousUser", "session": None, "is": False}
    else:
        assert answer.status_code == 401
    assert dict(client.session.items()) == before
    assert client.get("/page/").json() == {"user": "ann", "session": str(ann.pk), "is": True}
    assert SESSION_KEY in client.session


@pytest.mark.parametrize("url", ["/page/", "/ruled/page/", "/ours/", "/ruled/ours/"])
def test_the_log_in_counts_where_it_is_accepted(ann, bob, url):
    assert logged_in(ann).get(url).json()["session"] == str(ann.pk)
    assert logged_in(bob).get(url).status_code == 403
    assert program().get(url).status_code in {401, 403}


def test_a_token_has_a_session_for_its_request(ann, bob):
    assert program().get("/token/", headers=token(ann)).json() == {"user": "ann", "session": str(ann.pk), "is": True}
    assert program().get("/token/", headers=token(bob)).status_code == 403
    assert program().get("/token/", headers={"Authorization": "Token made-up"}).status_code == 401
    assert program().get("/token/").status_code == 401


@pytest.mark.parametrize("url", ["/token/", "/ruled/token/"])
def test_the_token_counts_and_not_the_cookie_beside_it(ann, bob, url):
    client = logged_in(bob)
    before = dict(client.session.items())
    assert client.get(url, headers=token(ann)).json() == {"user": "ann", "session": str(ann.pk), "is": True}
    assert logged_in(ann).get(url, headers=token(bob)).status_code == 403
    assert logged_in(ann).get(url).status_code == 401
    assert dict(client.session.items()) == before


def test_a_token_needs_no_csrf_token_also_beside_a_cookie(ann, bob):
    for client in (
        program(enforce_csrf_checks=True),
        *(logged_in(one, enforce_csrf_checks=True) for one in (ann, bob)),
    ):
        assert client.post("/token/", headers=token(ann)).status_code == 200
        assert client.post("/all/", headers=token(bob)).status_code == 200


def test_what_a_browser_may_send_by_itself_does(ann):
    client = logged_in(ann, enforce_csrf_checks=True)
    assert client.get("/password/", headers={"Authorization": "Basic YW5uOmFubnM="}).status_code == 200
    assert client.post("/password/", headers={"Authorization": "Basic YW5uOmFubnM="}).status_code == 403
    assert client.post("/key/", headers={"X-Api-Key": "ann"}).status_code == 403
    assert client.post("/page/").status_code == client.post("/ours/").status_code == 403
    client.cookies["csrftoken"] = "a" * 32
    assert client.post("/key/", headers={"X-Api-Key": "ann", "X-CSRFToken": "a" * 32}).status_code == 200


SETTINGS = """
SECRET_KEY = "made up"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"]
ROOT_URLCONF = "api"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["django_sessionkit.contrib.drf.SessionKitAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["api.Editor"],
    "EXCEPTION_HANDLER": "django_sessionkit.contrib.drf.exception_handler",
}
"""
API = """
from django_sessionkit import Role
from django_sessionkit.contrib.drf import Requires

Editor = Requires(Role("editor"))

from rest_framework.views import APIView

assert APIView.permission_classes == [Editor]
urlpatterns = []
"""


def test_the_settings_may_name_its_classes_whatever_is_imported_first(tmp_path: Path):
    (tmp_path / "conf.py").write_text(SETTINGS)
    (tmp_path / "api.py").write_text(API)
    code = "import django; django.setup(); import api"
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "conf"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
