"""The small worlds: every list of rules, path, session, method and default over a small alphabet."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product
from typing import Any

NOW = 1_800_000_000
TENANT = "t"

SESSIONS: list[dict[str, Any] | None] = [
    None,
    {"user_id": "1", "role": "r", "auth_time": NOW - 100, "amr": ["otp"]},
    {
        "user_id": "2",
        "roles": ["s"],
        "permissions": ["p"],
        "tenants": {TENANT: {"roles": ["r"]}},
        "auth_time": NOW + 900,
    },
    {"user_id": "3", "role": "s", "roles": ["r"], "tenants": {"other": {"roles": ["r"]}}, "act": {"user_id": "9"}},
    {"user_id": "4", "auth_time": NOW - 5000},
]
METHODS = ["GET", "POST"]

R, S, ANY = ("role", "r"), ("role", "s"), ("authenticated",)
WITHIN = ("within", R)
REQUIREMENTS: list[tuple[Any, ...]] = [
    R,
    ANY,
    ("nobody",),
    ("not", R),
    ("or", R, ("permission", "p")),
    ("and", S, ("not", R)),
    ("recent", 600),
    ("and", R, ("recent", 600), ("factor", "otp")),
    WITHIN,
    ("not", WITHIN),
    ("or", ("allow", "failed"), S),
    ("not", ("allow", "failed")),
    ("and", ANY, ("not", ("impersonated",))),
]
PUBLIC: dict[str, Any] = {"require": ("public",), "public": True}
PATTERNS = ["/a", "/a/**", "/a/*", "/**", "/*/b", "/a/**/b", "/b/b/*", "/A/b", "/a/1", "/c/**", "/"]
VIEWS = ["a", "number", "*o*", "deep"]
MANY = [{"pattern": one} for one in PATTERNS] + [{"view": one} for one in VIEWS]
FEW = [{"pattern": one} for one in ["/a/**", "/a/*", "/*/b", "/A/b", "/a/1"]] + [{"view": "*o*"}]
FEWEST = [{"pattern": "/a/*"}, {"pattern": "/a/1"}, {"view": "*o*"}]
GET_ONLY, UNSAFE = {"methods": ["GET"]}, {"methods": "unsafe"}

DEFAULTS: list[tuple[bool, list[str]]] = [
    (False, []),
    (True, []),
    (True, ["/a/*", "deep"]),
    (True, ["/c", "/a", "number"]),
]

SEGMENTS = ["a", "b", "1", "A", "c"]
#: what another component may read in another way; each stands in the place of one segment
ODD = ["", ".", "..", "01", " a", "a\x00", "\u00e0", "a\u0300", "B", "b\x7f", "\u017f"]


def _rules(selectors: list[dict[str, Any]], needs: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """A rule for each selector and requirement, and one that opens."""
    return [{**one, "require": need} for one in selectors for need in needs] + [{**one, **PUBLIC} for one in selectors]


def rule_lists() -> Iterator[list[dict[str, Any]]]:
    """Every list of no rule and of one, two and three rules; the longer, the smaller the alphabet."""
    yield []
    for one in _rules(MANY, REQUIREMENTS):
        yield [one]
    for one, limit in product(_rules(MANY, [R]), [GET_ONLY, UNSAFE]):
        yield [{**one, **limit}]
    for pair in product([*_rules(FEW, [R, WITHIN]), *({**one, **GET_ONLY} for one in _rules(FEW, [R]))], repeat=2):
        yield list(pair)
    for triple in product([*_rules(FEWEST, [R, S]), {"pattern": "/a/**", "require": R, **GET_ONLY}], repeat=3):
        yield list(triple)


def paths() -> list[str]:
    """Paths of up to four segments, and paths of up to three with one odd segment in every place."""
    plain = ["/" + "/".join(one) for length in range(4) for one in product(SEGMENTS[:3], repeat=length)]
    plain += ["/" + "/".join(one) for one in product(SEGMENTS[:2], repeat=4)]
    plain += ["/" + "/".join(one) for one in product(SEGMENTS, repeat=2)]
    odd = [
        "/" + "/".join([*start, one, *end])
        for one in ODD
        for before in range(3)
        for after in range(3 - before)
        for start in product(SEGMENTS[:2], repeat=before)
        for end in product(SEGMENTS[1:3], repeat=after)
    ]
    return list(dict.fromkeys([*plain, *odd, *(f"{one}/" for one in plain[:40])]))


def settings() -> list[tuple[list[dict[str, Any]], bool, list[str]]]:
    """Every list of rules with each default."""
    return [
        (rules, default, excluded)
        for rules in rule_lists()
        for default, excluded in (DEFAULTS if len(rules) < 3 else DEFAULTS[1:3])
    ]


def trees(rng: random.Random, depth: int = 3) -> tuple[Any, ...]:
    """A random requirement, with objects."""
    leaves = [*REQUIREMENTS, ("object", "mine"), ("object", "failed"), ("any_permission", "p", "q"), ("impersonated",)]
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(leaves)
    kind = rng.choice(["and", "or", "not", "within"])
    if kind in ("not", "within"):
        return kind, trees(rng, depth - 1)
    return kind, trees(rng, depth - 1), trees(rng, depth - 1)
