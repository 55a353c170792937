"""Connect contrib.auth, which authenticates users, with SessionKit, which protects the site.

The bridge follows every call of ``login()``: from the login page, from a social login added later, or from
``client.force_login`` in tests. INSTALLED_APPS names it, so this module is imported before any model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

from django_sessionkit.contrib import auth

from .access import session_for

if TYPE_CHECKING:
    from .models import User


class NewsroomBridge(auth.AuthBridge):
    """The bridge with the session dict of this project."""

    sessionkit_source = "accounts.bridge.NewsroomSource"

    def session_of(self, user: User) -> dict[str, Any]:
        return session_for(user)


class NewsroomSource(auth.AuthSource):
    """The source of the bridge. Background requests do not extend the session."""

    def touch(self, request: HttpRequest) -> None:
        # SESSIONKIT_TOUCH_ON_REQUEST calls this. An open page must not keep a session alive forever.
        if not getattr(request, "is_background", False):
            super().touch(request)
