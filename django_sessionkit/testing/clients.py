"""Sign test clients in and out. These are the flows behind the functions of :mod:`django_sessionkit.testing`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.test import AsyncClient, Client, RequestFactory

from django_sessionkit import conf
from django_sessionkit.exceptions import InvalidPolicy, ReadOnlySource
from django_sessionkit.guard.objects import refuse_unasked
from django_sessionkit.lint import role_names
from django_sessionkit.session import writer
from django_sessionkit.session.loader import current_loader
from django_sessionkit.session.value import LIST_FIELDS, Session
from django_sessionkit.utils.sansio import MAY_BLOCK, Flow, IOStep

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest

_NO_LOG_IN = (
    "after sign_in() has written one. With the bridge from django.contrib.auth, log a user in instead: use "
    "client.force_login(user), or assert_access(..., as_=user). With another source, send its data with the client."
)
_NO_BRIDGE = (
    "for the user who is logged in to Django. Install the bridge, "
    'INSTALLED_APPS += ["django_sessionkit.contrib.auth.AuthBridge"], or pass fields of a session instead of a user.'
)


def signing_in(client: Client | AsyncClient, data: Mapping[str, Any]) -> Flow[None]:
    """Implement :func:`django_sessionkit.testing.sign_in`."""
    _check("sign_in", client)
    yield MAY_BLOCK
    _check_roles(current_loader().validate(data))
    request = yield from _request(client)
    yield from writer.register(request, data, None)
    yield from _saved(client, request.session)
    yield from _look_again(client, _NO_LOG_IN)


def signing_out(client: Client | AsyncClient) -> Flow[None]:
    """Implement :func:`django_sessionkit.testing.sign_out`."""
    _check("sign_out", client)
    yield MAY_BLOCK
    if conf.django_setting("SESSION_COOKIE_NAME") not in client.cookies:
        return
    request = yield from _request(client)
    yield from writer.clear(request)
    yield from _saved(client, request.session)


def logging_in(client: Client | AsyncClient, user: Any) -> Flow[None]:
    """Log in a user of ``contrib.auth``. A user who is not active stays anonymous."""
    yield MAY_BLOCK
    yield IOStep(partial(client.force_login, user), partial(client.aforce_login, user))
    if getattr(user, "is_active", True):
        yield from _look_again(client, _NO_BRIDGE)


def is_user(value: object) -> bool:
    """Return ``True`` if ``value`` is a user of ``contrib.auth``, including ``AnonymousUser``."""
    return hasattr(value, "is_authenticated") and not isinstance(value, type)


def kind(value: object) -> str:
    """Return the type of a value as text for an error message, which must not show the value."""
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def assert_object_question(request: HttpRequest, response: Any) -> None:
    """Check that a view with ``requires_object = True`` has checked a requirement for an object, if it answers 2xx."""
    __tracebackhide__ = True
    try:
        refuse_unasked(request, response)
    except InvalidPolicy as error:
        raise AssertionError(str(error)) from None


def shown(fields: Mapping[str, Any]) -> str:
    """Return only the roles and permissions as text, because many people read the output of tests."""
    names = [name for name in ("role", *LIST_FIELDS, "tenants") if fields.get(name)]
    return ", ".join(f"{name}={fields[name]!r}" for name in names) or "any session"


def _check(function: str, client: object) -> None:
    if not isinstance(client, (Client, AsyncClient)):
        raise TypeError(f"The first argument of {function}() must be a client, such as Client(), not {kind(client)}.")


def _check_roles(session: Session) -> None:
    """Check that the roles are known, unless a custom access policy may compute other roles from the dict."""
    policy = conf.current().policy
    named = [name for rights in (session.get("tenants") or {}).values() for name in rights.get("roles", ())]
    if not policy.overrides_grants and (fault := role_names.unknown_role([*policy.get_roles(session), *named])):
        raise ValueError(fault)


def _request(client: Client | AsyncClient) -> Flow[HttpRequest]:
    """Return a request with the cookies and the store of the client. It is not sent."""
    factory = RequestFactory()
    factory.cookies = client.cookies
    request = factory.get("/")
    request.session = yield IOStep(lambda: client.session, client.asession)
    return request


def _saved(client: Client | AsyncClient, store: SessionBase) -> Flow[None]:
    """Save the store and set the cookie, because the key has changed. With signed cookies, the key is the data."""
    yield IOStep(store.save, store.asave)
    name = conf.django_setting("SESSION_COOKIE_NAME")
    client.cookies[name] = store.session_key or ""
    secure = conf.django_setting("SESSION_COOKIE_SECURE") or None
    domain = conf.django_setting("SESSION_COOKIE_DOMAIN")
    attributes: dict[str, Any] = {"path": "/", "domain": domain, "secure": secure}
    client.cookies[name].update(attributes)


def _look_again(client: Client | AsyncClient, advice: str) -> Flow[None]:
    """Check that the source finds the session. Some sources do not, for example if they also need a login."""
    source = current_loader().source
    request = yield from _request(client)
    if (yield IOStep(partial(source.read, request), partial(source.aread, request))) is None:
        raise ReadOnlySource(
            f"Nobody is signed in: SESSIONKIT_SOURCE {type(source).__qualname__} finds no session {advice}"
        )
