"""The flows of the functions in ``changes``, which change or revoke sessions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import connections
from django.middleware.csrf import rotate_token

from django_sessionkit import signals
from django_sessionkit.access import effective
from django_sessionkit.exceptions import InvalidSession, NotAuthenticated, VersionUnavailable
from django_sessionkit.utils.numbers import is_finite
from django_sessionkit.utils.sansio import MAY_BLOCK, Flow, IOStep, run
from django_sessionkit.utils.text import described

from . import audit, login_fields
from .context import LoadedSession, SessionContext
from .loader import SessionLoader, current_loader, own_context
from .tenants import placed
from .validation import SessionValidator
from .value import STAMP, Session
from .versioning import is_function

if TYPE_CHECKING:
    from django.http import HttpRequest


def register(
    request: HttpRequest,
    data: Mapping[str, Any] | Callable[[], Any],
    ttl: float | None,
    stamp: dict[str, str] | None = None,
) -> Flow[Session]:
    """The flow of :func:`django_sessionkit.set_session`.

    ``stamp`` is the version to store, if the caller looked it up before it read ``data``. By default it is the current
    version.
    """
    yield MAY_BLOCK
    loader = current_loader()
    seconds = _seconds(loader, ttl)
    context = context_of(loader, request)  # first, so that swapped arguments are reported as such
    if is_function(data):
        data, stamp = yield from loader.versions.read_after(data)
    session = loader.validate(data)
    if session.auth_time is None:
        session = loader.validate(login_fields.with_auth_time(session))
    if stamp is None:
        stamp = yield from loader.versions.version_for(session.user_id)
    before = yield from context.flow()
    session = placed(session, request)
    owner = before or _unavailable_session(context)
    if owner is not None and (owner.user_id, owner.get("act")) != (session.user_id, session.get("act")):
        yield from _rotate(loader, request, empty_for=session.user_id)
    elif before is None or (yield from _has_other_rights(loader, before, session)):
        yield from renew_key(loader, request, session.user_id)
    yield from store(loader, request, session, stamp, seconds)
    yield audit.sending(signals.session_registered, request=request, **audit.people(session))
    return session


def update(request: HttpRequest, changes: Mapping[str, Any], ttl: float | None) -> Flow[Session]:
    """The flow of :func:`django_sessionkit.update_session`."""
    yield MAY_BLOCK
    loader = current_loader()
    seconds = _seconds(loader, ttl)
    context = context_of(loader, request)
    before = yield from context.flow()
    if before is None:
        raise NotAuthenticated(message="update_session() found no session to change. Call set_session() first.")
    session = placed(loader.validate(_merged(before, changes)), request)
    if session.user_id != before.user_id:
        raise InvalidSession("user_id", "cannot be changed by an update; use set_session()")
    login_fields.check_unchanged(before, session)
    stamp = loader.versions.carried_version(context.loaded)
    if before.get("act") != session.get("act") or (yield from _has_other_rights(loader, before, session)):
        yield from _rotate(loader, request)
    yield from store(loader, request, session, stamp, seconds)
    changed = audit.changed_fields(before, session)
    yield audit.sending(signals.session_updated, request=request, **audit.people(session), changed=changed)
    return session


def confirm(request: HttpRequest, amr: Sequence[str]) -> Flow[Session]:
    """The flow of :func:`django_sessionkit.confirm_session`."""
    yield MAY_BLOCK
    loader = current_loader()
    context = context_of(loader, request)
    before = yield from context.flow()
    if before is None:
        raise NotAuthenticated(message="confirm_session() found no session to confirm. Call set_session() first.")
    session = placed(loader.validate(login_fields.confirmed(before, amr, loader.settings.limits)), request)
    stamp = loader.versions.carried_version(context.loaded)
    yield from _rotate(loader, request)
    yield from store(loader, request, session, stamp, None)
    yield audit.sending(signals.session_confirmed, request=request, **audit.people(session))
    return session


def clear(request: HttpRequest, *, and_log_out: bool = True) -> Flow[None]:
    """The flow of :func:`django_sessionkit.clear_session`.

    With ``and_log_out``, also remove the data from which the source would create the dict again.
    """
    yield MAY_BLOCK
    loader = current_loader()
    source, context = loader.source, context_of(loader, request)
    before = (yield from context.flow()) or _unavailable_session(context)
    if before is None:
        return
    try:
        yield from _rotate(loader, request)
    except SessionInterrupted:
        yield from _rotate(loader, request, empty_for="")  # ends it under the new key too
    yield _expiry(loader, request, None)  # otherwise its ttl would apply to the next session
    end, aend = (source.end, source.aend) if and_log_out else (source.remove, source.aremove)
    yield IOStep(partial(end, request), partial(aend, request))
    context.replace(LoadedSession(None, None, source.watch(request)))
    yield audit.sending(signals.session_cleared, request=request, **audit.people(before))


def announce_end(request: HttpRequest) -> Flow[None]:
    """Send ``session_cleared`` for a session whose store is about to be emptied.

    Only the key is changed, so that no concurrent request can carry the session on under another key.
    """
    loader = current_loader()
    context = context_of(loader, request)
    before = (yield from context.flow()) or _unavailable_session(context)
    if before is not None:
        yield from renew_key(loader, request, "")
        yield audit.sending(signals.session_cleared, request=request, **audit.people(before))


def regenerate(request: HttpRequest) -> Flow[None]:
    """The flow of :func:`django_sessionkit.regenerate_session`."""
    yield MAY_BLOCK
    loader = current_loader()
    context_of(loader, request)
    yield _rotation(loader, request)


def revoke(user_id: str, refresh: bool) -> Flow[None]:
    """The flow of :func:`django_sessionkit.revoke_sessions`."""
    yield MAY_BLOCK
    loader = current_loader()
    known = SessionValidator(loader.settings.limits).session({"user_id": user_id}).user_id
    yield from loader.versions.bump(known, refresh)
    audit.revoked(known, refresh)
    again = partial(_again_on_commit, known, refresh)
    yield IOStep(again, sync_to_async(again))


def _again_on_commit(user_id: str, refresh: bool) -> None:
    """Revoke again when open transactions of this thread commit.

    Until the commit, another node may read the old rights from the database and store them.
    """
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            connection.on_commit(partial(_at_commit, user_id, refresh))


def _at_commit(user_id: str, refresh: bool) -> None:
    try:
        run(current_loader().versions.bump(user_id, refresh))
    except VersionUnavailable as error:
        audit.not_revoked_again(user_id, error)  # raising would skip later on_commit() hooks


def _unavailable_session(context: SessionContext) -> Session | None:
    """Return a stored session that grants nothing at the moment, because its version could not be looked up."""
    return context.loaded.unavailable if context.loaded is not None else None


def context_of(loader: SessionLoader, request: HttpRequest) -> SessionContext:
    """Return the context of the request, because writes never change a session of ``use_session``.

    Raises ``TypeError`` for an object that is no request.
    """
    if not hasattr(request, "META"):
        raise TypeError(
            "Functions that change the session take the request as their first argument, as in "
            f"set_session(request, data), not {described(request)}."
        )
    return own_context(request) or SessionContext(loader, request)


def _rotate(loader: SessionLoader, request: HttpRequest, *, empty_for: str | None = None) -> Flow[None]:
    """Give the store a new key and the visitor a new CSRF token, as Django's ``login()`` does.

    A key that someone else knew before the login is useless afterwards. If a concurrent request saves the old data
    under the old key, it fails, so it cannot restore rights that were removed in the meantime. Raises
    ``SessionInterrupted`` if a concurrent request has replaced the key.
    """
    yield _rotation(loader, request, empty_for=empty_for)
    rotate_token(request)


def renew_key(loader: SessionLoader, request: HttpRequest, user_id: str) -> Flow[None]:
    """Rotate the key. If a concurrent request has replaced it, empty the store, apart from a login of ``user_id``."""
    for empty_for in (None, user_id):
        try:
            yield from _rotate(loader, request, empty_for=empty_for)
            return
        except SessionInterrupted:
            continue


def _rotation(loader: SessionLoader, request: HttpRequest, *, empty_for: str | None = None) -> IOStep:
    source = loader.source
    return IOStep(
        partial(source.rotate, request, empty_for=empty_for), partial(source.arotate, request, empty_for=empty_for)
    )


def _expiry(loader: SessionLoader, request: HttpRequest, seconds: float | None) -> IOStep:
    source = loader.source
    return IOStep(partial(source.expire_in, request, seconds), partial(source.aexpire_in, request, seconds))


def store(
    loader: SessionLoader, request: HttpRequest, session: Session, stamp: dict[str, str], seconds: float | None
) -> Flow[None]:
    """Write the dict of ``session`` with its version, and make it current. It expires in ``seconds``, if given."""
    source, data = loader.source, {**session.to_dict(), **stamp}
    yield IOStep(partial(source.write, request, data), partial(source.awrite, request, data))
    if seconds is not None:
        yield _expiry(loader, request, seconds)
    context_of(loader, request).replace(LoadedSession(session, data, source.watch(request), stamp.get(STAMP)))


def _merged(before: Session, changes: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(changes, Mapping):
        raise InvalidSession("session", f"the changes must be a mapping, not {described(changes)}")
    return {**before.to_dict(), **changes}


def _has_other_rights(loader: SessionLoader, before: Session, after: Session) -> Flow[bool]:
    """Return ``True`` if roles or permissions differ, in the dicts or after the access policy; also if that fails."""
    if _as_sets(before.grants_key) != _as_sets(after.grants_key) or before.get("tenants") != after.get("tenants"):
        return True
    policy = loader.settings.policy
    try:
        old = yield from effective(policy, before)
        new = yield from effective(policy, after)
    except Exception as error:
        audit.logger.error("the access policy raised %s. The session key is rotated.", type(error).__name__)
        return True
    return (new.roles, new.permissions) != (old.roles, old.permissions)


def _as_sets(rights: tuple[str | None, tuple[str, ...], tuple[str, ...]]) -> tuple[object, ...]:
    """Ignore the order of names."""
    role, roles, permissions = rights
    return role, frozenset(roles), frozenset(permissions)


def _seconds(loader: SessionLoader, ttl: Any) -> float | None:
    if ttl is None:
        return loader.settings.session_ttl
    if not is_finite(ttl) or ttl <= 0:
        hint = " Write ttl.total_seconds()." if isinstance(ttl, timedelta) else ""
        raise ValueError(f"ttl must be a positive number of seconds, not {ttl!r}.{hint}")
    return ttl
