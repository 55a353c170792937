"""The policy in OpenAPI documents: of drf-spectacular and Django Ninja, in OpenAPI 3.0 and 3.1, compared with requests.

Skipped if one of the libraries is not installed.
"""

from __future__ import annotations

import json
import time
from importlib.util import find_spec
from itertools import count
from typing import Any

import pytest
from django import conf
from django.http import HttpRequest
from django.test import Client
from django.urls import include, path
from support.sessions import ADMIN, EDITOR, JSON, READER, sign_in

from django_sessionkit import Allow, AnyPermission, Authenticated, Nobody, Permission, Public, Role
from django_sessionkit.requirements import AllowObject, Factor, Impersonated, Recent, Within

if any(find_spec(name) is None for name in ("drf_spectacular", "ninja", "openapi_spec_validator")):
    pytest.skip("needs drf-spectacular, django-ninja and openapi-spec-validator", allow_module_level=True)

import ninja
import openapi_spec_validator
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema as PlainSchema
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import extend_schema
from jsonschema import Draft202012Validator
from ninja.security import APIKeyHeader
from rest_framework.authentication import BasicAuthentication
from rest_framework.permissions import AllowAny, IsAdminUser, IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from django_sessionkit.contrib.drf import Requires, RequiresByAction, SessionKitAuthentication
from django_sessionkit.contrib.drf.spectacular import AutoSchema
from django_sessionkit.contrib.ninja import SessionAuth, answer_denials
from django_sessionkit.contrib.ninja.openapi import NinjaAPI
from django_sessionkit.decorators import require_role
from django_sessionkit.mixins import RequireRoleMixin
from django_sessionkit.sources import RequestAttributeSource


def is_editor(session):
    return session is not None and session.role == "editor"


def is_owner(session, article):
    raise NotImplementedError


def is_anyone(session):
    return True


def raises(session):
    raise LookupError


FRESH = {**EDITOR, "auth_time": int(time.time()), "amr": ["otp"], "act": {"user_id": "9"}}
CALLERS = {"anonymous": None, "reader": READER, "editor": EDITOR, "admin": ADMIN, "fresh": FRESH}

WITH_PUBLIC = [Role("admin") | Public(), Public() & Role("reader")]  # not in rules
REQUIREMENTS = [
    Role("admin"),
    Role("editor", "admin"),
    Permission("posts:read", "posts:write"),
    AnyPermission("posts:write", "users:manage"),
    Authenticated(),
    Public(),
    Nobody(),
    Role("editor") & Permission("posts:write"),
    Role("editor") | Permission("users:manage"),
    (Role("reader") | Role("editor")) & AnyPermission("posts:write", "posts:read"),
    *WITH_PUBLIC,
    ~Role("editor"),
    Permission("posts:write") & ~Role("admin"),
    ~(Role("editor") | Role("admin")),
    Allow(is_editor),
    Allow(is_anyone),
    Allow(raises),
    ~Allow(is_editor),
    Role("admin") | Allow(is_anyone),
    Authenticated() & Allow(is_anyone),
    Recent(600),
    Role("editor") & Recent(600) & Factor("otp"),
    ~Recent(600),
    Authenticated() & ~Impersonated(),
    Within(Role("editor")),
    Role("editor") | Within(Permission("posts:write")),
]
# Words of requirements that a session with the named roles and permissions may not meet.
OTHER_WORDS = ("approval", "without", "Nobody", "login within", "in the current tenant")


class Base(APIView):
    authentication_classes = [SessionKitAuthentication]
    renderer_classes = [JSONRenderer]
    schema = AutoSchema()

    def get(self, request: Any, **kwargs: Any) -> Response:
        return Response("page")

    def post(self, request: Any, **kwargs: Any) -> Response:
        return Response("done")


def drf_view(requirement: Any) -> Any:
    classes = [Requires(requirement)] if requirement is not None else []
    return type("Page", (Base,), {"permission_classes": classes}).as_view()


NUMBERS = count()


def fresh_api() -> NinjaAPI:
    """An API with a name of its own: older versions of Ninja refuse the same name twice."""
    return NinjaAPI(urls_namespace=f"documented-{next(NUMBERS)}", docs_url=None)


def ninja_api(requirements: dict[str, Any]) -> NinjaAPI:
    api = fresh_api()
    answer_denials(api)
    for name, requirement in requirements.items():
        auth = SessionAuth(requirement) if requirement is not None else None

        def page(request: HttpRequest) -> str:
            return "page"

        for method in ("get", "post"):
            getattr(api, method)(f"{name}/", auth=auth, operation_id=f"{name}_{method}")(page)
    return api


def drf_document(version: str = "3.1.1") -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spectacular_settings, "OAS_VERSION", version)
        document = json.loads(json.dumps(SchemaGenerator(patterns=conf.settings.ROOT_URLCONF).get_schema(public=True)))
    openapi_spec_validator.validate(document)
    return document


def ninja_document(api: NinjaAPI) -> dict[str, Any]:
    document = json.loads(json.dumps(api.get_openapi_schema()))
    openapi_spec_validator.validate(document)
    return document


def client(data: Any) -> Client:
    found = Client(headers=JSON)
    return sign_in(found, data) if data is not None else found


@pytest.fixture
def handled(settings):
    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": "django_sessionkit.contrib.drf.exception_handler"}


@pytest.mark.parametrize("where", ["rule", "view", "both"])
@pytest.mark.parametrize("library", ["drf", "ninja"])
def test_what_is_documented_is_what_a_request_gets(library, where, settings, handled):
    names = {f"page{number}": requirement for number, requirement in enumerate(REQUIREMENTS)}
    of_view = names if where != "rule" else dict.fromkeys(names)
    if where != "view":
        rules = {name: one if where == "rule" else Permission("posts:read") for name, one in names.items()}
        settings.SESSIONKIT_PROTECT = [
            {"pattern": f"/api/{name}", "require": one} for name, one in rules.items() if one not in WITH_PUBLIC
        ]
    if library == "ninja":
        api = ninja_api(of_view)
        settings.ROOT_URLCONF = (path("api/", api.urls),)
        document = ninja_document(api)
    else:
        settings.ROOT_URLCONF = tuple(path(f"api/{name}/", drf_view(one)) for name, one in of_view.items())
        document = drf_document()
    assert len(document["paths"]) == len(names)
    problem = Draft202012Validator(document["components"]["schemas"]["SessionKitProblem"])
    for name, caller in CALLERS.items():
        asks = client(caller)
        for where_, operations in document["paths"].items():
            assert set(operations) == {"get", "post"}
            for method in ("get", "post") if name in ("anonymous", "editor") else ("get",):
                agrees(problem, operations[method], caller, asks.generic(method.upper(), where_))


def agrees(problem_schema, operation, caller, answer):
    ways = operation["security"]
    status = str(answer.status_code)
    assert status in operation["responses"], (operation, caller)
    if answer.status_code == 200:
        assert not ways or any(is_way_of(way, caller) for way in ways), (operation, caller)
        return
    assert ways
    assert {} not in ways or "approval" in operation["description"]
    problem = operation["responses"][status]["content"]["application/problem+json"]
    assert answer["Content-Type"] == "application/problem+json"
    assert problem["schema"] == {"$ref": "#/components/schemas/SessionKitProblem"}
    problem_schema.validate(answer.json())
    if status == "401":
        shown = operation["responses"]["401"]["headers"]["WWW-Authenticate"]["example"]
        assert answer["WWW-Authenticate"].startswith(shown)
    is_exact = not any(word in operation["description"] for word in OTHER_WORDS)
    assert not (is_exact and any(is_way_of(way, caller) for way in ways)), (operation, caller)


def is_way_of(way, caller):
    if not way:
        return True
    held = caller and {caller["role"], *caller.get("roles", ()), *caller["permissions"]}
    return caller is not None and set(way["sessionKit"]) <= held


SESSION = {"sessionKit": []}


@pytest.fixture
def one_of_drf(settings):
    """Return a function for the documented operations of a view with some attributes, at /page/."""

    def documented(version="3.1.1", **attributes):
        settings.ROOT_URLCONF = (path("page/", type("Page", (Base,), attributes).as_view(), name="page"),)
        return drf_document(version)["paths"]["/page/"]

    return documented


EDITORS = Requires(Role("editor"))


@pytest.mark.parametrize("version", ["3.0.3", "3.1.1"])
def test_only_openapi_3_1_allows_names_in_security(version, one_of_drf):
    operation = one_of_drf(version, permission_classes=[Requires(Role("editor", "admin"))])["get"]
    named = [{"sessionKit": ["editor"]}, {"sessionKit": ["admin"]}]
    assert operation["security"] == (named if version == "3.1.1" else [SESSION])
    assert operation["description"] == 'Required: the role "editor" or "admin".'


@pytest.mark.parametrize(
    ("permissions", "words", "security"),
    [
        (
            [EDITORS & IsAdminUser],
            'the role "editor" and the permission class "IsAdminUser"',
            [{"sessionKit": ["editor"]}],
        ),
        (
            [EDITORS, ~IsAdminUser],
            'the role "editor" and not the permission class "IsAdminUser"',
            [{"sessionKit": ["editor"]}],
        ),
        ([IsAdminUser | EDITORS], 'the permission class "IsAdminUser" or the role "editor"', [SESSION]),
        (
            [IsAdminUser & (IsAuthenticated | EDITORS)],
            'the permission class "IsAdminUser" and (a session or the role "editor")',
            [SESSION],
        ),
        ([EDITORS | IsAuthenticated], 'the role "editor" or a session', [SESSION]),
        ([~EDITORS], 'a session without the role "editor"', [SESSION]),
        ([EDITORS | AllowAny], None, []),
        ([AllowAny], None, []),
        ([], None, []),
        ([IsAuthenticated], "a session", [SESSION]),
        ([IsAuthenticatedOrReadOnly], None, []),
        ([RequiresByAction({"get": Role("editor")})], 'the role "editor"', [{"sessionKit": ["editor"]}]),
    ],
)
def test_permission_classes_of_others_are_named(permissions, words, security, one_of_drf):
    operation = one_of_drf(permission_classes=permissions)["get"]
    assert operation["security"] == security
    assert operation.get("description") == (f"Required: {words}." if words else None)


def test_a_denied_object_may_be_hidden(one_of_drf):
    owners = Requires(AllowObject(is_owner), on_deny="not_found")
    operation = one_of_drf(permission_classes=[owners])["get"]
    assert operation["description"] == "Required: approval by is_owner for the object."
    assert operation["responses"].keys() == {"200", "401", "403", "404"}
    assert one_of_drf(permission_classes=[EDITORS & owners])["get"]["responses"].keys() == {"200", "401", "403", "404"}
    assert one_of_drf(permission_classes=[EDITORS, IsAdminUser])["get"]["responses"].keys() == {"200", "401", "403"}


def test_each_method_of_a_view_may_require_something_else(one_of_drf):
    operations = one_of_drf(permission_classes=[RequiresByAction({"get": Public(), "post": Role("editor")})])
    assert operations["get"]["security"] == []
    assert operations["post"]["security"] == [{"sessionKit": ["editor"]}]
    unnamed = one_of_drf(permission_classes=[RequiresByAction({"get": Public()})])["post"]
    assert unnamed["description"] == "Nobody has access."
    assert unnamed["responses"].keys() == {"200", "403"}
    assert one_of_drf(permission_classes=[IsAuthenticatedOrReadOnly])["post"]["security"] == [SESSION]


def test_a_rule_for_some_methods_is_in_the_operations_of_these(settings, one_of_drf):
    settings.SESSIONKIT_PROTECT = [{"view": "page", "role": "editor", "methods": ["POST"]}]
    operations = one_of_drf(permission_classes=[])
    assert {name: one["security"] for name, one in operations.items()} == {
        "get": [],
        "post": [{"sessionKit": ["editor"]}],
    }


def test_what_only_other_permission_classes_decide_is_left_to_drf_spectacular(one_of_drf):
    classes = {"permission_classes": [IsAdminUser], "authentication_classes": [BasicAuthentication]}
    assert one_of_drf(**classes) == one_of_drf(**classes, schema=PlainSchema())


def test_other_authentication_counts_if_the_session_follows_the_user(settings, one_of_drf):
    both = [SessionKitAuthentication, BasicAuthentication]
    classes = {"permission_classes": [EDITORS], "authentication_classes": both}
    assert one_of_drf(**classes)["get"]["security"] == [{"sessionKit": ["editor"]}]
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_sessionkit.contrib.auth.AuthBridge"]
    assert one_of_drf(**classes)["get"]["security"] == [{"sessionKit": ["editor"]}, {"basicAuth": []}]
    settings.SESSIONKIT_PROTECT = [{"view": "page", "authenticated": True}]  # rules run before DRF reads the header
    assert one_of_drf(**classes)["get"]["security"] == [{"sessionKit": ["editor"]}, {"basicAuth": [], "sessionKit": []}]
    operation = one_of_drf(permission_classes=[IsAuthenticated], authentication_classes=both)["get"]
    assert operation["description"] == "Required: a session and a login."
    settings.SESSIONKIT_PROTECT = []
    either = {"permission_classes": [EDITORS | IsAuthenticated], "authentication_classes": both}
    assert one_of_drf(**either)["get"]["security"] == [{"basicAuth": []}, SESSION]


def test_without_the_exception_handler_denials_of_a_view_have_another_form(settings, one_of_drf):
    answers = one_of_drf(permission_classes=[EDITORS])["get"]["responses"]
    assert answers["403"] == {"description": "The session has no access."}
    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": "django_sessionkit.contrib.drf.exception_handler"}
    assert "content" in one_of_drf(permission_classes=[EDITORS])["get"]["responses"]["403"]
    both = EDITORS & Requires(Authenticated())
    assert "content" in one_of_drf(permission_classes=[both])["get"]["responses"]["403"]
    assert "content" not in one_of_drf(permission_classes=[EDITORS & IsAdminUser])["get"]["responses"]["403"]


def test_what_a_view_says_by_extend_schema_is_kept(settings):
    settings.REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "django_sessionkit.contrib.drf.spectacular.AutoSchema"}

    class Page(Base):
        permission_classes = [EDITORS]

        @extend_schema(auth=[{"own": []}], description="A page.", responses={200: str, 401: str})
        def get(self, request):
            raise NotImplementedError

        @extend_schema(exclude=True)
        def post(self, request):
            raise NotImplementedError

    settings.ROOT_URLCONF = (path("page/", Page.as_view()),)
    document = SchemaGenerator(patterns=settings.ROOT_URLCONF).get_schema(public=True)
    operation = document["paths"]["/page/"]["get"]
    assert document["paths"]["/page/"].keys() == {"get"}
    assert operation["security"] == [{"own": []}]
    assert operation["description"] == 'A page.\n\nRequired: the role "editor".'
    assert operation["responses"]["401"]["description"] != "The request has no valid login."


def test_mixins_and_decorators_of_a_view_set_count(settings):
    class Pages(RequireRoleMixin, ViewSet):
        required_roles, on_deny = ["editor"], "not_found"
        authentication_classes, permission_classes, schema = [], [], AutoSchema()

        def list(self, request):
            raise NotImplementedError

    class Notes(ViewSet):
        authentication_classes, permission_classes, schema = [], [], AutoSchema()

        @require_role("admin")
        def list(self, request):
            raise NotImplementedError

    class Orders(ViewSet):
        authentication_classes, schema = [], AutoSchema()
        permission_classes = [RequiresByAction({"list": Role("editor")})]

        def list(self, request):
            raise NotImplementedError

    class Shop(Base):
        permission_classes = []

        @require_role("staff")
        def get(self, request):
            raise NotImplementedError

    settings.ROOT_URLCONF = (
        path("pages/", Pages.as_view({"get": "list"})),
        path("notes/", Notes.as_view({"get": "list"})),
        path("orders/", Orders.as_view({"get": "list"})),
        path("shop/", Shop.as_view()),
    )
    paths = drf_document()["paths"]
    assert paths["/pages/"]["get"]["description"] == 'Required: the role "editor".'
    assert paths["/pages/"]["get"]["responses"].keys() == {"200", "404"}
    assert paths["/notes/"]["get"]["description"] == 'Required: the role "admin".'
    assert paths["/orders/"]["get"]["description"] == 'Required: the role "editor".'
    assert paths["/shop/"]["get"]["description"] == 'Required: the role "staff".'
    patterns, settings.ROOT_URLCONF = settings.ROOT_URLCONF, ()
    alone = SchemaGenerator(patterns=patterns).get_schema(public=True)["paths"]
    assert alone["/shop/"]["get"]["description"] == 'Required: the role "staff".'


def test_a_document_of_an_included_urlconf_has_the_rules_of_the_whole_paths(settings):
    view = drf_view(None)
    inner = [path("page/", view), path("other/", view)]
    settings.ROOT_URLCONF = (
        path("api/v1/", include(inner)),
        path("api/v2/", include([path("page/", drf_view(None))])),
        path("api/v3/page/", secret),
    )
    settings.SESSIONKIT_PROTECT = [{"pattern": "/api/v1/page", "role": "editor"}]
    document = SchemaGenerator(patterns=inner).get_schema(public=True)
    assert document["paths"]["/page/"]["get"]["security"] == [SESSION]
    assert document["paths"]["/other/"]["get"]["security"] == []
    whole = drf_document()["paths"]
    assert whole["/api/v1/page/"]["get"]["security"] == [{"sessionKit": ["editor"]}]
    assert whole["/api/v2/page/"]["get"]["security"] == []


def test_a_document_of_a_rule_has_the_scheme_of_the_session_also_without_its_authentication(
    settings, one_of_drf, capsys
):
    settings.SESSIONKIT_PROTECT = [{"view": "page", "authenticated": True}]
    one_of_drf(permission_classes=[], authentication_classes=[])
    assert drf_document()["components"]["securitySchemes"].keys() == {"sessionKit"}
    one_of_drf(permission_classes=[EDITORS])
    assert drf_document()["components"]["securitySchemes"].keys() == {"sessionKit"}
    assert "identical names" not in capsys.readouterr().err


def test_of_two_routes_with_the_same_pattern_the_first_counts(settings):
    view = drf_view(None)
    settings.ROOT_URLCONF = (path("page/", view, name="first"), path("page/", view, name="second"))
    settings.SESSIONKIT_PROTECT = [{"view": "second", "role": "editor"}]
    assert drf_document()["paths"]["/page/"]["get"]["security"] == []


@pytest.mark.parametrize("library", ["drf", "ninja"])
def test_a_session_from_a_token_is_a_bearer_scheme(library, settings, one_of_drf):
    settings.SESSIONKIT_SOURCE = RequestAttributeSource
    if library == "drf":
        one_of_drf(permission_classes=[EDITORS])
        document = drf_document()
    else:
        api = ninja_api({"page": Role("editor")})
        settings.ROOT_URLCONF = (path("", api.urls),)
        document = ninja_document(api)
    assert document["components"]["securitySchemes"] == {"sessionKit": {"type": "http", "scheme": "bearer"}}
    header = document["paths"]["/page/"]["get"]["responses"]["401"]["headers"]["WWW-Authenticate"]
    assert header["example"] == 'Bearer realm="site"'


class Key(APIKeyHeader):
    param_name = "X-Key"

    def authenticate(self, request, key):
        raise NotImplementedError


def secret(request):
    raise NotImplementedError


def by_ninja(settings, auth, *, answers=True, view=None, **options):
    """The documented operation of Ninja with this ``auth``, and the components of the document."""
    api = fresh_api()
    if answers:
        answer_denials(api)
    api.get("page/", auth=auth, **options)(view or secret)
    settings.ROOT_URLCONF = (path("", api.urls),)
    document = ninja_document(api)
    return document["paths"]["/page/"]["get"], document["components"]


@pytest.mark.parametrize(
    ("auth", "words", "security"),
    [
        (SessionAuth(), "a session", [SESSION]),
        (
            [SessionAuth(Role("editor")), Key()],
            'the role "editor" or the authentication "Key"',
            [{"sessionKit": ["editor"]}, {"Key": []}],
        ),
        (
            [SessionAuth(Role("editor")), secret],
            'the role "editor" or the authentication "secret"',
            [{"sessionKit": ["editor"]}, {}],
        ),
        (
            [SessionAuth(Role("editor")), SessionAuth(Role("admin"))],
            'the role "editor" or the role "admin"',
            [{"sessionKit": ["editor"]}, {"sessionKit": ["admin"]}],
        ),
        (None, None, []),
    ],
)
def test_an_operation_of_ninja_with_several_auths(auth, words, security, settings):
    operation, components = by_ninja(settings, auth)
    assert operation["security"] == security
    assert operation.get("description") == (f"Required: {words}." if words else None)
    assert components.get("securitySchemes", {}).keys() == {name for way in security for name in way}


def test_what_only_another_auth_decides_is_left_to_ninja(settings):
    operation, components = by_ninja(settings, Key())
    assert operation["security"] == [{"Key": []}]
    assert operation["responses"].keys() == {"200"}
    assert components["schemas"] == {}


def test_the_api_of_ninja_itself_shows_the_scheme_of_the_source(settings):
    settings.SESSIONKIT_SOURCE = RequestAttributeSource
    api = ninja.NinjaAPI(urls_namespace=f"plain-{next(NUMBERS)}", docs_url=None)
    api.get("page/", auth=SessionAuth())(secret)
    settings.ROOT_URLCONF = (path("", api.urls),)
    document = json.loads(json.dumps(api.get_openapi_schema()))
    assert document["components"]["securitySchemes"] == {"SessionAuth": {"type": "http", "scheme": "bearer"}}
    assert document["paths"]["/page/"]["get"]["security"] == [{"SessionAuth": []}]


def test_decorators_of_an_operation_count(settings):
    operation, _ = by_ninja(settings, None, view=require_role("editor", on_deny="not_found")(secret))
    assert operation["description"] == 'Required: the role "editor".'
    assert operation["responses"].keys() == {"200", "404"}
    operation, _ = by_ninja(settings, None, view=require_role("editor")(secret))
    assert operation["responses"]["403"].keys() == {"description", "content"}


def test_the_path_of_an_api_may_have_parameters(settings):
    api = fresh_api()
    api.get("page/", auth=SessionAuth())(secret)
    settings.ROOT_URLCONF = (path("<slug:shop>/", api.urls),)
    assert api.get_openapi_schema(path_params={"shop": "books"})["paths"].keys() == {"/books/page/"}


def test_what_an_operation_says_itself_is_kept(settings):
    own = {"security": [{"own": []}], "responses": {403: {"description": "No."}}}
    api = fresh_api()
    api.get("page/", auth=SessionAuth(), openapi_extra=own, description="A page.")(secret)
    settings.ROOT_URLCONF = (path("", api.urls),)
    operation = api.get_openapi_schema()["paths"]["/page/"]["get"]
    assert operation["security"] == [SESSION, {"own": []}]
    assert operation["description"] == "A page.\n\nRequired: a session."
    assert operation["responses"][403] == {"description": "No."}


def test_without_answer_denials_the_responses_of_ninja_have_another_form(settings):
    operation, components = by_ninja(settings, SessionAuth(), answers=False)
    assert operation["responses"]["403"] == {"description": "The session has no access."}
    assert components["schemas"] == {}


def test_an_operation_for_several_methods_has_what_each_requires(settings):
    api = fresh_api()
    api.api_operation(["GET", "POST"], "page/")(secret)
    api.get("hidden/", include_in_schema=False)(secret)
    settings.ROOT_URLCONF = (path("api/", api.urls),)
    settings.SESSIONKIT_PROTECT = [{"pattern": "/api/page", "role": "editor", "methods": ["POST"]}]
    paths = api.get_openapi_schema()["paths"]
    assert paths.keys() == {"/api/page/"}
    assert paths["/api/page/"]["get"]["security"] == []
    assert paths["/api/page/"]["post"]["security"] == [{"sessionKit": ["editor"]}]
    assert api.get_openapi_schema(path_prefix="")["paths"].keys() == {"/page/"}


@pytest.mark.parametrize("library", ["drf", "ninja"])
def test_the_example_of_a_problem_is_a_real_one(library, settings, handled, one_of_drf):
    if library == "drf":
        operation = one_of_drf(permission_classes=[EDITORS])["get"]
    else:
        operation, _ = by_ninja(settings, SessionAuth(Role("editor")))
    for caller, status in ((None, "401"), (READER, "403")):
        shown = operation["responses"][status]["content"]["application/problem+json"]["example"]
        assert client(caller).get("/page/").json() == shown


class Described(APIView):
    """A view of the shop."""

    def get(self, request):
        """One order."""

    def post(self, request):
        pass


class Guarded(RequireRoleMixin, APIView):
    required_roles = ["admin"]

    def get(self, request):
        pass


@pytest.mark.parametrize(
    ("view", "method", "expected"),
    [(Described, "GET", "One order."), (Described, "POST", "A view of the shop."), (Guarded, "GET", "")],
)
def test_the_description_is_that_of_the_view_and_not_of_a_mixin(view, method, expected):
    schema = AutoSchema()
    schema.view, schema.method = view(), method
    assert schema.get_description() == expected
