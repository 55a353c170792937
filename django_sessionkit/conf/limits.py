"""The size limits of a session dict, and the type of a project's own validator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Validator: TypeAlias = Callable[[dict[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Limits:
    """The maximum sizes of a session dict. ``SESSIONKIT_LIMITS`` overrides them by name.

    Lengths are in characters. 255 is the length of Django's key columns, 150 that of a group name, and 320 that of the
    longest e-mail address (RFC 3696, erratum 1690: 64 + 1 + 255). ``custom_depth`` limits the nesting of lists and
    dicts, ``custom_nodes`` the number of all values in custom fields. ``custom_string_length`` also applies to keys.
    """

    user_id_length: int = 255
    email_length: int = 320
    role_length: int = 150
    roles_count: int = 100
    permission_length: int = 255
    permissions_count: int = 500
    custom_depth: int = 20
    custom_nodes: int = 10_000
    custom_string_length: int = 65_536


DEFAULT_LIMITS = Limits()
