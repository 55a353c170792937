"""The bridge from ``django.contrib.auth``: whoever logs in there has a session here, for as long as that log-in lasts.

Add ``"django_sessionkit.contrib.auth.AuthBridge"`` to ``INSTALLED_APPS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.apps import AppConfig, apps
from django.contrib.auth import SESSION_KEY, aget_user, get_user
from django.contrib.auth.signals import user_logged_in, user_logged_out

from django_sessionkit import audit, conf
from django_sessionkit.changes import clear_session, set_session
from django_sessionkit.exceptions import InvalidSession, VersionUnavailable
from django_sessionkit.flows import run
from django_sessionkit.freshness import STAMP
from django_sessionkit.origin import current_origin, own_slot
from django_sessionkit.session import Session
from django_sessionkit.sources import DjangoSessionSource

if TYPE_CHECKING:
    from django.http import HttpRequest


class AuthBridge(AppConfig):
    """``"django_sessionkit.contrib.auth.AuthBridge"`` in ``INSTALLED_APPS``; a subclass may say what is in the dict."""

    name = "django_sessionkit.contrib.auth"
    label = "sessionkit_auth"
    verbose_name = "SessionKit for django.contrib.auth"
    #: a project's apps.py may import this class without installing it
    default = False
    #: the source, unless ``SESSIONKIT_SOURCE`` names another
    sessionkit_source = "django_sessionkit.contrib.auth.AuthSource"
    #: what renews a session that is out of date, unless ``SESSIONKIT_REFRESH`` names another
    sessionkit_refresh = "django_sessionkit.contrib.auth.refresh"

    def ready(self) -> None:
        """Follow log-in and log-out."""
        conf.latest = None  # if somebody has asked for the settings already, they do not know the source
        user_logged_in.connect(self._begin)
        user_logged_out.connect(self._end)

    def session_of(self, user: Any) -> dict[str, Any]:
        """The dict for ``user``: id, e-mail, groups as roles, and all permissions. Override it to add or leave out.

        May use the ORM: under ASGI it runs in a thread. ``user_id`` is ``str(user.pk)`` whatever this says; a dict that
        does not pass validation gives no session.
        """
        return {
            "user_id": str(user.pk),
            "email": getattr(user, user.get_email_field_name(), None),
            "roles": sorted(user.groups.values_list("name", flat=True)) if hasattr(user, "groups") else [],
            "permissions": sorted(user.get_all_permissions()) if hasattr(user, "get_all_permissions") else [],
        }

    def _dict_of(self, user: Any) -> dict[str, Any]:
        """:meth:`session_of`, under the id by which it is recognised."""
        return {**self.session_of(user), "user_id": str(user.pk)}

    def _now(self, request: HttpRequest, user: Any, stamp: dict[str, str]) -> dict[str, Any] | None:
        """:meth:`_dict_of` with the version that was looked up. Rights must never be older than that, so the user is
        read again; ``None`` for whom Django would not log in.
        """
        now = _read_again(request, user) if stamp else user
        return {**self._dict_of(now), **stamp} if _user_id(now) == str(user.pk) else None

    def _begin(self, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        if not self._is_installed() or not _is_logged_in(request, user):
            return  # proven by a token, say: there is nothing that could be kept
        origin = current_origin()
        try:
            data = self._now(request, user, run(origin.freshness.stamp_for(str(user.pk))))
            if data is None:
                return
            origin.opened(data)
            # set_session() is to find what has just begun, not what an earlier log-in has left.
            origin.source.write(request, data)
            if (slot := own_slot(request)) is not None:
                slot.forget()
            set_session(request, data)
        except InvalidSession as error:
            _no_session(error)
            clear_session(request)  # what an earlier log-in has left is of then
        except VersionUnavailable as error:
            audit.out_of_reach(error)
            origin.source.remove(request)  # what an earlier log-in has left

    def _end(self, request: HttpRequest, **kwargs: Any) -> None:
        if self._is_installed() and hasattr(request, "session"):
            clear_session(request)

    def _is_installed(self) -> bool:
        """While settings are overridden, the apps of before live on."""
        return apps.app_configs.get(self.label) is self


class AuthSource(DjangoSessionSource):
    """The dict in ``request.session``, while its user is the one whom ``contrib.auth`` has logged in.

    That costs the query of ``request.user``, and only where somebody asks for the session. A log-in without a dict
    gets one; the dict of a user who has been logged out, deactivated or exchanged is removed. Who is somebody else for
    one request (by a token, or impersonating) has a session for that request, and nothing of the log-in is touched.
    """

    def read(self, request: HttpRequest) -> object:
        kept, user = super().read(request), _user(request)
        return self._kept(request, kept) if _owner(kept) == _user_id(user) else self._renewed(request, user)

    async def aread(self, request: HttpRequest) -> object:
        kept, user = await super().aread(request), await _auser(request)
        if _owner(kept) == _user_id(user):
            return self._kept(request, kept)
        return await sync_to_async(self._renewed)(request, user)

    def watch(self, request: HttpRequest) -> Callable[[], object] | None:
        lent: object = getattr(request, "_sessionkit_lent", None)
        if lent is not None:
            return lambda: lent
        look = super().watch(request)
        return _watching(look) if look is not None else None

    def end(self, request: HttpRequest) -> None:
        """Log out of ``contrib.auth`` too, or the dict would be filled again."""
        if not _is_another(request, _user(request)):
            request.session.flush()
            _forget_user(request)

    async def aend(self, request: HttpRequest) -> None:
        if not _is_another(request, await _auser(request)):
            await request.session.aflush()
            _forget_user(request)

    def _kept(self, request: HttpRequest, kept: object) -> object:
        request._sessionkit_lent = None  # type: ignore[attr-defined]
        return kept

    def _renewed(self, request: HttpRequest, user: Any) -> object:
        store = getattr(request, "session", None)
        if store is None:
            return None
        if _user_id(user) is None or SESSION_KEY not in store:  # a user whom a token has proven is nobody to store
            self.remove(request)
            return None
        try:
            data = self._filled(request, user)
        except VersionUnavailable as error:
            audit.out_of_reach(error)
            return None
        except InvalidSession as error:
            _no_session(error)
            return None
        if _is_another(request, user):
            request._sessionkit_lent = data  # type: ignore[attr-defined]
            return data
        if data is None:
            self.end(request)
            return None
        self.write(request, data)
        if (seconds := conf.current().session_ttl) is not None:
            self.expire_in(request, seconds)
        return data

    def _filled(self, request: HttpRequest, user: Any) -> dict[str, Any] | None:
        """The dict for a log-in that has none, or ``None`` if it may be older than the end of its user's sessions."""
        origin = current_origin()
        stamp = run(origin.freshness.stamp_for(str(user.pk)))
        data = _bridge()._now(request, user, stamp)
        if data is None:
            return None
        origin.opened(data)  # a dict that is not valid is no session, and no reason to log out
        if not stamp or _is_another(request, user) or run(origin.freshness.may_begin(None, stamp[STAMP])):
            return data
        return None


def refresh(session: Session, request: HttpRequest) -> dict[str, Any] | None:
    """The dict as it is now, for a session that is out of date; what the bridge brings for ``SESSIONKIT_REFRESH``."""
    user = _user(request)
    is_own = _user_id(user) == session.user_id and not _is_another(request, user)
    now = get_user(request) if is_own else None
    return _bridge()._dict_of(now) if _user_id(now) == session.user_id else None


def _no_session(error: InvalidSession) -> None:
    audit.security_logger.error("contrib.auth log-in without a session: field=%s reason=%s", error.field, error.reason)


def _bridge() -> AuthBridge:
    return apps.get_app_config(AuthBridge.label)  # type: ignore[return-value]


def _watching(look: Callable[[], object]) -> Callable[[], object]:
    """Changes in the request are seen, but never the dict of somebody else."""
    known = look()
    owner = _owner(known)

    def watch() -> object:
        now = look()
        return now if now is known or _owner(now) == owner else None

    return watch


def _owner(kept: object) -> object:
    return kept.get("user_id") if isinstance(kept, Mapping) else None


def _user_id(user: Any) -> str | None:
    """``None`` for whom Django would not log in."""
    is_in = getattr(user, "is_authenticated", False) is True and user.is_active
    return str(user.pk) if is_in else None


def _user(request: HttpRequest) -> Any:
    if hasattr(request, "user"):
        return request.user
    return get_user(request) if hasattr(request, "session") else None


async def _auser(request: HttpRequest) -> Any:
    if hasattr(request, "auser"):
        return await request.auser()
    return await aget_user(request) if hasattr(request, "session") else None


def _read_again(request: HttpRequest, user: Any) -> Any:
    """The user as the database has it now; also if it is not the one who is logged in."""
    if _is_logged_in(request, user):
        return get_user(request)
    users = getattr(user.__class__, "_default_manager", None)
    return users.filter(pk=user.pk).first() if users is not None else user


def _forget_user(request: HttpRequest) -> None:
    """What Django's ``logout()`` does with the request once the store is empty; that is why it makes no query."""
    nobody = get_user(request)

    async def auser() -> Any:
        return nobody

    if hasattr(request, "user"):
        request.user = nobody
    if hasattr(request, "auser"):
        request.auser = auser


def _is_logged_in(request: HttpRequest | None, user: Any) -> bool:
    """Whether ``login()`` has stored ``user`` in the session of ``request``."""
    store = getattr(request, "session", None)
    return store is not None and str(store.get(SESSION_KEY)) == str(user.pk)


def _is_another(request: HttpRequest, user: Any) -> bool:
    """Whether somebody has been proven who is not the one who is logged in."""
    return _user_id(user) is not None and not _is_logged_in(request, user)
