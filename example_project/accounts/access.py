"""From an account to the dict of a session, and the words that the rules are written in.

Settings import this module (through newsroom.policy), so it imports no model.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django_sessionkit import InvalidSession, Role, Session

if TYPE_CHECKING:
    from .models import User

PLANS = ("free", "premium")  # a tuple: "in" must not choke on a list that somebody stored as plan

# However busy a session is, after twelve hours the password is asked for again. (The idle time is
# SESSION_COOKIE_AGE.)
SIGNED_IN_SECONDS = 12 * 60 * 60

# ``~`` alone lets nobody in: without a session it is a no.
ACTIVE = ~Role("suspended")


def session_for(user: User) -> dict[str, Any]:
    """The plain dict that stands for this account until it logs out: for accounts.bridge.

    It is a copy: a changed role or a suspension takes effect with ``revoke_sessions``, as accounts.people does, or at
    the next log-in. The time is that of the last password and not of this call, because the bridge asks again when the
    dict of a log-in is lost.
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
    # A suspended account keeps its role in the database but carries nothing of it into the session.
    if user.is_suspended:
        return {"role": "suspended", "roles": [], "permissions": []}
    return {
        "role": user.role,
        "roles": list(user.groups.values_list("name", flat=True)),
        "permissions": user.extra_permissions,
    }


def is_premium(session: Session | None) -> bool:
    """For the rule of ``/premium/**``. Only ``True`` itself lets in; the anonymous come as ``None``."""
    return session is not None and session.get("plan") == "premium"


def check_session(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """SESSIONKIT_SESSION_VALIDATOR: what the library cannot know about our own fields.

    A stored dict that fails is treated as no session, which makes this the place for an absolute expiry.
    """
    if data.get("plan") not in PLANS:
        raise InvalidSession("custom", "the plan is unknown")
    signed_in_at = data.get("signed_in_at")
    if not isinstance(signed_in_at, int) or signed_in_at + SIGNED_IN_SECONDS < time.time():
        raise InvalidSession("custom", "signed in too long ago")
    return data
