"""The authentication class: ``request.user`` for a session, and the CSRF check for a session from a cookie."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import SessionAuthentication

from django_sessionkit.responses.caching import vary_ahead
from django_sessionkit.session.csrf import has_csrf_token, needs_csrf_check
from django_sessionkit.session.loader import context_for, current_loader
from django_sessionkit.session.value import Session
from django_sessionkit.utils import client_texts
from django_sessionkit.utils.sansio import run


class SessionUser:
    """The ``request.user`` for a session, with the attributes that DRF needs. The session itself is ``user.session``.
    It has no permissions in ``contrib.auth``: ``is_staff`` and ``is_superuser`` are ``False``.
    """

    is_active = is_authenticated = True
    is_anonymous = is_staff = is_superuser = False

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def pk(self) -> str:
        """The ``user_id`` of the session. Throttles use it."""
        return self.session.user_id

    id = pk

    def __str__(self) -> str:
        """Return a fixed text without the ``user_id``, because error reports show it."""
        return str(client_texts.SIGNED_IN)


class SessionKitAuthentication(SessionAuthentication):
    """Set ``request.user`` to a :class:`SessionUser` and ``request.auth`` to the session. Without one, a denial is 401.
    As in DRF's ``SessionAuthentication``, unsafe methods need a CSRF token if the session comes from a cookie.
    """

    def authenticate(self, request: Any) -> tuple[SessionUser, Session] | None:
        """Return the user and the session, or ``None``. Then DRF tries the next authentication class."""
        session = run(context_for(request._request).flow())
        vary_ahead(request.parser_context.get("view"))
        if session is None:
            return None
        if needs_csrf_check(request._request):
            self.enforce_csrf(request)
        return SessionUser(session), session

    def authenticate_header(self, request: Any) -> str | None:
        """Return the challenge, so that DRF answers 401 and not 403, or ``None`` if a login would not help."""
        return current_loader().source.challenge if context_for(request._request).fault is None else None


def check_csrf(request: Any) -> None:
    """Check CSRF: DRF turns Django's check off, and other authentication classes do not know that a session is used.

    No check is needed if a token has authenticated the user to whom the session belongs.
    """
    proven_by = request.successful_authenticator
    is_of_token = proven_by is not None and current_loader().source.follows_user and has_csrf_token(request._request)
    if not is_of_token and not isinstance(proven_by, SessionAuthentication):
        SessionAuthentication().enforce_csrf(request)
