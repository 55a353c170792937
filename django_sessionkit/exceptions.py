"""The exceptions of SessionKit. All have the base class ``SessionKitError``.

SessionKitError
├── InvalidSession      (also ValueError)                   a session dict is not valid
├── InvalidPolicy       (also ImproperlyConfigured)         a setting, rule or requirement is wrong
│   └── InvalidPattern  (also ValueError)                   a URL pattern is wrong
├── SessionUnavailable                                      loading a session failed
│   ├── VersionUnavailable                                  the version of a user's sessions cannot be read or changed
│   └── NotValidated    (also InvalidSession)               the custom validator failed
├── ReadOnlySource                                          the session source is read-only
├── RouteMismatch                                           the guard cannot reproduce Django's routing, so it denies
├── AsyncRequired       (also SynchronousOnlyOperation)     on an event loop, call the async variant
├── NotEvaluated                                            a dry run needs project code or the session store
├── NotAuthenticated    (also PermissionDenied)             there is no session
└── AccessDenied        (also PermissionDenied)             the session lacks a right

The last two are subclasses of Django's ``PermissionDenied``. If the middleware is missing, Django still answers them
with 403. No message contains a value of a session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured, PermissionDenied, SynchronousOnlyOperation
from django.utils.functional import Promise

from .utils import client_texts

if TYPE_CHECKING:
    from .policy.decisions import Decision
    from .policy.denial_options import DenialOptions


class SessionKitError(Exception):
    """Base class of every exception that SessionKit raises on purpose."""


class InvalidSession(SessionKitError, ValueError):
    """A session dict is not valid.

    - ``field``: ``session`` for the dict as a whole, the name of a standard field, or ``custom`` for any other field.
    - ``reason``: what is wrong, without any value of the dict.
    - ``hint``: what a developer can do about it; may be empty.

    A function in ``SESSIONKIT_SESSION_VALIDATOR`` may raise this exception. A custom source may raise it if the login
    gives no valid session.
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

    - ``place``: where, such as ``SESSIONKIT_PROTECT[3]``.
    - ``fault``: what is wrong.
    - ``hint``: how to fix it; may be empty.
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
        """Return a copy of this exception with another ``place``."""
        return InvalidPolicy(place, self.fault, self.hint)


class InvalidPattern(InvalidPolicy, ValueError):
    """A URL pattern is wrong. ``place`` is the pattern."""


class ReadOnlySource(SessionKitError):
    """A function that writes a session was called, but the configured source is read-only."""


class SessionUnavailable(SessionKitError):
    """The session store failed, or project code that takes part in loading a session failed.

    ``__cause__`` is the original exception. The state of the session is "unknown for now": protected requests are
    answered with 503, and the stored dict is kept. A custom source may raise this exception.
    """


class NotValidated(SessionUnavailable, InvalidSession):
    """The function in ``SESSIONKIT_SESSION_VALIDATOR`` failed, so it is unknown whether the dict is valid."""


class VersionUnavailable(SessionUnavailable):
    """The object in ``SESSIONKIT_VERSION`` failed. ``__cause__`` is the original exception.

    Existing sessions grant nothing, no session is registered, and no session is revoked.
    """


class RouteMismatch(SessionKitError):
    """The guard could not reproduce from the URL patterns how Django routed a request. The request is denied."""


class AsyncRequired(SessionKitError, SynchronousOnlyOperation):
    """A sync function would block a running event loop. The message names the async variant to call instead."""


class NotEvaluated(SessionKitError):
    """A dry run reached a step that calls project code or the session store."""


class _Denied(SessionKitError, PermissionDenied):
    _text: Promise
    _code: str
    #: whether this denial was already logged and signalled
    is_reported = False
    #: the options for the response, if the code that raises it has some
    options: DenialOptions | None = None

    def __init__(self, decision: Decision | None = None, message: str | Promise = "") -> None:
        super().__init__(message or self._text)
        self.decision = decision

    @property
    def extensions(self) -> dict[str, Any]:
        """The ``extensions`` of the error in a GraphQL response: a code for programs, and the reason of the denial."""
        return {"code": self._code} | ({"reason": self.decision.reason} if self.decision is not None else {})

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.decision, str(self)), vars(self)


class NotAuthenticated(_Denied):
    """There is no session. ``decision`` is the denial if a requirement was checked, else ``None``."""

    _text = client_texts.NEEDS_SESSION
    _code = "UNAUTHENTICATED"


class AccessDenied(_Denied):
    """There is a session, but it lacks a right. ``decision`` is the denial, if known."""

    _text = client_texts.LACKS_RIGHT
    _code = "FORBIDDEN"
