"""The kinds of callers, which get different responses to a denial."""

from __future__ import annotations

from typing import Literal, TypeAlias

#: a browser that opens a page, HTMX inside a page, or an API client
Caller: TypeAlias = Literal["page", "htmx", "api"]

#: headers that a caller of each kind sends
HEADERS: dict[Caller, dict[str, str]] = {
    "page": {"accept": "text/html"},
    "htmx": {"accept": "text/html", "hx-request": "true"},
    "api": {"accept": "application/json"},
}
