"""The mixins that require a session, roles, permissions or any other requirement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.guard.evaluator import as_requirement
from django_sessionkit.guard.objects import refuse_without_object
from django_sessionkit.requirements import AnyPermission, Authenticated, Permission, Recent, Requirement, Role
from django_sessionkit.utils.text import described

from .access import AccessMixin


class RequireMixin(AccessMixin):
    """Require any requirement: ``requirement = Role("owner") | Permission("billing:read")``."""

    requirement: Requirement | None = None

    def _declared_requirement(self) -> Requirement:
        place, hint = f"{type(self).__name__}.requirement", "write object_requirement = ... with RequireObjectMixin"
        return refuse_without_object(as_requirement(self.requirement, place), place, "dispatch()", hint)


class RequireAuthenticatedMixin(AccessMixin):
    """Require a session."""

    def _declared_requirement(self) -> Requirement:
        return Authenticated()


class RequireRoleMixin(AccessMixin):
    """Require at least one of ``required_roles``."""

    required_roles: Sequence[str] | None = None

    def _declared_requirement(self) -> Requirement:
        return _require(self, "required_roles", Role)


class RequirePermissionMixin(AccessMixin):
    """Require all of ``required_permissions`` and at least one of ``required_any_permission``.

    At least one of the two attributes must be set.
    """

    required_permissions: Sequence[str] | None = None
    required_any_permission: Sequence[str] | None = None

    def _declared_requirement(self) -> Requirement:
        parts: list[Requirement] = []
        if self.required_any_permission is not None:
            parts.append(_require(self, "required_any_permission", AnyPermission))
        if self.required_permissions is not None or not parts:
            parts.append(_require(self, "required_permissions", Permission))
        return reduce(and_, parts)


class RequireRecentMixin(AccessMixin):
    """Require that the user logged in, or confirmed the login, at most ``max_age`` seconds ago.

    See :class:`~django_sessionkit.Recent`.
    """

    max_age: int | None = None

    def _declared_requirement(self) -> Requirement:
        place = f"{type(self).__name__}.max_age"
        if self.max_age is None:
            raise InvalidPolicy(place, "is missing", "write max_age = 600")
        try:
            return Recent(self.max_age)
        except InvalidPolicy as error:
            raise error.at(place) from None


def _require(view: AccessMixin, attribute: str, requirement: Callable[..., Requirement]) -> Requirement:
    """Return the requirement of the names in an attribute of ``view``."""
    place, names = f"{type(view).__name__}.{attribute}", getattr(view, attribute)
    is_list = isinstance(names, (list, tuple, set, frozenset))
    if not is_list or not names:
        fault = "is empty" if is_list else f"must be a list of names, not {described(names)}"
        raise InvalidPolicy(place, "is missing" if names is None else fault, f'write {attribute} = ["name"]')
    try:
        return requirement(*(sorted(names, key=str) if isinstance(names, (set, frozenset)) else names))
    except InvalidPolicy as error:
        raise error.at(place) from None
