"""The users of the site and their rights: one table in PostgreSQL, as a project would have it."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection

TABLE = "CREATE TABLE IF NOT EXISTS rights (user_id text PRIMARY KEY, role text NOT NULL)"
MANAGER = "manager"


def create(names: list[str]) -> None:
    """Create the table. Every user starts as a reader."""
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        rows = [(MANAGER, MANAGER), *((name, "reader") for name in names)]
        cursor.executemany("INSERT INTO rights VALUES (%s, %s)", rows)


def of(user_id: str) -> dict[str, Any]:
    """Return the session dict of a user, with the role that counts now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT role FROM rights WHERE user_id = %s", [user_id])
        (role,) = cursor.fetchone()
    return {"user_id": user_id, "role": role, "permissions": [f"own:{user_id}"]}


aof = sync_to_async(of)


def change(user_id: str, role: str) -> None:
    """Give the user another role."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE rights SET role = %s WHERE user_id = %s", [role, user_id])


def refresh(session: Any, request: Any) -> dict[str, Any]:
    """Return the current dict for a session that is out of date (``SESSIONKIT_REFRESH``)."""
    return {**session.to_dict(), **of(session.user_id)}
