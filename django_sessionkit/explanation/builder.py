"""Build an explanation: record both checks of the guard, and then the requirements of the view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.http.request import HttpHeaders

from django_sessionkit import conf
from django_sessionkit.conf.urlconf import urlconf_of
from django_sessionkit.guard import denial_choice, negotiation, preview
from django_sessionkit.guard.denial_choice import Denial, DenialResponse
from django_sessionkit.guard.engine import authorize
from django_sessionkit.guard.request_evaluation import AccessRequest
from django_sessionkit.policy.decisions import REFUSED
from django_sessionkit.session.context import SessionContext, current_context
from django_sessionkit.session.loader import context_for, own_context
from django_sessionkit.utils.callers import HEADERS, Caller
from django_sessionkit.utils.sansio import Flow
from django_sessionkit.utils.text import did_you_mean

from .report import Explanation, Outcome, PathCheck, SessionState
from .trace import Trace

if TYPE_CHECKING:
    from django.urls import ResolverMatch


class _HypotheticalRequest(HttpRequest):
    """A request that no client has sent. The response is chosen for it."""

    def __init__(self, target: AccessRequest, query: str, caller: Caller) -> None:
        super().__init__()
        self.method = target.method
        self.path, self.path_info = target.path, target.path_info
        self.urlconf = target.urlconf
        self.META = {**HttpHeaders.to_wsgi_names(HEADERS[caller]), "QUERY_STRING": query}

    def get_host(self) -> str:
        """Return a fixed host without checking ``ALLOWED_HOSTS``, because redirects in an explanation are paths."""
        return "localhost"


class _Subject(NamedTuple):
    """The request to explain, real or imagined, with its target, its match and the trace."""

    request: HttpRequest
    target: AccessRequest
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
    if caller not in HEADERS:
        raise ValueError(f'explain() got the unknown caller "{caller}"; {did_you_mean(caller, HEADERS)}')
    return explain_place(where, args, kwargs, method or "GET", caller)


def explain_request(request: HttpRequest) -> Flow[Explanation]:
    """Explain a real request, with the decisions already made for it."""
    target = AccessRequest.of(request, resolved=True)
    target = target._replace(urlconf=target.urlconf or None, match=None)  # a hidden page empties the URLconf
    trace = Trace(own_context(request) or context_for(request), getattr(request, "_sessionkit_evaluation", None))
    return _explain(_Subject(request, target, request.resolver_match or preview.match_of(target), trace))


def explain_place(
    where: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], method: str, caller: Caller
) -> Flow[Explanation]:
    """Explain the response to a path or URL name for the current session."""
    context = current_context() or SessionContext.fixed(None)
    urlconf = urlconf_of(context.request)
    target = preview.unrouted(preview.resolve_path(where, urlconf, args, kwargs), method, urlconf)
    query = urlsplit(where).query if where.startswith("/") and not where.startswith("//") else ""
    return _explain(
        _Subject(_HypotheticalRequest(target, query, caller), target, preview.match_of(target), Trace(context))
    )


def _explain(subject: _Subject) -> Flow[Explanation]:
    target, trace = subject.target, subject.trace
    denial = yield from authorize(target._replace(resolved=False), trace, with_default=False)
    if denial is not None:
        routed = target._replace(match=subject.match)
        return _view_text(subject, (yield from preview.before_step_up(denial, routed, trace)), is_early=True)
    trace.readings.clear()
    return _view_text(subject, (yield from _look_again(subject)), is_early=False)


def _look_again(subject: _Subject) -> Flow[Denial | None]:
    target, trace = subject.target, subject.trace
    if isinstance(subject.request, _HypotheticalRequest):
        subject.request.resolver_match = subject.match
    if subject.match is not None:
        return (yield from preview.preview_route(target._replace(match=subject.match), trace))
    denial = yield from authorize(target, trace, with_default=False)
    return denial or (yield from preview.hidden_behind(target, trace.context))


def _view_text(subject: _Subject, denial: Denial | None, *, is_early: bool) -> Explanation:
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
        session=_session(trace.context),
        tenant=_tenant(trace.context),
        readings=tuple(_without_doubles(trace.readings)),
        view_requirements=tuple(trace.by_view),
        is_early=is_early,
        is_login_page=refused and denial is None and not trace.is_reauth_page,
        is_reauth_page=denial is None and trace.is_reauth_page,
        outcome=outcome,
        decision=decision,
        answer=_response(subject, denial),
    )


def _session(context: SessionContext) -> SessionState:
    if not context.is_loaded:
        return "not read"
    if (fault := context.fault) is not None:
        return "refused" if fault.reason == REFUSED else "unknown for now"
    return "present" if context.peek() is not None else "none"


def _tenant(context: SessionContext) -> str | None:
    session = context.peek() if context.is_loaded else None
    return session.tenant if session is not None else None


def _without_doubles(readings: list[PathCheck]) -> list[PathCheck]:
    """Drop variants with the same path (except for a final slash) and the same rules as an earlier one."""
    found: dict[object, PathCheck] = {}
    for one in readings:
        found.setdefault((one.path.removesuffix("/"), one.tried, one.passed), one)
    return list(found.values())


def _response(subject: _Subject, denial: Denial | None) -> DenialResponse | None:
    request, target = subject.request, subject.target
    if denial is not None:
        context = subject.trace.context
        return denial_choice.choose_response(request, denial, context.peek(), context.fault)
    if subject.match is not None:
        return None
    caller = negotiation.client_kind(request, None)
    page = preview.behind_slash(target) if conf.current().append_slash else None
    if page is not None and getattr(cast("ResolverMatch", page.match).func, "should_append_slash", True):
        return DenialResponse(301, caller, request.get_full_path(force_append_slash=True))
    return DenialResponse(404, caller)
