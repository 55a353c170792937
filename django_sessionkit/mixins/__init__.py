"""Mixins for class-based views, sync and async. Put them first: ``class Edit(RequireRoleMixin, UpdateView)``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_sessionkit.utils.near_names import missing_name

from .access import AccessMixin
from .names import RequireAuthenticatedMixin, RequireMixin, RequirePermissionMixin, RequireRecentMixin, RequireRoleMixin
from .objects import RequireObjectMixin

__all__ = [
    "AccessMixin",
    "RequireAuthenticatedMixin",
    "RequireMixin",
    "RequireObjectMixin",
    "RequirePermissionMixin",
    "RequireRecentMixin",
    "RequireRoleMixin",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Raise the error for a name that this module does not have."""
        raise missing_name(__name__, name)
