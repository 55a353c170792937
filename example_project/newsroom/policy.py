"""The access policy: the one file to read in a review of access.

settings.py passes these values to SessionKit. A request must meet the URL rule and the requirements on the view
(decorators, mixins), so a rule can be general and a view specific.
"""

from __future__ import annotations

from accounts.access import ACTIVE, IN_PERSON

# The roles in a session, with their permissions. Only admins have "articles:publish" by role.
ROLES = {
    "reader": {"permissions": ["articles:read"]},
    "editor": {"inherits": ["reader"], "permissions": ["articles:write"]},
    "admin": {"inherits": ["editor"], "permissions": ["articles:*"]},
    # These roles grant nothing. They are declared so that SessionKit can report a misspelled name.
    "suspended": {},
    "beta-tester": {},
}

# The first matching rule decides, so specific rules come before general ones.
PROTECT = [
    # A load balancer has no session. This rule comes before the rule for /api/**, which would deny it.
    {"name": "health", "pattern": "/api/health", "public": True},
    # Anybody may send a query. All queries have one URL, so the fields have requirements (articles.schema).
    {"name": "graphql", "pattern": "/graphql", "public": True},
    # With "api", a denial is answered with 401 or 403 as application/problem+json, never with a redirect.
    {
        "name": "api-writes",
        "pattern": "/api/**",
        "methods": "unsafe",
        "permission": "articles:write",
        "api": True,
    },
    {"name": "api", "pattern": "/api/**", "require": ACTIVE, "api": True},
    # This rule also protects views that are added below this path later. The views need no decorator.
    {"name": "admin-area", "pattern": "/admin-area/**", "role": "admin"},
    # Each bureau is a tenant. A role counts here only if the session has it in this bureau (bureaus.tenants).
    {"name": "bureau-staff", "pattern": "/bureaus/*/staff", "role": "admin", "within": True},
    {"name": "bureaus", "pattern": "/bureaus/**", "authenticated": True, "within": True},
    # A caller without the permission must not learn that embargoed stories exist: 404, with or without a session.
    {
        "name": "embargo",
        "pattern": "/embargo/**",
        "permission": "articles:write",
        "on_deny": "not_found",
    },
    # A predicate on a custom field of the session, and a page that explains what to do after a denial.
    {
        "name": "premium",
        "pattern": "/premium/**",
        "require": ACTIVE,
        "allow": "accounts.access.is_premium",
        "redirect_to": "accounts:upgrade",
    },
    # One general rule denies suspended accounts, and sends them to a page that says so. Only they have a session that
    # does not meet it. The views also require their own permissions.
    {
        "name": "newsroom",
        "pattern": ["/dashboard/**", "/articles/**", "/live"],
        "require": ACTIVE,
        "redirect_to": "accounts:suspended",
    },
    # A stream of events cannot show another page. At 401 and 403, the browser stops reconnecting.
    {"name": "live-events", "pattern": "/live/events", "require": ACTIVE, "api": True},
    # A rule by view name still applies if the URL changes. It comes last, because the rules after a view rule have to
    # wait until Django has routed the request. An admin who acts as a person must not pay for this person.
    {"name": "change-plan", "view": "accounts:change-plan", "require": ACTIVE & IN_PERSON},
]

# No rule matches "My session" and logout. There, the global default requires any session, also a suspended one. The
# pages in this list are exempt from the default. The login page is always reachable. "About" and "Upgrade" are marked
# with @public.
PUBLIC_PAGES = ["/"]
