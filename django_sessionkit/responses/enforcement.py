"""Raise the denial of the current session, or that of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404

from django_sessionkit.guard import audit as guard_audit
from django_sessionkit.guard.evaluator import decide, denial_of, evaluate_about
from django_sessionkit.guard.objects import note_question
from django_sessionkit.guard.raised_denials import reporting
from django_sessionkit.policy.denial_options import DenialOptions
from django_sessionkit.requirements import Requirement
from django_sessionkit.session.context import current_context
from django_sessionkit.session.loader import context_for
from django_sessionkit.session.value import Session
from django_sessionkit.utils.sansio import Flow

from .caching import hold_back, hold_back_current

if TYPE_CHECKING:
    from django.http import HttpRequest


def required(session: Session | None) -> Flow[Session]:
    """Return ``session``. Raises the denial for a caller without one if it is ``None``."""
    if session is not None:
        hold_back_current()
        return session
    context = current_context()
    raise (yield from reporting(denial_of(context), context))


def enforced(requirement: Requirement, caller: str, obj: object = None) -> Flow[Session | None]:
    """Return the current session if it meets ``requirement``. Raises the denial if not."""
    decision = yield from evaluate_about(requirement, caller, obj)
    context = current_context()
    session = context.peek() if context is not None else None
    if decision:
        hold_back_current()
        return session
    raise (yield from reporting(denial_of(context, decision), context))


def enforced_for_object(
    request: HttpRequest, requirement: Requirement, obj: object, options: DenialOptions
) -> Flow[Session | None]:
    """Return the session if it meets ``requirement`` for ``obj``. If not, report and raise the denial.

    With ``on_deny="not_found"``, that is Django's ``Http404``, as for an object that does not exist.
    """
    context = context_for(request)
    note_question(request)
    decision = yield from decide(context, requirement, request, obj)
    guard_audit.decided(decision, request)
    session = context.peek()
    hold_back(request)
    if decision:
        return session
    if options.on_deny == "not_found":
        yield from guard_audit.denied(request, decision, 404, session)
        raise Http404
    error = denial_of(context, decision)
    error.options = options
    raise (yield from reporting(error, context))


def missing_object(request: HttpRequest) -> Flow[Http404]:
    """Return the exception for an object that does not exist, where a denied object must look the same."""
    yield from context_for(request).flow()  # so that the response has the same headers
    hold_back(request)
    return Http404()
