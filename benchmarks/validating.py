"""The time of ``validate_session``, compared with pydantic and ``json.loads``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from random import Random
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from django_sessionkit import Session, validate_session

from .report import Bound, Case, Pair, Scale, expect
from .site import READER
from .timing import Effort, once_each, statement

LARGEST: dict[str, Any] = {
    "user_id": "42",
    "email": "reader@example.org",
    "role": "reader",
    "roles": [f"role{number}" for number in range(100)],
    "permissions": [f"area{number}:write" for number in range(500)],
}

NEW = Effort(pairs=15)  # to make new dicts takes much longer than to validate them

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
        for what, make, slowest in (
            ("lists of names never seen before", partial(_shuffled, data, Random(1)), 1.2),  # noqa: S311
            ("names never seen before", partial(_renamed, data, count()), 2.0),
        ):
            new, model_of_new = once_each(validate_session, make), once_each(Shape.model_validate, make)
            sides = [Pair("", new, model_of_new)]
            what = f"`validate_session`, {name}, {what}"
            yield Case(what, "a pydantic model", Bound(slowest), sides, partial(_check_new, make), NEW)
        full = statement("session = ask(data); session.roles; session.permissions", ask=validate_session, data=data)
        what = f"`validate_session`, {name}, with `.roles` and `.permissions` read"
        yield Case(what, "a pydantic model", Bound(), [Pair("", full, model)], check)


def _shuffled(data: dict[str, Any], order: Random) -> dict[str, Any]:
    """Return a new dict with the same names in another order, made of new strings, as if read from a store."""
    made: dict[str, Any] = json.loads(json.dumps(data))
    for names in (made.get("roles"), made["permissions"]):
        order.shuffle(names or [])
    return made


def _renamed(data: dict[str, Any], numbers: Iterator[int]) -> dict[str, Any]:
    """Return a new dict whose roles and permissions have names that no other dict has."""
    number = next(numbers)
    new = {key: [f"{number}-{name}" for name in value] for key, value in data.items() if isinstance(value, list)}
    made: dict[str, Any] = json.loads(json.dumps({**data, "role": f"{number}-{data['role']}", **new}))
    return made


def _check_new(make: Callable[[], dict[str, Any]]) -> None:
    first, second = make(), make()
    expect("whether the lists differ", first["permissions"] == second["permissions"], False)
    for data in (first, second):
        _check(data)


def _check(data: dict[str, Any]) -> None:
    session, model = validate_session(data), Shape.model_validate(data)
    expect("the kind of a validated session", type(session), Session)
    expect("a validated session", session.to_dict(), data)
    expect("roles", tuple(session.get("roles") or ()), model.roles)
    expect("permissions", session.permissions, model.permissions)
    expect("json", json.loads(json.dumps(data)), data)
