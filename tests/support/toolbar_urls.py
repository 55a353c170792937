"""Pages with the debug toolbar. Import this only when the toolbar is an installed app."""

from __future__ import annotations

from debug_toolbar.toolbar import debug_toolbar_urls
from django.http import HttpRequest, HttpResponse
from django.urls import path

from django_sessionkit.decorators import require_permission


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<html><body><p>page</p></body></html>")


async def apage(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<html><body><p>page</p></body></html>")


urlpatterns = [
    path("open/", page),
    path("desk/", page),
    path("adesk/", apage),
    path("drafts/", require_permission("posts:write")(page)),
    *debug_toolbar_urls(),
]
