"""Options of commands, as ``call_command()`` passes them: unchanged, and without a look at the choices."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.core.management.base import CommandError

from django_sessionkit.utils.text import described, did_you_mean


def listed(option: str | Sequence[str] | None) -> Sequence[str]:
    """Return the values of an option that may be repeated. A single string is one value."""
    return [option] if isinstance(option, str) else option or []


def chosen(name: str, given: str, choices: Collection[str]) -> str:
    """Return the value of an option. Raises ``CommandError`` if it is not one of ``choices``."""
    if not isinstance(given, str):
        raise CommandError(f"{name}: takes one value, not {described(given)}.")
    if given not in choices:
        raise CommandError(f'{name}: unknown value "{given}"; {did_you_mean(given, choices)}')
    return given
