"""The session context: it is lazy, every helper uses it, every write changes it, and it ends with its request."""

from __future__ import annotations

import gc
import weakref

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth import logout
from django.db import connection
from django.http import JsonResponse
from django.test import RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path
from support.sessions import ADMIN, EDITOR, READER, abrowser, browser
from testsite import views

from django_sessionkit import aget_session, get_session, has_role, is_authenticated
from django_sessionkit.decorators import require_authenticated
from django_sessionkit.exceptions import AsyncRequired, NotEvaluated
from django_sessionkit.middleware import SessionKitMiddleware
from django_sessionkit.session.context import LoadedSession, SessionContext, activate, current_context
from django_sessionkit.session.loader import current_loader
from django_sessionkit.utils.sansio import dry_run


def report(*seen):
    return JsonResponse([session and session.user_id for session in seen], safe=False)


def assigning(request):
    before = get_session()
    request.session["__session__"] = EDITOR
    return report(before, get_session())


def flushing(request):
    before = get_session()
    request.session.flush()
    return report(before, get_session())


def logging_out(request):
    before = get_session()
    logout(request)
    return report(before, get_session())


def deleting(request):
    before = get_session()
    del request.session["__session__"]
    return report(before, get_session())


def spoiling(request):
    before = get_session()
    request.session["other"] = "kept"
    request.session["__session__"] = {"user_id": 7}
    after = get_session()
    assert "__session__" not in request.session
    assert request.session["other"] == "kept"
    return report(before, after)


async def aassigning(request):
    before = await aget_session()
    await request.session.aset("__session__", EDITOR)
    return report(before, get_session())


async def aflushing(request):
    before = await aget_session()
    await request.session.aflush()
    return report(before, get_session())


async def aspoiling(request):
    before = await aget_session()
    request.session["__session__"] = {"user_id": 7}
    return report(before, get_session())


async def not_loaded(request):
    return report(get_session())


async def not_loaded_question(request):
    return JsonResponse(has_role("admin"), safe=False)


async def in_a_thread(request):
    return report(await sync_to_async(get_session)(), get_session())


@require_authenticated
async def loaded_by_decorator(request):
    return report(get_session())


async def same_context(request):
    assert current_context() is request.sessionkit
    return report()


urlpatterns = [
    path(f"{view.__name__}/", view)
    for view in (
        assigning,
        flushing,
        logging_out,
        deleting,
        spoiling,
        aassigning,
        aflushing,
        aspoiling,
        not_loaded,
        not_loaded_question,
        in_a_thread,
        loaded_by_decorator,
        same_context,
    )
] + [path("page/", views.page), path("apage/", views.apage), path("who/", views.who), path("awho/", views.awho)]


@pytest.fixture(autouse=True)
def _own_urls():
    with override_settings(ROOT_URLCONF=__name__):
        yield


def visit(url, session=READER):
    found = browser(session).get(url).json()
    assert async_to_sync(abrowser(session).get)(url).json() == found
    return found


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("/assigning/", ["1", "2"]),
        ("/flushing/", ["1", None]),
        ("/logging_out/", ["1", None]),
        ("/deleting/", ["1", None]),
        ("/spoiling/", ["1", None]),
        ("/aassigning/", ["1", "2"]),
        ("/aflushing/", ["1", None]),
        ("/aspoiling/", ["1", None]),
        ("/in_a_thread/", ["1", "1"]),
        ("/loaded_by_decorator/", ["1"]),
        ("/same_context/", []),
    ],
)
def test_a_change_in_the_same_request_is_seen(url, seen):
    if url == "/logging_out/":
        assert browser(READER).get(url).json() == seen
    else:
        assert visit(url) == seen


@pytest.mark.parametrize("url", ["/not_loaded/", "/not_loaded_question/"])
def test_a_sync_helper_on_the_loop_names_its_twin(url, monkeypatch):
    with pytest.raises(AsyncRequired, match=r"Use `await a(get_session|has_role)\(\.\.\.\)`"):
        async_to_sync(abrowser(READER).get)(url)
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    assert async_to_sync(abrowser(READER).get)(url).status_code == 200


@pytest.mark.django_db
@override_settings(SESSION_ENGINE="django.contrib.sessions.backends.db")
def test_a_public_page_costs_nothing(monkeypatch):
    """No query, no read of the store, and no ``Vary``, under both handlers."""
    clients = browser(READER), abrowser(READER)
    reads = []
    monkeypatch.setattr(
        "django.contrib.sessions.backends.base.SessionBase._get_session", lambda self, no_load=False: reads.append(1)
    )
    rules = [{"pattern": f"/{n}/**", "role": "admin"} for n in range(50)] + [{"pattern": "/page", "public": True}]
    for protect in ([], rules):
        with override_settings(SESSIONKIT_PROTECT=protect), CaptureQueriesContext(connection) as queries:
            for url in ("/page/", "/apage/"):
                for response in (clients[0].get(url), async_to_sync(clients[1].get)(url)):
                    assert response.status_code == 200
                    assert not response.has_header("Vary")
                    assert not response.has_header("Set-Cookie")
                    assert not response.has_header("Cache-Control")
        assert len(queries) == 0
    assert reads == []


@pytest.mark.django_db
@override_settings(
    SESSION_ENGINE="django.contrib.sessions.backends.db", SESSIONKIT_PROTECT=[{"pattern": "/**", "authenticated": True}]
)
def test_a_protected_page_reads_the_session_once_and_varies():
    clients = browser(READER), abrowser(READER)
    for url in ("/page/", "/apage/", "/who/", "/awho/"):
        with CaptureQueriesContext(connection) as queries:
            response = clients[0].get(url)
        assert len(queries) == 1
        assert response["Vary"] == "Cookie"
        with CaptureQueriesContext(connection) as queries:
            response = async_to_sync(clients[1].get)(url)
        assert len(queries) <= 1
        assert response["Vary"] == "Cookie"


def test_no_reference_cycle_keeps_the_request():
    middleware = SessionKitMiddleware(lambda request: JsonResponse({"role": has_role("admin")}))
    for data in (ADMIN, None):
        request = RequestFactory().get("/")
        request.session = {} if data is None else {"__session__": data}  # type: ignore[assignment]
        gc.collect()
        gc.disable()
        try:
            middleware(request)
            alive = weakref.ref(request), weakref.ref(request.sessionkit)
            del request
            assert [one() for one in alive] == [None, None]
        finally:
            gc.enable()


def test_nothing_is_left_behind():
    def failing(request):
        assert is_authenticated() is False
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        SessionKitMiddleware(failing)(RequestFactory().get("/"))
    assert current_context() is None
    browser(READER).get("/who/")
    async_to_sync(abrowser(READER).get)("/awho/")
    assert current_context() is None


def test_without_a_store_there_is_no_session_and_no_crash():
    with override_settings(MIDDLEWARE=["django_sessionkit.middleware.SessionKitMiddleware"]):
        assert browser().get("/who/").json() == {"user_id": None}
        assert async_to_sync(abrowser().get)("/awho/").json() == {"user_id": None}


def test_a_context_that_outlives_its_request_has_no_session():
    request = RequestFactory().get("/")
    context = SessionContext(current_loader(), request)
    assert context.request is request
    assert repr(context) == "<SessionContext not loaded>"
    del request
    assert context.request is None
    with activate(context):
        assert get_session() is None
    context.replace(LoadedSession(None, None, lambda: READER))
    assert repr(context) == "<SessionContext loaded>"
    assert context.peek() is None


def test_an_invalidated_session_is_loaded_again():
    request, dicts = RequestFactory().get("/"), [READER, EDITOR]
    with override_settings(SESSIONKIT_SOURCE=lambda request: dicts.pop(0)):
        context = SessionContext(current_loader(), request)
        assert context.get() == READER
        context.invalidate()
        assert not context.is_loaded
        assert context.get() == EDITOR


def test_contexts_nest_and_are_reset():
    outer, inner = SessionContext.fixed(None), SessionContext.fixed(None)
    with activate(outer):
        with activate(inner):
            assert current_context() is inner
        assert current_context() is outer
    assert current_context() is None


def test_a_dry_run_does_not_take_a_session_that_it_cannot_load_for_one_that_is_out_of_reach():
    request = RequestFactory().get("/")
    context = SessionContext(current_loader(), request)
    with pytest.raises(NotEvaluated):
        dry_run(context.flow())
    assert not context.is_loaded
