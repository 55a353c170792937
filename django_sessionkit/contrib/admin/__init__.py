"""The Django admin, opened by requirements: a site with one, and model admins with one for each action."""

from __future__ import annotations

from .models import RequireModelAdminMixin
from .sites import SessionKitAdminSite

__all__ = ["RequireModelAdminMixin", "SessionKitAdminSite"]
