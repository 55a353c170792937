"""Denials that are raised. They are reported at once: perhaps nothing answers them, such as in a GraphQL resolver, in a
task, or before a bare ``except``. What answers one later does not report it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from . import audit
from .answers import Denial, choose
from .connections import ConnectionSlot, close_code
from .decisions import DENIED, NOT_AUTHENTICATED, Decision
from .exceptions import AccessDenied, NotAuthenticated
from .flows import Flow

if TYPE_CHECKING:
    from .context import Slot

E = TypeVar("E", bound="NotAuthenticated | AccessDenied")


def reported(error: E, slot: Slot | None) -> Flow[E]:
    """``error``, which is to be raised for the caller of ``slot``, after it was reported."""
    error.is_reported = True
    request = slot.request if slot is not None else None
    decision = decision_of(error, slot)
    session = slot.peek() if slot is not None else None
    yield from audit.denied(request, decision, _status(slot, decision), session)
    return error


def decision_of(error: NotAuthenticated | AccessDenied, slot: Slot | None) -> Decision:
    """What an exception says, or what can be said of one that was raised without a decision."""
    if error.decision is not None:
        return error.decision
    fault = slot.fault if slot is not None else None
    if fault is not None:
        return Decision(False, fault.reason, detail=fault.detail)
    return Decision(False, DENIED if slot is not None and slot.peek() is not None else NOT_AUTHENTICATED)


def _status(slot: Slot | None, decision: Decision) -> int | None:
    """What will be answered if nothing in between does it: by the middleware, or by the gate of a WebSocket."""
    if isinstance(slot, ConnectionSlot):
        return close_code(slot, decision)
    request = slot.request if slot is not None else None
    if slot is None or request is None:
        return None
    return choose(request, Denial(decision), slot.peek(), slot.fault).status
