"""What follows from a requirement by its form alone: which other one it includes, which roles it names.

Nothing is asked of a session; a predicate or an own access policy is never called.
"""

from __future__ import annotations

from collections.abc import Iterator

from .access import RoleMap
from .algebra import And, Not, Or, Requirement
from .requirements import Allow, AnyPermission, Authenticated, Nobody, Permission, Public, Role


def role_names(requirement: Requirement) -> Iterator[str]:
    """Every role that ``requirement`` names."""
    if isinstance(requirement, Role):
        yield from requirement._parts
    for child in requirement.children:
        yield from role_names(child)


def predicates(requirement: Requirement) -> Iterator[Allow]:
    """Every predicate in ``requirement``."""
    if isinstance(requirement, Allow):
        yield requirement
    for child in requirement.children:
        yield from predicates(child)


def is_weaker(one: Requirement, other: Requirement, roles: RoleMap) -> bool:
    """Whether ``one`` grants whenever ``other`` does, and more: seen by their form, so ``False`` may mean unknown."""
    return implies(other, one, roles) and not implies(one, other, roles)


def implies(strict: Requirement, lax: Requirement, roles: RoleMap) -> bool:
    """Whether all who meet ``strict`` meet ``lax`` too, as far as their form tells."""
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


def _leaf_implies(strict: Requirement, lax: Requirement, roles: RoleMap) -> bool:
    if isinstance(lax, Authenticated):
        # Only these two may grant the anonymous.
        return not isinstance(strict, (Public, Allow))
    if isinstance(strict, Role) and isinstance(lax, Role):
        return all(roles.expand([name]) & set(lax._parts) for name in strict._parts)
    if isinstance(strict, Not) or isinstance(lax, Not):
        return False
    return _permission_implies(strict, lax)


def _permission_implies(strict: Requirement, lax: Requirement) -> bool:
    named, wanted = set(strict._parts), set(lax._parts)
    if isinstance(strict, Permission) and isinstance(lax, Permission):
        return wanted <= named
    if isinstance(strict, Permission) and isinstance(lax, AnyPermission):
        return bool(wanted & named)
    return isinstance(strict, AnyPermission) and isinstance(lax, AnyPermission) and named <= wanted
