"""Parsers for the values of settings. Each returns the parsed value, or raises ``InvalidPolicy`` with ``place``."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from django_sessionkit.access import AccessPolicy
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.policy.denial_options import check_target, with_slash
from django_sessionkit.policy.roles import RoleHierarchy
from django_sessionkit.requirements import Allow, Requirement, leaves
from django_sessionkit.utils.numbers import is_finite
from django_sessionkit.utils.text import described, did_you_mean, nearest

from .limits import Limits, Validator
from .session_source import SessionSource

T = TypeVar("T")

# The value of a WWW-Authenticate header: a scheme (RFC 9110, section 5.6.2), and anything printable after it.
_CHALLENGE = re.compile(r"[\w!#$%&'*+.^`|~-]+(?: [ -~]+)?", re.ASCII)


_PREDICATE = "a predicate is, for example: def is_premium(session): return session is not None"


def target(raw: object, place: str, hint: str = "") -> str | Promise:
    """Parse a redirect target: a site-relative path or a URL name."""
    try:
        return check_target(raw, place)
    except InvalidPolicy as error:
        raise InvalidPolicy(place, error.fault, with_slash(raw) or hint or error.hint) from None


def optional_target(raw: object, place: str) -> str | Promise | None:
    """Parse a redirect target, or ``None``."""
    return None if raw is None else target(raw, place)


def check_predicates(requirement: Requirement, place: str) -> None:
    """Import every predicate of ``requirement`` and check its signature. No predicate is called."""
    for predicate in leaves(requirement, Allow):
        try:
            predicate.resolve()
        except InvalidPolicy as error:
            raise InvalidPolicy(place, error.fault, _PREDICATE) from None
        except Exception as error:
            hint = _near(predicate.parts[0]) or _PREDICATE
            raise InvalidPolicy(place, f"{predicate!r} cannot be imported: {error}", hint) from None


def sequence(raw: object, place: str) -> Iterable[object]:
    """Parse a list or tuple."""
    if not isinstance(raw, (list, tuple)):
        hint = f'write ["{raw[:100]}"]' if isinstance(raw, str) else "write [...]"
        raise InvalidPolicy(
            place, f"must be a list, not {described(raw)}", "write [{...}]" if isinstance(raw, Mapping) else hint
        )
    return raw


def flag(raw: object, place: str) -> bool:
    """Parse a boolean. Other truthy or falsy values are errors."""
    if not isinstance(raw, bool):
        raise InvalidPolicy(place, f"must be True or False, not {type(raw).__name__}")
    return raw


def session_key(raw: object, place: str) -> str:
    """Parse a key of ``request.session``. It must not be a key that Django itself uses."""
    if not isinstance(raw, str) or not raw.strip():
        raise InvalidPolicy(place, "must be a non-blank string")
    if raw.startswith("_auth_user") or raw == "_session_expiry":
        raise InvalidPolicy(place, f'"{raw}" is a key of Django itself', 'the default is "__session__"')
    return raw


def ttl(raw: object, place: str) -> int | float | None:
    """Parse a positive, finite number of seconds, or ``None``."""
    if raw is None:
        return None
    if not is_finite(raw) or raw <= 0:
        raise InvalidPolicy(place, "must be a positive number of seconds, or None")
    return raw


def limits(raw: object, place: str) -> Limits:
    """Parse a dict that overrides fields of :class:`~django_sessionkit.session.validation.Limits`."""
    if not isinstance(raw, Mapping):
        raise InvalidPolicy(place, "must be a dict of limit names and numbers")
    names = [one.name for one in fields(Limits)]
    for name, value in raw.items():
        if name not in names:
            raise InvalidPolicy(f"{place}[{name!r}]", "unknown limit", did_you_mean(name, names))
        if type(value) is not int or value < 1:
            raise InvalidPolicy(f"{place}[{name!r}]", "must be an integer of at least 1")
    return Limits(**raw)


def _imported(raw: object, place: str) -> object:
    if not isinstance(raw, str):
        return raw
    try:
        return import_string(raw)
    except Exception as error:
        hint = _near(raw) or "write the dotted path of an object, as for an import"
        raise InvalidPolicy(place, f'"{raw}" cannot be imported: {error}', hint) from None


def _near(path: object) -> str:
    """Return the hint for a dotted path that cannot be imported: the nearest name that its module has, or ``""``."""
    module, _, name = str(path).rpartition(".")
    near = nearest(name, vars(sys.modules[module])) if module in sys.modules else None
    return f'did you mean "{module}.{near}"?' if near else ""


def _function(found: object, place: str, count: int, fault: str) -> Callable[..., Any] | None:
    """Return ``found``, a callable that takes ``count`` arguments, or ``None``."""
    if found is None:
        return None
    if not callable(found) or not _takes(found, count):
        raise InvalidPolicy(place, fault)
    return found


def _takes(function: Callable[..., object], count: int) -> bool:
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        return True  # a built-in function without a signature
    return True


def source(raw: object, place: str) -> Any:
    """Parse a session source. A class is instantiated; anything that is no source must be callable with the request."""
    found = _imported(raw, place)
    if isinstance(found, type) and issubclass(found, SessionSource):
        found = _instantiated(found, place)
    challenge = getattr(found, "challenge", SessionSource.challenge)
    if not isinstance(challenge, str) or not _CHALLENGE.fullmatch(challenge):
        raise InvalidPolicy(place, "has a challenge that is no header", "write challenge = 'Bearer realm=\"site\"'")
    if isinstance(found, SessionSource):
        return found
    if hasattr(found, "read"):
        raise InvalidPolicy(place, "is not a SessionSource", "subclass django_sessionkit.sources.SessionSource")
    if not callable(found) or not _takes(found, 1):
        raise InvalidPolicy(place, "must be a SessionSource or a callable that takes the request")
    return found


def _instantiated(found: type[T], place: str, *args: object, **kwargs: object) -> T:
    try:
        return found(*args, **kwargs)
    except Exception as error:
        raise InvalidPolicy(place, f"{found.__qualname__}() raised {type(error).__name__}: {error}") from None


def validator(raw: object, place: str) -> Validator | None:
    """Parse a sync callable that takes the dict of a session and returns a dict, or ``None``."""
    found = _function(_imported(raw, place), place, 1, "must be a callable that takes the dict and returns it")
    if iscoroutinefunction(found):
        raise InvalidPolicy(place, "must not be async", "write a plain function that only checks the dict")
    return found


def policy(raw: object, place: str, roles: RoleHierarchy, wildcards: bool) -> AccessPolicy:
    """Parse an access policy class and return an instance of it."""
    found = _imported(raw, place)
    if not isinstance(found, type) or not issubclass(found, AccessPolicy):
        raise InvalidPolicy(place, "must be a subclass of django_sessionkit.access.AccessPolicy")
    for name, count in (("get_roles", 2), ("get_permissions", 2), ("check", 4)):
        method = getattr(found, name)
        if not _takes(method, count):
            raise InvalidPolicy(place, f"{name}() does not take the arguments of AccessPolicy.{name}()")
        if name != "check" and iscoroutinefunction(method):
            raise InvalidPolicy(
                place, f"{name}() must not be async", "write a plain method; under ASGI it runs in a thread"
            )
    return _instantiated(found, place, roles, wildcards=wildcards)


def version(raw: object, place: str) -> Callable[[str], object] | None:
    """Parse a callable that takes a user id and returns the version of that user's sessions, or ``None``."""
    return _function(_no_class(raw, place), place, 1, "must be a callable that takes the user id and returns a version")


def tenant(raw: object, place: str) -> Callable[..., object] | None:
    """Parse a callable that takes the request and returns the id of the current tenant or ``None``, or ``None``."""
    fault = "must be a callable that takes the request and returns the id of a tenant or None"
    return _function(_no_class(raw, place), place, 1, fault)


def _no_class(raw: object, place: str) -> object:
    found = _imported(raw, place)
    if isinstance(found, type):
        raise InvalidPolicy(place, "must not be a class", f"name an instance, such as {found.__qualname__}()")
    return found


def refresh(raw: object, place: str) -> Callable[..., object] | None:
    """Parse a callable that takes a session and a request and returns the current session dict, or ``None``."""
    fault = "must be a callable that takes (session, request) and returns a dict or None"
    return _function(_imported(raw, place), place, 2, fault)


def interval(raw: object, place: str) -> int | float:
    """Parse a finite number of seconds, 0 or more."""
    if not is_finite(raw) or raw < 0:
        raise InvalidPolicy(place, "must be a number of seconds, 0 or more")
    return raw
