"""Find what decides about a request to a route: rules, an exemption, or the global default."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django_sessionkit import conf
from django_sessionkit.exceptions import RouteMismatch
from django_sessionkit.guard import redirects
from django_sessionkit.guard.engine import GLOBAL_LABEL, variants_of
from django_sessionkit.guard.request_evaluation import AccessRequest, RequestEvaluation
from django_sessionkit.policy.denial_options import DenialOptions
from django_sessionkit.policy.path_variants import PathVariant
from django_sessionkit.policy.rules import Rule
from django_sessionkit.policy.view_marks import (
    DJANGO_LABEL,
    exempting_mark,
    is_login_not_required,
    options_under_default,
)
from django_sessionkit.requirements import Authenticated, Nobody, Requirement
from django_sessionkit.session.context import SessionContext

EXCLUDE_LABEL, LOGIN_LABEL = "SESSIONKIT_EXCLUDE", "login page"
#: the mark of Django while ``SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED`` is off
IGNORED_MARK = f"{DJANGO_LABEL} (off)"
UNREADABLE_LABEL = "too many path variants"


class Deciders(NamedTuple):
    """What decides about a request, apart from the view itself.

    - ``labels``: those of the rules, else ``@public``, an exclude or the default. None if the path is unprotected.
    - ``requirements``: what the rules or the default require, each with the options for a denial. None for a path that
      is public, and for the login page.
    """

    labels: tuple[str, ...]
    requirements: tuple[tuple[Requirement, DenialOptions], ...] = ()


def deciders_of(target: AccessRequest) -> Deciders:
    """Return what decides about ``target``. Nothing is evaluated."""
    evaluation = RequestEvaluation(SessionContext.fixed(None))
    try:
        readings = list(variants_of(target, evaluation))
    except RouteMismatch:
        return Deciders((UNREADABLE_LABEL,), ((Nobody(), DenialOptions()),))
    matches = evaluation.first_matches(readings, target)
    rules = {match.rule.label: match.rule for match in matches if match.rule is not None}
    found = _of_rules(rules.values()) if rules else _of_default(target, readings)
    if found.labels and redirects.is_login_page(target.path, target.path_info, target.urlconf, target.match):
        return Deciders((LOGIN_LABEL, *found.labels))
    return found


def _of_rules(rules: Iterable[Rule]) -> Deciders:
    labels = tuple(rule.label for rule in rules)
    return Deciders(labels, tuple((rule.requirement, rule.options) for rule in rules if not rule.is_public))


def _of_default(target: AccessRequest, readings: Iterable[PathVariant]) -> Deciders:
    settings = conf.current()
    mark = exempting_mark(target.match, honors_django=settings.honor_login_not_required)
    if mark is not None:
        return Deciders((mark,))
    if _is_excluded(target, readings):
        return Deciders((EXCLUDE_LABEL,))
    if not settings.global_protect:
        return Deciders(())
    view = target.match.func if target.match is not None else None
    is_marked = view is not None and is_login_not_required(view)
    labels = (GLOBAL_LABEL, IGNORED_MARK) if is_marked else (GLOBAL_LABEL,)
    return Deciders(labels, ((Authenticated(), options_under_default(view, target.method)),))


def _is_excluded(target: AccessRequest, readings: Iterable[PathVariant]) -> bool:
    """Return ``True`` if the view or every exact path variant is excluded."""
    rules = conf.current().rules
    return rules.excludes_view(target.view_name) or all(rules.excludes(one.path) for one in readings if one.exact)
