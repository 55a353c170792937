"""The time of whole requests for public and protected pages, through Django's WSGI and ASGI handlers."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from asgiref.sync import SyncToAsync
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_sessionkit import conf
from django_sessionkit.session.value import STAMP
from django_sessionkit.versions import cached_version

from . import site
from .report import Bound, Case, Fact, Pair, Scale, expect
from .timing import Effort, Timed, awaited, work

_PLAIN = [site.SESSION]
OURS = [site.SESSION, site.SESSIONKIT]
_DJANGO = [site.SESSION, site.AUTHENTICATION, site.LOGIN_REQUIRED]
_STRONGHOLD = [site.SESSION, site.AUTHENTICATION, site.STRONGHOLD]

_LABELS = {site.LOCMEM: "locmem sessions", site.DATABASE: "sessions in SQLite"}


class Stack(NamedTuple):
    """One page of one site: a function that requests it, and one that measures it."""

    ask: Callable[[], Any]
    timed: Timed


def wsgi(middleware: list[str], url: str, cookie: str) -> Stack:
    """Return a page of a site on WSGI."""
    page = site.WSGIPage(middleware, f"{url}page/", cookie)
    return Stack(page, work(page))


def asgi(loop: asyncio.AbstractEventLoop, middleware: list[str], url: str, cookie: str) -> Stack:
    """Return a page of a site on ASGI."""
    page = site.ASGIPage(middleware, f"{url}apage/", cookie)
    return Stack(lambda: loop.run_until_complete(page()), awaited(page, loop))


def rows(scale: Scale) -> Iterator[Case | Fact]:
    """Yield the rows for WSGI, then those for ASGI."""
    loop = asyncio.new_event_loop()
    for name, make in (("WSGI", wsgi), ("ASGI", partial(asgi, loop))):
        yield from _public(scale, name, make)
        for engine in (site.LOCMEM, site.DATABASE):
            with site.using(SESSION_ENGINE=engine, SESSIONKIT_PROTECT=site.rules(10)):
                yield from _protected(scale, name, make, engine)
        yield from _versioned(scale, name, make)
    loop.close()


# --- public ---


def _public(scale: Scale, name: str, make: Callable[..., Stack]) -> Iterator[Case | Fact]:
    cookie = site.stored_session({"__session__": site.READER})
    counts = (10, scale.rules)
    snapshots = {count: _snapshot(count) for count in counts}
    plain = make(_PLAIN, "/public/", cookie)
    for count in counts:
        with _pinned(snapshots[count]):
            ours = make(OURS, "/public/", cookie)
            check = partial(check_page, ours, plain)
            what = f"{name}: public page with a session cookie, {count:,} rules"
            pair = Pair("", ours.timed, plain.timed)
            yield Case(what, "the same stack with only `SessionMiddleware`", Bound(1.08), [pair], check, scale.pages)
            yield from _facts(scale, what, ours, plain)
    few, many = (with_settings(snapshots[count], ours.timed) for count in counts)
    what = f"{name}: public page, {counts[1]:,} rules"
    yield Case(what, "the same with 10 rules", Bound(1.05), [Pair("", many, few)], lambda: None, scale.pages)


def _snapshot(rules: int) -> conf.Settings:
    with site.using(SESSIONKIT_PROTECT=site.rules(rules)):
        return conf.current()


@contextmanager
def _pinned(snapshot: conf.Settings) -> Iterator[None]:
    """Use other settings without parsing them again, so that two sites can take turns."""
    before, conf.latest = conf.latest, snapshot
    yield
    conf.latest = before


def with_settings(snapshot: conf.Settings, timed: Timed) -> Timed:
    def other(times: int) -> float:
        with _pinned(snapshot):
            return timed(times)

    return other


def check_page(*stacks: Stack) -> None:
    for stack in stacks:
        expect("a page", _status_and_body(stack.ask()), (200, b"page"))


def _status_and_body(answer: Any) -> tuple[int, bytes]:
    if isinstance(answer, list):
        return answer[0]["status"], b"".join(event.get("body", b"") for event in answer)
    return answer.status_code, answer.content


def _headers(answer: Any) -> set[str]:
    if isinstance(answer, list):
        return {name.decode().lower() for name, _ in answer[0]["headers"]}
    return {name.lower() for name in answer.headers}


def _facts(scale: Scale, what: str, ours: Stack, plain: Stack) -> Iterator[Fact]:
    def count(counter: Callable[[Stack], int]) -> tuple[str, bool]:
        mine, bare = counter(ours), counter(plain)
        return f"{mine - bare} more ({mine})", mine == bare

    def vary() -> tuple[str, bool]:
        has = "vary" in _headers(ours.ask())
        return "present" if has else "none", not has

    yield Fact(f"{what}: queries", "the same", "0 more", partial(count, queries), is_answer=True)
    yield Fact(f"{what}: session reads", "the same", "0 more", partial(count, reads), is_answer=True)
    yield Fact(f"{what}: `Vary`", "–", "none", vary, is_answer=True)
    yield Fact(f"{what}: thread hops", "the same", "0 more", partial(count, hops), is_answer=True)

    def left() -> tuple[str, bool]:
        mine, bare = _left(ours, scale.requests), _left(plain, scale.requests)
        # If the stack itself leaves cycles (ASGI on newer Pythons), these also keep our objects alive.
        return f"{mine - bare} more ({mine})", mine == bare or bare > 0

    what = f"{what}: objects left to the cyclic collector by {scale.requests} requests"
    yield Fact(what, "the same", "0 more, if those are 0", left, is_answer=True)


def queries(stack: Stack) -> int:
    with CaptureQueriesContext(connection) as captured:
        stack.ask()
    return len(captured)


def reads(stack: Stack) -> int:
    """How often the content of a session was read."""
    count = 0
    real = SessionBase._get_session

    def counted(self: SessionBase, *args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        return real(self, *args, **kwargs)

    areal = SessionBase._aget_session

    async def acounted(self: SessionBase, *args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        return await areal(self, *args, **kwargs)

    changes = {"_get_session": counted, "_session": property(counted), "_aget_session": acounted}
    with _replaced(SessionBase, changes):
        stack.ask()
    return count


def hops(stack: Stack) -> int:
    """How often asgiref moved work to a thread."""
    count = 0
    real = SyncToAsync.__call__

    async def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        return await real(self, *args, **kwargs)

    with _replaced(SyncToAsync, {"__call__": counted}):
        stack.ask()
    return count


@contextmanager
def _replaced(owner: type, changes: dict[str, Any]) -> Iterator[None]:
    before = {name: vars(owner)[name] for name in changes}
    for name, value in changes.items():
        setattr(owner, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)


def _left(stack: Stack, requests: int) -> int:
    stack.ask()
    gc.collect()
    gc.disable()
    try:
        for _ in range(requests):
            stack.ask()
        return gc.collect()
    finally:
        gc.enable()


# --- protected ---


def _protected(scale: Scale, name: str, make: Callable[..., Stack], engine: str) -> Iterator[Case | Fact]:
    user, _ = User.objects.get_or_create(username="reader")
    cookie = site.stored_session({"__session__": site.READER, **_login(user)})
    ours, reading = make(OURS, "/team/", cookie), make(_PLAIN, "/reading/", cookie)
    others = {
        "`AuthenticationMiddleware` + `LoginRequiredMiddleware`": make(_DJANGO, "/team/", cookie),
        "`AuthenticationMiddleware` + django-stronghold": make(_STRONGHOLD, "/team/", cookie),
    }
    what = f"{name}: protected page, {_LABELS[engine]}"
    same = partial(_case, what, effort=scale.pages, ours=ours)
    yield same("the same stack, view reads `request.session`", Bound(1.15), reading, check=_closed(make))
    most = 0.25 if engine == site.LOCMEM else 0.65
    for number, (against, other) in enumerate(others.items()):
        yield same(against, Bound() if number else Bound(most), other, check=lambda: None)
        bare = f"{name}: page that only reads `request.session`, {_LABELS[engine]}"
        yield _case(bare, against, Bound(), other, effort=scale.pages, ours=reading, check=lambda: None)
    yield from _protected_facts(what, ours, reading)


def _login(user: User) -> dict[str, str]:
    """The values that ``login()`` stores in the session."""
    return {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    }


def _case(
    what: str, against: str, bound: Bound, theirs: Stack, *, effort: Effort, ours: Stack, check: Callable[[], None]
) -> Case:
    def check_both() -> None:
        check_page(ours, theirs)
        check()

    return Case(what, against, bound, [Pair("", ours.timed, theirs.timed)], check_both, effort)


def _closed(make: Callable[..., Stack]) -> Callable[[], None]:
    def check() -> None:
        stranger = make(OURS, "/team/", site.stored_session({"__session__": {**site.READER, "role": "guest"}}))
        expect("the status of a closed page", _status_and_body(stranger.ask())[0], 403)

    return check


def _protected_facts(what: str, ours: Stack, reading: Stack) -> Iterator[Fact]:
    def count(counter: Callable[[Stack], int], most: int) -> tuple[str, bool]:
        mine, bare = counter(ours), counter(reading)
        return f"{mine - bare} more ({mine})", mine - bare <= most

    against = "view reads `request.session`"
    yield Fact(f"{what}: queries", against, "0 more", partial(count, queries, 0), is_answer=True)
    yield Fact(f"{what}: thread hops", against, "≤ 1 more", partial(count, hops, 1), is_answer=True)


# --- versions ---


def _versioned(scale: Scale, name: str, make: Callable[..., Stack]) -> Iterator[Case]:
    """The cost of checking for each request whether the session is current. The versions are in memory."""
    stamped = {**site.READER, STAMP: str(cached_version(site.READER["user_id"]))}
    with site.using(SESSIONKIT_PROTECT=site.rules(10)):
        without = make(OURS, "/team/", site.stored_session({"__session__": site.READER}))
        plain = with_settings(conf.current(), without.timed)
    for interval in (0, 60):
        versions = {"SESSIONKIT_VERSION": cached_version, "SESSIONKIT_VERSION_INTERVAL": interval}
        with site.using(SESSIONKIT_PROTECT=site.rules(10), **versions):
            snapshot = conf.current()
            ours = make(OURS, "/team/", site.stored_session({"__session__": stamped}))
        what = f"{name}: protected page with `SESSIONKIT_VERSION`, interval {interval}"
        pair = Pair("", with_settings(snapshot, ours.timed), plain)
        check = partial(check_pinned, snapshot, ours)
        yield Case(what, "the same without", Bound(), [pair], check, scale.pages)


def check_pinned(snapshot: conf.Settings, stack: Stack) -> None:
    with _pinned(snapshot):
        check_page(stack)
