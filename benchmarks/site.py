"""The site that the benchmarks request: its settings and views, and requests as a server makes them."""

from __future__ import annotations

import asyncio
import atexit
import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test.utils import override_settings
from django.urls import path, re_path

SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
SESSIONKIT = "django_sessionkit.middleware.SessionKitMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
STRONGHOLD = "stronghold.middleware.LoginRequiredMiddleware"

LOCMEM = "django.contrib.sessions.backends.cache"
DATABASE = "django.contrib.sessions.backends.db"

#: the key of the session that servers keep in memory
KEY = "b" * 32

READER = {
    "user_id": "42",
    "email": "reader@example.org",
    "role": "reader",
    "permissions": [f"area{number}:read" for number in range(10)],
}


def configure() -> None:
    """Configure Django with a temporary SQLite file, if that is not done yet. The connection stays open."""
    if settings.configured:
        return
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    settings.configure(
        SECRET_KEY="not a secret: there is nothing here",  # noqa: S106
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django_sessionkit",
        ],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/db.sqlite3", "CONN_MAX_AGE": None}
        },
        SESSION_ENGINE=LOCMEM,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        LOGIN_URL="/login/",
        STRONGHOLD_DEFAULTS=False,
        LOGGING={"version": 1, "loggers": {name: {"level": "ERROR"} for name in ("django", "django_sessionkit")}},
    )
    django.setup()
    call_command("migrate", verbosity=0)


def page(request: HttpRequest) -> HttpResponse:
    """A page that requires nothing."""
    return HttpResponse("page")


def page_below(request: HttpRequest, rest: str) -> HttpResponse:
    """A page that answers any path below it."""
    return HttpResponse("page")


def page_of(request: HttpRequest, pk: str) -> HttpResponse:
    """A page about one object."""
    return HttpResponse("page")


def reading_page(request: HttpRequest, pk: str = "") -> HttpResponse:
    """A page that reads the session itself."""
    return HttpResponse("page" if request.session.get("__session__") else "nobody")


async def apage(request: HttpRequest) -> HttpResponse:
    """The async variant of :func:`page`."""
    return HttpResponse("page")


async def areading_page(request: HttpRequest) -> HttpResponse:
    """The async variant of :func:`reading_page`."""
    return HttpResponse("page" if await request.session.aget("__session__") else "nobody")


urlpatterns = [
    path("public/page/", page),
    path("public/apage/", apage),
    path("team/page/", page),
    path("team/apage/", apage),
    path("reading/page/", reading_page),
    path("reading/apage/", areading_page),
    # as the routers of Django REST framework write them
    re_path(r"^articles/(?P<pk>[^/.]+)/$", page_of),
    re_path(r"^team/articles/(?P<pk>[^/.]+)/$", page_of),
    re_path(r"^reading/articles/(?P<pk>[^/.]+)/$", reading_page),
    path("wiki/<path:rest>", page_below),
    re_path(r"^(?:old-)?forum/(?P<rest>.*)$", page_below),
]


def rules(count: int) -> list[dict[str, Any]]:
    """Return ``count`` rules. The last one protects ``/team/``."""
    shapes = ("/app{0}/area{1}/**", "/app{0}/area{1}/page", "/app{0}/area{1}/*/edit")
    some = [{"pattern": shapes[n % 3].format(n % 50, n), "role": "editor"} for n in range(count - 1)]
    return [*some, {"pattern": "/team/**", "roles": ["reader", "editor"]}]


@contextmanager
def using(**changes: Any) -> Iterator[None]:
    """Override settings inside a ``with`` block."""
    with override_settings(**changes):
        yield


def stored_session(content: dict[str, Any]) -> str:
    """Store a session with ``content``, and return its key for the cookie."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store.update(content)
    store.create()
    return str(store.session_key)


class WSGIPage:
    """One page, requested as a WSGI server does. It can be called any number of times."""

    def __init__(self, middleware: list[str], url: str, cookie: str) -> None:
        with override_settings(MIDDLEWARE=middleware):
            self.handler = WSGIHandler()
        self.environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": url,
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
            "SERVER_NAME": "example.org",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "example.org",
            "HTTP_COOKIE": f"sessionid={cookie}",
            "HTTP_ACCEPT": "text/html",
            "wsgi.url_scheme": "http",
        }

    def __call__(self) -> Any:
        environ = {**self.environ, "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO()}
        response = self.handler(environ, _start_response)
        b"".join(response)
        response.close()
        return response


def store_login(user: Any) -> None:
    """Store the session of ``READER`` and Django's login of ``user`` in memory, under the key :data:`KEY`."""
    store = import_module(LOCMEM).SessionStore()
    store.update(
        {
            "__session__": READER,
            "_auth_user_id": str(user.pk),
            "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
            "_auth_user_hash": user.get_session_auth_hash(),
        }
    )
    store._session_key = KEY
    store.save(must_create=True)


def _start_response(status: str, headers: Any, error: Any = None) -> None:
    pass


class ASGIPage:
    """One page, requested as an ASGI server does. It can be called any number of times."""

    def __init__(self, middleware: list[str], url: str, cookie: str) -> None:
        with override_settings(MIDDLEWARE=middleware):
            self.handler = ASGIHandler()
        self.scope = {
            "type": "http",
            "method": "GET",
            "path": url,
            "query_string": b"",
            "root_path": "",
            "server": ("example.org", 80),
            "client": ("192.0.2.1", 1),
            "headers": [
                (b"host", b"example.org"),
                (b"cookie", f"sessionid={cookie}".encode()),
                (b"accept", b"text/html"),
            ],
        }

    async def __call__(self) -> list[dict[str, Any]]:
        events = iter([{"type": "http.request", "body": b""}])
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            event = next(events, None)
            return event if event is not None else await asyncio.Future()

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.handler(dict(self.scope), receive, send)
        return sent
