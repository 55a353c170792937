"""Fixtures that run the example site as in production: once on WSGI, once on ASGI."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import example_site as site
from support import stores
from support.example_site import Site

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.servers)


@pytest.fixture(scope="session")
def gunicorn_site() -> Iterator[Site]:
    """Two worker processes of four threads that share sessions in Redis and data in PostgreSQL."""
    with stores.redis() as redis, stores.postgres() as database_url:
        env = site.settings(
            database_url,
            REDIS_URL=redis.url,
            SESSION_ENGINE="django.contrib.sessions.backends.cache",
        )
        site.fill(env)
        with site.gunicorn(env) as running:
            yield running


@pytest.fixture(scope="session")
def uvicorn_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One event loop; sessions and data in one SQLite file."""
    env = site.settings(site.sqlite(tmp_path_factory.mktemp("uvicorn")))
    site.fill(env)
    with site.uvicorn(env) as running:
        yield running


@pytest.fixture(scope="session", params=["gunicorn", "uvicorn"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of the site. A test that uses this fixture runs once on each kind of server."""
    running: Site = request.getfixturevalue(f"{request.param}_site")
    return running.url
