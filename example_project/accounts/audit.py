"""The audit trail: logins and denials with their reasons, without a value of any session.

The signals of SessionKit contain a keyed digest of the user id, and while an admin acts as the user, one of the admin.
This module makes its own digest of each name in the login form, because people type passwords there by mistake. Equal
digests mean the same name. A digest does not reveal the name.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from hijack.signals import hijack_ended, hijack_started

from django_sessionkit import Decision
from django_sessionkit import signals as sessionkit

from .models import User

logger = logging.getLogger("newsroom.audit")


def record(event: str, request: HttpRequest | None, **facts: Any) -> None:
    """Log one line of ``key=value`` pairs."""
    facts = {"event": event, **_origin(request), **facts}
    logger.info(" ".join(f"{key}={value}" for key, value in facts.items()))


def _origin(request: HttpRequest | None) -> dict[str, Any]:
    if request is None:
        return {"method": None, "route": None, "ip": None}
    # The route ("articles/<int:pk>/") and not the path: a path may contain names, and the client chooses its text.
    match = request.resolver_match
    return {
        "method": request.method,
        "route": f"/{match.route}" if match else "-",
        "ip": request.META.get("REMOTE_ADDR", "-"),
    }


def name_digest(username: str | None) -> str:
    return salted_hmac("newsroom.audit", username or "", algorithm="sha256").hexdigest()[:16]


@receiver(user_logged_in)
def logged_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    record("logged_in", request, name=name_digest(user.get_username()))


@receiver(user_logged_out)
def logged_out(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    record("logged_out", request, name=name_digest(user.get_username()) if user else None)


@receiver(user_login_failed)
def login_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    record("login_failed", request, name=name_digest(credentials.get("username")))


@receiver(user_locked_out)
def locked_out(request: HttpRequest, username: str | None, **kwargs: Any) -> None:
    record("locked_out", request, name=name_digest(username))


# django-hijack calls login(), so "logged_in" comes before both.
@receiver(hijack_started)
def acting_started(request: HttpRequest, hijacker: User, hijacked: User, **kwargs: Any) -> None:
    record("acting_started", request, name=name_digest(hijacked.username), by=name_digest(hijacker.username))


@receiver(hijack_ended)
def acting_ended(request: HttpRequest, hijacker: User, hijacked: User, **kwargs: Any) -> None:
    record("acting_ended", request, name=name_digest(hijacked.username), by=name_digest(hijacker.username))


def _people(user: str | None, actor: str | None) -> dict[str, str | None]:
    return {"user": user} if actor is None else {"user": user, "actor": actor}


@receiver(sessionkit.session_registered)
def session_registered(request: HttpRequest | None, user: str | None, actor: str | None, **kwargs: Any) -> None:
    record("session_registered", request, **_people(user, actor))


@receiver(sessionkit.session_updated)
def session_updated(
    request: HttpRequest | None, user: str | None, actor: str | None, changed: Sequence[str], **kwargs: Any
) -> None:
    record("session_updated", request, **_people(user, actor), changed=",".join(changed))


@receiver(sessionkit.session_cleared)
def session_cleared(request: HttpRequest | None, user: str | None, actor: str | None, **kwargs: Any) -> None:
    record("session_cleared", request, **_people(user, actor))


@receiver(sessionkit.session_rejected)
def session_rejected(request: HttpRequest | None, field: str, reason: str, **kwargs: Any) -> None:
    record("session_rejected", request, field=field, reason=f'"{reason}"')


@receiver(sessionkit.access_denied)
def access_denied(
    request: HttpRequest | None, decision: Decision, status: int, user: str | None, actor: str | None, **kwargs: Any
) -> None:
    record(
        "access_denied",
        request,
        **_people(user, actor),
        status=status,
        reason=decision.reason,
        rule=decision.rule,
    )
