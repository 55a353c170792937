"""The requirements that name roles or permissions."""

from __future__ import annotations

from collections.abc import Iterator

from django_sessionkit.access import Grants
from django_sessionkit.policy.decisions import MISSING_PERMISSION, MISSING_ROLE, NONE_OF, Decision
from django_sessionkit.policy.names import checked_permissions, checked_roles

from .algebra import Requirement, leaves
from .leaf import Leaf


class Role(Leaf):
    """Require at least one of the roles.

    A session has a role if it is its primary role, is in ``roles``, or is inherited by ``SESSIONKIT_ROLES``.
    """

    __slots__ = ()

    def __init__(self, *any_of: str) -> None:
        super().__init__(checked_roles("Role", any_of), is_static=True)

    def _evaluate(self, grants: Grants) -> Decision:
        if not grants.roles.isdisjoint(self.parts):
            return self._granted()
        return self._denied(MISSING_ROLE, self.parts)


class Permission(Leaf):
    """Require all of the permissions."""

    __slots__ = ()

    def __init__(self, *all_of: str) -> None:
        super().__init__(checked_permissions("Permission", all_of), is_static=True)

    def _evaluate(self, grants: Grants) -> Decision:
        missing = tuple(name for name in self.parts if not grants.has_permission(name))
        return self._denied(MISSING_PERMISSION, missing) if missing else self._granted()


class AnyPermission(Leaf):
    """Require at least one of the permissions."""

    __slots__ = ()

    def __init__(self, *any_of: str) -> None:
        super().__init__(checked_permissions("AnyPermission", any_of), is_static=True)

    def _evaluate(self, grants: Grants) -> Decision:
        if any(map(grants.has_permission, self.parts)):
            return self._granted()
        return self._denied(MISSING_PERMISSION if len(self.parts) == 1 else NONE_OF, self.parts)


def role_names(requirement: Requirement) -> Iterator[str]:
    """Yield every role that ``requirement`` contains."""
    return (name for one in leaves(requirement, Role) for name in one.parts)
