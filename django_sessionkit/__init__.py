"""SessionKit for Django: one plain dict from your own login guards URLs, views, classes, templates and code."""

from __future__ import annotations

from .api import (
    acan_access,
    aclear_session,
    aenforce,
    aevaluate,
    aget_session,
    aregenerate_session,
    arequire_session,
    aset_session,
    aupdate_session,
    can_access,
    clear_session,
    enforce,
    evaluate,
    get_session,
    has_all_permissions,
    has_any_permission,
    has_any_role,
    has_permission,
    has_role,
    has_role_permission,
    is_authenticated,
    regenerate_session,
    require_session,
    set_session,
    update_session,
    validate_session,
)
from .decisions import Decision
from .exceptions import AccessDenied, InvalidSession, NotAuthenticated, SessionKitError
from .pretend import use_session
from .requirements import Allow, AnyPermission, Authenticated, Nobody, Permission, Public, Role
from .session import Session

__version__ = "0.1.0"

__all__ = [
    "AccessDenied",
    "Allow",
    "AnyPermission",
    "Authenticated",
    "Decision",
    "InvalidSession",
    "Nobody",
    "NotAuthenticated",
    "Permission",
    "Public",
    "Role",
    "Session",
    "SessionKitError",
    "acan_access",
    "aclear_session",
    "aenforce",
    "aevaluate",
    "aget_session",
    "aregenerate_session",
    "arequire_session",
    "aset_session",
    "aupdate_session",
    "can_access",
    "clear_session",
    "enforce",
    "evaluate",
    "get_session",
    "has_all_permissions",
    "has_any_permission",
    "has_any_role",
    "has_permission",
    "has_role",
    "has_role_permission",
    "is_authenticated",
    "regenerate_session",
    "require_session",
    "set_session",
    "update_session",
    "use_session",
    "validate_session",
]
