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
from .guard.engine import Passage, Target, has_nothing_to_ask, inspect, is_up_to_the_session
from .responses import caching, debug, hidden_page
from .session.context import Slot, activate
from .session.loader import current_origin
from .session.streaming import hand_over, stream_within
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
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
            # Django calls a sync process_view in a thread for every request.
            self.process_view = self._aprocess_view  # type: ignore[method-assign]

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self.__acall__(request)
        slot = _open(request)
        with activate(slot):
            response = None if has_nothing_to_ask(request, resolved=False) else run(_enter(request, slot))
            if response is None:
                response = self.get_response(request)
                if not request._sessionkit_is_routed:  # type: ignore[attr-defined]
                    response = run(_leave(request, slot, response))
        if (
            response.streaming
            or slot.loaded is not None
            or response.status_code == 404
            or (conf.latest or conf.current()).debug
        ):
            _finish(request, slot, response, self._is_inside_sessions)
        return response

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """Async variant of ``__call__``."""
        slot = _open(request)
        with activate(slot):
            response = None if has_nothing_to_ask(request, resolved=False) else await arun(_enter(request, slot))
            if response is None:
                response = await self.get_response(request)
                if not request._sessionkit_is_routed:  # type: ignore[attr-defined]
                    response = await arun(_leave(request, slot, response))
        if (
            response.streaming
            or slot.loaded is not None
            or response.status_code == 404
            or (conf.latest or conf.current()).debug
        ):
            _finish(request, slot, response, self._is_inside_sessions)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> Any:
        """Check the request again, now with the matched view."""
        request._sessionkit_is_routed = True  # type: ignore[attr-defined]
        return None if has_nothing_to_ask(request, resolved=True) else run(_before_view(request))

    @markcoroutinefunction  # for libraries that wrap it in a plain function and copy its attributes
    async def _aprocess_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        request._sessionkit_is_routed = True  # type: ignore[attr-defined]
        return None if has_nothing_to_ask(request, resolved=True) else await arun(_before_view(request))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Respond to the exceptions of ``enforce()`` and ``require_session()``.

        Under ASGI, Django calls this method in a thread.
        """
        if isinstance(exception, (NotAuthenticated, AccessDenied)):
            return run(responses.deny_for(request, exception))
        return None


def _open(request: HttpRequest) -> Slot:
    request.sessionkit = slot = Slot(current_origin(), request)  # type: ignore[attr-defined]
    request._sessionkit_is_routed = False  # type: ignore[attr-defined]
    return slot


def _passage(request: HttpRequest, slot: Slot) -> Passage:
    """Return the evaluation of the request. It is created when the guard first has to evaluate a rule."""
    passage: Passage | None = getattr(request, "_sessionkit_passage", None)
    if passage is None or passage.slot is not slot:
        request._sessionkit_passage = passage = Passage(slot)  # type: ignore[attr-defined]
    return passage


def _enter(request: HttpRequest, slot: Slot) -> Flow[HttpResponseBase | None]:
    """Check the path before inner middleware can respond. Django has not applied ``request.urlconf`` yet."""
    with routed_by(urlconf_of(request)):
        if is_up_to_the_session(request):
            yield from slot.flow()
            if has_nothing_to_ask(request, resolved=False):
                return None
        denial = yield from inspect(Target.of(request, resolved=False), _passage(request, slot), with_default=False)
        return (yield from _deny(request, slot, denial)) if denial is not None else None


def _before_view(request: HttpRequest) -> Flow[HttpResponseBase | None]:
    """Check the path together with the view that Django has routed it to."""
    slot: Slot = request.sessionkit  # type: ignore[attr-defined]
    denial = yield from inspect(Target.of(request, resolved=True), _passage(request, slot), with_default=True)
    return (yield from _deny(request, slot, denial)) if denial is not None else None


def _leave(request: HttpRequest, slot: Slot, response: HttpResponseBase) -> Flow[HttpResponseBase]:
    """Check a response that no view has returned: a fallback, a file, a 404, or the response of other middleware."""
    leads_nowhere = response.status_code == 404 or _only_adds_slash(request, response)
    target = Target.of(request, resolved=True)
    denial = yield from inspect(target, _passage(request, slot), with_default=not leads_nowhere)
    if denial is None and hidden_page.something_is_hidden():
        if target.match is not None:  # other middleware has refused a request that Django had routed
            denial = yield from preview.hidden_at(target, slot)
        elif leads_nowhere or response.has_header("Location"):  # perhaps a redirect to the page with its language
            denial = yield from preview.hidden_behind(target, slot)
            yield from slot.flow()  # loading has side effects on the session: the same ones as for a hidden page
    if denial is None:
        return response
    denied = yield from _deny(request, slot, denial)
    if denial.options.on_deny == "not_found":
        if response.status_code == 404 and target.match is None:
            return response  # the unchanged response for an unknown URL
        hidden_page.dress(denied, response)
    hand_over(response, denied)
    return denied


def _deny(request: HttpRequest, slot: Slot, denial: Denial) -> Flow[HttpResponseBase]:
    yield from slot.flow()
    return (yield from responses.deny(request, denial, slot))


def _only_adds_slash(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return ``True`` if this is the redirect of ``APPEND_SLASH``."""
    if request.path_info.endswith("/") or response.status_code not in (301, 302, 307, 308):
        return False
    return response.get("Location") == request.get_full_path(force_append_slash=True)


def _finish(request: HttpRequest, slot: Slot, response: HttpResponseBase, is_inside: bool) -> None:
    if response.streaming:
        stream_within(slot, response)
    if hidden_page.is_unknown(request, response):
        if hidden_page.something_is_hidden():
            hidden_page.seal(response)
    elif conf.current().debug:
        debug.annotate(request, response)
    if slot.loaded is not None:
        _finish_read(request, slot, response, is_inside)


def _is_read(request: HttpRequest) -> bool:
    """Return ``True`` if Django's session was read, so that its middleware adds ``Vary: Cookie``."""
    return getattr(getattr(request, "session", None), "accessed", False) is True


def _finish_read(request: HttpRequest, slot: Slot, response: HttpResponseBase, is_inside: bool) -> None:
    source = current_origin().source
    if not (is_inside and tuple(source.varies_on) == _COOKIE and _is_read(request)):
        caching.vary(response)
    caching.release(request)
    if conf.current().touch_on_request and slot.peek() is not None:
        source.touch(request)
