"""Choose which denial of several decorators and mixins of one view is answered: first what a new login cannot lift."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from django_sessionkit.conf.urlconf import urlconf_of
from django_sessionkit.policy.decisions import Decision
from django_sessionkit.policy.view_marks import ViewRequirement, requirements_of
from django_sessionkit.requirements import Requirement
from django_sessionkit.requirements.check_input import UNKNOWN_OBJECT
from django_sessionkit.session.context import SessionContext
from django_sessionkit.utils.sansio import Flow

from . import audit, redirects
from .denial_choice import Denial
from .evaluator import decide
from .objects import is_undecided

if TYPE_CHECKING:
    from django.http import HttpRequest


def denial_of_marks(
    marks: Iterable[ViewRequirement], check: Callable[[Requirement, object], Flow[Decision]]
) -> Flow[Denial | None]:
    """Return the first denial that a new login would not lift, or else the first denial, or ``None``.

    ``check(requirement, obj)`` decides. The object of a requirement about one is not known yet, so it may stay open.
    """
    step_up = None
    for mark in marks:
        decision = yield from check(mark.requirement, UNKNOWN_OBJECT if mark.needs_object else None)
        if not (decision or (mark.needs_object and is_undecided(decision))):
            denial = Denial(decision, mark.options)
            if not decision.needs_step_up:
                return denial
            step_up = step_up or denial
    return step_up


def denial_to_answer(request: HttpRequest, denial: Denial, context: SessionContext) -> Flow[Denial | None]:
    """Return the denial to answer if a decorator or mixin denies with ``denial``. ``None``: the view may run.

    Nobody confirms the login to be told that a right is missing, so the other requirements of the view are checked
    before the user is asked to. The page where a user confirms the login never asks for it itself.
    """
    if not denial.decision.needs_step_up:
        return denial
    match = request.resolver_match
    marks = requirements_of(match.func, request.method or "") if match is not None else []
    other = yield from denial_of_marks(marks, partial(_checked, request, context))
    if other is not None and not other.decision.needs_step_up:
        return other
    is_page = redirects.is_reauth_page(request.path, request.path_info, urlconf_of(request), match)
    return None if is_page else denial


def _checked(request: HttpRequest, context: SessionContext, requirement: Requirement, obj: object) -> Flow[Decision]:
    decision = yield from decide(context, requirement, request, obj)
    audit.decided(decision, request)
    return decision
