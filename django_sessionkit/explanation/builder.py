"""Build an explanation: record both checks of the guard, and then the requirements of the view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast
from urllib.parse import urlsplit

from django.http import HttpRequest

from django_sessionkit import conf
from django_sessionkit.conf.urlconf import urlconf_of
from django_sessionkit.guard import denial_choice, negotiation, preview
from django_sessionkit.guard.denial_choice import Answer, Denial
from django_sessionkit.guard.engine import Target, inspect
from django_sessionkit.policy.decisions import REFUSED
from django_sessionkit.session.context import Slot, current_slot
from django_sessionkit.session.loader import own_slot, slot_for
from django_sessionkit.utils.sansio import Flow

from .report import Explanation, Outcome, Read, SessionState
from .trace import Trace

if TYPE_CHECKING:
    from django.urls import ResolverMatch

Caller = Literal["page", "htmx", "api"]

_HEADERS: dict[Caller, dict[str, str]] = {
    "page": {"HTTP_ACCEPT": "text/html"},
    "htmx": {"HTTP_ACCEPT": "text/html", "HTTP_HX_REQUEST": "true"},
    "api": {"HTTP_ACCEPT": "application/json"},
}


class _Imagined(HttpRequest):
    """A request that no client has sent. The response is chosen for it."""

    def __init__(self, target: Target, query: str, caller: Caller) -> None:
        super().__init__()
        self.method = target.method
        self.path, self.path_info = target.path, target.path_info
        self.urlconf = target.urlconf
        self.META = {**_HEADERS[caller], "QUERY_STRING": query}

    def get_host(self) -> str:
        """Return a fixed host without checking ``ALLOWED_HOSTS``, because redirects in an explanation are paths."""
        return "localhost"


class _Subject(NamedTuple):
    """The request to explain, real or imagined, with its target, its match and the trace."""

    request: HttpRequest
    target: Target
    match: ResolverMatch | None
    trace: Trace


def explain(
    where: HttpRequest | str, args: tuple[Any, ...], kwargs: Mapping[str, Any], method: str, caller: Caller
) -> Flow[Explanation]:
    """Implement :func:`django_sessionkit.explain`.

    Raises ``TypeError`` for a ``where`` of another type and for arguments next to a request, and ``ValueError`` for an
    unknown ``caller``.
    """
    if isinstance(where, HttpRequest):
        if args or kwargs or method or caller != "page":
            raise TypeError("explain(request) takes no further arguments, because they are all part of the request.")
        return explain_request(where)
    if not isinstance(where, str):
        raise TypeError(f"explain() takes a request, a path or a URL name, not {type(where).__name__}.")
    if caller not in _HEADERS:
        raise ValueError('explain() got an unknown caller. It must be "page", "htmx" or "api".')
    return explain_place(where, args, kwargs, method or "GET", caller)


def explain_request(request: HttpRequest) -> Flow[Explanation]:
    """Explain a real request, with the decisions already made for it."""
    target = Target.of(request, resolved=True)
    target = target._replace(urlconf=target.urlconf or None, match=None)  # a hidden page empties the URLconf
    trace = Trace(own_slot(request) or slot_for(request), getattr(request, "_sessionkit_passage", None))
    return _explain(_Subject(request, target, request.resolver_match or preview.match_of(target), trace))


def explain_place(
    where: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], method: str, caller: Caller
) -> Flow[Explanation]:
    """Explain the response to a path or URL name for the current session."""
    slot = current_slot() or Slot.fixed(None)
    urlconf = urlconf_of(slot.request)
    target = preview.unrouted(preview.locate(where, urlconf, args, kwargs), method, urlconf)
    query = urlsplit(where).query if where.startswith("/") and not where.startswith("//") else ""
    return _explain(_Subject(_Imagined(target, query, caller), target, preview.match_of(target), Trace(slot)))


def _explain(subject: _Subject) -> Flow[Explanation]:
    target, trace = subject.target, subject.trace
    denial = yield from inspect(target._replace(resolved=False), trace, with_default=False)
    is_early = denial is not None
    if not is_early:
        trace.readings.clear()
        denial = yield from _look_again(subject)
    return _written(subject, denial, is_early)


def _look_again(subject: _Subject) -> Flow[Denial | None]:
    target, trace = subject.target, subject.trace
    if isinstance(subject.request, _Imagined):
        subject.request.resolver_match = subject.match
    if subject.match is not None:
        return (yield from preview.foresee_along(target._replace(match=subject.match), trace))
    denial = yield from inspect(target, trace, with_default=False)
    return denial or (yield from preview.hidden_behind(target, trace.slot))


def _written(subject: _Subject, denial: Denial | None, is_early: bool) -> Explanation:
    target, match, trace = subject.target, subject.match, subject.trace
    last = trace.last
    refused = any(one.asked is not None and not one.asked.decision for one in trace.readings)
    outcome: Outcome = "denied" if denial is not None else "allowed" if match is not None else "nowhere"
    decision = denial.decision if denial is not None else last.decision if last is not None else None
    return Explanation(
        method=target.method,
        path=target.path_info,
        route=f"/{match.route}" if match is not None else None,
        view_name=match.view_name if match is not None else None,
        view=match._func_path if match is not None else None,
        session=_session(trace.slot),
        readings=tuple(_without_doubles(trace.readings)),
        asked_by_view=tuple(trace.by_view),
        is_early=is_early,
        is_login_page=refused and denial is None,
        outcome=outcome,
        decision=decision,
        answer=_answer(subject, denial),
    )


def _session(slot: Slot) -> SessionState:
    if not slot.is_loaded:
        return "not read"
    if (fault := slot.fault) is not None:
        return "refused" if fault.reason == REFUSED else "unknown for now"
    return "present" if slot.peek() is not None else "none"


def _without_doubles(readings: list[Read]) -> list[Read]:
    """Drop variants with the same path (except for a final slash) and the same rules as an earlier one."""
    found: dict[object, Read] = {}
    for one in readings:
        found.setdefault((one.path.removesuffix("/"), one.tried, one.passed), one)
    return list(found.values())


def _answer(subject: _Subject, denial: Denial | None) -> Answer | None:
    request, target = subject.request, subject.target
    if denial is not None:
        slot = subject.trace.slot
        return denial_choice.choose(request, denial, slot.peek(), slot.fault)
    if subject.match is not None:
        return None
    caller = negotiation.kind_of(request, None)
    page = preview.behind_slash(target) if conf.current().append_slash else None
    if page is not None and getattr(cast("ResolverMatch", page.match).func, "should_append_slash", True):
        return Answer(301, caller, request.get_full_path(force_append_slash=True))
    return Answer(404, caller)
