"""Build the dict of a session from an account, and define the requirements and predicates of the rules.

The settings import this module (through newsroom.policy), so it imports no model.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bureaus.tenants import memberships

from django_sessionkit import InvalidSession, Role, Session

if TYPE_CHECKING:
    from .models import User

PLANS = ("free", "premium")  # a tuple, because "in" on a set raises an error if the stored plan is a list

# After twelve hours, a user has to enter the password again, even in an active session. (The idle timeout is
# SESSION_COOKIE_AGE.)
SIGNED_IN_SECONDS = 12 * 60 * 60

# A requirement with ``~`` needs a session, so it does not allow anonymous callers.
ACTIVE = ~Role("suspended")


def session_for(user: User) -> dict[str, Any]:
    """Return the session dict of an account. accounts.bridge uses it.

    The dict is a copy: a changed role or a suspension takes effect with ``revoke_sessions`` (see accounts.people), or
    at the next login. ``signed_in_at`` is the time of the last login and not of this call, because the bridge calls
    this function again if the dict of a login is lost.
    """
    return {
        "user_id": str(user.pk),
        "email": user.email,
        "plan": user.plan,
        "display_name": str(user),
        "bio": user.bio,
        "signed_in_at": int(user.last_login.timestamp()) if user.last_login else 0,
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


def check_session(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check the custom fields of a session. This is the ``SESSIONKIT_SESSION_VALIDATOR``.

    A dict that does not pass gives no valid session, so this function can also enforce an absolute expiry.
    """
    if data.get("plan") not in PLANS:
        raise InvalidSession("custom", "the plan is unknown")
    signed_in_at = data.get("signed_in_at")
    if not isinstance(signed_in_at, int) or signed_in_at + SIGNED_IN_SECONDS < time.time():
        raise InvalidSession("custom", "signed in too long ago")
    return data
