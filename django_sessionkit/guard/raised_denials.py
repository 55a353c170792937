"""Report denials that are raised as exceptions.

They are reported when they are raised, because they may never become a response: in a GraphQL resolver, in a task, or
inside a ``try`` with a bare ``except``. If a response is built for one later, it is not reported again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django_sessionkit.connections import ConnectionSlot, close_code
from django_sessionkit.exceptions import AccessDenied, NotAuthenticated
from django_sessionkit.policy.decisions import DENIED, NOT_AUTHENTICATED, Decision
from django_sessionkit.session import audit
from django_sessionkit.utils.sansio import Flow

from .denial_choice import Denial, choose

if TYPE_CHECKING:
    from django_sessionkit.session.context import Slot

E = TypeVar("E", bound="NotAuthenticated | AccessDenied")


def reported(error: E, slot: Slot | None) -> Flow[E]:
    """Report ``error`` as a denial of the session of ``slot``, and return it to be raised."""
    error.is_reported = True
    request = slot.request if slot is not None else None
    decision = decision_of(error, slot)
    session = slot.peek() if slot is not None else None
    yield from audit.denied(request, decision, _status(slot, decision), session)
    return error


def decision_of(error: NotAuthenticated | AccessDenied, slot: Slot | None) -> Decision:
    """Return the decision of ``error``, or build one if it was raised without a decision."""
    if error.decision is not None:
        return error.decision
    fault = slot.fault if slot is not None else None
    if fault is not None:
        return Decision(False, fault.reason, detail=fault.detail)
    return Decision(False, DENIED if slot is not None and slot.peek() is not None else NOT_AUTHENTICATED)


def _status(slot: Slot | None, decision: Decision) -> int | None:
    """Return the status that the middleware or the WebSocket connection sends if no other code handles the error."""
    if isinstance(slot, ConnectionSlot):
        return close_code(slot, decision)
    request = slot.request if slot is not None else None
    if slot is None or request is None:
        return None
    return choose(request, Denial(decision), slot.peek(), slot.fault).status
