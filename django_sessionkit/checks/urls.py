"""The policy against the URLconf: what :mod:`~django_sessionkit.findings` and its sister find, under an id each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Info
from django.core.checks import Warning as CheckWarning

from django_sessionkit import findings, openings, terrain
from django_sessionkit.callers import api_package_of
from django_sessionkit.installation import keeps_sessions
from django_sessionkit.rules import SAFE_VERBS
from django_sessionkit.strength import predicates
from django_sessionkit.terrain import Terrain


def check_dead_rules(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A rule about no route protects nothing."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W016") for one in _found(findings.dead)]


def check_shadowed_rules(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A rule that never decides says something that does not hold."""
    return [Error(str(one), hint=one.hint, id="sessionkit.E020") for one in _found(findings.shadowed)]


def check_weaker_rules(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A rule that asks for less decides before one that asks for more."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W017") for one in _found(findings.weaker)]


def check_partial_patterns(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A page that is protected under one of its spellings is not protected."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W018") for one in _found(findings.partial)]


def check_open_methods(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What ``methods`` leaves out falls to the next rule, and last to nobody."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W019") for one in _found(openings.open_verbs)]


def check_idle_excludes(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """An exclude lifts the global default, and neither a rule nor a decorator."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W020") for one in _found(openings.idle_excludes)]


def check_wide_excludes(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """An exclude of everything is no default at all."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W021") for one in _found(openings.wide_excludes)]


def check_redirect_targets(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A page that says why must be open to those who are sent there."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W022") for one in _found(openings.own_targets)]


def check_login_page(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A log-in page cannot be protected."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W023") for one in _found(openings.covered_login)]


def check_foreign_login(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Nobody is sent to the login page of another site."""
    return [CheckWarning(str(one), hint=one.hint, id="sessionkit.W028") for one in _found(openings.views_without_login)]


def check_unclear_routes(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Some expressions match more than can be written down."""
    return [Info(str(one), hint=one.hint, id="sessionkit.I003") for one in _found(openings.unclear_routes)]


def check_view_predicates(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A predicate that a decorator names by a path that leads nowhere denies everybody."""
    land = terrain.current()
    found = {}
    for view, requirement in land.asked_by_views() if land is not None else ():
        for predicate in predicates(requirement):
            try:
                predicate.resolve()
            except Exception as error:
                found[view, repr(predicate)] = error
    return [
        Error(
            f"{view}: {predicate} cannot be used: {error}",
            hint='Write Allow("package.module.function") with a function of (session) or (session, request).',
            id="sessionkit.E021",
        )
        for (view, predicate), error in found.items()
    ]


def check_csrf_exempt(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """With a session in a cookie, a view that changes something needs the CSRF token."""
    land = terrain.current()
    if land is None or not keeps_sessions():
        return []
    return [
        CheckWarning(
            f"{route.text} is protected by a session in a cookie, and {route.view} is csrf_exempt: another site can "
            "make its visitors call it.",
            hint="Remove @csrf_exempt, or let the view take a token from a header instead of the session.",
            id="sessionkit.W024",
        )
        for number, route in enumerate(land.routes)
        if _is_exempt(route.callback)
        and any(verb not in SAFE_VERBS and land.needs_session(number, verb) for verb in land.verbs(number))
    ]


def _is_exempt(view: Any) -> bool:
    """Frameworks for APIs exempt all views, and check the token themselves where a cookie signs in."""
    return getattr(view, "csrf_exempt", False) is True and api_package_of(view) is None


def _found(look: Callable[[Terrain], list[findings.Finding]]) -> list[findings.Finding]:
    land = terrain.current()
    return look(land) if land is not None else []
