"""What the commands that show the policy check first."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from django_sessionkit import conf
from django_sessionkit.conf import installed
from django_sessionkit.exceptions import InvalidPolicy


def check_installation(command: BaseCommand) -> None:
    """Raise ``CommandError`` if the settings are not valid. Warn on stderr if the middleware is missing."""
    try:
        conf.current()
    except InvalidPolicy as error:
        raise CommandError(str(error)) from None
    if not installed.is_guarded():
        command.stderr.write(command.style.WARNING(installed.MIDDLEWARE_MISSING))
