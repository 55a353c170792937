"""Fixtures for pytest, found through the entry point ``pytest11``.

This module is imported before coverage is measured, in every run of pytest where SessionKit is installed. So it
imports nothing of Django and of the package until a fixture is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from typing import Any

import pytest


def _testing() -> Any:
    return import_module("django_sessionkit.testing")


@pytest.fixture
def sign_in() -> Callable[..., Any]:
    """``django_sessionkit.testing.sign_in``: ``sign_in(client, role="editor")``."""
    return _testing().sign_in  # type: ignore[no-any-return]


@pytest.fixture
def asign_in() -> Callable[..., Any]:
    """``django_sessionkit.testing.asign_in``: ``await asign_in(async_client, role="editor")``."""
    return _testing().asign_in  # type: ignore[no-any-return]


@pytest.fixture
def sessionkit_policy() -> Iterator[Callable[..., None]]:
    """Other settings of SessionKit until the test ends: ``sessionkit_policy(global_protect=True)``."""
    with ExitStack() as stack:
        yield lambda *unnamed, **policy: stack.enter_context(_testing().override_policy(*unnamed, **policy))
