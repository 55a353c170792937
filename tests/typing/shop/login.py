"""Login, logout, and what else changes the session."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse

from django_sessionkit import (
    AccessDenied,
    Decision,
    InvalidSession,
    NotAuthenticated,
    Session,
    SessionKitError,
    aclear_session,
    aconfirm_session,
    aregenerate_session,
    aset_session,
    aupdate_session,
    clear_session,
    confirm_session,
    regenerate_session,
    set_session,
    signals,
    update_session,
    use_session,
    validate_session,
)
from django_sessionkit.exceptions import (
    AsyncRequired,
    InvalidPattern,
    InvalidPolicy,
    NotEvaluated,
    NotValidated,
    ReadOnlySource,
    RouteMismatch,
    SessionUnavailable,
    VersionUnavailable,
)
from django_sessionkit.signals import (
    access_denied,
    session_cleared,
    session_confirmed,
    session_registered,
    session_rejected,
    session_updated,
)

logger = logging.getLogger(__name__)


def login(request: HttpRequest) -> HttpResponse:
    try:
        session = set_session(request, {"user_id": request.POST["user"], "roles": ["editor"]}, ttl=3600)
    except InvalidSession as error:
        return HttpResponse(f"{error.field}: {error.reason}", status=400)
    regenerate_session(request)
    plan: str = update_session(request, {"plan": "free"})["plan"]
    return HttpResponse(f"{session.user_id} {session.role} {session.email} {plan}")


async def current_dict() -> dict[str, object]:
    return {"user_id": "7"}


async def alogin(request: HttpRequest) -> HttpResponse:
    session: Session = await aset_session(request, {"user_id": "7"})
    session = await aset_session(request, current_dict)
    session = set_session(request, lambda: {"user_id": "7"})
    await aregenerate_session(request)
    await aupdate_session(request, session.to_dict(), ttl=60)
    await aconfirm_session(request, amr=("otp", "hwk"))
    await aclear_session(request)
    return HttpResponse()


def confirm(request: HttpRequest) -> HttpResponse:
    session: Session = confirm_session(request, amr=["pwd"])
    return HttpResponse(f"{session.auth_time} {', '.join(session.amr)}")


def logout(request: HttpRequest) -> HttpResponse:
    clear_session(request)
    return HttpResponse()


@use_session({"user_id": "1", "role": "admin"})
def nightly(count: int) -> str:
    with use_session(validate_session({"user_id": "2"}), tenant="acme") as session:
        tenant: str | None = session.tenant if session is not None else None
        actor: str | None = session.actor if session is not None else None
        return f"{count} {tenant} {actor} {session.user_id if session is not None else ''}"


def shown(error: SessionKitError) -> str:
    if isinstance(error, (NotAuthenticated, AccessDenied)):
        return error.decision.reason if error.decision is not None else str(error)
    if isinstance(error, (InvalidPolicy, InvalidPattern)):
        return f"{error.place} {error.fault} {error.hint}"
    unavailable = (SessionUnavailable, VersionUnavailable, NotValidated, RouteMismatch)
    if isinstance(error, unavailable):
        return "later"
    return "mine" if isinstance(error, (AsyncRequired, NotEvaluated, ReadOnlySource)) else "other"


def log_denial(request: HttpRequest | None, decision: Decision, status: int | None, **kwargs: Any) -> None:
    logger.info("%s %s %s", decision.rule, decision.requirement, status)


def log_change(request: HttpRequest | None, **kwargs: Any) -> None:
    logger.info("%s", request)


access_denied.connect(log_denial)
signals.session_registered.connect(log_change, dispatch_uid="shop")
for signal in (session_registered, session_updated, session_confirmed, session_cleared, session_rejected):
    signal.connect(log_change)
