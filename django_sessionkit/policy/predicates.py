"""The functions of a project that ``Allow`` calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import Parameter, signature
from typing import TYPE_CHECKING, TypeAlias

from django_sessionkit.exceptions import InvalidPolicy

if TYPE_CHECKING:
    from django.http import HttpRequest

    from django_sessionkit.session.value import Session

    #: ``fn(session)``, or ``fn(session, request)``
    Predicate: TypeAlias = (
        Callable[[Session | None], bool | Awaitable[bool]]
        | Callable[[Session | None, HttpRequest | None], bool | Awaitable[bool]]
    )


def wants_request(fn: Callable[..., object]) -> bool:
    """Return ``True`` to call a predicate with ``(session, request)``, ``False`` to call it with ``(session)``.

    Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if it can be called in neither way.
    """
    try:
        parameters = list(signature(fn).parameters.values())
    except (TypeError, ValueError):
        return False  # a built-in function without a signature
    positional = [one for one in parameters if one.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
    catch_all = any(one.kind is Parameter.VAR_POSITIONAL for one in parameters)
    required = [one for one in positional if one.default is Parameter.empty]
    keyword_only = any(one.kind is Parameter.KEYWORD_ONLY and one.default is Parameter.empty for one in parameters)
    if keyword_only or len(required) > 2 or not (positional or catch_all):
        raise InvalidPolicy("Allow", f"{getattr(fn, '__qualname__', fn)!s} must take (session) or (session, request)")
    second = positional[1] if len(positional) > 1 else None
    return catch_all if second is None else second in required or second.name == "request"
