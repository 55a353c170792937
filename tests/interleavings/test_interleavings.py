"""The scheduler itself, a slice of the pairs, the limits, and mutations that the laws must find.

``python -m tests.interleavings --all`` runs everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from interleavings.actors import PLAYS
from interleavings.limits import LIMITS, limits_of
from interleavings.plan import SETUPS, TAKES, USUAL, names_in, pairs, triples
from interleavings.runs import explore
from interleavings.scheduler import Actor, Explorer
from interleavings.site import Setup

from django_sessionkit import middleware
from django_sessionkit.session import versioning, writer
from django_sessionkit.sources import DjangoSessionSource
from django_sessionkit.utils.sansio import IOStep
from django_sessionkit.versions import CacheVersions

ROOT = Path(__file__).parents[2]
needs_channels = pytest.mark.skipif("socket" not in PLAYS, reason="needs channels")


def nothing(*args: Any, **kwargs: Any) -> None: ...


def unexplained(setup: Setup, names: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the broken laws that no limit explains, each with its first order."""
    broken = explore(setup, names).broken
    return {law: order for law, order in broken.items() if not limits_of(setup, names, law)}


# The scheduler --------------------------------------------------------------------------------------------------------


class Counter:
    """A number that actors increment in two steps."""

    def __init__(self) -> None:
        self.value = 0

    def reset(self) -> None:
        self.value = 0

    def enter(self, actor: Actor) -> None: ...

    def snapshot(self) -> object:
        return self.value

    def glance(self) -> object: ...

    def add(self, actor: Actor) -> None:
        seen = actor.touch("read", lambda: self.value)
        actor.touch("write", lambda: setattr(self, "value", seen + 1))


@pytest.mark.parametrize("merging", [True, False])
def test_every_order_is_visited_and_a_lost_update_found(merging):
    counter, ends = Counter(), set()

    def check(actors: object) -> Iterator[str]:
        ends.add(counter.value)
        if counter.value < 3:
            yield "an update is lost"

    actors = [Actor(name, counter.add) for name in ("one", "two", "three")]
    found = Explorer(counter, actors, check, merging=merging).explore()
    assert found.orders == 90  # 6! / (2! 2! 2!)
    assert ends == {1, 2, 3}
    assert found.broken["an update is lost"][:3] == ["one: read: 0", "one: write: None", "two: read: 1"]


def test_what_an_actor_raises_is_noted_and_found_again():
    def fail(actor: Actor) -> None:
        actor.touch("fail", lambda: 1 // 0)

    actor = Actor("one", fail)
    Explorer(Counter(), [actor], lambda actors: []).explore()
    assert (type(actor.trace["raised"]), actor.history) == (ZeroDivisionError, ["fail: ZeroDivisionError"])


REMEMBERING = Setup("db", refresh=True, interval=4)


@pytest.mark.parametrize(
    ("setup", "names", "breaks"),
    [
        (USUAL, ("read", "less"), False),
        (USUAL, ("revoke", "read"), True),
        (REMEMBERING, ("revoke", "read"), True),
        (REMEMBERING, ("elsewhere", "wait"), False),
    ],
)
def test_merged_states_give_the_same_count_and_the_same_laws_as_all_orders(setup, names, breaks, monkeypatch):
    monkeypatch.setattr(CacheVersions, "bump", nothing)
    merged, single = explore(setup, names), explore(setup, names, merging=False)
    assert merged.orders == single.orders == single.runs > merged.runs
    assert merged.broken.keys() == single.broken.keys()
    assert bool(merged.broken) is breaks


# The laws -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "name"), list(enumerate(TAKES)))
def test_no_order_of_two_breaks_a_law(number, name):
    for other in names_in(USUAL)[number % 2 :: 2]:
        assert unexplained(USUAL, (name, other)) == {}, other


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_no_order_of_two_breaks_a_law_in_any_setup(setup):
    names = names_in(setup)
    for pair in list(pairwise(names))[:: 3 if setup.engine == "db" and not setup.interval else 6]:
        assert unexplained(setup, pair) == {}, pair


def test_three_at_a_time():
    assert unexplained(USUAL, ("less", "slow", "read")) == {}


def test_the_plan_names_each_job_once_and_only_actors_that_exist():
    jobs = [*pairs(), *triples()]
    assert len(set(jobs)) == len(jobs) > 2000
    assert {name for _, names in jobs for name in names} == set(PLAYS)


# Where a law cannot hold ----------------------------------------------------------------------------------------------

SHOWN: list[tuple[str, Setup, tuple[str, ...], set[str]]] = [
    (
        "a cookie is the session",
        Setup("signed_cookies"),
        ("less", "logout"),
        {"1: a right comes back after update_session", "2: a session comes back after logout", "2: the old key opens"},
    ),
    (
        "a cache cannot save only what is still there",
        Setup("cache"),
        ("slow", "logout"),
        {"2: a session comes back after logout", "2: the old key opens"},
    ),
    (
        "a cache cannot save only what is still there",
        Setup("cached_db"),
        ("slow", "logout"),
        {"2: a session comes back after logout", "2: the old key opens"},
    ),
    (
        "Django's flush() deletes the old key only",
        USUAL,
        ("flush", "regenerate"),
        {"2: a session comes back after flush"},
    ),
    ("a cache comes back older", USUAL, ("revoke", "restore"), {"1: a right comes back after revoke_sessions"}),
    ("a cache comes back older", USUAL, ("sign_out", "restore"), {"2: a session comes back after it was signed out"}),
    (
        "a login has read the rights before they were taken away",
        USUAL,
        ("login_by_dict", "revoke"),
        {"1: a right comes back after revoke_sessions"},
    ),
    ("a session store is away", Setup("cache"), ("slow", "outage"), {"4: slow raises ConnectionError"}),
]


@pytest.mark.parametrize(("name", "setup", "names", "laws"), SHOWN, ids=[f"{one[1]} {one[2]}" for one in SHOWN])
def test_a_limit_is_exactly_what_the_manual_says(name, setup, names, laws):
    (limit,) = [one for one in LIMITS if one.name == name]
    broken = explore(setup, names).broken
    assert all(any(law.startswith(one) for one in laws) for law in broken)
    assert all(any(law.startswith(one) for law in broken) for one in laws)
    assert all(limit in limits_of(setup, names, law) for law in broken)
    assert limit.words in (ROOT / limit.page).read_text(encoding="utf-8")


def test_every_limit_is_shown():
    assert {limit.name for limit in LIMITS} == {one[0] for one in SHOWN}


def test_a_restored_cache_breaks_a_law_only_by_what_it_undoes():
    order = explore(USUAL, ("sign_out", "restore")).broken["2: a session comes back after it was signed out everywhere"]
    steps = [step.split(":")[1].split("(")[0].strip() for step in order]
    assert steps.index("cache.copy") < steps.index("cache.set") < steps.index("cache.restore")


@pytest.mark.parametrize("name", ["revoke", "sign_out"])
def test_versions_end_what_a_signed_cookie_cannot(name):
    setup = Setup("signed_cookies", refresh=True)
    assert [explore(setup, (name, other)).broken for other in ("slow", "read", "old")] == [{}] * 3


# Mutations ------------------------------------------------------------------------------------------------------------


def cycle(self: Any, request: Any, *, empty_for: str | None = None) -> None:
    """Change the key as Django does, in each request that asks for it."""
    request.session.cycle_key()


def late(self: Any, read: Any) -> Iterator[IOStep]:
    """Look the version up after the rights are read, and do not read them again."""
    data = read()
    stamp = yield from self.version_for(data["user_id"])
    return data, stamp


MUTATIONS = [
    ("the version is not compared", versioning.VersionChecker, "_is_cached", lambda *args: True, "revoke read", "1"),
    ("a version is not changed", CacheVersions, "bump", nothing, "sign_out read", "2"),
    ("an ended session may be renewed", CacheVersions, "may_refresh", lambda *args: True, "sign_out read", "2"),
    ("the key is not cycled", DjangoSessionSource, "rotate", nothing, "less slow", "1"),
    ("the key is cycled in two requests", DjangoSessionSource, "rotate", cycle, "less regenerate", "1"),
    ("the store is not emptied", DjangoSessionSource, "rotate", cycle, "login_other read", "3"),
    ("an update makes old rights current", versioning.VersionChecker, "carried_version", None, "revoke plan", "1"),
    ("rights are read before the version", versioning.VersionChecker, "read_after", late, "revoke login", "1"),
    ("the dict is not removed", DjangoSessionSource, "remove", nothing, "logout read", "2"),
    ("a stream loses its session", middleware, "stream_within", nothing, "stream read", "3"),
    ("an interruption is swallowed", writer, "_rotate", None, "less more", "1"),
]


@pytest.mark.parametrize(("what", "where", "name", "instead", "names", "law"), MUTATIONS, ids=[m[0] for m in MUTATIONS])
def test_a_mutation_breaks_a_law(what, where, name, instead, names, law, monkeypatch):
    """Each is undone in one place, and found by a pair of actors."""
    if name == "carried_version":

        def instead(self: Any, loaded: Any) -> dict[str, str]:
            return {versioning.STAMP: str(CacheVersions()(loaded.session.user_id))}

    if name == "_rotate":
        rotation = writer._rotate

        def instead(loader: Any, request: Any, **kwargs: Any) -> Iterator[IOStep]:
            try:
                yield from rotation(loader, request, **kwargs)
            except Exception:
                request.session._session_key = None

    assert unexplained(USUAL, tuple(names.split())) == {}
    monkeypatch.setattr(where, name, instead)
    assert any(one.startswith(f"{law}:") for one in unexplained(USUAL, tuple(names.split())))


@needs_channels
def test_a_socket_that_is_not_checked_again_breaks_a_law(monkeypatch):
    from django_sessionkit.contrib.channels import _ConnectionGuard

    assert unexplained(USUAL, ("socket", "less")) == {}
    is_due = _ConnectionGuard._is_due
    monkeypatch.setattr(_ConnectionGuard, "_is_due", lambda self: self._checked_at is None and is_due(self))
    assert unexplained(USUAL, ("socket", "less"))
