"""What DRF answers to a denial: the exceptions of a refused or unknown session, and the exception handler."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rest_framework import exceptions

from django_sessionkit.exceptions import AccessDenied, NotAuthenticated
from django_sessionkit.guard.evaluator import public_text
from django_sessionkit.policy.decisions import DENIED, UNKNOWN_FOR_NOW, Decision
from django_sessionkit.responses import RETRY_AFTER, deny_for, text_for_api
from django_sessionkit.responses.step_up import challenge
from django_sessionkit.session.context import Fault
from django_sessionkit.session.loader import context_for
from django_sessionkit.utils.sansio import run

from .authentication import SessionKitAuthentication
from .objects import hidden

if TYPE_CHECKING:
    from django.http import HttpRequest

# request attributes: the last denial of a permission, and the fault of the session at that time
_REFUSAL, _FAULT = "_sessionkit_refusal", "_sessionkit_fault"


class Unavailable(exceptions.APIException):
    """The session cannot be looked up at the moment. DRF's exception handler answers 503 with ``Retry-After``."""

    status_code: int = 503
    wait: int = RETRY_AFTER
    default_detail: Any = public_text(Fault(UNKNOWN_FOR_NOW))
    default_code: str = "unavailable"


class StepUpRequired(exceptions.APIException):
    """The login is too old, or lacks a factor. DRF's exception handler answers 401 with the challenge of RFC 9470."""

    status_code: int = 401
    default_code: str = "insufficient_user_authentication"

    def __init__(self, decision: Decision) -> None:
        super().__init__(text_for_api(self.status_code, decision))
        self.auth_header: str = challenge(decision)


def keep_for_handler(request: HttpRequest, denial: Decision | None, fault: Fault | None) -> None:
    """Keep a denial, and the fault of its session, for :func:`exception_handler`. ``None`` removes an earlier one."""
    vars(request).update({_REFUSAL: denial, _FAULT: fault if denial is not None else None})


def final_result(request: Any, is_granted: bool, is_part: bool, *, hides: bool = False) -> bool:
    """Return ``is_granted``, unless this is a denial that DRF would answer in another way.

    Raises 403 or 503 if the session is refused or unknown: DRF would answer 401, but a login would not help. Raises
    401 if the user has to confirm the login, and ``Http404`` if ``hides``. A part of a combination raises nothing.
    """
    if is_granted or is_part:
        return is_granted
    http = request._request
    refusal: Decision | None = getattr(http, _REFUSAL, None)  # None if another permission denied
    if hides:
        raise hidden(request, refusal if refusal is not None else Decision(False, DENIED))
    fault = getattr(http, _FAULT, None)
    if fault is not None:
        raise Unavailable if fault.reason == UNKNOWN_FOR_NOW else exceptions.PermissionDenied(str(public_text(fault)))
    if refusal is not None and refusal.needs_step_up:
        raise StepUpRequired(refusal)
    return False


def exception_handler(error: Exception, context: dict[str, Any]) -> Any:
    """Send and report the usual response to a denial. Use it as ``REST_FRAMEWORK["EXCEPTION_HANDLER"]``.
    It handles the denials of ``Requires(...)``, and what ``enforce()`` and ``require_session()`` raise in a view. DRF
    handles all other exceptions.
    """
    views = import_module("rest_framework.views")  # it imports the settings, which may name a class of this package
    denial = _denial(context["request"], error)
    if not isinstance(denial, (NotAuthenticated, AccessDenied)):
        return views.exception_handler(error, context)
    views.set_rollback()
    return run(deny_for(context["request"]._request, denial))


def _denial(request: Any, error: Exception) -> Exception:
    if not isinstance(error, (exceptions.NotAuthenticated, exceptions.PermissionDenied, Unavailable, StepUpRequired)):
        return error
    if (refusal := getattr(request._request, _REFUSAL, None)) is not None:
        return AccessDenied(refusal)
    is_ours = any(isinstance(one, SessionKitAuthentication) for one in request.authenticators)
    return AccessDenied() if is_ours and context_for(request._request).fault is not None else error
