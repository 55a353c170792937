"""Names that developers try, from Django, other libraries or by analogy, and what SessionKit has instead."""

from __future__ import annotations

PACKAGE = "django_sessionkit"

#: names that are imported from the package, its decorators or its mixins
IMPORTS = {
    "AllPermissions": "Permission",
    "AllowObj": "AllowObject",
    "AnyRole": "Role",
    "Impersonating": "Impersonated",
    "InTenant": "Within",
    "LoginRequiredMixin": "RequireAuthenticatedMixin",
    "PermissionRequiredMixin": "RequirePermissionMixin",
    "Permissions": "Permission",
    "PermissionsRequiredMixin": "RequirePermissionMixin",
    "RecentLogin": "Recent",
    "RequireAnyPermissionMixin": "RequirePermissionMixin with required_any_permission",
    "RequireAnyRoleMixin": "RequireRoleMixin",
    "RequireFactorMixin": "RequireMixin with requirement = Factor(...)",
    "RequireLoginMixin": "RequireAuthenticatedMixin",
    "RequireObjectPermissionMixin": "RequireObjectMixin",
    "RequirePermissionsMixin": "RequirePermissionMixin",
    "RequireRolesMixin": "RequireRoleMixin",
    "RequireTenantMixin": "RequireMixin with requirement = Within(...)",
    "RequiresMixin": "RequireMixin",
    "RoleRequiredMixin": "RequireRoleMixin",
    "Roles": "Role",
    "RolesRequiredMixin": "RequireRoleMixin",
    "SessionMiddleware": "SessionKitMiddleware",
    "SessionkitMiddleware": "SessionKitMiddleware",
    "StepUp": "Recent",
    "Tenant": "Within",
    "UserPassesTestMixin": "RequireMixin with requirement = Allow(function)",
    "authenticated": "require_authenticated",
    "check_object_permissions": "enforce(requirement, obj=...)",
    "confirm_login": "confirm_session",
    "confirm_password": "confirm_session",
    "fresh_login_required": "require_recent",
    "has_object_permission": "evaluate(requirement, obj=...)",
    "has_perm": "has_permission",
    "has_permissions": "has_permission",
    "has_perms": "has_permission",
    "has_roles": "has_role",
    "login": "set_session",
    "login_not_required": "public",
    "login_required": "require_authenticated",
    "logout": "clear_session",
    "permission_required": "require_permission",
    "permissions_required": "require_permission",
    "reauthenticate": "confirm_session",
    "require_all_permissions": "require_permission",
    "require_any_role": "require_role",
    "require_factor": "require(Factor(...))",
    "require_fresh": "require_recent",
    "require_login": "require_authenticated",
    "require_object": "enforce(requirement, obj=...)",
    "require_permissions": "require_permission",
    "require_recent_login": "require_recent",
    "require_roles": "require_role",
    "require_tenant": "require(Within(requirement))",
    "role_required": "require_role",
    "roles_required": "require_role",
    "user_passes_test": "require(Allow(function))",
}

#: names of SessionKit that other modules have
ELSEWHERE = {
    "AccessPolicy": "access",
    "AsyncRequired": "exceptions",
    "AuthBridge": "contrib.auth",
    "InvalidPolicy": "exceptions",
    "RequireModelAdminMixin": "contrib.admin",
    "Requirement": "requirements",
    "Requires": "contrib.drf or contrib.strawberry",
    "Rule": "types",
    "SessionAuth": "contrib.ninja",
    "SessionKitAdminSite": "contrib.admin",
    "SessionKitAuthentication": "contrib.drf",
    "SessionKitMiddleware": "middleware",
    "SessionKitRequest": "types",
    "SessionPermissions": "contrib.auth",
    "SessionSource": "sources",
    "assert_access": "testing",
    "matches": "patterns",
    "override_policy": "testing",
    "sign_in": "testing",
}

#: attributes of class-based views
ATTRIBUTES = {
    "object_requirements": "object_requirement",
    "permission_required": "required_permissions",
    "permissions_required": "required_permissions",
    "required_any_permissions": "required_any_permission",
    "required_permission": "required_permissions",
    "required_role": "required_roles",
    "role_required": "required_roles",
    "roles_required": "required_roles",
}

#: fields of a session dict that hold the ``user_id`` elsewhere
USER_IDS = ("userId", "userid", "user", "id", "uid", "pk", "sub")

#: keys of a rule whose nearest key by spelling is another one, or none
RULE_SYNONYMS = {
    "acr": "factor",
    "amr": "factor",
    "any_role": "roles",
    "any_roles": "roles",
    "auth_time": "recent",
    "condition": "allow",
    "fresh": "recent",
    "group": "role",
    "groups": "roles",
    "impersonated": "require",
    "in_tenant": "within",
    "is_staff": "role",
    "is_superuser": "role",
    "login_required": "authenticated",
    "max_age": "recent",
    "mfa": "factor",
    "organisation": "within",
    "organization": "within",
    "path": "pattern",
    "paths": "pattern",
    "perm": "permission",
    "perms": "permissions",
    "predicate": "allow",
    "prefix": "pattern",
    "reauth": "recent",
    "recent_login": "recent",
    "regex": "pattern",
    "require_permission": "permission",
    "require_role": "role",
    "route": "pattern",
    "staff": "role",
    "step_up": "recent",
    "superuser": "role",
    "tenant": "within",
    "tenants": "within",
    "test": "allow",
    "two_factor": "factor",
    "url": "pattern",
    "url_name": "view",
    "urls": "pattern",
    "verb": "methods",
    "verbs": "methods",
}

#: settings, without the prefix, whose nearest setting by spelling is another one, or none
SETTING_SYNONYMS = {
    "CONFIRM_URL": "REAUTH_URL",
    "CURRENT_TENANT": "TENANT",
    "EXEMPT": "EXCLUDE",
    "EXEMPT_URLS": "EXCLUDE",
    "GET_TENANT": "TENANT",
    "IGNORE": "EXCLUDE",
    "LOGIN_REQUIRED": "GLOBAL_PROTECT",
    "MAX_AGE": "SESSION_TTL",
    "ORGANISATION": "TENANT",
    "ORGANIZATION": "TENANT",
    "PERMISSIONS": "ROLES",
    "POLICY": "PROTECT",
    "PROTECT_ALL": "GLOBAL_PROTECT",
    "PUBLIC": "EXCLUDE",
    "PUBLIC_URLS": "EXCLUDE",
    "REAUTHENTICATE_URL": "REAUTH_URL",
    "REAUTHENTICATION_URL": "REAUTH_URL",
    "ROLE_PERMISSIONS": "ROLES",
    "RULES": "PROTECT",
    "STEP_UP_URL": "REAUTH_URL",
    "TENANT_FUNCTION": "TENANT",
    "TIMEOUT": "SESSION_TTL",
    "URLS": "PROTECT",
}

#: template tags
TAGS = {
    "has_any_permission": "if_has_any_permission",
    "has_any_role": "if_has_role",
    "has_perm": "if_has_permission",
    "has_permission": "if_has_permission",
    "has_role": "if_has_role",
    "if_any_permission": "if_has_any_permission",
    "if_any_role": "if_has_role",
    "if_has_any_role": "if_has_role",
    "if_has_perm": "if_has_permission",
    "if_has_perms": "if_has_permission",
    "if_has_permissions": "if_has_permission",
    "if_has_roles": "if_has_role",
    "if_is_authenticated": "if_authenticated",
    "if_meet": "if_meets",
    "if_permission": "if_has_permission",
    "if_role": "if_has_role",
    "meets": "if_meets",
}


def missing_name(module: str, name: str) -> ImportError | AttributeError:
    """Return the exception for a ``name`` that ``module`` does not have.

    For ``from module import name``, Python replaces every ``AttributeError`` by a message of its own. So a name of the
    tables gets an ``ImportError``.
    """
    if name in ELSEWHERE:
        return ImportError(f"{module} has no {name}. Import it from {PACKAGE}.{ELSEWHERE[name]}.", name=module)
    if name in IMPORTS:
        right = IMPORTS[name]
        home = f"{PACKAGE}.{ELSEWHERE[right]}" if right in ELSEWHERE else PACKAGE
        return ImportError(f"{module} has no {name}. Use {right} of {home}.", name=module)
    return AttributeError(f"module {module!r} has no attribute {name!r}")
