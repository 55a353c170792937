"""Parse a session dict from the command line, such as ``role=editor,permission=posts:write``."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import Any

_SINGLE = ("user_id", "email", "role")
_LISTED = {"role": "roles", "roles": "roles", "permission": "permissions", "permissions": "permissions"}
_KEYS = (*_SINGLE, *_LISTED)
_CUSTOM = "custom."
_EXAMPLE = "role=editor,permission=posts:write"


def parse_claims(text: str) -> dict[str, Any]:
    """Return the session dict of comma-separated ``key=value`` pairs. The dict is not validated.

    The keys are ``user_id``, ``email``, ``role``, ``roles``, ``permission`` and ``permissions``. The keys for roles and
    permissions may be repeated, or take a list (``roles=a,b``); a second ``role`` is added to ``roles``. Any other key
    is a custom field. Its value is JSON (``active=true``), or else a string. A key that resembles one of the above
    needs ``custom.`` before it.

    Raises ``ValueError`` for a piece that is not a pair, for a key given twice, and for a key that resembles a valid
    one. The message then names the valid key.
    """
    claims: dict[str, Any] = {}
    key = ""
    for piece in text.split(","):
        name, sign, value = (part.strip() for part in piece.partition("="))
        key = name if sign else key if key in _LISTED else ""
        if not key or not (value := value if sign else name):
            raise ValueError(f'"{piece.strip()}" is not a key=value pair, such as {_EXAMPLE}')
        _put(claims, key, value)
    return claims


def _put(claims: dict[str, Any], key: str, value: str) -> None:
    if key in _SINGLE and key not in claims:
        claims[key] = value
    elif key in _LISTED:
        claims.setdefault(_LISTED[key], []).append(value)
    elif key in claims:
        raise ValueError(f'"{key}" is given twice')
    else:
        claims[_custom_field(key)] = _json_or_text(value)


def _custom_field(key: str) -> str:
    if key.startswith(_CUSTOM):
        return key.removeprefix(_CUSTOM)
    near = get_close_matches(key.lower(), _KEYS, n=1, cutoff=0.75)
    if near:
        raise ValueError(
            f'unknown key "{key}"; did you mean "{near[0]}"? For a custom field of that name, write {_CUSTOM}{key}'
        )
    return key


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
