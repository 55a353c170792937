"""Checks of requirements for one tenant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from django_sessionkit import conf
from django_sessionkit.lint.role_names import required_roles
from django_sessionkit.requirements import Within, leaves


def check_tenant(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report requirements for a tenant without ``SESSIONKIT_TENANT``: they deny everyone."""
    settings = conf.valid_or_none()
    if settings is None or settings.tenant is not None:
        return []
    return [
        Error(
            f"{place} requires rights in the current tenant, but SESSIONKIT_TENANT is not set. There is no current "
            "tenant, so access is denied to everyone.",
            hint="Set SESSIONKIT_TENANT to the dotted path of a function that takes the request and returns the id of "
            "the tenant.",
            id="sessionkit.E032",
        )
        for place in dict.fromkeys(place for place, one in required_roles() if _is_about_a_tenant(one))
    ]


def _is_about_a_tenant(requirement: Any) -> bool:
    return next(leaves(requirement, Within), None) is not None
