"""Build the response to a denial. This is the only module that builds one, for every surface.

========================  ==============================  ============================  ==============================
state of the session      page                            HTMX                          API
========================  ==============================  ============================  ==============================
no session                302 to the login page           401 with ``HX-Redirect``      401 problem+json
confirmation needed       302 to the confirmation page    401 with ``HX-Redirect``      401 problem+json
session lacks the right   403, or to ``redirect_to``      403, or to ``redirect_to``    403 problem+json
nobody is allowed         403, or to ``redirect_to``      403, or to ``redirect_to``    403 problem+json
refused                   403                             403                           403 problem+json
unknown for now           503, template ``503.html``      503                           503 problem+json
``on_deny: not_found``    the response of Django to an unknown URL, for every kind of client
========================  ==============================  ============================  ==============================

Confirmation needed: the login is too old, or lacks a factor. Without ``SESSIONKIT_REAUTH_URL``, the login page is used.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.core.handlers.exception import get_exception_response
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import get_resolver, get_urlconf
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise

from django_sessionkit import conf
from django_sessionkit.conf.urlconf import routed_by, urlconf_of
from django_sessionkit.exceptions import AccessDenied, NotAuthenticated
from django_sessionkit.guard import audit as guard_audit
from django_sessionkit.guard.denial_choice import Denial, DenialResponse, choose_response
from django_sessionkit.guard.evaluator import PUBLIC_TEXTS, decide, denial_of
from django_sessionkit.guard.objects import refuse_unasked
from django_sessionkit.guard.raised_denials import denial_of_error
from django_sessionkit.guard.view_denials import denial_to_answer
from django_sessionkit.policy.decisions import NOBODY, Decision
from django_sessionkit.policy.denial_options import DenialOptions
from django_sessionkit.requirements import Requirement
from django_sessionkit.session.context import SessionContext
from django_sessionkit.session.loader import context_for, current_loader
from django_sessionkit.utils import client_texts
from django_sessionkit.utils.sansio import Flow, IOStep

from . import hidden_page, languages, own_pages, step_up

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

#: seconds until a client may try again, if the session could not be looked up
RETRY_AFTER = 10

_PROBLEMS: dict[int, tuple[Promise, Promise]] = {
    401: (client_texts.UNAUTHORIZED, client_texts.NEEDS_SESSION),
    403: (client_texts.FORBIDDEN, client_texts.LACKS_RIGHT),
    503: (client_texts.SERVICE_UNAVAILABLE, client_texts.UNKNOWN_FOR_NOW),
}
_FOR: dict[str, Promise] = {NOBODY: client_texts.FOR_NOBODY, **PUBLIC_TEXTS}


def check_view(request: HttpRequest, requirement: Requirement, options: DenialOptions) -> Flow[HttpResponseBase | None]:
    """Check the requirement of a view. Return ``None`` if the view may run, else the response to the denial."""
    context = context_for(request)
    decision = yield from decide(context, requirement, request)
    guard_audit.decided(decision, request)
    if decision.allowed:
        return None
    denial = yield from denial_to_answer(request, Denial(decision, options), context)
    return (yield from deny(request, denial, context)) if denial is not None else None


def deny_for(request: HttpRequest, error: NotAuthenticated | AccessDenied) -> Flow[HttpResponseBase]:
    """Return the response for an exception that a view has raised."""
    context = context_for(request)
    yield from context.flow()
    is_reported, error.is_reported = error.is_reported, True
    return (yield from deny(request, denial_of_error(error, context), context, is_reported=is_reported))


def deny(
    request: HttpRequest, denial: Denial, context: SessionContext, *, is_reported: bool = False
) -> Flow[HttpResponseBase]:
    """Report a denial of the session of ``context``, unless ``is_reported``, and build its response."""
    session = context.peek()
    with languages.language_of(request):  # a redirect may lead to the page of a language
        choice = choose_response(request, denial, session, context.fault)
    if not is_reported:
        yield from guard_audit.denied(request, denial.decision, choice.status, session)
    response: HttpResponseBase
    if choice.status == 404:
        hidden = partial(hidden_page.not_found, request)
        response = yield IOStep(hidden, sync_to_async(hidden))
        return response
    if choice.caller == "page" and choice.location is None:
        build = partial(_page, request, choice.status, denial.decision, context)
        if conf.current().debug and not own_pages.has_own_page(request, choice.status):
            shown = yield from _debug().page_context(request, denial.decision, context)
            build = partial(_explained, choice.status, shown)
        response = yield IOStep(build, sync_to_async(build))  # the error page of the project may do I/O
    else:
        with languages.language_of(request):
            response = _plain(choice, denial.decision)
    if conf.current().debug:
        response[_debug().HEADER] = _debug().denied(denial.decision)
    if choice.status == 503:
        response["Retry-After"] = str(RETRY_AFTER)
    response["Cache-Control"] = "no-store"
    patch_vary_headers(response, ["Cookie"])
    languages.declare(request, response)
    return response


def _page(request: HttpRequest, status: int, decision: Decision, context: SessionContext) -> Any:
    """Render the ``handler403`` of the project, its template ``403.html`` or ``503.html``, or a plain page."""
    with routed_by(urlconf_of(request)), languages.language_of(request):
        if status == 503:
            page = own_pages.service_unavailable()
            return HttpResponse(page, status=503) if page is not None else _plain_page(503, _PROBLEMS[503][1])
        text = _FOR.get(decision.reason, "")
        kind = AccessDenied if text else type(denial_of(context))
        error = kind(decision, f"Access denied: {decision}." if conf.current().debug else text)
        if not own_pages.has_own_page(request, 403):
            return _plain_page(403, error)
        response: Any = get_exception_response(request, get_resolver(get_urlconf()), status, error)
        return response.render() if not getattr(response, "is_rendered", True) else response


def _plain_page(status: int, text: object) -> HttpResponse:
    page = own_pages.plain(_PROBLEMS[status][0], str(text))
    return HttpResponse(page, status=status, content_type="text/html; charset=utf-8", headers=_text_headers())


def _text_headers() -> dict[str, str]:
    """Return the header for a response with a text of SessionKit: the language that the text is in."""
    return {"Content-Language": str(client_texts.LANGUAGE)}


def _explained(status: int, shown: dict[str, Any]) -> HttpResponse:
    """Render the debug page, for a project that has no error page yet."""
    return HttpResponse(_debug().page(status, shown), status=status, headers=_debug().PAGE_HEADERS)


def _plain(choice: DenialResponse, decision: Decision) -> HttpResponse:
    """Build a response that is not a page: a redirect, an HTMX response, or a problem (RFC 9457)."""
    if choice.caller == "page" and choice.location is not None:
        return HttpResponseRedirect(choice.location)
    headers = _text_headers()
    if choice.caller == "htmx":
        headers |= {"HX-Redirect": choice.location} if choice.location is not None else {}
        text = str(_text(choice.status, decision))
        return HttpResponse(text, status=choice.status, content_type="text/plain; charset=utf-8", headers=headers)
    title, detail = str(_PROBLEMS[choice.status][0]), text_for_api(choice.status, decision)
    response = JsonResponse(
        {
            "type": "about:blank",
            "title": title,
            "status": choice.status,
            "detail": detail,
            **(step_up.members(decision) if choice.is_step_up else {}),
        },
        status=choice.status,
        content_type="application/problem+json",
        headers=headers,
    )
    if choice.status == 401:
        source = current_loader().source
        response["WWW-Authenticate"] = step_up.challenge(decision) if choice.is_step_up else source.challenge
    return response


def _text(status: int, decision: Decision) -> Promise:
    text = _PROBLEMS[status][1]
    return _FOR.get(decision.reason, text) if status == 403 or decision.needs_step_up else text


def text_for_api(status: int, decision: Decision) -> str:
    """Return the sentence that an API gets about a denial. With ``DEBUG`` it also says what was missing."""
    text = str(_text(status, decision))
    return f"{text} Access denied: {decision}." if conf.current().debug else text


def annotate(request: HttpRequest, response: HttpResponseBase) -> None:
    """Put the header for developers on a response that was let through.

    Raises ``InvalidPolicy`` if the view has ``requires_object = True`` and checked no requirement for an object.
    """
    refuse_unasked(request, response)
    _debug().annotate(request, response)


def _debug() -> Any:
    """Return ``responses.debug``. It needs the explanation, so it is loaded only while ``DEBUG`` is on."""
    return import_module(f"{__name__}.debug")
