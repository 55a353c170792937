"""Build the dict of a session from an account, and define the requirements and predicates of the rules.

The settings import this module (through newsroom.policy), so it imports no model.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bureaus.tenants import memberships

from django_sessionkit import AllowObject, Authenticated, Impersonated, InvalidSession, Recent, Role, Session

if TYPE_CHECKING:
    from .models import User

PLANS = ("free", "premium")  # a tuple, because "in" on a set raises an error if the stored plan is a list

# After twelve hours, a user has to enter the password again, even in an active session. (The idle timeout is
# SESSION_COOKIE_AGE.) An admin who acts as somebody else has half an hour.
SIGNED_IN_SECONDS = 12 * 60 * 60
ACTING_SECONDS = 30 * 60

# A requirement with ``~`` needs a session, so it does not allow anonymous callers.
ACTIVE = ~Role("suspended")

# A person who uses the own account. An admin who acts as somebody does not meet it.
IN_PERSON = Authenticated() & ~Impersonated()

# The same, with a password entered in the last ten minutes. ``Recent`` alone is not enough: while an admin acts as
# somebody, the session has the time of the admin's login.
CONFIRMED = IN_PERSON & Recent(600)


def session_for(user: User) -> dict[str, Any]:
    """Return the session dict of an account. accounts.bridge uses it.

    The dict is a copy: a changed role or a suspension takes effect with ``revoke_sessions`` (see accounts.people), or
    at the next login. The bridge adds the time of the login, ``auth_time``.
    """
    return {
        "user_id": str(user.pk),
        "email": user.email,
        "plan": user.plan,
        "display_name": str(user),
        "bio": user.bio,
        **_rights(user),
    }


def _rights(user: User) -> dict[str, Any]:
    # A suspended account keeps its role in the database, but does not get it in the session.
    if user.is_suspended:
        return {"role": "suspended", "roles": [], "permissions": []}
    groups = [group.name for group in user.groups.all()]
    return {
        "role": user.role,
        "roles": [name for name in groups if "/" not in name],
        "permissions": user.extra_permissions,
        "tenants": memberships(groups),
    }


def is_premium(session: Session | None) -> bool:
    """The predicate of the rule for ``/premium/**``. Only ``True`` grants. Anonymous callers have no session."""
    return session is not None and session.get("plan") == "premium"


def is_no_admin(session: Session | None, person: User) -> bool:
    """The predicate about the account that somebody wants to act as."""
    return person.is_active and person.role != "admin"


# Admins may act as anybody but another admin. Nobody acts as a third person while acting as a second one.
MAY_ACT_AS = Role("admin") & IN_PERSON & AllowObject(is_no_admin)


def check_session(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check the plan and the age of a session. This is the ``SESSIONKIT_SESSION_VALIDATOR``.

    A dict that does not pass gives no valid session, so this function can also enforce an absolute expiry.
    """
    if data.get("plan") not in PLANS:
        raise InvalidSession("custom", "the plan is unknown")
    auth_time = data.get("auth_time")
    seconds = ACTING_SECONDS if data.get("act") is not None else SIGNED_IN_SECONDS
    if not isinstance(auth_time, int) or auth_time + seconds < time.time():
        raise InvalidSession("auth_time", "is too long ago")
    return data
