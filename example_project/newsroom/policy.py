"""Who may open what: the one file to read in a review of access.

settings.py hands these values to SessionKit. URL rules and the requirements on views (decorators,
mixins) must both be met, so a rule here can be wide and a view narrow.
"""

from __future__ import annotations

from accounts.access import ACTIVE

# Names that the session carries -> what they may do. Nobody but admins has "articles:publish" by role.
ROLES = {
    "reader": {"permissions": ["articles:read"]},
    "editor": {"inherits": ["reader"], "permissions": ["articles:write"]},
    "admin": {"inherits": ["editor"], "permissions": ["articles:*"]},
    # Declared, with nothing: known names, so that a misspelt one can be told from them.
    "suspended": {},
    "beta-tester": {},
}

# The first rule that matches decides, so narrow rules stand above wide ones.
PROTECT = [
    # A load balancer has no session. It stands above the rule that would close it.
    {"name": "health", "pattern": "/api/health", "public": True},
    # "api": answers are 401 and 403 as application/problem+json, never a redirect to a page.
    {
        "name": "api-writes",
        "pattern": "/api/**",
        "methods": "unsafe",
        "permission": "articles:write",
        "api": True,
    },
    {"name": "api", "pattern": "/api/**", "require": ACTIVE, "api": True},
    # Everything below, and what is added below it next year. The views carry no decorator of their own.
    {"name": "admin-area", "pattern": "/admin-area/**", "role": "admin"},
    # Who may not read embargoed stories must not even learn that there are any: 404, signed in or not.
    {
        "name": "embargo",
        "pattern": "/embargo/**",
        "permission": "articles:write",
        "on_deny": "not_found",
    },
    # A predicate over a custom field of the session, and a page that says what to do about a no.
    {
        "name": "premium",
        "pattern": "/premium/**",
        "require": ACTIVE,
        "allow": "accounts.access.is_premium",
        "redirect_to": "accounts:upgrade",
    },
    # One wide rule keeps suspended accounts out; the views ask for their permissions on top.
    {"name": "newsroom", "pattern": ["/dashboard/**", "/articles/**", "/live"], "require": ACTIVE},
    # A stream of events has no page to show instead: 401 and 403, at which a browser gives up reconnecting.
    {"name": "live-events", "pattern": "/live/events", "require": ACTIVE, "api": True},
    # By view name: it holds wherever the URL is moved to. Last, because the pattern rules below a
    # view rule have to wait until Django has resolved the view.
    {"name": "change-plan", "view": "accounts:change-plan", "require": ACTIVE},
]

# No rule matches "My session" and log-out: there the global default asks for any session, a
# suspended one included. These are lifted from that default. The log-in page is always reachable;
# "About" and "Upgrade" carry @public.
PUBLIC_PAGES = ["/"]
