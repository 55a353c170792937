"""Find the views that Django's ``@login_not_required`` marks as public, and that the global default closes."""

from __future__ import annotations

from django_sessionkit.policy.view_marks import is_login_not_required

from .coverage import PolicyCoverage
from .login_pages import is_admin_login, login_paths
from .rule_faults import Finding

_MOST_SHOWN = 5


def closed_marked_views(coverage: PolicyCoverage) -> list[Finding]:
    """Return one finding with all views that only the global default closes, although Django's mark opens them.

    Most of them belong to other packages: sign-up, password reset, webhooks. Login pages are reachable anyway, and a
    visitor of the login page of the admin is sent to another one.
    """
    paths = login_paths(coverage)
    routes = [
        route
        for number, route in enumerate(coverage.routes)
        if is_login_not_required(route.callback)
        and any(coverage.is_closed_by_default(number, verb) for verb in coverage.verbs(number))
        and not is_admin_login(route)
        and not any(map(route.accepts, paths))
    ]
    if not routes:
        return []
    texts, names = dict.fromkeys(one.text for one in routes), dict.fromkeys(one.view_name for one in routes)
    shown = ", ".join([*texts][:_MOST_SHOWN]) + (", ..." if len(texts) > _MOST_SHOWN else "")
    fault = (
        f"closes {len(routes)} view{'s' if len(routes) > 1 else ''} that @login_not_required marks as public: {shown}. "
        "Without a session, nobody can open them."
    )
    excludes = ", ".join(f'"{name}"' for name in names)
    hint = (
        "To open all views with this mark, set SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED = True. To open only some of them, "
        f"set SESSIONKIT_EXCLUDE = [{excludes}] and leave out the others. To keep one closed, write a rule for it."
    )
    return [Finding("SESSIONKIT_GLOBAL_PROTECT", fault, hint)]
