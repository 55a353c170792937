"""Whether another site could have made a browser send a request together with its session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .origin import current_origin

if TYPE_CHECKING:
    from django.http import HttpRequest

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # as Django's CSRF check has it


def can_be_forged(request: HttpRequest) -> bool:
    """Whether the method is unsafe and the session may have come by a cookie: then a CSRF token is needed.

    The source says what it reads (``varies_on``). Where it reads both, a bearer token will do: no browser sends one
    to another site by itself.
    """
    if request.method in _SAFE:
        return False
    headers = current_origin().source.varies_on
    if "Authorization" in headers and request.headers.get("Authorization", "").lower().startswith("bearer "):
        return False
    return "Cookie" in headers
