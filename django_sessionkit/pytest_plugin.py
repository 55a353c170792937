"""Fixtures for pytest, registered with the entry point ``pytest11``.

Pytest imports this module in every run where SessionKit is installed, before coverage starts. Therefore it imports
neither Django nor the rest of the package until a fixture is used.
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
    function: Callable[..., Any] = _testing().sign_in
    return function


@pytest.fixture
def asign_in() -> Callable[..., Any]:
    """``django_sessionkit.testing.asign_in``: ``await asign_in(async_client, role="editor")``."""
    function: Callable[..., Any] = _testing().asign_in
    return function


@pytest.fixture
def sessionkit_policy() -> Iterator[Callable[..., None]]:
    """Override settings of SessionKit until the test ends: ``sessionkit_policy(global_protect=True)``."""
    with ExitStack() as stack:
        yield lambda *unnamed, **policy: stack.enter_context(_testing().override_policy(*unnamed, **policy))
