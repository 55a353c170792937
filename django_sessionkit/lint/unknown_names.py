"""Find role and permission names that a project does not have, in what a developer types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django_sessionkit import conf
from django_sessionkit.policy.names import nfc
from django_sessionkit.requirements import role_names
from django_sessionkit.utils.text import nearest

from .permission_names import KnownPermissions, required_permissions
from .role_names import required_roles


def unknown_names(roles: Iterable[str], permissions: Iterable[str]) -> Iterator[str]:
    """Yield a message for each name that no rule, no view and no setting has.

    There is none for a kind of names that the policy does not use yet, and none if an access policy of the project
    computes roles and permissions.
    """
    settings = conf.current()
    if settings.policy.overrides_grants or settings.policy.overrides_check:
        return
    used = settings.roles.names.union(*(role_names(requirement) for _, requirement in required_roles()))
    for name in dict.fromkeys(map(nfc, roles)):
        if used and name not in used | settings.roles.brought:
            yield _message("role", name, used)
    required, granted = {name for _, name in required_permissions()}, KnownPermissions(settings)
    used = granted.by_roles | required
    for name in dict.fromkeys(map(nfc, permissions)):
        if used and "*" not in name and name not in required and not granted.has(name):
            yield _message("permission", name, required | granted.names)


def _message(kind: str, name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    hint = f' Did you mean "{near}"?' if near is not None else ""
    return f'No rule, no view and no role in SESSIONKIT_ROLES names the {kind} "{name}".{hint}'
