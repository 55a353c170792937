"""Checks that compare the policy with the URLconf, with one id per kind of finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Info
from django.core.checks import Warning as CheckWarning

from django_sessionkit.conf.project import keeps_sessions
from django_sessionkit.lint import coverage, exposure, rule_order
from django_sessionkit.lint.coverage import PolicyCoverage
from django_sessionkit.policy.view_marks import api_package_of
from django_sessionkit.requirements import predicates
from django_sessionkit.utils.verbs import SAFE_VERBS


def check_dead_rules(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about patterns and view names that match no route."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W016") for one in _found(rule_order.unused)]


def check_shadowed_rules(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report rules that never decide a request, because earlier rules match all of their requests."""
    return [Error(str(one), hint=one.hint, id="sessionkit.E020") for one in _found(rule_order.shadowed)]


def check_weaker_rules(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about rules that decide before a stricter rule."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W017") for one in _found(rule_order.weaker)]


def check_partial_patterns(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about patterns that match only some paths of a route."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W018") for one in _found(rule_order.partial)]


def check_open_methods(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about methods of a route that a rule leaves out and nothing else protects."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W019") for one in _found(exposure.uncovered_methods)]


def check_idle_excludes(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about excludes that do not open a page, because a rule or the view protects it."""
    return [
        CheckWarning(str(one), hint=one.hint, id="sessionkit.W020") for one in _found(exposure.ineffective_excludes)
    ]


def check_wide_excludes(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about excludes that match more than their text suggests."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W021") for one in _found(exposure.wide_excludes)]


def check_redirect_targets(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about rules that protect their own ``redirect_to``: the redirect loops."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W022") for one in _found(exposure.redirect_loops)]


def check_login_page(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about rules that match a login page, which is always reachable."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W023") for one in _found(exposure.covered_login)]


def check_foreign_login(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about views that redirect to the login page while ``LOGIN_URL`` is a page of another site."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W028") for one in _found(exposure.views_without_login)]


def check_unclear_routes(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report rules that may match routes whose paths cannot be derived from their URL patterns."""
    return [Info(str(one), hint=one.hint, id="sessionkit.I003") for one in _found(exposure.unclear_routes)]


def check_view_predicates(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report predicates of views that cannot be imported or called."""
    policy_coverage = coverage.current()
    found = {}
    for view, requirement in policy_coverage.required_by_views() if policy_coverage is not None else ():
        for predicate in predicates(requirement):
            try:
                predicate.resolve()
            except Exception as error:
                found[view, repr(predicate)] = error
    return [
        Error(
            f"{view}: {predicate} cannot be used, so it grants no access. The error is: {error}",
            hint='Write Allow("package.module.function") with a function that takes (session) or (session, request).',
            id="sessionkit.E021",
        )
        for (view, predicate), error in found.items()
    ]


def check_csrf_exempt(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about views that are protected by a session cookie but do not check the CSRF token."""
    policy_coverage = coverage.current()
    if policy_coverage is None or not keeps_sessions():
        return []
    return [
        CheckWarning(
            f"{route.text} is protected by a session in a cookie, but its view {route.view} is csrf_exempt. Another "
            "site can make the browser of a user send requests to it.",
            hint="Remove @csrf_exempt, or let the view accept a token in a header instead of the session.",
            id="sessionkit.W024",
        )
        for number, route in enumerate(policy_coverage.routes)
        if _is_exempt(route.callback)
        and any(
            verb not in SAFE_VERBS and policy_coverage.needs_session(number, verb)
            for verb in policy_coverage.verbs(number)
        )
    ]


def _is_exempt(view: Any) -> bool:
    """API frameworks exempt all views, and check the token themselves if a cookie authenticates the user."""
    return getattr(view, "csrf_exempt", False) is True and api_package_of(view) is None


def _found(look: Callable[[PolicyCoverage], list[rule_order.Finding]]) -> list[rule_order.Finding]:
    policy_coverage = coverage.current()
    return look(policy_coverage) if policy_coverage is not None else []
