"""The time of ``validate_session``, compared with pydantic and ``json.loads``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from django_sessionkit import Session, validate_session
from django_sessionkit.session.loader import current_loader

from .report import Bound, Case, Pair, Scale, expect
from .site import READER
from .timing import statement

LARGEST: dict[str, Any] = {
    "user_id": "42",
    "email": "reader@example.org",
    "role": "reader",
    "roles": [f"role{number}" for number in range(100)],
    "permissions": [f"area{number}:write" for number in range(500)],
}

Role = Annotated[str, StringConstraints(min_length=1, max_length=100)]
PermissionName = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Shape(BaseModel):
    """A model with the same fields, types and lengths. It does not reject blank names and control characters."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=False)

    user_id: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    email: Annotated[str, StringConstraints(max_length=320)] | None = None
    role: Role | None = None
    roles: Annotated[tuple[Role, ...], Field(max_length=100)] = ()
    permissions: Annotated[frozenset[PermissionName], Field(max_length=500)] = frozenset()


def rows(scale: Scale) -> Iterator[Case]:
    """Yield the rows for a typical dict and for the largest allowed one."""
    for name, data, most in (("typical", READER, 0.8), ("largest", LARGEST, 1.0)):
        ours = statement("ask(data)", ask=validate_session, data=data)
        model = statement("ask(data)", ask=Shape.model_validate, data=data)
        text = statement("ask(text)", ask=json.loads, text=json.dumps(data))
        check = partial(_check, data)
        yield Case(f"`validate_session`, {name}", "a pydantic model", Bound(most), [Pair("", ours, model)], check)
        least = Bound(0.4) if name == "largest" else Bound()
        yield Case(f"`validate_session`, {name}", "`json.loads`", least, [Pair("", ours, text)], check)
        new = statement("forget(); ask(data)", ask=validate_session, data=data, forget=_forget)
        what = f"`validate_session`, {name}, lists of names never seen before"
        yield Case(what, "a pydantic model", Bound(), [Pair("", new, model)], check)
        full = statement("session = ask(data); session.roles; session.permissions", ask=validate_session, data=data)
        what = f"`validate_session`, {name}, with `.roles` and `.permissions` read"
        yield Case(what, "a pydantic model", Bound(), [Pair("", full, model)], check)


def _forget() -> None:
    """Empty the caches of role and permission lists, as if the lists were new."""
    ordinary = current_loader().validate.__self__._ordinary  # type: ignore[attr-defined]
    ordinary._roles.clear()
    ordinary._permissions.clear()


def _check(data: dict[str, Any]) -> None:
    session, model = validate_session(data), Shape.model_validate(data)
    expect("the kind of a validated session", type(session), Session)
    expect("a validated session", session.to_dict(), data)
    expect("roles", session.roles, model.roles)
    expect("permissions", session.permissions, model.permissions)
    expect("json", json.loads(json.dumps(data)), data)
