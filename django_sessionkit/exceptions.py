"""The exceptions of SessionKit, one family.

SessionKitError
├── InvalidSession      (also ValueError)                   the dict of an auth layer has the wrong shape
├── InvalidPolicy       (also ImproperlyConfigured)         a setting, rule or requirement is wrong
│   └── InvalidPattern  (also ValueError)                   a URL pattern is wrong
├── SessionUnavailable                                      what a session is loaded by is out of reach, or has failed
│   ├── VersionUnavailable                                  the version of a user's sessions cannot be had or changed
│   └── Unchecked       (also InvalidSession)               the validator of the project has failed
├── ReadOnlySource                                          the session source cannot be written to
├── UnreadableRoute                                         Django's routing cannot be repeated; the guard says no
├── AsyncRequired       (also SynchronousOnlyOperation)     a sync call on an event loop needs its async twin
├── Undecided                                               a rehearsal came to what only the project's code can say
├── NotAuthenticated    (also PermissionDenied)             there is no session
└── AccessDenied        (also PermissionDenied)             the session lacks a right

The last two are Django's ``PermissionDenied``, so that they answer 403 even where the middleware is missing. No
message carries a value of a session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import (
    ImproperlyConfigured,
    PermissionDenied,
    SynchronousOnlyOperation,
)

if TYPE_CHECKING:
    from .decisions import Decision


class SessionKitError(Exception):
    """Base of every exception that SessionKit raises on purpose."""


class InvalidSession(SessionKitError, ValueError):
    """A session dict was refused.

    ``field`` is ``session`` (the dict as a whole), a field name of the dict, or ``custom`` for any further field.
    ``reason`` is a sentence without any value from the dict, ``hint`` what a developer can do about it (may be empty).
    A ``SESSIONKIT_SESSION_VALIDATOR`` may raise it too, and a source for a login that gives no valid session.
    """

    def __init__(self, field: str, reason: str, hint: str = "") -> None:
        super().__init__(field, reason, hint)
        self.field = field
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


class InvalidPolicy(SessionKitError, ImproperlyConfigured):
    """A setting, rule, requirement or decorator option is wrong.

    ``place`` says where (``SESSIONKIT_PROTECT[3]``), ``fault`` what is wrong, ``hint`` how to mend it (may be empty).
    """

    def __init__(self, place: str, fault: str, hint: str = "") -> None:
        super().__init__(place, fault, hint)
        self.place = place
        self.fault = fault
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.place}: {self.fault}" if self.place else self.fault
        return f"{text}; {self.hint}" if self.hint else text

    def at(self, place: str) -> InvalidPolicy:
        """The same fault, seen from a setting."""
        return InvalidPolicy(place, self.fault, self.hint)


class InvalidPattern(InvalidPolicy, ValueError):
    """A URL pattern is wrong; ``place`` is the pattern."""


class ReadOnlySource(SessionKitError):
    """A write helper was called, but the configured session source only reads."""


class SessionUnavailable(SessionKitError):
    """The store, or code of the project that helps to load a session, has failed; ``__cause__`` says how.

    A request meets it as the state "unknown for now": it is answered with 503, and the stored dict stays. Your own
    source may raise it.
    """


class Unchecked(SessionUnavailable, InvalidSession):
    """``SESSIONKIT_SESSION_VALIDATOR`` has failed, so the dict may be valid or not."""


class VersionUnavailable(SessionUnavailable):
    """What ``SESSIONKIT_VERSION`` names has failed; ``__cause__`` says how. Existing sessions grant nothing, no session
    is registered, and nothing is revoked.
    """


class UnreadableRoute(SessionKitError):
    """Django routed a request in a way that its own URL patterns do not repeat; the guard turns it into a denial."""


class AsyncRequired(SessionKitError, SynchronousOnlyOperation):
    """A sync helper would have to block or await on a running event loop; the message names its async twin."""


class Undecided(SessionKitError):
    """A rehearsal came to a question that only the project's own code, or its store, could answer."""


class NotAuthenticated(SessionKitError, PermissionDenied):
    """There is no session. ``decision`` says what asked for one, if a requirement did."""

    #: whether the log and the signal tell it already
    is_reported = False

    def __init__(self, decision: Decision | None = None, message: str = "") -> None:
        super().__init__(message or "A session is required.")
        self.decision = decision

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.decision, str(self)), vars(self)


class AccessDenied(SessionKitError, PermissionDenied):
    """There is a session, but it lacks a right. ``decision`` says which."""

    #: whether the log and the signal tell it already
    is_reported = False

    def __init__(self, decision: Decision | None = None, message: str = "") -> None:
        super().__init__(message or "This session does not have the right to do that.")
        self.decision = decision

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.decision, str(self)), vars(self)
