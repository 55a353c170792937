"""The audit trail: signals and log lines, without any value of a session."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.dispatch import Signal
from django.utils.crypto import salted_hmac

from . import signals
from .decisions import Decision
from .exceptions import InvalidSession
from .flows import Flow, Step
from .session import Session

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger("django_sessionkit")
security_logger = logging.getLogger("django_sessionkit.security")


def user_digest(session: Session | None) -> str | None:
    """16 hex digits that tell users apart in a log without naming them; keyed with ``SECRET_KEY``."""
    if session is None:
        return None
    return salted_hmac("django_sessionkit.user", session.user_id, algorithm="sha256").hexdigest()[:16]


def sending(signal: Signal, **kwargs: Any) -> Step:
    """Send a signal robustly; under ``arun`` async receivers are awaited and sync ones run in a thread."""

    def call() -> None:
        try:
            signal.send_robust(sender=Session, **kwargs)
        except RuntimeError:
            # Django runs the sync receivers, then cannot wait for async ones on a running event loop.
            logger.error("async receivers of a signal were left out, because it was sent on an event loop")

    async def acall() -> None:
        await signal.asend_robust(sender=Session, **kwargs)

    return Step(call, acall)


def rejected(request: HttpRequest, error: InvalidSession) -> Flow[None]:
    """A stored dict was malformed."""
    security_logger.warning("session rejected: field=%s reason=%s", error.field, error.reason)
    yield sending(signals.session_rejected, request=request, field=error.field, reason=error.reason)


def is_verbose() -> bool:
    """Whether every decision is a line in the log."""
    return logger.isEnabledFor(logging.DEBUG)


def decided(decision: Decision, request: HttpRequest | None) -> None:
    """One line per decision, for debugging."""
    if is_verbose():
        logger.debug(
            "%s: rule=%s reason=%s requirement=%r method=%s route=%s",
            "allowed" if decision else "denied",
            decision.rule,
            decision.reason,
            decision.requirement,
            request.method if request is not None else None,
            route_of(request),
        )


def denied(request: HttpRequest, decision: Decision, status: int, session: Session | None) -> Flow[None]:
    """A denial is about to be sent."""
    user = user_digest(session)
    security_logger.warning(
        "access denied: rule=%s reason=%s method=%s route=%s status=%s user=%s",
        decision.rule,
        decision.reason,
        request.method,
        route_of(request),
        status,
        user,
    )
    yield sending(signals.access_denied, request=request, decision=decision, status=status, user=user)


def route_of(request: HttpRequest | None) -> str | None:
    """The route that Django matched, if it has: a pattern of the URLconf, never what the client sent."""
    match = getattr(request, "resolver_match", None)
    return match.route if match is not None else None
