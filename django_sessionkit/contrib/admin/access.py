"""Decide about a page of the admin, and stand in for a Django user that a session does not have."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from django_sessionkit.guard import audit as guard_audit
from django_sessionkit.guard.evaluator import decide
from django_sessionkit.policy.decisions import DENIED, NO_OBJECT, NOT_AUTHENTICATED, Decision
from django_sessionkit.requirements import AllowObject, Requirement, leaves
from django_sessionkit.requirements.check_input import CheckInput, Record
from django_sessionkit.session.context import Fault
from django_sessionkit.session.loader import context_for
from django_sessionkit.session.value import Session
from django_sessionkit.utils import client_texts
from django_sessionkit.utils.sansio import Flow, run
from django_sessionkit.utils.users import user_id

if TYPE_CHECKING:
    from django.http import HttpRequest

_NO_USER = (
    "the session does not belong to request.user, an active Django user; set allow_without_user = True on the admin "
    "site to open it for sessions without one"
)
# the request attribute with the last denial by a model admin
_DENIAL = "_sessionkit_admin_denial"
_UNKNOWN = Decision(False, DENIED, detail="the admin of the model refuses it")


def decision_for(request: HttpRequest, requirement: Requirement, *, without_user: bool, obj: object = None) -> Decision:
    """Return whether the session of ``request`` meets ``requirement``, and is one that may use the admin.

    There must be a session, whatever the requirement says. Unless ``without_user`` is set, it must be that of
    ``request.user``.
    """
    context = context_for(request)
    asked = requirement if obj is not None else without_object(requirement)
    decision = run(decide(context, asked, request, obj))
    session = context.peek()
    if decision.allowed and session is None:
        fault = context.fault or Fault(NOT_AUTHENTICATED)
        decision = replace(decision, allowed=False, reason=fault.reason, detail=fault.detail)
    elif decision.allowed and not (without_user or is_of(request, session)):
        decision = replace(decision, allowed=False, reason=DENIED, detail=_NO_USER)
    guard_audit.decided(decision, request)
    return decision


class _NoObject(Requirement):
    """Denies what ``AllowObject`` denies without an object. The admin often has none, so nothing is logged."""

    __slots__ = ()

    def __init__(self, about_object: AllowObject) -> None:
        super().__init__((about_object,))

    def __repr__(self) -> str:
        return repr(self.parts[0])

    def flow(self, asked: CheckInput, record: Record | None = None) -> Flow[Decision]:
        yield from ()
        return self._denied(NO_OBJECT, failed=True)


@lru_cache(maxsize=256)
def without_object(requirement: Requirement) -> Requirement:
    """Return the requirement for a page that has no object, such as a list."""
    if isinstance(requirement, AllowObject):
        return _NoObject(requirement)
    if next(leaves(requirement, AllowObject), None) is None:
        return requirement
    return type(requirement)(*map(without_object, requirement.children))  # type: ignore[arg-type]


def keep_denial(request: HttpRequest, decision: Decision | None, detail: str = "") -> None:
    """Keep the last denial by a model admin, for the response of the site if the admin raises ``PermissionDenied``.

    Without a decision, keep ``detail``, unless there is a decision already: it says what a session can do about it.
    """
    if decision is None and kept_denial(request).requirement is None:
        decision = Decision(False, DENIED, detail=detail)
    if decision is not None:
        vars(request)[_DENIAL] = decision


def kept_denial(request: HttpRequest) -> Decision:
    """Return the denial of :func:`keep_denial`; without one, a model admin has decided by itself."""
    kept: Decision = vars(request).get(_DENIAL, _UNKNOWN)
    return kept


def is_of(request: HttpRequest, session: Session | None) -> bool:
    """Return ``True`` if ``session`` and ``request.user`` are of the same user, and Django's user is active."""
    return session is not None and user_id(getattr(request, "user", None)) == session.user_id


class SessionOnlyUser:
    """The ``request.user`` of an admin page for a session without a Django user.

    It has no primary key, no password and no permission. Only the requirements of a ``RequireModelAdminMixin`` open
    anything to it.
    """

    is_active = is_authenticated = True
    is_anonymous = is_staff = is_superuser = False
    pk = id = None

    def __init__(self, session: Session) -> None:
        self.session = session

    def get_username(self) -> str:
        """Return the e-mail address of the session, or a fixed text. The pages of the admin greet the user by it."""
        return self.session.email or str(client_texts.SIGNED_IN)

    get_short_name = get_full_name = get_username

    def has_usable_password(self) -> bool:
        """Return ``False``, so the admin shows no link to change the password."""
        return False

    def has_perm(self, perm: object, obj: object = None) -> bool:
        """Return ``False``."""
        return False

    has_perms = has_module_perms = has_perm

    def get_all_permissions(self, obj: object = None) -> set[str]:
        """Return an empty set."""
        return set()

    def __str__(self) -> str:
        """Return a fixed text without a value of the session, because error reports show it."""
        return str(client_texts.SIGNED_IN)


def has_no_user(request: HttpRequest) -> bool:
    """Return ``True`` if ``request.user`` is a stand-in."""
    return isinstance(getattr(request, "user", None), SessionOnlyUser)
