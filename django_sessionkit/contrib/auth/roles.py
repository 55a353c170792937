"""The roles and permissions of a Django user: groups, and the two roles for staff and superusers."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth import get_permission_codename

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.policy.names import nfc
from django_sessionkit.policy.roles import EVERY_PERMISSION, RawRoles, check_role_name
from django_sessionkit.session import audit

from .users import without_session


class StatusRoles:
    """The part of the bridge that gives roles to staff and superusers. Set an attribute to ``None`` to give none."""

    #: the role of superusers; it has every permission, unless ``SESSIONKIT_ROLES`` declares it
    superuser_role: str | None = "superuser"
    #: the role of users with ``is_staff``; they may log in to the admin
    staff_role: str | None = "staff"

    @property
    def sessionkit_roles(self) -> RawRoles:
        """The roles that this bridge adds to ``SESSIONKIT_ROLES``. Raises ``InvalidPolicy`` for an invalid name."""
        brought: dict[str, dict[str, list[str]]] = {}
        for attribute, permissions in (("superuser_role", [EVERY_PERMISSION]), ("staff_role", [])):
            role, place = getattr(self, attribute), f"{type(self).__qualname__}.{attribute}"
            if role is not None:
                check_role_name(role, place)
                if nfc(role) in brought:
                    raise InvalidPolicy(place, "is the role of superusers too", "choose another name, or None")
                brought[nfc(role)] = {"permissions": permissions}
        return brought

    @property
    def sessionkit_permissions(self) -> frozenset[str]:
        """The permissions that the models of the project declare, such as ``"shop.change_order"``."""
        return declared_permissions()

    def roles_of(self, user: Any) -> list[str]:
        """Return the names of the groups of ``user``, and the roles of staff and superusers.

        A group does not give one of these two roles, whatever its name is.
        """
        status = {
            nfc(role): getattr(user, attribute, False) is True
            for role, attribute in ((self.superuser_role, "is_superuser"), (self.staff_role, "is_staff"))
            if role is not None
        }
        groups = user.groups.values_list("name", flat=True) if hasattr(user, "groups") else ()
        reserved = {name for name in groups if nfc(name) in status}
        for name in sorted(reserved):
            audit.reserved_group(nfc(name))
        return sorted({*groups} - reserved | {role for role, is_given in status.items() if is_given})

    def permissions_of(self, user: Any) -> list[str]:
        """Return the permissions of ``user``. A superuser has them by the role, so the list is empty."""
        if self.superuser_role is not None and getattr(user, "is_superuser", False) is True:
            return []
        with without_session():
            return sorted(user.get_all_permissions()) if hasattr(user, "get_all_permissions") else []


def declared_permissions() -> frozenset[str]:
    """Return the permissions that the models of the project declare, such as ``"shop.change_order"``, without I/O."""
    options = [model._meta for model in apps.get_models()]
    return frozenset(
        f"{one.app_label}.{name}"
        for one in options
        for name in (
            *(get_permission_codename(action, one) for action in one.default_permissions),
            *(codename for codename, _ in one.permissions),
        )
    )
