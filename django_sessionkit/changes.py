"""The public functions that change the stored session. Each async variant runs the same flow with ``await``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .exceptions import NotAuthenticated
from .guard.raised_denials import reporting
from .session import writer
from .session.loader import current_loader
from .session.value import Session
from .utils.sansio import Flow, arun, run

if TYPE_CHECKING:
    from django.http import HttpRequest

T = TypeVar("T")


def set_session(
    request: HttpRequest, data: Mapping[str, Any] | Callable[[], Mapping[str, Any]], *, ttl: float | None = None
) -> Session:
    """Store the session of a user whom your code has just authenticated, and return it.

    The session key and the CSRF token are handled as in Django's ``login()``:

    - If there was no session, the visitor's data is kept under a new session key.
    - If the session belonged to another ``user_id``, the store is emptied, except for a ``contrib.auth`` login of the
      new user.
    - If roles or permissions of the same user changed, the session key is replaced.
    - In all three cases, the CSRF token is replaced.

    If the dict has no ``auth_time``, the current time is stored as the time of the login; see
    :class:`~django_sessionkit.Recent`.

    With ``SESSIONKIT_VERSION``, the current version is stored, because the user was just authenticated. If rights may
    be revoked between your reading them and this call, pass a function that reads them. A version in ``data`` is
    ignored. To change a session that was read earlier, call :func:`update_session`.

    :param data: the session dict; see the reference for its fields and limits. Or a function without arguments that
        returns it. With ``SESSIONKIT_VERSION``, the function is called twice, before and after the version is looked
        up, and the second result counts.
    :param ttl: seconds until the stored session expires, more than 0. The default is ``SESSIONKIT_SESSION_TTL``, and
        without it the expiry of the store (``SESSION_COOKIE_AGE`` or ``request.session.set_expiry()``).

    Sends ``session_registered``. Raises :class:`~django_sessionkit.InvalidSession`, before anything changes, if the
    dict is not valid; ``ValueError`` if ``ttl`` is not valid; and
    :class:`~django_sessionkit.exceptions.ReadOnlySource` if the source is read-only. For another ``user_id``, raises
    Django's ``SessionInterrupted`` if other requests have changed the key twice since this one read the session.
    """
    return run(writer.register(request, data, ttl), "aset_session")


async def aset_session(
    request: HttpRequest,
    data: Mapping[str, Any] | Callable[[], Mapping[str, Any] | Awaitable[Mapping[str, Any]]],
    *,
    ttl: float | None = None,
) -> Session:
    """Async variant of :func:`set_session`. The function may be async."""
    return await arun(writer.register(request, data, ttl))


def update_session(request: HttpRequest, changes: Mapping[str, Any], *, ttl: float | None = None) -> Session:
    """Merge ``changes`` into the session, and return the new session.

    If roles or permissions change, the session key and the CSRF token are replaced. A concurrent request that saves
    the old data then fails with Django's ``SessionInterrupted``, so it cannot restore the old rights. If a concurrent
    request has replaced the key already, this function raises it.

    :param changes: the fields to replace. ``user_id``, ``auth_time`` and ``amr`` cannot be changed; for the last two,
        call :func:`confirm_session`.
    :param ttl: as in :func:`set_session`.

    Sends ``session_updated``. Raises :class:`~django_sessionkit.NotAuthenticated` if there is no session. Raises
    :class:`~django_sessionkit.InvalidSession`, before anything changes, if the result is not valid or changes one of
    these fields.
    """
    return run(_reported(request, writer.update(request, changes, ttl)), "aupdate_session")


async def aupdate_session(request: HttpRequest, changes: Mapping[str, Any], *, ttl: float | None = None) -> Session:
    """Async variant of :func:`update_session`."""
    return await arun(_reported(request, writer.update(request, changes, ttl)))


def confirm_session(request: HttpRequest, *, amr: Sequence[str] = ()) -> Session:
    """Note that the user has just confirmed the login, and return the new session.

    Call it after your code has checked the password or another factor of the user of the current session. ``auth_time``
    becomes the current time, so that :class:`~django_sessionkit.Recent` is met. The session key and the CSRF token are
    replaced, as at a login. Rights do not change.

    :param amr: a list of the factors that were checked, by their names in RFC 8176, such as ``["pwd"]`` or ``["otp"]``;
        see :class:`~django_sessionkit.Factor`. They are added to the factors of the session.

    Sends ``session_confirmed``. Raises :class:`~django_sessionkit.NotAuthenticated` if there is no session;
    :class:`~django_sessionkit.InvalidSession`, before anything changes, if a name is not valid; Django's
    ``SessionInterrupted`` if another request ended the session after this request read it; and
    :class:`~django_sessionkit.exceptions.ReadOnlySource` if the source is read-only.
    """
    return run(_reported(request, writer.confirm(request, amr)), "aconfirm_session")


async def aconfirm_session(request: HttpRequest, *, amr: Sequence[str] = ()) -> Session:
    """Async variant of :func:`confirm_session`."""
    return await arun(_reported(request, writer.confirm(request, amr)))


def clear_session(request: HttpRequest) -> None:
    """Remove the session and keep the visitor's other data.

    The data is kept under a new session key and with the default expiry of the store. Without a session, nothing
    happens. To remove all data, call Django's ``logout()``. With the ``contrib.auth`` bridge, this function also logs
    the user out, because the login would create the session again.

    Sends ``session_cleared`` if there was a session. Raises Django's ``SessionInterrupted`` if other requests have
    changed the session key twice since this request read the session.
    """
    run(writer.clear(request), "aclear_session")


async def aclear_session(request: HttpRequest) -> None:
    """Async variant of :func:`clear_session`."""
    await arun(writer.clear(request))


def regenerate_session(request: HttpRequest) -> None:
    """Give the stored session a new key and keep its data. The old key becomes invalid.

    Raises Django's ``SessionInterrupted`` if another request ended the session, or changed its key, after this request
    read it.
    """
    run(writer.regenerate(request), "aregenerate_session")


async def aregenerate_session(request: HttpRequest) -> None:
    """Async variant of :func:`regenerate_session`."""
    await arun(writer.regenerate(request))


def revoke_sessions(user_id: str, *, refresh: bool = True) -> None:
    """Invalidate all stored sessions of a user, on all nodes within ``SESSIONKIT_VERSION_INTERVAL`` seconds.

    Call it after you change the rights of the user in the database. Inside a transaction, it takes effect immediately
    and again at the commit, because other nodes may read the old rights in between. A session that is registered inside
    the transaction is also invalidated by the commit.

    :param user_id: the user id as in the session dict, a string.
    :param refresh: ``True`` if ``SESSIONKIT_REFRESH`` may renew the sessions, so that the user stays logged in with
        the new rights. ``False`` ends them ("sign out everywhere"). Without ``SESSIONKIT_REFRESH``, they always end.

    Raises :class:`~django_sessionkit.InvalidSession` if ``user_id`` is not a valid user id,
    :class:`~django_sessionkit.exceptions.InvalidPolicy` if ``SESSIONKIT_VERSION`` is not set or cannot revoke, and
    :class:`~django_sessionkit.exceptions.VersionUnavailable` if it fails; then no session is revoked. A failure at the
    commit is only logged.
    """
    run(writer.revoke(user_id, refresh), "arevoke_sessions")


async def arevoke_sessions(user_id: str, *, refresh: bool = True) -> None:
    """Async variant of :func:`revoke_sessions`."""
    await arun(writer.revoke(user_id, refresh))


def _reported(request: HttpRequest, flow: Flow[T]) -> Flow[T]:
    """Run ``flow``, and report its denial of a request without a session, as every denial that is raised."""
    try:
        return (yield from flow)
    except NotAuthenticated as error:
        raise (yield from reporting(error, writer.context_of(current_loader(), request))) from None
