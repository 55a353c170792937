"""The width of the terminal that a command writes to."""

from __future__ import annotations

from shutil import get_terminal_size

from django.core.management.base import OutputWrapper

# In a narrower window, lines are broken by the terminal itself.
_LEAST = 60


def width_of(out: OutputWrapper) -> int | None:
    """Return the columns of the terminal, or ``None`` if the output goes to a file or a pipe."""
    return max(get_terminal_size().columns, _LEAST) if out.isatty() else None
