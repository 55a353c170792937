"""The accounts that ``manage.py demo`` creates and prints.

Their passwords are public, so the command does not run without DEBUG.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib.auth.models import Group

from .models import Plan, Role, User


class Account(NamedTuple):
    username: str
    password: str
    fields: dict[str, Any]
    groups: tuple[str, ...]
    what_to_try: str


ACCOUNTS = (
    Account(
        "reader",
        "demo-pass-for-reader",
        {"role": Role.READER, "plan": Plan.FREE, "display_name": "Robin Reader"},
        ("beta-tester", "north/reader", "south/admin"),
        "reads articles; Premium redirects to the upgrade page; Write gives a 403; is the admin of the bureau south",
    ),
    Account(
        "editor",
        "demo-pass-for-editor",
        {
            "role": Role.EDITOR,
            "plan": Plan.PREMIUM,
            "display_name": "Edda Editor",
            "extra_permissions": ["articles:export"],
        },
        ("north/admin", "south/reader"),
        "writes, sees embargoed stories, exports CSV; may not publish; is the admin of the bureau north",
    ),
    Account(
        "admin",
        "demo-pass-for-admin",
        {"role": Role.ADMIN, "plan": Plan.FREE, "display_name": "Ada Admin"},
        (),
        "has all permissions, publishes, opens the admin area, acts as others",
    ),
    Account(
        "suspended",
        "demo-pass-for-suspended",
        {
            "role": Role.EDITOR,
            "plan": Plan.FREE,
            "display_name": "Sam Suspended",
            "is_suspended": True,
        },
        (),
        "can log in, which leads to a page that says so, and can open My session",
    ),
)


def seed() -> None:
    """Create the accounts, or reset existing ones to the values above."""
    for account in ACCOUNTS:
        defaults = {
            "email": f"{account.username}@example.org",
            "bio": "<p>Here to <strong>try things out</strong>.</p>",
            "is_suspended": False,
            "extra_permissions": [],
            **account.fields,
        }
        user, _ = User.objects.update_or_create(username=account.username, defaults=defaults)
        _set_password(user, account.password)
        user.groups.set([Group.objects.get_or_create(name=name)[0] for name in account.groups])


def _set_password(user: User, password: str) -> None:
    # Argon2 is slow on purpose, and a new hash would end the sessions of people who are trying the demo.
    if not user.has_usable_password() or not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
