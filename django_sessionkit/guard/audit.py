"""Write the log lines about decisions and denials, and send the signal ``access_denied``."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from django.contrib.auth import SESSION_KEY

from django_sessionkit import conf, signals
from django_sessionkit.policy.decisions import NOT_AUTHENTICATED, Decision
from django_sessionkit.session.audit import actor_digest, logged_user, logger, people, security_logger, sending
from django_sessionkit.session.context import current_context
from django_sessionkit.session.value import Session
from django_sessionkit.sources import DjangoSessionSource
from django_sessionkit.utils.sansio import Flow

if TYPE_CHECKING:
    from django.http import HttpRequest


# RFC 9110, section 5.6.2: a method is a token. A space or a line break could forge the rest of the log line.
_NOT_IN_TOKEN = re.compile(r"[^0-9A-Za-z!#$%&'*+.^_`|~-]")

_LONGEST_METHOD = 32

_MOST_OF_PATTERNS = 200

_NO_BRIDGE = (
    "The user is logged in to Django, but has no SessionKit session, so the request counts as that of an anonymous "
    'caller. Add "django_sessionkit.contrib.auth.AuthBridge" to INSTALLED_APPS, or call set_session() in your '
    "login."
)
_NO_SOURCE = (
    "request.sessionkit_data is set, but nothing reads it. Write "
    'SESSIONKIT_SOURCE = "django_sessionkit.sources.RequestAttributeSource".'
)


def is_verbose() -> bool:
    """Return ``True`` if every decision is logged, which is at level ``DEBUG``."""
    return logger.isEnabledFor(logging.DEBUG)


def decided(decision: Decision, request: HttpRequest | None) -> None:
    """Log one line per decision, for debugging."""
    if is_verbose():
        context = current_context()
        actor = actor_digest(context.peek_silently()) if context is not None else None
        logger.debug(
            "%s: rule=%s reason=%s requirement=%r method=%s route=%s%s",
            "allowed" if decision else "denied",
            decision.rule,
            decision.reason,
            decision.requirement,
            _method_of(request) if request is not None else None,
            _place_of(request, decision),
            f" actor={actor}" if actor is not None else "",
        )


def denied(request: HttpRequest | None, decision: Decision, status: int | None, session: Session | None) -> Flow[None]:
    """Report a denial that is about to be sent or raised."""
    security_logger.warning(
        "access denied: rule=%s reason=%s method=%s route=%s status=%s user=%s",
        decision.rule,
        decision.reason,
        _method_of(request) if request is not None else None,
        _place_of(request, decision),
        status,
        logged_user(session),
    )
    if decision.reason == NOT_AUTHENTICATED and conf.current().debug:
        _hint_at_a_login(request)
    yield sending(signals.access_denied, request=request, decision=decision, status=status, **people(session))


def _hint_at_a_login(request: HttpRequest | None) -> None:
    """Log what the request has instead of a session: Django's login, or the data for another source. It does no I/O."""
    if type(conf.current().source) is not DjangoSessionSource:
        return
    if SESSION_KEY in getattr(getattr(request, "session", None), "_session_cache", ()):
        logger.warning(_NO_BRIDGE)
    if getattr(request, "sessionkit_data", None) is not None:
        logger.warning(_NO_SOURCE)


def _method_of(request: HttpRequest) -> str:
    """Return the method as one short word of printable ASCII. The client chooses the method."""
    method = request.method or ""
    word = _NOT_IN_TOKEN.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", method[:_LONGEST_METHOD])
    return word + "..." if len(method) > _LONGEST_METHOD else word


def _place_of(request: HttpRequest | None, decision: Decision) -> str | None:
    """Return the route, or without one the patterns of the rule that decided. Only patterns begin with a slash."""
    route = route_of(request)
    if route is not None or decision.rule is None:
        return route
    patterns = conf.current().rules.texts_by_label.get(decision.rule)
    return patterns[:_MOST_OF_PATTERNS] if patterns else None


def route_of(request: HttpRequest | None) -> str | None:
    """Return the route that Django matched, or ``None``. It is a pattern of the URLconf, never text from the client."""
    match = getattr(request, "resolver_match", None)
    return match.route if match is not None else None
