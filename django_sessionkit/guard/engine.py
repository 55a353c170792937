"""Decide whether a request may reach its view.

A request is allowed only if every variant of its path is allowed. The middleware calls the guard up to twice per
request: on entry with the path alone, and after routing with the matched view (or without one) as well.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import get_language

from django_sessionkit import conf
from django_sessionkit.conf.urlconf import uses_language_prefix
from django_sessionkit.exceptions import RouteMismatch
from django_sessionkit.policy.decisions import FAILED, Decision
from django_sessionkit.policy.path_variants import PathVariant, has_parent_segments, is_canonical
from django_sessionkit.policy.rules import Rule
from django_sessionkit.policy.view_marks import exempting_mark, options_under_default
from django_sessionkit.requirements import Authenticated
from django_sessionkit.session import audit
from django_sessionkit.urlconf import spelling as routes
from django_sessionkit.urlconf.spelling import CanonicalForms
from django_sessionkit.utils.sansio import Flow

from . import redirects
from .denial_choice import Denial
from .request_evaluation import AccessRequest, RequestEvaluation

GLOBAL_LABEL = "SESSIONKIT_GLOBAL_PROTECT"

_AUTHENTICATED = Authenticated()


def authorize(target: AccessRequest, evaluation: RequestEvaluation, *, with_default: bool) -> Flow[Denial | None]:
    """Return the denial for ``target``, or ``None`` if it is allowed.

    ``with_default``: apply ``SESSIONKIT_GLOBAL_PROTECT`` if no rule matches.
    """
    try:
        paths = variants_of(target, evaluation)
    except RouteMismatch as error:
        audit.logger.error("%s The request is denied.", error)
        return Denial(Decision(False, FAILED, failed=True))
    denial = yield from _first_denial(paths, target, evaluation, with_default)
    page = (target.path, target.path_info, target.urlconf, target.match)
    if denial is not None and redirects.is_login_page(*page):
        evaluation.is_login_page = True
        return None
    if denial is not None and denial.decision.needs_step_up and redirects.is_reauth_page(*page):
        evaluation.is_reauth_page = True
        return None
    return denial


def _first_denial(
    paths: Iterable[PathVariant], target: AccessRequest, evaluation: RequestEvaluation, with_default: bool
) -> Flow[Denial | None]:
    """Decide about each path variant by the first rule that matches it, and stop at the first denial.

    A denial that a new login would lift is returned only if no other variant is denied for good.
    """
    step_up = None
    for variant, rule, _ in evaluation.first_matches(paths, target):
        evaluation.rule = evaluation.rule or rule
        denial = None
        if rule is not None:
            denial = yield from _apply_rule(rule, evaluation)
        elif with_default and variant.exact:
            denial = yield from _apply_default(variant, target, evaluation)
        if denial is not None and not denial.decision.needs_step_up:
            return denial
        step_up = step_up or denial
    return step_up


def _apply_rule(rule: Rule, evaluation: RequestEvaluation) -> Flow[Denial | None]:
    if rule.is_public and not conf.current().policy.overrides_check:
        return None  # without loading the session
    decision = yield from evaluation.decide(rule.label, rule.requirement)
    return None if decision else Denial(decision, rule.options)


def _apply_default(reading: PathVariant, target: AccessRequest, evaluation: RequestEvaluation) -> Flow[Denial | None]:
    if not conf.current().global_protect or exempted_from_default(reading.path, target) is not None:
        return None
    decision = yield from evaluation.decide(GLOBAL_LABEL, _AUTHENTICATED)
    if decision:
        return None
    return Denial(
        decision, options_under_default(target.match.func if target.match is not None else None, target.method)
    )


def exempted_from_default(path: str, target: AccessRequest) -> str | None:
    """Return what exempts a path from the global default: the mark of a view, ``"SESSIONKIT_EXCLUDE"`` or ``None``."""
    settings = conf.current()
    rules, mark = settings.rules, exempting_mark(target.match, honors_django=settings.honor_login_not_required)
    is_excluded = mark is None and (rules.excludes(path) or rules.excludes_view(target.view_name))
    return "SESSIONKIT_EXCLUDE" if is_excluded else mark


def variants_of(target: AccessRequest, evaluation: RequestEvaluation) -> Iterable[PathVariant]:
    """Return every variant of the path of ``target``, each to be decided by itself. Raises ``RouteMismatch``."""
    languages: frozenset[str] = frozenset()
    if uses_language_prefix(target.urlconf):
        languages = conf.current().languages.union([get_language() or ""])
    spelling = _forms_of(target)
    if spelling is not None and not spelling.is_just(target.path_info):
        return evaluation.variant_reader.variants(
            target.path_info, target.path, languages, spelling.matched_text, spelling.forms
        )
    if languages or target.path != target.path_info or conf.current().rules.folds or not is_canonical(target.path_info):
        return evaluation.variant_reader.variants(target.path_info, target.path, languages)
    return (PathVariant(target.path_info, exact=True),)


def _forms_of(target: AccessRequest) -> CanonicalForms | None:
    """Return the canonical forms of the path under the matched URL patterns, or ``None`` if the path has no others."""
    spelling, match = target.forms, target.match
    if match is None:
        return spelling
    if spelling is None and (
        has_parent_segments(target.path_info) or routes.has_other_spellings(target.urlconf, match)
    ):
        spelling = routes.canonical_forms(target.path_info, target.urlconf, match)
    if spelling is not None and not spelling.is_complete:
        raise routes.too_many_forms(match)
    return spelling
