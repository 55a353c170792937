"""Decorators for views: for ``def`` and ``async def``, and for class-based views through ``method_decorator``.

Every decorator takes the response options of a rule as keywords: ``redirect_to``, ``login_url``, ``on_deny`` and
``api``. The requirement is available on the view as ``view.sessionkit_requirement``.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast, overload

from asgiref.sync import iscoroutinefunction

from .conf.installed import require_middleware_for_views
from .exceptions import InvalidPolicy
from .guard.evaluator import as_requirement, cached_decision
from .guard.objects import refuse_without_object
from .guard.questions import role_and_permission
from .policy.denial_options import OPTION_KEYS, DenialOptions, Options
from .policy.view_marks import (
    IS_PUBLIC,
    GuardedView,
    ViewRequirement,
    mark_public,
    mark_public_class,
    mark_view,
    next_number,
)
from .requirements import AnyPermission, Authenticated, Permission, Recent, Requirement, Role
from .responses import check_view
from .responses.caching import vary
from .utils.near_names import missing_name
from .utils.sansio import arun, run
from .utils.text import described, did_you_mean

if TYPE_CHECKING:
    from django.http import HttpRequest
    from typing_extensions import Unpack
else:

    def __getattr__(name: str) -> object:
        """Raise the error for a name that this module does not have."""
        raise missing_name(__name__, name)


P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V", bound=Callable[..., Any])


class Guard:
    """A decorator for views. The functions of this module create it."""

    def __init__(self, requirement: Requirement, options: Options, name: str) -> None:
        _check_keys(options, name)
        hint = "use RequireObjectMixin, or call enforce(requirement, obj=...) in the view"
        self.requirement = refuse_without_object(requirement, f"@{name}", "a decorator", hint)
        self.options: DenialOptions = DenialOptions.parse(options, f"@{name}")
        self._name = name

    def __call__(self, view: Callable[P, R]) -> GuardedView[P, R]:
        if not callable(view):
            raise TypeError(f"@{self._name} decorates a view, not {described(view)}. Write it above a view.")
        if isinstance(view, type):
            raise TypeError(
                f"@{self._name} cannot decorate the class {view.__qualname__}: it decorates functions. "
                f'Use a mixin of django_sessionkit.mixins, or @method_decorator({self._name}(...), name="dispatch").'
            )
        require_middleware_for_views()
        guarded = self._async(view) if _is_async(view) else self._sync(view)
        _dress(guarded, view)
        return mark_view(guarded, ViewRequirement(self.requirement, self.options), next_number())

    def _sync(self, view: Callable[..., Any]) -> Callable[..., Any]:
        requirement = self.requirement

        def guarded(*args: Any, **kwargs: Any) -> Any:
            decision = cached_decision(requirement)
            if decision is None or not decision.allowed:
                denial = run(check_view(self._request(view, args, kwargs), requirement, self.options))
                if denial is not None:
                    return denial
            return vary(view(*args, **kwargs))

        return guarded

    def _async(self, view: Callable[..., Any]) -> Callable[..., Any]:
        requirement = self.requirement

        async def guarded(*args: Any, **kwargs: Any) -> Any:
            decision = cached_decision(requirement)
            if decision is None or not decision.allowed:
                denial = await arun(check_view(self._request(view, args, kwargs), requirement, self.options))
                if denial is not None:
                    return denial
            response = view(*args, **kwargs)
            return vary(await response if isawaitable(response) else response)

        return guarded

    def _request(self, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> HttpRequest:
        request = args[0] if args else kwargs.get("request")
        if not hasattr(request, "META"):
            raise TypeError(
                f"@{self._name} on {getattr(view, '__qualname__', described(view))} got {described(request)} as its "
                "first argument instead of the request. Nothing was checked. On a method, write "
                f"@method_decorator({self._name}(...)), or use a mixin of django_sessionkit."
            )
        return cast("HttpRequest", request)


def _is_async(view: Callable[..., Any]) -> bool:
    """Return ``True`` if the view returns an awaitable: ``async def``, or a method of an async class-based view.

    ``method_decorator`` passes such a method as a bound partial, and ``View.dispatch`` is a plain function even in an
    async view.
    """
    if iscoroutinefunction(view):
        return True
    owner = getattr(getattr(view, "func", None), "__self__", None)
    return getattr(owner, "view_is_async", False) is True


def _guard(name: str, requirement: Callable[..., Requirement], names: tuple[Any, ...], options: Options) -> Guard:
    """Return the decorator ``name``, which requires ``requirement(*names)``."""
    if names and callable(names[0]):
        fault = f"got {getattr(names[0], '__qualname__', described(names[0]))} instead of names"
        raise InvalidPolicy(f"@{name}", fault, f'write @{name}("...") with the names in brackets')
    _check_keys(options, name, "" if names else f'write names without a keyword, as in @{name}("...")')
    try:
        made = requirement(*names)
    except InvalidPolicy as error:
        raise error.at(f"@{name}") from None
    return Guard(made, options, name)


def _check_keys(options: Options, name: str, hint: str = "") -> None:
    for key in options:
        if key not in OPTION_KEYS:
            raise InvalidPolicy(f"@{name}", f'unknown option "{key}"', hint or did_you_mean(key, OPTION_KEYS))


def require(requirement: Requirement, **options: Unpack[Options]) -> Guard:
    """Require any requirement: ``@require(Role("owner") | Permission("billing:read"))``.

    Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if ``requirement`` is not a requirement.
    """
    return Guard(as_requirement(requirement, "@require"), options, "require")


@overload
def require_authenticated(view: Callable[P, R], /) -> GuardedView[P, R]: ...
@overload
def require_authenticated(**options: Unpack[Options]) -> Guard: ...
def require_authenticated(view: Callable[..., Any] | None = None, /, **options: Unpack[Options]) -> Any:
    """Require a session. It may be empty of roles and permissions. Works with and without parentheses."""
    guard = Guard(Authenticated(), options, "require_authenticated")
    return guard if view is None else guard(view)


def require_role(*any_of: str, **options: Unpack[Options]) -> Guard:
    """Require at least one of the roles: ``@require_role("editor", "admin")``."""
    return _guard("require_role", Role, any_of, options)


def require_permission(*all_of: str, **options: Unpack[Options]) -> Guard:
    """Require all of the permissions: ``@require_permission("posts:read", "posts:write")``."""
    return _guard("require_permission", Permission, all_of, options)


def require_any_permission(*names: str, **options: Unpack[Options]) -> Guard:
    """Require at least one of the permissions."""
    return _guard("require_any_permission", AnyPermission, names, options)


def require_role_permission(role: str, permission: str, **options: Unpack[Options]) -> Guard:
    """Require both a role and a permission: ``@require_role_permission("editor", "posts:write")``."""
    return _guard("require_role_permission", role_and_permission, (role, permission), options)


def require_recent(seconds: int, **options: Unpack[Options]) -> Guard:
    """Require that the user logged in, or confirmed the login, at most ``seconds`` ago: ``@require_recent(600)``.

    See :class:`~django_sessionkit.Recent`.
    """
    if callable(seconds):
        name = getattr(seconds, "__qualname__", described(seconds))
        raise InvalidPolicy("@require_recent", f"got {name} instead of seconds", "write @require_recent(600)")
    return _guard("require_recent", Recent, (seconds,), options)


@overload
def public(view: V, /) -> V: ...
@overload
def public() -> Callable[[V], V]: ...
def public(view: Any = None, /) -> Any:
    """Exempt a view from ``SESSIONKIT_GLOBAL_PROTECT``. Rules and requirements still apply.

    Works with and without parentheses. The given view does not change, because the mark is on a wrapper:
    ``public(serve)`` makes only one route public. Mark a class where it is defined (``@public`` above ``class``). Its
    subclasses are not public.

    Raises ``TypeError`` for an object that cannot be called, and for a class that is already defined.
    """
    return _public if view is None else _public(view)


def _public(view: Any) -> Any:
    if isinstance(view, (staticmethod, classmethod)):
        return type(view)(_public(view.__func__))
    if isinstance(view, type):
        return _public_class(view)
    if not callable(view):
        raise TypeError(
            f"public() needs a view, not an object of the type {type(view).__name__}. No route was made public. "
            "Write path(..., public(view)) in the URLconf, or @public above the view."
        )
    shown = _ashown(view) if _is_async(view) else _shown(view)
    return mark_public(_dress(shown, view), next_number())


def _shown(view: Callable[..., Any]) -> Callable[..., Any]:
    def shown(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return shown


def _ashown(view: Callable[..., Any]) -> Callable[..., Any]:
    async def shown(*args: Any, **kwargs: Any) -> Any:
        response = view(*args, **kwargs)
        return await response if isawaitable(response) else response

    return shown


def _public_class(view: type) -> type:
    """Mark a class that is not yet in its module. A class in its module may have routes that must not become public."""
    found: Any = sys.modules.get(view.__module__)
    for name in view.__qualname__.split("."):
        found = getattr(found, name, None)
    if found is view:
        raise TypeError(
            f"public() cannot mark the class {view.__module__}.{view.__qualname__}, because it is already defined. "
            "All its routes would become public. "
            f"Write public({view.__qualname__}.as_view(...)) in the URLconf, or @public above a class of your own."
        )
    return mark_public_class(view)


def _dress(wrapper: Callable[..., Any], view: Callable[..., Any]) -> Callable[..., Any]:
    """Do the same as ``update_wrapper``, and also copy what Django reads from the class of a callable object: the name,
    and attributes such as ``csrf_exempt``.
    """
    functools.update_wrapper(wrapper, view)
    if hasattr(view, "__name__"):
        return wrapper
    kind: type = type(view)
    wrapper.__module__, wrapper.__name__, wrapper.__qualname__ = kind.__module__, kind.__name__, kind.__qualname__
    for base in kind.__mro__:
        for name, value in vars(base).items():
            if not (name.startswith("__") or hasattr(value, "__get__") or name == IS_PUBLIC):
                wrapper.__dict__.setdefault(name, value)
    return wrapper
