"""Make the load, in a process of its own: ``python -m benchmarks.soak.generator`` with one JSON argument.

Each worker has one connection, picks any user, and makes one request after the other. So requests of one user run at
the same time on several servers, and requests of many users follow each other on one connection, thread and loop.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from dataclasses import dataclass
from time import monotonic
from typing import Any

from .users import REVIVED, UNEXPECTED, Record, User
from .wire import Answer, Connection, Socket

RECHECK = 0.2  # of the consumer
PROGRESS = 50  # lines of progress per run
_PAGES = {"page": 40, "write": 15, "public": 8, "stream": 8, "note": 8}
_CHANGES = {"login": 4, "logout": 3, "turn": 6, "end": 2, "replay": 6}


@dataclass(frozen=True)
class Target:
    """A server of the site."""

    name: str
    port: int
    interval: float
    sockets: bool
    workers: int


class Load:
    """One run of the load."""

    def __init__(self, targets: list[Target], users: int, requests: int, seed: int, seconds: float) -> None:
        self.users = [User(f"user{number}") for number in range(users)]
        self.targets, self.requests = targets, requests
        self.end = monotonic() + seconds
        self.dice = random.Random(seed)
        self.record = Record()
        self.done = 0
        self.manager = ""

    async def run(self) -> dict[str, Any]:
        """Run until the requests are made or the time is over, and return the counts."""
        start = monotonic()
        first = Connection(self.targets[0].port)
        self.manager = (await first.ask("/s/login/manager/", None)).cookie or ""
        work = [self._work(one) for one in self.targets for _ in range(one.workers)]
        work += [self._talk(one) for one in self.targets if one.sockets for _ in range(max(1, one.workers // 2))]
        await asyncio.gather(*work)
        return {
            "requests": self.done,
            "seconds": monotonic() - start,
            "counts": dict(self.record.counts),
            "denied": dict(self.record.denied),
            "broken": dict(self.record.broken),
            "examples": self.record.examples,
        }

    @property
    def goes_on(self) -> bool:
        """Whether requests are left, and time."""
        return self.done < self.requests and monotonic() < self.end

    def _count(self, what: str) -> None:
        self.done += 1
        self.record.counts[what] += 1
        if self.done % max(1, self.requests // PROGRESS) == 0:
            print(json.dumps({"done": self.done}), flush=True)

    def _fail(self, where: str, error: Exception) -> None:
        """Note a request without an answer. It counts, so that a run against a dead server ends."""
        self.record.breach(UNEXPECTED, f"{where}: {type(error).__name__} {error}")
        self._count("failed")

    def _any_user(self) -> User:
        """Pick a user. A few of them are busier than the others, so that their requests overlap."""
        few = self.dice.random() < 0.3
        return self.dice.choice(self.users[:20] if few else self.users)

    async def _work(self, target: Target) -> None:
        connection = Connection(target.port)
        names, weights = zip(*{**_PAGES, **_CHANGES}.items(), strict=True)
        while self.goes_on:
            user = self._any_user()
            (name,) = self.dice.choices(names, weights)
            if user.cookie is None and self.dice.random() < 0.7:
                name = "login"
            try:
                await self._act(name, user, connection, target)
            except Exception as error:
                self._fail(f"{target.name} {name}", error)
                connection.close()
        connection.close()

    async def _act(self, name: str, user: User, connection: Connection, target: Target) -> None:
        folder = f"/{self.dice.choice('sa')}/"
        if name in _PAGES:
            with user.shared():
                await self._page(name, folder, user, connection, target)
        elif name in ("turn", "end"):
            if not user.lock.locked():
                async with user.lock:
                    await self._turn(name, folder, user, connection)
        elif name == "replay":
            await self._replay(folder, user, connection, target)
        elif not user.using and not user.lock.locked():
            async with user.lock:
                await (self._login if name == "login" else self._logout)(folder, user, connection)
        self._count(name)

    async def _page(self, name: str, folder: str, user: User, connection: Connection, target: Target) -> None:
        since = monotonic() - target.interval
        answer = await connection.ask(f"{folder}{name}/", user.cookie, "POST" if name == "note" else "GET")
        where = f"{target.name} {folder}{name}/"
        if answer.status != 200:
            if answer.status == 401 and user.changes[-1].role is None and not user.lock.locked():
                user.bury()
            return self.record.check_denied(user, answer.status, since, where)
        shown = answer.values()
        if len(shown) != (4 if name == "stream" else 1):
            self.record.breach(UNEXPECTED, f"{where}: {len(shown)} pieces")
        for one in shown:
            self.record.check_shown(user, one, since, where)
            if name == "write" and one["role"] != "writer":
                self.record.breach(UNEXPECTED, f"{where}: opened for {one['role']}")
        return None

    async def _turn(self, name: str, folder: str, user: User, connection: Connection) -> None:
        """Another role, or the end of all sessions."""
        role = user.role if name == "end" else self.dice.choice(["reader", "writer", "guest"])
        counts = None if name == "end" or user.cookie is None or user.changes[-1].role is None else role
        path = f"{folder}turn/{user.name}/{role}/{int(name == 'turn')}/"
        with user.changing(counts):
            answer = await connection.ask(path, self.manager, "POST")
        user.role = role
        self._expect(answer, "manager", path)

    async def _login(self, folder: str, user: User, connection: Connection) -> None:
        path = f"{folder}login/{user.name}/"
        before = user.cookie
        with user.changing(user.role):
            answer = await connection.ask(path, before, "POST")
            if answer.cookie != before:  # a login of the same user with the same rights keeps the key
                user.bury()
            user.cookie = answer.cookie
        self._expect(answer, user.name, path)
        if not answer.cookie or answer.cookie in user.dead:
            self.record.breach(UNEXPECTED, f"{path}: no new key")

    async def _logout(self, folder: str, user: User, connection: Connection) -> None:
        path = f"{folder}logout/"
        with user.changing(None):
            answer = await connection.ask(path, user.cookie, "POST")
            user.bury()
        if answer.status not in (200, 401):
            self.record.breach(UNEXPECTED, f"{path}: {answer.status}")

    def _expect(self, answer: Answer, name: str, path: str) -> None:
        if answer.status != 200 or answer.values()[0]["user"] != name:
            self.record.breach(UNEXPECTED, f"{path}: {answer.status} {answer.body[:100]!r}")

    async def _replay(self, folder: str, user: User, connection: Connection, target: Target) -> None:
        """Use a session key that the server has replaced or ended."""
        if user.dead and (answer := await connection.ask(f"{folder}page/", user.dead[-1])).status != 401:
            self.record.breach(REVIVED, f"{target.name}: {answer.status} {answer.body[:100]!r}")

    async def _talk(self, target: Target) -> None:
        """Open WebSockets, one after the other, and send a few messages on each."""
        while self.goes_on:
            user = self._any_user()
            with user.shared():
                since = monotonic()
                try:
                    async with Socket(target.port, user.cookie) as socket:
                        await self._messages(socket, user, target, since)
                except Exception as error:
                    self._fail(f"{target.name} socket", error)

    async def _messages(self, socket: Socket, user: User, target: Target, since: float) -> None:
        where = f"{target.name} socket"
        for _ in range(4):
            shown = await socket.ask()
            if shown is None:
                status = {4401: 401, 4403: 403}.get(socket.code, socket.code)
                self.record.check_denied(user, status, since - target.interval, where)
                break
            self.record.check_shown(user, shown, since - target.interval, where)
            self._count("message")
            await asyncio.sleep(RECHECK * self.dice.random() * 2)
            since = monotonic() - RECHECK
        self._count("socket")


def main(argument: str) -> None:
    """Run the load that the JSON argument describes, and print the counts in the last line."""
    options = json.loads(argument)
    targets = [Target(**one) for one in options.pop("targets")]
    print(json.dumps(asyncio.run(Load(targets, **options).run())))


if __name__ == "__main__":
    main(sys.argv[1])
