"""The actors: what can happen to a session at the same time."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import django_sessionkit as kit

from .scheduler import Actor
from .site import Site, drive
from .store import VERSION_KEYS, world
from .views import seen

Play = Callable[[Site, Actor], None]
#: the process in which the other browser is served
OTHER_NODE = 1


def begin(actor: Actor, cookie: Callable[[], str | None] = lambda: None) -> None:
    """The first step: what the actor's browser sends, and what had returned before."""
    found = actor.touch("begin", lambda: (cookie(), sorted(world.returned.items()), world.clock))
    actor.trace.update(cookie=found[0], after=dict(found[1]), began=found[2])


def ended(actor: Actor) -> None:
    """Note that the actor's function has returned. It is part of its last step."""
    world.returned[actor.name] = world.clock


def visit(page: str, *, cookie: str = "", node: int = 0) -> Play:
    """Return an actor that sends one request, from the browser or with the cookie of one of the first sessions."""
    sent = cookie_of(cookie) if cookie else lambda: world.jar

    def play(site: Site, actor: Actor) -> None:
        actor.trace["node"] = node
        begin(actor, sent)
        fetch(site, actor, page, actor.trace["cookie"])
        ended(actor)
        if "key" in actor.trace and not cookie:
            key = actor.trace["key"]
            actor.touch(f"browser.keep({key})", lambda: setattr(world, "jar", key))

    return play


def fetch(site: Site, actor: Actor, page: str, cookie: str | None) -> None:
    """Send a request, and note what it saw and what its response says."""
    request, response = site.respond(actor.name, page, cookie)
    if response.streaming:
        _read(site, response)
    trace = actor.trace
    trace.update(action=page.rpartition("/")[2], page=page, status=response.status_code, saw=request.saw)
    trace.update(streamed=request.streamed, left=seen(request.sessionkit.peek()))
    if response.status_code in (302, 401, 403):
        trace["saw"] = trace["left"]  # a denied request runs no view
    trace["data"] = getattr(request.session, "_session_cache", {}).get("note")
    if "sessionid" in response.cookies:
        trace["key"] = response.cookies["sessionid"].value or None


def _read(site: Site, response: Any) -> None:
    if not response.is_async:
        list(response)
        return

    async def read() -> None:
        async for _ in response:
            pass

    drive(read())


def revoke(*, refresh: bool) -> Play:
    """Return an actor that takes the role ``admin`` of user 1 away, or signs the user out everywhere."""

    def play(site: Site, actor: Actor) -> None:
        actor.trace["node"] = 0
        begin(actor)
        if refresh:
            actor.touch("directory.write(1)", lambda: world.directory.update({"1": ["editor"]}))
        if site.setup.is_async:
            drive(kit.arevoke_sessions("1", refresh=refresh))
        else:
            kit.revoke_sessions("1", refresh=refresh)
        actor.trace["is_done"] = True
        ended(actor)

    return play


def _lose(site: Site, actor: Actor) -> None:
    """The cache evicts the versions."""
    begin(actor)
    actor.touch("cache.evict()", lambda: _forget(VERSION_KEYS))


def _lose_all(site: Site, actor: Actor) -> None:
    """The cache is emptied."""
    begin(actor)
    actor.touch("cache.clear()", lambda: _forget(""))


def _forget(part: str) -> None:
    for key in [key for key in world.cache if part in key]:
        del world.cache[key]


def _outage(site: Site, actor: Actor) -> None:
    """The cache goes away and comes back unchanged."""
    begin(actor)
    actor.touch("cache.down()", lambda: setattr(world, "is_cache_down", True))
    actor.touch("cache.up()", lambda: setattr(world, "is_cache_down", False))


def _restore(site: Site, actor: Actor) -> None:
    """The cache comes back as it was earlier."""
    begin(actor)
    actor.touch("cache.copy()", lambda: world.saved_cache.update(world.cache))
    after = actor.touch("cache.restore()", _put_back)
    actor.trace["restored_after"] = after


def _put_back() -> list[str]:
    world.cache.clear()
    world.cache.update(world.saved_cache)
    return sorted(world.returned)


def _wait(site: Site, actor: Actor) -> None:
    """The interval passes, in two parts."""
    begin(actor)
    for _ in range(2):
        actor.touch("clock", lambda: setattr(world, "clock", world.clock + site.setup.interval // 2))


class First(NamedTuple):
    """A session at the beginning."""

    user: str
    page: str
    key: str = ""


#: a session of user 1, one in another browser, and one of user 2. Their names are the markers of these logins
FIRST = {
    "first": First("1", "/login"),
    "elsewhere": First("1", "/login"),
    "foreign": First("2", "/login_other"),
}


def cookie_of(name: str) -> Callable[[], str]:
    """Return a function for the key of a first session: what a copied cookie, or an older request, carries."""
    return lambda: FIRST[name].key


PLAYS: dict[str, Play] = {
    "read": visit("/desk/read"),
    "old": visit("/desk/read", cookie="first"),
    "elsewhere": visit("/desk/read", cookie="elsewhere", node=OTHER_NODE),
    "foreign": visit("/write", cookie="foreign"),
    "slow": visit("/write"),
    "login": visit("/login"),
    "login_by_dict": visit("/login_by_dict"),
    "login_other": visit("/login_other"),
    "logout": visit("/logout"),
    "flush": visit("/flush"),
    "more": visit("/more"),
    "less": visit("/less"),
    "plan": visit("/plan"),
    "regenerate": visit("/regenerate"),
    "confirm": visit("/confirm"),
    "stream": visit("/stream"),
    "revoke": revoke(refresh=True),
    "sign_out": revoke(refresh=False),
    "lose": _lose,
    "lose_all": _lose_all,
    "outage": _outage,
    "restore": _restore,
    "wait": _wait,
}
if find_spec("channels"):
    PLAYS["socket"] = import_module(f"{__package__}.sockets").play

FAULTS = ("lose", "lose_all", "outage", "restore")
