"""The public verbs that change the stored session. Each async twin is the same flow, driven with ``await``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import writes
from .flows import arun, run
from .session import Session

if TYPE_CHECKING:
    from django.http import HttpRequest


def set_session(request: HttpRequest, data: Mapping[str, Any], *, ttl: float | None = None) -> Session:
    """Register the session of a caller that the project has authenticated.

    The data is validated before anything changes (:class:`~django_sessionkit.InvalidSession`). As in Django's
    ``login()``, a first session keeps the visitor's data under a new session key, another ``user_id`` starts from an
    emptied store (but for the log-in of ``contrib.auth``, if that is about the same user), and the CSRF token is
    renewed; the same user gets a new key when roles or permissions change.

    :param data: the session dict; see the reference for its fields and limits.
    :param ttl: seconds until the stored session expires, more than 0 (else ``ValueError``); default
        ``SESSIONKIT_SESSION_TTL``, and without that whatever holds for the store (``SESSION_COOKIE_AGE``, unless the
        project has called ``request.session.set_expiry()``).

    It says "proven just now", and so takes the current version where ``SESSIONKIT_VERSION`` is set; a version in
    ``data`` does not count. To change what was read before, call :func:`update_session`.

    Sends ``session_registered``. Raises :class:`~django_sessionkit.exceptions.ReadOnlySource` for a source that only
    reads.
    """
    return run(writes.register(request, data, ttl))


async def aset_session(request: HttpRequest, data: Mapping[str, Any], *, ttl: float | None = None) -> Session:
    """:func:`set_session` for ASGI."""
    return await arun(writes.register(request, data, ttl))


def update_session(request: HttpRequest, changes: Mapping[str, Any], *, ttl: float | None = None) -> Session:
    """Merge ``changes`` into the session; the result is validated before anything changes.

    Raises :class:`~django_sessionkit.NotAuthenticated` without a session and
    :class:`~django_sessionkit.InvalidSession` for a bad result or another ``user_id``. The session key and CSRF token
    change when roles or permissions change, more or fewer. So a slower request that saves what it had read fails, and
    cannot bring the old ones back. In such a request, Django's ``SessionInterrupted`` is raised. Sends
    ``session_updated``.
    """
    return run(writes.update(request, changes, ttl))


async def aupdate_session(request: HttpRequest, changes: Mapping[str, Any], *, ttl: float | None = None) -> Session:
    """:func:`update_session` for ASGI."""
    return await arun(writes.update(request, changes, ttl))


def clear_session(request: HttpRequest) -> None:
    """Remove the session and leave the visitor's other data alone, under a new session key and with the store's usual
    expiry. Idempotent.

    Sends ``session_cleared`` if there was a session. To drop everything, call Django's ``logout()``. With the
    bridge from ``contrib.auth`` this does so too, for the log-in would bring the session back.
    """
    run(writes.clear(request))


async def aclear_session(request: HttpRequest) -> None:
    """:func:`clear_session` for ASGI."""
    await arun(writes.clear(request))


def regenerate_session(request: HttpRequest) -> None:
    """Give the stored session a new key and keep its data; the old key is worthless.

    Raises Django's ``SessionInterrupted`` if another request has ended the session since this one has read it.
    """
    run(writes.regenerate(request))


async def aregenerate_session(request: HttpRequest) -> None:
    """:func:`regenerate_session` for ASGI."""
    await arun(writes.regenerate(request))


def revoke_sessions(user_id: str, *, refresh: bool = True) -> None:
    """Let no stored session of a user count any more, on all nodes within ``SESSIONKIT_VERSION_INTERVAL`` seconds.

    Call it when rights have changed in the database. Within a transaction it takes effect at once and again with the
    commit, so that no other node keeps what it has read in between; a session that is registered inside the
    transaction ends with it too.

    :param user_id: as in the session dict, a string.
    :param refresh: whether ``SESSIONKIT_REFRESH`` may renew the sessions (new rights, still logged in). ``False`` ends
        them: "sign out everywhere". Without that setting they end in both cases.

    Raises :class:`~django_sessionkit.InvalidSession` for what is no user id,
    :class:`~django_sessionkit.exceptions.InvalidPolicy` without a ``SESSIONKIT_VERSION`` that can be bumped, and
    :class:`~django_sessionkit.exceptions.VersionUnavailable` if it has failed; then nothing is revoked. A failure at
    the commit is a line in the log.
    """
    run(writes.revoke(user_id, refresh))


async def arevoke_sessions(user_id: str, *, refresh: bool = True) -> None:
    """:func:`revoke_sessions` for ASGI."""
    await arun(writes.revoke(user_id, refresh))
