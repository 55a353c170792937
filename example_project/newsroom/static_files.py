"""Static files, answered in front of Django by ServeStatic (the ASGI-capable fork of WhiteNoise).

They are public, so they need neither guard nor session. As a wrapper of the application it leaves
the middleware native under both kinds of server; WhiteNoise's middleware would send every request
of an ASGI server through a thread.
"""

from __future__ import annotations

from typing import Any
from wsgiref.headers import Headers

from django.conf import settings


def add_headers(headers: Headers, path: str, url: str) -> None:
    """What SecurityMiddleware, which these answers never meet, would have added."""
    headers["X-Content-Type-Options"] = "nosniff"


def options() -> dict[str, Any]:
    """Keyword arguments of ServeStatic. All files lie in one folder: nothing to collect."""
    return {
        "root": settings.STATICFILES_DIRS[0],
        "prefix": settings.STATIC_URL,
        "allow_all_origins": False,
        "add_headers_function": add_headers,
    }
