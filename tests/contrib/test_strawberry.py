"""The adapter for Strawberry, in a small project with both of its views. Skipped if Strawberry is not installed."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import time
import warnings
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.test import AsyncClient, Client, RequestFactory
from support.loops import async_to_sync
from support.payload_canaries import CANARY
from support.sessions import EDITOR, JSON, READER, sign_in
from support.websockets import WebSocket

from django_sessionkit import Nobody, Permission, Public, Role, use_session, validate_session
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.session.audit import user_digest
from django_sessionkit.session.context import LoadedSession, SessionContext, activate
from django_sessionkit.signals import access_denied

if find_spec("strawberry") is None:
    pytest.skip("needs strawberry-graphql", allow_module_level=True)

import strawberry
from support import strawberry_urls

from django_sessionkit.contrib.strawberry import Requires

SESSION_REQUIRED = ("A session is required.", {"code": "UNAUTHENTICATED", "reason": "not_authenticated"})
RIGHT_REQUIRED = (
    "This session does not have the right to do that.",
    {"code": "FORBIDDEN", "reason": "missing_role"},
)
MULTIPART = {"accept": "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json"}
VIEWS = pytest.mark.parametrize("view", ["/graphql/", "/agraphql/"], ids=["view", "async view"])
HANDLERS = pytest.mark.parametrize("asgi", [False, True], ids=["wsgi", "asgi"])
BOTH = pytest.mark.parametrize("a", ["", "a"], ids=["def", "async def"])


@pytest.fixture(autouse=True)
def project(settings):
    settings.ROOT_URLCONF = "support.strawberry_urls"
    strawberry_urls.called.clear()
    logger = logging.getLogger("strawberry.execution")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


@pytest.fixture
def told():
    """Collect the reported denials."""
    told = []

    def keep(request, decision, status, user, **kwargs):
        told.append((decision.rule, decision.reason, status))

    access_denied.connect(keep, weak=False)
    yield told
    access_denied.disconnect(keep)


def post(query, data=None, view="/graphql/", asgi=False, headers=JSON, **how):
    client = AsyncClient(**how) if asgi else Client(**how)
    if data is not None:
        sign_in(client, data)
    call = async_to_sync(client.post) if asgi else client.post
    return call(view, {"query": query}, content_type="application/json", headers=headers)


def ask(query, data=None, view="/graphql/", asgi=False):
    """Return the data, and the messages and extensions of the errors."""
    answer = post(query, data, view, asgi)
    assert answer.status_code == 200
    body = answer.json()
    assert CANARY not in answer.content.decode()
    return body["data"], [(error["message"], error["extensions"]) for error in body.get("errors", [])]


def in_view(view, field):
    """The sync view cannot run async resolvers."""
    return f"a{field}" if view == "/agraphql/" else field


@HANDLERS
@VIEWS
def test_a_query_without_a_session_without_the_right_and_with_it(view, asgi, told):
    for field in {"page", in_view(view, "page")}:
        assert ask(f"{{ {field} }}", None, view, asgi) == (None, [SESSION_REQUIRED])
        assert ask(f"{{ {field} }}", READER, view, asgi) == (None, [RIGHT_REQUIRED])
        assert strawberry_urls.called == []
        rule = f"Query.{field}"
        assert told == [(rule, "not_authenticated", 401), (rule, "missing_role", 403)]
        assert ask(f"{{ {field} }}", EDITOR, view, asgi) == ({field: field}, [])
        assert strawberry_urls.called == [field]
        strawberry_urls.called.clear()
        told.clear()


@VIEWS
def test_a_resolver_gets_its_arguments(view):
    assert ask('{ page(name: "one") two: page(name: "two") }', EDITOR, view) == ({"page": "one", "two": "two"}, [])


def test_the_report_names_the_user_and_the_request():
    told = []
    access_denied.connect(keep := lambda user, request, **kwargs: told.append((user, request.path)), weak=False)
    other = RequestFactory().get("/other/")
    try:
        ask("{ page }", READER)
        ask("{ page }")
        with activate(SessionContext(None, other, LoadedSession(None))):
            strawberry_urls.schema.execute_sync("{ page }", context_value=new_request())
    finally:
        access_denied.disconnect(keep)
    assert told == [(user_digest(validate_session(READER)), "/graphql/"), (None, "/graphql/"), (None, "/other/")]


@HANDLERS
@VIEWS
def test_a_denied_mutation_does_not_run(view, asgi, told):
    field = in_view(view, "publish")
    query = f"mutation {{ {field} }}"
    assert ask(query, None, view, asgi) == ({field: None}, [SESSION_REQUIRED])
    assert ask(query, READER, view, asgi) == ({field: None}, [RIGHT_REQUIRED])
    assert strawberry_urls.called == []
    assert [one[0] for one in told] == [f"Mutation.{field}"] * 2
    assert ask(query, EDITOR, view, asgi) == ({field: "x"}, [])
    assert strawberry_urls.called == [field]


def streamed(query, data):
    """Return what a subscription over HTTP sends."""

    async def read():
        client = sign_in(AsyncClient(), data) if data is not None else AsyncClient()
        answer = await client.post("/agraphql/", {"query": query}, content_type="application/json", headers=MULTIPART)
        assert answer.status_code == 200
        if not answer.streaming:  # old versions of Strawberry, where the subscription cannot start
            return answer.content.decode()
        return b"".join([part async for part in answer.streaming_content]).decode()

    body = async_to_sync(read)()
    found = [json.loads(line) for line in body.splitlines() if line.startswith("{")]
    return [one.get("payload", one) for one in found if one]


def test_a_subscription_is_checked_when_it_starts(told):
    query = "subscription { ticks }"
    assert [one["data"] for one in streamed(query, EDITOR)] == [{"ticks": 0}, {"ticks": 1}]
    for who, (message, extensions) in ((None, SESSION_REQUIRED), (READER, RIGHT_REQUIRED)):
        ((answer,), reported) = streamed(query, who), told.pop()
        assert answer.get("data") is None
        assert [(one["message"], one["extensions"]) for one in answer["errors"]] == [(message, extensions)]
        assert reported[0] == "Subscription.ticks"
    assert told == []


def test_the_fields_of_an_event_are_checked_for_each_event(told):
    found = streamed("subscription { published { title notes } }", READER)
    assert [one["data"]["published"] for one in found] == [{"title": title, "notes": None} for title in "ab"]
    assert [one["errors"][0]["extensions"]["code"] for one in found] == ["FORBIDDEN"] * 2
    assert {*told} == {("Article.notes", "missing_role", 403)}  # with graphql-core 3.2, an event is an execution


@HANDLERS
@VIEWS
def test_a_denied_field_is_null_or_if_it_cannot_be_null_its_object_is(view, asgi, told):
    data, errors = ask("{ articles { title notes } }", READER, view, asgi)
    assert data == {"articles": [{"title": str(number), "notes": None} for number in range(3)]}
    assert errors == [RIGHT_REQUIRED] * 3
    data, errors = ask("{ articles { title secret } }", READER, view, asgi)
    assert data == {"articles": [None] * 3}
    assert errors == [RIGHT_REQUIRED] * 3
    assert told == [("Article.notes", "missing_role", 403), ("Article.secret", "missing_role", 403)]
    data, errors = ask("{ articles { title notes secret } }", EDITOR, view, asgi)
    assert (data["articles"][2], errors) == ({"title": "2", "notes": "notes", "secret": "secret"}, [])


@VIEWS
@pytest.mark.parametrize("field", ["notes", "checked", "achecked"])
def test_a_long_list_is_reported_once_for_each_field(view, field, told, caplog):
    if view == "/graphql/" and field == "achecked":
        return
    query = f"{{ articles(count: 30) {{ title {field} comments {{ author }} }} }}"
    with caplog.at_level(logging.DEBUG, "django_sessionkit"):
        data, errors = ask(query, READER, view)
    assert (len(data["articles"]), len(errors)) == (30, 90)
    assert sorted(one[0] for one in told) == [f"Article.{field}", "Comment.author"]
    lines = [record.message for record in caplog.records if record.name.startswith("django_sessionkit")]
    assert sum(line.startswith("access denied") for line in lines) == 2
    decided = [line for line in lines if line.startswith("denied: ")]
    assert len(decided) == 2
    assert all(" method=POST route=" in line for line in decided)


@BOTH
def test_the_session_is_loaded_once_for_a_long_list(a, settings):
    loads = []

    async def source(request):
        loads.append(request)
        await asyncio.sleep(0)
        return EDITOR

    settings.SESSIONKIT_SOURCE = source
    field = "achecked" if a else "notes"
    data, errors = ask(f"{{ articles(count: 30) {{ {field} comments {{ author }} }} }}", None, "/agraphql/", True)
    assert (len(data["articles"]), data["articles"][29]["comments"][1], errors) == (30, {"author": "Ann"}, [])
    assert len(loads) == 1


def test_each_path_and_each_operation_is_reported(told):
    query = "{ a: articles { notes } b: articles { notes more: notes } }"
    for _ in range(2):
        ask(query, READER)
        assert told == [("Article.notes", "missing_role", 403)] * 3
        told.clear()
    with use_session(READER):
        for _ in range(2):
            strawberry_urls.schema.execute_sync(query)
    assert told == [("Article.notes", "missing_role", None)] * 6


def test_what_is_allowed_for_one_item_does_not_hide_the_denial_of_the_next(told):
    with use_session(READER):
        result = strawberry_urls.schema.execute_sync("{ articles { odd } }")
    assert [one["odd"] for one in result.data["articles"]] == ["odd", None, None]
    assert told == [("Article.odd", "predicate", None)]


@HANDLERS
@VIEWS
def test_the_object_is_that_of_the_field(view, asgi, told):
    data, errors = ask("{ articles { owned } nothing }", EDITOR, view, asgi)
    assert data == {"articles": [{"owned": None}, {"owned": None}, {"owned": "owned"}], "nothing": None}
    assert sorted(extensions["reason"] for _, extensions in errors) == ["no_object", "predicate", "predicate"]
    assert sorted(told) == [("Article.owned", "predicate", 403), ("Query.nothing", "no_object", 403)]


@HANDLERS
@VIEWS
def test_predicates_get_the_request_and_may_be_async(view, asgi):
    query = "{ awaited articles { checked } }"
    assert ask(query, EDITOR, view, asgi) == ({"awaited": "awaited", "articles": [{"checked": "checked"}] * 3}, [])
    data, errors = ask(query, READER, view, asgi)
    assert data == {"awaited": None, "articles": [{"checked": None}] * 3}
    assert {extensions["reason"] for _, extensions in errors} == {"predicate"}


@HANDLERS
@VIEWS
@pytest.mark.parametrize("debug", [False, True])
def test_a_predicate_that_raises_denies_and_its_exception_is_not_shown(view, asgi, debug, settings, told):
    settings.DEBUG = debug
    answer = post("{ fails }", EDITOR, view, asgi)
    assert answer.json()["data"] == {"fails": None}
    assert answer.json()["errors"][0]["extensions"] == {"code": "FORBIDDEN", "reason": "failed"}
    assert "password" not in answer.content.decode()
    assert told == [("Query.fails", "failed", 403)]


@HANDLERS
@VIEWS
def test_a_public_field_is_open_and_the_session_can_be_read(view, asgi, told):
    assert ask("{ news }", None, view, asgi) == ({"news": "news"}, [])
    assert ask("{ me }", EDITOR, view, asgi) == ({"me": "2"}, [])
    assert told == []


@HANDLERS
@VIEWS
def test_it_is_the_first_extension_to_be_called_wherever_it_stands(view, asgi, told):
    for field in {"shouted", in_view(view, "shouted")}:
        assert ask(f"{{ {field} }}", EDITOR, view, asgi) == ({field: "SHOUTED"}, [])
        assert ask(f"{{ {field} }}", READER, view, asgi) == ({field: None}, [RIGHT_REQUIRED])
    if view == "/agraphql/":
        assert ask("{ mixed }", EDITOR, view, asgi) == ({"mixed": "mixed"}, [])
        assert ask("{ mixed }", READER, view, asgi) == ({"mixed": None}, [RIGHT_REQUIRED])


def test_all_requirements_of_a_field_must_be_met_and_one_denial_is_reported(told):
    assert ask("{ both }") == ({"both": None}, [SESSION_REQUIRED])
    assert ask("{ both }", READER) == ({"both": None}, [RIGHT_REQUIRED])
    assert ask("{ both }", EDITOR) == ({"both": "both"}, [])
    assert len(told) == 2


@VIEWS
def test_what_code_enforces_in_a_resolver_has_the_same_form(view, told):
    query = f"{{ {in_view(view, 'enforced')} }}"
    assert ask(query, None, view)[1] == [SESSION_REQUIRED]
    assert ask(query, READER, view)[1] == [RIGHT_REQUIRED]
    assert told == [(None, "not_authenticated", 401), (None, "missing_role", 403)]


def test_debug_says_what_is_missing_and_the_language_is_that_of_the_request(settings, caplog):
    settings.DEBUG = True
    ((message, _),) = ask("{ page }", READER)[1]
    assert message == f'{RIGHT_REQUIRED[0]} Access denied: needs the role "editor".'
    assert "found no session" not in caplog.text
    settings.DEBUG = False
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    answer = post("{ page }", READER, headers={**JSON, "accept-language": "de"})
    assert answer.json()["errors"][0]["message"] == "Sie haben nicht das Recht, das zu tun."


def malformed(request):
    return {"user_id": 7}


def out_of_reach(request):
    raise ConnectionError


STATES = [
    (malformed, 403, "refused", "This login gives no valid session."),
    (out_of_reach, 503, "unknown_for_now", "The session cannot be looked up at the moment. Please try again later."),
]


@HANDLERS
@VIEWS
@pytest.mark.parametrize(("source", "status", "reason", "message"), STATES)
def test_a_session_that_is_refused_or_unknown_is_no_missing_login(
    view, asgi, source, status, reason, message, settings, told
):
    settings.SESSIONKIT_SOURCE = source
    assert ask("{ me news }", None, view, asgi) == (
        {"me": None, "news": "news"},
        [(message, {"code": "FORBIDDEN", "reason": reason})],
    )
    assert told == [("Query.me", reason, status)]


def test_a_login_that_is_too_old_has_its_reason(told):
    with use_session({**EDITOR, "auth_time": 1}):
        (error,) = strawberry_urls.schema.execute_sync("{ recent }").errors
    assert error.extensions == {"code": "FORBIDDEN", "reason": "stale_authentication"}
    assert error.original_error.is_reported is True
    with use_session({**EDITOR, "auth_time": int(time.time())}):
        assert strawberry_urls.schema.execute_sync("{ recent }").data == {"recent": "recent"}
    assert told == [("Query.recent", "stale_authentication", None)]


def test_where_nobody_is_allowed_a_login_would_not_help():
    @strawberry.type
    class Query:
        @strawberry.field(extensions=[Requires(Nobody())])
        def closed(self) -> str | None:
            return "open"

    for who in (None, READER):
        with use_session(who):
            (error,) = strawberry.Schema(Query).execute_sync("{ closed }").errors
        assert (error.message, error.extensions) == (
            "Nobody has the right to do that.",
            {"code": "FORBIDDEN", "reason": "nobody"},
        )
    (error,) = strawberry.Schema(Query).execute_sync("{ closed }").errors  # outside a request
    assert error.extensions == {"code": "FORBIDDEN", "reason": "nobody"}


def test_url_rules_and_requirements_must_both_hold(settings):
    settings.SESSIONKIT_PROTECT = [{"pattern": "/graphql", "role": "staff"}]
    assert post("{ page }", READER).status_code == 403
    assert post("{ news }").status_code == 401
    assert ask("{ page }", EDITOR) == ({"page": "page"}, [])


@VIEWS
def test_without_the_middleware_fields_decide_all_the_same(view, settings, told):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "sessionkit" not in one]
    assert ask("{ page }", None, view) == (None, [SESSION_REQUIRED])
    assert ask("{ page }", READER, view) == (None, [RIGHT_REQUIRED])
    assert ask("{ page }", EDITOR, view) == ({"page": "page"}, [])
    ask("{ articles { notes } }", READER, view)
    assert told[2:] == [("Article.notes", "missing_role", 403)]


def new_request():
    request = RequestFactory().get("/graphql/")
    request.session = sign_in(Client(), EDITOR).session
    return request


CONTEXTS = [
    lambda request: request,
    lambda request: {"request": request},
    lambda request: SimpleNamespace(request=request),
]


@pytest.mark.parametrize("given", CONTEXTS, ids=["request", "dict", "object"])
def test_the_request_is_found_in_every_kind_of_context(given):
    query = "{ page articles(count: 1) { checked } }"
    result = strawberry_urls.schema.execute_sync(query, context_value=given(new_request()))
    assert (result.data, result.errors) == ({"page": "page", "articles": [{"checked": "checked"}]}, None)
    with use_session(READER):  # the current session is not that of the request
        result = strawberry_urls.schema.execute_sync(query, context_value=given(new_request()))
    assert result.data is None
    with use_session(EDITOR):
        result = strawberry_urls.schema.execute_sync(query, context_value=given(new_request()))
    assert result.data["articles"] == [{"checked": "checked"}]


@pytest.mark.parametrize("context", [None, {}, {"request": "none"}, SimpleNamespace()], ids=repr)
def test_outside_a_request_there_is_no_session(context, told, caplog, settings):
    settings.DEBUG = True
    result = strawberry_urls.schema.execute_sync("{ page }", context_value=context)
    assert result.errors[0].extensions["code"] == "UNAUTHENTICATED"
    assert result.errors[0].message == "A session is required. Access denied: needs a session."
    assert told == [("Query.page", "not_authenticated", None)]
    assert "Requires() found no session. The code runs outside a request." in caplog.text
    assert strawberry_urls.schema.execute_sync("{ news }", context_value=context).data == {"news": "news"}


def test_on_an_event_loop_a_sync_execution_needs_no_await_or_has_an_error(told):
    async def execute(query):
        with use_session(EDITOR):
            return strawberry_urls.schema.execute_sync(query)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # graphql-core and Strawberry leave their own coroutines behind
        result = asyncio.run(execute("{ awaited }"))
        gc.collect()
    assert result.data is None
    assert result.errors[0].message == "GraphQL execution failed to complete synchronously."
    assert told == []


@HANDLERS
@pytest.mark.parametrize("rules", [[], [{"pattern": "/cached", "allow": lambda session: True}]])
def test_no_cache_around_the_view_serves_the_answer_of_somebody_else(asgi, rules, settings):
    settings.SESSIONKIT_PROTECT = rules  # a rule has loaded the session before the field is checked
    cache.clear()
    seen = []
    for who in (EDITOR, READER, None, EDITOR) * 2:
        client = AsyncClient() if asgi else Client()
        if who is not None:
            sign_in(client, who)
        call = async_to_sync(client.get) if asgi else client.get
        seen.append(call("/cached/", {"query": "{ page }"}, headers=JSON).json()["data"])
    assert seen == [{"page": "page"}, None, None, {"page": "page"}] * 2


@VIEWS
def test_django_checks_csrf_tokens_of_the_views(view, settings):
    settings.MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware", *settings.MIDDLEWARE]
    answer = post("{ news }", EDITOR, view, enforce_csrf_checks=True)
    assert answer.status_code == 403
    assert b"CSRF" in answer.content
    client = sign_in(Client(enforce_csrf_checks=True), EDITOR)
    assert client.get(view, {"query": "{ page }"}, headers=JSON).json()["data"] == {"page": "page"}
    assert client.get(view, {"query": "mutation { publish }"}, headers=JSON).status_code == 400
    client.cookies["csrftoken"] = "a" * 32
    headers = {**JSON, "X-CSRFToken": "a" * 32}
    body = {"query": "mutation { publish }"}
    answer = client.post(view, body, content_type="application/json", headers=headers)
    assert answer.json()["data"] == {"publish": "x"}


NEEDS_CHANNELS = pytest.mark.skipif(find_spec("channels") is None, reason="needs channels")


def socket_of(client, mixin=False):
    """Return a WebSocket to Strawberry's consumer with the cookies of a client."""
    channels = import_module("django_sessionkit.contrib.channels")
    consumer = import_module("strawberry.channels").GraphQLWSConsumer
    if mixin:
        attributes = {"requirement": Role("editor"), "recheck_every": 0.01}
        consumer = type("Socket", (channels.RequireConsumerMixin, consumer), attributes)
    app = channels.SessionKitMiddlewareStack(consumer.as_asgi(schema=strawberry_urls.schema))
    cookies = "; ".join(f"{name}={one.value}" for name, one in client.cookies.items())
    return WebSocket(app, "/graphql/", {"Cookie": cookies}, subprotocols=["graphql-transport-ws"])


async def subscribe(socket, query, number="1"):
    await socket.send_json({"id": number, "type": "subscribe", "payload": {"query": query}})


async def start(socket):
    assert await socket.connect() == (True, "graphql-transport-ws")
    await socket.send_json({"type": "connection_init"})
    assert (await socket.receive_json())["type"] == "connection_ack"


@NEEDS_CHANNELS
@pytest.mark.django_db  # Channels closes old connections around each message
def test_subscriptions_over_websockets_have_the_session_of_their_connection(told):
    async def answers(client):
        socket = socket_of(client)
        await start(socket)
        found = []
        for number in "12":
            await subscribe(socket, "subscription { ticks }", number)
            while (message := await socket.receive_json())["type"] == "next":
                found.append(message["payload"])
            found += message.get("payload", ())
        await socket.disconnect()
        return found

    assert [one["data"]["ticks"] for one in async_to_sync(answers)(sign_in(Client(), EDITOR))] == [0, 1] * 2
    for client, (message, extensions) in ((Client(), SESSION_REQUIRED), (sign_in(Client()), RIGHT_REQUIRED)):
        found = async_to_sync(answers)(client)
        assert [(one["message"], one["extensions"]) for one in found] == [(message, extensions)] * 2
    assert [one[2] for one in told] == [401, 401, 403, 403]


@NEEDS_CHANNELS
@pytest.mark.django_db  # Channels closes old connections around each message
def test_the_mixin_for_consumers_ends_a_subscription_after_a_logout():
    async def follow(client):
        socket = socket_of(client, mixin=True)
        await start(socket)
        await subscribe(socket, "subscription { endless }")
        assert (await socket.receive_json())["payload"] == {"data": {"endless": 0}}
        await sync_to_async(client.session.flush)()
        return await socket.closed()

    assert async_to_sync(follow)(sign_in(Client(), EDITOR)) == 4401


def test_the_schema_says_what_is_required():
    printed = strawberry_urls.schema.as_str()
    assert 'A page.\n\n  Required: the role "editor".' in printed.replace("  \n", "\n")
    assert '"""Required: the role "editor"."""\n  publish(' in printed
    assert "nothing." not in printed
    again = strawberry.Schema(strawberry_urls.Query, strawberry_urls.Mutation, strawberry_urls.Subscription)
    assert again.as_str() == printed  # the fields are the same objects


def fields(**options):
    @strawberry.type
    class Query:
        @strawberry.field(**options)
        def page(self) -> str:
            return "page"

    return strawberry.Schema(Query)


def test_mistakes_are_errors_where_the_field_is_defined():
    with pytest.raises(
        InvalidPolicy, match=r'Requires: needs a requirement, not the class Role; write Role\("editor"\)'
    ):
        Requires(Role)
    with pytest.raises(InvalidPolicy, match="Requires: needs a requirement, not str"):
        Requires("editor")
    with pytest.raises(
        TypeError,
        match=r"\. extensions=\[Requires\]: has the class, not an instance; write strawberry.field\(",
    ):
        fields(extensions=[Requires])
    wrong = "Requires: is neither a decorator nor one of the permission_classes; write strawberry.field"
    with pytest.raises(InvalidPolicy, match=wrong):
        fields(permission_classes=[Requires(Permission("posts:write"))])
    with pytest.raises(InvalidPolicy, match=wrong):
        Requires(Public())(lambda self: "page")
    with pytest.raises(TypeError, match=r"^Requires has no truth value. Combine the requirements: Requires\(Role"):
        _ = Requires(Public()) and Requires(Role("editor"))
    with pytest.raises(InvalidPolicy, match=wrong):
        strawberry.Schema(strawberry_urls.Query, extensions=[Requires(Role("editor"))]).execute_sync("{ news }")
