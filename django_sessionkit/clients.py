"""Test clients: the way from a dict to the cookie of a client, as flows; ``testing`` drives them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.test import AsyncClient, Client, RequestFactory

from . import conf, known_roles, writes
from .context import not_on_loop
from .exceptions import ReadOnlySource
from .flows import Flow, Step
from .origin import current_origin
from .session import Session

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest

_NO_LOG_IN = (
    "where sign_in() has written one. With the bridge from django.contrib.auth, log a user in: "
    "client.force_login(user), and give that client to your test, or assert_access(..., as_=user). With another "
    "source, let the client send what it reads"
)
_NO_BRIDGE = (
    "for the user whom Django has logged in. Install the bridge, "
    'INSTALLED_APPS += ["django_sessionkit.contrib.auth.AuthBridge"], or give fields of a session instead of a user'
)


def signing_in(client: Client | AsyncClient, data: Mapping[str, Any]) -> Flow[None]:
    """The flow of :func:`django_sessionkit.testing.sign_in`."""
    _check("sign_in", client)
    yield not_on_loop("asign_in")
    _check_roles(current_origin().validate(data))
    request = yield from _request(client)
    yield from writes.register(request, data, None)
    yield from _saved(client, request.session)
    yield from _look_again(client, _NO_LOG_IN)


def signing_out(client: Client | AsyncClient) -> Flow[None]:
    """The flow of :func:`django_sessionkit.testing.sign_out`."""
    _check("sign_out", client)
    yield not_on_loop("asign_out")
    if conf.of_django("SESSION_COOKIE_NAME") not in client.cookies:
        return
    request = yield from _request(client)
    yield from writes.clear(request)
    yield from _saved(client, request.session)


def logging_in(client: Client | AsyncClient, user: Any) -> Flow[None]:
    """Log a user of ``contrib.auth`` in; one who is not active stays anonymous."""
    yield not_on_loop("aassert_access")
    yield Step(partial(client.force_login, user), partial(client.aforce_login, user))
    if getattr(user, "is_active", True):
        yield from _look_again(client, _NO_BRIDGE)


def is_user(value: object) -> bool:
    """Whether ``value`` is a user of ``contrib.auth``, who may be its anonymous one."""
    return hasattr(value, "is_authenticated") and not isinstance(value, type)


def kind(value: object) -> str:
    """What an error calls a value that is not to be shown."""
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def _check(function: str, client: object) -> None:
    if not isinstance(client, (Client, AsyncClient)):
        raise TypeError(f"{function}(): the first argument must be a client, such as Client(), not {kind(client)}")


def _check_roles(session: Session) -> None:
    """An own access policy may make other roles of those in the dict."""
    policy = conf.current().policy
    if not policy.overrides_grants and (fault := known_roles.fault(policy.get_roles(session))):
        raise ValueError(fault)


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


def _look_again(client: Client | AsyncClient, advice: str) -> Flow[None]:
    """A source may say that nobody is there, such as one that asks for a log-in as well."""
    source = current_origin().source
    request = yield from _request(client)
    if (yield Step(partial(source.read, request), partial(source.aread, request))) is None:
        raise ReadOnlySource(
            f"nobody is signed in: SESSIONKIT_SOURCE {type(source).__qualname__} finds no session {advice}"
        )
