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
#: the login is too old, or its time is unknown; see :class:`~django_sessionkit.Recent`
STALE_AUTHENTICATION = "stale_authentication"
#: the login was made without one of these factors; see :class:`~django_sessionkit.Factor`
MISSING_FACTOR = "missing_factor"
#: nobody acts as the user of the session; see :class:`~django_sessionkit.Impersonated`
NOT_IMPERSONATED = "not_impersonated"
#: a requirement about an object was checked without one; see :class:`~django_sessionkit.AllowObject`
NO_OBJECT = "no_object"
#: there is no current tenant, or the session has no rights in it; see :class:`~django_sessionkit.Within`
NO_TENANT = "no_tenant"
FAILED = "failed"
DENIED = "denied"
#: the user is logged in, but the login gives no valid session
REFUSED = "refused"
#: it is unknown at the moment whether there is a session, because loading it failed
UNKNOWN_FOR_NOW = "unknown_for_now"

_SENTENCES = {
    GRANTED: "granted",
    NOT_AUTHENTICATED: "needs a session",
    NOBODY: "nobody may do this",
    POLICY: "refused by the access policy",
    NOT_IMPERSONATED: "needs somebody who acts as the user",
    NO_OBJECT: "needs an object",
    NO_TENANT: "has no rights in the current tenant, or there is none",
    DENIED: "the view refused the request",
    FAILED: "could not be decided, because a check failed (the log says which)",
    REFUSED: "the login gives no valid session",
    UNKNOWN_FOR_NOW: "the session cannot be looked up at the moment",
}

_STEP_UP = frozenset([STALE_AUTHENTICATION, MISSING_FACTOR])
_ABOUT_A_REQUIREMENT = frozenset([NONE_OF, EXCLUDED, PREDICATE, *_STEP_UP])


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

    @property
    def needs_step_up(self) -> bool:
        """Whether the user may lift the denial by confirming the login again, for example with a second factor."""
        return self.reason in _STEP_UP

    def is_final(self, settled_by: bool | None) -> bool:
        """Whether this decision of a part settles a combination that a decision ``settled_by`` settles.

        One that failed does not, and neither does one that a new login would lift: another part may be denied for good.
        """
        return self.allowed is settled_by and not (self.failed or self.needs_step_up)

    def __str__(self) -> str:
        """Return a sentence without a full stop that says why, such as ``needs the role "admin"``."""
        if self.reason in (MISSING_ROLE, MISSING_PERMISSION):
            return _missing_sentence(self.reason, self.missing)
        if self.reason in _ABOUT_A_REQUIREMENT and self.requirement is not None:
            return _sentence_about(self.requirement, self.reason)
        sentence = _SENTENCES.get(self.reason, self.reason)
        return f"{sentence} ({self.detail})" if self.detail else sentence


def _missing_sentence(reason: str, missing: tuple[str, ...]) -> str:
    kind, joint = ("role", " or ") if reason == MISSING_ROLE else ("permission", " and ")
    return f"needs the {kind} " + joint.join(f'"{name}"' for name in missing)


def _sentence_about(requirement: Requirement, reason: str) -> str:
    if reason == EXCLUDED:  # by ``~``, unless a project has made the decision
        excluded = next(iter(requirement.children), requirement)
        return f"{excluded.in_words()} is not allowed here"
    return f"needs {requirement.in_words()}"
