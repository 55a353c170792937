"""The URLconf: guarded views are views."""

from __future__ import annotations

from django.urls import path
from django.views.static import serve

from django_sessionkit import public, require_role

from . import login, rest, views

urlpatterns = [
    path("login/", login.login),
    path("reports/<int:year>/", views.reports, name="reports"),
    path("billing/", views.billing),
    path("account/", views.account),
    path("about/", views.about),
    path("edit/<int:pk>/", views.Edit.as_view(), name="edit"),
    path("owners/", require_role("owner")(views.Owners.as_view())),
    path("open/", public(views.Open.as_view())),
    path("files/<path:path>", public(serve), {"document_root": "/srv"}),
    path("articles/", rest.Articles.as_view()),
]
