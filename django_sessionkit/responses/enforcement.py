"""Return the current session, or raise the denial."""

from __future__ import annotations

from django_sessionkit.guard.evaluator import denial_of, evaluate_current
from django_sessionkit.guard.raised_denials import reporting
from django_sessionkit.requirements import Requirement
from django_sessionkit.session.context import current_context
from django_sessionkit.session.value import Session
from django_sessionkit.utils.sansio import Flow

from .caching import hold_back_current


def required(session: Session | None) -> Flow[Session]:
    """Return ``session``. Raises the denial for a caller without one if it is ``None``."""
    if session is not None:
        hold_back_current()
        return session
    context = current_context()
    raise (yield from reporting(denial_of(context), context))


def enforced(requirement: Requirement, caller: str, obj: object = None) -> Flow[Session | None]:
    """Return the current session if it meets ``requirement``. Raises the denial if not."""
    decision = yield from evaluate_current(requirement, caller, obj)
    context = current_context()
    session = context.peek() if context is not None else None
    if decision:
        hold_back_current()
        return session
    raise (yield from reporting(denial_of(context, decision), context))
