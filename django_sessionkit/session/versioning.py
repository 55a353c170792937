"""Compare the version of a stored session with the current version of its user, and refresh or end old sessions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from django_sessionkit import conf
from django_sessionkit.exceptions import (
    InvalidPolicy,
    InvalidSession,
    ReadOnlySource,
    SessionKitError,
    VersionUnavailable,
)
from django_sessionkit.policy.decisions import UNKNOWN_FOR_NOW
from django_sessionkit.sources import SessionSource
from django_sessionkit.utils.bounded_cache import keep
from django_sessionkit.utils.sansio import Flow, IOStep, user_call

from . import audit, login_fields
from .context import Fault, LoadedSession, SessionContext, loads, within
from .value import STAMP, Session

if TYPE_CHECKING:
    from django.http import HttpRequest

CurrentValue: TypeAlias = Callable[[], object] | None

_MOST_CACHED = 10_000
_LONGEST_CACHED = 500
# request attribute: the user id and the version that were just looked up
_NEW = "_sessionkit_new"
_OUT_OF_DATE = InvalidSession("session", "is out of date")
_UNSTAMPED = InvalidSession("session", "has no version, because it was not stored by set_session()")


def without_version(raw: object) -> object:
    """Return the stored dict without its version, for validation: the version is not a field of the session."""
    return split_version(raw)[0]


def split_version(raw: object) -> tuple[object, str | None]:
    """Return the stored dict without its version, and its version. It is ``None`` if there is none."""
    if not isinstance(raw, dict):
        return raw, None
    try:
        version = _text(raw.get(STAMP))
    except Exception:  # a hostile key, which the validation will refuse
        return raw, None
    if version is None:
        return raw, None
    return {key: value for key, value in dict.items(raw) if key != STAMP}, version


def is_function(data: object) -> TypeGuard[Callable[[], object]]:
    """Return ``True`` for a function without arguments, for ``set_session``. A view, for one, is a mistake."""
    try:
        signature(data).bind()  # type: ignore[arg-type]  # raises TypeError if it is not callable
    except (TypeError, ValueError):
        return False
    return not isinstance(data, Mapping)


def _text(version: object) -> str | None:
    if type(version) is int:
        return str(version)
    return version if type(version) is str and version else None


class VersionChecker:
    """Compare the version in a stored dict with the version from ``SESSIONKIT_VERSION``.

    One instance serves all requests with the same settings. ``parse`` validates a raw dict and returns the session.
    """

    def __init__(self, settings: conf.Settings, source: SessionSource, parse: Callable[[object], Session]) -> None:
        self._version: Any = settings.version
        self._refresh = settings.refresh
        self._interval = settings.version_interval
        self._source = source
        self._parse = parse
        self._remembered: dict[str, tuple[str, float]] = {}
        self._bumps = 0
        #: whether sessions have versions
        self.is_on: bool = settings.version is not None

    def check(
        self, request: HttpRequest, session: Session, stamp: str | None, raw: object, current_value: CurrentValue
    ) -> Flow[LoadedSession]:
        """Return the session if ``stamp`` is the current version. Otherwise refresh it, or end it."""
        new = vars(request).pop(_NEW, None)
        if stamp is not None and (new == (session.user_id, stamp) or self._is_cached(session.user_id, stamp)):
            return LoadedSession(session, raw, current_value, stamp)
        try:
            version = yield from self.current(session.user_id)
            if stamp == version:
                return LoadedSession(session, raw, current_value, stamp)
            return (yield from self._renewed(request, session, stamp, version, current_value))
        except VersionUnavailable as error:
            audit.version_unavailable(error)
            fault = Fault(UNKNOWN_FOR_NOW, str(error))
            return LoadedSession(None, raw, current_value).made_unavailable(
                session, fault
            )  # it stays stored and may become valid again

    def current(self, user_id: str) -> Flow[str]:
        """Return the current version from ``SESSIONKIT_VERSION``. Raises ``VersionUnavailable`` if this fails."""
        until, bumps = monotonic() + self._interval, self._bumps
        found = yield from _called("SESSIONKIT_VERSION", within(_LOOKING_UP, user_call(self._version, user_id)))
        version = _text(found)
        if version is None:
            raise VersionUnavailable("SESSIONKIT_VERSION returned neither a string nor an integer")
        is_short = len(user_id) + len(version) <= _LONGEST_CACHED
        if self._interval and is_short and bumps == self._bumps:  # else it may be from before a revocation
            keep(self._remembered, user_id, (version, until), _MOST_CACHED)
        return version

    def version_for(self, user_id: str) -> Flow[dict[str, str]]:
        """Return the current version, as the item to store in a new dict. Empty if sessions have no versions."""
        return {STAMP: (yield from self.current(user_id))} if self.is_on else {}

    def read_after(self, read: Callable[[], object]) -> Flow[tuple[Any, dict[str, str] | None]]:
        """Call ``read``, project code that returns the dict of a login, and return it with its version.

        The rights must not be older than the version, but the version can be looked up only for a known user. So
        ``read`` is called before and after that. Without versions it is called once.
        """
        data = yield user_call(read)
        if not self.is_on:
            return data, None
        user_id = self._parse(without_version(data)).user_id
        stamp = yield from self.version_for(user_id)
        data = yield user_call(read)
        if self._parse(without_version(data)).user_id != user_id:
            raise InvalidSession("user_id", "is not the same in two calls of the function")
        return data, stamp

    def version_for_new(self, request: HttpRequest, user_id: str) -> Flow[dict[str, str]]:
        """Return :meth:`version_for` for a dict that the source creates while reading, and note it for :meth:`check`.

        So the version is not looked up twice.
        """
        stamp = yield from self.version_for(user_id)
        setattr(request, _NEW, (user_id, stamp.get(STAMP)))
        return stamp

    def carried_version(self, loaded: LoadedSession | None) -> dict[str, str]:
        """Return the version of ``loaded``, as the item to store in its updated dict.

        An update keeps the old version, so that it does not make outdated rights current.
        """
        return {STAMP: loaded.version} if loaded is not None and loaded.version is not None else {}

    def carries_version(self, loaded: LoadedSession, stamp: str | None) -> bool:
        """Return ``True`` if a dict stored during the request has the version that was current when it was loaded."""
        return not self.is_on or (loaded.version is not None and stamp == loaded.version)

    def may_renew(self, stamp: str | None, version: str) -> Flow[bool]:
        """Return ``True`` if a session with the version ``stamp`` (or ``None``) may be refreshed.

        It may not if the sessions of its user were ended in the meantime.
        """
        may_refresh = getattr(self._version, "may_refresh", None)
        if may_refresh is None:
            return True
        return (yield from _called("SESSIONKIT_VERSION", user_call(may_refresh, stamp, version))) is True

    def bump(self, user_id: str, refresh: bool) -> Flow[None]:
        """Make all sessions of a user out of date, on all nodes. With ``refresh`` they may be refreshed."""
        bump = getattr(self._version, "bump", None)
        if not callable(bump):
            fault = "has no bump(user_id, *, refresh)" if self.is_on else "is not set"
            raise InvalidPolicy(
                "SESSIONKIT_VERSION",
                f"{fault}, so sessions cannot be revoked",
                'use "django_sessionkit.versions.cached_version", which has it',
            )
        yield from _called("SESSIONKIT_VERSION", user_call(partial(bump, refresh=refresh), user_id))
        self._bumps += 1
        self._remembered.pop(user_id, None)

    def _is_cached(self, user_id: str, stamp: str) -> bool:
        version, until = self._remembered.get(user_id, ("", 0.0))
        return version == stamp and monotonic() < until

    def _renewed(
        self, request: HttpRequest, session: Session, stamp: str | None, version: str, current_value: CurrentValue
    ) -> Flow[LoadedSession]:
        """Refresh the session by ``SESSIONKIT_REFRESH``. If that is not possible, end it."""
        source, fresh = self._source, None
        if self._refresh is not None and (yield from self.may_renew(stamp, version)):
            fresh = yield from self._refreshed(self._refresh, session, request)
        if fresh is None:
            yield IOStep(partial(source.end, request), partial(source.aend, request))
            yield from audit.rejected(request, _UNSTAMPED if stamp is None else _OUT_OF_DATE)
            return LoadedSession(None, current_value() if current_value is not None else None, current_value)
        stored: Any = {**fresh.to_dict(), STAMP: version}
        try:
            yield IOStep(partial(source.write, request, stored), partial(source.awrite, request, stored))
        except ReadOnlySource:
            # a read-only source must update its dict itself
            stored = current_value() if current_value is not None else None
        yield from audit.refreshed(request, session, fresh)
        return LoadedSession(fresh, stored, current_value, version)

    def _refreshed(
        self, refresh: Callable[..., object], session: Session, request: HttpRequest
    ) -> Flow[Session | None]:
        try:
            with loads.calling(*_REFRESH):
                step = within(_REFRESHING, user_call(refresh, session, request))
                found = yield from _called("SESSIONKIT_REFRESH", step)
            kept = login_fields.with_login_of(session, without_version(found))
            fresh = self._parse(kept) if found is not None else None
        except InvalidSession as error:
            raise VersionUnavailable(f"SESSIONKIT_REFRESH returned an invalid dict: {error}") from None
        if fresh is not None and fresh.user_id != session.user_id:
            raise VersionUnavailable("SESSIONKIT_REFRESH returned the dict of another user")
        return fresh


class NoSessionHere(SessionContext):
    """The current context while project code takes part in loading a session. Loading it again raises an error."""

    __slots__ = ("error",)

    def __init__(self, name: str, hint: str, fault: str = "must not read the session while it is loading") -> None:
        super().__init__(None, None)
        self.error = name, fault, hint

    def flow(self) -> Flow[Session | None]:
        raise InvalidPolicy(*self.error)


_LOOKING_UP = NoSessionHere("SESSIONKIT_VERSION", "use its argument, the user_id")
_REFRESH = "SESSIONKIT_REFRESH", "use its argument, the session"
_REFRESHING = NoSessionHere(*_REFRESH)


def _called(name: str, step: IOStep) -> Flow[Any]:
    """Run a step that calls project code or a cache. Raises ``VersionUnavailable`` if it fails."""
    try:
        return (yield step)
    except SessionKitError as error:
        raise VersionUnavailable(f"{name} failed: {error}") from error
    except Exception as error:
        raise VersionUnavailable(f"{name} raised {type(error).__name__}") from error
