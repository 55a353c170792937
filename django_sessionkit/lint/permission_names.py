"""The permission names of a project: those that roles and installed apps grant, and those that nothing can match."""

from __future__ import annotations

from collections.abc import Iterator

from django_sessionkit import conf
from django_sessionkit.access import Grants
from django_sessionkit.policy.roles import EVERY_PERMISSION
from django_sessionkit.requirements import AnyPermission, Permission, leaves
from django_sessionkit.utils.text import nearest

from .role_names import required_roles


class KnownPermissions:
    """The permissions that a project grants, as far as it declares them."""

    def __init__(self, settings: conf.Settings) -> None:
        by_roles = settings.roles.all_permissions - {EVERY_PERMISSION}
        wildcards = [name for name in by_roles if "*" in name] if settings.wildcards else []
        #: the names that roles in ``SESSIONKIT_ROLES`` have, with wildcards
        self.by_roles: frozenset[str] = frozenset(name for name in by_roles if "*" not in name).union(wildcards)
        self._by_apps = frozenset(conf.of_apps("sessionkit_permissions") or ())
        #: the names that roles and installed apps have, with wildcards
        self.names: frozenset[str] = self.by_roles | self._by_apps
        self._grants = Grants(settings.policy, frozenset(), self.names, wildcards)

    @property
    def or_apps(self) -> str:
        """The second half of "no role grants it", if an installed app knows permissions too."""
        return " and no model declares" if self._by_apps else ""

    def is_unknown(self, name: str) -> bool:
        """Return ``True`` if nothing grants ``name``, and something grants names like it.

        A name with a ``.`` is compared with the permissions of Django if the bridge is installed. Any other name is
        compared with ``SESSIONKIT_ROLES``, if a role has permissions.
        """
        is_like_djangos = bool(self._by_apps) and "." in name and ":" not in name
        return bool(self.by_roles or is_like_djangos) and not self.has(name)

    def has(self, name: str) -> bool:
        """Return ``True`` if a role or an installed app has the permission ``name``, by its name or by a wildcard."""
        return self._grants.has_permission(name)

    def nearest(self, name: str) -> str:
        """Return the granted name that is most similar to ``name``, or ``""``. A requirement cannot have a wildcard."""
        return nearest(name, (one for one in self.names if "*" not in one), cutoff=0.6) or ""


def known_permissions() -> KnownPermissions | None:
    """Return the permissions that the project declares; ``None`` if a policy class computes them, or nothing does."""
    settings = conf.valid_or_none()
    if settings is None or settings.policy.overrides_grants or settings.policy.overrides_check:
        return None
    return KnownPermissions(settings)


def required_permissions() -> Iterator[tuple[str, str]]:
    """Yield the permissions that rules and views require, each with the label of the rule or the name of the view."""
    for place, requirement in required_roles():
        found = leaves(requirement, Permission, AnyPermission)
        yield from ((place, name) for name in dict.fromkeys(name for one in found for name in one.parts))


def idle_wildcards(settings: conf.Settings) -> list[str]:
    """Return the permissions in ``SESSIONKIT_ROLES`` whose ``*`` matches nothing, because it is not a whole part.

    The parts of a name are what is between the colons. So ``posts.*`` and ``posts:wri*`` are names that no requirement
    can have.
    """
    return [
        name
        for name in sorted(settings.roles.all_permissions)
        if any("*" in part and part != "*" for part in name.split(":"))
    ]
