"""What a cache is told about a page that a session has opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from .context import current_slot
from .origin import current_origin

if TYPE_CHECKING:
    from django.http import HttpRequest

_HELD_BACK = "_sessionkit_held_back"


def vary(response: Any) -> Any:
    """Let ``response`` vary on what the session is read from, at once: a cache may stand around the view.

    ``patch_vary_headers`` takes thirty times as long, and its public means ten times.
    """
    entry = current_origin().vary
    try:
        headers = response.headers._store
        if "vary" not in headers and entry is not None:
            headers["vary"] = entry
            return response
        if entry is None or headers["vary"] == entry:
            return response
    except AttributeError:  # what an adapter makes a response of
        if not isinstance(response, HttpResponseBase):
            hold_back_current()
            return response
    patch_vary_headers(response, current_origin().source.varies_on)
    return response


def vary_ahead(view: Any) -> None:
    """Say in the headers that a view of DRF sends in any case what it depends on: a cache may stand around it."""
    headers = getattr(view, "headers", None)
    if isinstance(headers, dict):
        named = [headers["Vary"]] if "Vary" in headers else []
        new = [one for one in current_origin().source.varies_on if one not in ", ".join(named).split(", ")]
        if new:
            headers["Vary"] = ", ".join([*named, *new])


def hold_back(request: HttpRequest) -> None:
    """Let ``cache_page`` around this view not store the page: the code inside has asked, and no decorator can say so.

    A cache outside of the middleware stores it all the same; see :func:`release`.
    """
    if getattr(request, "_cache_update_cache", False):
        vars(request).update({"_cache_update_cache": False, _HELD_BACK: True})


def hold_back_current() -> None:
    """:func:`hold_back` for the current request, if there is one."""
    slot = current_slot()
    request = slot.request if slot is not None else None
    if request is not None:
        hold_back(request)


def release(request: HttpRequest) -> None:
    """The response says by now what it varies on."""
    if getattr(request, _HELD_BACK, False):
        request._cache_update_cache = True  # type: ignore[attr-defined]
