"""A session dict as people write it on a command line: ``role=editor,permission=posts:write``."""

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
    """The session dict of ``key=value`` pairs with commas between them; it has yet to be validated.

    Keys are ``user_id``, ``email``, ``role``, ``roles``, ``permission`` and ``permissions``. Those for roles and
    permissions may be repeated or given a list (``roles=a,b``); a second ``role`` joins ``roles``. Any other key is a
    custom field, its value JSON (``active=true``) or else a string; ``custom.`` before it says so of a key that looks
    like a slip.

    Raises ``ValueError`` for what is no pair, for a key given twice, and for a slip, with the nearest valid key.
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
        raise ValueError(f'"{key}" stands there twice')
    else:
        claims[_custom_field(key)] = _json_or_text(value)


def _custom_field(key: str) -> str:
    if key.startswith(_CUSTOM):
        return key.removeprefix(_CUSTOM)
    near = get_close_matches(key.lower(), _KEYS, n=1, cutoff=0.75)
    if near:
        raise ValueError(
            f'unknown key "{key}"; did you mean "{near[0]}"? For a field of that name write {_CUSTOM}{key}'
        )
    return key


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
