"""The answer to "may this session do that?", with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .requirements import Requirement

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
#: the login of the auth layer gives no valid session
REFUSED = "refused"
#: nobody can say at the moment whether there is a session
UNKNOWN_FOR_NOW = "unknown_for_now"

_SENTENCES = {
    GRANTED: "granted",
    NOT_AUTHENTICATED: "needs a session",
    NONE_OF: "meets none of the alternatives",
    EXCLUDED: "is excluded by",
    NOBODY: "nobody may do this",
    PREDICATE: "was refused by",
    POLICY: "was refused by the access policy",
    DENIED: "the view refused",
    FAILED: "could not be decided, because a check failed (the log says which)",
    REFUSED: "the login gives no valid session",
    UNKNOWN_FOR_NOW: "the session cannot be looked up at the moment",
}


@dataclass(frozen=True)
class Decision:
    """What was decided, and why. True in a boolean context exactly when access is allowed.

    - ``reason``: one of the constants of this module, such as ``"missing_role"``.
    - ``missing``: the names of the roles or permissions that were asked for and are not held.
    - ``requirement``: the requirement that failed; when allowed, the one that was asked.
    - ``rule``: the ``name`` of the URL rule or its place (``SESSIONKIT_PROTECT[3]``), ``None`` outside the URL list.
    - ``failed``: a predicate or policy raised, or answered neither ``True`` nor ``False``. It stays a denial under
      ``~``.
    - ``detail``: for ``"refused"`` and ``"unknown_for_now"``, what is wrong, for developers.

    It never holds a value of the session.
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
        """One sentence for people: what was missing."""
        if self.reason in (MISSING_ROLE, MISSING_PERMISSION):
            return _missing_sentence(self.reason, self.missing)
        if self.reason in (EXCLUDED, PREDICATE):
            return f"{_SENTENCES[self.reason]} {self.requirement!r}"
        if self.reason == NONE_OF:
            return f"needs {self.requirement!r}"
        return f"{_SENTENCES[self.reason]} ({self.detail})" if self.detail else _SENTENCES[self.reason]


def _missing_sentence(reason: str, missing: tuple[str, ...]) -> str:
    kind, joint = ("role", " or ") if reason == MISSING_ROLE else ("permission", " and ")
    return f"needs the {kind} " + joint.join(f'"{name}"' for name in missing)
