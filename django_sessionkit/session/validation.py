"""Validate an untrusted dict and make a :class:`~django_sessionkit.Session` of it. No other module does this.

The code expects hostile input. It checks sizes before contents, does not call overridden methods of dict, list and str
subclasses, and never recurses deeper than the limits. No error message contains a value of the dict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from math import isfinite
from typing import Any
from uuid import UUID

from django_sessionkit.conf.limits import DEFAULT_LIMITS, Limits, Validator
from django_sessionkit.exceptions import InvalidPolicy, InvalidSession, NotValidated
from django_sessionkit.policy.names import fault_in, nfc
from django_sessionkit.utils.near_names import USER_IDS
from django_sessionkit.utils.sansio import place_of
from django_sessionkit.utils.text import SURROGATE, UNPRINTABLE, described

from .fast_validation import FastValidator
from .value import FIELDS, STAMP, Session

# CPython raises an error when it converts integers of more than 4,300 digits (14,284 bits) to text (CVE-2020-10735).
_MAX_INTEGER_BITS = 14_000

# The longest name of a custom field that an error shows.
_LONGEST_NAME = 50


class SessionValidator:
    """Validate session dicts against ``limits``.

    ``validator`` receives a copy of a valid dict and returns it, changed or unchanged. Its result is validated again.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, validator: Validator | None = None) -> None:
        self._limits = limits
        self._validator = validator
        self._ordinary = FastValidator(limits, _check_custom_fields)

    def session(self, data: object) -> Session:
        """Validate ``data``, which may be any object, and return it as a :class:`~django_sessionkit.Session`.

        Raises only :class:`~django_sessionkit.InvalidSession`; if the validator fails, the subclass
        :class:`~django_sessionkit.exceptions.NotValidated`.
        """
        plain = self._ordinary.checked(data)
        if plain is None:
            plain = _checked(data, self._limits)
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
    except Exception as error:  # the validator failed, for example without its database; the dict may be valid
        why = f"{error}" if isinstance(error, InvalidPolicy) else f"{type(error).__name__} at {place_of(error)}"
        raise NotValidated("custom", f"could not be checked, SESSIONKIT_SESSION_VALIDATOR failed: {why}") from None


def _checked(data: object, limits: Limits) -> dict[str, Any]:
    try:
        plain = _plain_mapping(data, limits)
        _check_known_fields(plain, limits)
        _check_custom_fields(plain, limits)
    except InvalidSession:
        raise
    except Exception:
        # A method of a hostile object raised an exception. Some methods must be called.
        raise InvalidSession("session", "could not be read") from None
    return plain


def _plain_mapping(data: Any, limits: Limits) -> dict[str, Any]:
    """Return a new plain dict with ``str`` keys and without the version. Raises if there are too many entries."""
    most = limits.custom_nodes + len(FIELDS)
    if issubclass(type(data), dict):
        if dict.__len__(data) > most:
            raise InvalidSession("session", "has too many fields")
        plain = dict(dict.items(data))
    elif isinstance(data, Session):
        plain = data.to_dict()
    elif isinstance(data, Mapping):
        plain = {key: data[key] for key in islice(iter(data), most + 1)}
        if len(plain) > most:
            raise InvalidSession("session", "has too many fields")
    else:
        raise InvalidSession("session", f'must be a mapping such as {{"user_id": "42"}}, not {described(data)}')
    plain = {_text("session", key, "must have string keys"): value for key, value in plain.items()}
    plain.pop(STAMP, None)
    known = {key: plain.pop(key) for key in FIELDS if key in plain}
    return {**known, **plain}


def _check_known_fields(plain: dict[str, Any], limits: Limits) -> None:
    if plain.get("user_id") is None:
        near = next((name for name in USER_IDS if name in plain), None)
        raise InvalidSession("user_id", f'is required; rename "{near}" to "user_id"' if near else "is required")
    plain["user_id"] = _user_id(plain["user_id"], limits)
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
    if type(value) in (int, UUID):
        raise InvalidSession("user_id", f"must be a string, not {described(value)}; convert it with str(...)")
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
    """Validate role or permission names, and return them in NFC."""
    wanted = 'must be a string (several go in "roles")' if field == "role" else "must have only strings"
    names = [_text(field, name, wanted) for name in _items(field, value, max_items)]
    if not names:
        return names
    if max(map(len, names)) > max_length:
        raise InvalidSession(field, f"has a name of more than {max_length} characters")
    if not all(map(str.strip, names)):
        raise InvalidSession(field, "has a blank name")
    if fault := fault_in(text := "".join(names)):
        raise InvalidSession(field, f"has {fault}")
    if text.isascii():
        return names
    names = [nfc(name) for name in names]
    if max(map(len, names)) > max_length:  # NFC makes a few characters longer
        raise InvalidSession(field, f"has a name of more than {max_length} characters in the form NFC")
    return names


def _items(field: str, value: object, most: int) -> list[Any]:
    """Return the items as a plain list, without calling methods that a subclass overrides."""
    kind: Any = next((kind for kind in (list, tuple) if issubclass(type(value), kind)), None)
    if kind is None:
        hint = "write a list with one name" if issubclass(type(value), str) else "convert it with list(...)"
        raise InvalidSession(field, f"must be a list or tuple of strings, not {described(value)}; {hint}")
    if kind.__len__(value) > most:
        raise InvalidSession(field, f"has more than {most} items")
    return list(kind.__iter__(value))


def _text(field: str, value: Any, wanted: str = "must be a string") -> str:
    """Return the value as a plain ``str``, without calling methods that a subclass overrides."""
    if type(value) is str:
        return value
    if issubclass(type(value), str):
        return str.__str__(value)
    raise InvalidSession(field, f"{wanted}, not {described(value)}")


def _printable(field: str, text: str, max_length: int) -> str:
    if len(text) > max_length:
        raise InvalidSession(field, f"has more than {max_length} characters")
    # isprintable() is fast but stricter than needed. If it fails, the regular expression decides.
    if not text.isprintable() and UNPRINTABLE.search(text):
        raise InvalidSession(field, "has control characters or lone surrogates")
    return text


def _check_custom_fields(plain: dict[str, Any], limits: Limits) -> None:
    """Replace every custom value by a plain copy, and check the limits.

    An error names the field if its name is short and looks like a name in code. Other names may be data.
    """
    budget = iter(range(limits.custom_nodes))
    for key, value in plain.items():
        if key not in FIELDS:
            try:
                _custom_text(key, limits)
                plain[key] = _custom(value, limits, budget, 0)
            except InvalidSession as error:
                if len(key) > _LONGEST_NAME or not key.isascii() or not key.isidentifier():
                    raise
                raise InvalidSession("custom", f'"{key}" {error.reason}') from None


def _custom(value: Any, limits: Limits, budget: Iterator[int], depth: int) -> Any:
    if next(budget, None) is None:
        raise InvalidSession("custom", f"has more than {limits.custom_nodes} values, all custom fields together")
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
    fault = f"has a value of the type {described(value)}, which JSON does not have"
    raise InvalidSession("custom", f"{fault}; convert it to a string, number, list or dict")


def _container(value: Any, limits: Limits, budget: Iterator[int], depth: int) -> Any:
    if not issubclass(type(value), dict):
        items = _items("custom", value, limits.custom_nodes)
        return [_custom(item, limits, budget, depth) for item in items]
    if dict.__len__(value) > limits.custom_nodes:
        raise InvalidSession("custom", f"has more than {limits.custom_nodes} values")
    return {
        _custom_text(_text("custom", key, "must have string keys"), limits): _custom(item, limits, budget, depth)
        for key, item in dict.items(value)
    }


def _custom_text(text: str, limits: Limits) -> str:
    if len(text) > limits.custom_string_length:
        raise InvalidSession("custom", f"has a string of more than {limits.custom_string_length} characters")
    if not text.isascii() and SURROGATE.search(text):
        raise InvalidSession("custom", "has a string with lone surrogates")
    return text


def _number(value: int | float) -> int | float:
    """Return a plain number that JSON allows: finite (RFC 8259, section 6) and short enough to convert to text."""
    if isinstance(value, float):
        if not isfinite(value):
            raise InvalidSession("custom", "has a number that is not finite")
        return float.__float__(value)
    if int.bit_length(value) > _MAX_INTEGER_BITS:
        raise InvalidSession("custom", "has an integer that is too long")
    return int.__int__(value)
