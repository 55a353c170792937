"""Compute the roles and permissions of a session. No other module reads them from the session."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .policy.names import fault_in, nfc
from .policy.roles import EVERY_PERMISSION, RoleHierarchy
from .utils.bounded_cache import keep
from .utils.sansio import Flow, user_call

if TYPE_CHECKING:
    from django.http import HttpRequest

    from .policy.decisions import Decision
    from .requirements import Requirement
    from .session.value import Session

# Many users share the same role and permissions. Grants are computed once for each distinct combination.
_MOST_SHARED = 256
_LONGEST_SHARED = 20_000  # characters in all


class Grants:
    """The effective roles and permissions of a session: the role hierarchy is applied, wildcards are parsed.

    ``wildcards`` are those of the permissions that grant more than their own name. ``decisions`` caches the decisions
    that depend only on these grants, by the key of the requirement.
    """

    __slots__ = ("_wildcards", "decisions", "permissions", "policy", "roles")

    def __init__(
        self, policy: AccessPolicy, roles: frozenset[str], permissions: frozenset[str], wildcards: Iterable[str]
    ) -> None:
        self.policy: AccessPolicy = policy
        self.roles: frozenset[str] = roles
        self.permissions: frozenset[str] = permissions
        self._wildcards = [name.split(":") for name in wildcards]
        self.decisions: dict[object, Decision] = {}

    @property
    def has_every_permission(self) -> bool:
        """``True`` if the session has every permission, such as that of a superuser."""
        return [EVERY_PERMISSION] in self._wildcards

    @property
    def granting(self) -> list[str]:
        """The permissions that grant anything, sorted: no wildcards while they are off."""
        return sorted(name for name in self.permissions if "*" not in name or name.split(":") in self._wildcards)

    def has_permission(self, name: str) -> bool:
        """Return ``True`` if the session has the permission ``name``, by its exact name or by a wildcard."""
        if name in self.permissions:
            return "*" not in name
        return bool(self._wildcards) and any(_covers(granted, name.split(":")) for granted in self._wildcards)


def _covers(granted: list[str], parts: list[str]) -> bool:
    """Return ``True`` if a wildcard matches. A final ``*`` stands for one or more parts, any other ``*`` for one."""
    if len(granted) > len(parts) or (len(granted) < len(parts) and granted[-1] != "*"):
        return False
    return all(mine in ("*", asked) for mine, asked in zip(granted, parts, strict=False))


class AccessPolicy:
    """Decide what a session may do. Subclass it and name the subclass in ``SESSIONKIT_ACCESS_POLICY``.

    You may override the public methods. Each is called at most once per session value; ``check`` is called once per
    evaluation for each ``Role``, ``Permission``, ``Allow`` etc. in a requirement. If a method raises an exception or
    returns a value of the wrong type, access is denied. Under ASGI the methods run in a thread, so they may use the
    ORM. ``check`` may also be an ``async`` method.
    """

    def __init__(self, roles: RoleHierarchy | None = None, *, wildcards: bool = False) -> None:
        self._role_map = roles or RoleHierarchy()
        self._wildcards = wildcards
        self._shared: dict[object, Grants] = {}
        #: whether a subclass overrides a method; custom code may do I/O, so it is called as a flow
        self.overrides_check: bool = type(self).check is not AccessPolicy.check
        self.overrides_grants: bool = any(
            getattr(type(self), name) is not getattr(AccessPolicy, name)
            for name in ("get_roles", "get_permissions", "effective_roles", "grants")
        )

    def get_roles(self, session: Session) -> Iterable[str]:
        """Return the roles of the session. Roles that they inherit by ``SESSIONKIT_ROLES`` are added afterwards."""
        return session.roles

    def get_permissions(self, session: Session) -> Iterable[str]:
        """Return all permissions of the session.

        These are the session's own permissions, and those that ``SESSIONKIT_ROLES`` grants to its effective roles.
        """
        return session.permissions | self._role_map.permissions(self.effective_roles(session))

    def check(self, requirement: Requirement, session: Session | None, request: HttpRequest | None) -> Any:
        """Return ``True`` or ``False`` for one requirement, or ``None`` to apply the built-in check.

        ``requirement`` is a single ``Role``, ``Permission``, ``Allow`` etc., never a combination. For an anonymous
        caller ``session`` is ``None``. Outside a request ``request`` is ``None``.
        """
        return None

    def effective_roles(self, session: Session) -> frozenset[str]:
        """Return the roles of :meth:`get_roles` and all roles that they inherit."""
        return self._role_map.expand(_name_set("get_roles", self.get_roles(session)))

    def cached_grants(self, session: Session) -> Grants | None:
        """Return the grants if this policy has already computed them for this session value, else ``None``."""
        grants = session.grants_cache
        return grants if grants is not None and grants.policy is self else None

    def grants(self, session: Session) -> Grants:
        """Return the effective roles and permissions, computed at most once per session value."""
        grants = session.grants_cache
        if grants is None or grants.policy is not self:
            session.grants_cache = grants = self._find_grants(session)
        return grants

    def _find_grants(self, session: Session) -> Grants:
        """Return the grants shared by all sessions with equal roles and permissions.

        They may be shared because, without a custom policy, grants depend on nothing else.
        """
        if self.overrides_grants:
            return self._compute_grants(session)
        rights = session.grants_key
        grants = self._shared.get(rights)
        if grants is None:
            grants = self._compute_grants(session)
            if _length(rights) <= _LONGEST_SHARED:
                keep(self._shared, rights, grants, _MOST_SHARED)
        return grants

    def _compute_grants(self, session: Session) -> Grants:
        roles = _name_set("effective_roles", self.effective_roles(session))
        permissions = _name_set("get_permissions", self.get_permissions(session))
        if self._wildcards:
            return Grants(self, roles, permissions, [name for name in permissions if "*" in name])
        by_role = permissions & self._role_map.permissions(roles)
        return Grants(self, roles, permissions, by_role & {EVERY_PERMISSION})


def _length(rights: tuple[str | None, tuple[str, ...], tuple[str, ...]]) -> int:
    role, roles, permissions = rights
    return len(role or "") + sum(map(len, roles)) + sum(map(len, permissions))


def effective(policy: AccessPolicy, session: Session) -> Flow[Grants]:
    """Return the grants of ``session``, as a flow, because a custom policy may do I/O."""
    if policy.overrides_grants and policy.cached_grants(session) is None:
        yield user_call(policy.grants, session)
    return policy.grants(session)


def _name_set(method: str, names: object) -> frozenset[str]:
    if isinstance(names, Iterable) and not isinstance(names, str):
        found = frozenset(names)
        if all(issubclass(kind, str) for kind in set(map(type, found))):
            if (text := "".join(found)).isascii() and text.isprintable():
                return found
            return frozenset(_checked_form(method, name) for name in found)
    raise TypeError(f"AccessPolicy.{method}() must return an iterable of strings")


def _checked_form(method: str, name: str) -> str:
    if fault := fault_in(name):
        raise ValueError(f"AccessPolicy.{method}() returned a name that contains {fault}")
    return nfc(name)
