"""The bridge from ``django.contrib.auth``: a user who logs in to Django gets a session for as long as the login lasts.

Add ``"django_sessionkit.contrib.auth.AuthBridge"`` to ``INSTALLED_APPS``.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.apps import apps as registry  # importing the module "apps" sets that name here
from django.contrib.auth.signals import user_logged_in, user_logged_out

from django_sessionkit import conf
from django_sessionkit.conf import installed
from django_sessionkit.exceptions import InvalidSession, NotAuthenticated, SessionUnavailable
from django_sessionkit.session import audit, writer
from django_sessionkit.session.loader import current_loader, own_context
from django_sessionkit.session.validation import SessionValidator
from django_sessionkit.sources import DjangoSessionSource
from django_sessionkit.utils.sansio import run

from . import hijacking, logins, users
from .permissions import SessionPermissions
from .roles import StatusRoles
from .source import LABEL, AuthSource, refresh, restore, transient

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["AuthBridge", "AuthSource", "SessionPermissions", "refresh"]


class AuthBridge(StatusRoles, AppConfig):
    """The app config for ``INSTALLED_APPS``. Subclass it to change the dict of a session (:meth:`session_of`)."""

    name = "django_sessionkit.contrib.auth"
    label = LABEL
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
        hijacking.connect()
        logins.connect(self._confirm)

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
        return self.dict_of(user) if users.user_id(user) is not None else None

    def dict_of(self, user: Any) -> dict[str, Any]:
        """Return :meth:`session_of` with the id of the user, and without an invalid e-mail address."""
        with users.without_session():
            data = {**self.session_of(user), "user_id": str(user.pk)}
        try:
            SessionValidator(conf.current().limits).session({"user_id": "-", "email": data.get("email")})
        except InvalidSession as error:
            audit.without_email(error.reason)
            del data["email"]
        return data

    def current_dict(self, request: HttpRequest, user: Any, stamp: dict[str, str]) -> dict[str, Any] | None:
        """Return :meth:`dict_of` with the version that was looked up, or ``None`` for a user who is not active. The
        user is read again, because the permissions must never be older than the version.
        """
        now = users.reload_user(request, user) if stamp else user
        if users.user_id(now) != str(user.pk):
            return None
        return {**logins.login_of(request, user), **self.dict_of(now), **hijacking.acting(request), **stamp}

    def _begin(self, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        if not self._is_installed() or not users.is_logged_in(request, user):
            return  # authenticated without a session, for example by a token: there is no store to write to
        logins.stamp(request)
        loader = current_loader()
        # set_session() must find this login, and not the session of an earlier one.
        restore(request)
        context = own_context(request)
        hijacking.remember(request, context)
        if context is not None:
            context.invalidate()
        try:
            stamp = run(loader.versions.version_for(str(user.pk)))
            data = self.current_dict(request, user, stamp)
            if data is None:
                return
            loader.parse_stored(data)
            if loader.keeps_another(request, data):
                # login() gives no new key to a user who is already logged in
                run(writer.renew_key(loader, request, str(user.pk)))
            loader.source.write(request, data)
            run(writer.register(request, data, None, stamp))
        except SessionUnavailable as error:
            audit.version_unavailable(error)
            loader.source.remove(request)  # the dict of an earlier login
        except InvalidSession as error:
            audit.refused("contrib.auth", AuthSource.maker, error)
            run(writer.clear(request, and_log_out=False))  # the dict of an earlier login is out of date

    def _confirm(self, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        """Confirm the session after allauth has asked the user for a factor again."""
        if kwargs.get("reauthenticated") and self._is_installed() and users.is_logged_in(request, user):
            with suppress(NotAuthenticated):  # the login gives no valid session
                run(writer.confirm(request, logins.login_of(request, user).get("amr", [])))

    def _end(self, request: HttpRequest, **kwargs: Any) -> None:
        if not self._is_installed() or not hasattr(request, "session"):
            return
        if transient(request) is None and isinstance(current_loader().source, DjangoSessionSource):
            # logout() empties the store next. If the user came from a token, the login of the cookie stays.
            run(writer.announce_end(request))
        else:
            run(writer.clear(request, and_log_out=False))

    def _is_installed(self) -> bool:
        """Return ``False`` for the app of settings that are overridden: its signal receivers are still connected."""
        return registry.app_configs.get(self.label) is self
