"""When, and with which factors, a user logged in to ``contrib.auth``: from allauth's records, else from the login."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

from django.apps import apps as registry

from . import users

if TYPE_CHECKING:
    from django.http import HttpRequest

# The key of request.session with the time of the login. Django empties the store when the user logs out.
_LOGIN = "_sessionkit_login"
# allauth's methods, and the types of its factors, by their names in RFC 8176. Methods that are not listed, such as a
# password reset or a login at another site, prove none of these factors.
_METHODS = {"password": "pwd"}
_FACTORS = {"totp": "otp", "recovery_codes": "otp", "webauthn": "hwk"}
_MFA = "mfa"


def connect(confirm: Callable[..., None]) -> None:
    """Call ``confirm`` after each step of a login with allauth, if it is installed."""
    if _has_allauth():
        import_module("allauth.account.signals").authentication_step_completed.connect(confirm)


def _has_allauth() -> bool:
    return registry.is_installed("allauth.account")


def stamp(request: HttpRequest) -> None:
    """Note that a user is logging in now."""
    request.session[_LOGIN] = int(time.time())


def forget(request: HttpRequest) -> None:
    """Forget the time of a login that is none: one user goes on as another one."""
    request.session.pop(_LOGIN, None)


def login_of(request: HttpRequest, user: Any) -> dict[str, Any]:
    """Return the fields ``auth_time`` and ``amr`` for the dict of ``user``, as far as they are known.

    A user of this request only, for example from a token, did not log in.
    """
    if not users.is_logged_in(request, user):
        return {}
    found = _of_records(_records(request, user)) if _has_allauth() else {}
    at = request.session.get(_LOGIN)
    return found or ({"auth_time": at} if isinstance(at, int) else {})


def factors_of(method: object, kind: object) -> list[str]:
    """Return the factors that a step of allauth proves, by its method and by the type of its authenticator."""
    name = _FACTORS.get(str(kind)) if method == _MFA else _METHODS.get(str(method))
    return [name] if name is not None else []


def _records(request: HttpRequest, user: Any) -> list[Mapping[str, Any]]:
    read = import_module("allauth.account.authentication").get_authentication_records
    takes_user = "user" in signature(read).parameters
    return list(read(request, user) if takes_user else read(request))


def _of_records(records: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the fields for all steps of a login. ``mfa`` is added if a second factor was not the only step."""
    if not records:
        return {}
    factors = [name for one in records for name in factors_of(one.get("method"), one.get("type"))]
    methods = {one.get("method") for one in records}
    if _MFA in methods and len(methods) > 1:
        factors.append(_MFA)
    last = max(int(one["at"]) for one in records)
    return {"auth_time": last, **({"amr": list(dict.fromkeys(factors))} if factors else {})}
