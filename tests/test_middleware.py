from __future__ import annotations

import functools

import pytest
from asgiref.sync import SyncToAsync, async_to_sync, iscoroutinefunction
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpResponse
from django.test import AsyncRequestFactory, RequestFactory, override_settings
from django.urls import path
from support.sessions import READER, abrowser, browser
from testsite import views

from django_sessionkit import Role, aget_session, enforce, get_session
from django_sessionkit.conf import installed
from django_sessionkit.middleware import SessionKitMiddleware
from django_sessionkit.sources import SessionSource

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
OURS = "django_sessionkit.middleware.SessionKitMiddleware"


def read(request):
    get_session()
    return HttpResponse()


def enforced(request):
    enforce(Role("admin"))


urlpatterns = [
    path("read/", read),
    path("page/", views.page, name="page"),
    path("enforced/", enforced),
]


def test_one_class_is_native_in_both_worlds():
    async def aget_response(request):
        return HttpResponse("page")

    sync, asynchronous = SessionKitMiddleware(lambda request: HttpResponse("page")), SessionKitMiddleware(aget_response)
    assert not iscoroutinefunction(sync)
    assert iscoroutinefunction(asynchronous)
    assert not iscoroutinefunction(sync.process_view)
    assert iscoroutinefunction(asynchronous.process_view)
    assert sync(RequestFactory().get("/")).content == b"page"
    assert async_to_sync(asynchronous)(AsyncRequestFactory().get("/")).content == b"page"


class Measured(SessionKitMiddleware):
    """A middleware with every hook wrapped in a plain function, as a profiling library does."""

    def __init__(self, get_response):
        super().__init__(get_response)
        for name in ("process_view", "process_exception"):
            setattr(self, name, self._measured(getattr(self, name)))

    def _measured(self, hook):
        @functools.wraps(hook)
        def wrapper(*args, **kwargs):
            return hook(*args, **kwargs)

        return wrapper


@override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[SESSIONS, f"{__name__}.Measured"])
@pytest.mark.parametrize("rules", [[], [{"view": "page", "role": "reader"}]])
def test_a_hook_that_is_wrapped_in_a_plain_function_is_still_awaited(rules):
    """Otherwise Django calls the wrapper in a thread, and treats the coroutine as a response."""
    with override_settings(SESSIONKIT_PROTECT=rules):
        assert async_to_sync(abrowser(READER).get)("/page/").status_code == 200
        assert async_to_sync(abrowser().get)("/page/").status_code == (302 if rules else 200)
        assert async_to_sync(abrowser(READER).get)("/enforced/").status_code == 403
        assert browser(READER).get("/page/").status_code == 200


class Store(dict[str, object]):
    async def aget(self, key):
        return self.get(key)


@pytest.mark.parametrize("protect", [[], [{"pattern": "/page", "role": "reader"}, {"view": "x:*", "role": "admin"}]])
def test_under_asgi_nothing_of_ours_leaves_the_event_loop(monkeypatch, protect):
    def refuse(self, *args, **kwargs):
        raise AssertionError("a thread was asked for")

    async def view(request):
        assert await middleware.process_view(request, view, (), {}) is None
        await aget_session()
        return HttpResponse("page")

    async def serve():
        request = AsyncRequestFactory().get("/page/")
        request.session = Store(__session__=READER)
        return await middleware(request)

    with override_settings(SESSIONKIT_PROTECT=protect):
        middleware = SessionKitMiddleware(view)
        monkeypatch.setattr(SyncToAsync, "__call__", refuse)
        assert async_to_sync(serve)().content == b"page"


@override_settings(ROOT_URLCONF=__name__, SESSIONKIT_TOUCH_ON_REQUEST=True)
def test_touch_renews_a_session_that_was_read():
    client = browser(READER)
    assert client.get("/read/").cookies.get("sessionid") is not None
    assert not client.get("/page/").cookies
    assert not browser().get("/read/").cookies
    assert async_to_sync(abrowser(READER).get)("/read/").cookies.get("sessionid") is not None


@override_settings(ROOT_URLCONF=__name__)
def test_without_touch_a_read_writes_nothing():
    assert not browser(READER).get("/read/").cookies


@override_settings(
    ROOT_URLCONF=__name__,
    SESSIONKIT_TOUCH_ON_REQUEST=True,
    SESSIONKIT_SOURCE=lambda request: READER,
)
def test_touch_does_nothing_for_a_source_that_only_reads():
    assert not browser().get("/read/").cookies


def test_settings_that_go_bad_at_run_time_let_nobody_in():
    with (
        override_settings(SESSIONKIT_PROTECT=[{"pattern": "/page", "rol": "admin"}]),
        pytest.raises(Exception, match='unknown key "rol"'),
    ):
        browser(READER).get("/page/")
    assert browser(READER).get("/page/").status_code == 200


COMMON = "django.middleware.common.CommonMiddleware"
STORING = "django.middleware.cache.UpdateCacheMiddleware"


class OwnSessions(SessionMiddleware):
    """A session middleware that may not set ``Vary``."""


def passing(get_response):
    return get_response


@pytest.mark.parametrize(
    ("order", "is_inside"),
    [
        ([SESSIONS, OURS], True),
        ([COMMON, SESSIONS, COMMON, AUTH, OURS], True),
        ([STORING, SESSIONS, OURS, STORING], True),
        ([SESSIONS, STORING, OURS], False),
        ([SESSIONS, f"{__name__}.passing", OURS], False),
        ([SESSIONS, "no.such.middleware", OURS], False),
        ([f"{__name__}.OwnSessions", OURS], False),
        ([OURS, SESSIONS], False),
        ([OURS], False),
        ([SESSIONS], False),
    ],
)
def test_it_knows_whether_djangos_sessions_say_what_a_response_varies_on(order, is_inside):
    with override_settings(MIDDLEWARE=order):
        assert installed.is_inside_sessions() is is_inside


@pytest.mark.parametrize("order", [[SESSIONS, AUTH, OURS], [SESSIONS, f"{__name__}.passing", AUTH, OURS]])
def test_a_response_varies_once_on_the_cookie(order):
    with override_settings(MIDDLEWARE=order):
        assert browser(READER).get("/who/")["Vary"] == "Cookie"
        assert not browser(READER).get("/page/").has_header("Vary")


class FromCookie(SessionSource):
    """Reads the cookie itself, so that Django's sessions do not set ``Vary``."""

    vary_headers = ("Cookie",)

    def read(self, request):
        return READER if request.COOKIES.get("token") == "x" else None


def test_a_source_that_reads_cookies_by_itself_varies_on_them():
    client = browser()
    client.cookies["token"] = "x"
    with override_settings(SESSIONKIT_SOURCE=FromCookie):
        response = client.get("/who/")
    assert response.json() == {"user_id": "1"}
    assert response["Vary"] == "Cookie"
