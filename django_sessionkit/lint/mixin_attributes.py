"""Find views that name roles or permissions for a mixin that they do not have."""

from __future__ import annotations

from django_sessionkit.urlconf.views import class_of

from .coverage import PolicyCoverage
from .rule_faults import Finding

_MIXINS = {
    "required_roles": "RequireRoleMixin",
    "required_permissions": "RequirePermissionMixin",
    "required_any_permission": "RequirePermissionMixin",
}


def unread_attributes(coverage: PolicyCoverage) -> list[Finding]:
    """Return the views with an attribute of a mixin that is none of their base classes.

    A base class that declares the attribute without a value reads it: a mixin of the project with the same names.
    """
    owners = {route.view: class_of(route.callback) for route in coverage.routes}
    return [
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


def _has_mixin(owner: type) -> bool:
    return any(one.__module__ == "django_sessionkit.mixins" for one in owner.__mro__)


def _has_value(owner: type, name: str) -> bool:
    """Return ``True`` if the class that declares the attribute first, the lowest in the order, gives it a value."""
    declared = [vars(one)[name] for one in owner.__mro__ if name in vars(one)]
    return bool(declared) and isinstance(declared[-1], (str, list, tuple, set, frozenset)) and bool(declared[-1])
