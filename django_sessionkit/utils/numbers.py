"""Tests of numbers that come from settings and callers."""

from __future__ import annotations

from typing import TypeGuard


def is_finite(value: object) -> TypeGuard[int | float]:
    """Return ``True`` for a number other than NaN and infinity. ``True`` and ``False`` are not numbers."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float("inf")
