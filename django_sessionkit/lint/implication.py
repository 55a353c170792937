"""Compare requirements by their form: which of two is stricter, and which roles and predicates one contains.

No session is evaluated, and no predicate or custom access policy is called.
"""

from __future__ import annotations

from django_sessionkit.policy.roles import RoleHierarchy
from django_sessionkit.requirements import (
    Allow,
    AllowObject,
    AnyPermission,
    Authenticated,
    Nobody,
    Permission,
    Public,
    Role,
    Within,
)
from django_sessionkit.requirements.algebra import And, Not, Or, Requirement


def is_weaker(one: Requirement, other: Requirement, roles: RoleHierarchy) -> bool:
    """Return ``True`` if ``one`` grants access in every case in which ``other`` does, and in more cases.

    Only the form of the requirements is compared, so ``False`` may also mean that this is unknown.
    """
    return implies(other, one, roles) and not implies(one, other, roles)


def implies(strict: Requirement, lax: Requirement, roles: RoleHierarchy) -> bool:
    """Return ``True`` if every session that meets ``strict`` also meets ``lax``. ``False`` may also mean unknown."""
    if strict == lax or isinstance(strict, Nobody) or isinstance(lax, Public):
        return True
    if isinstance(lax, And):
        return all(implies(strict, part, roles) for part in lax.children)
    if isinstance(strict, Or):
        return all(implies(part, lax, roles) for part in strict.children)
    if isinstance(strict, And):
        return any(implies(part, lax, roles) for part in strict.children)
    if isinstance(lax, Or):
        return any(implies(strict, part, roles) for part in lax.children)
    return _leaf_implies(strict, lax, roles)


def _leaf_implies(strict: Requirement, lax: Requirement, roles: RoleHierarchy) -> bool:
    if isinstance(strict, Within) and isinstance(lax, Within):
        return implies(strict.parts[0], lax.parts[0], roles)
    if isinstance(lax, Authenticated):
        # Only these may grant access to an anonymous user.
        return not isinstance(strict, (Public, Allow, AllowObject))
    if isinstance(strict, Role) and isinstance(lax, Role):
        return all(roles.expand([name]) & set(lax.parts) for name in strict.parts)
    if isinstance(strict, Not) or isinstance(lax, Not):
        return False
    return _permission_implies(strict, lax)


def _permission_implies(strict: Requirement, lax: Requirement) -> bool:
    named, wanted = set(strict.parts), set(lax.parts)
    if isinstance(strict, Permission) and isinstance(lax, Permission):
        return wanted <= named
    if isinstance(strict, Permission) and isinstance(lax, AnyPermission):
        return bool(wanted & named)
    return isinstance(strict, AnyPermission) and isinstance(lax, AnyPermission) and named <= wanted
