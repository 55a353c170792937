"""Every surface gives the same decision for the same session, sync and async."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from itertools import chain, count
from typing import Any

import pytest
from django.http import HttpResponse
from django.template import engines
from django.test import override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from support.examples import IS_THOROUGH
from support.loops import async_to_sync
from support.sessions import ADMIN, EDITOR, READER, abrowser, browser
from testsite import views

from django_sessionkit import (
    Allow,
    AnyPermission,
    Authenticated,
    Factor,
    Impersonated,
    Nobody,
    Permission,
    Public,
    Recent,
    Role,
    Within,
    acan_access,
    aenforce,
    aevaluate,
    can_access,
    enforce,
    evaluate,
)
from django_sessionkit.access import AccessPolicy
from django_sessionkit.contrib.admin import SessionKitAdminSite
from django_sessionkit.decorators import require
from django_sessionkit.mixins import RequireMixin

if HAS_DRF := find_spec("rest_framework") is not None:
    from rest_framework.renderers import JSONRenderer
    from rest_framework.views import APIView

    from django_sessionkit.contrib.drf import Requires, RequiresByAction, SessionKitAuthentication
if HAS_NINJA := find_spec("ninja") is not None:
    from ninja import NinjaAPI

    from django_sessionkit.contrib.ninja import SessionAuth
if HAS_STRAWBERRY := find_spec("strawberry") is not None:
    import strawberry

    from django_sessionkit.contrib.strawberry import Requires as FieldRequires
if HAS_JINJA2 := find_spec("jinja2") is not None:
    import jinja2

    from django_sessionkit.contrib.jinja2 import SessionKitExtension


def truthy(session):
    return "yes"


def refuses(session):
    return False


async def arefuses(session):
    return False


async def agrants(session):
    return session is not None and session.role == "admin"


async def atruthy(session):
    return 1


def raises(session):
    raise RuntimeError


SUSPENDED = {"user_id": "9", "role": "admin", "roles": ["suspended"]}
# An editor in the current tenant, and an admin in another one; somebody else acts as the second.
MEMBER = {"user_id": "10", "tenants": {"acme": {"roles": ["editor"]}, "globex": {"roles": ["admin"]}}}
ACTED = {**MEMBER, "user_id": "11", "act": {"user_id": "3"}}
CONFIRMED = {"user_id": "8", "auth_time": 0, "amr": ["pwd", "otp"]}
SESSIONS = {
    "anonymous": None,
    "reader": READER,
    "editor": EDITOR,
    "admin": ADMIN,
    "suspended": SUSPENDED,
    "confirmed": CONFIRMED,
    "member": MEMBER,
    "acted": ACTED,
}
EVER = Recent(10_000_000_000)

# requirement -> the sessions that are allowed
MATRIX: dict[Any, set[str]] = {
    Role("admin"): {"admin", "suspended"},
    Role("admin", "staff"): {"admin", "suspended", "editor"},
    Permission("posts:read", "posts:write"): {"editor", "admin"},
    AnyPermission("posts:read", "users:manage"): {"reader", "editor", "admin"},
    Authenticated(): {"reader", "editor", "admin", "suspended", "confirmed", "member", "acted"},
    Public(): set(SESSIONS),
    Nobody(): set(),
    Role("admin") & ~Role("suspended"): {"admin"},
    ~Role("suspended"): {"reader", "editor", "admin", "confirmed", "member", "acted"},
    Role("editor") | Permission("users:manage"): {"editor", "admin"},
    Allow(truthy): set(),
    Allow(atruthy): set(),
    Allow(refuses): set(),
    Allow(arefuses): set(),
    Allow(agrants): {"admin", "suspended"},
    Allow(raises): set(),
    ~Allow(raises): set(),
    ~Allow(truthy): set(),
    ~Allow(arefuses): {"reader", "editor", "admin", "suspended", "confirmed", "member", "acted"},
    Role("editor") | Allow(raises): {"editor"},
    Role("editor") & Allow(truthy): set(),
    EVER: {"confirmed"},
    ~EVER: set(),
    Recent(1): set(),
    ~Recent(1): {"confirmed"},
    Factor("otp", "hwk"): {"confirmed"},
    ~Factor("otp"): {"reader", "editor", "admin", "suspended", "member", "acted"},
    EVER & Factor("otp") & ~Role("admin"): {"confirmed"},
    Role("editor") | EVER: {"editor", "confirmed"},
    Within(Role("editor")): {"member", "acted"},
    Within(Role("admin")): set(),
    ~Within(Role("admin")): {"member", "acted"},
    ~Within(Role("editor")): set(),
    Within(Authenticated()) | Role("admin"): {"member", "acted", "admin", "suspended"},
    Within(~Role("admin")) & ~Impersonated(): {"member"},
    Impersonated(): {"acted"},
    Authenticated() & ~Impersonated(): {"reader", "editor", "admin", "suspended", "confirmed", "member"},
}


def page(request):
    return HttpResponse("page")


async def apage(request):
    return HttpResponse("page")


class Surface:
    """Creates a view with a requirement. ``settings`` are for the surface of URL rules."""

    def __init__(self, view: Callable[[Any], Any], settings: Callable[[Any], dict[str, Any]] = lambda requirement: {}):
        self.view = view
        self.settings = settings


def in_view(requirement):
    def view(request):
        return page(request) if evaluate(requirement) else HttpResponse(status=403)

    return view


def ain_view(requirement):
    async def view(request):
        return await apage(request) if await aevaluate(requirement) else HttpResponse(status=403)

    return view


def enforcing(requirement):
    def view(request):
        enforce(requirement)
        return page(request)

    return view


def aenforcing(requirement):
    async def view(request):
        await aenforce(requirement)
        return await apage(request)

    return view


def mixin(requirement):
    class Page(RequireMixin, View):
        def get(self, request):
            return page(request)

    return Page.as_view(requirement=requirement)


def amixin(requirement):
    class Page(RequireMixin, View):
        async def get(self, request):
            return await apage(request)

    return Page.as_view(requirement=requirement)


def on_method(requirement):
    class Page(View):
        @method_decorator(require(requirement))
        def get(self, request):
            return page(request)

    return Page.as_view()


def aon_method(requirement):
    class Page(View):
        @method_decorator(require(requirement))
        async def get(self, request):
            return await apage(request)

    return Page.as_view()


def on_dispatch(requirement):
    @method_decorator(require(requirement), name="dispatch")
    class Page(View):
        def get(self, request):
            return page(request)

    return Page.as_view()


def aon_dispatch(requirement):
    @method_decorator(require(requirement), name="dispatch")
    class Page(View):
        async def get(self, request):
            return await apage(request)

    return Page.as_view()


def inherited(requirement):
    class Base(RequireMixin, View):
        pass

    class Page(Base):
        def get(self, request):
            return page(request)

    Page.requirement = requirement
    return Page.as_view()


def asking_first(requirement):
    def view(request):
        return page(request) if can_access("guarded") else HttpResponse(status=403)

    return view


def aasking_first(requirement):
    async def view(request):
        return await apage(request) if await acan_access("/guarded/") else HttpResponse(status=403)

    return view


TEMPLATE = "{% load sessionkit %}{% if_can_access '/guarded/' %}page{% endif_can_access %}"


def in_template(requirement):
    def view(request):
        text = engines["django"].from_string(TEMPLATE).render({}, request)
        return HttpResponse(text, status=200 if text == "page" else 403)

    return view


def in_jinja2(requirement):
    environment = jinja2.Environment(extensions=[SessionKitExtension], autoescape=True)
    template = environment.from_string("{% if_can_access '/guarded/' %}page{% endif_can_access %}")

    def view(request):
        text = template.render()
        return HttpResponse(text, status=200 if text == "page" else 403)

    return view


def in_admin(requirement):
    return SessionKitAdminSite(requirement, allow_without_user=True).admin_view(page)


def in_drf(permission):
    class Page(APIView):
        authentication_classes = [SessionKitAuthentication]
        permission_classes = [permission]
        renderer_classes = [type("ForBrowsers", (JSONRenderer,), {"media_type": "text/html"})]

        def get(self, request):
            return page(request)

    return Page.as_view()


def in_ninja(requirement, operation):
    api = NinjaAPI(urls_namespace=f"surface-{next(numbers)}", openapi_url=None)
    api.get("/", auth=SessionAuth(requirement), url_name="page")(operation)
    (found,) = [pattern.callback for pattern in api.urls[0] if pattern.name == "page"]
    return found


def schema_with(requirement, resolver):
    """Return a schema with one field. Its name is a query that asks for it."""
    field = strawberry.field(resolver=resolver, graphql_type=str, extensions=[FieldRequires(requirement)])
    return strawberry.Schema(strawberry.type(type("Query", (), {"page": field})))


def shown(result):
    """Return a response with the status that a denial has on other surfaces. That of GraphQL is always 200."""
    if not result.errors:
        return HttpResponse(result.data["page"])
    found = result.errors[0].extensions
    status = {"UNAUTHENTICATED": 401, "FORBIDDEN": 503 if found["reason"] == "unknown_for_now" else 403}
    return HttpResponse(status=status[found["code"]])


def in_strawberry(requirement):
    schema = schema_with(requirement, lambda: "page")

    def view(request):
        return shown(schema.execute_sync("{ page }", context_value={"request": request}))

    return view


def ain_strawberry(requirement, resolver):
    schema = schema_with(requirement, resolver)

    async def view(request):
        return shown(await schema.execute("{ page }", context_value={"request": request}))

    return view


async def resolve_page():
    return "page"


numbers = count()


def rule(requirement):
    return {"SESSIONKIT_PROTECT": [{"pattern": "/page/**", "require": requirement}]}


def view_rule(requirement):
    return {"SESSIONKIT_PROTECT": [{"view": "page", "require": requirement}]}


SURFACES = {
    "rule": Surface(lambda requirement: page, rule),
    "rule-async": Surface(lambda requirement: apage, rule),
    "view rule": Surface(lambda requirement: page, view_rule),
    "view rule-async": Surface(lambda requirement: apage, view_rule),
    "decorator": Surface(lambda requirement: require(requirement)(page)),
    "decorator-async": Surface(lambda requirement: require(requirement)(apage)),
    "mixin": Surface(mixin),
    "mixin-async": Surface(amixin),
    "inherited mixin": Surface(inherited),
    "method": Surface(on_method),
    "method-async": Surface(aon_method),
    "dispatch": Surface(on_dispatch),
    "dispatch-async": Surface(aon_dispatch),
    "evaluate": Surface(in_view),
    "evaluate-async": Surface(ain_view),
    "enforce": Surface(enforcing),
    "enforce-async": Surface(aenforcing),
    "can_access": Surface(asking_first),
    "can_access-async": Surface(aasking_first),
    "template": Surface(in_template),
    "admin": Surface(in_admin),
}
# The admin is never open to an anonymous caller, whatever it requires.
NEVER = {"admin": {"anonymous"}}
ASKING = ("evaluate", "evaluate-async", "can_access", "can_access-async", "template", "jinja2")
APIS = ("drf", "drf action", "ninja", "ninja-async", "strawberry", "strawberry-async", "strawberry-mixed")
if HAS_DRF:
    SURFACES["drf"] = Surface(lambda requirement: in_drf(Requires(requirement)))
    SURFACES["drf action"] = Surface(lambda requirement: in_drf(RequiresByAction({"get": requirement})))
if HAS_NINJA:
    SURFACES["ninja"] = Surface(lambda requirement: in_ninja(requirement, page))
    SURFACES["ninja-async"] = Surface(lambda requirement: in_ninja(requirement, apage))
if HAS_STRAWBERRY:
    SURFACES["strawberry"] = Surface(in_strawberry)
    SURFACES["strawberry-async"] = Surface(lambda requirement: ain_strawberry(requirement, resolve_page))
    SURFACES["strawberry-mixed"] = Surface(lambda requirement: ain_strawberry(requirement, lambda: "page"))
if HAS_JINJA2:
    SURFACES["jinja2"] = Surface(in_jinja2)


@pytest.fixture
def serve():
    def set_up(surface, requirement):
        routes = [
            path("page/", SURFACES[surface].view(requirement), name="page"),
            path("guarded/", require(requirement)(page), name="guarded"),
            path("login/", views.page),
        ]
        settings = override_settings(
            ROOT_URLCONF=type("urls", (), {"urlpatterns": routes}),
            SESSIONKIT_TENANT=lambda request: "acme",
            **SURFACES[surface].settings(requirement),
        )
        settings.enable()
        undo.append(settings.disable)

    undo: list[Callable[[], None]] = []
    yield set_up
    for step in reversed(undo):
        step()


def who_sees(url):
    """Return the names of the sessions that get the page, on both handlers. Check the status of each denial."""

    async def asked():  # on one loop: creating a loop takes longer than a request
        return [await abrowser(session).get(url) for session in SESSIONS.values()]

    answers = [[browser(session).get(url) for session in SESSIONS.values()], async_to_sync(asked)()]
    for response in chain(*answers):
        assert response.status_code in (200, 302, 401, 403)
        assert (response.status_code == 200) is (response.content == b"page")
    plain, on_loop = [[response.status_code for response in responses] for responses in answers]
    assert plain == on_loop
    return {name for name, status in zip(SESSIONS, plain, strict=True) if status == 200}


# What a surface can get wrong: roles, permissions, a negation, and a function that is async or raises.
TYPICAL = [
    Role("admin", "staff"),
    Permission("posts:read", "posts:write"),
    Role("admin") & ~Role("suspended"),
    Allow(agrants),
    ~Allow(raises),
    Role("editor") | EVER,
    ~Factor("otp"),
]


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("requirement", MATRIX if IS_THOROUGH else TYPICAL, ids=repr)
def test_every_surface_gives_one_answer(serve, surface, requirement):
    serve(surface, requirement)
    assert who_sees("/page/") == MATRIX[requirement] - NEVER.get(surface, set())


@pytest.mark.parametrize("surface", [name for name in SURFACES if name not in (*ASKING, *APIS)])
def test_every_guard_sends_the_same_denial(serve, surface):
    serve(surface, Role("admin"))
    assert browser().get("/page/")["Location"] == "/login/?next=/page/"
    assert async_to_sync(abrowser().get)("/page/")["Location"] == "/login/?next=/page/"
    denied = browser(READER).get("/page/")
    assert (denied.status_code, denied["Cache-Control"]) == (403, "no-store")


@pytest.mark.parametrize("surface", [name for name in SURFACES if name in APIS])
def test_every_api_framework_tells_who_is_missing_from_who_lacks_the_right(serve, surface):
    serve(surface, Role("admin"))
    for session, status in ((None, 401), (READER, 403), (ADMIN, 200)):
        assert browser(session).get("/page/").status_code == status
        assert async_to_sync(abrowser(session).get)("/page/").status_code == status


class VetoPolicy(AccessPolicy):
    """Denies everything to the user with the id 2."""

    def check(self, requirement, session, request):
        return False if session is not None and session.user_id == "2" else None


@pytest.mark.parametrize("surface", SURFACES)
def test_a_policy_serves_every_surface(serve, surface):
    serve(surface, Authenticated())
    with override_settings(SESSIONKIT_ACCESS_POLICY=VetoPolicy):
        assert who_sees("/page/") == {"reader", "admin", "suspended", "confirmed", "member", "acted"}


def test_rules_and_view_requirements_must_both_hold(serve):
    serve("decorator", Role("admin"))
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/page/", "permission": "posts:read"}]):
        assert who_sees("/page/") == {"admin"}


def out_of_reach(request):
    raise ConnectionError


STATES = {"refused": (lambda request: {"user_id": 7}, 403), "unknown for now": (out_of_reach, 503)}
PROVEN = (Authenticated(), ~Role("suspended"), Role("editor") | Permission("users:manage"), ~Allow(arefuses))
IN_STATE = pytest.mark.parametrize(("source", "status"), STATES.values(), ids=STATES)


@IN_STATE
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("requirement", PROVEN, ids=repr)
def test_a_session_that_is_refused_or_unknown_is_granted_nothing(serve, surface, requirement, source, status):
    serve(surface, requirement)
    with override_settings(SESSIONKIT_SOURCE=source):
        answers = [browser().get("/page/"), async_to_sync(abrowser().get)("/page/")]
    assert [answer.status_code == 200 for answer in answers] == [False, False]
    assert [answer.get("Location") for answer in answers] == [None, None]


@IN_STATE
@pytest.mark.parametrize("surface", [name for name in SURFACES if name not in NEVER])
def test_what_is_public_stays_open_without_a_session_that_counts(serve, surface, source, status):
    serve(surface, Public())
    with override_settings(SESSIONKIT_SOURCE=source):
        assert browser().get("/page/").content == b"page"
        assert async_to_sync(abrowser().get)("/page/").content == b"page"


@IN_STATE
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("surface", [name for name in SURFACES if name not in ASKING])
def test_every_guard_tells_what_is_refused_from_what_is_unknown(serve, surface, source, status, accept, debug):
    serve(surface, Role("admin"))
    with override_settings(SESSIONKIT_SOURCE=source, DEBUG=debug):
        headers = {"accept": "text/html" if surface in ("drf", "drf action") else accept}
        for get in (browser().get, async_to_sync(abrowser().get)):
            answer = get("/page/", headers=headers)
            assert answer.status_code == status
            if surface not in APIS or "drf" in surface:
                assert answer.has_header("Retry-After") is (status == 503)


class Lenient(AccessPolicy):
    """Allows guests and everyone else."""

    def check(self, requirement, session, request):
        return True


@IN_STATE
@pytest.mark.parametrize("surface", SURFACES)
def test_nor_does_a_policy_that_lets_guests_in_grant_it_anything(serve, surface, source, status):
    serve(surface, Role("admin"))
    with override_settings(SESSIONKIT_ACCESS_POLICY=Lenient):
        assert (browser().get("/page/").content == b"page") is (surface not in NEVER)
        with override_settings(SESSIONKIT_SOURCE=source):
            assert browser().get("/page/").content != b"page"
            assert async_to_sync(abrowser().get)("/page/").content != b"page"


@pytest.mark.parametrize("surface", [name for name in SURFACES if name not in (*ASKING, *APIS)])
def test_every_guard_asks_for_a_confirmation_in_the_same_way(serve, surface):
    serve(surface, Recent(60) & Factor("hwk"))
    with override_settings(SESSIONKIT_REAUTH_URL="/login/"):
        assert browser(CONFIRMED).get("/page/")["Location"] == "/login/?next=/page/"
        assert async_to_sync(abrowser(CONFIRMED).get)("/page/")["Location"] == "/login/?next=/page/"
        told = browser(CONFIRMED).get("/page/", headers={"accept": "application/json"})
        assert (told.status_code, told.json()["max_age"], told.json()["amr"]) == (401, 60, ["hwk"])


@pytest.mark.parametrize("surface", [name for name in SURFACES if name.startswith(("drf", "ninja"))])
def test_apis_ask_for_a_confirmation_with_401(serve, surface):
    serve(surface, Recent(60) & Factor("hwk"))
    response = browser(CONFIRMED).get("/page/")
    assert response.status_code == 401
    assert browser(READER).get("/page/").status_code == 401
    serve(surface, Recent(60) & Role("editor"))
    assert browser(CONFIRMED).get("/page/").status_code == 403
    if surface.startswith("drf"):
        expected = 'Session realm="site", error="insufficient_user_authentication", max_age="60"'
        assert response["WWW-Authenticate"] == expected
        assert json.loads(response.content) == {
            "detail": "That needs a login with another factor, such as a one-time code."
        }
