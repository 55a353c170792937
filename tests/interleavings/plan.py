"""Which actors meet in which setup."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement, product

from .actors import FAULTS, PLAYS
from .site import Setup

Job = tuple[Setup, tuple[str, ...]]

USUAL = Setup("db", refresh=True)
SETUPS = [
    USUAL,
    Setup("db"),
    Setup("db", versions=False),
    Setup("db", refresh=True, is_async=True),
    Setup("db", refresh=True, interval=4),
    Setup("db", refresh=True, touches=True, saves_always=True),
    Setup("cache", refresh=True),
    Setup("cached_db", refresh=True),
    Setup("signed_cookies", refresh=True),
]
# In a triple, one takes something away, one may bring it back, and one looks on; or two change the key meanwhile.
TAKES = ("less", "logout", "login_other", "revoke", "sign_out")
BRINGS = ("slow", "login", "more", "confirm", "regenerate")
LOOKS = ("read", "old")
MOVES = [("more", "confirm"), ("more", "regenerate"), ("confirm", "regenerate"), ("more", "more")]


def names_in(setup: Setup) -> list[str]:
    """Return the actors that make sense in a setup."""
    left_out = {"lose_all"} if setup.engine not in ("cache", "cached_db") else set()
    if not setup.versions:
        left_out |= {"revoke", "sign_out", *FAULTS}
    if not setup.interval:
        left_out.add("wait")
    return [name for name in PLAYS if name not in left_out]


def pairs() -> Iterator[Job]:
    """Yield all pairs in all setups, and each actor with itself."""
    for setup in SETUPS:
        for names in combinations_with_replacement(names_in(setup), 2):
            yield setup, names


def triples() -> Iterator[Job]:
    """Yield the triples."""
    for names in product(TAKES, BRINGS, LOOKS):
        yield USUAL, names
    for take, moves in product(("logout", "login_other", "less"), MOVES):
        yield USUAL, (take, *moves)
