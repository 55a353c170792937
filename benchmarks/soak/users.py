"""The users of the load: what each may see at a given moment, and what an answer says about that."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import Any

FOREIGN = "sessions of another user"
REVOKED = "rights seen after their revocation had returned"
REVIVED = "old session keys that opened something"
UNEXPECTED = "unexpected answers"
LAWS = (FOREIGN, REVOKED, REVIVED, UNEXPECTED)


@dataclass
class Change:
    """From ``began`` on, requests may see ``role``. From ``returned`` on, they may see nothing older."""

    role: str | None
    began: float
    returned: float = inf


@dataclass
class User:
    """A user with one browser. ``role`` of a :class:`Change` is ``None`` while there is no session."""

    name: str
    cookie: str | None = None
    using: int = 0
    role: str = "reader"
    dead: deque[str] = field(default_factory=lambda: deque(maxlen=5))
    changes: deque[Change] = field(default_factory=lambda: deque([Change(None, 0, 0)], maxlen=50))
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @contextmanager
    def changing(self, role: str | None) -> Iterator[None]:
        """Note that requests may see another role from now on, and only that one after the block."""
        change = Change(role, monotonic())
        self.changes.append(change)
        yield
        change.returned = monotonic()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Mark a request that may run at the same time as others of this user."""
        self.using += 1
        try:
            yield
        finally:
            self.using -= 1

    def may_see(self, since: float) -> set[str | None]:
        """Return the roles that a request may see that began at ``since`` and has just been answered."""
        seen: set[str | None] = set()
        for change in self.changes:
            if change.returned <= since:
                seen.clear()
            seen.add(change.role)
        return seen

    def bury(self) -> None:
        """The server has said that the session key is no longer valid."""
        if self.cookie:
            self.dead.append(self.cookie)
        self.cookie = None


class Record:
    """Counts of requests and of broken laws, with the first examples of these."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.denied: Counter[str] = Counter()
        self.broken: Counter[str] = Counter(dict.fromkeys(LAWS, 0))
        self.examples: list[str] = []

    def breach(self, law: str, example: str) -> None:
        """Note that a law was broken."""
        self.broken[law] += 1
        if len(self.examples) < 20:
            self.examples.append(f"{law}: {example}")

    def check_shown(self, user: User, shown: dict[str, Any], since: float, where: str) -> None:
        """Check what a page says of the session: the user's own, with a role that counts."""
        if shown["user"] not in (user.name, None) or shown["own"] is False:
            self.breach(FOREIGN, f"{where}: {shown} for {user.name}")
        elif shown["role"] not in user.may_see(since):
            law = REVOKED if shown["user"] else UNEXPECTED
            self.breach(law, f"{where}: {shown['role']} is not one of {sorted(map(str, user.may_see(since)))}")

    def check_denied(self, user: User, status: int, since: float, where: str) -> None:
        """Check a denial: 401 without a session, 403 without the role of a writer.

        400 is ``SessionInterrupted``, for a session that another request has ended meanwhile. 1006 is a socket that the
        server has closed, but whose close frame was lost because the client was writing at that moment.
        """
        self.denied[f"{status}"] += 1
        may_see = user.may_see(since)
        fits = {
            401: None in may_see,
            403: "write" in where and bool(may_see - {"writer"}),
            400: None in may_see,
            1006: None in may_see,
        }
        if not fits.get(status, False):
            self.breach(UNEXPECTED, f"{where}: {status} for {sorted(map(str, may_see))}")
