"""Find views with attributes for a mixin that they do not have, or with a requirement where an adapter belongs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from django_sessionkit.requirements import Requirement
from django_sessionkit.urlconf.views import class_of, ninja_operations

from .coverage import PolicyCoverage
from .rule_faults import Finding

_Bare: TypeAlias = tuple[str, Requirement, str]

# With the mixin, a name that is not quite right is an error that names the right one.
_MIXINS = {
    "object_requirement": "RequireObjectMixin",
    "required_role": "RequireRoleMixin",
    "required_roles": "RequireRoleMixin",
    "required_permission": "RequirePermissionMixin",
    "required_permissions": "RequirePermissionMixin",
    "required_any_permission": "RequirePermissionMixin",
    "required_any_permissions": "RequirePermissionMixin",
}


def unread_attributes(coverage: PolicyCoverage) -> list[Finding]:
    """Return the views with an attribute of a mixin that is none of their base classes.

    A base class that declares the attribute without a value reads it: a mixin of the project with the same names.
    """
    owners = {route.view: class_of(route.callback) for route in coverage.routes}
    return [*_of_admins(coverage)] + [
        Finding(
            view,
            f"has {name}, but {mixin} is not one of its base classes. Nothing reads the attribute, so it protects "
            "nothing.",
            f"Write class {owner.__name__}({mixin}, ...).",
        )
        for view, owner in owners.items()
        if owner is not None and not _has_mixin(owner)
        for name, mixin in _MIXINS.items()
        if _has_value(owner, name)
    ]


def _of_admins(coverage: PolicyCoverage) -> Iterator[Finding]:
    """Yield the model admins and inlines with ``requirements`` that no mixin reads."""
    admins = {id(one): one for route in coverage.routes for one in [getattr(route.callback, "model_admin", None)]}
    owners = [owner for one in admins.values() for owner in (type(one), *getattr(one, "inlines", ()))]
    for owner in dict.fromkeys(owners):
        found = getattr(owner, "requirements", None)
        has_any = isinstance(found, dict) and any(isinstance(one, Requirement) for one in found.values())
        if has_any and not _has_mixin(owner):
            yield Finding(
                f"{owner.__module__}.{owner.__qualname__}",
                "has requirements, but RequireModelAdminMixin is not one of its base classes. Nothing reads the "
                "attribute, so it protects nothing.",
                f"Write class {owner.__name__}(RequireModelAdminMixin, ...).",
            )


def _has_mixin(owner: type) -> bool:
    places = ("django_sessionkit.mixins.", "django_sessionkit.contrib.admin.models")
    return any(one.__module__.startswith(places) for one in owner.__mro__)


def _has_value(owner: type, name: str) -> bool:
    """Return ``True`` if the class that declares the attribute first, the lowest in the order, gives it a value."""
    declared = [vars(one)[name] for one in owner.__mro__ if name in vars(one)]
    if not declared or isinstance(declared[-1], Requirement):
        return bool(declared)
    return isinstance(declared[-1], (str, list, tuple, set, frozenset)) and bool(declared[-1])


def bare_requirements(coverage: PolicyCoverage) -> list[Finding]:
    """Return the views of API frameworks with a requirement that the framework cannot call: they always fail."""
    views = [route.callback for route in coverage.routes]
    found = dict.fromkeys(one for view in views for one in (*_of_drf(view), *_of_ninja(view)))
    return [
        Finding(place, f"has {requirement!r}, which the framework cannot call. Every request fails.", hint)
        for place, requirement, hint in found
    ]


def _of_drf(view: Any) -> Iterator[_Bare]:
    owner: Any = class_of(view)
    classes = getattr(owner, "permission_classes", None)
    for one in classes if isinstance(classes, (list, tuple)) else ():
        if isinstance(one, Requirement):
            place = f"{owner.__module__}.{owner.__qualname__}.permission_classes"
            yield place, one, f"Write Requires({one!r}). Import it from django_sessionkit.contrib.drf."


def _of_ninja(view: Any) -> Iterator[_Bare]:
    for operation in ninja_operations(view):
        for one in operation.auth_callbacks:
            if isinstance(one, Requirement):
                place = f"auth of {operation.view_func.__module__}.{operation.view_func.__qualname__}"
                yield place, one, f"Write auth=SessionAuth({one!r}). Import it from django_sessionkit.contrib.ninja."


def permission_requirements(coverage: PolicyCoverage) -> Iterator[tuple[str, Requirement]]:
    """Yield the requirements in the permission classes of Django REST framework, with the name of the view."""
    for route in coverage.routes:
        classes = getattr(class_of(route.callback), "permission_classes", None)
        for one in classes if isinstance(classes, (list, tuple)) else ():
            yield from ((route.view, requirement) for requirement in _within_permission(one))


def _within_permission(permission: Any) -> Iterator[Requirement]:
    actions, parts = getattr(permission, "actions", None), getattr(permission, "parts", None)
    required = [*(actions.values() if isinstance(actions, Mapping) else ()), getattr(permission, "otherwise", None)]
    yield from (one for one in required if isinstance(one, Requirement))
    for part in parts if isinstance(parts, tuple) else ():
        yield from _within_permission(part)
