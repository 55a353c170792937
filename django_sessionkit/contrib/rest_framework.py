"""This module only says that the adapter for Django REST framework is ``django_sessionkit.contrib.drf``."""

from __future__ import annotations

raise ImportError(f"{__name__} is no adapter. For Django REST framework, import from django_sessionkit.contrib.drf.")
