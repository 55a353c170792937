"""Identify a user object of Django."""

from __future__ import annotations

from typing import Any


def user_id(user: Any) -> str | None:
    """Return the primary key as text, or ``None`` for a user who is anonymous or not active."""
    is_in = getattr(user, "is_authenticated", False) is True and getattr(user, "is_active", False)
    pk = getattr(user, "pk", None) if is_in else None
    return str(pk) if pk is not None else None
