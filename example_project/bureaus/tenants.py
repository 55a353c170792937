"""The bureaus of the newspaper. Each is a tenant: a right in one of them says nothing about another or the site."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest


async def bureau_of(request: HttpRequest) -> str | None:
    """Return the bureau that a request is about. This is ``SESSIONKIT_TENANT``; it does no I/O."""
    return bureau_in(request.path_info)


def bureau_in(path: str) -> str | None:
    """Return the name in ``/bureaus/<name>/``, or ``None`` for any other path."""
    parts = path.split("/")
    return parts[2] if parts[1:2] == ["bureaus"] and len(parts) > 2 and parts[2] else None


def memberships(groups: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Return the field ``tenants`` of a session. The group ``north/admin`` gives the role ``admin`` in ``north``."""
    found: dict[str, dict[str, list[str]]] = {}
    for bureau, slash, role in (name.partition("/") for name in groups):
        if slash:
            found.setdefault(bureau, {"roles": []})["roles"].append(role)
    return found
