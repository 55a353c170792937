"""Fixtures for browser tests: Chromium from the system, and the example site with ``DEBUG``."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import browsing
from support import example_site as site
from support import system_programs as programs

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


# One for each module, not for the session: while Playwright's sync API is active, its event loop
# counts as running in this thread, and in the tests of other modules neither Django's ORM nor
# async_to_sync would work.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = programs.chromium()
    if importlib.util.find_spec("playwright") is None:
        programs.missing("playwright", "pip install --group browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=browsing.FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    env = site.settings(site.sqlite(tmp_path_factory.mktemp("browser")))
    site.fill(env)
    return env


@pytest.fixture(scope="session")
def url(env: dict[str, str]) -> Iterator[str]:
    with site.gunicorn({**env, "DJANGO_DEBUG": "1"}, workers=1) as running:
        yield running.url


@pytest.fixture(scope="session")
def production_url(env: dict[str, str]) -> Iterator[str]:
    with site.gunicorn(env, workers=1) as running:
        yield running.url


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    with browsing.window(browser, url) as context:
        yield context.new_page()


@pytest.fixture
def production_page(browser: Browser, production_url: str) -> Iterator[Page]:
    with browsing.window(browser, production_url) as context:
        yield context.new_page()
