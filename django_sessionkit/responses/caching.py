"""Set ``Vary`` on responses that depend on the session, and keep them out of ``cache_page`` until it is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from django_sessionkit.session.context import current_context
from django_sessionkit.session.loader import current_loader

if TYPE_CHECKING:
    from django.http import HttpRequest

HELD_BACK = "_sessionkit_held_back"


def vary(response: Any) -> Any:
    """Add the headers that the session is read from to ``Vary``, and return ``response``.

    This happens directly after the view, because a cache decorator may wrap it. The function writes the private header
    store of Django, because ``patch_vary_headers`` takes thirty times as long, and the public API of the response ten
    times.
    """
    entry = current_loader().vary
    try:
        headers = response.headers._store
        if "vary" not in headers and entry is not None:
            headers["vary"] = entry
            return response
        if entry is None or headers["vary"] == entry:
            return response
    except AttributeError:  # not a response yet: an adapter (DRF, Ninja) builds one from it
        if not isinstance(response, HttpResponseBase):
            hold_back_current()
            return response
    patch_vary_headers(response, current_loader().source.vary_headers)
    return response


def vary_ahead(view: Any) -> None:
    """Add ``Vary`` to the headers that a DRF view sends with every response, because a cache decorator may wrap it."""
    headers = getattr(view, "headers", None)
    if isinstance(headers, dict):
        named = headers["Vary"].split(", ") if "Vary" in headers else []
        new = [one for one in current_loader().source.vary_headers if one not in named]
        if new:
            headers["Vary"] = ", ".join([*named, *new])


def hold_back(request: HttpRequest) -> None:
    """Prevent ``cache_page`` around this view from storing the page.

    Code inside the view has read the session, and no decorator is there to add ``Vary``. A cache outside the middleware
    still stores the page; see :func:`release`.
    """
    if getattr(request, "_cache_update_cache", False):
        vars(request).update({"_cache_update_cache": False, HELD_BACK: True})


def hold_back_current() -> None:
    """Call :func:`hold_back` for the current request, if there is one."""
    context = current_context()
    request = context.request if context is not None else None
    if request is not None:
        hold_back(request)


def release(request: HttpRequest) -> None:
    """Allow a cache outside the middleware to store the page again, now that the response has its ``Vary``."""
    vars(request)["_cache_update_cache"] = True
