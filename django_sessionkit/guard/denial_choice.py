"""Choose the response to a denial: status, kind of client, and redirect. This module builds no response."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django_sessionkit.conf.urlconf import urlconf_of
from django_sessionkit.policy.decisions import NOBODY, UNKNOWN_FOR_NOW, Decision
from django_sessionkit.policy.denial_options import DEFAULT_OPTIONS, DenialOptions
from django_sessionkit.session.context import Fault
from django_sessionkit.session.value import Session
from django_sessionkit.utils.callers import Caller

from . import negotiation, redirects

if TYPE_CHECKING:
    from django.http import HttpRequest


class DenialResponse(NamedTuple):
    """The response to send. ``location`` is the redirect target, or ``None``; ``caller`` is the kind of client.

    ``is_step_up``: the client is asked to let the user confirm the login.
    """

    status: int
    caller: Caller
    location: str | None = None
    is_step_up: bool = False


class Denial(NamedTuple):
    """A negative decision, with the options for its response."""

    decision: Decision
    options: DenialOptions = DEFAULT_OPTIONS


def status_of(fault: Fault | None) -> int:
    """Return 503 if the session is unknown for now, else 403."""
    return 503 if fault is not None and fault.reason == UNKNOWN_FOR_NOW else 403


def choose_response(
    request: HttpRequest, denial: Denial, session: Session | None, fault: Fault | None = None
) -> DenialResponse:
    """Choose the response from the table in :mod:`django_sessionkit.responses`."""
    options = denial.options
    caller = negotiation.client_kind(request, options.api)
    if options.on_deny == "not_found":
        return DenialResponse(404, caller)
    is_for_anybody = denial.decision.reason != NOBODY  # a login does not help if nobody is allowed
    if is_for_anybody and fault is not None:  # a login does not help here either: the redirect would loop
        return DenialResponse(status_of(fault), caller)
    if is_for_anybody and session is None:
        return _choose_for_anonymous(request, options, caller)
    if denial.decision.needs_step_up:
        return _choose_for_step_up(request, options, caller)
    location = None
    if options.redirect_to is not None and options.on_deny == "auto" and caller != "api":
        location = _redirect(request, redirects.resolve_redirect(options.redirect_to, urlconf_of(request)))
    if location is not None and caller == "page":
        return (
            DenialResponse(302, caller, location) if request.method in ("GET", "HEAD") else DenialResponse(403, caller)
        )
    return DenialResponse(403, caller, location)


def _choose_for_anonymous(request: HttpRequest, options: DenialOptions, caller: Caller) -> DenialResponse:
    if caller == "api":
        return DenialResponse(401, caller)
    login = None
    if not _was_login_page(request):
        login = _redirect(request, redirects.login_path(options, urlconf_of(request)))
    if caller == "htmx":
        return DenialResponse(401, caller, login and redirects.with_next(login, redirects.next_of_htmx(request)))
    if login is None:
        return DenialResponse(403, caller)
    return DenialResponse(302, caller, redirects.with_next(login, redirects.next_of_page(request)))


def _choose_for_step_up(request: HttpRequest, options: DenialOptions, caller: Caller) -> DenialResponse:
    """Choose the response for a caller with a session whose login is too old, or lacks a factor."""
    if options.on_deny == "forbidden":
        return DenialResponse(403, caller)
    if caller == "api":
        return DenialResponse(401, caller, is_step_up=True)
    page = _redirect(request, redirects.reauth_path(options, urlconf_of(request)))
    if page is None:
        return DenialResponse(403, caller)
    if caller == "htmx":
        location = redirects.with_next(page, redirects.next_of_htmx(request))
        return DenialResponse(401, caller, location, is_step_up=True)
    return DenialResponse(
        302, caller, redirects.with_next(page, redirects.next_of_form(request, page)), is_step_up=True
    )


def _redirect(request: HttpRequest, location: str | None) -> str | None:
    """Return ``location``, or ``None`` if it is the denied page itself, because the redirect would loop."""
    if location is None or redirects.leads_to(location, request.path):
        return None
    is_round = redirects.arrives_at(location, request.path, request.path_info, urlconf_of(request))
    return None if is_round else location


def _was_login_page(request: HttpRequest) -> bool:
    """Return ``True`` if the request was allowed as a login page, but is none under a URLconf that was set later.

    Each of the two URLconfs would redirect the client to the login page of the other, in a loop.
    """
    evaluation = getattr(request, "_sessionkit_evaluation", None)
    if evaluation is None or not evaluation.is_login_page:
        return False
    return not redirects.is_login_page(request.path, request.path_info, urlconf_of(request))
