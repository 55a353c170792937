"""Each protection is undone in turn, and a pair of actors finds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from interleavings.actors import PLAYS
from interleavings.plan import USUAL
from interleavings.runs import unexplained

from django_sessionkit import middleware
from django_sessionkit.session import versioning, writer
from django_sessionkit.sources import DjangoSessionSource
from django_sessionkit.utils.sansio import IOStep
from django_sessionkit.versions import CacheVersions


def nothing(*args: Any, **kwargs: Any) -> None: ...


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


@pytest.mark.skipif("socket" not in PLAYS, reason="needs channels")
def test_a_socket_that_is_not_checked_again_breaks_a_law(monkeypatch):
    guard = pytest.importorskip("django_sessionkit.contrib.channels")._ConnectionGuard
    assert unexplained(USUAL, ("socket", "less")) == {}
    is_due = guard._is_due
    monkeypatch.setattr(guard, "_is_due", lambda self: self._checked_at is None and is_due(self))
    assert unexplained(USUAL, ("socket", "less"))
