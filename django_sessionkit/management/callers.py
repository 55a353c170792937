"""The caller that a command shows: from the options ``--as``, ``--user``, ``--role`` and ``--permission``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.http import HttpRequest

from django_sessionkit import conf
from django_sessionkit.lint.unknown_names import unknown_names
from django_sessionkit.matrix.principals import (
    ANONYMOUS,
    Principal,
    custom_keys,
    parse_claims,
    principal_of,
    split_tenant,
)
from django_sessionkit.utils.sansio import user_call

_BRIDGE = "sessionkit_dict_of"


def caller_of(
    command: BaseCommand,
    claims: str | None,
    user: str | None = None,
    roles: Sequence[str] = (),
    permissions: Sequence[str] = (),
    tenant: str | None = None,
) -> Principal:
    """Return the caller, and warn on stderr about names that the project does not have.

    ``claims`` is the value of ``--as``, ``user`` that of ``--user``. ``roles`` and ``permissions`` are added to either.
    ``tenant`` is the current tenant, by default the one that ``claims`` begin with.
    Raises ``CommandError`` for values that make no session.
    """
    if user is not None and claims is not None:
        raise CommandError(
            "Use --as or --user, not both. To add to the session of a user, use --role and --permission."
        )
    text = claims if claims is not None and claims != ANONYMOUS.name else ""
    added = {"roles": roles, "permissions": permissions}
    named = [*([f"user={user}"] if user is not None else []), *([text] if text else [])]
    named += [f"{key.removesuffix('s')}={name}" for key, names in added.items() for name in names]
    if not named:
        return ANONYMOUS
    try:
        data: Mapping[str, Any] = parse_claims(text) if text else {}
        _warn(command, text, data, added)
        data = dict_of_user(user) if user is not None else data
        data = {**data, **{key: [*(data.get(key) or ()), *names] for key, names in added.items() if names}}
        where = f" in the tenant {tenant}" if tenant is not None else ""
        tenant = tenant if tenant is not None else split_tenant(text)[0]
        return principal_of(data, ",".join(named) + where, tenant)
    except ValueError as error:
        raise CommandError(f"{'--user' if user is not None else '--as'}: {error}") from None


def _warn(command: BaseCommand, claims: str, data: Mapping[str, Any], added: Mapping[str, Sequence[str]]) -> None:
    dicts = [data, *data.get("tenants", {}).values(), added]
    roles = [*([data["role"]] if "role" in data else []), *(name for one in dicts for name in one.get("roles", ()))]
    lines = [
        *unknown_names(roles, [name for one in dicts for name in one.get("permissions", ())]),
        *(
            f'"{key}" is no field that SessionKit knows, so it is a custom field. If it is meant, write custom.{key}.'
            for key in custom_keys(claims)
        ),
    ]
    for line in lines:
        command.stderr.write(command.style.WARNING(line))


def dict_of_user(name: str) -> Mapping[str, Any]:
    """Return the session dict that a user of the project would get now: from the bridge, or ``SESSIONKIT_REFRESH``.

    Raises ``CommandError`` if there is no such user, or if the user would have no session.
    """
    look, refresh = conf.of_apps(_BRIDGE), conf.current().refresh
    if refresh is None:
        raise CommandError(
            "--user needs the bridge from django.contrib.auth, or SESSIONKIT_REFRESH. Describe the session by --as, "
            "--role and --permission instead."
        )
    try:
        found = look(name) if look is not None else None
    except LookupError as error:
        raise CommandError(f"--user: {error}") from None
    found = found if look is not None else _refreshed(name, refresh)
    if not isinstance(found, Mapping):
        raise CommandError(f'--user: "{name}" has no session. The user is not known, or not active.')
    return found


def _refreshed(user_id: str, refresh: Callable[..., Any]) -> object:
    """Call ``SESSIONKIT_REFRESH`` with a session of this user and an empty request."""
    session = principal_of({"user_id": user_id}, user_id).session
    found = user_call(refresh, session, HttpRequest()).call()
    return {**found, "user_id": user_id} if isinstance(found, Mapping) else None
