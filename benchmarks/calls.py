"""The time of ``get_session()`` and of the decorators, with the session already resolved."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import Any

import rules
from asgiref.local import Local
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from rules.contrib.views import permission_required as rules_permission_required

from django_sessionkit import get_session
from django_sessionkit.decorators import require_role
from django_sessionkit.session.context import SessionContext, activate
from django_sessionkit.session.loader import current_loader

from . import site
from .report import Bound, Case, Pair, Scale, expect
from .timing import Timed, awaited, statement

_PASSED = HttpResponse("passed")


def request_with_session() -> HttpRequest:
    """Return a request with a session in memory, and with a user who has the required permission."""
    request = RequestFactory().get("/")
    request.session = site.import_module(site.LOCMEM).SessionStore()
    request.session["__session__"] = site.READER
    user = User(pk=1, username="reader", is_active=True)
    user._perm_cache = user._user_perm_cache = user._group_perm_cache = {"shop.change_order"}  # type: ignore[attr-defined]
    request.user = user
    request.auser = functools.partial(_same, user)  # type: ignore[attr-defined]
    return request


async def _same(value: object) -> object:
    return value


def rows(scale: Scale) -> Iterator[Case]:
    """Yield the rows. They are measured inside a request, in the state that the middleware sets up."""
    request = request_with_session()
    context = SessionContext(current_loader(), request)
    request.sessionkit = context  # type: ignore[attr-defined]
    with activate(context):
        yield from _getting(request)
        yield from _sync(request)
        yield from _async(request)


def _getting(request: HttpRequest) -> Iterator[Case]:
    ours = statement("get_session()", get_session=get_session)
    variable: ContextVar[object] = ContextVar("variable")
    variable.set(request)
    local = Local()
    local.session = request
    plain = statement("get()", get=variable.get)
    asgiref = statement("local.session", local=local)
    yield Case("`get_session()`", "`ContextVar.get()`", Bound(15), [Pair("", ours, plain)], _check_session)
    yield Case("`get_session()`", "asgiref's `Local`", Bound(0.5), [Pair("", ours, asgiref)], _check_session)


def _check_session() -> None:
    session = get_session()
    expect("the current session", session and session.to_dict(), site.READER)
    # A flush in the same request must be noticed. Otherwise the figure is meaningless.
    request = request_with_session()
    with activate(SessionContext(current_loader(), request)):
        expect("the session before a flush", get_session() is None, False)
        request.session.flush()
        expect("the session after a flush", get_session(), None)


def _view(request: HttpRequest) -> Any:
    return _PASSED


async def _aview(request: HttpRequest) -> Any:
    return _PASSED


def _pass_through(view: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return wrapper


def _apass_through(view: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(view)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await view(*args, **kwargs)

    return wrapper


_CHECKED = {
    "Django's `permission_required`": (permission_required, "django.contrib.auth.backends.ModelBackend"),
    "rules' `permission_required`": (rules_permission_required, "rules.permissions.ObjectPermissionBackend"),
}


def _sync(request: HttpRequest) -> Iterator[Case]:
    guarded, bare = require_role("reader")(_view), _pass_through(_view)

    def check() -> None:
        expect("a guarded view", guarded(request), _PASSED)
        expect("a closed view", require_role("editor")(_view)(request).status_code, 403)

    ours = _calling(guarded, request)
    pair = Pair("", ours, _calling(bare, request))
    yield Case("decorator, sync view", "a `functools.wraps` pass-through", Bound(5), [pair], check)
    rules.set_perm("shop.change_order", rules.is_active)
    for name, (decorate, backend) in _CHECKED.items():
        with site.using(AUTHENTICATION_BACKENDS=[backend]):
            peer = decorate("shop.change_order", raise_exception=True)(_view)
            pair = Pair("", ours, _calling(peer, request))
            yield Case("decorator, sync view", name, Bound(), [pair], functools.partial(_check_peer, peer, request))


def _check_peer(peer: Callable[..., Any], request: HttpRequest) -> None:
    expect("a view guarded by another decorator", peer(request), _PASSED)


def _calling(view: Callable[..., Any], request: HttpRequest) -> Timed:
    return statement("view(request)", view=view, request=request)


def _async(request: HttpRequest) -> Iterator[Case]:
    loop = asyncio.new_event_loop()
    guarded, bare = require_role("reader")(_aview), _apass_through(_aview)
    django = permission_required("shop.change_order", raise_exception=True)(_aview)

    def check() -> None:
        expect("a guarded async view", loop.run_until_complete(guarded(request)), _PASSED)
        expect("a closed one", loop.run_until_complete(require_role("editor")(_aview)(request)).status_code, 403)

    ours = awaited(functools.partial(guarded, request), loop)
    theirs = awaited(functools.partial(bare, request), loop)
    yield Case("decorator, async view", "a `functools.wraps` pass-through", Bound(3.5), [Pair("", ours, theirs)], check)
    theirs = awaited(functools.partial(django, request), loop)
    yield Case("decorator, async view", "Django's `permission_required`", Bound(), [Pair("", ours, theirs)], check)
    loop.close()
