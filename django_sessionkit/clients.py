"""Test clients: the way from a dict to the cookie of a client, as flows; ``testing`` drives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.test import AsyncClient, Client, RequestFactory

from . import conf, writes
from .context import not_on_loop
from .flows import Flow, Step

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest


def signing_in(client: Client | AsyncClient, data: Mapping[str, Any]) -> Flow[None]:
    """The flow of :func:`django_sessionkit.testing.sign_in`."""
    yield not_on_loop("asign_in")
    request = yield from _request(client)
    yield from writes.register(request, data, None)
    yield from _saved(client, request.session)


def signing_out(client: Client | AsyncClient) -> Flow[None]:
    """The flow of :func:`django_sessionkit.testing.sign_out`."""
    yield not_on_loop("asign_out")
    if conf.of_django("SESSION_COOKIE_NAME") not in client.cookies:
        return
    request = yield from _request(client)
    yield from writes.clear(request)
    yield from _saved(client, request.session)


def _request(client: Client | AsyncClient) -> Flow[HttpRequest]:
    """A request as the client would send it, with its store; nobody answers it."""
    factory = RequestFactory()
    factory.cookies = client.cookies
    request = factory.get("/")
    request.session = yield Step(lambda: client.session, client.asession)
    return request


def _saved(client: Client | AsyncClient, store: SessionBase) -> Flow[None]:
    """The key is another one by now; with signed cookies, it is the data itself."""
    yield Step(store.save, store.asave)
    name = conf.of_django("SESSION_COOKIE_NAME")
    client.cookies[name] = store.session_key or ""
    secure = conf.of_django("SESSION_COOKIE_SECURE") or None
    client.cookies[name].update({"path": "/", "domain": conf.of_django("SESSION_COOKIE_DOMAIN"), "secure": secure})
