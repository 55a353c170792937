"""Helpers for the tests of a project: sign in a test client, override the policy, and check access.

Here: what ``django_sessionkit.testing`` offers, and the test clients behind it.
This room may import the public functions, ``conf``, ``session``, ``matrix`` and ``lint``. No other room imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeVar

from django.test import AsyncClient, Client, override_settings

from django_sessionkit import conf
from django_sessionkit.api import aexplain, explain
from django_sessionkit.conf import installed
from django_sessionkit.explanation.report import Explanation
from django_sessionkit.matrix import policy_matrix, snapshots
from django_sessionkit.matrix.principals import ANONYMOUS, parse_claims
from django_sessionkit.session.override import use_session
from django_sessionkit.session.value import LIST_FIELDS
from django_sessionkit.utils.callers import HEADERS, Caller
from django_sessionkit.utils.sansio import Flow, arun, run
from django_sessionkit.utils.text import did_you_mean
from django_sessionkit.utils.verbs import VERBS

from . import clients

if TYPE_CHECKING:
    import os

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

__all__ = [
    "aassert_access",
    "asign_in",
    "asign_out",
    "assert_access",
    "assert_surface",
    "override_policy",
    "sign_in",
    "sign_out",
    "use_session",
]

C = TypeVar("C", bound="Client | AsyncClient")
Who: TypeAlias = "Mapping[str, Any] | str | AbstractBaseUser | AnonymousUser | None"
Names: TypeAlias = "Sequence[str] | None"

# Arguments that a test client would ignore, so that a test would be about an anonymous caller by mistake.
_FIELDS = frozenset(["permission", "role", "user_id", *LIST_FIELDS, "act", "amr", "auth_time", "tenants"])
_VERBS = tuple(verb for verb in VERBS if verb != "CONNECT")  # a test client has no method for it
_PREFIX = "SESSIONKIT_"


def sign_in(
    client: C,
    /,
    *,
    role: str | None = None,
    roles: Names = None,
    permissions: Names = None,
    user_id: str = "1",
    **custom: Any,
) -> C:
    """Give a ``Client`` or ``AsyncClient`` a session, as ``set_session()`` does at login, and return the client.

    The dict is stored where ``SESSIONKIT_SOURCE`` writes, with any session engine. If the client had the session of
    another ``user_id``, its store is emptied first. ``custom`` are further fields, such as ``email``, ``amr``, or
    ``auth_time``, which is otherwise the current time. On a running event loop, use :func:`asign_in`.

    Raises :class:`~django_sessionkit.InvalidSession` for an invalid dict. Raises
    :class:`~django_sessionkit.exceptions.ReadOnlySource` if the source only reads (send what it reads with the client),
    or finds no session afterwards (with the bridge from ``django.contrib.auth``, use ``client.force_login(user)``).

    If ``SESSIONKIT_ROLES`` declares roles, raises ``ValueError`` for a role that is neither declared nor required by a
    rule or view. A misspelled role grants nothing, so a test that expects a denial would pass by mistake. For a user
    without permissions, leave out the role. If other code uses a role, declare it. There is no such check with a custom
    access policy that computes roles or permissions.
    """
    run(clients.signing_in(client, _session_dict(role, roles, permissions, user_id, **custom)), "asign_in")
    return client


async def asign_in(
    client: C,
    /,
    *,
    role: str | None = None,
    roles: Names = None,
    permissions: Names = None,
    user_id: str = "1",
    **custom: Any,
) -> C:
    """Async variant of :func:`sign_in`."""
    await arun(clients.signing_in(client, _session_dict(role, roles, permissions, user_id, **custom)))
    return client


def sign_out(client: Client | AsyncClient, /) -> None:
    """Remove the session, as ``clear_session()`` does, if there is one. Other data in the store stays."""
    run(clients.signing_out(client), "asign_out")


async def asign_out(client: Client | AsyncClient, /) -> None:
    """Async variant of :func:`sign_out`."""
    await arun(clients.signing_out(client))


def _session_dict(
    role: str | None = None, roles: Names = None, permissions: Names = None, user_id: str = "1", **custom: Any
) -> dict[str, Any]:
    if "permission" in custom:
        raise TypeError('Unknown field "permission". It would grant nothing. Write permissions=[...] instead.')
    rights = {"role": role, "roles": roles, "permissions": permissions}
    return {"user_id": user_id, **custom, **{name: value for name, value in rights.items() if value is not None}}


class override_policy(override_settings):
    """Override settings of SessionKit by their short names: ``override_policy(protect=[...], global_protect=True)``.

    Like Django's ``override_settings``, it is a context manager and a decorator for ``def``, ``async def`` and
    subclasses of ``SimpleTestCase``. Raises ``TypeError`` for an unknown name, and ``ImproperlyConfigured`` for an
    invalid policy: on entry, or for a class when the policy is first needed.
    """

    def __init__(self, *unnamed: NoReturn, **policy: Any) -> None:
        if unnamed:
            raise TypeError("override_policy() takes settings by name, such as protect=[...] or global_protect=True.")
        super().__init__(**{_setting(name): value for name, value in policy.items()})

    def enable(self) -> None:
        """Apply the settings, or raise if they are not valid."""
        super().enable()
        try:
            conf.current()
        except BaseException:
            self.disable()
            raise


def _setting(name: str) -> str:
    known = [one.removeprefix(_PREFIX).lower() for one in conf.DEFAULTS]
    if name not in known:
        raise TypeError(
            f'override_policy(): unknown name "{name}"; {did_you_mean(name.removeprefix(_PREFIX).lower(), known)}'
        )
    return f"{_PREFIX}{name.upper()}"


def assert_access(
    path: str,
    *,
    as_: Who | Client = None,
    status: int = 200,
    method: str = "GET",
    caller: Caller | None = None,
    **request: Any,
) -> Any:
    """Open ``path`` with a test client, check the status, and return the response.

    :param as_: the caller: ``None`` for an anonymous one, fields of a session (``{"role": "editor"}``), the same as
        text (``"role=editor,permission=posts:write"``, or in a tenant ``"acme/role=editor"``), a user of
        ``django.contrib.auth`` (this calls ``force_login()`` and needs the bridge), or a ``Client`` that is signed in.
    :param caller: the kind of client: ``"page"`` (a browser; the default), ``"htmx"`` or ``"api"``. A ``Client`` that
        you pass sends its own headers unless this is given.
    :param request: further arguments of the client's method, such as ``data``, ``headers`` or ``secure``.

    The view runs. If the status differs, the ``AssertionError`` contains the explanation of the request. It is also
    raised if a view with ``requires_object = True`` answers 2xx without checking a requirement for an object.
    """
    __tracebackhide__ = True
    client = as_ if isinstance(as_, Client) else run(_entered(Client(), as_), "aassert_access")
    response = _opener(client, method, path)(path, **_with_headers(as_, caller, request))
    if response.status_code != status:
        raise AssertionError(_other_status(as_, status, response, explain(response.wsgi_request)))
    clients.assert_object_question(response.wsgi_request, response)
    return response


async def aassert_access(
    path: str,
    *,
    as_: Who | AsyncClient = None,
    status: int = 200,
    method: str = "GET",
    caller: Caller | None = None,
    **request: Any,
) -> Any:
    """Async variant of :func:`assert_access`, with an ``AsyncClient`` and the ASGI handler."""
    __tracebackhide__ = True
    client = as_ if isinstance(as_, AsyncClient) else await arun(_entered(AsyncClient(), as_))
    response = await _opener(client, method, path)(path, **_with_headers(as_, caller, request))
    if response.status_code != status:
        raise AssertionError(_other_status(as_, status, response, await aexplain(response.asgi_request)))
    clients.assert_object_question(response.asgi_request, response)
    return response


def _entered(client: C, who: Any) -> Flow[C]:
    """Return ``client`` after signing in the caller."""
    if (fields := _fields(who)) is not None:
        yield from clients.signing_in(client, _session_dict(**fields))
    elif _is_logged_in(who):
        yield from clients.logging_in(client, who)
    return client


def _is_logged_in(who: Any) -> bool:
    return clients.is_user(who) and bool(who.is_authenticated)


def _fields(who: Any) -> Mapping[str, Any] | None:
    """Return the fields of the session, or ``None`` for an anonymous caller and for a user of ``contrib.auth``."""
    if isinstance(who, str):
        return None if who == ANONYMOUS.name else parse_claims(who)
    if who is None or clients.is_user(who):
        return None
    if not isinstance(who, Mapping):
        raise TypeError(
            f'as_ must be None, fields of a session ({{"role": "editor"}}), text ("role=editor"), a user, or a Client '
            f"(for aassert_access, an AsyncClient), not {clients.kind(who)}"
        )
    return who


def _opener(client: Client | AsyncClient, method: str, path: str) -> Callable[..., Any]:
    if not str(path).startswith(("/", "http://", "https://")):
        raise ValueError(f'"{path}" is no path, which starts with a slash. For the name of a URL, use reverse().')
    if method not in _VERBS:
        raise ValueError(f'unknown method "{method}"; {did_you_mean(method.upper(), _VERBS)}')
    opener: Callable[..., Any] = getattr(client, method.lower())
    return opener


def _with_headers(who: Any, caller: Caller | None, request: dict[str, Any]) -> dict[str, Any]:
    if caller is not None and caller not in tuple(HEADERS):
        raise ValueError(f'unknown caller "{caller}"; {did_you_mean(caller, HEADERS)}')
    own = isinstance(who, (Client, AsyncClient)) and caller is None
    if fields := sorted(_FIELDS.intersection(request)):
        raise TypeError(f'"{fields[0]}" is a field of the session. Pass it in as_: as_={{"{fields[0]}": ...}}.')
    headers = {} if own else HEADERS[caller or "page"]
    return {**request, "headers": {**headers, **(request.get("headers") or {})}}


def _other_status(who: Any, expected: int, response: Any, explanation: Explanation) -> str:
    return f"{expected} expected as {_name(who)}, and it was {response.status_code}\n\n{explanation}"


def _name(who: Any) -> str:
    if isinstance(who, (Client, AsyncClient)):
        return "this client"
    if _is_logged_in(who):
        return "this user"
    fields = _fields(who)
    return clients.shown(fields) if fields is not None else ANONYMOUS.name


def assert_surface(snapshot: str | os.PathLike[str]) -> None:
    """Compare the whole policy with a file that ``sessionkit_routes --snapshot`` has written.

    No view runs. The ``AssertionError`` lists the same changes as ``--check``. It is also raised if the middleware is
    missing, because no rule would be enforced.
    """
    __tracebackhide__ = True
    again = f"manage.py sessionkit_routes --snapshot {snapshot}"
    if not installed.is_guarded():
        raise AssertionError(installed.MIDDLEWARE_MISSING)
    try:
        found = snapshots.diff(snapshots.load(Path(snapshot)), policy_matrix())
    except snapshots.BadSnapshot as error:
        raise AssertionError(f"{error}. To write the file again, run {again}") from None
    if found:
        changes = "\n".join(snapshots.format_changes(found))
        raise AssertionError(f"The policy differs from {snapshot}.\n\n{changes}\n\nIf this is intended, run {again}")
