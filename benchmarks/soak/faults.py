"""Part 3: processes are killed, a disk is full, a clock is wrong. What holds, as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

from . import disk, workers
from .browser import Visitor, everybody_is_back, logged_in, must, seconds_until, seen_by
from .programs import Postgres, Web, settings, stores_for, web
from .tables import Broken, table
from .workers import Row

UNKNOWN = "503 with Retry-After"
_NAMES = ("user0", "user1", "user2")
_WITHOUT = [("worker", "daphne")]  # daphne is one process


class Size(NamedTuple):
    """Which faults, and on which servers."""

    servers: tuple[str, ...] = ("gunicorn", "uvicorn", "daphne")
    only: tuple[str, ...] = ()


def run(size: Size) -> Iterator[str]:
    """Make each fault, and yield the table. Raises :class:`~.tables.Broken` if an outcome is another one."""
    rows = []
    for name, fault in FAULTS.items():
        if not size.only or name in size.only:
            for server in size.servers:
                if (name, server) in _WITHOUT:
                    continue
                try:
                    row = fault(server)
                except Broken as error:
                    raise Broken(f"{name} on {server}: {error}") from error
                rows.append((row.fault, server, row.during, row.after, row.recovered()))
    yield table(("fault", "server", "meanwhile", "afterwards", "seconds to recover"), rows)
    yield (
        "Some users are logged in; one session was ended and one role taken away before the fault. Nobody saw the"
        " session of another user: each page names its user, and a wrong name ends the run. Every cell is checked."
    )


class _Ended:
    """A user whose session ends, and one whose role is taken away, before a fault."""

    def __init__(self, site: Web) -> None:
        self.manager, self.gone, self.demoted = logged_in(("manager", "user4", "user3"), site)

    def turn(self) -> None:
        """End the one, demote the other."""
        must("a revocation", self.manager.ask("turn/user4/reader/0/", "POST").status, 200)
        must("a demotion", self.manager.ask("turn/user3/reader/1/", "POST").status, 200)

    def promote(self) -> None:
        must("a promotion", self.manager.ask("turn/user3/writer/1/", "POST").status, 200)
        must("the page of writers", self.demoted.ask("write/").status, 200)

    def check(self, gone: int = 401, demoted: tuple[int, ...] = (403, 401)) -> None:
        """The session that was ended is still ended, and the right that was taken away is still gone."""
        must("the page of the ended session", self.gone.ask("page/").status, gone)
        must("the page of writers is open", self.demoted.ask("write/").status in demoted, True)


def _outage(site: Web, visitors: list[Visitor], login: tuple[str, ...]) -> str:
    must("protected pages", seen_by(visitors), f"{UNKNOWN} × {len(visitors)}")
    must("the public page without a cookie", str(Visitor("nobody", site).ask("public/")), "200")
    must("the public page with a cookie", visitors[0].ask("public/")[:2], (200, None))
    found = str(Visitor("user0", site).login())
    must(f"a login: {found}", found in login, True)
    return f"protected pages: {UNKNOWN}; public pages: 200, anonymous; login: {found}"


def _redis(engine: str, options: tuple[str, ...], keeps: str) -> Callable[[str], Row]:
    """Kill Redis, which has the versions. ``keeps``: what is there after the restart."""

    def fault(server: str) -> Row:
        with ExitStack() as stack:
            folder = ("--dir", stack.enter_context(disk.folder())) if options else ()
            redis, postgres = stack.enter_context(stores_for(5, *options, *folder))
            site = stack.enter_context(web(server, settings(redis, postgres, engine)))
            visitors, ended = logged_in(_NAMES, site), _Ended(site)
            ended.promote()
            if keeps == "older":
                disk.snapshot(redis.url)
            ended.turn()
            if keeps != "older":  # there, a request would remove the ended session from its store
                ended.check()
            redis.kill()
            during = _outage(site, visitors, ("500", UNKNOWN))
            redis.start()
            return _restarted(engine, options, keeps, during, visitors, ended)

    return fault


def _restarted(
    engine: str, options: tuple[str, ...], keeps: str, during: str, visitors: list[Visitor], ended: _Ended
) -> Row:
    name = f"`kill -9` of Redis (versions), sessions in `{engine}`, " + (" ".join(options) or "no persistence")
    if keeps == "nothing":
        seconds = seconds_until("sessions end", lambda: {one.ask("page/").status for one in visitors} == {401})
        ended.check()
        must("a new login", {one.login().status for one in visitors}, {200})
        must("everybody", everybody_is_back(visitors), True)
        ended.check()
        return Row(name, during, "every session has ended, as it may have been revoked; a new login counts", seconds)
    seconds = seconds_until("every session counts", lambda: everybody_is_back(visitors))
    if keeps == "all":
        ended.check()
        return Row(name, during, "every session counts, and what was revoked stays revoked", seconds)
    ended.check(gone=200, demoted=(200,))
    after = "every session counts, and **what was revoked after the snapshot counts again**, as the manual says"
    return Row(name, during, after, seconds)


def _postgres(engine: str) -> Callable[[str], Row]:
    def fault(server: str) -> Row:
        with stores_for(5) as (redis, postgres), web(server, settings(redis, postgres, engine)) as site:
            visitors, ended = logged_in(_NAMES, site), _Ended(site)
            ended.promote()
            ended.turn()
            ended.check()
            postgres.kill()
            if engine == "db":
                during = _outage(site, visitors, ("500", UNKNOWN))
            else:
                must("protected pages", seen_by(visitors), "200 × 3")
                during = f"protected pages: 200, from Redis; login: {Visitor('user0', site).login()}"
            _start_again(postgres)
            seconds = seconds_until("every session counts", lambda: everybody_is_back(visitors))
            ended.check()
            must("a login", Visitor("user0", site).login().status, 200)
            after = "every session counts, and what was revoked stays revoked"
            return Row(f"`kill -9` of PostgreSQL (accounts), sessions in `{engine}`", during, after, seconds)

    return fault


def _start_again(postgres: Postgres) -> None:
    postgres.start("synchronous_commit=on")


def _full_disk(server: str) -> Row:
    with ExitStack() as stack:
        small = stack.enter_context(disk.small())
        if small is None:
            return Row("a full disk, sessions in `file`", "not run: a small file system needs root", "–", None)
        redis, postgres = stack.enter_context(stores_for(5))
        site = stack.enter_context(web(server, settings(redis, postgres, "file", SOAK_FILES=str(small))))
        visitors, ended = logged_in(_NAMES, site), _Ended(site)
        ended.promote()
        with disk.filled(small):
            must("sessions", seen_by(visitors), "200 × 3")
            newcomer, leaver, lessened = Visitor("user0", site), visitors.pop(), visitors.pop()
            login = f"{newcomer.login()}, then {newcomer.ask('page/')}"
            must(f"the page after a login: {login}", newcomer.ask("page/").status in (401, 503), True)
            ended.turn()
            ended.check()
            for one, path in ((leaver, "logout/"), (lessened, "/s/less/")):
                old = one.cookie
                must(path, one.ask(path, "POST").status, 200)
                must(f"the role after {path}", _role_with(one, one.cookie) in (None, "guest"), True)
                must(f"the role after {path}, with the old key", _role_with(one, old), None)
            during = (
                f"sessions count; login: {login}, as Django's `save()` hides the error; a revocation counts at once;"
                " after a logout and after a role less, the old key opens nothing, and the new one no more than it may"
            )
        seconds = seconds_until("every session counts", lambda: everybody_is_back(visitors))
        must("a login", newcomer.login().status, 200)
        ended.check()
        return Row("a full disk, sessions in `file`", during, "every session counts, a new login too", seconds)


def _role_with(visitor: Visitor, key: str) -> str | None:
    visitor.cookie = key
    return visitor.ask("page/").role


def _clock(server: str) -> Row:
    with stores_for(5) as (redis, postgres), web(server, settings(redis, postgres, "db"), interval=1.0) as site:
        visitors, ended = logged_in(_NAMES, site), _Ended(site)
        ended.promote()
        short = Visitor("user0", site)
        must("a short session", short.ask("login/user0/1/", "POST").status, 200)
        key = short.cookie
        seconds_until("it expires", lambda: short.ask("page/").status == 401)
        short.cookie = key
        must("the page that asks for a recent login", visitors[0].ask("recent/").status, 200)
        must("the clock", visitors[0].ask("/s/public/clock/3600/").status, 200)
        must("every session counts", everybody_is_back(visitors), True)
        must("the page that asks for a recent login", visitors[0].ask("recent/").status, 401)
        ended.turn()
        seconds_until("the interval of the versions", lambda: ended.gone.ask("page/").status == 401)
        ended.check()
        must("an expired session", short.ask("page/").status, 200)
        again = Visitor("user1", site)
        must("a new login", (again.login().status, again.ask("recent/").status), (200, 200))
        return Row(
            "the clock of the worker is set back by an hour, sessions in `db`",
            "every session counts; a revocation counts within its interval; a login from before is not recent",
            "a new login counts, also as recent; **an expired session counts again**, as Django goes by that clock",
            None,
        )


FAULTS: dict[str, Callable[[str], Row]] = {
    "worker": workers.kill_worker,
    "server": workers.kill_server,
    "redis": _redis("db", (), "nothing"),
    "redis-cache": _redis("cache", (), "nothing"),
    "redis-aof": _redis("cached_db", ("--appendonly", "yes", "--appendfsync", "always"), "all"),
    "redis-snapshot": _redis("db", ("--save", "3600 1"), "older"),
    "postgres": _postgres("db"),
    "postgres-cached": _postgres("cached_db"),
    "disk": _full_disk,
    "clock": _clock,
}
