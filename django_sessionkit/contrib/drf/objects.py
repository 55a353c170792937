"""Requirements about objects. DRF asks for permission twice: before it has the object, and with it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.http import Http404
from rest_framework.exceptions import NotFound

from django_sessionkit.guard import audit as guard_audit
from django_sessionkit.guard.objects import refuse_unasked
from django_sessionkit.policy.decisions import Decision
from django_sessionkit.requirements import Requirement
from django_sessionkit.session.audit import logger
from django_sessionkit.session.loader import context_for
from django_sessionkit.utils.sansio import run

if TYPE_CHECKING:
    from django.http import HttpRequest


class HiddenObject(NotFound, Http404):
    """The 404 for a denied object. The browsable API asks whether to show a form, and only catches DRF's exceptions."""


def has_object(view: Any) -> bool:
    """Return ``True`` if the URL of the request names an object of ``view``; ``False`` for a list, and for creating."""
    if getattr(view, "detail", None) is False:  # as the router says
        return False
    key = getattr(view, "lookup_url_kwarg", None) or getattr(view, "lookup_field", None)
    return key in view.kwargs if key is not None else bool(view.kwargs)


def refuse_without_object(requirement: Requirement, view: Any) -> None:
    """Log that a request without an object is denied."""
    logger.error(
        "%s: %r needs an object, and the URL names none. Access was denied. Use RequiresByAction with another "
        "requirement for this action.",
        _place(view),
        requirement,
    )


def expect_question(view: Any, *, hides: bool) -> None:
    """Let ``view`` raise ``InvalidPolicy`` instead of sending a 2xx response before it has checked its object.

    ``hides``: as for :func:`hide_missing`.
    """
    view.finalize_response = partial(_finalize, view, view.finalize_response)
    if hides:
        hide_missing(view)


def hide_missing(view: Any) -> None:
    """Let ``view`` answer for an object that does not exist as for a denied one."""
    view.handle_exception = partial(_handle, view.handle_exception)


def _finalize(view: Any, finalize: Any, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
    refuse_unasked(request._request, response, _place(view))
    return finalize(request, response, *args, **kwargs)


def _handle(handle: Any, error: Exception) -> Any:
    return handle(Http404() if isinstance(error, Http404) else error)  # the text of another one names the model


def _place(view: Any) -> str:
    owner, action = type(view), getattr(view, "action", None)
    return f"{owner.__module__}.{owner.__qualname__}{f'.{action}' if action else ''}"


def hidden(request: Any, decision: Decision) -> Http404:
    """Report the denial of an object that must not show that it exists, and return the exception to raise.

    If the view has its response, the browsable API only asks which forms to show. Nothing is denied then.
    """
    if not hasattr(request.parser_context.get("view"), "response"):
        http: HttpRequest = request._request
        run(guard_audit.denied(http, decision, 404, context_for(http).peek()))
    return HiddenObject()
