"""Django REST framework: permission classes from requirements, authentication by session, the usual denial responses.

In DRF, ``~`` grants access after any denial. Here it grants none without a session or after a failed check.
"""

from __future__ import annotations

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
