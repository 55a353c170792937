"""Django REST framework: permission classes from requirements, authentication by session, the usual denial responses.

In DRF, ``~`` grants access after any denial. Here it grants none without a session or after a failed check.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from .authentication import SessionKitAuthentication, SessionUser
from .denials import Unavailable, exception_handler
from .permissions import Requires, RequiresByAction

__all__ = [
    "Requires",
    "RequiresByAction",
    "SessionKitAuthentication",
    "SessionUser",
    "Unavailable",
    "exception_handler",
]

with suppress(ImportError):
    from drf_spectacular.authentication import SessionScheme

    class SessionKitScheme(SessionScheme):
        """The security scheme of :class:`SessionKitAuthentication` for drf-spectacular: the session cookie."""

        target_class: Any = SessionKitAuthentication
        name: Any = "sessionKit"
        priority = 0
