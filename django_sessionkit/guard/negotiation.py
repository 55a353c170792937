"""Determine the kind of client: a browser that opens a page, HTMX inside a page, or an API client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_sessionkit.policy.view_marks import api_package_of
from django_sessionkit.utils.callers import Caller

if TYPE_CHECKING:
    from django.http import HttpRequest

_DOCUMENTS = frozenset({"document", "iframe", "frame", "object", "embed", "fencedframe"})
_HTML = ("text/html", "application/xhtml+xml")
_DATA = ("application/json", "application/problem+json")


def client_kind(request: HttpRequest, api: bool | None) -> Caller:
    """Return the kind of client that sent ``request``.

    ``api`` is the option of the rule or decorator. With ``None``, the view and the headers decide.
    """
    if api is True:
        return "api"
    if request.headers.get("HX-History-Restore-Request") == "true":
        return "page"  # HTMX replaces the whole page with this response, and does not follow HX-Redirect
    if request.headers.get("HX-Request") == "true":
        return "htmx"
    if api is False:
        return "page"
    return "api" if _is_api_view(request) or _wants_data(request) else "page"


def _is_api_view(request: HttpRequest) -> bool:
    """Return ``True`` for a view of Django REST framework or Django Ninja."""
    match = request.resolver_match
    if match is None:
        return False
    return api_package_of(match.func) is not None


def _wants_data(request: HttpRequest) -> bool:
    """Return ``True`` if the client wants data and not a page.

    Browsers send the purpose of a request (Fetch Metadata). For other clients the ``Accept`` header decides.
    """
    headers = request.headers
    mode, destination = headers.get("Sec-Fetch-Mode"), headers.get("Sec-Fetch-Dest")
    if destination is not None:
        return destination not in _DOCUMENTS
    if mode is not None:
        return mode != "navigate"
    if headers.get("X-Requested-With") == "XMLHttpRequest":
        return True
    html, data = _best(request, _HTML), _best(request, _DATA)
    return html == 0 or html < data


def _best(request: HttpRequest, names: tuple[str, ...]) -> float:
    """Return the highest quality that ``Accept`` gives to one of ``names``. Wildcards such as ``*/*`` do not count."""
    return max((one.quality for one in request.accepted_types if str(one).partition(";")[0] in names), default=0)
