"""The only door from an untrusted dict to a :class:`~django_sessionkit.Session`.

Written for hostile input: sizes are looked at before contents, the methods of dict, list and str subclasses are
bypassed, nothing recurses deeper than the limits, and no reason ever repeats a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from typing import Any, TypeAlias
from uuid import UUID

from .exceptions import InvalidPolicy, InvalidSession, Unchecked
from .flows import place_of
from .names import fault_in, nfc
from .ordinary import Ordinary
from .session import STAMP, Session

Validator: TypeAlias = Callable[[dict[str, Any]], Mapping[str, Any]]

_KNOWN_FIELDS = ("user_id", "email", "role", "roles", "permissions")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# CPython refuses to turn longer integers into text: 4,300 digits (CVE-2020-10735) have 14,284 bits.
_MAX_INTEGER_BITS = 14_000


@dataclass(frozen=True)
class Limits:
    """How large a session dict may be; ``SESSIONKIT_LIMITS`` overrides them by name.

    Lengths are in characters. 255 is what Django's own key columns hold, 150 the longest name of a group, 320 the
    longest e-mail address (RFC 3696, erratum 1690: 64 + 1 + 255). ``custom_depth`` counts nested lists and dicts,
    ``custom_nodes`` every value in the custom fields, ``custom_string_length`` also bounds the keys.
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


class Validation:
    """The door: ``validator`` may look at the custom fields of a copy and return it, changed or not; what it returns is
    checked again.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, validator: Validator | None = None) -> None:
        self._limits = limits
        self._validator = validator
        self._ordinary = Ordinary(limits)

    def session(self, data: object) -> Session:
        """Check the shape of ``data`` and return it as a :class:`~django_sessionkit.Session`.

        Raises :class:`~django_sessionkit.InvalidSession`, and nothing else, whatever it is given;
        :class:`~django_sessionkit.exceptions.Unchecked` is one that comes of a validator that has failed.
        """
        plain = self._ordinary.checked(data)
        if plain is None:
            plain = _checked(data, self._limits)
            self._ordinary.remember(plain)
        if self._validator is not None:
            plain = _checked(_further(plain, self._validator), self._limits)
        return Session(plain)


def _further(plain: dict[str, Any], validator: Validator) -> object:
    try:
        return validator(Session(plain).to_dict())
    except InvalidSession:
        raise
    except ValueError:
        raise InvalidSession("custom", "refused by SESSIONKIT_SESSION_VALIDATOR") from None
    except Exception as error:  # a database that is out of reach, say: the dict may be good
        why = f"{error}" if isinstance(error, InvalidPolicy) else f"{type(error).__name__} at {place_of(error)}"
        raise Unchecked("custom", f"could not be checked, SESSIONKIT_SESSION_VALIDATOR has failed: {why}") from None


def _checked(data: object, limits: Limits) -> dict[str, Any]:
    try:
        plain = _plain_mapping(data, limits)
        _check_known_fields(plain, limits)
        _check_custom_fields(plain, limits)
    except InvalidSession:
        raise
    except Exception:
        # A hostile object raised from a method that had to be called.
        raise InvalidSession("session", "could not be read") from None
    return plain


def _plain_mapping(data: object, limits: Limits) -> dict[str, Any]:
    """A new plain dict with plain ``str`` keys and without a version; never more entries than could be valid."""
    most = limits.custom_nodes + len(_KNOWN_FIELDS)
    if issubclass(type(data), dict):
        if dict.__len__(data) > most:  # type: ignore[arg-type]
            raise InvalidSession("session", "has too many fields")
        plain = dict(dict.items(data))  # type: ignore[arg-type]
    elif isinstance(data, Session):
        plain = data.to_dict()
    elif isinstance(data, Mapping):
        plain = {key: data[key] for key in islice(iter(data), most + 1)}
        if len(plain) > most:
            raise InvalidSession("session", "has too many fields")
    else:
        raise InvalidSession("session", "must be a mapping")
    if set(map(type, plain)) - {str}:
        plain = {_text("session", key): value for key, value in plain.items()}
    plain.pop(STAMP, None)
    known = {key: plain.pop(key) for key in _KNOWN_FIELDS if key in plain}
    return {**known, **plain}


def _check_known_fields(plain: dict[str, Any], limits: Limits) -> None:
    plain["user_id"] = _user_id(plain.get("user_id"), limits)
    if plain.get("email") is not None:
        plain["email"] = _email(plain["email"], limits)
    if plain.get("role") is not None:
        plain["role"] = _names("role", [plain["role"]], limits.role_length, 1)[0]
    if plain.get("roles") is not None:
        plain["roles"] = _names("roles", plain["roles"], limits.role_length, limits.roles_count)
    if plain.get("permissions") is not None:
        plain["permissions"] = _names(
            "permissions", plain["permissions"], limits.permission_length, limits.permissions_count
        )


def _user_id(value: object, limits: Limits) -> str:
    if value is None:
        raise InvalidSession("user_id", "is required")
    if type(value) in (int, UUID):
        raise InvalidSession("user_id", "must be a string; use str(...)")
    text = _text("user_id", value)
    if not text.strip():
        raise InvalidSession("user_id", "must not be blank")
    return _printable("user_id", text, limits.user_id_length)


def _email(value: object, limits: Limits) -> str:
    text = _printable("email", _text("email", value), limits.email_length)
    if text and "@" not in text:
        raise InvalidSession("email", 'must be empty or contain "@"')
    return text


def _names(field: str, value: object, max_length: int, max_items: int) -> list[str]:
    """Role or permission names; looked at all together, which is several times faster than one by one."""
    names: list[str] = _items(field, value, max_items)
    if not names:
        return names
    if set(map(type, names)) != {str}:
        names = [_text(field, name) for name in names]
    if max(map(len, names)) > max_length:
        raise InvalidSession(field, f"has a name of more than {max_length} characters")
    if not all(map(str.strip, names)):
        raise InvalidSession(field, "has a blank name")
    if fault := fault_in(text := "".join(names)):
        raise InvalidSession(field, f"has {fault}")
    if text.isascii():
        return names
    names = [nfc(name) for name in names]
    if max(map(len, names)) > max_length:  # a few characters become several
        raise InvalidSession(field, f"has a name of more than {max_length} characters in the form NFC")
    return names


def _items(field: str, value: object, most: int) -> list[Any]:
    """A plain list of the items, past whatever a subclass overrides."""
    kind: Any = next((kind for kind in (list, tuple) if issubclass(type(value), kind)), None)
    if kind is None:
        raise InvalidSession(field, "must be a list or tuple of strings")
    if kind.__len__(value) > most:
        raise InvalidSession(field, f"has more than {most} items")
    return list(kind.__iter__(value))


def _text(field: str, value: object) -> str:
    """The value as a plain ``str``, past whatever a subclass overrides."""
    if type(value) is str:
        return value
    if issubclass(type(value), str):
        return str.__str__(value)
    raise InvalidSession(field, "must be a string" if field != "session" else "must have string keys")


def _printable(field: str, text: str, max_length: int) -> str:
    if len(text) > max_length:
        raise InvalidSession(field, f"has more than {max_length} characters")
    # isprintable() is quick and stricter than needed; the expression decides about what it refuses.
    if not text.isprintable() and _UNPRINTABLE.search(text):
        raise InvalidSession(field, "has control characters or lone surrogates")
    return text


def _check_custom_fields(plain: dict[str, Any], limits: Limits) -> None:
    """Replace every custom value by a plain copy of it, within the limits."""
    budget = iter(range(limits.custom_nodes))
    for key, value in plain.items():
        if key not in _KNOWN_FIELDS:
            _custom_text(key, limits)
            plain[key] = _custom(value, limits, budget, 0)


def _custom(value: Any, limits: Limits, budget: Iterator[int], depth: int) -> Any:
    if next(budget, None) is None:
        raise InvalidSession("custom", f"has more than {limits.custom_nodes} values")
    kind = type(value)
    if value is None or kind is bool:
        return value
    if issubclass(kind, str):
        return _custom_text(_text("custom", value), limits)
    if issubclass(kind, (int, float)):
        return _number(value)
    if issubclass(kind, (dict, list, tuple)):
        if depth == limits.custom_depth:
            raise InvalidSession("custom", f"is nested deeper than {limits.custom_depth} levels")
        return _container(value, limits, budget, depth + 1)
    raise InvalidSession("custom", "has a value that JSON cannot hold")


def _container(value: Any, limits: Limits, budget: Iterator[int], depth: int) -> Any:
    if not issubclass(type(value), dict):
        items = _items("custom", value, limits.custom_nodes)
        return [_custom(item, limits, budget, depth) for item in items]
    if dict.__len__(value) > limits.custom_nodes:
        raise InvalidSession("custom", f"has more than {limits.custom_nodes} values")
    return {
        _custom_text(_text("custom", key), limits): _custom(item, limits, budget, depth)
        for key, item in dict.items(value)
    }


def _custom_text(text: str, limits: Limits) -> str:
    if len(text) > limits.custom_string_length:
        raise InvalidSession("custom", f"has a string of more than {limits.custom_string_length} characters")
    if not text.isascii() and _SURROGATE.search(text):
        raise InvalidSession("custom", "has a string with lone surrogates")
    return text


def _number(value: int | float) -> int | float:
    """A plain number that is JSON: finite (RFC 8259, section 6) and short enough to be written."""
    if isinstance(value, float):
        if not isfinite(value):
            raise InvalidSession("custom", "has a number that is not finite")
        return float.__float__(value)
    if int.bit_length(value) > _MAX_INTEGER_BITS:
        raise InvalidSession("custom", "has an integer too long to be written")
    return int.__int__(value)
