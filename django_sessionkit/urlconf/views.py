"""Properties of a view: its name, the HTTP methods it answers, and checks other than SessionKit's that it has.

They are read from the view of a URL, through its decorators. Nothing is called, and no optional package is imported:
code of such a package is recognized by the name of its module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from types import FunctionType, MethodType
from typing import Any

from django_sessionkit.policy.view_marks import api_package_of

# The most functions that are looked at for one view. More than these do not come from decorators.
_MOST_WRAPPERS = 24

_ADMIN_MODULES = ("django.contrib.admin.options", "django.contrib.admin.sites")
_STAFF_MODULE = "django.contrib.admin.views.decorators"
_AUTH_MODULES = ("django.contrib.auth.decorators", "django.contrib.auth.mixins")

#: the names of the checks that other packages make
DRF, NINJA, ADMIN, AUTH = "Django REST framework", "Django Ninja", "Django admin", "Django auth"
_PACKAGES = {"rest_framework": DRF, "ninja": NINJA}


def unwrap(view: Any) -> Iterator[Any]:
    """Yield the functions that a view consists of (decorators, partials, methods), the outermost first."""
    waiting, seen = [view], set[int]()
    while waiting and len(seen) < _MOST_WRAPPERS:
        one = waiting.pop(0)
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += _beneath(one)


def _beneath(one: Any) -> list[Any]:
    if isinstance(one, partial):
        return [one.func]
    if isinstance(one, MethodType):
        return [one.__func__]
    if not isinstance(one, FunctionType):
        return []
    found = [getattr(one, "__wrapped__", None)]
    for value in _closure(one).values():
        found += value if isinstance(value, (list, tuple)) else [value]  # method_decorator() keeps a list
    return [inner for inner in found if isinstance(inner, (FunctionType, MethodType, partial))]


def _closure(function: Any) -> dict[str, Any]:
    """The variables that a function closes over, without unbound ones."""
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue
    return found


def class_of(view: Any) -> type | None:
    """Return the class of a class-based view, of Django or Django REST framework; ``None`` for a function view."""
    owner = getattr(view, "view_class", None) or getattr(view, "cls", None)
    return owner if isinstance(owner, type) else None


def name_of(view: Any) -> str:
    """Return the dotted name of the view, or of its class."""
    while isinstance(view, partial):
        view = view.func
    model_admin = getattr(view, "model_admin", None)
    if model_admin is not None:
        return f"{_dotted(type(model_admin))}.{getattr(view, '__name__', '')}"
    owner = class_of(view)
    if owner is not None:
        return _dotted(owner)
    return _dotted(view) if hasattr(view, "__qualname__") else _dotted(type(view))


def _dotted(one: Any) -> str:
    return f"{one.__module__}.{one.__qualname__}"


def methods_of(view: Any) -> frozenset[str] | None:
    """Return the HTTP methods that the view answers; ``None`` if Django calls it for any method."""
    stated = _stated_methods(view)
    if stated is None or "GET" not in stated or class_of(view) is None:
        return stated
    return stated | {"HEAD"}  # as View.setup() does


def _stated_methods(view: Any) -> frozenset[str] | None:
    actions = getattr(view, "actions", None)
    if isinstance(actions, dict):  # a viewset of Django REST framework
        return frozenset([*map(str.upper, actions), "OPTIONS"])
    operations = ninja_operations(view)
    if operations:
        return frozenset(verb for one in operations for verb in one.methods)
    owner = class_of(view)
    handlers = _handlers(owner, getattr(view, "view_initkwargs", {})) if owner is not None else frozenset()
    # Without any handler of its own, a class answers in its dispatch(), as the view of Strawberry does.
    return handlers if handlers - {"OPTIONS"} else _listed_methods(view)


def ninja_operations(view: Any) -> Sequence[Any]:
    """Return the operations of a Django Ninja path; an empty sequence for any other view.

    The view is a method of the path, or a function that closes over it.
    """
    owner = _closure(view).get("self") if isinstance(view, FunctionType) else getattr(view, "__self__", None)
    return getattr(owner, "operations", ()) if external_check(view) == NINJA else ()


def _handlers(owner: Any, options: dict[str, Any]) -> frozenset[str]:
    names: Iterable[str] = options.get("http_method_names", getattr(owner, "http_method_names", ()))
    return frozenset(name.upper() for name in names if hasattr(owner, name))


def _listed_methods(view: Any) -> frozenset[str] | None:
    """The methods that ``@require_http_methods`` and similar decorators allow."""
    for layer in unwrap(view):
        if _module_of(layer) == "django.views.decorators.http":
            listed = _closure(layer).get("request_method_list")
            if listed is not None:
                return frozenset(listed)
    return None


def external_check(view: Any) -> str | None:
    """Return the name of another check that the view has, if one can be detected; else ``None``."""
    package = api_package_of(view)
    if package is not None:
        return _PACKAGES[package]
    modules = {_module_of(layer) for layer in unwrap(view) if _is_external_check(layer)}
    owner = class_of(view)
    modules.update(_modules_of_class(owner) if owner is not None else ())
    if modules.intersection((*_ADMIN_MODULES, _STAFF_MODULE)):
        return ADMIN
    return AUTH if modules else None


def _is_external_check(layer: Any) -> bool:
    """Return ``True`` for the inner function of ``AdminSite.admin_view()``, its wrapper, or ``login_required``."""
    module = _module_of(layer)
    if module in _ADMIN_MODULES:
        return layer.__code__.co_name in ("inner", "wrapper")
    return module in (*_AUTH_MODULES, _STAFF_MODULE) and layer.__code__.co_name != "login_not_required"


def _module_of(layer: Any) -> str:
    """The module where the code of a function is. Decorators may have overwritten its ``__module__``."""
    return layer.__globals__.get("__name__", "") if isinstance(layer, FunctionType) else ""


@lru_cache(maxsize=4096)
def _modules_of_class(owner: type) -> frozenset[str]:
    """The modules of the checks of a class: mixins of ``django.contrib.auth``, and decorators of ``dispatch()``."""
    mixins = frozenset(base.__module__ for base in owner.__mro__).intersection(_AUTH_MODULES)
    return mixins.union(
        _module_of(layer) for layer in unwrap(getattr(owner, "dispatch", None)) if _is_external_check(layer)
    )
