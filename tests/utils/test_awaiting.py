"""Coroutines without a truth value."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
import weakref

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction

import django_sessionkit
from django_sessionkit import (
    Role,
    acan_access,
    aevaluate,
    aget_session,
    ahas_role,
    ais_authenticated,
    asession_public,
    use_session,
)
from django_sessionkit.utils.awaiting import needs_await

EDITOR = {"user_id": "1", "role": "editor"}
QUESTIONS = {
    "aget_session": lambda: aget_session(),
    "asession_public": lambda: asession_public(),
    "ais_authenticated": lambda: ais_authenticated(),
    "aevaluate": lambda: aevaluate(Role("editor")),
    "acan_access": lambda: acan_access("/"),
    **{
        name: (lambda name=name: getattr(django_sessionkit, name)("editor", "posts:read"))
        for name in django_sessionkit.__all__
        if name.startswith("ahas_")
    },
}


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("test", [bool, lambda answer: not answer, lambda answer: answer and True])
def test_a_question_without_await_is_no_condition(name, test):
    with use_session(EDITOR), pytest.raises(TypeError, match=rf"Write: await {name}\("):
        test(QUESTIONS[name]())


def test_every_question_with_an_answer_is_among_them():
    assert len(QUESTIONS) == 5 + 6


def test_the_answer_has_the_state_of_its_coroutine():
    answer = ahas_role("editor")
    assert inspect.getcoroutinestate(answer) == inspect.CORO_CREATED
    assert (answer.__name__, weakref.ref(answer)()) == ("ahas_role", answer)
    assert not hasattr(answer, "no_such")
    assert copy.copy(answer).__name__ == "ahas_role"
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(answer)
    answer.close()
    assert inspect.getcoroutinestate(answer) == inspect.CORO_CLOSED


def test_the_answer_is_a_coroutine_for_tasks_and_runners():
    async def ask():
        with use_session(EDITOR):
            task = asyncio.create_task(ahas_role("editor"))
            assert "ahas_role()" in repr(task)
            return await asyncio.gather(task, ahas_role("editor"), asyncio.wait_for(ahas_role("admin"), 5))

    assert asyncio.run(ask()) == [True, True, False]
    with use_session(EDITOR):
        assert asyncio.run(ahas_role("editor")) is True
        assert async_to_sync(ahas_role)("editor") is True
    assert iscoroutinefunction(ahas_role)
    assert inspect.signature(ahas_role) == inspect.signature(ahas_role.__wrapped__)


def test_an_exception_reaches_the_coroutine():
    met = []

    @needs_await
    async def waits():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            met.append("cancelled")
            raise

    async def cancel():
        task = asyncio.create_task(waits())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert met == ["cancelled"]


def test_an_answer_can_be_closed_without_a_warning():
    answer = ahas_role("editor")
    assert inspect.getcoroutinestate(answer) == inspect.CORO_CREATED
    answer.close()
    assert inspect.getcoroutinestate(answer) == inspect.CORO_CLOSED
