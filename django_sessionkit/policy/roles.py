"""The role hierarchy of ``SESSIONKIT_ROLES``: what each role inherits and grants, and errors in the setting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.utils.text import did_you_mean

from .names import fault_in, nfc

RawRoles: TypeAlias = Mapping[str, Mapping[str, Iterable[str]]]

#: the permission that stands for all permissions
EVERY_PERMISSION = "*"


class RoleHierarchy:
    """The parsed ``SESSIONKIT_ROLES``: each role with all roles and permissions that it inherits.

    ``brought`` has the roles that an installed app adds, in the same form. A role of ``raw`` with the same name
    replaces it. ``names`` are the roles of ``raw`` alone.
    """

    def __init__(self, raw: RawRoles | None = None, brought: RawRoles | None = None) -> None:
        declared = _in_one_form(raw or {})
        self.brought: frozenset[str] = frozenset(map(nfc, brought or {}))
        raw = _in_one_form(brought or {}) | declared
        self._roles: dict[str, frozenset[str]] = {}
        self._permissions: dict[str, frozenset[str]] = {}
        for role in raw:
            closure = _closure(raw, role)
            self._roles[role] = closure
            self._permissions[role] = frozenset(name for one in closure for name in raw[one].get("permissions", ()))
        self.names: frozenset[str] = frozenset(declared)
        self.all_permissions: frozenset[str] = frozenset[str]().union(*self._permissions.values())

    def expand(self, roles: Iterable[str]) -> frozenset[str]:
        """Return ``roles`` and every role that they inherit. Roles that are not in the setting inherit nothing."""
        given = frozenset(roles)
        known = [self._roles[role] for role in given if role in self._roles]
        return given.union(*known) if known else given

    def permissions(self, roles: Iterable[str]) -> frozenset[str]:
        """Return the permissions that ``SESSIONKIT_ROLES`` grants to ``roles``."""
        known = [self._permissions[role] for role in roles if role in self._permissions]
        return frozenset().union(*known)


def _in_one_form(raw: RawRoles) -> dict[str, dict[str, list[str]]]:
    return {nfc(role): {key: [nfc(name) for name in names] for key, names in raw[role].items()} for role in raw}


def _closure(raw: RawRoles, role: str) -> frozenset[str]:
    found: set[str] = set()
    waiting = [role]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += raw[name].get("inherits", ())
    return frozenset(found)


def parse_roles(raw: object, place: str, brought: RawRoles | None = None) -> RoleHierarchy:
    """Parse ``SESSIONKIT_ROLES``. Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if its value is wrong.

    ``brought``: the valid roles that an installed app adds.
    """
    if not isinstance(raw, Mapping):
        raise InvalidPolicy(place, "must be a dict of role names and their dicts")
    for role in raw:
        check_role_name(role, f"{place}[{role!r}]")
    known = frozenset(map(nfc, raw))
    if len(known) < len(raw):
        raise InvalidPolicy(place, "a role is declared twice, under names that are equal after Unicode normalization")
    for role, spec in raw.items():
        _check_role(known.union(map(nfc, brought or ())), spec, f"{place}[{role!r}]")
    one_form = _in_one_form(brought or {}) | _in_one_form(raw)
    for role in one_form:
        _check_cycle(one_form, role, place)
    return RoleHierarchy(raw, brought)


def check_role_name(role: object, where: str) -> None:
    """Raise :class:`~django_sessionkit.exceptions.InvalidPolicy` if ``role`` is not a valid name of a role."""
    if not isinstance(role, str) or not role.strip():
        raise InvalidPolicy(where, "a role name must be a non-blank string")
    if fault := fault_in(role):
        raise InvalidPolicy(where, f"a role name must not contain {fault}")


def _check_role(known: frozenset[str], spec: object, where: str) -> None:
    if not isinstance(spec, Mapping):
        raise InvalidPolicy(where, 'must be a dict with "inherits" and "permissions"')
    for key, names in spec.items():
        if key not in ("inherits", "permissions"):
            raise InvalidPolicy(where, f'unknown key "{key}"', did_you_mean(key, ("inherits", "permissions")))
        for name in _checked_names(names, f"{where}[{key!r}]"):
            if key == "inherits" and nfc(name) not in known:
                raise InvalidPolicy(where, f'inherits the unknown role "{name}"', did_you_mean(name, known))


def _checked_names(names: object, where: str) -> Iterator[str]:
    if not isinstance(names, (list, tuple, set, frozenset)):
        raise InvalidPolicy(where, "must be a list of names", 'write ["name"]')
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise InvalidPolicy(where, "names must be non-blank strings")
        if fault := fault_in(name):
            raise InvalidPolicy(where, f"names must not contain {fault}")
        yield name


def _check_cycle(raw: RawRoles, role: str, place: str) -> None:
    for parent in raw[role].get("inherits", ()):
        if role in _closure(raw, parent):
            raise InvalidPolicy(f"{place}[{role!r}]", f'inherits itself through "{parent}"', "remove one of the two")
