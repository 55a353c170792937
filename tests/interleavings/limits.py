"""Where a law cannot hold, why, and where the manual says so. Nothing else may break a law."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .site import Setup

CACHES = ("cache", "cached_db")
NODES_PAGE = "docs/how-to/nodes.md"
SECURITY_PAGE = "docs/security.md"


@dataclass(frozen=True)
class Limit:
    """A limit. ``laws`` are the beginnings of the sentences that may be broken."""

    name: str
    page: str
    #: words of the page that state it
    words: str
    laws: tuple[str, ...]
    applies: Callable[[Setup, Sequence[str]], bool]


SESSION_LAWS = (
    "1: a right comes back after update_session",
    "2: a session comes back after flush",
    "2: a session comes back after log",
    "2: the old key",
)

LIMITS = [
    Limit(
        "a cookie is the session",
        SECURITY_PAGE,
        "the server cannot refuse an old cookie",
        SESSION_LAWS,
        lambda setup, names: setup.engine == "signed_cookies",
    ),
    Limit(
        "a cache cannot save only what is still there",
        SECURITY_PAGE,
        "stores its old copy, and the old key works again",
        SESSION_LAWS,
        lambda setup, names: setup.engine in CACHES,
    ),
    Limit(
        "Django's flush() deletes the old key only",
        SECURITY_PAGE,
        "`request.session.flush()` and Django's `logout()` without the bridge",
        ("2: a session comes back after flush",),
        lambda setup, names: "flush" in names and bool({"more", "less", "confirm", "regenerate"} & set(names)),
    ),
    Limit(
        "a cache comes back older",
        NODES_PAGE,
        "what was revoked since then counts again",
        ("1: a right comes back after revoke_sessions", "2: a session comes back after it was signed out everywhere"),
        lambda setup, names: "restore" in names,
    ),
    Limit(
        "a login has read the rights before they were taken away",
        NODES_PAGE,
        "A login that has read the rights before",
        ("1: a right comes back after revoke_sessions",),
        lambda setup, names: "login_by_dict" in names and "revoke" in names,
    ),
    Limit(
        "a session store is away",
        NODES_PAGE,
        "the response cannot be saved, and Django answers 500",
        ("4:",),
        lambda setup, names: "outage" in names and setup.engine in CACHES,
    ),
]


def limits_of(setup: Setup, names: Sequence[str], law: str) -> list[Limit]:
    """Return the limits that explain a broken law."""
    return [limit for limit in LIMITS if law.startswith(limit.laws) and limit.applies(setup, names)]
