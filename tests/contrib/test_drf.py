"""The adapter for Django REST framework, in its own views. Skipped if the framework is not installed."""

from __future__ import annotations

import copy
import io
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from django.views.decorators.cache import cache_page
from support.loops import async_to_sync
from support.sessions import ADMIN, EDITOR, JSON, READER, abrowser, sign_in

from django_sessionkit import use_session
from django_sessionkit.exceptions import AsyncRequired, InvalidPolicy
from django_sessionkit.mixins import RequireRoleMixin
from django_sessionkit.requirements import Public, Role
from django_sessionkit.session.context import Fault, LoadedSession, SessionContext
from django_sessionkit.signals import access_denied
from django_sessionkit.sources import SessionSource

if find_spec("rest_framework") is None:
    pytest.skip("needs djangorestframework", allow_module_level=True)

from rest_framework import exceptions
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet
from support import drf_urls

from django_sessionkit.contrib import drf
from django_sessionkit.contrib.drf import Requires, SessionKitAuthentication

EDITORS = Requires(Role("editor"))
PEOPLE = {"r": READER, "e": EDITOR, "-": None}
CHALLENGE = 'Session realm="site"'


class TokenSource(SessionSource):
    """Reads only a header, so that no other site can forge a request."""

    vary_headers = ("Authorization",)

    def read(self, request: Any) -> Any:
        return EDITOR if request.headers.get("Authorization") else None


class EitherSource(TokenSource):
    """May read a cookie as well."""

    vary_headers = ("Authorization", "Cookie")


@pytest.fixture(autouse=True)
def project(settings):
    settings.ROOT_URLCONF = "support.drf_urls"


@pytest.fixture
def handled(settings):
    """Install the handler of the adapter, and collect the reported denials."""
    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": "django_sessionkit.contrib.drf.exception_handler"}
    told = []
    access_denied.connect(keep := lambda decision, status, **kwargs: told.append((status, decision.reason)), weak=False)
    yield told
    access_denied.disconnect(keep)


def program(data=None):
    client = Client(headers=JSON)
    return sign_in(client, data) if data is not None else client


def statuses(path, method="get"):
    return "".join(who for who, data in PEOPLE.items() if getattr(program(data), method)(path).status_code == 200)


@pytest.mark.parametrize("name", drf_urls.COMPOSED)
def test_permissions_combine_and_never_grant_by_absence_or_failure(name):
    assert set(statuses(f"/composed/{name}/")) == set(drf_urls.COMPOSED[name][1])


def test_no_session_is_401_with_a_challenge_and_a_missing_right_403():
    answer = program().get("/page/")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, CHALLENGE)
    answer = program(READER).get("/page/")
    assert (answer.status_code, answer.has_header("WWW-Authenticate")) == (403, False)
    assert program(EDITOR).get("/page/").json() == "page"


def test_the_same_under_asgi():
    for data, status in ((None, 401), (READER, 403), (EDITOR, 200)):
        assert async_to_sync(abrowser(data).get)("/page/", headers=JSON).status_code == status


def test_without_the_middleware_the_views_decide_all_the_same(settings):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "sessionkit" not in one]
    assert [program(data).get("/page/").status_code for data in (None, READER, EDITOR)] == [401, 403, 200]


def test_url_rules_and_permissions_must_both_hold(settings):
    settings.SESSIONKIT_PROTECT = [{"pattern": "/ruled", "role": "staff"}]
    assert [program(data).get("/ruled/").status_code for data in (None, READER, EDITOR)] == [401, 403, 200]
    settings.SESSIONKIT_PROTECT = [{"pattern": "/ruled", "role": "admin"}]
    assert [program(data).get("/ruled/").status_code for data in (EDITOR, ADMIN)] == [403, 403]


def test_all_permission_classes_must_hold():
    assert statuses("/both/") == ""
    assert statuses("/both/", "post") == "e"


def test_object_permissions_are_asked_through_a_combination():
    assert program(EDITOR).get("/object/").status_code == 200
    assert program(EDITOR).get("/object/?object=secret").status_code == 403


def test_each_action_has_its_own_requirement_and_an_unnamed_one_is_closed():
    assert statuses("/articles/") == "re-"
    assert [program(data).post("/articles/").status_code for data in PEOPLE.values()] == [403, 200, 401]
    assert [program(data).get("/articles/1/").status_code for data in PEOPLE.values()] == [403, 403, 401]


def test_get_covers_head_in_a_view_without_actions():
    assert statuses("/composed/by-action/", "head") == "e"


def test_request_user_is_who_the_session_is_about():
    assert program(EDITOR).get("/who/").json() == [True, "2", "2", False, "signed in"]
    assert program().get("/who/").json() == [False, None, None, False, "AnonymousUser"]


def csrf_client(**headers: str) -> Client:
    return Client(enforce_csrf_checks=True, headers=headers)


@pytest.mark.parametrize("path", ["/page/", "/basic/", "/basic-public/"])
def test_a_session_from_a_cookie_needs_a_csrf_token(path):
    client = sign_in(csrf_client(), EDITOR)
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 403
    client.cookies["csrftoken"] = "a" * 32
    assert client.post(path, headers={"X-CSRFToken": "a" * 32}).status_code == 200


def test_a_caller_without_a_session_needs_no_csrf_token():
    assert csrf_client().post("/basic-public/").status_code == 200


@pytest.mark.parametrize(
    ("source", "token", "status"),
    [
        (TokenSource, "Token x", 200),
        (EitherSource, "Bearer x", 200),
        (EitherSource, "Basic x", 403),
    ],
)
def test_a_token_that_no_browser_sends_by_itself_needs_no_csrf_token(settings, source, token, status):
    settings.SESSIONKIT_SOURCE = source
    assert csrf_client(authorization=token).post("/page/").status_code == status


def test_with_the_handler_denials_are_problems_and_are_reported(handled):
    answer = program().get("/page/")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, CHALLENGE)
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/problem+json", "no-store")
    answer = program(READER).get("/page/")
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert handled == [(401, "not_authenticated"), (403, "missing_role")]


def test_with_the_handler_a_session_without_the_right_is_403_whatever_authenticates(handled):
    assert [program(data).get("/basic/").status_code for data in PEOPLE.values()] == [403, 200, 401]


def test_with_the_handler_what_code_enforces_is_answered_alike(handled):
    assert [program(data).get("/enforced/").status_code for data in PEOPLE.values()] == [403, 200, 401]
    assert handled == [(403, "missing_role"), (401, "not_authenticated")]


def test_the_handler_leaves_other_errors_to_rest_framework(handled):
    assert program(EDITOR).get("/both/").json() == {"detail": "You do not have permission to perform this action."}
    assert program(EDITOR).put("/page/").status_code == 405
    assert handled == []


COMBINES = r'^Requires: combines with permission classes only; write Requires\(Role\("editor"\)\)$'


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: drf.Requires("editor"), "Requires: needs a requirement"),
        (lambda: drf.RequiresByAction({"list": "editor"}), "RequiresByAction, 'list': needs a requirement"),
        (lambda: drf.RequiresByAction({}, Role), "RequiresByAction, otherwise: needs a requirement"),
        (
            lambda: drf.RequiresByAction({"GET": Role("a")}),
            '^RequiresByAction: "GET" is not an action; write the method in lower case: "get"',
        ),
        (
            lambda: drf.RequiresByAction("list"),
            r'^RequiresByAction: needs a mapping, not str; such as \{"list": Public\(\)\}$',
        ),
        (lambda: drf.Requires(Role("editor")) & "editor", COMBINES),
        (lambda: drf.Requires(Role("editor")) | Role("admin"), COMBINES),
        (lambda: Role("admin") | ~drf.Requires(Role("editor")), COMBINES),
    ],
)
def test_what_cannot_be_asked_is_refused_when_the_view_is_defined(make, message):
    with pytest.raises(InvalidPolicy, match=message):
        make()


def test_a_permission_is_a_class_that_compares_and_hashes_as_one():
    editor = drf.Requires(Role("editor"))
    assert {editor: 1}[editor] == 1
    assert editor != drf.Requires(Role("editor"))
    assert (editor.__module__, editor.__name__) == ("django_sessionkit.contrib.drf.permissions", "Requires")
    assert issubclass(editor, import_module("rest_framework.permissions").BasePermission)


def test_the_list_of_routes_leaves_these_views_to_rest_framework():
    out = io.StringIO()
    call_command("sessionkit_routes", stdout=out)
    line = next(line for line in out.getvalue().splitlines() if "/page/" in line)
    assert "REST framework" in line


def cached(view):
    return path("cached/", cache_page(60)(view))


@pytest.mark.parametrize("classes", [[], [JSONRenderer, BrowsableAPIRenderer]], ids=["one", "several"])
@pytest.mark.parametrize("kind", ["permission", "authentication", "both", "mixin"])
def test_a_page_that_was_let_through_is_cached_for_its_own_session(kind, classes, settings):
    class Page(APIView):
        permission_classes = [Requires(Role("editor"))] if kind in ("permission", "both") else []
        authentication_classes = [SessionKitAuthentication] if kind in ("authentication", "both") else []
        renderer_classes = classes or [JSONRenderer]

        def get(self, request):
            if kind == "authentication" and not request.auth:
                raise exceptions.NotAuthenticated
            return Response("page")

    class Mixed(RequireRoleMixin, Page):
        required_roles = ["editor"]

    settings.ROOT_URLCONF = (cached((Mixed if kind == "mixin" else Page).as_view()),)
    cache.clear()
    editor = program(EDITOR)
    assert editor.get("/cached/").status_code == 200
    assert program().get("/cached/").status_code == (403 if kind == "permission" else 401)
    assert program(READER).get("/cached/").status_code == (200 if kind == "authentication" else 403)
    answer = editor.get("/cached/")
    assert "Age" in answer
    assert answer["Vary"].split(", ").count("Cookie") == 1


def test_a_view_that_does_not_ask_varies_on_nothing_of_ours(settings):
    class Open(APIView):
        permission_classes, authentication_classes, renderer_classes = [], [], [JSONRenderer]

        def get(self, request):
            return Response("page")

    settings.ROOT_URLCONF = (cached(Open.as_view()),)
    assert "Vary" not in program(EDITOR).get("/cached/")


def test_a_permission_may_be_asked_for_a_view_without_headers():
    request = RequestFactory().get("/")
    for view in (None, SimpleNamespace(headers=()), SimpleNamespace(headers={"Vary": "Cookie"})):
        before = copy.deepcopy(view)
        assert Requires(Role("editor"))().has_permission(Request(request), view) is False
        assert view == before


def test_a_permission_that_is_asked_on_an_event_loop_names_the_async_function(rf):
    request = rf.get("/")
    request.session = program(EDITOR).session

    async def ask():
        Requires(Role("editor"))().has_permission(Request(request), APIView())

    with pytest.raises(AsyncRequired, match=r"Use `await aevaluate\(\.\.\.\)`"):
        async_to_sync(ask)()


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("where", ["/page-1/", "/page-2/"])
def test_a_hidden_view_is_an_unknown_url(where, debug, settings):
    class Page(APIView):
        def get(self, request):
            return Response("page")

    class Mixed(RequireRoleMixin, Page):
        required_roles, on_deny = ["admin"], "not_found"

    settings.ROOT_URLCONF = (path("page-1/", Page.as_view(), name="one"), path("page-2/", Mixed.as_view()))
    settings.SESSIONKIT_PROTECT = [{"view": "one", "role": "admin", "on_deny": "not_found"}]
    settings.DEBUG = debug
    for client in (program(), program(READER)):
        hidden, unknown = client.get(where), client.get(where.replace("page-", "nil--"))
        assert hidden.status_code == unknown.status_code == 404
        assert hidden.headers == unknown.headers
        assert hidden.content == unknown.content.replace(b"nil--", b"page-")


def test_a_permission_class_has_no_truth_value():
    """``Requires(a) and Requires(b)`` would be ``Requires(b)``."""
    for permission in (Requires(Role("a")), Requires(Role("a")) & IsAuthenticated):
        with pytest.raises(TypeError, match=r"^Requires\(\.\.\.\) has no truth value\. Combine"):
            _ = permission and Requires(Role("b"))


def test_a_mixin_protects_a_view_set_and_must_be_the_first_base(settings):
    class Pages(RequireRoleMixin, ViewSet):
        required_roles = ["editor"]

        def list(self, request):
            return Response("page")

    settings.ROOT_URLCONF = (path("pages/", Pages.as_view({"get": "list"})),)
    assert [program(who).get("/pages/").status_code for who in (None, READER, EDITOR)] == [401, 403, 200]
    for base in (APIView, ViewSet):
        with pytest.raises(InvalidPolicy, match="put RequireRoleMixin before APIView in Last"):
            type("Last", (base, RequireRoleMixin), {"required_roles": ["editor"]})


def malformed(request: Any) -> Any:
    return {"user_id": 7}


def out_of_reach(request: Any) -> Any:
    raise ConnectionError


STATES = pytest.mark.parametrize(("source", "status"), [(malformed, 403), (out_of_reach, 503)])


@STATES
@pytest.mark.parametrize("middleware", [True, False])
@pytest.mark.parametrize("name", [name for name, (_, who) in drf_urls.COMPOSED.items() if "-" not in who])
def test_a_session_that_is_refused_or_unknown_is_no_missing_login(settings, source, status, name, middleware):
    settings.SESSIONKIT_SOURCE = source
    if not middleware:
        settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "sessionkit" not in one]
    answer = program().get(f"/composed/{name}/")
    assert answer.status_code in (403, status)
    assert not answer.has_header("WWW-Authenticate")
    if name == "plain":
        assert (answer.status_code, answer.get("Retry-After")) == (status, {503: "10"}.get(status))


def test_a_permission_of_the_project_may_deny_before_ours_is_asked(settings):
    """Then nothing of ours is known of the request, neither a denial nor the fault of a session."""
    classes = Nobody & Requires(Role("editor"))
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": [drf_urls.composed("own", classes)]})
    settings.SESSIONKIT_PROTECT = []
    for data, expected in ((EDITOR, 403), (None, 401)):
        assert program(data).get("/composed/own/").status_code == expected


class Nobody(BasePermission):
    def has_permission(self, request, view):
        return False


@STATES
def test_the_other_part_of_a_combination_may_grant_it(settings, source, status):
    settings.SESSIONKIT_SOURCE = source
    for name in ("or-foreign", "foreign-or", "and-or-foreign"):
        assert program().get(f"/composed/{name}/").status_code == 200


@STATES
def test_with_the_handler_it_is_a_problem_and_is_reported(settings, source, status, handled):
    settings.SESSIONKIT_SOURCE = source
    for where in ("/page/", "/enforced/", "/composed/or/"):
        answer = program().get(where)
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    reason = {403: "refused", 503: "unknown_for_now"}[status]
    assert handled == [(status, reason)] * 3


@STATES
def test_permissions_of_drf_itself_are_answered_alike(settings, source, status, handled):
    settings.SESSIONKIT_SOURCE = source
    settings.ROOT_URLCONF = type(
        "urls",
        (),
        {
            "urlpatterns": [
                drf_urls.composed("own", drf_urls.IsAuthenticated),
                basic("basic/"),
                basic("basic-too/", Requires(Public())),
            ]
        },
    )
    assert program().get("/composed/own/").status_code == status
    reason = {403: "refused", 503: "unknown_for_now"}[status]
    assert handled == [(status, reason)]
    for where in ("/basic/", "/basic-too/"):
        assert program().get(where).status_code == 401  # its own authentication would accept the caller


@STATES
def test_without_the_handler_they_ask_for_no_login(settings, source, status):
    settings.SESSIONKIT_SOURCE = source
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": [drf_urls.composed("own", drf_urls.IsAuthenticated)]})
    answer = program().get("/composed/own/")
    assert (answer.status_code, answer.has_header("WWW-Authenticate")) == (403, False)


def test_the_handler_knows_the_session_of_the_request_outside_the_middleware(rf):
    http = rf.get("/", headers=JSON)
    http.sessionkit = SessionContext(None, http, LoadedSession(None, fault=Fault("refused")))
    request = Request(http, authenticators=[SessionKitAuthentication()])
    assert drf.exception_handler(exceptions.NotAuthenticated(), {"request": request}).status_code == 403


class NeverCurrent(SessionSource):
    def is_current(self, request: Any) -> bool:
        return False


def test_a_session_that_a_test_sets_is_not_loaded_again(settings, rf):
    settings.SESSIONKIT_SOURCE = NeverCurrent
    with use_session(EDITOR):
        assert EDITORS().has_permission(Request(rf.get("/")), None)


def basic(where: str, *first: Any) -> Any:
    permissions = [first[0] & IsAuthenticated] if first else [IsAuthenticated]
    return path(where, drf_urls.Basic.as_view(permission_classes=permissions))


@pytest.mark.parametrize("asgi", [False, True], ids=["wsgi", "asgi"])
@pytest.mark.parametrize("is_usual", [False, True], ids=["of DRF", "usual"])
@pytest.mark.parametrize("order", [1, 2], ids=["locale outside", "locale inside"])
def test_a_denial_in_the_language_of_the_request(settings, order, is_usual, asgi):
    sessions, ours = (
        f"{name}Middleware"
        for name in ("django.contrib.sessions.middleware.Session", "django_sessionkit.middleware.SessionKit")
    )
    settings.MIDDLEWARE = [sessions, ours]
    settings.MIDDLEWARE.insert(order, "django.middleware.locale.LocaleMiddleware")
    if is_usual:
        settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": "django_sessionkit.contrib.drf.exception_handler"}
    client = sign_in(AsyncClient() if asgi else Client(), READER)
    get = async_to_sync(client.get) if asgi else client.get
    german = {**JSON, "accept-language": "de"}
    response = get("/enforced/", headers=german)
    assert response.json()["detail"] == "Sie haben nicht das Recht, das zu tun."
    assert (response["Content-Language"], response["Vary"]) == ("de", "Cookie, Accept-Language")
    assert get("/who/", headers=german).json()[-1] == "angemeldet"
    for source, status, text in (
        (out_of_reach, 503, "Ihre Sitzung kann zurzeit nicht"),
        (malformed, 403, "Mit dieser An"),
    ):
        settings.SESSIONKIT_SOURCE = source
        response = get("/page/", headers=german)
        assert response.status_code == status
        assert response.json()["detail"].startswith(text)
