"""Validate an untrusted dict and make a :class:`~django_sessionkit.Session` of it. No other module does this.

The code expects hostile input. It checks sizes before contents, does not call overridden methods of dict, list and str
subclasses, and never recurses deeper than the limits. No error message contains a value of the dict.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from django_sessionkit.conf.limits import DEFAULT_LIMITS, Limits, Validator
from django_sessionkit.exceptions import InvalidPolicy, InvalidSession, NotValidated
from django_sessionkit.session.value import FIELDS, STAMP, Session
from django_sessionkit.utils.sansio import place_of
from django_sessionkit.utils.text import described

from .custom import check_custom_fields
from .fast import FastValidator
from .standard import check_standard_fields
from .texts import plain_text


class SessionValidator:
    """Validate session dicts against ``limits``.

    ``validator`` receives a copy of a valid dict and returns it, changed or unchanged. Its result is validated again.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, validator: Validator | None = None) -> None:
        self._limits = limits
        self._validator = validator
        self._ordinary = FastValidator(limits, check_custom_fields)

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
        check_standard_fields(plain, limits)
        check_custom_fields(plain, limits)
    except InvalidSession:
        raise
    except Exception:
        # A method of a hostile object raised an exception. Some methods must be called.
        raise InvalidSession("session", "could not be read") from None
    return plain


def _plain_mapping(data: Any, limits: Limits) -> dict[str, Any]:
    """Return a new plain dict with ``str`` keys and without the version. Raises if there are too many entries."""
    most = limits.custom_nodes + len(FIELDS) + 1  # the version
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
    plain = {plain_text("session", key, "must have string keys"): value for key, value in plain.items()}
    plain.pop(STAMP, None)
    known = {key: plain.pop(key) for key in FIELDS if key in plain}
    return {**known, **plain}
