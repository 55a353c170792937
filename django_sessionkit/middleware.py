"""The middleware: sets the slot, asks the guard, answers denials. One class, native under WSGI and ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from . import conf, reach, responses
from .context import Slot, activate
from .exceptions import AccessDenied, NotAuthenticated
from .flows import Flow, arun, run
from .guard import Denial, Passage, Target, has_nothing_to_ask, inspect
from .origin import current_origin
from .streaming import hand_over, stream_within

if TYPE_CHECKING:
    from django.http import HttpRequest

    GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class SessionKitMiddleware:
    """Guards every request. Place it after ``SessionMiddleware`` and after the middleware of the auth layer.

    Its construction reads the settings, so that a server with an invalid policy does not start
    (:class:`~django_sessionkit.exceptions.InvalidPolicy`).
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        conf.current()
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
            # Django would call a sync process_view in a thread, for every request.
            self.process_view = self._aprocess_view  # type: ignore[method-assign]

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self.__acall__(request)
        passage = _open(request)
        with activate(passage.slot):
            response = None if has_nothing_to_ask(request, resolved=False) else run(_enter(request, passage))
            if response is None:
                response = self.get_response(request)
                if not passage.is_routed:
                    response = run(_leave(request, passage, response))
        return _finish(request, passage.slot, response)

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """The async twin of calling the middleware."""
        passage = _open(request)
        with activate(passage.slot):
            response = None if has_nothing_to_ask(request, resolved=False) else await arun(_enter(request, passage))
            if response is None:
                response = await self.get_response(request)
                if not passage.is_routed:
                    response = await arun(_leave(request, passage, response))
        return _finish(request, passage.slot, response)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> Any:
        """Ask the guard again, now that Django has said what it routed."""
        passage = _routed(request)
        return None if has_nothing_to_ask(request, resolved=True) else run(_before_view(request, passage))

    async def _aprocess_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        passage = _routed(request)
        return None if has_nothing_to_ask(request, resolved=True) else await arun(_before_view(request, passage))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Answer what ``enforce()`` and ``require_session()`` raise. Django calls it in a thread under ASGI."""
        if isinstance(exception, (NotAuthenticated, AccessDenied)):
            return run(responses.deny_for(request, exception))
        return None


def _open(request: HttpRequest) -> Passage:
    passage = Passage(Slot(current_origin(), request))
    request.sessionkit = passage.slot  # type: ignore[attr-defined]
    request._sessionkit_passage = passage  # type: ignore[attr-defined]
    return passage


def _enter(request: HttpRequest, passage: Passage) -> Flow[HttpResponseBase | None]:
    """Decide on the path, before anything further in can answer."""
    denial = yield from inspect(Target.of(request, resolved=False), passage, with_default=False)
    return (yield from _deny(request, passage, denial)) if denial is not None else None


def _routed(request: HttpRequest) -> Passage:
    passage: Passage = request._sessionkit_passage  # type: ignore[attr-defined]
    passage.is_routed = True
    return passage


def _before_view(request: HttpRequest, passage: Passage) -> Flow[HttpResponseBase | None]:
    """Decide on what Django has routed."""
    denial = yield from inspect(Target.of(request, resolved=True), passage, with_default=True)
    return (yield from _deny(request, passage, denial)) if denial is not None else None


def _leave(request: HttpRequest, passage: Passage, response: HttpResponseBase) -> Flow[HttpResponseBase]:
    """Decide about a response that no view has given: a fallback, a file, a 404, another middleware's own answer."""
    leads_nowhere = response.status_code == 404 or _only_adds_slash(request, response)
    denial = yield from inspect(Target.of(request, resolved=True), passage, with_default=not leads_nowhere)
    if denial is None and leads_nowhere:
        denial = yield from _hidden_behind_slash(request, passage.slot)
    if denial is None:
        return response
    denied = yield from _deny(request, passage, denial)
    hand_over(response, denied)
    return denied


def _deny(request: HttpRequest, passage: Passage, denial: Denial) -> Flow[HttpResponseBase]:
    session = yield from passage.slot.flow()
    return (yield from responses.deny(request, denial, session))


def _only_adds_slash(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether this is the redirect of ``APPEND_SLASH``."""
    if request.path_info.endswith("/") or response.status_code not in (301, 302, 307, 308):
        return False
    return response.get("Location") == request.get_full_path(force_append_slash=True)


def _hidden_behind_slash(request: HttpRequest, slot: Slot) -> Flow[Denial | None]:
    """The denial of the page with a slash, if that page is not to be found: the way there must not betray it."""
    if request.path_info.endswith("/"):
        return None
    target = reach.target_of(f"{request.path_info}/", request.method or "", getattr(request, "urlconf", None))
    denial = (yield from reach.foresee(target, slot)) if target is not None else None
    return denial if denial is not None and denial.options.on_deny == "not_found" else None


def _finish(request: HttpRequest, slot: Slot, response: HttpResponseBase) -> HttpResponseBase:
    if response.streaming:
        stream_within(slot, response)
    if slot.is_loaded:
        _finish_read(request, slot, response)
    return response


def _finish_read(request: HttpRequest, slot: Slot, response: HttpResponseBase) -> None:
    source = current_origin().source
    if source.varies_on:
        patch_vary_headers(response, source.varies_on)
    if conf.current().touch_on_request and slot.peek() is not None:
        source.touch(request)
