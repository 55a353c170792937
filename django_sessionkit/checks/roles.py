"""Checks of role and permission names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from django_sessionkit import conf
from django_sessionkit.lint import permission_names
from django_sessionkit.lint import role_names as known_roles
from django_sessionkit.policy.roles import EVERY_PERMISSION
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
        for name in sorted(settings.roles.all_permissions.difference(permission_names.idle_wildcards(settings)))
        if "*" in name and name != EVERY_PERMISSION
    ]


def check_idle_wildcards(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about wildcards in ``SESSIONKIT_ROLES`` that match no permission, whether wildcards are enabled or not."""
    settings = conf.valid_or_none()
    return [
        CheckWarning(
            f'SESSIONKIT_ROLES grants "{name}". A "*" must be a whole part between colons, so this grants nothing.',
            hint=_whole_parts(name),
            id="sessionkit.W033",
        )
        for name in (permission_names.idle_wildcards(settings) if settings is not None else ())
    ]


def _whole_parts(name: str) -> str:
    """Return the hint for a wildcard that is not a whole part."""
    whole = ":".join("*" if "*" in part else part for part in name.replace(".", ":").split(":"))
    listed = ', such as "shop.change_order"' if "." in name else ""
    return f'Write "{whole}" if your permissions are written with colons. Otherwise, list the permissions{listed}.'


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


def check_permission_names(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about required permissions that no role grants and no model declares, as far as either is known."""
    known = permission_names.known_permissions()
    if known is None:
        return []
    return [
        CheckWarning(
            f'{place} requires the permission "{name}", which no role in SESSIONKIT_ROLES grants{known.or_apps}. If '
            "the name is misspelled, no user has this permission.",
            hint=_grant(name, known.nearest(name)),
            id="sessionkit.W032",
        )
        for place, name in permission_names.required_permissions()
        if known.is_unknown(name)
    ]


def _grant(name: str, nearest: str) -> str:
    """Return the hint for a permission that nothing grants."""
    near = f' (did you mean "{nearest}"?)' if nearest else ""
    return (
        f"Correct the name{near}, or let a role in SESSIONKIT_ROLES grant {name!r}. Silence this check if your login "
        "puts the permission in the session, or if you created it in the database."
    )
