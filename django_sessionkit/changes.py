"""The public functions that change the stored session. Each async variant runs the same flow with ``await``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .exceptions import NotAuthenticated
from .guard.raised_denials import reporting
from .session import writer
from .session.loader import current_loader
from .session.value import Session
from .utils.sansio import Flow, arun, run

if TYPE_CHECKING:
    from django.http import HttpRequest


def set_session(request: HttpRequest, data: Mapping[str, Any], *, ttl: float | None = None) -> Session:
    """Store the session of a user whom your code has just authenticated, and return it.

    The session key and the CSRF token are handled as in Django's ``login()``:

    - If there was no session, the visitor's data is kept under a new session key.
    - If the session belonged to another ``user_id``, the store is emptied, except for a ``contrib.auth`` login of the
      new user.
    - If roles or permissions of the same user changed, the session key is replaced.
    - In all three cases, the CSRF token is replaced.

    With ``SESSIONKIT_VERSION``, the current version is stored, because the user was just authenticated. A version in
    ``data`` is ignored. To change a session that was read earlier, call :func:`update_session`.

    :param data: the session dict; see the reference for its fields and limits.
    :param ttl: seconds until the stored session expires, more than 0. The default is ``SESSIONKIT_SESSION_TTL``, and
        without it the expiry of the store (``SESSION_COOKIE_AGE`` or ``request.session.set_expiry()``).

    Sends ``session_registered``. Raises :class:`~django_sessionkit.InvalidSession`, before anything changes, if the
    dict is not valid; ``ValueError`` if ``ttl`` is not valid; and
    :class:`~django_sessionkit.exceptions.ReadOnlySource` if the source is read-only.
    """
    return run(writer.register(request, data, ttl), "aset_session")


async def aset_session(request: HttpRequest, data: Mapping[str, Any], *, ttl: float | None = None) -> Session:
    """Async variant of :func:`set_session`."""
    return await arun(writer.register(request, data, ttl))


def update_session(request: HttpRequest, changes: Mapping[str, Any], *, ttl: float | None = None) -> Session:
    """Merge ``changes`` into the session, and return the new session.

    If roles or permissions change, the session key and the CSRF token are replaced. A concurrent request that saves
    the old data then fails with Django's ``SessionInterrupted``, so it cannot restore the old rights.

    :param changes: the fields to replace. ``user_id`` cannot be changed.
    :param ttl: as in :func:`set_session`.

    Sends ``session_updated``. Raises :class:`~django_sessionkit.NotAuthenticated` if there is no session. Raises
    :class:`~django_sessionkit.InvalidSession`, before anything changes, if the result is not valid or has another
    ``user_id``.
    """
    return run(_update(request, changes, ttl), "aupdate_session")


async def aupdate_session(request: HttpRequest, changes: Mapping[str, Any], *, ttl: float | None = None) -> Session:
    """Async variant of :func:`update_session`."""
    return await arun(_update(request, changes, ttl))


def clear_session(request: HttpRequest) -> None:
    """Remove the session and keep the visitor's other data.

    The data is kept under a new session key and with the default expiry of the store. Without a session, nothing
    happens. To remove all data, call Django's ``logout()``. With the ``contrib.auth`` bridge, this function also logs
    the user out, because the login would create the session again.

    Sends ``session_cleared`` if there was a session.
    """
    run(writer.clear(request), "aclear_session")


async def aclear_session(request: HttpRequest) -> None:
    """Async variant of :func:`clear_session`."""
    await arun(writer.clear(request))


def regenerate_session(request: HttpRequest) -> None:
    """Give the stored session a new key and keep its data. The old key becomes invalid.

    Raises Django's ``SessionInterrupted`` if another request ended the session after this request read it.
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


def _update(request: HttpRequest, changes: Mapping[str, Any], ttl: float | None) -> Flow[Session]:
    """Report the denial of an update without a session, as for every denial that is raised."""
    try:
        return (yield from writer.update(request, changes, ttl))
    except NotAuthenticated as error:
        raise (yield from reporting(error, writer.context_of(current_loader(), request))) from None
