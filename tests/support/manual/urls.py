"""The URLconf for pages of the manual without a ``urls.py``: every path is a page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def page(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return HttpResponse("page")


billing = (
    [path("invoices/", page, name="invoices"), path("invoices/<int:pk>/delete/", page, name="delete")],
    "billing",
)

urlpatterns = [
    path("", page, name="home"),
    path("login/", page, name="login"),
    path("password-reset/", page, name="password_reset"),
    path("upgrade/", page, name="upgrade"),
    path("articles/", page, name="articles"),
    path("articles/<int:pk>/edit/", page, name="edit-article"),
    path("billing/", include(billing)),
    path("<path:rest>/", page),
]
