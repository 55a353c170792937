"""Serve static files in front of Django with ServeStatic (a fork of WhiteNoise for WSGI and ASGI).

The files are public, so they need no access check and no session. ServeStatic wraps the application and does not
affect the Django middleware. The middleware of WhiteNoise would run every ASGI request in a thread.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar
from wsgiref.headers import Headers

from django.conf import settings
from django.contrib import admin
from servestatic.base import ServeStaticBase

S = TypeVar("S", bound=ServeStaticBase)


def add_headers(headers: Headers, path: str, url: str) -> None:
    """Add the header that SecurityMiddleware adds, because these responses do not pass through it."""
    headers["X-Content-Type-Options"] = "nosniff"


def serving(server: type[S], application: Any) -> S:
    """Wrap the application. The files are in two folders, so collectstatic is not needed."""
    served = server(application, allow_all_origins=False, add_headers_function=add_headers)
    served.add_files(settings.STATICFILES_DIRS[0], settings.STATIC_URL)
    served.add_files(Path(admin.__file__).parent / "static", settings.STATIC_URL)
    return served
