"""Hints for error messages."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(wrong: object, allowed: Iterable[str]) -> str:
    """Return the hint of an error: the valid name nearest to ``wrong``, or all valid names if none is near."""
    names = sorted(allowed)
    near = get_close_matches(str(wrong), names, n=1)
    if near:
        return f'did you mean "{near[0]}"?'
    return "allowed are " + ", ".join(f'"{name}"' for name in names) if names else ""
