"""The middleware: attach the session context, call the guard, and respond to denials. One class for WSGI and ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http.response import HttpResponseBase

from . import conf, responses
from .conf import installed, reauth_page
from .conf.urlconf import routed_by
from .exceptions import AccessDenied, NotAuthenticated
from .guard import preview
from .guard.denial_choice import Denial
from .guard.engine import authorize
from .guard.request_evaluation import AccessRequest, RequestEvaluation
from .responses import caching, hidden_page, languages
from .session.context import SessionContext, reset_current, set_current
from .session.loader import ask_tenant, current_loader
from .session.streaming import stream_within, transfer_closers
from .utils.near_names import missing_name
from .utils.sansio import Flow, arun, run

if TYPE_CHECKING:
    from django.http import HttpRequest

    GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]
else:

    def __getattr__(name: str) -> object:
        """Raise the error for a name that this module does not have."""
        raise missing_name(__name__, name)


class SessionKitMiddleware:
    """Check every request against the policy. Place it after ``SessionMiddleware`` and the authentication middleware.

    The constructor reads the settings and raises :class:`~django_sessionkit.exceptions.InvalidPolicy`, so a server with
    an invalid policy does not start.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        if conf.current().reauth_url is not None:
            reauth_page.check()
        self.get_response = get_response
        self._is_inside_sessions = installed.is_inside_sessions()
        self.async_mode: bool = iscoroutinefunction(get_response)
        if self.async_mode:
            markcoroutinefunction(self)
            # Django calls a sync process_view in a thread for every request.
            self.process_view = self._aprocess_view  # type: ignore[method-assign]

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.async_mode:
            return self.__acall__(request)
        evaluation = _begin(request)
        context = evaluation.context
        if evaluation.settings.tenant is not None:
            run(ask_tenant(request, evaluation.settings))
        token = set_current(context)
        try:
            response = None if evaluation.needs_no_evaluation(request) else run(_check_path(request, evaluation))
            if response is None:
                response = self.get_response(request)
                if not request._sessionkit_evaluation.is_routed:  # type: ignore[attr-defined]  # of _begin()
                    response = run(_check_unrouted_response(request, evaluation, response))
        finally:
            reset_current(token)
        if response.streaming or context.loaded or response.status_code == 404 or evaluation.settings.debug:
            _finish(request, evaluation, response, self._is_inside_sessions)
        return response

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """Async variant of ``__call__``."""
        evaluation = _begin(request)
        context = evaluation.context
        if evaluation.settings.tenant is not None:
            await arun(ask_tenant(request, evaluation.settings))
        token = set_current(context)
        try:
            response = None if evaluation.needs_no_evaluation(request) else await arun(_check_path(request, evaluation))
            if response is None:
                response = await self.get_response(request)
                if not request._sessionkit_evaluation.is_routed:  # type: ignore[attr-defined]  # of _begin()
                    response = await arun(_check_unrouted_response(request, evaluation, response))
        finally:
            reset_current(token)
        if response.streaming or context.loaded or response.status_code == 404 or evaluation.settings.debug:
            _finish(request, evaluation, response, self._is_inside_sessions)
        return response

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> Any:
        """Check the request again, now with the matched view."""
        evaluation: RequestEvaluation = request._sessionkit_evaluation
        evaluation.is_routed = True
        return None if evaluation.needs_no_evaluation(request) else run(_check_view(request, evaluation))

    @markcoroutinefunction  # for libraries that wrap it in a plain function and copy its attributes
    async def _aprocess_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        evaluation: RequestEvaluation = request._sessionkit_evaluation
        evaluation.is_routed = True
        return None if evaluation.needs_no_evaluation(request) else await arun(_check_view(request, evaluation))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Respond to the exceptions of ``enforce()`` and ``require_session()``.

        Under ASGI, Django calls this method in a thread.
        """
        if isinstance(exception, (NotAuthenticated, AccessDenied)):
            return run(responses.deny_for(request, exception))
        return None


def _begin(request: Any) -> RequestEvaluation:
    """Attach an empty session context and an empty evaluation to the request."""
    loader = current_loader()
    request.sessionkit = context = SessionContext(loader, request)
    request._sessionkit_evaluation = evaluation = RequestEvaluation(context, loader.settings)
    return evaluation


def _check_path(request: HttpRequest, evaluation: RequestEvaluation) -> Flow[HttpResponseBase | None]:
    """Check the path before inner middleware can respond. Django has not applied ``request.urlconf`` yet."""
    context = evaluation.context
    if (rule := evaluation.sole_rule) is not None:
        yield from context.flow()
        if evaluation.is_known_to_allow(rule):
            return None
    # The login page may be inside i18n_patterns, and LocaleMiddleware may not have run.
    with routed_by(getattr(request, "urlconf", None)), languages.language_of(request):
        target = AccessRequest.of(request, resolved=False)
        denial = yield from authorize(target, evaluation, with_default=False)
        return (yield from _deny(request, evaluation, target, denial)) if denial is not None else None


def _check_view(request: HttpRequest, evaluation: RequestEvaluation) -> Flow[HttpResponseBase | None]:
    """Check the path together with the view that Django has routed it to."""
    target = AccessRequest.of(request, resolved=True)
    denial = yield from authorize(target, evaluation, with_default=True)
    return (yield from _deny(request, evaluation, target, denial)) if denial is not None else None


def _check_unrouted_response(
    request: HttpRequest, evaluation: RequestEvaluation, response: HttpResponseBase
) -> Flow[HttpResponseBase]:
    """Check a response that no view has returned: a fallback, a file, a 404, or the response of other middleware."""
    context = evaluation.context
    leads_nowhere = response.status_code == 404 or _only_adds_slash(request, response)
    target = AccessRequest.of(request, resolved=True)
    with languages.language_of(request):
        denial = yield from authorize(target, evaluation, with_default=not leads_nowhere)
    if denial is None and hidden_page.has_hidden_views():
        if target.match is not None:  # other middleware has refused a request that Django had routed
            denial = yield from preview.hidden_at(target, context)
        elif leads_nowhere or response.has_header("Location"):  # perhaps a redirect to the page with its language
            denial = yield from preview.hidden_behind(target, context)
            yield from context.flow()  # loading has side effects on the session: the same ones as for a hidden page
    if denial is None:
        return response
    denied = yield from _deny(request, evaluation, target, denial)
    if denial.options.on_deny == "not_found":
        if response.status_code == 404 and target.match is None:
            return response  # the unchanged response for an unknown URL
        hidden_page.finish(denied, response)
    transfer_closers(response, denied)
    return denied


def _deny(
    request: HttpRequest, evaluation: RequestEvaluation, target: AccessRequest, denial: Denial
) -> Flow[HttpResponseBase]:
    yield from evaluation.context.flow()
    told = yield from preview.before_step_up(denial, target, evaluation)
    return (yield from responses.deny(request, told, evaluation.context))


def _only_adds_slash(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return ``True`` if this is the redirect of ``APPEND_SLASH``."""
    if request.path_info.endswith("/") or response.status_code not in (301, 302, 307, 308):
        return False
    return response.get("Location") == request.get_full_path(force_append_slash=True)


def _finish(
    request: HttpRequest, evaluation: RequestEvaluation, response: HttpResponseBase, is_inside_sessions: bool
) -> None:
    context, settings = evaluation.context, evaluation.settings
    if response.streaming:
        stream_within(context, response)
    if response.status_code == 404 and hidden_page.is_unknown(request, response):
        if hidden_page.has_hidden_views():
            hidden_page.make_final(response)
    elif settings.debug:
        responses.annotate(request, response)
    if context.loaded is None:
        return
    # Django's session says whether it was read. If so, its middleware adds ``Vary: Cookie``.
    is_read = is_inside_sessions and getattr(getattr(request, "session", None), "accessed", False) is True
    loader = current_loader()
    if not (is_read and loader.reads_cookie):
        caching.vary(response)
    if hasattr(request, caching.HELD_BACK):
        caching.release(request)
    if settings.touch_on_request and context.peek() is not None:
        loader.source.touch(request)
