"""A visitor for the faults: one cookie, a new connection for each request, and what the answers were."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from http.client import HTTPConnection, HTTPException
from time import monotonic, sleep
from typing import NamedTuple

from .programs import Web
from .tables import Broken

PATIENCE = 90  # seconds
BROKEN = "no answer"


class Seen(NamedTuple):
    """What a visitor sees: the status, the user of the page, and ``Retry-After``. ``0`` is no answer."""

    status: int
    user: str | None = None
    role: str | None = None
    retry_after: str | None = None
    pid: int | None = None

    def __str__(self) -> str:
        if not self.status:
            return BROKEN
        return f"{self.status} with Retry-After" if self.retry_after else f"{self.status}"


class Visitor:
    """One user with a browser."""

    def __init__(self, name: str, web: Web) -> None:
        self.name, self.web, self.cookie = name, web, ""

    def ask(self, page: str, method: str = "GET") -> Seen:
        """Request ``page/``, or a whole path. Raises :class:`Broken` if the page shows another user."""
        path = page if page.startswith("/") else f"/{self.web.kind}/{page}"
        headers = {"Accept": "application/json", **({"Cookie": f"sessionid={self.cookie}"} if self.cookie else {})}
        connection = HTTPConnection("127.0.0.1", self.web.port, timeout=PATIENCE)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, HTTPException):
            return Seen(0)
        finally:
            connection.close()
        self._keep(answer.headers.get_all("Set-Cookie") or ())
        shown = json.loads(body) if answer.status == 200 else {}
        if shown.get("user") not in (self.name, None):
            raise Broken(f"{self.name} saw the session of {shown['user']}")
        return Seen(
            answer.status, shown.get("user"), shown.get("role"), answer.headers.get("Retry-After"), shown.get("pid")
        )

    def _keep(self, cookies: Iterable[str]) -> None:
        for cookie in cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            if name == "sessionid":
                self.cookie = value.strip('"')

    def login(self) -> Seen:
        """Log in."""
        return self.ask(f"login/{self.name}/", "POST")


def logged_in(names: Iterable[str], web: Web) -> list[Visitor]:
    """Return visitors who are logged in."""
    visitors = [Visitor(name, web) for name in names]
    for one in visitors:
        must(f"the login of {one.name}", one.login().status, 200)
    return visitors


def must(what: str, found: object, wanted: object) -> None:
    """Raise :class:`Broken` unless the two are equal."""
    if found != wanted:
        raise Broken(f"{what}: {found} instead of {wanted}")


def seen_by(visitors: Iterable[Visitor], page: str = "page/") -> str:
    """Return what all visitors see on a page: ``200 × 3, 503 with Retry-After × 1``."""
    counts = Counter(str(one.ask(page)) for one in visitors)
    return ", ".join(f"{what} × {count}" for what, count in counts.most_common())


def seconds_until(what: str, holds: Callable[[], bool]) -> float:
    """Return the seconds until it holds."""
    start = monotonic()
    while not holds():
        if monotonic() > start + PATIENCE:
            raise Broken(f"{what}: not within {PATIENCE} s")
        sleep(0.02)
    return monotonic() - start


def everybody_is_back(visitors: Iterable[Visitor]) -> bool:
    """Return ``True`` if each visitor sees the own session."""
    return all(one.ask("page/")[:2] == (200, one.name) for one in visitors)
