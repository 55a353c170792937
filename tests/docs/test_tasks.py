"""The page about task queues, with users whose rights change while a message is in the queue."""

from __future__ import annotations

import contextvars
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from support.manual.project import Project, Run

from django_sessionkit import AccessDenied, NotAuthenticated, has_role, use_session

pytest_plugins = ["support.manual.fixtures"]


@pytest.fixture
def page(run: Run) -> Project:
    return run("docs/how-to/background-work.md")


@pytest.fixture
def ann(page: Project) -> User:
    user = User.objects.create_user("ann")
    user.groups.add(Group.objects.create(name="accountant"))
    return user


def in_a_worker(work: Any, *arguments: Any) -> Any:
    return contextvars.Context().run(work, *arguments)


def outcome(work: Any, *arguments: Any) -> Any:
    try:
        return work(*arguments)
    except (NotAuthenticated, AccessDenied) as error:
        return type(error)


def outcomes(send: Any, ann: User) -> list[Any]:
    """Return the results for a user with the right, without it, deactivated, and unknown, whoever queues the task."""
    found = [outcome(in_a_worker, send, str(ann.pk), "May")]
    ann.groups.clear()
    with use_session({"user_id": str(ann.pk), "role": "accountant"}):
        found.append(outcome(send, str(ann.pk), "May"))
    ann.is_active = False
    ann.save()
    return found + [outcome(in_a_worker, send, user_id, "May") for user_id in (str(ann.pk), "0")]


# The rights at the time when the task runs count.
EXPECTED = ["the report of May was sent", AccessDenied, NotAuthenticated, NotAuthenticated]


def test_the_work_asks_again(page: Project, ann: User) -> None:
    assert outcomes(page.module("shop.reports").send_report, ann) == EXPECTED


@pytest.mark.skipif(not find_spec("celery"), reason="needs Celery")
def test_celery(page: Project, ann: User) -> None:
    task = page.module("shop.tasks").send_report
    assert outcomes(lambda *arguments: task.apply(args=arguments, throw=True).get(), ann) == EXPECTED


@pytest.mark.skipif(not find_spec("django.tasks"), reason="needs Django 6.0")
def test_django_tasks(page: Project, ann: User) -> None:
    page.route(order=page.module("shop.views").order_report)
    page.apply({"TASKS": {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}})
    task = page.module("shop.jobs").send_report
    client = Client()
    client.force_login(ann)
    assert client.get("/order/").content == b"on its way"
    (message,) = task.get_backend().results
    assert (message.args, message.kwargs) == ([str(ann.pk), "May"], {})
    assert outcomes(task.call, ann) == EXPECTED
    assert Client().get("/order/").status_code == 401


def forgets_its_session() -> bool:
    return has_role("x")


@pytest.mark.skipif(not find_spec("django.tasks"), reason="needs Django 6.0")
def test_an_immediate_task_sees_the_caller() -> None:
    """The page warns of this."""
    enqueue = import_module("django.tasks").task(forgets_its_session).enqueue
    with use_session({"user_id": "7", "role": "x"}):
        assert enqueue().return_value is True
        assert in_a_worker(enqueue).return_value is False


def test_the_decision_is_made_before_queueing(page: Project) -> None:
    close = page.module("shop.close")
    with use_session({"user_id": "7", "role": "reader"}), pytest.raises(AccessDenied):
        close.close_month(None, "May")
    assert close.QUEUE == []
    with use_session({"user_id": "7", "role": "accountant"}):
        close.close_month(None, "May")
    assert close.QUEUE == [{"task": "close_month_unchecked", "month": "May", "decided_for": "7"}]
