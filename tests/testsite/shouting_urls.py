"""A URLconf with a ``(?i)`` route, which makes ``reverse()`` raise for the whole URLconf."""

from __future__ import annotations

from django.urls import path, re_path

from . import views

urlpatterns = [path("login/", views.page, name="login"), re_path(r"(?i)^shout/", views.page, name="shout")]
