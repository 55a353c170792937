"""SessionKit for Django: protect URLs, views, templates and code with one plain dict that your login stores."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api import (
        acan_access,
        aenforce,
        aevaluate,
        aexplain,
        aget_session,
        ahas_all_permissions,
        ahas_any_permission,
        ahas_any_role,
        ahas_permission,
        ahas_role,
        ahas_role_permission,
        ais_authenticated,
        arequire_session,
        asession_public,
        can_access,
        enforce,
        evaluate,
        explain,
        get_session,
        has_all_permissions,
        has_any_permission,
        has_any_role,
        has_permission,
        has_role,
        has_role_permission,
        is_authenticated,
        peek_session,
        require_session,
        session_public,
        validate_session,
    )
    from .changes import (
        aclear_session,
        aconfirm_session,
        aregenerate_session,
        arevoke_sessions,
        aset_session,
        aupdate_session,
        clear_session,
        confirm_session,
        regenerate_session,
        revoke_sessions,
        set_session,
        update_session,
    )
    from .decorators import (
        public,
        require,
        require_any_permission,
        require_authenticated,
        require_permission,
        require_role,
        require_role_permission,
    )
    from .exceptions import AccessDenied, InvalidSession, NotAuthenticated, SessionKitError
    from .mixins import RequireAuthenticatedMixin, RequireMixin, RequirePermissionMixin, RequireRoleMixin
    from .policy.decisions import Decision
    from .requirements import (
        Allow,
        AllowObject,
        AnyPermission,
        Authenticated,
        Factor,
        Impersonated,
        Nobody,
        Permission,
        Public,
        Recent,
        Role,
        Within,
    )
    from .session.override import use_session
    from .session.value import Session
else:

    def __getattr__(name: str) -> object:
        """Import a public name on first use, because pytest imports this package even in projects without Django."""
        if name not in __all__:
            raise import_module(f"{__name__}.utils.near_names").missing_name(__name__, name)
        home = import_module(f"{__name__}.{_HOMES.get(name, 'api')}")
        value = globals()[name] = getattr(home, name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__version__ = "0.1.0"

__all__ = [
    "AccessDenied",
    "Allow",
    "AllowObject",
    "AnyPermission",
    "Authenticated",
    "Decision",
    "Factor",
    "Impersonated",
    "InvalidSession",
    "Nobody",
    "NotAuthenticated",
    "Permission",
    "Public",
    "Recent",
    "RequireAuthenticatedMixin",
    "RequireMixin",
    "RequirePermissionMixin",
    "RequireRoleMixin",
    "Role",
    "Session",
    "SessionKitError",
    "Within",
    "acan_access",
    "aclear_session",
    "aconfirm_session",
    "aenforce",
    "aevaluate",
    "aexplain",
    "aget_session",
    "ahas_all_permissions",
    "ahas_any_permission",
    "ahas_any_role",
    "ahas_permission",
    "ahas_role",
    "ahas_role_permission",
    "ais_authenticated",
    "aregenerate_session",
    "arequire_session",
    "arevoke_sessions",
    "asession_public",
    "aset_session",
    "aupdate_session",
    "can_access",
    "clear_session",
    "confirm_session",
    "enforce",
    "evaluate",
    "explain",
    "get_session",
    "has_all_permissions",
    "has_any_permission",
    "has_any_role",
    "has_permission",
    "has_role",
    "has_role_permission",
    "is_authenticated",
    "peek_session",
    "public",
    "regenerate_session",
    "require",
    "require_any_permission",
    "require_authenticated",
    "require_permission",
    "require_role",
    "require_role_permission",
    "require_session",
    "revoke_sessions",
    "session_public",
    "set_session",
    "update_session",
    "use_session",
    "validate_session",
]

# The module of each public name that is not in ``api``.
_HOMES = {
    "AccessDenied": "exceptions",
    "Allow": "requirements",
    "AllowObject": "requirements",
    "AnyPermission": "requirements",
    "Authenticated": "requirements",
    "Decision": "policy.decisions",
    "Factor": "requirements",
    "Impersonated": "requirements",
    "InvalidSession": "exceptions",
    "Nobody": "requirements",
    "NotAuthenticated": "exceptions",
    "Permission": "requirements",
    "Public": "requirements",
    "Recent": "requirements",
    "RequireAuthenticatedMixin": "mixins",
    "RequireMixin": "mixins",
    "RequirePermissionMixin": "mixins",
    "RequireRoleMixin": "mixins",
    "Role": "requirements",
    "Session": "session.value",
    "SessionKitError": "exceptions",
    "Within": "requirements",
    "aclear_session": "changes",
    "aconfirm_session": "changes",
    "aregenerate_session": "changes",
    "arevoke_sessions": "changes",
    "aset_session": "changes",
    "aupdate_session": "changes",
    "clear_session": "changes",
    "confirm_session": "changes",
    "public": "decorators",
    "regenerate_session": "changes",
    "require": "decorators",
    "require_any_permission": "decorators",
    "require_authenticated": "decorators",
    "require_permission": "decorators",
    "require_role": "decorators",
    "require_role_permission": "decorators",
    "revoke_sessions": "changes",
    "set_session": "changes",
    "update_session": "changes",
    "use_session": "session.override",
}
