"""Run management commands and capture their output."""

from __future__ import annotations

import io

from django.core import management


def printed(command: list[str]) -> str:
    """Return the output of a management command, including its error, as a terminal shows it."""
    out = io.StringIO()
    try:
        management.call_command(*command, stdout=out, stderr=out)
    except management.CommandError as error:
        out.write(f"CommandError: {error}\n")
    return out.getvalue()
