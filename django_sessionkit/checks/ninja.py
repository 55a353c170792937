"""The checks of Django Ninja APIs. Ninja is not imported: its operations are found in the URLconf."""

from __future__ import annotations

from collections.abc import Sequence
from types import FunctionType, ModuleType
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from django_sessionkit.exceptions import AccessDenied, NotAuthenticated
from django_sessionkit.lint import coverage
from django_sessionkit.policy.view_marks import requirements_of
from django_sessionkit.urlconf.views import ninja_operations, unwrap

_PACKAGE = "django_sessionkit"
_DENYING = frozenset(["enforce", "aenforce", "require_session", "arequire_session", "SessionAuth"])


def check_ninja_denials(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about a Ninja API that uses SessionKit and has no handler for its exceptions."""
    policy_coverage = coverage.current()
    routes = policy_coverage.routes if policy_coverage is not None else ()
    operations = [one for route in routes for one in ninja_operations(route.callback)]
    found = {id(one.api): one for one in reversed(operations) if _may_deny(one) and not _answers_denials(one.api)}
    return [
        CheckWarning(
            f"{one.view_func.__module__}.{one.view_func.__qualname__} uses SessionKit, but answer_denials() is not "
            "called for its NinjaAPI. With DEBUG, a denial by enforce() is answered with a traceback. A denial without "
            "a session is not logged.",
            hint=f"Write answer_denials(api) below api = NinjaAPI(...). Import it from {_PACKAGE}.contrib.ninja.",
            id="sessionkit.W037",
        )
        for one in found.values()
    ]


def check_ninja_decorators(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report decorators that are above the one of Ninja: it has registered the function that they wrap."""
    policy_coverage = coverage.current()
    routes = policy_coverage.routes if policy_coverage is not None else ()
    found = {id(one.view_func): one.view_func for route in routes for one in ninja_operations(route.callback)}
    return [
        Error(
            f"{function.__module__}.{function.__qualname__}: a decorator of SessionKit is above that of Ninja. Ninja "
            "calls the function without it, so nothing is checked.",
            hint="Move the decorator of SessionKit below @api.get(...) or its like, or use auth=SessionAuth(...).",
            id="sessionkit.E029",
        )
        for function in found.values()
        if _is_decorated_too_late(function)
    ]


def _is_decorated_too_late(function: Any) -> bool:
    """Return ``True`` if the name of an operation refers to a function that has a mark and wraps the operation."""
    named = getattr(function, "__globals__", {}).get(function.__name__)
    return named is not function and bool(requirements_of(named, "GET")) and function in unwrap(named)


def _may_deny(operation: Any) -> bool:
    """Return ``True`` if the operation has ``SessionAuth``, or if its module imports a function that denies."""
    if any(_is_denying(type(one)) for one in operation.auth_callbacks):
        return True
    functions = (one for one in unwrap(operation.view_func) if isinstance(one, FunctionType))
    return any(_is_denying(value) for one in functions for value in one.__globals__.values())


def _is_denying(value: object) -> bool:
    if isinstance(value, ModuleType):
        return value.__name__ == _PACKAGE
    return (
        isinstance(value, (FunctionType, type))
        and value.__name__ in _DENYING
        and value.__module__.partition(".")[0] == _PACKAGE
    )


def _answers_denials(api: Any) -> bool:
    """Return ``True`` if the API has handlers for both exceptions, those of ``answer_denials()`` or others."""
    handled = set(api._exception_handlers) - {Exception}
    return all(not handled.isdisjoint(one.__mro__) for one in (AccessDenied, NotAuthenticated))
