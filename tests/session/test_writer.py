"""Set, update, clear and rotate a session, on every session engine of Django, under WSGI and ASGI."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from importlib import import_module

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.test import RequestFactory, override_settings
from django.urls import path
from support.examples import IS_THOROUGH
from support.loops import async_to_sync
from support.sessions import EDITOR, READER, abrowser, browser, untimed

from django_sessionkit import (
    InvalidSession,
    NotAuthenticated,
    aclear_session,
    aconfirm_session,
    aget_session,
    aregenerate_session,
    aset_session,
    aupdate_session,
    clear_session,
    confirm_session,
    get_session,
    regenerate_session,
    set_session,
    signals,
    update_session,
)
from django_sessionkit.access import AccessPolicy
from django_sessionkit.exceptions import AsyncRequired, InvalidPolicy, ReadOnlySource

pytestmark = pytest.mark.django_db
SERVER_SIDE = ["db", "cached_db", "cache", "file"]
DATA = {
    "reader": READER,
    "editor": EDITOR,
    "reader-promoted": {**READER, "role": "editor"},
    "reader-demoted": {**READER, "permissions": []},
    "reader-moved": {**READER, "permissions": ["posts:see"]},
    "reader-listed": {**READER, "role": None, "roles": ["reader"]},
    "reader-in-order": {**READER, "roles": [], "permissions": ["posts:read", "posts:read"]},
    "reader-with-plan": {**READER, "plan": "premium"},
    "reader-in-acme": {**READER, "tenants": {"acme": {"roles": ["editor"]}}},
    "reader-acted": {**READER, "act": {"user_id": "9"}},
    "nobody-acts": {"act": None},
    "reader-acted-by-two": {**READER, "act": {"user_id": "8", "act": {"user_id": "9"}}},
    "bad": {"user_id": "1", "roles": "admin"},
}


def act(request, verb):
    """Do one write per URL, and return the resulting session of the same request."""
    kind, _, name = verb.partition(":")
    if kind == "set":
        set_session(request, DATA[name])
    elif kind == "update":
        update_session(request, {"plan": "premium"} if name == "plan" else DATA[name])
    elif kind == "clear":
        clear_session(request)
    elif kind == "rotate":
        regenerate_session(request)
    elif kind == "confirm":
        confirm_session(request, amr=["otp"])
    elif kind == "slow":
        slow(request, name)
    session = get_session()
    get_token(request)
    return JsonResponse({"role": session and session.role, "cart": request.session.get("cart")})


async def aact(request, verb):
    kind, _, name = verb.partition(":")
    if kind == "set":
        await aset_session(request, DATA[name])
    elif kind == "update":
        await aupdate_session(request, {"plan": "premium"} if name == "plan" else DATA[name])
    elif kind == "clear":
        await aclear_session(request)
    elif kind == "rotate":
        await aregenerate_session(request)
    elif kind == "confirm":
        await aconfirm_session(request, amr=["otp"])
    elif kind == "slow":
        await aslow(request, name)
    session = await aget_session()
    cart = await request.session.aget("cart")
    get_token(request)
    return JsonResponse({"role": session and session.role, "cart": cart})


class Meanwhile:
    """The action of another request while a slow one runs."""

    happens = staticmethod(lambda: None)


def slow(request, name):
    """Read the session, let another request change it, then store the old data, in one of several ways."""
    assert get_session() is not None
    Meanwhile.happens()
    if name == "save":
        request.session["page"] = 3
    elif name == "plan":
        update_session(request, {"plan": "premium"})
    elif name == "more":
        update_session(request, {"roles": ["staff"]})
    elif name == "rotate":
        regenerate_session(request)
    elif name == "confirm":
        confirm_session(request)


async def aslow(request, name):
    assert await aget_session() is not None
    await sync_to_async(Meanwhile.happens)()
    if name == "save":
        await request.session.aset("page", 3)
    elif name == "plan":
        await aupdate_session(request, {"plan": "premium"})
    elif name == "more":
        await aupdate_session(request, {"roles": ["staff"]})
    elif name == "rotate":
        await aregenerate_session(request)
    elif name == "confirm":
        await aconfirm_session(request)


def visit(request):
    request.session["cart"] = ["book"]
    return HttpResponse()


def log_in(request):
    login(request, User.objects.get(username=request.GET["user"]))
    set_session(request, DATA["reader"])
    return HttpResponse()


urlpatterns = [
    path("act/<verb>/", act),
    path("aact/<verb>/", aact),
    path("visit/", visit),
    path("log-in/", log_in),
]

own_urls = override_settings(
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django_sessionkit.middleware.SessionKitMiddleware",
    ],
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "writes"}},
)


@pytest.fixture(autouse=True)
def _own_urls():
    with own_urls:
        yield


@pytest.fixture(params=[*SERVER_SIDE, "signed_cookies"])
def engine(request, tmp_path):
    with override_settings(
        SESSION_ENGINE=f"django.contrib.sessions.backends.{request.param}", SESSION_FILE_PATH=str(tmp_path)
    ):
        yield request.param


@pytest.fixture(params=["sync", "async"])
def do(request):
    """A function with its own browser: ``do("set:reader")`` returns the JSON of the page."""
    client = browser() if request.param == "sync" else abrowser()

    def perform(verb):
        get = client.get if request.param == "sync" else async_to_sync(client.get)
        path = verb if verb.startswith("/") else f"/{'act' if request.param == 'sync' else 'aact'}/{verb}/"
        response = get(path)
        return response.json() if response.headers["Content-Type"] == "application/json" else response

    perform.kind = request.param  # type: ignore[attr-defined]
    perform.client = client  # type: ignore[attr-defined]
    perform.key = lambda: client.cookies[django_settings.SESSION_COOKIE_NAME].value  # type: ignore[attr-defined]
    return perform


def stored(key):
    """Return what the store still has under a session key."""
    store = import_module(django_settings.SESSION_ENGINE).SessionStore(key)
    return store.load()


def test_a_first_session_keeps_the_cart_under_a_new_key(engine, do):
    do("/visit/")
    before = do.key()
    assert do("set:reader")["role"] == "reader"
    assert do.key() != before
    assert do("look") == {"role": "reader", "cart": ["book"]}
    if engine in SERVER_SIDE:
        assert not stored(before)


def test_another_identity_starts_from_an_emptied_store_and_the_old_key_is_dead(engine, do):
    do("/visit/")
    do("set:reader")
    before = do.key()
    assert do("set:editor") == {"role": "editor", "cart": None}
    assert do.key() != before
    if engine in SERVER_SIDE:
        assert not stored(before)


@pytest.mark.parametrize("verb", ["set", "update"])
@pytest.mark.parametrize(
    ("rights", "rotates"),
    [
        ("reader", False),
        ("reader-promoted", True),
        ("reader-demoted", True),
        ("reader-moved", True),
        ("reader-listed", True),
        ("reader-in-order", False),
        ("reader-with-plan", False),
        ("reader-in-acme", True),
        ("reader-acted", True),
    ],
)
def test_the_same_identity_keeps_its_key_unless_rights_change(engine, do, verb, rights, rotates):
    if engine == "signed_cookies":
        pytest.skip("the key of signed_cookies is its content")
    do("set:reader")
    key = do.key()
    do(f"{verb}:{rights}")
    assert (do.key() != key) is rotates
    assert bool(stored(key)) is not rotates
    assert {**stored(do.key())["__session__"], **DATA[rights]} == stored(do.key())["__session__"]
    assert do("look")["role"] == DATA[rights]["role"]


def test_another_actor_is_another_identity(do):
    """Somebody begins to act as the user, another one follows, and the user comes back: nobody finds what is left."""
    do("set:reader")
    for who in ("reader-acted", "reader-acted-by-two", "reader"):
        do("/visit/")
        key = do.key()
        assert do(f"set:{who}") == {"role": "reader", "cart": None}
        assert do.key() != key
        assert not stored(key)
        assert stored(do.key())["__session__"].get("act") == DATA[who].get("act")


def test_an_update_that_ends_the_acting_rotates_the_key(do):
    do("set:reader-acted")
    key = do.key()
    do("update:plan")
    assert do.key() == key
    do("update:nobody-acts")
    assert do.key() != key
    assert stored(do.key())["__session__"]["act"] is None


@pytest.mark.parametrize(
    ("verb", "renews"),
    [
        ("set:reader", True),
        ("set:editor", True),
        ("update:plan", False),
        ("update:reader-demoted", True),
        ("confirm", True),
    ],
)
def test_the_csrf_token_is_renewed_with_the_identity(do, verb, renews):
    do("set:reader" if verb != "set:reader" else "look")
    do("look")
    secret = do.client.cookies["csrftoken"].value
    do(verb)
    assert (do.client.cookies["csrftoken"].value != secret) is renews


def test_an_update_merges_and_rotates_when_rights_grow(engine, do):
    if engine == "signed_cookies":
        pytest.skip("the key of signed_cookies is its content")
    do("set:reader")
    key = do.key()
    do("update:plan")
    assert do.key() == key
    assert stored(key)["__session__"]["plan"] == "premium"
    do("update:reader-promoted")
    assert do.key() != key
    assert untimed(stored(do.key())["__session__"]) == {**READER, "role": "editor", "plan": "premium"}
    assert not stored(key)


SAVING = ["save", "plan", "more", "rotate", "confirm", "touch"]
OVERTAKING = ["set:reader-demoted", "update:reader-demoted", "update:reader-moved", "clear", "rotate", "confirm"]


SLOW = [(kind, by, saves) for kind in ("sync", "async") for by in OVERTAKING for saves in SAVING]


@pytest.mark.parametrize("engine", SERVER_SIDE, indirect=True)
@pytest.mark.parametrize(("do", "by", "saves"), SLOW[:: 2 if IS_THOROUGH else 7], indirect=["do"])
def test_a_slow_request_never_brings_back_what_was_taken_away(engine, do, by, saves, monkeypatch):
    """Its save fails, as Django's does after a logout. The other request has the session."""
    do("set:reader")
    before = do.key()
    other = browser()
    other.cookies["sessionid"] = before

    def overtake():
        assert other.get(f"/act/{by}/").status_code == 200

    monkeypatch.setattr(Meanwhile, "happens", overtake)
    with override_settings(SESSIONKIT_TOUCH_ON_REQUEST=saves == "touch"):
        response = do(f"slow:{saves}")
    assert response.status_code == 400
    assert not stored(before)
    assert do.key() == before
    now = stored(other.cookies["sessionid"].value)
    same = ["posts:read"]
    rights = {"clear": None, "rotate": same, "confirm": same, "update:reader-moved": ["posts:see"]}.get(by, [])
    assert (now["__session__"]["permissions"] if "__session__" in now else None) == rights
    assert do("look")["role"] is None


@pytest.mark.parametrize("engine", SERVER_SIDE, indirect=True)
@pytest.mark.parametrize("saves", ["save", "plan"])
def test_a_slow_request_saves_where_no_rights_have_changed(engine, do, saves, monkeypatch):
    do("set:reader")
    other = browser()
    other.cookies["sessionid"] = do.key()
    monkeypatch.setattr(Meanwhile, "happens", lambda: other.get("/act/update:reader-with-plan/"))
    assert do(f"slow:{saves}")["role"] == "reader"


@pytest.mark.parametrize("engine", SERVER_SIDE, indirect=True)
def test_a_slow_log_in_is_no_slow_save(engine, do, monkeypatch):
    """The data that it stores is new. A user who clicks twice is logged in twice."""
    do("/visit/")
    other = browser()
    other.cookies["sessionid"] = do.key()
    request = RequestFactory().get("/")
    request.session = import_module(django_settings.SESSION_ENGINE).SessionStore(do.key())
    assert request.session["cart"] == ["book"]
    other.get("/act/set:reader/")
    set_session(request, READER)
    request.session.save()
    assert untimed(stored(request.session.session_key)["__session__"]) == READER


def test_a_key_that_is_gone_before_anything_was_read_is_replaced(engine, do):
    do("set:reader")
    request = RequestFactory().get("/")
    request.session = import_module(django_settings.SESSION_ENGINE).SessionStore("8" * 32)
    (regenerate_session if do.kind == "sync" else async_to_sync(aregenerate_session))(request)
    assert request.session.session_key != "8" * 32
    assert not request.session.get("__session__")


def test_clear_leaves_the_cart_and_kills_the_key(engine, do):
    do("/visit/")
    do("set:reader")
    before = do.key()
    assert do("clear")["role"] is None
    assert do("look") == {"role": None, "cart": ["book"]}
    if engine in SERVER_SIDE:
        assert not stored(before)
        after = do.key()
        do("clear")
        assert do.key() == after


def test_regenerate_keeps_everything_under_a_new_key(engine, do):
    do("/visit/")
    do("set:reader")
    before = do.key()
    assert do("rotate") == {"role": "reader", "cart": ["book"]}
    if engine in SERVER_SIDE:
        assert do.key() != before
        assert not stored(before)


def test_login_then_set_session_changes_hands_with_djangos_own():
    for name in ("ann", "bob"):
        User.objects.create_user(name)
    client = browser()
    keys = []
    for name in ("ann", "bob"):
        client.get(f"/log-in/?user={name}")
        keys.append(client.cookies["sessionid"].value)
    assert len(set(keys)) == 2
    assert not stored(keys[0])
    assert "_auth_user_id" in stored(keys[1])
    assert untimed(stored(keys[1])["__session__"]) == READER


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_another_identity_does_not_lose_its_own_log_in(kind):
    """There is a session that ``login()`` did not create. Then another user logs in with ``login()``."""

    def placed(owner):
        auth = {"_auth_user_id": owner, "_auth_user_backend": "b", "_auth_user_hash": "h", "cart": ["book"]}
        request = request_with_session(READER)
        request.session.update(auth)
        return request

    write = set_session if kind == "sync" else async_to_sync(aset_session)
    request, foreign = placed("2"), placed("1")
    write(request, EDITOR)
    assert {key for key, _ in request.session.items()} == {
        *("__session__", "_auth_user_id", "_auth_user_backend", "_auth_user_hash")
    }
    write(foreign, EDITOR)
    assert {key for key, _ in foreign.session.items()} == {"__session__"}


def test_a_ttl_does_not_outlive_its_session():
    request = request_with_session()
    set_session(request, READER, ttl=60)
    clear_session(request)
    assert request.session.get_expiry_age() == django_settings.SESSION_COOKIE_AGE
    set_session(request, READER)
    assert request.session.get_expiry_age() == django_settings.SESSION_COOKIE_AGE


def request_with_session(data=None):
    request = RequestFactory().get("/")
    request.session = import_module(django_settings.SESSION_ENGINE).SessionStore()
    if data is not None:
        request.session["__session__"] = data
    return request


@pytest.mark.parametrize("bad", [{"user_id": 1}, {}, None, "x", {"user_id": "1", "roles": "admin"}])
def test_nothing_changes_on_an_error(bad):
    request = request_with_session(READER)
    request.session.save()
    key = request.session.session_key
    for write in (set_session, update_session) if bad else (set_session,):
        with pytest.raises(InvalidSession):
            write(request, bad)
    assert request.session["__session__"] == READER
    assert request.session.session_key == key


def test_an_update_needs_a_session_and_keeps_the_user():
    for change, verb in (
        (lambda request: update_session(request, {"role": "x"}), "change"),
        (confirm_session, "confirm"),
    ):
        with pytest.raises(NotAuthenticated) as raised:
            change(request_with_session())
        name = "update_session" if verb == "change" else "confirm_session"
        assert str(raised.value) == f"{name}() found no session to {verb}. Call set_session() first."
    with pytest.raises(InvalidSession, match=r"^user_id: cannot be changed by an update; use set_session\(\)$"):
        update_session(request_with_session(READER), {"user_id": "2"})
    with pytest.raises(InvalidSession, match=r"^session: the changes must be a mapping, not list$"):
        update_session(request_with_session(READER), [])
    assert update_session(request_with_session(READER), {"user_id": "1", "role": None}).role is None


@pytest.mark.parametrize("ttl", [60, 0.5, 86_400])
def test_ttl_is_djangos_own_expiry(ttl):
    request = request_with_session()
    set_session(request, READER, ttl=ttl)
    assert request.session.get_expiry_age() == ttl
    update_session(request, {"plan": "x"}, ttl=ttl * 2)
    assert request.session.get_expiry_age() == ttl * 2


def test_ttl_under_asgi():
    request = request_with_session()
    async_to_sync(aset_session)(request, READER, ttl=60)
    assert request.session.get_expiry_age() == 60


def test_ttl_may_be_a_setting():
    request = request_with_session()
    set_session(request, READER)
    assert request.session.get_expiry_age() == django_settings.SESSION_COOKIE_AGE
    with override_settings(SESSIONKIT_SESSION_TTL=120):
        set_session(request, READER)
        assert request.session.get_expiry_age() == 120
        set_session(request, READER, ttl=30)
        assert request.session.get_expiry_age() == 30


@pytest.mark.parametrize("ttl", [0, -1, True, "60", float("nan"), float("inf")])
def test_a_ttl_that_is_none(ttl):
    request = request_with_session(READER)
    for write in (set_session, update_session):
        with pytest.raises(
            ValueError, match=rf"^ttl must be a positive number of seconds, not {re.escape(repr(ttl))}\.$"
        ):
            write(request, EDITOR, ttl=ttl)
    assert request.session["__session__"] == READER


def test_a_timedelta_as_ttl_gets_a_hint():
    with pytest.raises(ValueError, match=r"not .*timedelta.*\. Write ttl\.total_seconds\(\)\.$"):
        set_session(request_with_session(), READER, ttl=timedelta(hours=1))


def test_what_is_stored_is_a_plain_copy():
    request = request_with_session()
    data = {"user_id": "1", "roles": ("a",), "tags": ["x"]}
    session = set_session(request, data)
    data["tags"].append("y")
    assert untimed(request.session["__session__"]) == {"user_id": "1", "roles": ["a"], "tags": ["x"]}
    assert session == request.session["__session__"]


@override_settings(SESSIONKIT_SOURCE="django_sessionkit.sources.RequestAttributeSource")
def test_a_source_that_only_reads_says_so():
    request = request_with_session()
    request.sessionkit_data = READER
    for write in (
        lambda: set_session(request, EDITOR),
        lambda: set_session(request, READER),
        lambda: set_session(request, READER, ttl=1),
        lambda: update_session(request, {"plan": "x"}),
        lambda: confirm_session(request),
        lambda: clear_session(request),
        lambda: regenerate_session(request),
        lambda: async_to_sync(aconfirm_session)(request),
        lambda: async_to_sync(aset_session)(request, EDITOR),
        lambda: async_to_sync(aset_session)(request, READER),
    ):
        with pytest.raises(ReadOnlySource, match="RequestAttributeSource is read-only"):
            write()


def test_without_a_store_the_error_names_the_middleware():
    request = RequestFactory().get("/")
    for write in (lambda: set_session(request, READER), lambda: regenerate_session(request)):
        with (
            override_settings(MIDDLEWARE=[]),
            pytest.raises(InvalidPolicy, match=r"add .*\.SessionMiddleware above SessionKitMiddleware$"),
        ):
            write()
        with pytest.raises(InvalidPolicy, match=r"^MIDDLEWARE: .* move the middleware that .* below SessionMiddleware"):
            write()
    clear_session(request)


TAKE_THE_REQUEST = (
    "Functions that change the session take the request as their first argument, as in set_session(request, data)"
)


def test_what_is_no_request_is_named():
    store = request_with_session(READER).session
    for write in (
        lambda: set_session(store, READER),
        lambda: update_session(store, {"plan": "x"}),
        lambda: confirm_session(store),
        lambda: clear_session(store),
        lambda: regenerate_session(store),
        lambda: async_to_sync(aset_session)(store, READER),
    ):
        with pytest.raises(TypeError, match=rf"^{re.escape(TAKE_THE_REQUEST)}, not SessionStore\.$"):
            write()
    with pytest.raises(TypeError, match=r"as in set_session\(request, data\), not dict\.$"):
        set_session(READER, RequestFactory().get("/"))


def test_a_sync_write_on_an_event_loop_names_its_twin():
    async def write(call):
        call(request_with_session(READER))

    for call, async_name in (
        (lambda request: set_session(request, READER), "aset_session"),
        (lambda request: update_session(request, {}), "aupdate_session"),
        (confirm_session, "aconfirm_session"),
        (clear_session, "aclear_session"),
        (regenerate_session, "aregenerate_session"),
    ):
        with pytest.raises(AsyncRequired, match=async_name):
            async_to_sync(write)(call)


@pytest.fixture
def heard():
    events = []

    def listen(name):
        def receiver(sender, signal, **kwargs):
            events.append((name, kwargs))

        return receiver

    receivers = [listen(name) for name in ("registered", "updated", "confirmed", "cleared")]
    sent = (
        signals.session_registered,
        signals.session_updated,
        signals.session_confirmed,
        signals.session_cleared,
    )
    pairs = list(zip(sent, receivers, strict=True))
    for signal, receiver in pairs:
        signal.connect(receiver)
    yield events
    for signal, receiver in pairs:
        signal.disconnect(receiver)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_every_write_is_announced_without_values(heard, kind):
    def sync(request):
        set_session(request, READER)
        update_session(request, {"role": "editor", "canary-field": "canary-value"})
        confirm_session(request, amr=["canary-factor"])
        clear_session(request)
        clear_session(request)

    async def asynchronous(request):
        await aset_session(request, READER)
        await aupdate_session(request, {"role": "editor", "canary-field": "canary-value"})
        await aconfirm_session(request, amr=["canary-factor"])
        await aclear_session(request)
        await aclear_session(request)

    request = request_with_session()
    (sync if kind == "sync" else async_to_sync(asynchronous))(request)
    assert all(kwargs["request"] is request for _, kwargs in heard)
    assert [name for name, _ in heard] == ["registered", "updated", "confirmed", "cleared"]
    assert heard[1][1]["changed"] == ("custom", "role")
    users = {kwargs["user"] for _, kwargs in heard}
    assert len(users) == 1
    assert len(users.pop()) == 16
    assert "canary" not in repr([{**kwargs, "request": None} for _, kwargs in heard])


def test_a_failing_receiver_changes_nothing(caplog):
    def receiver(**kwargs):
        raise RuntimeError

    signals.session_registered.connect(receiver)
    try:
        assert set_session(request_with_session(), READER).user_id == "1"
    finally:
        signals.session_registered.disconnect(receiver)
    assert any(record.levelno == logging.ERROR for record in caplog.records)


@override_settings(SESSIONKIT_ACCESS_POLICY=f"{__name__}.Broken")
def test_where_the_policy_fails_the_key_is_rotated(caplog):
    request = request_with_session(READER)
    request.session.save()
    key = request.session.session_key
    update_session(request, {"plan": "x"})
    assert request.session.session_key != key
    assert caplog.messages == ["the access policy raised RuntimeError. The session key is rotated."]


class Broken(AccessPolicy):
    def get_roles(self, session):
        raise RuntimeError
