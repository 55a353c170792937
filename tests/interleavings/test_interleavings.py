"""The scheduler itself, a slice of the pairs, and the limits.

The slice is twice as large with ``SESSIONKIT_EXAMPLES=1``. ``python -m tests.interleavings --all`` runs everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from interleavings.actors import PLAYS
from interleavings.limits import LIMITS, limits_of
from interleavings.plan import SETUPS, TAKES, USUAL, names_in, pairs, triples
from interleavings.runs import explore, unexplained
from interleavings.scheduler import Actor, Explorer
from interleavings.site import Setup
from support.examples import IS_THOROUGH

from django_sessionkit.versions import CacheVersions

ROOT = Path(__file__).parents[2]


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
    monkeypatch.setattr(CacheVersions, "bump", lambda *args, **kwargs: None)
    merged, single = explore(setup, names), explore(setup, names, merging=False)
    assert merged.orders == single.orders == single.runs > merged.runs
    assert merged.broken.keys() == single.broken.keys()
    assert bool(merged.broken) is breaks


# The laws -------------------------------------------------------------------------------------------------------------

# Each second or each fourth pair is in the slice.
STEP = 2 if IS_THOROUGH else 4


@pytest.mark.parametrize(("number", "name"), list(enumerate(TAKES)))
def test_no_order_of_two_breaks_a_law(number, name):
    for other in names_in(USUAL)[number % STEP :: STEP]:
        assert unexplained(USUAL, (name, other)) == {}, other


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_no_order_of_two_breaks_a_law_in_any_setup(setup):
    names = names_in(setup)
    for pair in list(pairwise(names))[:: STEP if setup.engine == "db" and not setup.interval else 2 * STEP]:
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
