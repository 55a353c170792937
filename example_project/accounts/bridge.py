"""The seam between contrib.auth, which proves who somebody is, and SessionKit, which guards.

The bridge follows every door to ``login()``: the log-in page, a social log-in added later, ``client.force_login`` in
tests. INSTALLED_APPS names it, so it is imported before any model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

from django_sessionkit import Session
from django_sessionkit.contrib import auth

from .access import session_for

if TYPE_CHECKING:
    from .models import User


class NewsroomBridge(auth.AuthBridge):
    """Our own idea of what is in the dict; when it begins and ends is the bridge's affair."""

    sessionkit_source = "accounts.bridge.NewsroomSource"
    sessionkit_refresh = "accounts.bridge.refresh"

    def session_of(self, user: User) -> dict[str, Any]:
        return session_for(user)


def refresh(session: Session, request: HttpRequest) -> dict[str, Any] | None:
    """The dict as it is now, for a session whose rights have changed; its twelve hours do not begin anew."""
    data = auth.refresh(session, request)
    return {**data, "signed_in_at": session["signed_in_at"]} if data is not None else None


class NewsroomSource(auth.AuthSource):
    """The bridge's source, for which a request that nobody has made by hand does not count as use."""

    def touch(self, request: HttpRequest) -> None:
        # SESSIONKIT_TOUCH_ON_REQUEST calls this. A page that is left open must not keep a session alive for ever.
        if not getattr(request, "is_background", False):
            super().touch(request)
