"""The bridge from ``django.contrib.auth``: a user who logs in to Django gets a session for as long as the login lasts.

Add ``"django_sessionkit.contrib.auth.AuthBridge"`` to ``INSTALLED_APPS``.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from asgiref.sync import sync_to_async
from django.apps import AppConfig
from django.apps import apps as registry  # importing the module "apps" sets that name here
from django.contrib.auth import get_user
from django.contrib.auth.signals import user_logged_in, user_logged_out

from django_sessionkit import conf
from django_sessionkit.conf import installed
from django_sessionkit.exceptions import InvalidSession, SessionUnavailable
from django_sessionkit.session import audit, writer
from django_sessionkit.session.loader import current_loader, own_context
from django_sessionkit.session.validation import SessionValidator
from django_sessionkit.session.value import STAMP, Session
from django_sessionkit.sources import DjangoSessionSource
from django_sessionkit.utils.sansio import run

from . import users
from .roles import StatusRoles

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest

#: the request attribute with the temporary store of a session for this request only
_TRANSIENT = "_sessionkit_lent"
#: the request attribute with the ``request.user`` of the time when the session was read
_SEEN = "_sessionkit_seen"
_HINT = "use ModelBackend in AUTHENTICATION_BACKENDS, which does not log in inactive users, or set is_active"


class AuthBridge(StatusRoles, AppConfig):
    """The app config for ``INSTALLED_APPS``. Subclass it to change the dict of a session (:meth:`session_of`)."""

    name = "django_sessionkit.contrib.auth"
    label = "sessionkit_auth"
    verbose_name: Any = "SessionKit for django.contrib.auth"
    #: ``False``, so the apps.py of a project may import this class without installing it
    default = False
    #: the source, unless ``SESSIONKIT_SOURCE`` is set
    sessionkit_source = "django_sessionkit.contrib.auth.AuthSource"
    #: the function that renews an out-of-date session, unless ``SESSIONKIT_REFRESH`` is set
    sessionkit_refresh = "django_sessionkit.contrib.auth.refresh"

    def ready(self) -> None:
        """Connect to the login and logout signals of Django."""
        installed.require_middleware()
        conf.reset()  # settings that were read before do not know the source
        user_logged_in.connect(self._begin)
        user_logged_out.connect(self._end)

    def session_of(self, user: Any) -> dict[str, Any]:
        """Return the dict for ``user``: id, e-mail, roles and permissions. Override it to change this.

        The roles are the groups, with ``staff_role`` and ``superuser_role``. A superuser has every permission by the
        role, and no list of them.

        It may use the ORM: under ASGI it runs in a thread. ``user_id`` is always ``str(user.pk)``. If the dict does not
        pass validation, the user has no session.
        """
        return {
            "user_id": str(user.pk),
            "email": users.email_of(user),
            "roles": self.roles_of(user),
            "permissions": self.permissions_of(user),
        }

    def sessionkit_dict_of(self, name: str) -> dict[str, Any] | None:
        """Return the dict for a login name or primary key, ``None`` for an inactive user. Raises ``LookupError``."""
        user = users.find_user(name)
        return self._dict_of(user) if users.user_id(user) is not None else None

    def _dict_of(self, user: Any) -> dict[str, Any]:
        """Return :meth:`session_of` with the id of the user, and without an invalid e-mail address."""
        data = {**self.session_of(user), "user_id": str(user.pk)}
        try:
            SessionValidator(conf.current().limits).session({"user_id": "-", "email": data.get("email")})
        except InvalidSession as error:
            audit.without_email(error.reason)
            del data["email"]
        return data

    def _now(self, request: HttpRequest, user: Any, stamp: dict[str, str]) -> dict[str, Any] | None:
        """Return :meth:`_dict_of` with the version that was looked up, or ``None`` for a user who is not active. The
        user is read again, because the permissions must never be older than the version.
        """
        now = users.reload_user(request, user) if stamp else user
        return {**self._dict_of(now), **stamp} if users.user_id(now) == str(user.pk) else None

    def _begin(self, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        if not self._is_installed() or not users.is_logged_in(request, user):
            return  # authenticated without a session, for example by a token: there is no store to write to
        loader = current_loader()
        # set_session() must find this login, and not the session of an earlier one.
        _restore(request)
        if (context := own_context(request)) is not None:
            context.invalidate()
        try:
            stamp = run(loader.versions.version_for(str(user.pk)))
            data = self._now(request, user, stamp)
            if data is None:
                return
            loader.parse_stored(data)
            if loader.keeps_another(request, data):
                loader.source.rotate(request)  # login() gives no new key to a user who is already logged in
            loader.source.write(request, data)
            run(writer.register(request, data, None, stamp))
        except SessionUnavailable as error:
            audit.version_unavailable(error)
            loader.source.remove(request)  # the dict of an earlier login
        except InvalidSession as error:
            audit.refused("contrib.auth", AuthSource.maker, error)
            run(writer.clear(request, and_log_out=False))  # the dict of an earlier login is out of date

    def _end(self, request: HttpRequest, **kwargs: Any) -> None:
        if not self._is_installed() or not hasattr(request, "session"):
            return
        if _transient(request) is None and isinstance(current_loader().source, DjangoSessionSource):
            # logout() empties the store next. If the user came from a token, the login of the cookie stays.
            run(writer.announce_end(request))
        else:
            run(writer.clear(request, and_log_out=False))

    def _is_installed(self) -> bool:
        """Return ``False`` for the app of settings that are overridden: its signal receivers are still connected."""
        return registry.app_configs.get(self.label) is self


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
        transient = _transient(request)
        return transient if transient is not None else super()._store_of(request)

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
        if _transient(request) is None:
            users.forget_user(request)

    async def aend(self, request: HttpRequest) -> None:
        await self._needed(request).aflush()
        if _transient(request) is None:
            users.forget_user(request)

    def _begin(self, request: HttpRequest) -> None:
        _restore(request)
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
        accepts no cookie).
        """
        if users.user_id(user) is not None:
            return not users.is_logged_in(request, user)
        return users.has_login(request) and users.user_id(get_user(request)) is not None

    def _filled(self, request: HttpRequest, user: Any) -> dict[str, Any] | None:
        """Return the dict for a login without one, or ``None`` if the login may be older than a revocation."""
        loader = current_loader()
        stamp = run(loader.versions.version_for_new(request, str(user.pk)))
        data = _bridge()._now(request, user, stamp)
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
    return _bridge()._dict_of(now) if users.user_id(now) == session.user_id else None


def _bridge() -> AuthBridge:
    return cast("AuthBridge", registry.get_app_config(AuthBridge.label))


def _transient(request: HttpRequest) -> users.RequestStore | None:
    return getattr(request, _TRANSIENT, None)


def _restore(request: HttpRequest) -> None:
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
