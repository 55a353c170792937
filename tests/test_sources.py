from __future__ import annotations

import asyncio
import os
import re
from importlib import import_module

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.cache import SessionStore as CacheStore
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.models import Session as Row
from django.core.cache import cache
from django.test import AsyncClient, AsyncRequestFactory, Client, RequestFactory, override_settings
from support.sessions import ADMIN, READER, abrowser, browser, sign_in, untimed

from django_sessionkit import (
    aclear_session,
    aget_session,
    aregenerate_session,
    aset_session,
    aupdate_session,
    clear_session,
    get_session,
    regenerate_session,
    set_session,
    signals,
    update_session,
)
from django_sessionkit.exceptions import ReadOnlySource
from django_sessionkit.session.context import activate
from django_sessionkit.session.loader import context_for, current_loader
from django_sessionkit.sources import CallableSource, DjangoSessionSource, RequestAttributeSource, SessionSource


def from_header(request):
    return {"user_id": request.headers["x-token"]} if "x-token" in request.headers else None


async def afrom_header(request):
    await asyncio.sleep(0)
    return from_header(request)


class HeaderSource(SessionSource):
    def read(self, request):
        return from_header(request)


def token_middleware(get_response):
    def middleware(request):
        if "x-token" in request.headers:
            request.sessionkit_data = {"user_id": request.headers["x-token"], "role": "admin"}
        return get_response(request)

    return middleware


TOKENS = {
    "callable": override_settings(SESSIONKIT_SOURCE=from_header),
    "async callable": override_settings(SESSIONKIT_SOURCE=afrom_header),
    "dotted": override_settings(SESSIONKIT_SOURCE="test_sources.from_header"),
    "class": override_settings(SESSIONKIT_SOURCE="test_sources.HeaderSource"),
    "attribute": override_settings(
        SESSIONKIT_SOURCE="django_sessionkit.sources.RequestAttributeSource",
        MIDDLEWARE=["test_sources.token_middleware", "django_sessionkit.middleware.SessionKitMiddleware"],
    ),
}


@pytest.mark.parametrize("source", TOKENS)
def test_sources(source):
    with TOKENS[source]:
        for url in ("/who/", "/awho/"):
            assert browser().get(url).json() == {"user_id": None}
            assert browser().get(url, headers={"x-token": "7"}).json() == {"user_id": "7"}
            assert async_to_sync(abrowser().get)(url, headers={"x-token": "7"}).json() == {"user_id": "7"}


@pytest.mark.parametrize("source", TOKENS)
def test_what_a_token_decided_on_is_not_shared_by_caches(source):
    with TOKENS[source]:
        for get in (browser().get, async_to_sync(abrowser().get)):
            assert get("/who/", headers={"x-token": "7"})["Vary"] == "Cookie, Authorization"
            assert not get("/page/", headers={"x-token": "7"}).has_header("Vary")


class ByKey(HeaderSource):
    vary_headers = ("X-Token",)


@override_settings(SESSIONKIT_SOURCE=ByKey, SESSIONKIT_PROTECT=[{"pattern": "/page", "role": "admin"}])
def test_a_source_may_say_what_it_depends_on():
    assert browser().get("/who/")["Vary"] == "X-Token"
    assert browser().get("/page/")["Vary"] == "Cookie, X-Token"


class Constant(SessionSource):
    """A source that depends on nothing in the request, so that caches may share the response."""

    vary_headers = ()

    def read(self, request):
        return READER


@override_settings(SESSIONKIT_SOURCE=Constant)
def test_a_source_that_depends_on_nothing_adds_no_vary():
    response = browser().get("/who/")
    assert response.json() == {"user_id": "1"}
    assert not response.has_header("Vary")


calls = []


def counted(request):
    calls.append(request.path)
    return READER


@override_settings(SESSIONKIT_SOURCE=counted, SESSIONKIT_PROTECT=[{"pattern": "/who", "role": "reader"}])
def test_a_source_is_asked_once_per_request():
    calls.clear()
    browser().get("/who/")
    assert calls == ["/who/"]
    browser().get("/page/")
    assert calls == ["/who/"]


@override_settings(SESSIONKIT_SOURCE=lambda request: {"user_id": 7})
def test_what_a_source_gives_is_validated():
    assert browser().get("/who/").json() == {"user_id": None}
    assert async_to_sync(abrowser().get)("/awho/").json() == {"user_id": None}


def broken(request):
    raise ConnectionError


@override_settings(SESSIONKIT_SOURCE=broken, SESSIONKIT_PROTECT=[{"pattern": "/who", "role": "reader"}])
def test_a_source_that_fails_lets_nobody_in():
    assert browser().get("/who/").status_code == 503
    assert async_to_sync(abrowser().get)("/who/").status_code == 503
    assert browser().get("/page/").status_code == 200


@pytest.fixture
def rejections():
    found = []

    def receiver(sender, signal, request, field, reason):
        found.append((request.path, field, reason))

    signals.session_rejected.connect(receiver)
    yield found
    signals.session_rejected.disconnect(receiver)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_malformed_dict_is_removed_alone_and_reported(kind, rejections, caplog):
    client = browser() if kind == "sync" else abrowser()
    sign_in(client, {"user_id": "1", "roles": "canary-7c1f"})
    session = client.session
    session["cart"] = ["book"]
    session.save()
    get = client.get if kind == "sync" else async_to_sync(client.get)
    assert get("/who/" if kind == "sync" else "/awho/").json() == {"user_id": None}
    assert dict(client.session.items()) == {"cart": ["book"]}
    assert [(field, reason) for _, field, reason in rejections] == [
        ("roles", "must be a list or tuple of strings, not str; write a list with one name")
    ]
    assert "session rejected: field=roles reason=must be a list" in caplog.text
    assert "canary-7c1f" not in caplog.text


@override_settings(SESSIONKIT_SOURCE="django_sessionkit.sources.RequestAttributeSource")
def test_a_malformed_attribute_is_reported_once(rejections):
    request = RequestFactory().get("/")
    request.sessionkit_data = {"user_id": 7}
    with activate(context_for(request)):
        assert [get_session(), get_session()] == [None, None]
        assert len(rejections) == 1
        request.sessionkit_data = READER
        assert get_session() == READER
        request.sessionkit_data = None
        assert get_session() is None


def test_an_async_receiver_is_awaited_or_left_out_with_a_word(caplog):
    heard = []

    async def receiver(sender, signal, **kwargs):
        heard.append(kwargs["field"])

    signals.session_rejected.connect(receiver)
    try:
        client = sign_in(abrowser(), {"user_id": 7})
        async_to_sync(client.get)("/awho/")
        assert heard == ["user_id"]

        async def spoil():
            request = AsyncRequestFactory().get("/")
            request.session = client.session
            context = context_for(request)
            await context.aget()
            request.session["__session__"] = {"user_id": 8}
            return context.peek()

        assert async_to_sync(spoil)() is None
        assert heard == ["user_id"]
        assert "async receivers of a signal were not called" in caplog.text
    finally:
        signals.session_rejected.disconnect(receiver)


@override_settings(SESSIONKIT_SESSION_KEY="acme")
def test_the_key_is_a_setting():
    client = browser()
    session = client.session
    session["acme"] = READER
    session["__session__"] = ADMIN
    session.save()
    assert client.get("/who/").json() == {"user_id": "1"}


class Memory(SessionSource):
    """A minimal writable source."""

    data: dict[str, object] | None = None
    log: list[object] = []

    def read(self, request):
        return self.data

    def write(self, request, data):
        type(self).data = data

    def remove(self, request):
        type(self).data = None

    def rotate(self, request, *, empty_for=None):
        self.log.append(f"rotated {empty_for}")

    def expire_in(self, request, seconds):
        self.log.append(seconds)


@override_settings(SESSIONKIT_SOURCE=Memory())
def test_a_writable_source_of_ones_own(monkeypatch):
    monkeypatch.setattr(Memory, "log", [])
    monkeypatch.setattr(Memory, "data", None)

    async def awrite(request):
        await aset_session(request, ADMIN, ttl=5)
        assert untimed(Memory.data) == ADMIN
        await aupdate_session(request, {"role": "reader"})
        await aregenerate_session(request)
        assert untimed(Memory.data) == {**ADMIN, "role": "reader"}
        await aclear_session(request)

    request = RequestFactory().get("/")
    set_session(request, READER, ttl=9)
    assert untimed(Memory.data) == READER
    clear_session(request)
    assert Memory.data is None
    async_to_sync(awrite)(request)
    assert Memory.data is None
    rotated = "rotated None"
    assert Memory.log == [rotated, 9, rotated, None, rotated, 5, rotated, rotated, rotated, None]


class Numbered(Memory):
    """A source that raises if its key no longer exists."""

    is_gone = False

    def rotate(self, request, *, empty_for=None):
        if self.is_gone and empty_for is None:
            raise SessionInterrupted("gone")


@override_settings(SESSIONKIT_SOURCE=Numbered())
def test_a_source_of_ones_own_may_say_that_old_data_is_not_to_go_on(monkeypatch):
    request = RequestFactory().get("/")
    set_session(request, READER)
    update_session(request, {"role": "editor"})
    regenerate_session(request)
    monkeypatch.setattr(Numbered, "is_gone", True)
    monkeypatch.setattr(Memory, "log", [])
    update_session(request, {"plan": "premium"})
    for write in (
        lambda: update_session(request, {"role": "admin"}),
        lambda: regenerate_session(request),
        lambda: async_to_sync(aupdate_session)(request, {"role": "admin"}),
        lambda: async_to_sync(aregenerate_session)(request),
    ):
        with pytest.raises(SessionInterrupted):
            write()
    assert (Memory.log, untimed(Numbered.data)) == ([], {**READER, "role": "editor", "plan": "premium"})
    set_session(request, ADMIN)
    assert untimed(Numbered.data) == ADMIN


def store_of(engine, key=None):
    return import_module(f"django.contrib.sessions.backends.{engine}").SessionStore(key)


class Tab:
    """A request of a browser in which other requests run at the same time. It has read its session."""

    def __init__(self, key):
        self.request = RequestFactory().get("/")
        self.request.session = store_of(settings.SESSION_ENGINE.rpartition(".")[2], key)
        assert get_session_of(self.request)["user_id"] == READER["user_id"]

    def answered(self):
        """Save the session, as Django does with the response."""
        self.request.session.save()
        return self.request.session.session_key


def get_session_of(request):
    return context_for(request).get()


@pytest.fixture(params=["db", "cache", "cached_db", "file"])
def key(request, settings, db, tmp_path):
    settings.SESSION_FILE_PATH = str(tmp_path)
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    first = RequestFactory().get("/")
    first.session = store_of(request.param)
    first.session["basket"] = "pears"
    set_session(first, READER)
    first.session.save()
    return first.session.session_key


def session_under(key):
    return dict(store_of(settings.SESSION_ENGINE.rpartition(".")[2], key).items())


def stored_keys():
    return [*Row.objects.values_list("pk", flat=True), *cache._cache, *os.listdir(settings.SESSION_FILE_PATH)]


READER_NOW = {**READER, "role": "guest"}
MOVING = [regenerate_session, lambda request: update_session(request, {"role": "editor"})]


@pytest.mark.parametrize("first", MOVING)
@pytest.mark.parametrize("second", MOVING)
def test_one_of_two_requests_carries_a_session_on(key, first, second):
    """Neither of them knows of the other when it begins."""
    winner, loser = Tab(key), Tab(key)
    first(winner.request)
    with pytest.raises(SessionInterrupted):
        second(loser.request)
    assert not loser.request.session.modified
    assert session_under(winner.answered())["basket"] == "pears"
    assert session_under(key) == {}


@pytest.mark.parametrize("second", MOVING)
def test_a_session_that_ended_meanwhile_is_not_carried_on(key, second):
    loser = Tab(key)
    Tab(key).request.session.flush()
    before = list(stored_keys())
    with pytest.raises(SessionInterrupted):
        second(loser.request)
    assert list(stored_keys()) == before


@pytest.mark.parametrize("first", MOVING)
@pytest.mark.parametrize(
    "end",
    [clear_session, lambda request: set_session(request, ADMIN), lambda request: set_session(request, READER_NOW)],
)
def test_a_logout_and_a_login_end_a_session_that_is_being_moved(key, first, end):
    moving, ending = Tab(key), Tab(key)
    first(moving.request)
    end(ending.request)
    with pytest.raises(UpdateError):
        moving.answered()
    now = session_under(ending.answered())
    assert "basket" not in now
    assert now.get("__session__", {}).get("role") in (None, "admin", "guest")


def test_a_login_works_and_a_logout_does_not_if_the_session_has_moved_twice(key):
    late, login, other = Tab(key), Tab(key), Tab(key)
    moved = Tab(key)
    regenerate_session(moved.request)
    regenerate_session(Tab(moved.answered()).request)
    for end in (lambda: clear_session(late.request), lambda: set_session(other.request, ADMIN)):
        with pytest.raises(SessionInterrupted):
            end()
    set_session(login.request, READER_NOW)
    assert session_under(login.answered())["__session__"]["role"] == "guest"


@pytest.mark.parametrize("second", MOVING)
@pytest.mark.parametrize("end", [clear_session, lambda request: set_session(request, READER_NOW)])
def test_after_a_process_was_killed_while_it_moved_a_session_a_logout_and_a_login_work(key, second, end, monkeypatch):
    """It ends where least is lost: the next key is there, and the old one still has its data."""
    killed = Tab(key)
    store = killed.request.session
    monkeypatch.setattr(store, "save", lambda must_create=False: kill(type(store).save(store, must_create)))
    with pytest.raises(KeyboardInterrupt):
        regenerate_session(killed.request)
    with pytest.raises(SessionInterrupted):
        second(Tab(key).request)
    assert session_under(key)["basket"] == "pears"
    ending = Tab(key)
    end(ending.request)
    now = session_under(ending.answered())
    assert now.get("__session__", {}).get("role") in (None, "guest")
    assert session_under(key) == {}


def kill(saved):
    raise KeyboardInterrupt


def test_a_session_that_moves_is_under_neither_key_until_the_response(key):
    """A process that ends in between leaves no session behind that nobody knows of."""
    moving = Tab(key)
    update_session(moving.request, {"role": "editor"})
    assert session_under(moving.request.session.session_key) == {}
    moved = session_under(moving.answered())
    assert (moved["basket"], moved["__session__"]["role"]) == ("pears", "editor")


def next_key(data, secret):
    """Return the key that replaces the same old key of a store with these data."""
    request = RequestFactory().get("/")
    request.session = store = CacheStore("a" * 32)
    store._session_cache = dict(data)
    store.save(must_create=True)
    with override_settings(SECRET_KEY=secret):
        regenerate_session(request)
    key = store.session_key
    store.flush()
    return key


@pytest.mark.parametrize("data", [{"__session__": READER}, {"_auth_user_id": "7"}])
def test_the_next_key_of_a_user_follows_from_the_old_one_and_the_secret_key(data):
    keys = [next_key(data, "one"), next_key(data, "one"), next_key(data, "two")]
    assert keys[0] == keys[1] != keys[2]
    assert all(re.fullmatch("[a-z0-9]{32}", key) for key in keys)


def test_the_next_key_of_a_visitor_is_random():
    """An attacker who has planted the old key, and knows the secret key, does not know the key of the login."""
    assert len({next_key({"basket": "pears"}, "one") for _ in range(3)}) == 3


class OwnKeys(CacheStore):
    """A store that chooses the new key itself."""

    def cycle_key(self):
        super().cycle_key()
        self["cycled"] = True


def test_a_store_may_choose_its_keys():
    request = RequestFactory().get("/")
    request.session = OwnKeys()
    request.session.create()
    request.session["__session__"] = READER
    regenerate_session(request)
    assert request.session["cycled"]


def test_the_base_class_says_what_is_missing():
    request = RequestFactory().get("/")
    source = SessionSource()
    with pytest.raises(NotImplementedError):
        source.read(request)
    for write in (
        lambda: source.write(request, {}),
        lambda: source.rotate(request),
        lambda: source.expire_in(request, 1),
    ):
        with pytest.raises(ReadOnlySource, match="SESSIONKIT_SOURCE SessionSource is read-only"):
            write()
    assert source.watch(request) is None
    assert source.touch(request) is None
    assert source.remove(request) is None


def test_the_loader_belongs_to_the_settings():
    first = current_loader()
    assert current_loader() is first
    assert isinstance(first.source, DjangoSessionSource)
    with override_settings(SESSIONKIT_SOURCE=from_header):
        assert isinstance(current_loader().source, CallableSource)
    with override_settings(SESSIONKIT_SOURCE=RequestAttributeSource):
        assert isinstance(current_loader().source, RequestAttributeSource)


def test_the_context_of_a_request_without_middleware():
    async def ask(request):
        with activate(context_for(request)):
            return await aget_session()

    request = RequestFactory().get("/")
    request.session = sign_in(browser(), READER).session
    assert context_for(request).get() == READER
    assert async_to_sync(ask)(request) == READER


class BearerSource(HeaderSource):
    challenge = 'Bearer realm="shop", Basic realm="shop"'


def bearer(request):
    return None


bearer.challenge = "Bearer"  # type: ignore[attr-defined]

CHALLENGES = [
    (DjangoSessionSource, 'Session realm="site"'),
    (from_header, 'Session realm="site"'),
    (RequestAttributeSource, 'Bearer realm="site"'),
    (BearerSource, BearerSource.challenge),
    (BearerSource(), BearerSource.challenge),
    (bearer, "Bearer"),
]


@pytest.mark.parametrize("asgi", [False, True])
@pytest.mark.parametrize(("source", "challenge"), CHALLENGES)
def test_a_401_has_the_challenge_of_the_source(source, challenge, asgi, settings):
    settings.SESSIONKIT_SOURCE = source
    settings.SESSIONKIT_PROTECT = [{"pattern": "/**", "authenticated": True, "api": True}]
    client = AsyncClient() if asgi else Client()
    answer = async_to_sync(client.get)("/page/") if asgi else client.get("/page/")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, challenge)
