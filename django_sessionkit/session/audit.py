"""Send the audit signals and write the log lines. Neither contains a value of a session."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.dispatch import Signal
from django.utils.crypto import salted_hmac

from django_sessionkit import signals
from django_sessionkit.exceptions import InvalidSession, SessionKitError
from django_sessionkit.utils.sansio import Flow, IOStep, place_of

from .context import SessionContext, activate, within
from .tenants import placed
from .value import FIELDS, Session

if TYPE_CHECKING:
    from django.http import HttpRequest

logger: logging.Logger = logging.getLogger("django_sessionkit")
security_logger: logging.Logger = logging.getLogger("django_sessionkit.security")


_NOBODY = SessionContext.fixed(None)
# The words of the reasons that a limit gives.
_OVER_A_LIMIT = ("more than", "deeper than")
_LIMITS = {
    "user_id": "user_id_length",
    "email": "email_length",
    "role": "role_length",
    "roles": "role_length, roles_count",
    "permissions": "permission_length, permissions_count",
    "custom": "custom_depth, custom_nodes, custom_string_length",
}


def user_digest(session: Session | None) -> str | None:
    """Return 16 hex digits that distinguish users in a log without naming them, keyed with ``SECRET_KEY``.

    Return ``None`` without a session.
    """
    return _digest(session.user_id) if session is not None else None


def actor_digest(session: Session | None) -> str | None:
    """Return the same for the user who really acts, or ``None`` if nobody else acts as the user of the session."""
    actor = session.actor if session is not None else None
    return _digest(actor) if actor is not None else None


def people(session: Session | None) -> dict[str, str | None]:
    """Return the digests of the user and of the actor, as arguments of a signal."""
    return {"user": user_digest(session), "actor": actor_digest(session)}


def logged_user(session: Session | None) -> str:
    """Return the digest of the user for a log line. If somebody acts as the user, the digest of the actor follows."""
    actor = actor_digest(session)
    return f"{user_digest(session)}{f' actor={actor}' if actor is not None else ''}"


def _digest(user_id: str) -> str:
    return salted_hmac("django_sessionkit.user", user_id, algorithm="sha256").hexdigest()[:16]


def sending(signal: Signal, **kwargs: Any) -> IOStep:
    """Send a signal with ``send_robust``. Under ``arun``, async receivers are awaited and sync ones run in a thread."""

    def call() -> None:
        try:
            signal.send_robust(sender=Session, **kwargs)
        except RuntimeError:
            # Django runs the sync receivers first. It cannot wait for async ones on a running event loop.
            logger.error("The async receivers of a signal were not called, because it was sent on an event loop.")

    async def acall() -> None:
        await signal.asend_robust(sender=Session, **kwargs)

    return IOStep(call, acall)


def _warn(level: int, line: str, *args: object) -> None:
    """Write a line while a session is being loaded. A logging filter that reads the session gets ``None``."""
    with activate(_NOBODY):
        security_logger.log(level, line, *args)


def rejected(request: HttpRequest, error: InvalidSession) -> Flow[None]:
    """Report a stored dict that is not valid."""
    _warn(logging.WARNING, "session rejected: field=%s reason=%s", error.field, error.reason)
    step = sending(signals.session_rejected, request=request, field=error.field, reason=error.reason)
    yield within(_NOBODY, step)


def refreshed(request: HttpRequest, before: Session, after: Session) -> Flow[None]:
    """Report a session that was out of date and has been renewed."""
    changed = changed_fields(before, after)
    _warn(logging.INFO, "session refreshed: changed=%s user=%s", ",".join(changed), logged_user(after))
    yield within(
        SessionContext.fixed(placed(after, request)),
        sending(signals.session_updated, request=request, **people(after), changed=changed),
    )


def revoked(user_id: str, refresh: bool) -> None:
    """Report that all sessions of a user are out of date from now on."""
    security_logger.info("sessions revoked: refresh=%s user=%s", refresh, _digest(user_id))


def not_revoked_again(user_id: str, error: Exception) -> None:
    """Report a second revocation that failed.

    A session that was renewed between the revocation and the commit may still have the old permissions.
    """
    security_logger.error("sessions could not be revoked again at the commit: %s user=%s", error, _digest(user_id))


def version_unavailable(error: object) -> None:
    """Report a session that counts as absent, because its version could not be checked."""
    _warn(logging.ERROR, "session counts as absent, its version could not be checked: %s", error)


def error_text(error: Exception) -> str:
    """Return the description of an exception for the log.

    Only SessionKit's own exceptions give their text, because the text of others may quote the session.
    """
    if isinstance(error, SessionKitError):
        return str(error)
    return f"{type(error).__name__} at {place_of(error)}"


def unavailable(why: str) -> None:
    """Report that the session store, or project code that helps to load sessions, has failed."""
    _warn(logging.ERROR, "session could not be loaded, so its state is unknown for now: %s", why)


def refused(layer: str, maker: str, error: InvalidSession) -> None:
    """Report a login of the auth ``layer`` without a valid session. ``maker`` names the code that makes the dict."""
    is_limit = any(words in error.reason for words in _OVER_A_LIMIT)
    limits = _LIMITS.get(error.field) if is_limit else None
    hint = error.hint or f"change what {maker} returns{f', or set SESSIONKIT_LIMITS ({limits})' if limits else ''}"
    line = "%s login without a session: field=%s reason=%s; %s"
    _warn(logging.ERROR, line, layer, error.field, error.reason, hint)


def reserved_group(role: str) -> None:
    """Report a group whose name is a role that the bridge gives by the status of the user."""
    line = 'the group "%s" gives no role, because the bridge gives the role of this name itself; rename the group'
    _warn(logging.WARNING, line, role)


def without_email(reason: str) -> None:
    """Report an e-mail address that is not valid in a session."""
    _warn(logging.WARNING, "e-mail address left out of a session: %s", reason)


def no_tenant(why: str) -> None:
    """Report that a request has no current tenant, because ``SESSIONKIT_TENANT`` gave no valid answer."""
    _warn(logging.ERROR, "the request has no current tenant: SESSIONKIT_TENANT %s", why)


def unversioned() -> None:
    """Report a dict without a version that was stored during the request."""
    _warn(logging.ERROR, "session counts as absent, it has no current version: store it with set_session()")


def changed_fields(before: Session, after: Session) -> tuple[str, ...]:
    """Return the names of the known fields that differ, sorted.

    All other fields are reported as ``custom``, because their names may be data.
    """
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    names = {key if key in FIELDS else "custom" for key in changed}
    return tuple(sorted(names))
