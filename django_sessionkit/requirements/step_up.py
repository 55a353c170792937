"""The requirements about the login itself: how long ago it was, and with which factors."""

from __future__ import annotations

import time
from datetime import timedelta

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.policy.decisions import MISSING_FACTOR, NOT_AUTHENTICATED, STALE_AUTHENTICATION, Decision
from django_sessionkit.policy.names import checked_names
from django_sessionkit.utils.sansio import Flow
from django_sessionkit.utils.text import described

from .check_input import CheckInput
from .leaf import Leaf

# The clocks of two nodes may differ: a login may seem to be this many seconds in the future.
_LEEWAY = 60


class Recent(Leaf):
    """Require that the user logged in, or confirmed the login, at most ``seconds`` ago.

    The time is the field ``auth_time`` of the session (OpenID Connect Core 1.0, section 2; ``max_age`` of RFC 9470).
    Without the field, or with a time more than 60 seconds in the future, the check fails: access is denied, also under
    ``~``.

    :param seconds: an integer, more than 0. Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` for another
        value.
    """

    __slots__ = ()

    def __init__(self, seconds: int) -> None:
        super().__init__((_checked_seconds(seconds),), is_stable=False)

    @property
    def max_age(self) -> int:
        """The seconds that may have passed since the login."""
        return int(self.parts[0])

    def _judge(self, asked: CheckInput) -> Flow[Decision]:
        yield from ()
        session = asked.session
        if session is None:
            return self._denied(NOT_AUTHENTICATED)
        age = None if session.auth_time is None else int(time.time()) - session.auth_time
        if age is None or age < -_LEEWAY:
            return self._denied(STALE_AUTHENTICATION, failed=True)
        return self._granted() if age <= self.max_age else self._denied(STALE_AUTHENTICATION)


def _checked_seconds(seconds: object) -> int:
    if type(seconds) is not int:
        is_delta = isinstance(seconds, timedelta)
        hint = "write int(delta.total_seconds())" if is_delta else "write for example Recent(600)"
        raise InvalidPolicy("Recent", f"the number of seconds must be an integer, not {described(seconds)}", hint)
    if seconds <= 0:
        raise InvalidPolicy("Recent", "the number of seconds must be more than 0")
    return seconds


class Factor(Leaf):
    """Require that the user logged in, or confirmed the login, with at least one of the factors.

    The factors are those in the field ``amr`` of the session. RFC 8176 defines names such as ``"otp"`` (a one-time
    password), ``"hwk"`` (a security key) and ``"mfa"``; others are allowed too.

    Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` without a name, or for an invalid one.
    """

    __slots__ = ()

    def __init__(self, *any_of: str) -> None:
        super().__init__(checked_names("Factor", any_of), is_stable=False)

    def _judge(self, asked: CheckInput) -> Flow[Decision]:
        yield from ()
        if asked.session is None:
            return self._denied(NOT_AUTHENTICATED)
        if set(self.parts).isdisjoint(asked.session.amr):
            return self._denied(MISSING_FACTOR, self.parts)
        return self._granted()
