"""Whether another site could have made a browser send a request together with its session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .origin import current_origin
from .sources import DjangoSessionSource, SessionSource

if TYPE_CHECKING:
    from django.http import HttpRequest

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # as Django's CSRF check has it
# What browsers remember and send by themselves: RFC 7617, RFC 7616, RFC 4559, and NTLM.
_SENT_BY_BROWSERS = frozenset({"basic", "digest", "negotiate", "ntlm"})


def can_be_forged(request: HttpRequest) -> bool:
    """Whether the method is unsafe and the session may have come by a cookie: then a CSRF token is needed.

    The source says what it reads (``varies_on``). Where it reads both, a bearer token will do: no browser sends one
    to another site by itself.
    """
    if request.method in _SAFE:
        return False
    headers = _headers(current_origin().source)
    if "authorization" in headers and _scheme(request) == "bearer":
        return False
    return "cookie" in headers


def has_token(request: HttpRequest) -> bool:
    """Whether the request has an ``Authorization`` header that no browser sends by itself."""
    return _scheme(request) not in {"", *_SENT_BY_BROWSERS}


def _headers(source: SessionSource) -> set[str]:
    """What a source reads, in small letters. Whatever else it says: Django's session is found by a cookie."""
    named = {header.lower() for header in source.varies_on}
    return named | {"cookie"} if isinstance(source, DjangoSessionSource) else named


def _scheme(request: HttpRequest) -> str:
    return request.headers.get("Authorization", "").strip().partition(" ")[0].lower()
