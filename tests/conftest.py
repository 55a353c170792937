"""What every test may use. Servers and browsers have fixtures of their own, in their folders."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextvars import copy_context

import pytest
from _pytest import runner as pytest_runner
from django.test import AsyncClient, Client
from hypothesis import settings
from support import processes
from support.canaries import CanaryNet

# No test is about time: a slow machine is no fault of the package.
settings.register_profile("patient", settings.default, deadline=None)
settings.load_profile("patient")


@pytest.hookimpl
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """What a test leaves in context variables ends with it, such as the language that ``LocaleMiddleware`` activates.

    Each change of ``CACHES`` makes a variable that would stay for good, and asgiref copies all of them at each step
    from a thread to a loop and back: the later a test ran, the slower it was, up to five times.
    """
    copy_context().run(pytest_runner.pytest_runtest_protocol, item, nextitem)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failure shows what the servers that were running at the time had printed."""
    report = yield
    if report.failed:
        for server in processes.RUNNING:
            report.sections.append((f"Output of {server.name}", server.output()[-4000:]))
    return report


@pytest.fixture(autouse=True)
def canary_net(monkeypatch: pytest.MonkeyPatch) -> Iterator[CanaryNet]:
    """No test may end with a value of a session in a log record or, unasked, in a response."""
    net = CanaryNet()
    root = logging.getLogger()
    root.addHandler(net)
    request, arequest = Client.request, AsyncClient.request

    def looked_at(self, **kwargs):
        response = request(self, **kwargs)
        net.look_at(response)
        return response

    async def alooked_at(self, **kwargs):
        response = await arequest(self, **kwargs)
        net.look_at(response)
        return response

    monkeypatch.setattr(Client, "request", looked_at)
    monkeypatch.setattr(AsyncClient, "request", alooked_at)
    yield net
    root.removeHandler(net)
    assert net.caught == []


@pytest.fixture(autouse=True)
def no_logging_is_left_over() -> Iterator[None]:
    """At DEBUG the package writes a line per decision and remembers none, which other tests would notice."""
    logger = logging.getLogger("django_sessionkit")
    yield
    assert (logger.level, logger.handlers) == (logging.NOTSET, [])
