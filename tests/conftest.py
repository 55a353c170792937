"""Fixtures and hooks for all tests. The fixtures for servers and browsers are in their folders."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path

import pytest
from _pytest import runner as pytest_runner
from django.conf import settings as django_settings
from django.test import AsyncClient, Client
from hypothesis import settings
from support import server_processes as processes
from support import shares
from support.examples import examples
from support.payload_canaries import CanaryNet

INTEGRATION = Path(__file__).parent / "integration"

# No test depends on time: a slow machine is not a fault of the package.
settings.register_profile("patient", examples(100))
settings.load_profile("patient")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Use all processors if all tests are run. Starting their processes takes longer than a few tests do."""
    if shares.is_of_all_tests(config) and config.getoption("numprocesses", default=0) is None:
        config.option.numprocesses = "auto"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave tests/integration out, unless it or a marker is named. It takes minutes, and other programs."""
    if collection_path == INTEGRATION and not config.getoption("markexpr"):
        return True
    return True if shares.ONLY_DJANGO and shares.is_same_on_every_django(collection_path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the cases of other shares, see ``SESSIONKIT_SHARE``."""
    shared = [item for item in items if not shares.is_whole(item.path)]
    others = {item.nodeid for item in shared} - shares.chosen(item.nodeid for item in shared)
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in others])
    items[:] = [item for item in items if item.nodeid not in others]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[object]:
    """Exclude all objects that exist before the first test, a few hundred thousand, from garbage collection.

    Looking for garbage takes a sixth of the time in which they are loaded, and a twentieth of that of the tests. So it
    is off for the one, and rare for the other.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        gc.enable()


@pytest.hookimpl
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run every test in its own context, so that context variables, such as the active language, end with the test.

    Each change of ``CACHES`` creates a variable that would stay until the end of the run. asgiref copies all of them
    at each switch between a thread and an event loop, so later tests were up to five times slower.
    """
    copy_context().run(pytest_runner.pytest_runtest_protocol, item, nextitem)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Add the output of all running servers to the report of a failed test."""
    report = yield
    if report.failed:
        for server in processes.RUNNING:
            report.sections.append((f"Output of {server.name}", server.output()[-4000:]))
    return report


@pytest.fixture(autouse=True)
def unchanged_settings() -> Iterator[None]:
    """Fail a test that leaves other settings behind, as ``@override_settings`` with the fixture ``settings`` does."""
    before = django_settings._wrapped
    yield
    changed, django_settings._wrapped = django_settings._wrapped is not before, before
    assert not changed


@pytest.fixture(autouse=True)
def canary_net(monkeypatch: pytest.MonkeyPatch) -> Iterator[CanaryNet]:
    """Fail a test if a session value is in a log record, or in a response that should not show it."""
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
    """Fail a test that leaves log settings behind. At ``DEBUG`` no decision is cached, which affects other tests."""
    logger = logging.getLogger("django_sessionkit")
    yield
    assert (logger.level, logger.handlers) == (logging.NOTSET, [])
