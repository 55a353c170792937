"""Code that runs while the session is loaded cannot read the session. ``peek_session`` can be called anywhere."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from contextvars import ContextVar, copy_context
from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection
from django.http import JsonResponse
from django.urls import include, path
from support.sessions import EDITOR, READER, abrowser, browser

from django_sessionkit import (
    aget_session,
    get_session,
    has_role,
    is_authenticated,
    peek_session,
    revoke_sessions,
    use_session,
)
from django_sessionkit.decorators import require_role
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.session import reentrancy
from django_sessionkit.session.context import SessionContext, activate
from django_sessionkit.session.loader import current_loader
from django_sessionkit.sources import DjangoSessionSource

DESK = {"pattern": ["/page", "/apage"], "role": "editor"}
MUST_NOT = "must not read the session while it is loading"


class Hook:
    """Project code that runs while the session is loaded. ``met`` has the results and exceptions."""

    ask = None
    met: list[object]

    @classmethod
    def run(cls):
        if cls.ask is None:
            return
        try:
            cls.met.append(cls.ask())
        except Exception as error:
            cls.met.append(error)
            raise


@pytest.fixture(autouse=True)
def site(settings):
    settings.ROOT_URLCONF = __name__
    settings.SESSIONKIT_PROTECT = [DESK]
    Hook.ask, Hook.met = None, []
    return settings


class Reading(DjangoSessionSource):
    def read(self, request):
        Hook.run()
        return super().read(request)

    async def aread(self, request):
        return await sync_to_async(self.read)(request)


class Awaiting(DjangoSessionSource):
    async def aread(self, request):
        try:
            Hook.met.append(await Hook.ask())
        except Exception as error:
            Hook.met.append(error)
            raise
        return await super().aread(request)


def validator(data):
    Hook.run()
    return data


def version(user_id):
    Hook.run()
    return "1"


class Router:
    """A database router that reads the session."""

    def db_for_read(self, model, **hints):
        Hook.run()


class Cache(LocMemCache):
    """A cache that reads the session."""

    def get(self, *args, **kwargs):
        Hook.run()
        return super().get(*args, **kwargs)


def key_of(key, prefix, version):
    """Make the key of a cache, and read the session."""
    Hook.run()
    return f"{prefix}:{version}:{key}"


class Backend(ModelBackend):
    def get_user(self, user_id):
        Hook.run()
        return super().get_user(user_id)

    async def aget_user(self, user_id):
        Hook.run()
        return await super().aget_user(user_id)


class Filter(logging.Filter):
    """A log filter that reads the session for every record."""

    def filter(self, record):
        Hook.run()
        return True


def guarded(request):
    return JsonResponse({"session": get_session() is not None, "peeked": peek_session() is not None})


def asking_first(request):
    before = peek_session()
    session = get_session()
    return JsonResponse({"before": before is not None, "after": peek_session() == session is not None})


def placing(request):
    get_session()
    request.session["__session__"] = READER
    unseen = peek_session()
    session = get_session()
    seen = peek_session()
    request.session.flush()
    return JsonResponse(
        {"unseen": unseen is None, "seen": seen == session and seen is not None, "flushed": peek_session() is None}
    )


urlpatterns = [
    path("guarded/", require_role("editor")(guarded)),
    path("asking-first/", asking_first),
    path("placing/", placing),
    path("", include("testsite.urls")),
]


def use(site, hook):
    """Install one hook, with sessions in the database."""
    site.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    match hook:
        case "cache":
            site.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
            site.CACHES = {"default": {"BACKEND": f"{__name__}.Cache"}}
        case "key function":
            site.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
            memory = "django.core.cache.backends.locmem.LocMemCache"
            site.CACHES = {"default": {"BACKEND": memory, "KEY_FUNCTION": f"{__name__}.key_of"}}
        case "source":
            site.SESSIONKIT_SOURCE = Reading()
        case "validator":
            site.SESSIONKIT_SESSION_VALIDATOR = validator
        case "version":
            site.SESSIONKIT_VERSION = version
        case "router":
            site.DATABASE_ROUTERS = [Router()]
        case "backend":
            site.INSTALLED_APPS = [*site.INSTALLED_APPS, "django_sessionkit.contrib.auth.AuthBridge"]
            site.AUTHENTICATION_BACKENDS = [f"{__name__}.Backend"]


HOOKS = {
    "source": "SESSIONKIT_SOURCE",
    "validator": "SESSIONKIT_SESSION_VALIDATOR",
    "version": "SESSIONKIT_VERSION",
    "router": "SESSIONKIT_SOURCE",
    "cache": "SESSIONKIT_SOURCE",
    "key function": "SESSIONKIT_SOURCE",
    "backend": "SESSIONKIT_SOURCE",
}
CLIENTS = pytest.mark.parametrize("make", [browser, abrowser], ids=["sync", "async"])


def signed_in(make, hook):
    if hook != "backend":
        return make(EDITOR)
    client = make()
    user = User.objects.create_user("ann", password="anns")
    client.force_login(user, f"{__name__}.Backend")
    return client


def getting(client):
    return async_to_sync(client.get) if type(client).__name__ == "AsyncBrowser" else client.get


@CLIENTS
@pytest.mark.parametrize("ask", [get_session, is_authenticated, lambda: has_role("editor")])
@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.django_db
def test_a_hook_that_asks_is_told_so_by_name_and_signs_nobody_out(site, make, hook, ask, caplog):
    use(site, hook)
    client = signed_in(make, hook)
    if hook == "version":
        session = client.session
        session["__session__"] = {**EDITOR, "__version__": "1"}
        session.save()
    before = dict(client.session.items())
    Hook.ask = ask
    assert getting(client)("/page/").status_code == 503
    error = Hook.met[0]
    assert isinstance(error, InvalidPolicy)
    assert str(error).startswith(f"{HOOKS[hook]}: {MUST_NOT}; ")
    # SessionKit reads the cache once more, because Django hides that it failed.
    assert len(Hook.met) == (2 if hook in ("cache", "key function") else 1)
    assert MUST_NOT in caplog.text
    Hook.ask = None
    assert dict(client.session.items()) == before
    assert getting(client)("/open/").status_code == 200
    assert getting(client)("/page/").status_code == (403 if hook == "backend" else 200)


@pytest.mark.django_db
def test_the_error_names_the_code_that_asks(site):
    use(site, "router")
    client = browser(EDITOR)
    Hook.ask = get_session
    client.get("/page/")
    assert f"{__name__}." in str(Hook.met[0])
    assert "peek_session()" in str(Hook.met[0])


@pytest.mark.parametrize(
    ("modules", "asker"),
    [
        (
            ["django_sessionkit.api", "django_sessionkit.session.loader", "shop.views", "shop.urls"],
            "shop.views.Basket.get",
        ),
        (
            ["django_sessionkit.api", "django_sessionkit_extras.views", "shop.urls"],
            "django_sessionkit_extras.views.Basket.get",
        ),
        (["django_sessionkit.api", None, "shop.urls"], "None.Basket.get"),
        (["django_sessionkit.api"], "django_sessionkit.api.Basket.get"),
    ],
)
@pytest.mark.parametrize("code", [{"co_qualname": "Basket.get", "co_name": "get"}, {"co_name": "Basket.get"}])
def test_who_asks_is_the_first_caller_outside_of_the_package(modules, asker, code, monkeypatch):
    frame = None
    for module in reversed(modules):
        names = {"__name__": module} if module is not None else {}
        frame = SimpleNamespace(f_back=frame, f_globals=names, f_code=SimpleNamespace(**code))
    monkeypatch.setattr(reentrancy, "sys", SimpleNamespace(_getframe=lambda: frame))
    guard = reentrancy.ReentrancyGuard(ContextVar("load", default=None))
    load = guard.begin(1, lambda context: context == 1)
    with pytest.raises(InvalidPolicy, match=rf"; {re.escape(asker)} does; call peek_session\(\) there"):
        guard.begin(1, lambda context: True)
    guard.end(load)


@CLIENTS
@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.django_db
def test_a_hook_that_peeks_finds_nothing_and_does_no_harm(site, make, hook):
    use(site, hook)
    client = signed_in(make, hook)
    if hook == "version":
        session = client.session
        session["__session__"] = {**EDITOR, "__version__": "1"}
        session.save()
    Hook.ask = peek_session
    assert getting(client)("/page/").status_code == (403 if hook == "backend" else 200)
    assert Hook.met
    assert set(Hook.met) == {None}


@pytest.mark.django_db
def test_an_async_source_that_awaits_the_session_is_told_so(site):
    site.SESSIONKIT_SOURCE = Awaiting()
    Hook.ask = aget_session
    client = abrowser(EDITOR)
    assert async_to_sync(client.get)("/page/").status_code == 503
    assert str(Hook.met[0]).startswith(f"SESSIONKIT_SOURCE: {MUST_NOT}; ")


# The log --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def sql_lines():
    logger, asking = logging.getLogger("django.db.backends"), Filter()
    level = logger.level
    logger.addFilter(asking)
    logger.setLevel(logging.DEBUG)
    connection.force_debug_cursor = True
    yield
    connection.force_debug_cursor = False
    logger.setLevel(level)
    logger.removeFilter(asking)


@CLIENTS
@pytest.mark.django_db
def test_a_filter_of_the_log_may_peek_at_every_line(site, sql_lines, make):
    use(site, "database")
    client = make(EDITOR)
    Hook.ask = peek_session
    assert getting(client)("/page/").status_code == 200
    assert Hook.met.count(None) == len(Hook.met) > 0


@pytest.mark.django_db
def test_one_that_loads_is_told_to_peek(site, sql_lines):
    use(site, "database")
    client = browser(EDITOR)
    Hook.ask = get_session
    assert client.get("/page/").status_code == 503
    assert "call peek_session() there" in str(Hook.met[0])
    Hook.ask = None
    assert client.get("/page/").status_code == 200


@pytest.fixture
def our_lines():
    loggers = [logging.getLogger(name) for name in ("django_sessionkit", "django_sessionkit.security")]
    asking = Filter()
    for logger in loggers:
        logger.addFilter(asking)
    yield
    for logger in loggers:
        logger.removeFilter(asking)


@pytest.mark.parametrize("ask", [get_session, peek_session])
@pytest.mark.parametrize("data", [EDITOR, {"user_id": 7}, None])
def test_a_filter_of_our_own_lines_may_ask(site, our_lines, caplog, ask, data):
    caplog.set_level(logging.DEBUG, "django_sessionkit")
    Hook.ask = ask
    assert browser(data).get("/page/").status_code == (200 if data is EDITOR else 302)
    assert Hook.met


def broken(request):
    raise ConnectionError


@pytest.mark.parametrize("ask", [get_session, peek_session])
def test_also_where_the_session_cannot_be_loaded(site, our_lines, ask):
    site.SESSIONKIT_SOURCE = broken
    Hook.ask = ask
    assert browser().get("/page/").status_code == 503
    assert set(Hook.met) == {None}


@pytest.mark.parametrize("ask", [get_session, peek_session])
def test_and_where_a_dict_without_a_version_was_placed(site, our_lines, ask):
    site.SESSIONKIT_VERSION = lambda user_id: 1
    Hook.ask = ask
    assert browser().get("/placing/").json() == {"unseen": True, "seen": False, "flushed": True}


# Threads and tasks ----------------------------------------------------------------------------------------------------


def in_a_thread(ask):
    found = []

    def call():
        try:
            found.append(ask())
        except InvalidPolicy as error:
            found.append(error)

    thread = threading.Thread(target=copy_context().run, args=(call,))
    thread.start()
    thread.join()
    return found[0]


def test_a_thread_that_a_hook_starts_must_not_ask_either(site):
    site.SESSIONKIT_SOURCE = Reading()
    Hook.ask = lambda: in_a_thread(get_session)
    assert browser(EDITOR).get("/page/").status_code == 200
    assert MUST_NOT in str(Hook.met[0])


class Starting(DjangoSessionSource):
    """A source that starts a task, which reads the session after it has been loaded."""

    async def aread(self, request):
        async def later():
            await Hook.loaded.wait()
            return await aget_session(), peek_session()

        Hook.task = asyncio.ensure_future(later())
        return await super().aread(request)


async def joining(request):
    Hook.loaded = asyncio.Event()
    first = await aget_session()
    Hook.loaded.set()
    return JsonResponse({"same": first is not None and await Hook.task == (first, first)})


def test_a_task_that_outlives_the_load_may_ask(site):
    site.SESSIONKIT_SOURCE = Starting()
    site.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("joining/", joining)]})
    assert async_to_sync(abrowser(EDITOR).get)("/joining/").json() == {"same": True}


async def gathering(request):
    sessions = await asyncio.gather(*(aget_session() for _ in range(5)))
    return JsonResponse({"users": [session.user_id for session in sessions]})


def test_tasks_of_one_request_may_load_at_the_same_time(site):
    site.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("gathering/", gathering)]})
    assert async_to_sync(abrowser(EDITOR).get)("/gathering/").json() == {"users": [EDITOR["user_id"]] * 5}


class Slow(DjangoSessionSource):
    async def aread(self, request):
        if Hook.ask is None:
            Hook.ask = "cancelled"
            await asyncio.sleep(60)
        return await super().aread(request)


async def cancelling(request):
    async def load():
        try:
            await asyncio.wait_for(aget_session(), 0.01)
        except asyncio.TimeoutError:
            return await aget_session()

    return JsonResponse({"user": (await load()).user_id})


def test_a_load_that_was_cancelled_leaves_nothing_behind(site):
    site.SESSIONKIT_SOURCE = Slow()
    site.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("cancelling/", cancelling)]})
    assert async_to_sync(abrowser(EDITOR).get)("/cancelling/").json() == {"user": EDITOR["user_id"]}


def test_a_request_within_a_load_has_a_session_of_its_own(site):
    site.SESSIONKIT_SOURCE = Reading()
    inner = browser(READER)

    def ask():
        Hook.ask = None
        return inner.get("/asking-first/").json()

    Hook.ask = ask
    assert browser(EDITOR).get("/page/").status_code == 200
    assert Hook.met == [{"before": False, "after": True}]


def test_what_is_pretended_within_a_load_may_be_asked_for(site):
    site.SESSIONKIT_SOURCE = Reading()

    def ask():
        with use_session(READER) as session:
            return get_session() == session == peek_session()

    Hook.ask = ask
    assert browser(EDITOR).get("/page/").status_code == 200
    assert Hook.met == [True]


def test_another_context_of_the_same_request_is_no_way_round(site, rf):
    site.SESSIONKIT_SOURCE = Reading()
    request = rf.get("/")
    request.session = browser(EDITOR).session
    Hook.ask = SessionContext(current_loader(), request).get
    assert SessionContext(current_loader(), request).get() is None
    assert MUST_NOT in str(Hook.met[0])
    other = rf.get("/")
    Hook.ask = SessionContext(current_loader(), other).get
    Hook.met.clear()
    assert SessionContext(current_loader(), request).get() == EDITOR
    assert MUST_NOT in str(Hook.met[0])  # the other one is read by the same source, which requests it again
    assert Hook.met[1] is None


# peek_session ---------------------------------------------------------------------------------------------------------


def test_it_shows_what_is_known_and_never_loads(site):
    client = browser(EDITOR)
    assert client.get("/asking-first/").json() == {"before": False, "after": True}
    assert client.get("/guarded/").json() == {"session": True, "peeked": True}
    assert peek_session() is None


def test_it_does_not_look_at_a_dict_that_nobody_has_checked(site):
    assert browser(EDITOR).get("/placing/").json() == {"unseen": True, "seen": True, "flushed": True}


class Raising(DjangoSessionSource):
    def watch(self, request):
        def look():
            if Hook.ask is not None:
                Hook.run()
            return EDITOR

        return look

    def read(self, request):
        return EDITOR


def test_it_never_raises_and_never_asks_itself(site, rf):
    site.SESSIONKIT_SOURCE = Raising()
    request = rf.get("/")
    context = SessionContext(current_loader(), request)
    with activate(context):
        session = get_session()
        Hook.ask = peek_session
        assert peek_session() == session
        assert Hook.met == [None]

        def fail():
            raise ConnectionError

        Hook.ask = fail
        assert peek_session() is None


def test_sessions_that_were_revoked_are_not_peeked_at(site):
    site.SESSIONKIT_VERSION = "django_sessionkit.versions.cached_version"
    revoke_sessions(EDITOR["user_id"])
    assert browser(EDITOR).get("/asking-first/").json() == {"before": False, "after": False}
