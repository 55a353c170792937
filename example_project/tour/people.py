"""Who looks at a page: a caller who is not signed in, and the people of the demo."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from accounts.access import session_for
from accounts.demo import ACCOUNTS
from accounts.models import User


class Visitor(NamedTuple):
    """A possible caller. ``data`` is the session dict, or ``None`` without a session."""

    username: str
    name: str
    what_to_try: str = ""
    data: dict[str, Any] | None = None


ANONYMOUS = Visitor("", "Not signed in")


def demo_people() -> list[Visitor]:
    """Return the people of the demo with the rights that they have now: somebody may have demoted them."""
    names = [account.username for account in ACCOUNTS]
    users = {user.username: user for user in User.objects.filter(username__in=names).prefetch_related("groups")}
    return [
        Visitor(account.username, str(user), account.what_to_try, _signed_in_now(user))
        for account in ACCOUNTS
        if (user := users.get(account.username)) is not None
    ]


def _signed_in_now(user: User) -> dict[str, Any]:
    # The bridge adds the time of a login, and check_session requires it.
    return {**session_for(user), "auth_time": int(time.time())}
