"""The laws, as functions of what the actors did and saw. Each yields the sentences that are broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .actors import FAULTS, FIRST
from .scheduler import Actor
from .site import Setup

Trace = dict[str, Any]
# What a page of the site may answer: yes, a login page, no, "interrupted", and with a cache that is away "later".
STATUSES = {200, 302, 401, 403, 400}
# These give the session a new key.
ROTATING = {"login_other", "logout", "flush", "more", "less", "confirm", "regenerate"}
LEAVING = ("logout", "sign_out", "revoke", *FAULTS)
LOGINS = {"login", "login_by_dict", "login_other"}
ENDING = {"login_other", "logout", "flush"}


def broken(setup: Setup, actors: Sequence[Actor], probes: Sequence[Trace]) -> Iterator[str]:
    """Yield the broken laws. ``probes`` are requests after all others, one with each cookie that was ever sent."""
    acts = {actor.name: actor.trace for actor in actors}
    messages = [message for act in acts.values() for message in act.get("handled", ())]
    later = [trace for trace in acts.values() if "status" in trace] + messages + list(probes)
    for name, act in acts.items():
        for trace in later:
            if name in trace["after"]:
                yield from _taken(setup, act, name, trace)
                yield from _ended(act, name, trace)
                yield from _old_key(act, trace)
    # A session that ends leaves the other data to the next user of the browser, as the manual says.
    authors = {name: first.user for name, first in FIRST.items() if not any(act.startswith(LEAVING) for act in acts)}
    authors |= {name: act["saw"]["user"] for name, act in acts.items() if act.get("saw")}
    owners = _owners(acts)
    for trace in later:
        yield from _own_session(owners, authors, trace)
    yield from _kept(acts, probes)
    yield from _answers(acts)


def _taken(setup: Setup, act: Trace, name: str, trace: Trace) -> Iterator[str]:
    """A right that was taken away is never seen by a request that begins after the taking has returned."""
    saw = trace["saw"]
    if saw is None or "admin" not in saw["roles"]:
        return
    if _did(act, "less") and saw["login"] == act["saw"]["login"]:
        yield "1: a right comes back after update_session"
    is_late = act.get("node") == trace.get("node") or trace["began"] - trace["after"][name] >= setup.interval
    if name.startswith("revoke") and act.get("is_done") and saw["user"] == "1" and is_late:
        yield "1: a right comes back after revoke_sessions"


def _ended(act: Trace, name: str, trace: Trace) -> Iterator[str]:
    """An ended session never comes back."""
    saw = trace["saw"]
    if saw is None:
        return
    if act.get("action") in ENDING and act["status"] == 200 and act["saw"] and saw["login"] == act["saw"]["login"]:
        yield f"2: a session comes back after {act['action']}"
    is_earlier = saw["user"] == "1" and (saw["login"] in FIRST or saw["login"] in act["after"])
    if name.startswith("sign_out") and act.get("is_done") and is_earlier:
        yield "2: a session comes back after it was signed out everywhere"


def _old_key(act: Trace, trace: Trace) -> Iterator[str]:
    """An old key never opens anything."""
    if act.get("action") not in ROTATING or act["status"] != 200 or act.get("key", act["cookie"]) == act["cookie"]:
        return
    if trace["cookie"] == act["cookie"] and (trace["saw"] is not None or (trace["action"] == "read" and trace["data"])):
        yield f"2: the old key opens a session after {act['action']}"


def _owners(acts: dict[str, Trace]) -> dict[str | None, set[str]]:
    """Return the users that each key was given to."""
    owners: dict[str | None, set[str]] = {first.key: {first.user} for first in FIRST.values()}
    for act in acts.values():
        if act.get("key"):
            before = owners.get(act["cookie"], set())  # of a session that the cache does not vouch for at the moment
            owners.setdefault(act["key"], set()).update([act["left"]["user"]] if act["left"] else before)
    return owners


def _own_session(owners: dict[str | None, set[str]], authors: dict[str, str], trace: Trace) -> Iterator[str]:
    """No request sees the session of another user, and no data of one."""
    for saw in [trace["saw"], *trace["streamed"]]:
        if saw is not None and owners.get(trace["cookie"]) != {saw["user"]}:
            yield "3: a request sees the session of another user"
    if any(saw != trace["saw"] for saw in trace["streamed"]):
        yield "3: the session of a stream changes"
    if trace["saw"] is not None and authors.get(trace["data"], trace["saw"]["user"]) != trace["saw"]["user"]:
        yield "3: the data of a user is in the session of another"


def _kept(acts: dict[str, Trace], probes: Sequence[Trace]) -> Iterator[str]:
    """A login, and a right that was given by ``update_session``, are there after all requests."""
    for name, act in acts.items():
        if act.get("status") != 200 or act.get("key") in (None, act["cookie"]) or _undone(acts, name, act["key"]):
            continue
        probe = next(trace for trace in probes if trace["cookie"] == act["key"])
        if act["action"] == "more" and act["saw"] and "publisher" not in (probe["saw"] or {"roles": []})["roles"]:
            yield "3: a right that update_session gave is lost"
        if act["action"] == "confirm" and act["saw"] and not (probe["saw"] or {}).get("amr"):
            yield "3: a confirmation of the login is lost"
        if act["action"] in LOGINS and (probe["saw"] or {}).get("login") != name:
            yield "3: a login is lost"


def _undone(acts: dict[str, Trace], name: str, key: str) -> bool:
    """Return ``True`` if another actor may have replaced what ``name`` stored under ``key``."""
    for other, act in acts.items():
        if other == name:
            continue
        if other.startswith(("revoke", "sign_out", *FAULTS)):
            return True
        if act.get("cookie") == key and act.get("action") not in ("read", "write", "stream"):
            return True
        is_of_same = act.get("cookie") == acts[name]["cookie"] or _login(act) == _login(acts[name])
        if act.get("action") in (*ENDING, *LOGINS) and is_of_same:
            return True
    return False


def _login(act: Trace) -> str | None:
    return act["saw"]["login"] if act.get("saw") else None


def _answers(acts: dict[str, Trace]) -> Iterator[str]:
    """No order ends in an exception that is not documented."""
    is_away = any(name.startswith("outage") for name in acts)
    is_changing = any(name.startswith(FAULTS) for name in acts)
    for name, act in acts.items():
        error = act.get("raised")
        if error is not None and not (is_changing and type(error).__name__ == "VersionUnavailable"):
            yield f"4: {name} raises {type(error).__name__}"
        if act.get("status", 200) not in STATUSES | ({503} if is_away else set()):
            yield f"4: {name} is answered with {act['status']}"


def _did(act: Trace, action: str) -> bool:
    return act.get("action") == action and act["status"] == 200 and act["saw"] is not None
