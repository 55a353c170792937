"""Check the custom fields of a session dict, and replace their values by plain copies that JSON can hold."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

from django_sessionkit.conf.limits import Limits
from django_sessionkit.exceptions import InvalidSession
from django_sessionkit.session.value import FIELDS
from django_sessionkit.utils.text import SURROGATE, described

from .texts import plain_list, plain_text

# CPython raises an error when it converts integers of more than 4,300 digits (14,284 bits) to text (CVE-2020-10735).
_MAX_INTEGER_BITS = 14_000

# The longest name of a custom field that an error shows.
_LONGEST_NAME = 50


def check_custom_fields(plain: dict[str, Any], limits: Limits) -> None:
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
        return _custom_text(str.__str__(value), limits)
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
        items = plain_list("custom", value, limits.custom_nodes)
        return [_custom(item, limits, budget, depth) for item in items]
    if dict.__len__(value) > limits.custom_nodes:
        raise InvalidSession("custom", f"has more than {limits.custom_nodes} values")
    return {
        _custom_text(plain_text("custom", key, "must have string keys"), limits): _custom(item, limits, budget, depth)
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
