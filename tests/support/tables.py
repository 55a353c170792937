"""Tables of apps that are not among those of the test site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.test import override_settings


@contextmanager
def tables(app: str, apps: Sequence[str], blocker: Any, **settings: Any) -> Iterator[None]:
    """Create the tables of an app, and drop them at the end.

    ``apps`` is ``INSTALLED_APPS`` for both, and ``settings`` are others that the apps need when they start. ``blocker``
    is ``django_db_blocker``, because the tables are for all tests of a module: creating them takes longer than a test.
    """

    def migrate(*to: str) -> None:
        with blocker.unblock(), override_settings(**settings), override_settings(INSTALLED_APPS=apps):
            call_command("migrate", app, *to, verbosity=0)

    migrate()
    yield
    migrate("zero")
