"""Checks that compare the policy with the URLconf, with one id per kind of finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Info
from django.core.checks import Warning as CheckWarning

from django_sessionkit.conf.installed import keeps_sessions
from django_sessionkit.lint import (
    coverage,
    exposure,
    languages,
    login_marks,
    login_pages,
    rule_faults,
    view_attributes,
)
from django_sessionkit.lint.coverage import PolicyCoverage
from django_sessionkit.policy.view_marks import api_package_of
from django_sessionkit.requirements import Allow, AllowObject, leaves
from django_sessionkit.utils.text import ended
from django_sessionkit.utils.verbs import SAFE_VERBS

Check: TypeAlias = Callable[..., list[CheckMessage]]


def _each(
    kind: Callable[..., CheckMessage], id: str, look: Callable[[PolicyCoverage], list[rule_faults.Finding]]
) -> Check:
    """Return a check with a message for each finding of ``look``."""

    def check(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
        found = coverage.current()
        return [kind(str(one), hint=one.hint, id=id) for one in (look(found) if found is not None else ())]

    return check


check_dead_rules: Check = _each(CheckWarning, "sessionkit.W016", rule_faults.unused_patterns)
check_view_names: Check = _each(Error, "sessionkit.E028", rule_faults.unknown_views)
check_shadowed_rules: Check = _each(Error, "sessionkit.E020", rule_faults.shadowed)
check_weaker_rules: Check = _each(CheckWarning, "sessionkit.W017", rule_faults.weaker)
check_partial_patterns: Check = _each(CheckWarning, "sessionkit.W018", rule_faults.partial)
check_open_methods: Check = _each(CheckWarning, "sessionkit.W019", exposure.uncovered_methods)
check_idle_excludes: Check = _each(CheckWarning, "sessionkit.W020", exposure.ineffective_excludes)
check_wide_excludes: Check = _each(CheckWarning, "sessionkit.W021", exposure.wide_excludes)
check_redirect_targets: Check = _each(CheckWarning, "sessionkit.W022", login_pages.round_trips)
check_login_page: Check = _each(CheckWarning, "sessionkit.W023", login_pages.covered_login)
check_foreign_login: Check = _each(CheckWarning, "sessionkit.W028", login_pages.views_without_login)
check_used_pages: Check = _each(Error, "sessionkit.E027", login_pages.missing_used_pages)
check_unused_pages: Check = _each(CheckWarning, "sessionkit.W030", login_pages.missing_unused_pages)
check_marked_views: Check = _each(CheckWarning, "sessionkit.W029", login_marks.closed_marked_views)
check_open_parents: Check = _each(CheckWarning, "sessionkit.W031", exposure.open_parents)
check_open_languages: Check = _each(CheckWarning, "sessionkit.W036", languages.open_languages)
check_bare_requirements: Check = _each(Error, "sessionkit.E030", view_attributes.bare_requirements)
check_mixin_attributes: Check = _each(CheckWarning, "sessionkit.W039", view_attributes.unread_attributes)
check_unclear_routes: Check = _each(Info, "sessionkit.I003", exposure.unclear_routes)


def check_view_predicates(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report predicates of views that cannot be imported or called."""
    policy_coverage = coverage.current()
    if policy_coverage is None:
        return []
    found = {}
    required = [*policy_coverage.required_by_views(), *view_attributes.permission_requirements(policy_coverage)]
    for view, requirement in required:
        for predicate in leaves(requirement, Allow, AllowObject):
            try:
                predicate.resolve()
            except Exception as error:
                found[view, repr(predicate)] = error
    return [
        Error(
            ended(f"{view}: {predicate} cannot be used, so it grants no access. The error is: {error}"),
            hint='Write Allow("package.module.function") with a function that takes (session) or (session, request). '
            "The function of AllowObject takes (session, obj) or (session, obj, request).",
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
