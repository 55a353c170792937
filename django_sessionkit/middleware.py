"""The middleware: attach the session slot, call the guard, and respond to denials. One class for WSGI and ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http.response import HttpResponseBase

from . import conf, responses
from .conf import project
from .conf.urlconf import routed_by, urlconf_of
from .exceptions import AccessDenied, NotAuthenticated
from .guard import preview
from .guard.denial_choice import Denial
from .guard.engine import AccessRequest, RequestEvaluation, authorize, depends_on_session, needs_no_evaluation
from .responses import caching, hidden_page
from .session.context import SessionContext, activate
from .session.loader import current_loader
from .session.streaming import stream_within, transfer_closers
from .utils.sansio import Flow, arun, run

if TYPE_CHECKING:
    from django.http import HttpRequest

    GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


_COOKIE = ("Cookie",)


class SessionKitMiddleware:
    """Check every request against the policy. Place it after ``SessionMiddleware`` and the authentication middleware.

    The constructor reads the settings and raises :class:`~django_sessionkit.exceptions.InvalidPolicy`, so a server with
    an invalid policy does not start.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        conf.current()
        self.get_response = get_response
        self._is_inside_sessions = project.is_inside_sessions()
        self.async_mode = iscoroutinefunction(get_response)
        if self.async_mode:
            markcoroutinefunction(self)
            # Django calls a sync process_view in a thread for every request.
            self.process_view = self._aprocess_view  # type: ignore[method-assign]

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.async_mode:
            return self.__acall__(request)
        context = _attach_context(request)
        with activate(context):
            response = None if needs_no_evaluation(request, resolved=False) else run(_check_path(request, context))
            if response is None:
                response = self.get_response(request)
                if not request._sessionkit_is_routed:  # type: ignore[attr-defined]
                    response = run(_check_unrouted_response(request, context, response))
        if (
            response.streaming
            or context.loaded is not None
            or response.status_code == 404
            or (conf.latest or conf.current()).debug
        ):
            _finish(request, context, response, self._is_inside_sessions)
        return response

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """Async variant of ``__call__``."""
        context = _attach_context(request)
        with activate(context):
            response = (
                None if needs_no_evaluation(request, resolved=False) else await arun(_check_path(request, context))
            )
            if response is None:
                response = await self.get_response(request)
                if not request._sessionkit_is_routed:  # type: ignore[attr-defined]
                    response = await arun(_check_unrouted_response(request, context, response))
        if (
            response.streaming
            or context.loaded is not None
            or response.status_code == 404
            or (conf.latest or conf.current()).debug
        ):
            _finish(request, context, response, self._is_inside_sessions)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> Any:
        """Check the request again, now with the matched view."""
        request._sessionkit_is_routed = True  # type: ignore[attr-defined]
        return None if needs_no_evaluation(request, resolved=True) else run(_check_view(request))

    @markcoroutinefunction  # for libraries that wrap it in a plain function and copy its attributes
    async def _aprocess_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        request._sessionkit_is_routed = True  # type: ignore[attr-defined]
        return None if needs_no_evaluation(request, resolved=True) else await arun(_check_view(request))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Respond to the exceptions of ``enforce()`` and ``require_session()``.

        Under ASGI, Django calls this method in a thread.
        """
        if isinstance(exception, (NotAuthenticated, AccessDenied)):
            return run(responses.deny_for(request, exception))
        return None


def _attach_context(request: HttpRequest) -> SessionContext:
    request.sessionkit = context = SessionContext(current_loader(), request)  # type: ignore[attr-defined]
    request._sessionkit_is_routed = False  # type: ignore[attr-defined]
    return context


def _evaluation_of(request: HttpRequest, context: SessionContext) -> RequestEvaluation:
    """Return the evaluation of the request. It is created when the guard first has to evaluate a rule."""
    evaluation: RequestEvaluation | None = getattr(request, "_sessionkit_evaluation", None)
    if evaluation is None or evaluation.context is not context:
        request._sessionkit_evaluation = evaluation = RequestEvaluation(context)  # type: ignore[attr-defined]
    return evaluation


def _check_path(request: HttpRequest, context: SessionContext) -> Flow[HttpResponseBase | None]:
    """Check the path before inner middleware can respond. Django has not applied ``request.urlconf`` yet."""
    with routed_by(urlconf_of(request)):
        if depends_on_session(request):
            yield from context.flow()
            if needs_no_evaluation(request, resolved=False):
                return None
        denial = yield from authorize(
            AccessRequest.of(request, resolved=False), _evaluation_of(request, context), with_default=False
        )
        return (yield from _deny(request, context, denial)) if denial is not None else None


def _check_view(request: HttpRequest) -> Flow[HttpResponseBase | None]:
    """Check the path together with the view that Django has routed it to."""
    context: SessionContext = request.sessionkit  # type: ignore[attr-defined]
    denial = yield from authorize(
        AccessRequest.of(request, resolved=True), _evaluation_of(request, context), with_default=True
    )
    return (yield from _deny(request, context, denial)) if denial is not None else None


def _check_unrouted_response(
    request: HttpRequest, context: SessionContext, response: HttpResponseBase
) -> Flow[HttpResponseBase]:
    """Check a response that no view has returned: a fallback, a file, a 404, or the response of other middleware."""
    leads_nowhere = response.status_code == 404 or _only_adds_slash(request, response)
    target = AccessRequest.of(request, resolved=True)
    denial = yield from authorize(target, _evaluation_of(request, context), with_default=not leads_nowhere)
    if denial is None and hidden_page.has_hidden_views():
        if target.match is not None:  # other middleware has refused a request that Django had routed
            denial = yield from preview.hidden_at(target, context)
        elif leads_nowhere or response.has_header("Location"):  # perhaps a redirect to the page with its language
            denial = yield from preview.hidden_behind(target, context)
            yield from context.flow()  # loading has side effects on the session: the same ones as for a hidden page
    if denial is None:
        return response
    denied = yield from _deny(request, context, denial)
    if denial.options.on_deny == "not_found":
        if response.status_code == 404 and target.match is None:
            return response  # the unchanged response for an unknown URL
        hidden_page.finish(denied, response)
    transfer_closers(response, denied)
    return denied


def _deny(request: HttpRequest, context: SessionContext, denial: Denial) -> Flow[HttpResponseBase]:
    yield from context.flow()
    return (yield from responses.deny(request, denial, context))


def _only_adds_slash(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return ``True`` if this is the redirect of ``APPEND_SLASH``."""
    if request.path_info.endswith("/") or response.status_code not in (301, 302, 307, 308):
        return False
    return response.get("Location") == request.get_full_path(force_append_slash=True)


def _finish(request: HttpRequest, context: SessionContext, response: HttpResponseBase, is_inside: bool) -> None:
    if response.streaming:
        stream_within(context, response)
    if hidden_page.is_unknown(request, response):
        if hidden_page.has_hidden_views():
            hidden_page.make_final(response)
    elif conf.current().debug:
        responses.annotate(request, response)
    if context.loaded is not None:
        _finish_read(request, context, response, is_inside)


def _is_read(request: HttpRequest) -> bool:
    """Return ``True`` if Django's session was read, so that its middleware adds ``Vary: Cookie``."""
    return getattr(getattr(request, "session", None), "accessed", False) is True


def _finish_read(request: HttpRequest, context: SessionContext, response: HttpResponseBase, is_inside: bool) -> None:
    source = current_loader().source
    if not (is_inside and tuple(source.vary_headers) == _COOKIE and _is_read(request)):
        caching.vary(response)
    caching.release(request)
    if conf.current().touch_on_request and context.peek() is not None:
        source.touch(request)
