"""The adapter for Channels, with connections in memory. Skipped if Channels is not installed."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import time
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings as django_settings
from django.contrib.auth.models import Group, User
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from support.payload_canaries import CANARY
from support.sessions import ADMIN, EDITOR, READER, sign_in
from support.websockets import WebSocket, until

from django_sessionkit import (
    Allow,
    AllowObject,
    Authenticated,
    Factor,
    Nobody,
    Permission,
    Public,
    Recent,
    Role,
    Within,
    aenforce,
    aevaluate,
    aget_session,
    arequire_session,
    arevoke_sessions,
    enforce,
    evaluate,
    get_session,
    has_role,
    require_session,
    testing,
    validate_session,
)
from django_sessionkit.exceptions import AccessDenied, InvalidPolicy
from django_sessionkit.requirements import step_up
from django_sessionkit.session.audit import user_digest
from django_sessionkit.session.context import current_context
from django_sessionkit.signals import access_denied, session_updated

if find_spec("channels") is None:
    pytest.skip("needs channels", allow_module_level=True)

from channels.auth import AuthMiddlewareStack, logout
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from channels.generic.http import AsyncHttpConsumer
from channels.generic.websocket import (
    AsyncJsonWebsocketConsumer,
    AsyncWebsocketConsumer,
    JsonWebsocketConsumer,
    WebsocketConsumer,
)
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from django.urls import path

from django_sessionkit.contrib import channels as adapter
from django_sessionkit.contrib.channels import (
    RequireConsumerMixin,
    SessionKitChannelsMiddleware,
    SessionKitMiddlewareStack,
)
from django_sessionkit.contrib.channels.connection import handshake

pytestmark = pytest.mark.django_db  # Channels closes old connections around each message

SOON = 0.01  # seconds between two checks of a session, for the tests of the timer
EDITS, WRITES, MANAGES = Role("editor"), Permission("posts:write"), Permission("users:manage")


class Async:
    """The methods of the async consumers of the tests. ``heard`` has the events that they received."""

    groups = ["news"]

    async def connect(self):
        self.heard.append("connect")
        await self.accept()

    async def receive_json(self, content):
        self.heard.append(content)
        match content:
            case "enforce":
                await aenforce(MANAGES)
            case "require":
                await arequire_session()
            case "log out":
                await logout(self.scope)
            case "break":
                raise ZeroDivisionError
            case "go on":
                await self.send_json("more")
                await sync_to_async(self.meanwhile)()
                for _ in range(99):
                    await self.send_json("still more")
        session = await aget_session()
        await self.send_json([session and session.user_id, has_role("editor"), bool(await aevaluate(WRITES))])

    async def disconnect(self, code):
        await self.send_json("too late")
        self.heard.append(code)

    async def push(self, event):
        self.heard.append("push")
        await self.send_json("pushed")


class Sync:
    """The same for sync consumers."""

    groups = ["news"]

    def connect(self):
        self.heard.append("connect")
        self.accept()

    def receive_json(self, content):
        self.heard.append(content)
        match content:
            case "enforce":
                enforce(MANAGES)
            case "require":
                require_session()
            case "log out":
                async_to_sync(logout)(self.scope)
            case "break":
                raise ZeroDivisionError
            case "go on":
                self.send_json("more")
                self.meanwhile()
                for _ in range(99):
                    self.send_json("still more")
        session = get_session()
        self.send_json([session and session.user_id, has_role("editor"), bool(evaluate(WRITES))])

    def disconnect(self, code):
        self.send_json("too late")
        self.heard.append(code)

    def push(self, event):
        self.heard.append("push")
        self.send_json("pushed")


class AsyncText(Async, AsyncWebsocketConsumer):
    async def receive(self, text_data):
        await self.receive_json(json.loads(text_data))

    async def send_json(self, content):
        await self.send(json.dumps(content))


class SyncText(Sync, WebsocketConsumer):
    def receive(self, text_data):
        self.receive_json(json.loads(text_data))

    def send_json(self, content):
        self.send(json.dumps(content))


class AsyncJson(Async, AsyncJsonWebsocketConsumer):
    pass


class SyncJson(Sync, JsonWebsocketConsumer):
    pass


KINDS = pytest.mark.parametrize("kind", [AsyncText, SyncText, AsyncJson, SyncJson])
BOTH = pytest.mark.parametrize("kind", [AsyncJson, SyncJson])


@pytest.fixture(autouse=True)
def layer(settings):
    """Use the channel layer in memory."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture
def told():
    """Collect the reported denials."""
    told = []
    keep = lambda decision, status, **kwargs: told.append((status, decision.reason, decision.rule))  # noqa: E731
    access_denied.connect(keep, weak=False)
    yield told
    access_denied.disconnect(keep)


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests set forward. Timers do not notice it."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(adapter, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def guarded(kind, requirement=EDITS, **attributes):
    """Return a consumer class with the mixin before ``kind``."""
    attributes = {"requirement": requirement, "heard": [], **attributes}
    return type("Chat", (RequireConsumerMixin, kind), attributes)


def plain(kind):
    return type("Plain", (kind,), {"heard": []})


def store(key):
    return import_module(django_settings.SESSION_ENGINE).SessionStore(key)


class Line(WebSocket):
    """A connection of a browser with a session of ``data``."""

    def __init__(self, consumer, data=EDITOR, stack=SessionKitMiddlewareStack, client=None, path="/chat/", **scope):
        client = client or (sign_in(Client(), data) if data is not None else Client())
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
        super().__init__(stack(consumer.as_asgi()), path, {"cookie": cookies}, **scope)
        self.key = client.session.session_key

    async def open(self):
        assert await self.connect() == (True, None)
        return self

    async def ask(self, content):
        await self.send_json(content)
        return await self.receive_json()

    async def change(self, **fields):
        """Change the dict in the store, as a request on another node does. Without fields, remove it."""
        kept = store(self.key)
        if fields:
            await kept.aset("__session__", {**EDITOR, **fields})
        else:
            await kept.apop("__session__")
        await kept.asave()


def on_loop(test):
    """Run an ``async def`` test. Fail if a task is left when it ends."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        async def all_of_it():
            await test(*args, **kwargs)
            await asyncio.sleep(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            assert current_context() is None

        async_to_sync(all_of_it)()

    return run


async def opened(consumer, data=EDITOR, **how):
    """Create a connection in a thread, because ``Client`` is sync."""
    return await sync_to_async(Line)(consumer, data, **how)


# Connecting -----------------------------------------------------------------------------------------------------------


@KINDS
@on_loop
async def test_who_meets_the_requirement_gets_in_and_the_helpers_know_the_session(kind):
    chat = guarded(kind)
    line = await (await opened(chat)).open()
    assert await line.ask("hi") == ["2", True, True]
    await line.disconnect()
    assert chat.heard == ["connect", "hi", 1000]


@KINDS
@on_loop
async def test_4401_without_a_session_and_4403_without_the_right_before_any_code_of_the_consumer(kind, told):
    chat = guarded(kind)
    for data, code in [(None, 4401), (READER, 4403), ({"user_id": 7}, 4401)]:
        line = await opened(chat, data)
        assert await line.connect() == (False, code)
        await line.wait()
    assert chat.heard == []
    assert get_channel_layer().groups == {}
    assert told == [
        (4401, "not_authenticated", "Chat.requirement"),
        (4403, "missing_role", "Chat.requirement"),
        (4401, "not_authenticated", "Chat.requirement"),
    ]


@BOTH
@on_loop
async def test_4470_for_a_login_that_is_too_old_or_lacks_a_factor(kind, told):
    chat = guarded(kind, Role("editor") & (Recent(60) | Factor("hwk")))
    confirmed = {**EDITOR, "auth_time": int(time.time())}
    for data, code in [({**EDITOR, "auth_time": 0}, 4470), ({**READER, "auth_time": 0}, 4403), (None, 4401)]:
        line = await opened(chat, data)
        assert await line.connect() == (False, code)
        await line.wait()
    line = await (await opened(chat, confirmed)).open()
    await line.disconnect()
    assert [one[:2] for one in told] == [
        (4470, "stale_authentication"),
        (4403, "missing_role"),
        (4401, "not_authenticated"),
    ]


@BOTH
@on_loop
async def test_4403_for_everybody_where_nobody_gets_in(kind, told):
    chat = guarded(kind, Role("editor") & Nobody())
    for data in (None, EDITOR):
        line = await opened(chat, data)
        assert await line.connect() == (False, 4403)
        await line.wait()
    assert told == [(4403, "nobody", "Chat.requirement")] * 2


@BOTH
@on_loop
async def test_a_refusal_can_be_made_visible_to_a_browser_by_accepting_first(kind):
    chat = guarded(kind, accept_before_closing=True)
    for offered, chosen in [([], None), (["v2", "v1"], "v2")]:
        line = await opened(chat, READER, subprotocols=offered)
        assert await line.connect() == (True, chosen)
        assert await line.closed() == 4403
    assert chat.heard == []


@on_loop
async def test_a_connection_that_was_accepted_is_not_accepted_again(clock):
    line = await (await opened(guarded(AsyncJson, accept_before_closing=True))).open()
    await line.ask("hi")
    await line.change()
    clock.now += 60
    await line.send_json("hi")
    await line.wait()
    assert await line.closed() == 4401


@on_loop
async def test_the_order_of_the_base_classes_does_not_matter():
    for kind in (AsyncText, SyncText):
        chat = type("Chat", (kind, RequireConsumerMixin), {"requirement": Role("editor"), "heard": []})
        assert await (await opened(chat, READER)).connect() == (False, 4403)
        line = await (await opened(chat)).open()
        assert await line.ask("hi") == ["2", True, True]
        await line.disconnect()
        assert chat.heard == ["connect", "hi", 1000]


@on_loop
async def test_a_denial_is_one_line_in_the_security_log(caplog):
    with caplog.at_level(logging.WARNING, "django_sessionkit.security"):
        line = await opened(guarded(AsyncJson), READER)
        assert await line.connect() == (False, 4403)
        await line.wait()
    user = user_digest(validate_session(READER))
    line = f"access denied: rule=Chat.requirement reason=missing_role method=GET route=None status=4403 user={user}"
    assert caplog.messages == [line]


@on_loop
async def test_each_check_is_one_line_in_the_log_for_debugging(caplog):
    with caplog.at_level(logging.DEBUG, "django_sessionkit"):
        line = await opened(guarded(AsyncJson), READER)
        assert await line.connect() == (False, 4403)
        await line.wait()
    line = "denied: rule=None reason=missing_role requirement=Role('editor') method=GET route=None"
    assert [one for one in caplog.messages if one.startswith("denied: ")] == [line]


@on_loop
async def test_a_public_consumer_is_open_to_those_without_a_session():
    line = await (await opened(guarded(AsyncJson, Public()), None)).open()
    assert await line.ask("hi") == [None, False, False]
    await line.disconnect()


@pytest.mark.parametrize(
    ("attributes", "complaint"),
    [
        ({"requirement": None}, "Chat.requirement: needs a requirement, not None"),
        ({"requirement": "editor"}, "Chat.requirement: needs a requirement, not str"),
        (
            {"requirement": AllowObject("a.b")},
            r"^Chat.requirement: AllowObject\('a.b'\) needs an object, and a connection has none; call aenforce",
        ),
        ({"recheck_every": 0}, "^Chat.recheck_every: must be a number of seconds above 0; None for never"),
        ({"recheck_every": True}, "Chat.recheck_every: must be a number of seconds above 0"),
        ({"recheck_every": "60"}, "Chat.recheck_every: must be a number of seconds above 0"),
        ({"recheck_every": float("nan")}, "Chat.recheck_every: must be a number of seconds above 0"),
    ],
)
def test_a_wrong_attribute_is_an_error_when_the_router_is_built(attributes, complaint):
    attributes = {"requirement": Role("editor"), **attributes}
    chat = type("Chat", (RequireConsumerMixin, AsyncWebsocketConsumer), attributes)
    with pytest.raises(ImproperlyConfigured, match=complaint):
        chat.as_asgi()


def test_what_channels_would_swallow_is_an_error():
    with pytest.raises(InvalidPolicy, match=r'^Chat.as_asgi: does not take "requirement"; set it on the class'):
        guarded(AsyncJson).as_asgi(requirement=Role("admin"))


@on_loop
async def test_a_consumer_that_nobody_has_checked_serves_nobody():
    chat = type("Chat", (RequireConsumerMixin, AsyncWebsocketConsumer), {})
    line = WebSocket(SessionKitMiddlewareStack(chat()), "/")
    with pytest.raises(InvalidPolicy, match="needs a requirement"):
        await line.fail()


@on_loop
async def test_without_the_middleware_nobody_gets_in():
    line = WebSocket(guarded(AsyncJson).as_asgi(), "/")
    with pytest.raises(InvalidPolicy, match=r"^Chat: needs a WebSocket inside SessionKitMiddlewareStack"):
        await line.fail()
    line = WebSocket(SessionKitChannelsMiddleware(guarded(AsyncJson).as_asgi()), "/")
    with pytest.raises(
        InvalidPolicy, match=r"^SessionKitChannelsMiddleware: there is no session store; use SessionKitMiddle"
    ):
        await line.fail()


@on_loop
async def test_the_mixin_is_not_for_http():
    line = await opened(guarded(AsyncHttpConsumer), type="http", method="GET")
    with pytest.raises(InvalidPolicy, match="needs a WebSocket"):
        await line.fail()


def test_a_server_with_an_invalid_policy_does_not_start(settings):
    settings.SESSIONKIT_PROTECT = [{"pattern": "/x", "rol": "editor"}]
    with pytest.raises(InvalidPolicy, match='did you mean "role"'):
        SessionKitMiddlewareStack(plain(AsyncJson).as_asgi())


# The helpers without the mixin ----------------------------------------------------------------------------------------


@KINDS
@on_loop
async def test_the_helpers_work_in_any_consumer(kind):
    for data, answer in [(EDITOR, ["2", True, True]), (READER, ["1", False, False]), (None, [None, False, False])]:
        line = await (await opened(plain(kind), data)).open()
        assert await line.ask("hi") == answer
        await line.disconnect()


@on_loop
async def test_two_connections_on_one_loop_do_not_know_of_each_other():
    ann, bob = await (await opened(guarded(AsyncJson))).open(), await (await opened(plain(AsyncJson), READER)).open()
    for _ in range(2):
        assert await asyncio.gather(ann.ask("hi"), bob.ask("hi")) == [["2", True, True], ["1", False, False]]
    await ann.disconnect()
    assert await bob.ask("hi") == ["1", False, False]
    await bob.disconnect()


@on_loop
async def test_the_session_that_was_checked_needs_no_await():
    class Chat(AsyncJson):
        async def receive_json(self, content):
            await self.send_json(has_role("editor"))

    line = await (await opened(guarded(Chat))).open()
    assert await line.ask("hi") is True
    await line.disconnect()


@BOTH
@on_loop
async def test_a_connection_has_one_tenant_however_often_it_is_checked(kind, settings):
    asked = []
    settings.SESSIONKIT_TENANT = lambda request: asked.append(request.path) or ["acme", "globex"][len(asked) - 1]
    data = {**READER, "tenants": {"acme": {"roles": ["editor"]}, "globex": {}}}
    line = await (await opened(guarded(kind, Within(EDITS), recheck_every=SOON), data)).open()
    for number in range(3):
        await line.change(**data, plan=number)
        await asyncio.sleep(2 * SOON)
        assert await line.ask("hi") == ["1", False, False]
    await line.disconnect()
    assert asked == ["/chat/"]


@on_loop
async def test_a_connection_is_denied_in_another_tenant(settings):
    settings.SESSIONKIT_TENANT = lambda request: "globex"
    data = {**READER, "tenants": {"acme": {"roles": ["editor"]}, "globex": {}}}
    line = await opened(guarded(AsyncJson, Within(EDITS)), data)
    assert await line.connect() == (False, 4403)
    await line.wait()


@BOTH
@on_loop
async def test_what_enforce_raises_closes_the_connection_and_is_reported(kind, told):
    chat = guarded(kind)
    line = await (await opened(chat)).open()
    await line.send_json("enforce")
    assert await line.closed() == 4403
    assert chat.heard == ["connect", "enforce", 4403]
    chat = guarded(kind, Public())
    line = await (await opened(chat, None)).open()
    await line.send_json("require")
    assert await line.closed() == 4401
    assert told == [
        (4403, "missing_permission", None),
        (4401, "not_authenticated", None),
    ]


@on_loop
async def test_a_denial_that_the_consumer_raises_itself_is_reported_for_its_session(told):
    class Chat(AsyncJson):
        async def receive_json(self, content):
            raise AccessDenied

    line = await (await opened(guarded(Chat))).open()
    await line.send_json("hi")
    assert await line.closed() == 4403
    assert told == [(4403, "denied", "Chat.requirement")]


@on_loop
async def test_enforce_before_the_connection_is_accepted_refuses_it():
    class Chat(RequireConsumerMixin, AsyncWebsocketConsumer):
        requirement = Authenticated()

        async def connect(self):
            await aenforce(MANAGES)
            await self.accept()

    assert await (await opened(Chat)).connect() == (False, 4403)
    line = await (await opened(Chat, ADMIN)).open()
    await line.disconnect()


@on_loop
async def test_enforce_in_a_connection_that_is_over_is_an_error_like_any_other(told):
    class Chat(RequireConsumerMixin, AsyncWebsocketConsumer):
        requirement = Authenticated()

        async def receive(self, text_data):
            await self.close(4000)
            await aenforce(MANAGES)

    line = await (await opened(Chat)).open()
    await line.send_json("x")
    assert (await line.receive_output())["code"] == 4000
    with pytest.raises(Exception, match="does not have the right"):
        await line.wait()
    assert [one[0] for one in told] == [4403]


# While the connection is open -----------------------------------------------------------------------------------------


async def expire(line):
    kept = store(line.key)
    await kept.aset_expiry(-1)
    await kept.asave()


ENDS = {
    "cleared": (4401, lambda line: line.change()),
    "flushed": (4401, lambda line: store(line.key).aflush()),
    "expired": (4401, expire),
    "malformed": (4401, lambda line: line.change(roles="editor")),
    "lowered": (4403, lambda line: line.change(role="reader")),
}


@pytest.mark.parametrize("end", ENDS)
@BOTH
@on_loop
async def test_an_idle_connection_is_closed_when_its_session_ends(kind, end, told):
    chat = guarded(kind, recheck_every=SOON)
    line = await (await opened(chat)).open()
    assert get_channel_layer().groups["news"]
    code, finish = ENDS[end]
    await finish(line)
    assert await line.closed() == code
    assert chat.heard == ["connect", code]
    assert get_channel_layer().groups.get("news", {}) == {}
    assert [one[0] for one in told] == [code]


@BOTH
def test_a_revocation_closes_the_idle_connections_of_a_user(kind, settings, told):
    settings.SESSIONKIT_VERSION = "django_sessionkit.versions.cached_version"
    clients = [testing.sign_in(Client(), role="editor", user_id=user_id) for user_id in "29"]

    @on_loop
    async def connect():
        chat = guarded(kind, recheck_every=SOON)
        revoked, other = [await (await opened(chat, client=client)).open() for client in clients]
        await arevoke_sessions("2")
        assert await revoked.closed() == 4401
        assert await other.ask("hi") == ["9", True, False]
        await other.disconnect()

    connect()
    assert [one[0] for one in told] == [4401]


@pytest.mark.parametrize("between", ["nothing", "a request"])
def test_each_look_renews_what_is_out_of_date_until_a_request_has_stored_it(between, settings, clock):
    settings.SESSIONKIT_VERSION = "django_sessionkit.versions.cached_version"
    settings.SESSIONKIT_REFRESH = f"{__name__}.renewed"
    client = testing.sign_in(Client(), role="reader", user_id="2")
    updates = []
    keep = lambda **kwargs: updates.append(True)  # noqa: E731
    session_updated.connect(keep)

    @on_loop
    async def connect():
        await arevoke_sessions("2")
        line = await (await opened(guarded(AsyncJson), client=client)).open()
        for _ in range(3):
            clock.now += 60
            assert await line.ask("hi") == ["2", True, False]
            if between == "a request":
                await sync_to_async(client.get)("/who/")
        await line.disconnect()

    connect()
    assert len(updates) == (4 if between == "nothing" else 3)  # on connecting, at one check, in the request


def renewed(session, request):
    return {**session.to_dict(), "role": "editor"}


@KINDS
@on_loop
async def test_a_connection_stays_open_as_long_as_its_session_holds(kind):
    line = await (await opened(guarded(kind, recheck_every=SOON))).open()
    assert await line.receive_nothing(3 * SOON)
    assert await line.ask("hi") == ["2", True, True]
    await get_channel_layer().group_send("news", {"type": "push"})
    assert await line.receive_json() == "pushed"
    await line.disconnect()


@pytest.mark.parametrize("by", ["message", "push"])
@KINDS
@on_loop
async def test_no_message_and_no_push_is_handled_once_the_session_has_ended(kind, by, clock, told):
    chat = guarded(kind)
    line = await (await opened(chat)).open()
    await line.change(role="reader")
    assert await line.ask("hi") == ["2", True, True]  # before 60 seconds have passed
    clock.now += 60
    if by == "message":
        await line.send_json("again")
    else:
        await get_channel_layer().group_send("news", {"type": "push"})
    assert await line.closed() == 4403
    assert chat.heard == ["connect", "hi", 4403]
    assert told == [(4403, "missing_role", "Chat.requirement")]


@BOTH
@on_loop
async def test_a_handler_that_goes_on_for_long_cannot_send_once_the_session_has_ended(kind, clock, told):
    def end(self):
        store(self.scope["session"].session_key).flush()
        clock.now += 60

    chat = guarded(kind, meanwhile=end)
    line = await (await opened(chat)).open()
    await line.send_json("go on")
    assert await line.receive_json() == "more"
    assert await line.receive_output() == {"type": "websocket.close", "code": 4401}
    await line.wait()
    assert line.output_queue.empty()
    assert chat.heard == ["connect", "go on", 4401]
    assert told == [(4401, "not_authenticated", "Chat.requirement")]


@KINDS
@on_loop
async def test_messages_are_handled_with_the_renewed_session(kind, clock):
    line = await (await opened(guarded(kind))).open()
    await line.change(permissions=[])
    assert await line.ask("hi") == ["2", True, True]
    clock.now += 60
    assert await line.ask("hi") == ["2", True, False]
    await line.change(role="reader", roles=["editor"], permissions=["posts:write"])
    clock.now += 60
    assert await line.ask("hi") == ["2", True, True]
    await line.disconnect()


@on_loop
async def test_a_task_of_the_consumer_sees_the_renewed_session_and_is_stopped_with_it(clock, told):
    class Chat(AsyncJson):
        async def connect(self):
            await super().connect()
            self.task = asyncio.create_task(self.tell())

        async def tell(self):
            while True:
                await self.send_json((await aget_session())["plan"])
                await asyncio.sleep(0)

        async def disconnect(self, code):
            self.heard.append(code)
            with pytest.raises(StopConsumer):
                await self.task

    chat = guarded(Chat)
    line = await (await opened(chat, {**EDITOR, "plan": "old"})).open()
    assert await line.receive_json() == "old"
    await line.change(plan="new")
    clock.now += 60
    while await line.receive_json() != "new":
        pass
    await line.change(role="reader", plan="new")
    clock.now += 60
    while (message := await line.receive_output())["type"] == "websocket.send":
        pass
    assert message["code"] == 4403
    await line.disconnect(1006)  # as a server reports after it has closed
    assert chat.heard == ["connect", 4403]
    assert len(told) == 1


@BOTH
@on_loop
async def test_without_an_interval_what_was_decided_at_the_beginning_holds(kind, clock):
    line = await (await opened(guarded(kind, recheck_every=None))).open()
    await line.change()
    clock.now += 1e9
    assert await line.ask("hi") == ["2", True, True]
    await line.disconnect()


@pytest.mark.parametrize("engine", ["db", "cached_db", "cache", "file", "signed_cookies"])
def test_every_session_engine_will_do(engine, settings, clock, tmp_path):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    client = testing.sign_in(Client(), role="editor", user_id="2")

    @on_loop
    async def connect():
        line = await (await opened(guarded(AsyncJson), client=client)).open()
        clock.now += 60
        assert await line.ask("hi") == ["2", True, False]
        if engine == "signed_cookies":
            return await line.disconnect()  # there is no session that could be ended
        await store(client.session.session_key).aflush()
        clock.now += 60
        await line.send_json("hi")
        assert await line.closed() == 4401

    connect()


@on_loop
async def test_a_database_connection_that_has_been_idle_for_long_is_not_used(monkeypatch):
    closed = []
    monkeypatch.setattr(adapter, "close_old_connections", lambda: closed.append(True))
    line = await (await opened(guarded(AsyncJson, recheck_every=SOON))).open()
    assert closed == [True]
    await until(lambda: len(closed) > 1)
    await line.disconnect()


@BOTH
@on_loop
async def test_a_log_out_in_the_consumer_itself_counts_at_once(kind):
    chat = guarded(kind, recheck_every=None)
    line = await (await opened(chat)).open()
    await line.send_json("log out")
    assert await line.closed() == 4401
    assert chat.heard == ["connect", "log out", 4401]


@BOTH
@on_loop
async def test_a_login_that_gives_no_valid_session_is_closed_with_4403(kind, settings, told):
    settings.SESSIONKIT_SOURCE = malformed
    line = await opened(guarded(kind))
    assert await line.connect() == (False, 4403)
    await line.wait()
    assert told == [(4403, "refused", "Chat.requirement")]


@BOTH
@on_loop
async def test_what_the_validator_cannot_check_is_closed_with_1011_and_stays(kind, settings, told):
    settings.SESSIONKIT_SESSION_VALIDATOR = unsure
    chat = guarded(kind, recheck_every=SOON)
    line = await (await opened(chat)).open()
    with missing(STORE):
        assert await line.closed() == 1011
        other = await opened(guarded(kind))
        assert await other.connect() == (False, 1011)
        await other.wait()
    line = await (await opened(guarded(kind))).open()
    await line.disconnect()
    assert told == [(1011, "unknown_for_now", "Chat.requirement")] * 2


@BOTH
@on_loop
async def test_a_store_that_fails_closes_the_connection_with_1011(kind, settings, caplog, told):
    settings.SESSIONKIT_SOURCE = f"{__name__}.unreliable"
    for opens in (False, True):
        chat = guarded(kind, recheck_every=SOON)
        line = await opened(chat)
        if opens:
            await line.open()
        with missing(STORE):
            if opens:
                assert await line.closed() == 1011
            else:
                assert await line.connect() == (False, 1011)
        assert chat.heard == ["connect", 1011][: 2 * opens]
    assert told == [(1011, "unknown_for_now", "Chat.requirement")] * 2
    assert "session could not be loaded, so its state is unknown for now: ConnectionError at " in caplog.text
    assert CANARY not in caplog.text


@BOTH
def test_versions_that_cannot_be_asked_for_close_the_connection_with_1011(kind, settings, clock, told):
    settings.SESSIONKIT_VERSION = f"{__name__}.version"
    client = testing.sign_in(Client(), role="editor", user_id="2")

    @on_loop
    async def connect():
        chat = guarded(kind)
        line = await (await opened(chat, client=client)).open()
        with missing(STORE):
            clock.now += 60
            await line.send_json("hi")
            assert await line.closed() == 1011
            assert await (await opened(chat, client=client)).connect() == (False, 1011)
        line = await (await opened(chat, client=client)).open()
        await line.disconnect()

    connect()
    assert [one[0] for one in told] == [1011, 1011]


STORE = SimpleNamespace(works=True)


@contextmanager
def missing(store):
    store.works = False
    try:
        yield
    finally:
        store.works = True


def version(user_id):
    if not STORE.works:
        raise ConnectionError(CANARY)
    return 1


def malformed(request):
    return {"user_id": 7}


def unsure(data):
    if not STORE.works:
        raise ConnectionError(CANARY)
    return data


def unreliable(request):
    if not STORE.works:
        raise ConnectionError(CANARY)
    return EDITOR


@pytest.fixture
def looks(monkeypatch):
    """Collect each look at the clock, which is running."""
    looks = []
    monkeypatch.setattr(adapter, "time", SimpleNamespace(monotonic=lambda: looks.append(True) or time.monotonic()))
    return looks


@on_loop
async def test_a_connection_that_the_consumer_has_closed_is_let_alone(told, looks):
    class Chat(AsyncJson):
        async def push(self, event):
            await self.close(4000)

    line = await (await opened(guarded(Chat, recheck_every=SOON))).open()
    await get_channel_layer().group_send("news", {"type": "push"})
    assert (await line.receive_output())["code"] == 4000
    looks.clear()
    await line.change()
    assert await line.receive_nothing(2 * SOON)
    assert looks == []  # the timer has stopped
    await line.disconnect(4000)
    assert told == []


class Lingering(AsyncConsumer):
    """A consumer that does not stop when the client disconnects."""

    async def websocket_connect(self, message):
        await self.channel_layer.group_add("news", self.channel_name)
        await self.send({"type": "websocket.accept"})

    async def websocket_disconnect(self, message):
        self.heard.append(message["code"])

    async def push(self, event):
        self.heard.append("push")
        raise StopConsumer


@on_loop
async def test_a_connection_that_the_client_has_closed_is_let_alone(told, looks):
    chat = guarded(Lingering, recheck_every=SOON)
    line = await (await opened(chat)).open()
    await line.send_input({"type": "websocket.disconnect", "code": 1001})
    await until(lambda: chat.heard)
    looks.clear()
    await line.change()
    assert await line.receive_nothing(2 * SOON)
    assert looks == []  # the timer has stopped
    await get_channel_layer().group_send("news", {"type": "push"})
    await line.wait()
    assert chat.heard == [1001, "push"]
    assert told == []


class Closing(AsyncJson):
    """A consumer that closes the connection itself."""

    async def receive_json(self, content):
        self.heard.append(content)
        if content == "close":
            await self.close(4000)

    async def push(self, event):
        self.heard.append("push")
        if "text" in event:
            await self.send_json(event["text"])


@pytest.mark.parametrize("by", ["message", "push"])
@on_loop
async def test_after_the_consumer_has_closed_nothing_is_handled_once_the_session_has_ended(by, clock, told):
    chat = guarded(Closing)
    line = await (await opened(chat)).open()
    await line.send_json("close")
    assert (await line.receive_output())["code"] == 4000
    await get_channel_layer().group_send("news", {"type": "push", "text": "a last word"})
    assert await line.receive_json() == "a last word"
    await line.change()
    clock.now += 60
    if by == "message":
        await line.send_json("write")
    else:
        await get_channel_layer().group_send("news", {"type": "push"})
    await line.wait()
    assert line.output_queue.empty()  # it has been closed already
    assert chat.heard == ["connect", "close", "push", 4401]
    assert told == [(4401, "not_authenticated", "Chat.requirement")]


@on_loop
async def test_the_consumer_closes_with_its_own_code_although_the_next_check_is_due(clock, told):
    class Slow(Closing):
        async def receive_json(self, content):
            clock.now += 60
            await super().receive_json(content)

    line = await (await opened(guarded(Slow))).open()
    await line.change()
    await line.send_json("close")
    assert (await line.receive_output())["code"] == 4000
    await line.disconnect()
    assert told == []


@on_loop
async def test_what_is_sent_while_the_consumer_takes_its_leave_asks_nobody(clock, told):
    chat = guarded(AsyncJson)
    line = await (await opened(chat)).open()
    await line.change()
    clock.now += 60
    await line.disconnect()
    assert await line.receive_json() == "too late"
    assert chat.heard == ["connect", 1000]
    assert told == []


def strict(consumer):
    """Fail if something is sent after the client has disconnected, as uvicorn with the library websockets does."""

    async def app(scope, receive, send):
        async def observed():
            message = await receive()
            scope["has gone"] = message["type"] == "websocket.disconnect"
            return message

        async def refusing(message):
            assert not scope.get("has gone"), "said to nobody"
            await send(message)

        await SessionKitMiddlewareStack(consumer)(scope, observed, refusing)

    return app


def failing(error):
    """The client has disconnected, and the server notices it only when it closes the connection."""

    def stack(consumer):
        async def app(scope, receive, send):
            async def closing(message):
                if message["type"] == "websocket.close":
                    raise error
                await send(message)

            await SessionKitMiddlewareStack(consumer)(scope, receive, closing)

        return app

    return stack


@pytest.mark.parametrize("error", [ConnectionResetError(), RuntimeError("Unexpected ASGI message 'websocket.close'")])
@on_loop
async def test_a_client_that_goes_while_it_is_sent_away_leaves_nothing_behind(error, told):
    chat = guarded(AsyncJson, recheck_every=SOON)
    line = await (await opened(chat, stack=failing(error))).open()
    await line.change()
    await line.wait()
    assert chat.heard == ["connect", 4401]
    assert get_channel_layer().groups.get("news", {}) == {}
    assert [one[0] for one in told] == [4401]


@on_loop
async def test_nothing_is_said_to_a_client_that_goes_during_a_look(told):
    async def slow(session, request):
        looks.append(True)
        if len(looks) > 1:
            await line.send_input({"type": "websocket.disconnect", "code": 1001})
            await asyncio.sleep(SOON)
        return len(looks) == 1

    looks = []
    chat = guarded(AsyncJson, Allow(slow), recheck_every=SOON)
    line = await (await opened(chat, stack=strict)).open()
    await line.wait()
    assert line.output_queue.empty()
    assert chat.heard == ["connect", 4403]
    assert get_channel_layer().groups.get("news", {}) == {}
    assert [one[0] for one in told] == [4403]


class Busy(AsyncJson):
    """Sends from a task when a test allows it, and may cancel the sending. ``met`` has the exceptions."""

    gives_up = None

    async def connect(self):
        await super().connect()
        self.task = asyncio.create_task(self.tell())

    async def tell(self):
        await self.told.wait()
        sending = asyncio.create_task(self.send_json("from a task"))
        if self.gives_up:
            await self.gives_up.wait()
            sending.cancel()
        try:
            await sending
        except (StopConsumer, asyncio.CancelledError) as error:
            self.met.append(type(error))

    async def disconnect(self, code):
        self.heard.append(code)
        await self.task


@pytest.fixture
def slow():
    """A slow receiver of denials. ``done`` has the close codes that it has handled."""
    slow = SimpleNamespace(has_begun=asyncio.Event(), may_end=asyncio.Event(), done=[])

    async def take_time(status, **kwargs):
        slow.has_begun.set()
        await slow.may_end.wait()
        slow.done.append(status)

    access_denied.connect(take_time)
    yield slow
    access_denied.disconnect(take_time)


async def found_in_a_task(clock, **attributes):
    """Return a consumer with a task that is about to send after the session has ended."""
    chat = guarded(Busy, told=asyncio.Event(), met=[], **attributes)
    line = await (await opened(chat)).open()
    await line.change()
    await asyncio.sleep(SOON)  # it waits for a message by now
    clock.now += 60
    chat.told.set()
    return chat, line


NEXT = [{"type": "websocket.receive", "text": '"hi"'}, {"type": "websocket.disconnect", "code": 1006}]


@pytest.mark.parametrize("message", NEXT, ids=lambda message: message["type"])
@on_loop
async def test_a_message_does_not_overtake_the_close_that_a_task_has_caused(message, clock, slow):
    chat, line = await found_in_a_task(clock)
    assert await line.receive_output() == {"type": "websocket.close", "code": 4401}
    assert slow.done == []
    await line.send_input(message)
    soon(slow.may_end.set)
    await line.wait()
    assert slow.done == [4401]
    assert line.output_queue.empty()
    assert (chat.heard, chat.met) == (["connect", 4401], [StopConsumer])


@on_loop
async def test_a_task_that_does_not_wait_for_the_report_does_not_undo_it(clock, slow):
    chat, line = await found_in_a_task(clock, gives_up=slow.has_begun)
    assert await line.receive_output() == {"type": "websocket.close", "code": 4401}
    await until(lambda: chat.met)
    soon(slow.may_end.set)
    await line.disconnect(4401)
    assert slow.done == [4401]
    assert line.output_queue.empty()
    assert (chat.heard, chat.met) == (["connect", 4401], [asyncio.CancelledError])


@on_loop
async def test_a_server_that_stops_waits_for_the_report_of_a_denial(clock, slow):
    chat, line = await found_in_a_task(clock)
    assert await line.receive_output() == {"type": "websocket.close", "code": 4401}
    await line.send_json("hi")
    await asyncio.sleep(SOON)
    line.future.cancel()
    soon(slow.may_end.set)
    with pytest.raises(asyncio.CancelledError):
        await line.future
    assert slow.done == [4401]
    assert chat.heard == ["connect"]


def soon(then):
    asyncio.get_running_loop().call_later(SOON, then)


@on_loop
async def test_a_task_that_sends_while_the_consumer_takes_its_leave_is_stopped(clock, told):
    class Chat(Busy):
        async def disconnect(self, code):
            self.told.set()
            await super().disconnect(code)

    chat = guarded(Chat, told=asyncio.Event(), met=[])
    line = await (await opened(chat)).open()
    await line.change()
    clock.now += 60
    await line.send_json("hi")
    assert await line.closed() == 4401
    assert (chat.heard, chat.met) == (["connect", 4401], [StopConsumer])


@on_loop
async def test_who_is_found_out_twice_is_sent_away_once(clock, told):
    class Chat(AsyncJson):
        async def receive_json(self, content):
            clock.now += 60
            both = await asyncio.gather(self.send_json(1), self.send_json(2), return_exceptions=True)
            self.heard += map(type, both)

    chat = guarded(Chat)
    line = await (await opened(chat)).open()
    await line.change()
    await line.send_json("hi")
    assert await line.closed() == 4401
    assert chat.heard == ["connect", StopConsumer, StopConsumer, 4401]
    assert [one[0] for one in told] == [4401]


@on_loop
async def test_a_look_that_the_end_of_the_connection_overtakes_sends_nobody_away(clock, told):
    async def slow(session, request):
        looks.append(True)
        await asyncio.sleep(5 * SOON)
        return len(looks) == 1

    looks = []
    chat = guarded(Busy, Allow(slow), told=asyncio.Event(), met=[])
    line = await (await opened(chat)).open()
    await asyncio.sleep(SOON)  # it waits for a message by now
    clock.now += 60
    chat.told.set()
    await until(lambda: len(looks) == 2)
    await line.disconnect()
    assert (chat.heard, chat.met) == (["connect", 1000], [])
    assert told == []


@BOTH
@on_loop
async def test_an_error_of_the_consumer_is_its_own_and_leaves_nothing_behind(kind, told):
    line = await (await opened(guarded(kind))).open()
    await line.send_json("break")
    with pytest.raises(ZeroDivisionError):
        await line.wait()
    assert told == []


@on_loop
async def test_a_consumer_may_stop_by_itself(told):
    class Chat(AsyncJson):
        async def push(self, event):
            heard.append(event["type"])
            raise StopConsumer

    heard = []
    line = await (await opened(guarded(Chat))).open()
    for _ in range(2):
        await get_channel_layer().group_send("news", {"type": "push"})
    await line.wait()
    assert heard == ["push"]
    assert line.output_queue.empty()  # the caller has not been disconnected
    assert told == []


# What sources and predicates get --------------------------------------------------------------------------------------


def in_room(session, request):
    assert (request.method, request.path, request.GET["a"], request.is_secure()) == ("GET", "/rooms/7/", "b", True)
    assert request.headers["Cookie"]
    return session["room"] == request.scope["url_route"]["kwargs"]["room"]


@on_loop
async def test_a_predicate_sees_the_request_and_the_route(clock):
    def rooms(consumer):
        return SessionKitMiddlewareStack(URLRouter([path("rooms/<int:room>/", consumer)]))

    where = {"path": "/rooms/7/?a=b", "scheme": "wss"}
    room = guarded(AsyncJson, Allow(in_room))
    line = await opened(room, {**EDITOR, "room": 8}, stack=rooms, **where)
    assert await line.connect() == (False, 4403)
    line = await (await opened(room, {**EDITOR, "room": 7}, stack=rooms, **where)).open()
    await line.change(room=8)
    clock.now += 60
    await line.send_json("hi")
    assert await line.closed() == 4403


@pytest.mark.parametrize(("scope", "is_secure"), [({}, False), ({"scheme": "ws"}, False), ({"scheme": "wss"}, True)])
def test_the_request_is_as_secure_as_the_connection(scope, is_secure):
    request = handshake({"type": "websocket", "path": "/", "query_string": b"", "headers": [], **scope})
    assert (request.scheme, request.is_secure()) == ("https" if is_secure else "http", is_secure)
    assert not hasattr(request, "user")
    assert request.body == b""


def by_token(request):
    return {"Bearer e": EDITOR, "Bearer r": READER}.get(request.headers.get("Authorization"))


@on_loop
async def test_a_source_may_read_headers_and_needs_no_store(settings):
    settings.SESSIONKIT_SOURCE = f"{__name__}.by_token"
    for token, outcome in [("Bearer e", (True, None)), ("Bearer r", (False, 4403)), ("", (False, 4401))]:
        app = SessionKitChannelsMiddleware(guarded(AsyncJson).as_asgi())
        line = WebSocket(app, "/", {"authorization": token})
        assert await line.connect() == outcome
        await line.disconnect()


class Tokens(SessionKitChannelsMiddleware):
    def request_for(self, scope):
        request = super().request_for(scope)
        request.sessionkit_data = by_token(request)
        return request


@on_loop
async def test_a_project_may_add_to_the_request_what_its_source_looks_for(settings, clock):
    settings.SESSIONKIT_SOURCE = "django_sessionkit.sources.RequestAttributeSource"
    line = WebSocket(Tokens(guarded(AsyncJson).as_asgi()), "/", {"authorization": "Bearer e"})
    assert await line.connect() == (True, None)
    for _ in range(2):
        await line.send_json("hi")
        assert await line.receive_json() == ["2", True, True]
        clock.now += 60
    await line.disconnect()


class ExpiringTokens(Tokens):
    is_over = False

    def request_for(self, scope):
        if ExpiringTokens.is_over:
            raise PermissionError(CANARY)
        return super().request_for(scope)


@pytest.mark.parametrize("accepts", [False, True])
@on_loop
async def test_a_request_that_cannot_be_made_closes_the_connection_with_1011(
    accepts, settings, monkeypatch, clock, caplog, told
):
    settings.SESSIONKIT_SOURCE = "django_sessionkit.sources.RequestAttributeSource"
    chat = guarded(AsyncJson, accept_before_closing=accepts)
    failed = []
    keep = lambda decision, **kwargs: failed.append(decision.failed)  # noqa: E731
    access_denied.connect(keep)
    line, late = [WebSocket(ExpiringTokens(chat.as_asgi()), "/", {"authorization": "Bearer e"}) for _ in range(2)]
    assert await line.connect() == (True, None)
    monkeypatch.setattr(ExpiringTokens, "is_over", True)
    clock.now += 60
    await line.send_json("hi")
    assert await line.closed() == 1011
    assert await late.connect() == ((True, None) if accepts else (False, 1011))
    assert await late.closed() == 1011 if accepts else await late.wait() is None
    assert chat.heard == ["connect", 1011]
    assert told == [(1011, "failed", "Chat.requirement")] * 2
    assert failed == [True, True]
    assert "a WebSocket is closed, its session could not be loaded: PermissionError" in caplog.messages
    assert CANARY not in caplog.text


@on_loop
async def test_a_consumer_that_asks_for_nothing_needs_no_request(settings, monkeypatch):
    settings.SESSIONKIT_SOURCE = "django_sessionkit.sources.RequestAttributeSource"
    monkeypatch.setattr(ExpiringTokens, "is_over", True)
    line = WebSocket(ExpiringTokens(AsyncWebsocketConsumer.as_asgi()), "/")
    assert await line.connect() == (True, None)
    await line.disconnect()


def is_staff(session, request):
    return request.user.is_staff


async def ais_staff(session, request):
    return (await request.auser()).is_staff


@pytest.mark.parametrize("stack", [SessionKitMiddlewareStack, lambda one: AuthMiddlewareStack(_inner(one))])
def test_the_bridge_from_contrib_auth_ends_a_connection_with_its_log_in(stack, settings):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_sessionkit.contrib.auth.AuthBridge"]
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    ann = User.objects.create_user("ann", password="anns")
    ann.groups.add(Group.objects.create(name="editor"))
    client = Client()
    client.force_login(ann)
    deactivated = sync_to_async(User.objects.update)

    @on_loop
    async def connect():
        line = await (await opened(guarded(AsyncJson, recheck_every=SOON), client=client, stack=stack)).open()
        assert await line.ask("hi") == [str(ann.pk), True, False]
        await deactivated(is_active=False)
        assert await line.closed() == 4401

    connect()


def _inner(consumer):
    return SessionKitChannelsMiddleware(consumer)


@pytest.mark.parametrize("predicate", [is_staff, ais_staff])
def test_inside_auth_middleware_a_predicate_sees_the_user_as_it_is_now(predicate, settings, clock):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    User.objects.create_user("ann", password="anns", is_staff=True)
    client = sign_in(Client(), EDITOR)
    client.force_login(User.objects.get())
    sign_in(client, EDITOR)

    @on_loop
    async def connect():
        chat = guarded(AsyncJson, Allow(predicate))
        line = await opened(chat, client=client, stack=lambda one: AuthMiddlewareStack(_inner(one)))
        await line.open()
        await sync_to_async(User.objects.update)(is_staff=False)
        clock.now += 60
        await line.send_json("hi")
        assert await line.closed() == 4403

    connect()


@pytest.mark.parametrize("engine", ["db", "cached_db", "cache", "file"])
def test_a_look_leaves_the_log_in_of_the_browser_alone_after_a_change_of_the_secret_key(
    engine, settings, clock, tmp_path
):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_sessionkit.contrib.auth.AuthBridge"]
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    User.objects.create_user("ann", password="anns")
    client = Client()
    client.force_login(User.objects.get())
    key, kept = client.session.session_key, dict(client.session)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one"

    @on_loop
    async def connect():
        line = await (await opened(guarded(AsyncJson, Authenticated()), client=client)).open()
        clock.now += 60
        await line.ask("hi")
        await line.disconnect()

    connect()
    assert dict(store(key)) == kept


def loses(session, request):
    request.session.save()
    request.session.cycle_key()
    request.session.flush()
    return True


async def aloses(session, request):
    await request.session.asave()
    await request.session.acycle_key()
    await request.session.aflush()
    return True


@pytest.mark.parametrize("predicate", [loses, aloses])
@on_loop
async def test_nothing_that_is_done_with_the_session_of_a_look_changes_the_store(predicate):
    line = await (await opened(guarded(AsyncJson, Allow(predicate)))).open()
    await line.disconnect()
    assert await store(line.key).aget("__session__") == EDITOR


@BOTH
@on_loop
async def test_a_connection_ends_when_its_login_gets_too_old(kind, told, monkeypatch):
    now = [1000]
    monkeypatch.setattr(step_up, "time", SimpleNamespace(time=lambda: now[0]))
    chat = guarded(kind, Recent(600), recheck_every=0.001)
    line = await (await opened(chat, {**EDITOR, "auth_time": 1000})).open()
    assert await line.ask("hi") == ["2", True, True]
    now[0] = 1601
    assert await line.closed() == 4470
    assert told == [(4470, "stale_authentication", "Chat.requirement")]
