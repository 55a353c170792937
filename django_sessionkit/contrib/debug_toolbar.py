"""A panel for django-debug-toolbar that explains why the request was allowed or denied.

Add ``"django_sessionkit.contrib.debug_toolbar.SessionKitPanel"`` to ``DEBUG_TOOLBAR_PANELS``.
"""

from __future__ import annotations

from collections.abc import Awaitable
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from debug_toolbar.panels import Panel

from django_sessionkit.api import aexplain, explain

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from django_sessionkit.explanation import Explanation


class SessionKitPanel(Panel):
    """Explain the current request, under WSGI and ASGI.

    The explanation is made after the view has run, for the session at that time.
    """

    is_async = True
    _explanation: Explanation

    @property
    def title(self) -> str:
        """The heading of the panel."""
        return "SessionKit"

    @property
    def template(self) -> str:
        """The template of the panel."""
        return "django_sessionkit/debug_toolbar.html"

    @property
    def nav_subtitle(self) -> Any:
        """The outcome, and the rule that decided."""
        explanation = self.get_stats().get("explanation", {})
        by = f" by {explanation['rule']}" if explanation.get("rule") else ""
        return f"{explanation.get('outcome', '')}{by}"

    def process_request(self, request: HttpRequest) -> Any:
        """Call the view, then explain the request."""
        response = super().process_request(request)
        if isawaitable(response):
            return self._aprocess_request(request, response)
        self._explanation = explain(request)
        return response

    async def _aprocess_request(self, request: HttpRequest, response: Awaitable[HttpResponseBase]) -> HttpResponseBase:
        answered = await response
        self._explanation = await aexplain(request)
        return answered

    def generate_stats(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Store the explanation as a dict."""
        self.record_stats({"explanation": self._explanation.as_dict()})
