"""The audit trail: signals and log lines, without any value of a session."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from django.dispatch import Signal
from django.utils.crypto import salted_hmac

from . import conf, signals
from .context import Slot, activate, within
from .decisions import Decision
from .exceptions import InvalidSession, SessionKitError
from .flows import Flow, Step, place_of
from .session import Session

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger("django_sessionkit")
security_logger = logging.getLogger("django_sessionkit.security")

# RFC 9110, section 5.6.2: a method is a token. A space or a line break would look like the rest of the line.
_NOT_IN_TOKEN = re.compile(r"[^0-9A-Za-z!#$%&'*+.^_`|~-]")
_LONGEST_METHOD = 32
_MOST_OF_PATTERNS = 200

_NOBODY = Slot.fixed(None)
_LIMITS = {
    "user_id": "user_id_length",
    "email": "email_length",
    "role": "role_length",
    "roles": "role_length, roles_count",
    "permissions": "permission_length, permissions_count",
    "custom": "custom_depth, custom_nodes, custom_string_length",
}
_FIELDS = ("user_id", "email", "role", "roles", "permissions")


def user_digest(session: Session | None) -> str | None:
    """16 hex digits that tell users apart in a log without naming them; keyed with ``SECRET_KEY``."""
    return _digest(session.user_id) if session is not None else None


def _digest(user_id: str) -> str:
    return salted_hmac("django_sessionkit.user", user_id, algorithm="sha256").hexdigest()[:16]


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


def _tell(level: int, line: str, *args: object) -> None:
    """Write a line while a session is being loaded: a filter of the log that asks for the session finds none."""
    with activate(_NOBODY):
        security_logger.log(level, line, *args)


def rejected(request: HttpRequest, error: InvalidSession) -> Flow[None]:
    """A stored dict was malformed."""
    _tell(logging.WARNING, "session rejected: field=%s reason=%s", error.field, error.reason)
    told = sending(signals.session_rejected, request=request, field=error.field, reason=error.reason)
    yield within(_NOBODY, told)


def refreshed(request: HttpRequest, before: Session, after: Session) -> Flow[None]:
    """A session was out of date, and has been renewed."""
    user, changed = user_digest(after), changed_fields(before, after)
    _tell(logging.INFO, "session refreshed: changed=%s user=%s", ",".join(changed), user)
    yield within(Slot.fixed(after), sending(signals.session_updated, request=request, user=user, changed=changed))


def revoked(user_id: str, refresh: bool) -> None:
    """The sessions of a user are out of date from now on."""
    security_logger.info("sessions revoked: refresh=%s user=%s", refresh, _digest(user_id))


def not_revoked_again(user_id: str, error: Exception) -> None:
    """What was renewed between a revocation and its commit may have the rights of before."""
    security_logger.error("sessions could not be revoked again at the commit: %s user=%s", error, _digest(user_id))


def out_of_reach(error: object) -> None:
    """Nobody can say whether a session is up to date, so it counts as absent."""
    _tell(logging.ERROR, "session counts as absent, not known to be current: %s", error)


def told(error: Exception) -> str:
    """What to say of an exception: its text only if it is SessionKit's own, for others may quote the session."""
    if isinstance(error, SessionKitError):
        return str(error)
    return f"{type(error).__name__} at {place_of(error)}"


def unavailable(why: str) -> None:
    """The store of the sessions, or code of the project that helps to load them, has failed."""
    _tell(logging.ERROR, "session could not be loaded, so nobody knows whether there is one: %s", why)


def refused(layer: str, maker: str, error: InvalidSession) -> None:
    """A login of the auth ``layer`` gives no valid session; ``maker`` is what makes the dict."""
    limits = _LIMITS.get(error.field)
    hint = error.hint or f"change what {maker} returns{f', or set SESSIONKIT_LIMITS ({limits})' if limits else ''}"
    line = "%s log-in without a session: field=%s reason=%s; %s"
    _tell(logging.ERROR, line, layer, error.field, error.reason, hint)


def without_email(reason: str) -> None:
    """A user has an e-mail address that no session may have."""
    _tell(logging.WARNING, "e-mail address left out of a session: %s", reason)


def unversioned() -> None:
    """A dict has appeared during the request that does not say of which version it is."""
    _tell(logging.ERROR, "session counts as absent, it has no current version: place it with set_session()")


def changed_fields(before: Session, after: Session) -> tuple[str, ...]:
    """The names of the known fields that differ; further ones are ``custom``: their names may be data."""
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    names = {key if key in _FIELDS else "custom" for key in changed}
    return tuple(sorted(names))


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
            _method_of(request) if request is not None else None,
            _place_of(request, decision),
        )


def denied(request: HttpRequest | None, decision: Decision, status: int | None, session: Session | None) -> Flow[None]:
    """A denial is about to be sent, or to be raised."""
    user = user_digest(session)
    security_logger.warning(
        "access denied: rule=%s reason=%s method=%s route=%s status=%s user=%s",
        decision.rule,
        decision.reason,
        _method_of(request) if request is not None else None,
        _place_of(request, decision),
        status,
        user,
    )
    yield sending(signals.access_denied, request=request, decision=decision, status=status, user=user)


def _method_of(request: HttpRequest) -> str:
    """The method, which the client chooses: one word of printable ASCII, and not a long one."""
    method = request.method or ""
    word = _NOT_IN_TOKEN.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", method[:_LONGEST_METHOD])
    return word + "..." if len(method) > _LONGEST_METHOD else word


def _place_of(request: HttpRequest | None, decision: Decision) -> str | None:
    """The route; without one the patterns of the rule that decided on the path, which begin with a slash."""
    route = route_of(request)
    if route is not None or decision.rule is None:
        return route
    patterns = conf.current().rules.texts_by_label.get(decision.rule)
    return patterns[:_MOST_OF_PATTERNS] if patterns else None


def route_of(request: HttpRequest | None) -> str | None:
    """The route that Django matched, if it has: a pattern of the URLconf, never what the client sent."""
    match = getattr(request, "resolver_match", None)
    return match.route if match is not None else None
