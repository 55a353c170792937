"""System checks, and the production checklist that is made from them.

Here: turn what ``lint``, ``conf`` and ``session`` find into messages with an id and a hint.
This room changes nothing. No other room imports it, except ``management``.
"""

from __future__ import annotations

from .backends import check_first_backend
from .deploy import (
    check_audit_handler,
    check_autoescape,
    check_content_policy,
    check_cookie_prefix,
    check_login_limiter,
    check_password_hasher,
    check_password_validators,
    check_same_site,
    check_session_age,
    check_session_cache,
    check_session_engine,
)
from .graphql import check_graphql_fields
from .middleware import (
    check_cache_reader,
    check_cache_writer,
    check_fallbacks,
    check_middleware,
    check_middleware_once,
    check_two_defaults,
)
from .ninja import check_ninja_decorators, check_ninja_denials
from .roles import check_idle_wildcards, check_permission_names, check_role_names, check_wildcards
from .settings import check_missing_default, check_reauth_page, check_settings
from .store import check_cache_alias, check_serializer
from .tenants import check_tenant
from .urls import (
    check_bare_requirements,
    check_csrf_exempt,
    check_dead_rules,
    check_foreign_login,
    check_idle_excludes,
    check_login_page,
    check_marked_views,
    check_mixin_attributes,
    check_open_languages,
    check_open_methods,
    check_open_parents,
    check_partial_patterns,
    check_redirect_targets,
    check_shadowed_rules,
    check_unclear_routes,
    check_unused_pages,
    check_used_pages,
    check_view_names,
    check_view_predicates,
    check_weaker_rules,
    check_wide_excludes,
)
from .versions import check_brought_source, check_idle_versions, check_shared_versions, check_version_cache

ALWAYS = (
    check_settings,
    check_missing_default,
    check_reauth_page,
    check_middleware,
    check_middleware_once,
    check_fallbacks,
    check_cache_writer,
    check_cache_reader,
    check_two_defaults,
    check_wildcards,
    check_idle_wildcards,
    check_role_names,
    check_permission_names,
    check_cache_alias,
    check_serializer,
    check_version_cache,
    check_idle_versions,
    check_brought_source,
    check_tenant,
    check_dead_rules,
    check_view_names,
    check_shadowed_rules,
    check_weaker_rules,
    check_partial_patterns,
    check_open_languages,
    check_open_methods,
    check_idle_excludes,
    check_wide_excludes,
    check_redirect_targets,
    check_login_page,
    check_foreign_login,
    check_marked_views,
    check_used_pages,
    check_unused_pages,
    check_open_parents,
    check_bare_requirements,
    check_mixin_attributes,
    check_unclear_routes,
    check_view_predicates,
    check_ninja_denials,
    check_ninja_decorators,
    check_graphql_fields,
    check_first_backend,
)
DEPLOY = (
    check_session_engine,
    check_session_cache,
    check_shared_versions,
    check_session_age,
    check_same_site,
    check_cookie_prefix,
    check_login_limiter,
    check_content_policy,
    check_password_hasher,
    check_password_validators,
    check_audit_handler,
    check_autoescape,
    check_csrf_exempt,
)
