"""Report denials that are raised as exceptions.

They are reported when they are raised, because they may never become a response: in a GraphQL resolver, in a task, or
inside a ``try`` with a bare ``except``. If a response is built for one later, it is not reported again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django_sessionkit.exceptions import AccessDenied, NotAuthenticated
from django_sessionkit.policy.decisions import DENIED, NOT_AUTHENTICATED, Decision
from django_sessionkit.policy.denial_options import DEFAULT_OPTIONS
from django_sessionkit.utils.sansio import Flow

from . import audit as guard_audit
from .denial_choice import Denial, choose_response

if TYPE_CHECKING:
    from django_sessionkit.session.context import SessionContext

E = TypeVar("E", bound="NotAuthenticated | AccessDenied")


def reporting(error: E, context: SessionContext | None) -> Flow[E]:
    """Report ``error`` as a denial of the session of ``context``, and return it to be raised."""
    error.is_reported = True
    request = context.request if context is not None else None
    session = context.peek() if context is not None else None
    denial = denial_of_error(error, context)
    yield from guard_audit.denied(request, denial.decision, _status(context, denial), session)
    return error


def denial_of_error(error: NotAuthenticated | AccessDenied, context: SessionContext | None) -> Denial:
    """Return the decision of ``error`` with the options for the response."""
    return Denial(decision_of(error, context), error.options or DEFAULT_OPTIONS)


def decision_of(error: NotAuthenticated | AccessDenied, context: SessionContext | None) -> Decision:
    """Return the decision of ``error``, or build one if it was raised without a decision."""
    if error.decision is not None:
        return error.decision
    fault = context.fault if context is not None else None
    if fault is not None:
        return Decision(False, fault.reason, detail=fault.detail)
    return Decision(False, DENIED if context is not None and context.peek() is not None else NOT_AUTHENTICATED)


def _status(context: SessionContext | None, denial: Denial) -> int | None:
    """Return the status that the middleware or the WebSocket connection sends if no other code handles the error."""
    if context is None:
        return None
    if (code := context.close_code(denial.decision)) is not None:
        return code
    request = context.request
    if request is None:
        return None
    return choose_response(request, denial, context.peek(), context.fault).status
