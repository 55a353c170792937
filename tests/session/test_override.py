"""``use_session`` in every context, on every kind of function that it can decorate, and in streamed bodies."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncRequestFactory, RequestFactory, SimpleTestCase

from django_sessionkit import InvalidSession, get_session, use_session
from django_sessionkit.middleware import SessionKitMiddleware
from django_sessionkit.session.context import current_context

ANN, BOB, MACHINE = {"user_id": "ann"}, {"user_id": "bob"}, {"user_id": "machine", "role": "machine"}


def who():
    session = get_session()
    return session.user_id if session else None


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    assert current_context() is None
    gc.freeze()  # only what the test creates has to be collected
    yield
    gc.collect()
    assert current_context() is None


# One instance, many contexts.


def test_one_instance_in_many_threads():
    pretending, barrier = use_session(MACHINE), threading.Barrier(4)

    def work(n):
        seen = [who()]
        barrier.wait()
        with pretending:
            barrier.wait()
            seen.append(who())
            barrier.wait()
        seen.append(who())
        barrier.wait()
        return seen

    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            assert list(pool.map(work, range(4))) == [[None, "machine", None]] * 4
        assert list(pool.map(lambda n: who(), range(20))) == [None] * 20


def test_one_instance_in_two_threads_that_leave_in_the_order_in_which_they_came():
    pretending, seen = use_session(MACHINE), {}
    first_is_in, second_is_in, first_is_out = threading.Event(), threading.Event(), threading.Event()

    def first():
        with pretending:
            first_is_in.set()
            assert second_is_in.wait(10)
        seen["first"] = who()
        first_is_out.set()

    def second():
        assert first_is_in.wait(10)
        with pretending:
            second_is_in.set()
            assert first_is_out.wait(10)
            seen["inside"] = who()
        seen["second"] = who()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(first), pool.submit(second)]:
            done.result()
    assert seen == {"first": None, "inside": "machine", "second": None}


def test_one_instance_in_many_tasks():
    pretending = use_session(MACHINE)

    async def work(n):
        seen = [who()]
        await asyncio.sleep(0)
        with pretending:
            for _ in range(n):
                await asyncio.sleep(0)
                seen.append(who())
        return [*seen, who()]

    async def all_of_them():
        return await asyncio.gather(*map(work, (4, 1, 3, 2)))

    assert async_to_sync(all_of_them)() == [[None, *["machine"] * n, None] for n in (4, 1, 3, 2)]


def test_a_task_that_outlives_the_block_keeps_what_it_has_been_given():
    async def work(go_on):
        seen = [who()]
        await go_on.wait()
        with use_session(BOB):
            seen.append(who())
        return [*seen, who()]

    async def main():
        go_on = asyncio.Event()
        with use_session(ANN):
            task = asyncio.create_task(work(go_on))
            await asyncio.sleep(0)
        go_on.set()
        return [await task, who()]

    assert async_to_sync(main)() == [["ann", "bob", "ann"], None]


def test_one_instance_again_inside_itself_and_in_a_copied_context():
    pretending = use_session(ANN)

    def inside():
        with pretending, use_session(BOB), pretending:
            return who()

    with pretending:
        with use_session(BOB):
            with pretending:
                assert who() == "ann"
            assert who() == "bob"
        assert contextvars.copy_context().run(inside) == "ann"
        assert who() == "ann"


def test_blocks_that_end_in_another_order():
    ann, bob = use_session(ANN), use_session(BOB)
    ann.__enter__()
    bob.__enter__()
    copied = contextvars.copy_context()
    ann.__exit__(None, None, None)
    assert who() == "bob"
    assert copied.run(who) == "bob"
    bob.__exit__(None, None, None)
    assert who() is None
    copied.run(bob.__exit__, None, None, None)
    assert copied.run(who) == "ann"


def test_a_block_that_is_entered_in_a_thread_ends_outside_of_it():
    pretending = use_session(ANN)

    async def main():
        await sync_to_async(pretending.__enter__)()
        seen = [who()]
        pretending.__exit__(None, None, None)
        return [*seen, who()]

    assert async_to_sync(main)() == ["ann", None]


def test_leaving_what_was_not_entered_here_is_an_error():
    pretending = use_session(ANN)
    with ThreadPoolExecutor(1) as pool, use_session(BOB):
        pool.submit(pretending.__enter__).result()
        with pytest.raises(RuntimeError) as raised:
            pretending.__exit__(None, None, None)
        assert str(raised.value) == (
            "use_session: this instance was not entered in this thread or task. The session stays current where it was "
            "entered. Leave the block in the thread or task that entered it."
        )
        assert who() == "bob"
        pool.submit(pretending.__exit__, None, None, None).result()
        assert pool.submit(who).result() is None


def test_a_forgotten_generator_may_be_collected_anywhere():
    def body():
        with use_session(ANN):
            yield who()

    forgotten = body()
    assert contextvars.copy_context().run(next, forgotten) == "ann"
    del forgotten
    gc.collect()
    assert who() is None


# As a decorator.


@use_session(ANN)
def plain(a, *, b=2):
    """Says who."""
    return who(), a, b


@use_session(ANN)
async def coroutine(a, *, b=2):
    await asyncio.sleep(0)
    return who(), a, b


@use_session(ANN)
def generator(log=None):
    sent = yield who()
    try:
        sent = yield who(), sent
        while True:
            try:
                sent = yield who(), sent
            except KeyError:
                sent = "error"
    except ValueError:
        return who(), "returned"
    finally:
        if log is not None:
            log.append(who())


@use_session(ANN)
async def agenerator(log=None):
    sent = yield who()
    try:
        while True:
            await asyncio.sleep(0)
            try:
                sent = yield who(), sent
            except KeyError:
                sent = "error"
    except ValueError:
        return
    finally:
        if log is not None:
            log.append(who())


def test_functions_keep_their_kind_and_name():
    assert plain(1, b=3) == ("ann", 1, 3)
    assert async_to_sync(coroutine)(1, b=3) == ("ann", 1, 3)
    assert (plain.__name__, plain.__doc__) == ("plain", "Says who.")
    assert [one.__name__ for one in (coroutine, generator, agenerator)] == ["coroutine", "generator", "agenerator"]
    assert iscoroutinefunction(coroutine)
    assert inspect.isgeneratorfunction(generator)
    assert inspect.isasyncgenfunction(agenerator)
    assert not any(map(inspect.isgeneratorfunction, [plain, coroutine]))


def test_a_generator_has_the_session_at_each_step_and_only_there():
    steps = generator()
    assert [next(steps), who(), steps.send("x"), who(), steps.send("y")] == [
        "ann",
        None,
        ("ann", "x"),
        None,
        ("ann", "y"),
    ]
    assert steps.throw(KeyError()) == ("ann", "error")
    with pytest.raises(StopIteration) as end:
        steps.throw(ValueError())
    assert end.value.value == ("ann", "returned")


def test_a_generator_is_closed_with_its_session():
    log = []
    steps = generator(log)
    next(steps), next(steps)
    steps.close()
    forgotten = generator(log=log)
    next(forgotten), next(forgotten)
    del forgotten
    gc.collect()
    assert log == ["ann", "ann"]


def test_generators_in_turn_do_not_mix():
    @use_session(BOB)
    def other():
        while True:
            yield who()

    @use_session(MACHINE)
    def outer():
        for pair in zip(generator(), other(), strict=False):
            yield who(), pair[1]

    with use_session(ANN):
        steps = outer()
        assert [next(steps), who(), next(steps)] == [("machine", "bob"), "ann", ("machine", "bob")]
        steps.close()


def test_a_block_inside_a_generator_goes_on_after_a_step():
    @use_session(ANN)
    def nested():
        with use_session(BOB):
            yield who()
            with use_session(None):
                yield who()
            yield who()
        yield who()

    assert list(nested()) == ["bob", None, "bob", "ann"]


def test_an_async_generator_has_the_session_at_each_step_and_only_there():
    log = []

    async def main():
        steps = agenerator(log)
        seen = [
            await anext(steps),
            who(),
            await steps.asend("x"),
            await steps.asend("y"),
            await steps.athrow(KeyError()),
        ]
        with pytest.raises(StopAsyncIteration):
            await steps.athrow(ValueError())
        closed = agenerator(log=log)
        await anext(closed), await anext(closed)
        await closed.aclose()
        return [*seen, who()]

    assert async_to_sync(main)() == ["ann", None, ("ann", "x"), ("ann", "y"), ("ann", "error"), None]
    assert log == ["ann", "ann"]


def test_an_async_generator_that_is_cancelled_leaves_nothing():
    async def main():
        @use_session(ANN)
        async def slow():
            yield who()
            await asyncio.sleep(60)
            yield "never"

        async def read():
            async for one in slow():
                seen.append(one)

        seen = []
        task = asyncio.create_task(read())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return seen, who()

    assert async_to_sync(main)() == (["ann"], None)


def wrapped_badly(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args)

    return inner


class Asked:
    async def __call__(self):
        await asyncio.sleep(0)
        return who()


def test_what_a_function_hands_out_to_be_run_later_has_the_session():
    async def ask():
        await asyncio.sleep(0)
        return who()

    def steps():
        yield who()

    async def asteps():
        yield who()

    async def collected(handed_out):
        return [one async for one in handed_out]

    pretending = use_session(ANN)

    async def awaited(function):
        return await function(), who()

    for function in (wrapped_badly(ask), functools.partial(ask), Asked(), lambda: ask()):
        assert async_to_sync(awaited)(pretending(function)) == ("ann", None)
    for function in (wrapped_badly(steps), functools.partial(steps), lambda: (who() for _ in range(1))):
        assert list(pretending(function)()) == ["ann"]
    for function in (wrapped_badly(asteps), functools.partial(asteps)):
        assert async_to_sync(collected)(pretending(function)()) == ["ann"]


def test_methods_of_each_kind():
    class Shop:
        name = "shop"

        @use_session(ANN)
        def method(self):
            return self.name, who()

        @use_session(ANN)
        @classmethod
        def of_class(cls):
            return cls.name, who()

        @use_session(ANN)
        @staticmethod
        def static(name):
            return name, who()

        @classmethod
        @use_session(ANN)
        def inside(cls):
            return cls.name, who()

    shop = Shop()
    assert (
        shop.method() == shop.of_class() == Shop.of_class() == shop.static("shop") == Shop.inside() == ("shop", "ann")
    )
    assert Shop.static("shop") == ("shop", "ann")


@pytest.mark.parametrize("kind", [type("Test", (SimpleTestCase,), {}), type("Plain", (), {}), dict])
def test_a_class_is_refused(kind):
    with pytest.raises(TypeError) as raised:
        use_session(ANN)(kind)
    assert str(raised.value) == (
        f"use_session cannot decorate the class {kind.__name__}. Its methods would not have the session. Decorate each "
        "method, or enter use_session in setUp(): self.enterContext(use_session(...))."
    )


@pytest.mark.parametrize("thing", [None, 1, "name", property(who), {"user_id": "1"}])
def test_what_cannot_be_called_is_refused(thing):
    with pytest.raises(TypeError) as raised:
        use_session(ANN)(thing)
    assert str(raised.value) == (
        f"use_session decorates functions and methods, not {type(thing).__name__}. No code would have the session. "
        "Write it above a def, or use it in a with statement."
    )


def test_each_call_validates():
    data = {"user_id": "ann"}
    asked = use_session(data)(who)
    assert asked() == "ann"
    data["user_id"] = 7
    for call in (
        asked,
        lambda: list(use_session(data)(lambda: iter(()))()),
        lambda: next(use_session(data)(generator)()),
    ):
        with pytest.raises(InvalidSession):
            call()


def test_a_fixture_of_pytest_and_a_context_manager():
    @contextmanager
    @use_session(ANN)
    def inner():
        yield who()

    with inner() as inside:
        assert (inside, who()) == ("ann", None)
    with ExitStack() as stack:
        assert stack.enter_context(use_session(BOB)).user_id == "bob"
        assert who() == "bob"


# In a body that is streamed.


def request_of(user, factory=RequestFactory):
    request = factory().get("/")
    request.session = Store({"__session__": {"user_id": user}})
    return request


class Store(dict[str, object]):
    async def aget(self, key):
        return self.get(key)


def body(log=None):
    try:
        yield f"{who()};"
        with use_session(MACHINE):
            yield f"{who()};"
            yield f"{who()};"
            with use_session(None):
                yield f"{who()};"
            yield f"{who()};"
            if log is not None:
                try:
                    yield ""
                finally:
                    log.append(who())
        yield f"{who()};"
    finally:
        if log is not None:
            log.append(who())


async def abody(log=None):
    for chunk in body(log):
        await asyncio.sleep(0)
        yield chunk


WHOLE = b"ann;machine;machine;None;machine;ann;"


def test_a_stream_keeps_what_it_had_from_chunk_to_chunk():
    request = request_of("ann")
    response = SessionKitMiddleware(lambda request: StreamingHttpResponse(body()))(request)
    chunks = []
    for chunk in response.streaming_content:
        assert current_context() is None
        chunks.append(chunk)
    assert b"".join(chunks) == WHOLE


def test_an_async_stream_keeps_what_it_had_from_chunk_to_chunk():
    async def view(request):
        await sync_to_async(get_session)()
        return StreamingHttpResponse(abody())

    async def read():
        request = request_of("ann", AsyncRequestFactory)
        response = await SessionKitMiddleware(view)(request)
        chunks = []
        async for chunk in response:
            assert current_context() is None
            chunks.append(chunk)
        return b"".join(chunks)

    assert async_to_sync(read)() == WHOLE


def test_a_stream_that_is_read_by_many_threads_keeps_what_it_had():
    request = request_of("ann")
    response = SessionKitMiddleware(lambda request: StreamingHttpResponse(body()))(request)
    chunks = []
    for _ in range(6):
        with ThreadPoolExecutor(1) as pool:
            chunks.append(pool.submit(next, iter(response.streaming_content)).result())
            assert pool.submit(who).result() is None
    assert b"".join(chunks) == WHOLE


def test_two_streams_in_turn_keep_what_each_had():
    respond = SessionKitMiddleware(lambda request: StreamingHttpResponse(body()))
    requests = [request_of(user) for user in ("ann", "bob")]
    bodies = [respond(request).streaming_content for request in requests]
    pairs = list(zip(*bodies, strict=True))
    assert b"".join(one for one, _ in pairs) == WHOLE
    assert b"".join(other for _, other in pairs) == WHOLE.replace(b"ann", b"bob")


@pytest.mark.parametrize(("steps", "closed_with"), [(1, ["ann"]), (3, ["ann"]), (6, ["machine", "ann"])])
def test_a_stream_that_is_closed_early_is_closed_with_what_it_had(steps, closed_with):
    log = []
    request = request_of("ann")
    response = SessionKitMiddleware(lambda request: StreamingHttpResponse(body(log)))(request)
    for _ in range(steps):
        next(iter(response.streaming_content))
    for close in response._resource_closers:
        close()
    assert log == closed_with


@pytest.mark.parametrize(("steps", "closed_with"), [(1, ["ann"]), (6, ["machine", "ann"])])
def test_an_async_stream_that_is_closed_early_is_closed_with_what_it_had(steps, closed_with):
    log = []

    async def own_body():
        inner = body(log)
        try:
            for chunk in inner:
                yield chunk
        finally:
            inner.close()

    async def view(request):
        await sync_to_async(get_session)()
        return StreamingHttpResponse(own_body())

    async def read():
        request = request_of("ann", AsyncRequestFactory)
        response = await SessionKitMiddleware(view)(request)
        content = aiter(response.streaming_content)
        for _ in range(steps):
            await anext(content)
        await content.aclose()
        del content
        response.streaming_content = []
        gc.collect()
        await asyncio.sleep(0.01)

    async_to_sync(read)()
    assert log == closed_with


def test_a_view_that_is_decorated_streams_with_its_session():
    async def aview(request):
        return StreamingHttpResponse(abody())

    def read(view, request):
        return b"".join(view(request).streaming_content)

    async def aread(view, request):
        return b"".join([chunk async for chunk in await view(request)])

    expected = WHOLE.replace(b"ann", b"bob")
    view = use_session(BOB)(lambda request: StreamingHttpResponse(body()))
    assert read(view, request_of("ann")) == expected
    assert read(SessionKitMiddleware(view), request_of("ann")) == expected
    assert async_to_sync(aread)(use_session(BOB)(aview), request_of("ann")) == expected
    assert async_to_sync(aread)(SessionKitMiddleware(use_session(BOB)(aview)), request_of("ann")) == expected
    assert use_session(BOB)(lambda request: HttpResponse(who()))(None).content == b"bob"
