"""Mistakes that a newcomer makes in commands, sources and adapters, and the message for each."""

from __future__ import annotations

import asyncio
from importlib import import_module
from importlib.util import find_spec
from io import StringIO

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path
from support.sessions import JSON, browser

import django_sessionkit
from django_sessionkit import get_session, set_session, use_session

PUBLIC = {name: getattr(django_sessionkit, name) for name in django_sessionkit.__all__}
ME = {"user_id": "1", "role": "editor"}
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
ATTRIBUTE = "django_sessionkit.sources.RequestAttributeSource"


def page(request, **kwargs):
    return HttpResponse("page")


urlpatterns = [
    path("", page, name="home"),
    path("login/", page, name="login"),
    path("reports/", page, name="reports"),
    path("reports/<int:pk>/", page, name="report"),
]


@pytest.fixture(autouse=True)
def site():
    with override_settings(ROOT_URLCONF=__name__, SESSIONKIT_PROTECT=[{"pattern": "/reports/**", "role": "editor"}]):
        yield


# Commands -------------------------------------------------------------------------------------------------------------

COMMANDS = {
    "sessionkit_explain reprots": 'No route has the name "reprots". Did you mean "reports"?',
    "sessionkit_explain reports/": 'Did you mean "reports"? A path must start with a slash.',
    "sessionkit_explain report": "cannot be reversed without arguments. Add the arguments of its route, such as pk=7.",
    "sessionkit_explain /reprots/": "not found: no URL pattern matches the path, and no rule denies it",
    "sessionkit_explain /reports/ --as editor": '--as: "editor" is not a key=value pair, such as role=editor',
    "sessionkit_explain /reports/ --as rol=editor": '--as: unknown key "rol"; did you mean "role"?',
    "sessionkit_explain /reports/ --role edtor": 'names the role "edtor". Did you mean "editor"?',
    "sessionkit_explain /reports/ --as group=editor": '"group" is no field that SessionKit knows',
    "sessionkit_explain /reports/ --user ann": "--user needs the bridge from django.contrib.auth, or SESSIONKIT_REFR",
    "sessionkit_explain /reports/ --method ptch": '--method: unknown value "PTCH"; did you mean "PATCH"?',
    "sessionkit_explain /reports/ --to browser": "invalid choice: 'browser'",
    "sessionkit_routes --as editor": '"editor" is not a key=value pair, such as role=editor,permission=posts:write',
    "sessionkit_routes --check": "--check needs a file to compare with. Add --snapshot FILE.",
    "sessionkit_routes --snapshot no.such.file --check": "cannot be read (FileNotFoundError). To write the file again",
    "sessionkit_routes --fail-on open": "invalid choice: 'open'",
}


@pytest.mark.parametrize("line", COMMANDS)
def test_a_mistake_in_a_command(line):
    assert COMMANDS[line] in said_by(line)


def said_by(line):
    out = StringIO()
    try:
        call_command(*line.split(), stdout=out, stderr=out)
    except Exception as error:
        return f"{error}"
    return out.getvalue()


@pytest.mark.parametrize("line", ["sessionkit_explain /reports/", "sessionkit_routes"])
def test_a_command_in_a_project_that_is_not_ready(line):
    with override_settings(MIDDLEWARE=[SESSIONS]):
        assert "SessionKitMiddleware is not in MIDDLEWARE" in said_by(line)
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/reports/**", "rol": "editor"}]):
        assert 'SESSIONKIT_PROTECT[0]: unknown key "rol"; did you mean "role"?' in said_by(line)


# Sources --------------------------------------------------------------------------------------------------------------


def header(request):
    return request.headers["Authorization"]


SOURCES = [
    (lambda request: {"user_id": 1}, "user_id: must be a string, not int; convert it with str(...)"),
    (lambda request: {"sub": "1"}, 'user_id: is required; rename "sub" to "user_id"'),
    (lambda request: "token", 'session: must be a mapping such as {"user_id": "42"}, not str'),
    (lambda request: request.user, 'session: must be a mapping such as {"user_id": "42"}, not SimpleLazyObject'),
    (lambda request: {**ME, "roles": "editor"}, "roles: must be a list or tuple of strings, not str"),
    (lambda request: get_session(), "must not read the session while it is loading; "),
    (header, f"KeyError at {__file__}:{header.__code__.co_firstlineno + 1}"),
]


@pytest.mark.parametrize(("source", "text"), SOURCES)
def test_a_mistake_in_a_source(source, text, caplog, settings):
    settings.DEBUG, settings.SESSIONKIT_SOURCE = True, source
    answer = browser().get("/reports/", headers=JSON)
    assert answer.status_code in (403, 503)
    assert text in answer.json()["detail"] + caplog.text


def test_a_write_to_a_source_that_only_reads():
    with (
        override_settings(SESSIONKIT_SOURCE=ATTRIBUTE),
        pytest.raises(Exception, match="Source is read-only"),
    ):
        set_session(RequestFactory().get("/"), ME)


# Apps -----------------------------------------------------------------------------------------------------------------


def test_a_misspelled_bridge(settings):
    with pytest.raises(ImportError, match="Choices are: 'AuthBridge'"):
        settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_sessionkit.contrib.auth.AuthBrige"]


# Adapters -------------------------------------------------------------------------------------------------------------


def drf():
    return import_module("django_sessionkit.contrib.drf")


def ninja():
    return import_module("django_sessionkit.contrib.ninja")


def strawberry():
    return import_module("django_sessionkit.contrib.strawberry")


def schema_with(**options):
    """Build a schema with one field."""
    library = import_module("strawberry")
    field = library.field(resolver=lambda: "page", graphql_type=str, **options)
    return library.Schema(library.type(type("Query", (), {"page": field})))


def channels():
    return import_module("django_sessionkit.contrib.channels")


def jinja(text):
    jinja2 = import_module("jinja2")
    extension = "django_sessionkit.contrib.jinja2.SessionKitExtension"
    return jinja2.Environment(extensions=[extension], autoescape=True).from_string(text).render()


def api_with(**options):
    """Answer one request by an operation of Django Ninja."""
    api = import_module("ninja").NinjaAPI(urls_namespace=f"mistake-{id(options)}", docs_url=None)
    api.get("page/", **options)(lambda request: "page")
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": [path("api/", api.urls)]})):
        return browser().get("/api/page/")


def consumer(**attributes):
    generic = import_module("channels.generic.websocket")
    bases = (channels().RequireConsumerMixin, generic.AsyncWebsocketConsumer)
    return type("Chat", bases, attributes)


def connect(app, **scope):
    socket = import_module("support.websockets").WebSocket(app, "/chat/", **scope)
    asyncio.run(socket.fail())


WRITE_REQUIREMENT = 'write Role("editor"), Permission("posts:write") or Allow(function)'
ADAPTERS = {
    "rest_framework": {
        "drf().Requires('editor')": f"Requires: needs a requirement, not str; {WRITE_REQUIREMENT}",
        "drf().Requires(Role)": f"Requires: needs a requirement, not the class Role; {WRITE_REQUIREMENT}",
        "drf().Requires(Role('a')) and drf().Requires(Role('b'))": "has no truth value. Combine permission classes wi",
        "drf().Requires(Role('a')) & Role('b')": 'combines with permission classes only; write Requires(Role("edito',
        "drf().RequiresByAction([('list', Public())])": "RequiresByAction: needs a mapping, not list; such as",
        "drf().RequiresByAction({'list': 'editor'})": f"'list': needs a requirement, not str; {WRITE_REQUIREMENT}",
        "drf().RequiresByAction({'GET': Public()})": '"GET" is not an action; write the method in lower case: "get"',
        "require_role('a')(import_module('rest_framework.views').APIView)": "cannot decorate the class APIView",
        "type('P', (import_module('rest_framework.views').APIView, RequireRoleMixin), {})": (
            "APIView.dispatch(): does not call super().dispatch(), so the requirement would not be checked; "
            "put RequireRoleMixin before APIView in P"
        ),
    },
    "ninja": {
        "ninja().SessionAuth('editor')": f"SessionAuth: needs a requirement, not str; {WRITE_REQUIREMENT}",
        "api_with(auth=ninja().SessionAuth)": "is the class, not an instance; write auth=SessionAuth()",
        "ninja().answer_denials(import_module('ninja').Router())": "needs a NinjaAPI, not Router; call it once for",
    },
    "strawberry": {
        "strawberry().Requires('editor')": f"Requires: needs a requirement, not str; {WRITE_REQUIREMENT}",
        "strawberry().Requires(Role)": f"Requires: needs a requirement, not the class Role; {WRITE_REQUIREMENT}",
        "schema_with(extensions=[strawberry().Requires])": "has the class, not an instance; write strawberry.field(ex",
        "schema_with(permission_classes=[strawberry().Requires(Role('a'))])": "one of the permission_classes; write s",
        "strawberry().Requires(Role('a'))(lambda: 'page')": "Requires: is neither a decorator nor",
        "strawberry().Requires(Role('a')) and strawberry().Requires(Role('b'))": "Combine the requirements: Requires(",
    },
    "channels": {
        "consumer().as_asgi()": f"Chat.requirement: needs a requirement, not None; {WRITE_REQUIREMENT}",
        "consumer(requirement='editor').as_asgi()": "Chat.requirement: needs a requirement, not str",
        "consumer(requirement=Role('a')).as_asgi(requirement=1)": 'does not take "requirement"; set it on the c',
        "consumer(requirement=Role('a'), recheck_every=0).as_asgi()": "must be a number of seconds above 0",
        "connect(consumer(requirement=Role('a')).as_asgi())": "Chat: needs a WebSocket inside SessionKitMiddlewareSta",
        "connect(channels().SessionKitChannelsMiddleware(None))": "no session store; use SessionKitMiddlewareStack",
    },
    "jinja2": {
        "jinja('{% has_role %}')": "There is no tag {% has_role %}. Write {% if_has_role ... %}",
        'jinja(\'{% if_has_role "a" or "b" %}\')': '{% if_has_role %} takes no operator such as "or".',
        "jinja('{% if has_role([1]) %}{% endif %}')": "has_role() got a list where a name belongs. Unpack it",
        "jinja('{% if_has_role \"a\" %}{% endif %}')": "Jinja was looking for the following tags: 'else' or 'endif_has",
    },
}


@pytest.mark.parametrize(
    ("library", "mistake"), [(library, mistake) for library, rows in ADAPTERS.items() for mistake in rows]
)
def test_a_mistake_with_an_adapter(library, mistake):
    if find_spec(library) is None:
        pytest.skip(f"needs {library}")
    with use_session(ME), pytest.raises(Exception) as caught:  # noqa: PT011
        eval(mistake, {**globals(), **PUBLIC})  # noqa: S307
    assert ADAPTERS[library][mistake] in str(caught.value)


@pytest.mark.skipif(find_spec("ninja") is None, reason="needs django-ninja")
def test_an_api_of_ninja_without_answer_denials():
    api = import_module("ninja").NinjaAPI(urls_namespace="mistake", docs_url=None)
    api.get("page/", auth=ninja().SessionAuth())(page)
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": [*urlpatterns, path("api/", api.urls)]})):
        assert [one.id for one in run_checks(tags=["sessionkit"])] == ["sessionkit.W037"]
