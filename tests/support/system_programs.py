"""Find the programs that some tests need, or explain how to install them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

MUST_RUN = os.environ.get("CI") == "true" or os.environ.get("SESSIONKIT_REQUIRE_SERVERS") == "1"


def missing(what: str, remedy: str) -> None:
    """Skip the test locally. Fail in CI, where a skipped test would look like one that passed."""
    message = f"{what} not found: {remedy}"
    if MUST_RUN:
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def program(*names: str, remedy: str) -> str:
    found = next(filter(None, map(_find, names)), None)
    if found is None:
        missing(names[0], remedy)
    return str(found)


def chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("SESSIONKIT_CHROMIUM") or program(*names, remedy="apt-get install chromium")


def redis_server() -> str:
    return program("redis-server", "valkey-server", remedy="apt-get install redis-server")


def postgres(name: str) -> str:
    return program(name, remedy="apt-get install postgresql")


def _find(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=_postgres_folders())


def _postgres_folders() -> str:
    """The folders of PostgreSQL's programs. Debian has one for each version, outside of PATH."""
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    return os.pathsep.join(map(str, sorted(folders, key=lambda p: float(p.parent.name), reverse=True)))
