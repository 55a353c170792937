"""The result of an access check, with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_sessionkit.requirements import Requirement

GRANTED = "granted"
NOT_AUTHENTICATED = "not_authenticated"
MISSING_ROLE = "missing_role"
MISSING_PERMISSION = "missing_permission"
NONE_OF = "none_of"
EXCLUDED = "excluded"
NOBODY = "nobody"
PREDICATE = "predicate"
POLICY = "policy"
FAILED = "failed"
DENIED = "denied"
#: the user is logged in, but the login gives no valid session
REFUSED = "refused"
#: it is unknown at the moment whether there is a session, because loading it failed
UNKNOWN_FOR_NOW = "unknown_for_now"

_SENTENCES = {
    GRANTED: "granted",
    NOT_AUTHENTICATED: "needs a session",
    NONE_OF: "meets none of the alternatives",
    EXCLUDED: "is not allowed here",
    NOBODY: "nobody may do this",
    PREDICATE: "refused by",
    POLICY: "refused by the access policy",
    DENIED: "the view refused the request",
    FAILED: "could not be decided, because a check failed (the log says which)",
    REFUSED: "the login gives no valid session",
    UNKNOWN_FOR_NOW: "the session cannot be looked up at the moment",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of an access check. It is true in a boolean context if and only if access is allowed.

    - ``allowed``: whether access is allowed.
    - ``reason``: one of the constants of this module, such as ``"missing_role"``.
    - ``missing``: the names of the required roles or permissions that the session does not have.
    - ``requirement``: the requirement that was not met; if access is allowed, the requirement that was checked.
    - ``rule``: the ``name`` of the URL rule or its place (``SESSIONKIT_PROTECT[3]``); ``None`` if no URL rule decided.
    - ``failed``: whether a predicate or policy raised an exception, or returned something other than ``True`` or
      ``False``. Such a denial stays a denial under ``~``.
    - ``detail``: for ``"refused"`` and ``"unknown_for_now"``, what is wrong, for developers.

    A decision never contains a value of the session.
    """

    allowed: bool
    reason: str
    missing: tuple[str, ...] = ()
    requirement: Requirement | None = None
    rule: str | None = None
    failed: bool = False
    detail: str = ""

    def __bool__(self) -> bool:
        return self.allowed

    def __str__(self) -> str:
        """Return a sentence without a full stop that says why, such as ``needs the role "admin"``."""
        if self.reason in (MISSING_ROLE, MISSING_PERMISSION):
            return _missing_sentence(self.reason, self.missing)
        if self.reason == EXCLUDED:
            return f"{repr(self.requirement).removeprefix('~')} {_SENTENCES[self.reason]}"
        if self.reason == PREDICATE:
            return f"{_SENTENCES[self.reason]} {self.requirement!r}"
        if self.reason == NONE_OF:
            return f"needs {self.requirement!r}"
        return f"{_SENTENCES[self.reason]} ({self.detail})" if self.detail else _SENTENCES[self.reason]


def _missing_sentence(reason: str, missing: tuple[str, ...]) -> str:
    kind, joint = ("role", " or ") if reason == MISSING_ROLE else ("permission", " and ")
    return f"needs the {kind} " + joint.join(f'"{name}"' for name in missing)
