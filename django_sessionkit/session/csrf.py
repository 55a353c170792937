"""Decide whether a request needs CSRF protection: whether another site can make a browser send it with the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_sessionkit.sources import DjangoSessionSource, SessionSource
from django_sessionkit.utils.verbs import SAFE_VERBS

from .loader import current_loader

if TYPE_CHECKING:
    from django.http import HttpRequest

# Authentication schemes that browsers send automatically: RFC 7617, RFC 7616, RFC 4559, and NTLM.
_SENT_BY_BROWSERS = frozenset({"basic", "digest", "negotiate", "ntlm"})


def needs_csrf_check(request: HttpRequest) -> bool:
    """Return ``True`` if the request needs a CSRF token: its method is unsafe and its session may come from a cookie.

    ``vary_headers`` of the source contains the headers that it reads. If it reads ``Cookie`` and ``Authorization``, a
    request with a bearer token needs no CSRF token, because browsers never send a bearer token automatically.
    """
    if request.method in SAFE_VERBS:  # as in Django's CSRF check
        return False
    headers = _headers(current_loader().source)
    if "authorization" in headers and _scheme(request) == "bearer":
        return False
    return "cookie" in headers


def has_csrf_token(request: HttpRequest) -> bool:
    """Return ``True`` if the request has an ``Authorization`` header that no browser sends automatically."""
    return _scheme(request) not in {"", *_SENT_BY_BROWSERS}


def _headers(source: SessionSource) -> set[str]:
    """Return the lower-case names of the headers that a source reads.

    For a source that uses Django's session, ``cookie`` is always included.
    """
    named = {header.lower() for header in source.vary_headers}
    return named | {"cookie"} if isinstance(source, DjangoSessionSource) else named


def _scheme(request: HttpRequest) -> str:
    return request.headers.get("Authorization", "").strip().partition(" ")[0].lower()
