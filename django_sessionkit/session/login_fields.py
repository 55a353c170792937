"""The fields about the login, ``auth_time`` and ``amr``, which only a login and its confirmation set."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django_sessionkit.conf.limits import Limits
from django_sessionkit.exceptions import InvalidSession
from django_sessionkit.utils.text import described

from .validation.texts import name_list
from .value import LOGIN_FIELDS, Session

_CONFIRMED = ("auth_time", "amr")


def with_auth_time(session: Session) -> dict[str, Any]:
    """Return the dict of the session of a new login, with the current time as ``auth_time`` if it has none."""
    return {**session.to_dict(), "auth_time": int(time.time())}


def check_unchanged(before: Session, after: Session) -> None:
    """Raise ``InvalidSession`` if an update changes when, or with which factors, the user logged in."""
    for field in _CONFIRMED:
        if before.get(field) != after.get(field):
            raise InvalidSession(field, "cannot be changed by an update; use confirm_session()")


def without_login(data: Any) -> Any:
    """Return a dict without ``auth_time`` and ``amr``, and anything else unchanged."""
    return {key: data[key] for key in data if key not in _CONFIRMED} if isinstance(data, Mapping) else data


def with_login_of(before: Session, data: Any) -> Any:
    """Return ``data``, the dict of a renewed session, with the login fields and the actor as they were before."""
    if not isinstance(data, Mapping):
        return data
    renewed = {key: data[key] for key in data if key not in LOGIN_FIELDS}
    return {**renewed, **{field: before[field] for field in LOGIN_FIELDS if field in before}}


def confirmed(before: Session, amr: object, limits: Limits) -> dict[str, Any]:
    """Return the dict of ``before`` after the user has confirmed the login with the factors ``amr``."""
    if not isinstance(amr, (list, tuple)):
        raise InvalidSession("amr", f'must be a list of names, not {described(amr)}; write amr=["otp"]')
    new = name_list("amr", amr, limits.role_length, limits.roles_count)
    factors = list(dict.fromkeys([*before.amr, *new]))
    known = {"amr": factors} if factors else {}
    return {**before.to_dict(), "auth_time": int(time.time()), **known}
