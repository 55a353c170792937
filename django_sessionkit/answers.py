"""How a denial is answered: status, kind of caller, and where the caller is sent. Nothing is built here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from . import callers, targets
from .context import Fault
from .decisions import NOBODY, UNKNOWN_FOR_NOW, Decision
from .options import DEFAULT_OPTIONS, DenialOptions
from .session import Session
from .urlconfs import urlconf_of

if TYPE_CHECKING:
    from django.http import HttpRequest


class Answer(NamedTuple):
    """What will be sent. ``location`` is where the caller is to go, ``None`` if nowhere."""

    status: int
    caller: Literal["page", "htmx", "api"]
    location: str | None = None


class Denial(NamedTuple):
    """A decision that is a no, and how it is to be answered."""

    decision: Decision
    options: DenialOptions = DEFAULT_OPTIONS


def status_of(fault: Fault | None) -> int:
    """The status for a caller who is known to have no right, or of whom nothing is known for now."""
    return 503 if fault is not None and fault.reason == UNKNOWN_FOR_NOW else 403


def choose(request: HttpRequest, denial: Denial, session: Session | None, fault: Fault | None = None) -> Answer:
    """The row and the column of the table."""
    options = denial.options
    caller = callers.kind_of(request, options.api)
    if options.on_deny == "not_found":
        return Answer(404, caller)
    is_for_anybody = denial.decision.reason != NOBODY  # with what nobody may do, a login does not help
    if is_for_anybody and fault is not None:  # nor does it here: the login page would send the caller round in circles
        return Answer(status_of(fault), caller)
    if is_for_anybody and session is None:
        return _choose_for_anonymous(request, options, caller)
    location = None
    if options.redirect_to is not None and options.on_deny == "auto" and caller != "api":
        location = _elsewhere(request, targets.locate(options.redirect_to, urlconf_of(request)))
    if location is not None and caller == "page":
        return Answer(302, caller, location) if request.method in ("GET", "HEAD") else Answer(403, caller)
    return Answer(403, caller, location)


def _choose_for_anonymous(
    request: HttpRequest, options: DenialOptions, caller: Literal["page", "htmx", "api"]
) -> Answer:
    if caller == "api":
        return Answer(401, caller)
    login = None
    if not _was_login_page(request):
        login = _elsewhere(request, targets.login_path(options, urlconf_of(request)))
    if caller == "htmx":
        return Answer(401, caller, login and targets.with_next(login, targets.next_of_htmx(request)))
    if login is None:
        return Answer(403, caller)
    return Answer(302, caller, targets.with_next(login, targets.next_of_page(request)))


def _elsewhere(request: HttpRequest, location: str | None) -> str | None:
    """``location``, unless it is the denied page itself: that would be a loop."""
    if location is None or targets.leads_to(location, request.path):
        return None
    is_round = targets.arrives_at(location, request.path, request.path_info, urlconf_of(request))
    return None if is_round else location


def _was_login_page(request: HttpRequest) -> bool:
    """Whether the request was let in as one for the login page, and is none by the URLconf that was set meanwhile.

    Each of the two URLconfs would send the caller to the login page of the other, for ever.
    """
    passage = getattr(request, "_sessionkit_passage", None)
    if passage is None or not passage.is_login_page:
        return False
    return not targets.is_login_page(request.path, request.path_info, urlconf_of(request))
