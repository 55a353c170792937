"""Serve static files in front of Django with ServeStatic (a fork of WhiteNoise for WSGI and ASGI).

The files are public, so they need no access check and no session. ServeStatic wraps the application and does not
affect the Django middleware. The middleware of WhiteNoise would run every ASGI request in a thread.
"""

from __future__ import annotations

from typing import Any
from wsgiref.headers import Headers

from django.conf import settings


def add_headers(headers: Headers, path: str, url: str) -> None:
    """Add the header that SecurityMiddleware adds, because these responses do not pass through it."""
    headers["X-Content-Type-Options"] = "nosniff"


def options() -> dict[str, Any]:
    """Return the arguments of ServeStatic. All files are in one folder, so collectstatic is not needed."""
    return {
        "root": settings.STATICFILES_DIRS[0],
        "prefix": settings.STATIC_URL,
        "allow_all_origins": False,
        "add_headers_function": add_headers,
    }
