"""Checks of role and permission names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from django_sessionkit import conf
from django_sessionkit.access import EVERY_PERMISSION
from django_sessionkit.lint import role_names as known_roles
from django_sessionkit.requirements import role_names
from django_sessionkit.utils.text import did_you_mean


def check_wildcards(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about wildcards in ``SESSIONKIT_ROLES`` while wildcards are disabled."""
    settings = conf.valid_or_none()
    if settings is None or settings.wildcards:
        return []
    return [
        CheckWarning(
            f'SESSIONKIT_ROLES grants "{name}", but SESSIONKIT_WILDCARD_PERMISSIONS is False. This grants nothing.',
            hint="Set SESSIONKIT_WILDCARD_PERMISSIONS = True, or name the permissions.",
            id="sessionkit.W002",
        )
        for name in sorted(settings.roles.all_permissions)
        if "*" in name and name != EVERY_PERMISSION
    ]


def check_role_names(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about required roles that ``SESSIONKIT_ROLES`` does not declare, if it declares any."""
    declared = known_roles.declared_roles()
    if not declared:
        return []
    return [
        CheckWarning(
            f'{place} requires the role "{name}", which SESSIONKIT_ROLES does not declare. If the name is misspelled, '
            "no user has this role.",
            hint=f"Correct the name ({did_you_mean(name, declared)}), or declare it: "
            f"SESSIONKIT_ROLES = {{..., {name!r}: {{}}}}.",
            id="sessionkit.W005",
        )
        for place, requirement in known_roles.required_roles()
        for name in dict.fromkeys(role_names(requirement))
        if name not in declared
    ]
