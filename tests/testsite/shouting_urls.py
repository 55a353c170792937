"""One ``(?i)`` route makes ``reverse()`` raise for the whole URLconf, so it has one to itself."""

from __future__ import annotations

from django.urls import path, re_path

from . import views

urlpatterns = [path("login/", views.page, name="login"), re_path(r"(?i)^shout/", views.page, name="shout")]
