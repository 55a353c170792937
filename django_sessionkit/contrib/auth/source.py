"""The session source of the bridge, and the function that renews a session of it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from asgiref.sync import sync_to_async
from django.apps import apps as registry
from django.contrib.auth import get_user

from django_sessionkit import conf
from django_sessionkit.exceptions import InvalidSession
from django_sessionkit.session.loader import current_loader
from django_sessionkit.session.value import STAMP, Session
from django_sessionkit.sources import DjangoSessionSource
from django_sessionkit.utils.sansio import run

from . import users

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest

    from . import AuthBridge

#: the label of the app config of the bridge
LABEL = "sessionkit_auth"
#: the request attribute with the temporary store of a session for this request only
_TRANSIENT = "_sessionkit_lent"
#: the request attribute with the ``request.user`` of the time when the session was read
_SEEN = "_sessionkit_seen"
_HINT = "use ModelBackend in AUTHENTICATION_BACKENDS, which does not log in inactive users, or set is_active"


class AuthSource(DjangoSessionSource):
    """Read the dict in ``request.session``, as long as it belongs to the user who is logged in to ``contrib.auth``.

    Loading the session runs the query of ``request.user``. A login without a dict gets one. The dict of a user who was
    logged out, deactivated or replaced is removed. If ``request.user`` is replaced during a request (by a token or by
    impersonation), the session of that request belongs to the new user; for an anonymous user there is none. The stored
    session does not change.
    """

    follows_user = True
    maker = "AuthBridge.session_of()"

    def _store_of(self, request: HttpRequest) -> SessionBase | None:
        lent = transient(request)
        return lent if lent is not None else super()._store_of(request)

    def read(self, request: HttpRequest) -> object:
        self._begin(request)
        kept, user = super().read(request), users.user_of(request)
        return kept if _is_of(request, kept, user) else self._renewed(request, user)

    async def aread(self, request: HttpRequest) -> object:
        self._begin(request)
        kept, user = await super().aread(request), await users.auser_of(request)
        return kept if _is_of(request, kept, user) else await sync_to_async(self._renewed)(request, user)

    def watch(self, request: HttpRequest) -> Callable[[], object] | None:
        look = super().watch(request)
        return _watching(look, request) if look is not None else None

    def is_current(self, request: HttpRequest) -> bool:
        """Return ``True`` until ``request.user`` is replaced."""
        return _is_as_seen(vars(request))

    def end(self, request: HttpRequest) -> None:
        """Log out of ``contrib.auth`` too. Otherwise the next request would create the dict again."""
        self._needed(request).flush()
        if transient(request) is None:
            users.forget_user(request)

    async def aend(self, request: HttpRequest) -> None:
        await self._needed(request).aflush()
        if transient(request) is None:
            users.forget_user(request)

    def _begin(self, request: HttpRequest) -> None:
        restore(request)
        setattr(request, _SEEN, vars(request).get("user"))

    def _renewed(self, request: HttpRequest, user: Any) -> object:
        is_transient = self._is_borrowing(request, user)
        if is_transient:
            setattr(request, _TRANSIENT, users.RequestStore())
        else:
            self.remove(request)  # it belongs to no user, or to another one
        if users.is_inactive(user):
            raise InvalidSession("session", "is of a user who is not active", _HINT)
        if users.user_id(user) is None:
            return None
        data = self._filled(request, user)
        if data is not None:
            self.write(request, data)
            if (seconds := conf.current().session_ttl) is not None:
                self.expire_in(request, seconds)
        elif not is_transient:
            self.end(request)
        return data

    def _is_borrowing(self, request: HttpRequest, user: Any) -> bool:
        """Return ``True`` if ``user`` applies to this request only, or is anonymous in it only (as in a DRF view that
        accepts no cookie), or if the request has no store.
        """
        if users.user_id(user) is not None:
            return not users.is_logged_in(request, user)
        return not hasattr(request, "session") or users.user_id(get_user(request)) is not None

    def _filled(self, request: HttpRequest, user: Any) -> dict[str, Any] | None:
        """Return the dict for a login without one, or ``None`` if the login may be older than a revocation."""
        loader = current_loader()
        stamp = run(loader.versions.version_for_new(request, str(user.pk)))
        data = _bridge().current_dict(request, user, stamp)
        if data is None:
            return None
        loader.parse_stored(data)  # an invalid dict raises here, before the caller would log the user out
        if not stamp or users.is_other_user(request, user) or run(loader.versions.may_renew(None, stamp[STAMP])):
            return data
        return None


def refresh(session: Session, request: HttpRequest) -> dict[str, Any] | None:
    """Return the current dict for a session that is out of date. The bridge uses it for ``SESSIONKIT_REFRESH``."""
    user = users.user_of(request)
    is_own = users.user_id(user) == session.user_id and not users.is_other_user(request, user)
    now = get_user(request) if is_own else None
    return _bridge().dict_of(now) if users.user_id(now) == session.user_id else None


def _bridge() -> AuthBridge:
    return cast("AuthBridge", registry.get_app_config(LABEL))


def transient(request: HttpRequest) -> users.RequestStore | None:
    """Return the temporary store of a session for this request only, or ``None``."""
    return getattr(request, _TRANSIENT, None)


def restore(request: HttpRequest) -> None:
    """Use the stored session again."""
    vars(request).pop(_TRANSIENT, None)


def _is_of(request: HttpRequest, kept: object, user: Any) -> bool:
    """Return ``True`` if ``kept`` is the dict of ``user`` and ``user`` is logged in.

    An anonymous user has no dict.
    """
    owner = users.user_id(user)
    if _owner(kept) != owner:
        return False
    return users.is_logged_in(request, user) if owner is not None else not users.is_inactive(user)


def _watching(look: Callable[[], object], request: HttpRequest) -> Callable[[], object]:
    """Let the request see changes of its dict, but never the dict of another user than ``request.user``."""
    known, alive = look(), weakref.ref(request)
    owner = _owner(known)

    def watch() -> object:
        now, there = look(), getattr(alive(), "__dict__", {})
        if now is not known and _owner(now) != owner:
            return None
        return now if _is_as_seen(there) or users.may_have_session(there.get("user"), owner) else None

    return watch


def _is_as_seen(request: Mapping[str, Any]) -> bool:
    user = request.get("user")
    return request.get(_SEEN, user) is user


def _owner(kept: object) -> object:
    return kept.get("user_id") if isinstance(kept, Mapping) else None
