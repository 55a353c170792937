"""Parse the entries of ``SESSIONKIT_PROTECT`` and ``SESSIONKIT_EXCLUDE``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.patterns import Pattern, compile_pattern
from django_sessionkit.requirements import (
    Allow,
    AllowObject,
    AnyPermission,
    Authenticated,
    Factor,
    Nobody,
    Permission,
    Public,
    Recent,
    Requirement,
    Role,
    Within,
    leaves,
)
from django_sessionkit.utils.near_names import RULE_SYNONYMS
from django_sessionkit.utils.text import did_you_mean
from django_sessionkit.utils.verbs import VERBS

from .denial_options import OPTION_KEYS, DenialOptions
from .rules import Rule, ViewNamePattern

_SELECTOR_KEYS = ("pattern", "view", "methods")
_FURTHER_KEYS = ("within", "name", "i18n")
_VIEW_NAME_PATTERN = re.compile(r"[\w.*-]+(?::[\w.*-]+)*")


def parse_rule(raw: object, place: str) -> Rule:
    """Parse one entry of ``SESSIONKIT_PROTECT``.

    Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if the entry is wrong. The error contains ``place``, the
    fault and, for an unknown key, the nearest valid key.
    """
    if not isinstance(raw, Mapping):
        raise InvalidPolicy(place, "a rule must be a dict", 'write {"pattern": "/reports/**", "authenticated": True}')
    for key in raw:
        if key not in RULE_KEYS:
            raise InvalidPolicy(place, f'unknown key "{key}"', did_you_mean(key, RULE_KEYS, RULE_SYNONYMS))
    if "pattern" not in raw and "view" not in raw:
        raise InvalidPolicy(place, 'a rule needs a "pattern" or a "view"', 'add for example "pattern": "/reports/**"')
    methods, unsafe_only = _methods(raw, place)
    requirement = _requirement(raw, place)
    return Rule(
        label=_label(raw, place),
        patterns=tuple(
            _pattern(one, f"{place}['pattern']", opens=isinstance(requirement, Public))
            for one in _listed(raw, "pattern", place)
        ),
        views=tuple(_view_name_pattern(one, f"{place}['view']") for one in _listed(raw, "view", place)),
        methods=methods,
        unsafe_only=unsafe_only,
        requirement=requirement,
        options=DenialOptions.parse(raw, place),
        i18n=_flag(raw, "i18n", place, default=True),
    )


def parse_exclude(raw: object, place: str) -> Pattern | ViewNamePattern:
    """Parse one entry of ``SESSIONKIT_EXCLUDE``: a URL pattern if it starts with ``/``, else a glob over view names.

    Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if it is neither.
    """
    if isinstance(raw, str) and _VIEW_NAME_PATTERN.fullmatch(raw):
        return ViewNamePattern(raw)
    return _pattern(raw, place, opens=True)


def _label(raw: Mapping[str, object], place: str) -> str:
    name = raw.get("name", place)
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise InvalidPolicy(place, '"name" must be a printable, non-blank string')
    return name


def _listed(raw: Mapping[str, object], key: str, place: str) -> Sequence[object]:
    if key not in raw:
        return ()
    value = raw[key]
    if not isinstance(value, (list, tuple)):
        return (value,)
    if not value:
        raise InvalidPolicy(place, f'"{key}" is empty')
    return value


def _pattern(raw: Any, place: str, *, opens: bool) -> Pattern:
    try:
        return compile_pattern(raw, opens=opens) if isinstance(raw, str) else Pattern(raw)
    except InvalidPolicy as error:
        raise InvalidPolicy(place, f"{error.place}: {error.fault}".removeprefix(": "), error.hint) from None


def _view_name_pattern(raw: object, place: str) -> ViewNamePattern:
    if not isinstance(raw, str) or not _VIEW_NAME_PATTERN.fullmatch(raw):
        fault = 'must be a view name or a glob over view names, such as "billing:*"'
        raise InvalidPolicy(place, fault, _for_views(raw))
    return ViewNamePattern(raw)


def _for_views(raw: object) -> str:
    """Return the hint for what is no view name: a path, or the view itself."""
    if isinstance(raw, str) and raw.startswith(("/", "^")):
        return 'a path belongs in "pattern"'
    return 'write the name of its URL pattern, as in path(..., name="report")' if callable(raw) else ""


def _methods(raw: Mapping[str, object], place: str) -> tuple[frozenset[str], bool]:
    value = raw.get("methods")
    if "methods" not in raw or value == "unsafe":
        return frozenset(), "methods" in raw
    if not isinstance(value, (list, tuple)) or not value:
        raise InvalidPolicy(place, '"methods" must be a list of HTTP verbs, or "unsafe"', 'write ["POST"]')
    for verb in value:
        if verb not in VERBS:
            raise InvalidPolicy(place, f'"methods": unknown verb {verb!r}', did_you_mean(str(verb).upper(), VERBS))
    return frozenset(value), False


def _flag(raw: Mapping[str, object], key: str, place: str, *, default: bool) -> bool:
    value = raw.get(key, default)
    if not isinstance(value, bool):
        raise InvalidPolicy(place, f'"{key}" must be True or False', f'write "{key}": {not default}, or remove the key')
    return value


def _requirement(raw: Mapping[str, object], place: str) -> Requirement:
    """Combine all requirement keys of one rule with ``&``."""
    parts = []
    for key in raw:
        if key in _REQUIREMENTS:
            try:
                parts.append(_REQUIREMENTS[key](raw[key]))
            except InvalidPolicy as error:
                raise InvalidPolicy(place, f'"{key}": {error.fault}', error.hint) from None
    if not parts:
        raise InvalidPolicy(place, "a rule needs a requirement", _ANY_SESSION)
    requirement = reduce(and_, parts)
    if _flag(raw, "within", place, default=False):
        requirement = _within(requirement, place)
    if (about_object := next(leaves(requirement, AllowObject), None)) is not None:
        hint = "use RequireObjectMixin in the view, or enforce(requirement, obj=...)"
        raise InvalidPolicy(place, f"{about_object!r} needs an object, and a URL rule has none", hint)
    if not isinstance(requirement, Public) and next(leaves(requirement, Public), None) is not None:
        # Public() | Role("a") would open pages without the limits of a public rule.
        name = '"public"' if "public" in raw else "Public()"
        raise InvalidPolicy(place, f"{name} cannot be combined with a requirement", "remove one of them")
    return requirement


def _within(requirement: Requirement, place: str) -> Requirement:
    try:
        return Within(requirement)
    except InvalidPolicy as error:
        raise InvalidPolicy(place, f'"within": {error.fault}', "remove one of the two") from None


def _only_true(requirement: Callable[[], Requirement]) -> Callable[[Any], Requirement]:
    def make(value: object) -> Requirement:
        if value is not True:
            raise InvalidPolicy("", "must be True if present", "remove the key otherwise")
        return requirement()

    return make


def _one_name(requirement: Callable[[str], Requirement]) -> Callable[[Any], Requirement]:
    def make(value: object) -> Requirement:
        if not isinstance(value, str):
            is_list = isinstance(value, (list, tuple, set, frozenset))
            hint = "use the plural key for a list" if is_list else 'write it in quotes, such as "editor"'
            raise InvalidPolicy("", "must be a single name", hint)
        return requirement(value)

    return make


def _name_list(requirement: Callable[..., Requirement]) -> Callable[[Any], Requirement]:
    def make(value: object) -> Requirement:
        if not isinstance(value, (list, tuple)):
            raise InvalidPolicy("", "must be a list of names", 'write ["name"]')
        if not value:
            raise InvalidPolicy("", "needs at least one name", _ANY_SESSION)
        return requirement(*value)

    return make


def _factors(value: object) -> Requirement:
    """``"otp"``, or a list of factors, of which one suffices."""
    return _name_list(Factor)(value) if isinstance(value, (list, tuple)) else _one_name(Factor)(value)


def _ready_made(value: object) -> Requirement:
    if not isinstance(value, Requirement):
        raise InvalidPolicy("", "must be a requirement", 'write for example Role("owner") | Permission("billing:read")')
    return value


_ANY_SESSION = (
    'write "authenticated": True to require a session, or name a role or permission, such as "role": "editor"'
)

_REQUIREMENTS: dict[str, Callable[[Any], Requirement]] = {
    "authenticated": _only_true(Authenticated),
    "role": _one_name(Role),
    "roles": _name_list(Role),
    "permission": _one_name(Permission),
    "permissions": _name_list(Permission),
    "any_permission": _name_list(AnyPermission),
    "allow": Allow,
    "require": _ready_made,
    "recent": Recent,
    "factor": _factors,
    "public": _only_true(Public),
    "deny": _only_true(Nobody),
}

RULE_KEYS = (*_SELECTOR_KEYS, *_REQUIREMENTS, *OPTION_KEYS, *_FURTHER_KEYS)
