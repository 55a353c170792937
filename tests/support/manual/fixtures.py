"""The fixture that runs a page. A test module loads it with ``pytest_plugins``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec

import pytest
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.cache import cache
from django.core.management.utils import get_random_secret_key
from django.db.models.signals import m2m_changed

from django_sessionkit import signals

from .markdown import ROOT
from .project import Project, Run, keep_receivers

if find_spec("axes"):
    # Its defaults go into the settings that are active at its first import. They must not be those of a page.
    import_module("axes.conf")

if find_spec("celery"):
    from celery import current_app


def forget_tasks() -> None:
    """Forget Celery's shared tasks. Celery keeps them by name, and rejects a page that runs again."""
    if find_spec("celery"):
        current_app.finalize()
        for name in [name for name in current_app.tasks if name.startswith("shop.")]:
            current_app.tasks.unregister(name)


@pytest.fixture
def run(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run a page by its path in the repository. Its settings and receivers stay until the end of the test."""
    monkeypatch.setenv("DJANGO_SECRET_KEY", get_random_secret_key())
    cache.clear()
    with ExitStack() as stack:
        stack.callback(forget_tasks)
        keep_receivers(stack, user_logged_in, user_logged_out, user_login_failed, m2m_changed)
        keep_receivers(stack, signals.session_registered, signals.session_updated, signals.session_cleared)
        keep_receivers(stack, signals.session_rejected, signals.access_denied)
        yield lambda name: Project.of(ROOT / name, stack).run()
