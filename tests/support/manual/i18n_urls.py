"""The same pages under language prefixes."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.urls import path

from .urls import page

urlpatterns = i18n_patterns(path("admin/", page), path("login/", page, name="login"))
