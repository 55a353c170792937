"""Explore pairs and triples of actors in one setup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .actors import FIRST, PLAYS, fetch
from .laws import broken
from .limits import limits_of
from .scheduler import Actor, Explorer, Found
from .site import Setup, Site, site
from .store import World, world


class Stage:
    """The shared world of an exploration, which begins with three sessions: two of user 1, and one of user 2."""

    def __init__(self, the_site: Site) -> None:
        self.site = the_site
        world.actor = None
        vars(world).update({name: value for name, value in vars(World()).items() if name != "memory"})
        self.site.use_node(0)
        for name, first in FIRST.items():
            FIRST[name] = first._replace(key=self._begin(name, first.page))
        world.jar = FIRST["first"].key
        self._start = world.copy()

    def _begin(self, name: str, page: str) -> str:
        _, response = self.site.respond(name, page, None)
        request, _ = self.site.respond(name, "/write", response.cookies["sessionid"].value)
        return str(request.session.session_key)

    def reset(self) -> None:
        world.restore(self._start)
        self.site.forget()

    def enter(self, actor: Actor) -> None:
        world.actor = actor
        self.site.use_node(actor.trace.get("node", 0))

    def snapshot(self) -> object:
        return world.snapshot()

    def glance(self) -> object:
        return world.memory()

    def check(self, actors: Sequence[Actor]) -> Iterable[str]:
        """Send one more request with each cookie, and return the broken laws."""
        cookies = {act.trace.get(name) for act in actors for name in ("cookie", "key")}
        cookies |= {first.key for first in FIRST.values()}
        world.actor = None
        end = world.copy()
        probes = [self._probe(cookie, node) for cookie in sorted(filter(None, cookies)) for node in (0, 1)]
        world.restore(end)
        return list(broken(self.site.setup, actors, probes))

    def _probe(self, cookie: str, node: int) -> dict[str, Any]:
        self.site.use_node(node)
        probe = Actor("probe", lambda actor: None)
        probe.trace = {"cookie": cookie, "after": dict(world.returned), "began": world.clock, "node": node}
        fetch(self.site, probe, "/desk/read", cookie)
        return probe.trace


def explore(setup: Setup, names: Sequence[str], *, merging: bool = True) -> Found:
    """Run the named actors in all orders. An actor that takes part twice is numbered."""
    with site(setup) as the_site:
        stage = Stage(the_site)
        actors = [_actor(the_site, names, number) for number in range(len(names))]
        return Explorer(stage, actors, stage.check, merging=merging).explore()


def unexplained(setup: Setup, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the broken laws that no limit explains, each with its first order."""
    found = explore(setup, names)
    return {law: order for law, order in found.broken.items() if not limits_of(setup, names, law)}


def _actor(the_site: Site, names: Sequence[str], number: int) -> Actor:
    name = names[number]
    play = PLAYS[name]
    return Actor(name if names.count(name) == 1 else f"{name}{number}", lambda actor: play(the_site, actor))
