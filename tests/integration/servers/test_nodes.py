"""Nodes that share one Redis and one PostgreSQL: a right revoked on one node is revoked on all, also if Redis fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from redis import Redis
from support import example_site as site
from support import stores
from support.example_site import Site
from support.visitors import API, SESSION_COOKIE, send, signed_in, visitor

WRITE = "/articles/new/"
READ = "/articles/"
HIRE = """
from accounts.models import User
for number in range(20):
    name = f"writer-{number}"
    print(name, User.objects.create_user(name, password=f"demo-pass-for-{name}", role="editor").pk)
"""


class Person(NamedTuple):
    name: str
    pk: str


INTERVALS = {"other": 0.0, "patient": 1.0}  # SESSIONKIT_VERSION_INTERVAL, in seconds


@dataclass
class Nodes:
    """The running servers. ``patient`` checks the version once per second, the other nodes for each request."""

    one: Site
    other: Site
    patient: Site
    redis: stores.Redis
    gates: Path
    staff: Iterator[Person]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    gates = tmp_path_factory.mktemp("gates")
    with stores.redis() as redis, stores.postgres() as database_url, ExitStack() as stack:
        env = site.settings(
            database_url,
            REDIS_URL=redis.url,
            DJANGO_SETTINGS_MODULE="support.node_settings",
            GATES=str(gates),
        )
        site.fill(env)
        hired = site.manage("shell", "-v", "0", "-c", HIRE, env=env)
        staff = iter([Person(*line.split()) for line in hired.splitlines() if line.startswith("writer-")])
        one, other, patient = (
            stack.enter_context(site.gunicorn({**env, "NEWSROOM_VERSION_INTERVAL": interval}, workers=1))
            for interval in ("0", "0", "1")
        )
        yield Nodes(one, other, patient, redis, gates, staff)


@pytest.fixture
def nodes(running: Nodes) -> Iterator[Nodes]:
    yield running
    running.redis.stop()  # a test may leave it in any state
    running.redis.start()


@pytest.fixture
def writer(nodes: Nodes) -> Person:
    return next(nodes.staff)


@pytest.fixture(params=INTERVALS)
def chosen(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def node(chosen: str, nodes: Nodes) -> Site:
    site: Site = getattr(nodes, chosen)
    return site


@pytest.fixture
def interval(chosen: str) -> float:
    return INTERVALS[chosen]


def press(button: str, person: Person, on: Site) -> None:
    with signed_in(on.url, "admin") as admin:
        answer = send(admin, "/admin-area/", {}, to=f"/admin-area/people/{person.pk}/{button}/")
        assert answer.status_code == 302, answer.text


def also_on(node: Site, client: httpx.Client) -> httpx.Client:
    return visitor(node.url, client.cookies[SESSION_COOKIE])


def holds_after(interval: float, denied: Callable[[], bool]) -> None:
    """Check that a request is denied if it begins later than this many seconds from now, also on a slow machine."""
    end = time.monotonic() + interval
    began = time.monotonic()
    while not denied():
        assert began <= end
        time.sleep(0.02)
        began = time.monotonic()


def until(done: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_demoted_on_one_node_is_denied_on_all(nodes: Nodes, node: Site, interval: float, writer: Person) -> None:
    with signed_in(node.url, writer.name) as client, also_on(nodes.one, client) as there:
        assert client.get(WRITE).status_code == there.get(WRITE).status_code == 200
        press("demote", writer, on=nodes.one)
        holds_after(interval, lambda: client.get(WRITE).status_code == 403)
        assert there.get(WRITE).status_code == 403
        assert client.get(READ).status_code == there.get(READ).status_code == 200  # a reader now, and still signed in


def test_without_an_interval_the_very_next_request_is_denied(nodes: Nodes, writer: Person) -> None:
    with signed_in(nodes.other.url, writer.name) as client:
        assert client.get(WRITE).status_code == 200
        press("demote", writer, on=nodes.one)
        assert client.get(WRITE).status_code == 403


def test_signed_out_on_one_node_is_signed_out_on_all(nodes: Nodes, node: Site, interval: float, writer: Person) -> None:
    with signed_in(node.url, writer.name) as client, also_on(nodes.one, client) as there:
        assert client.get(READ).status_code == there.get(READ).status_code == 200
        press("sign-out", writer, on=nodes.one)
        holds_after(interval, lambda: client.get(READ).status_code == 302)
        assert [one.get(READ).status_code for one in (client, there, client)] == [302, 302, 302]
        assert client.get("/api/me/", headers=API).status_code == 401
    with signed_in(node.url, writer.name) as client:
        assert client.get(WRITE).status_code == 200


def test_somebody_signs_himself_out_everywhere(nodes: Nodes, writer: Person) -> None:
    with signed_in(nodes.one.url, writer.name) as desk, signed_in(nodes.other.url, writer.name) as phone:
        assert send(desk, "/account/session/", {}, to="/account/session/end-all/").status_code == 302
        assert desk.get(READ).status_code == phone.get(READ).status_code == 302


def test_a_live_stream_on_another_node_follows(nodes: Nodes, writer: Person) -> None:
    with signed_in(nodes.other.url, writer.name) as client, client.stream("GET", "/live/events/") as stream:
        lines = stream.iter_lines()
        assert '"drafts": 1' in next(line for line in lines if line.startswith("data:"))
        press("demote", writer, on=nodes.one)
        assert '"drafts": null' in next(line for line in lines if line.startswith("data:"))
        press("sign-out", writer, on=nodes.one)
        assert "event: signed-out" in lines


def slow_request(nodes: Nodes, client: httpx.Client, gate: Path, meanwhile: Callable[[], object]) -> httpx.Response:
    """Make a request to the first node that reads its session before ``meanwhile`` runs, and saves it after that."""
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.get, f"/slow/{gate.name}/")
        try:
            until(gate.with_suffix(".reached").exists)
            meanwhile()
        finally:
            gate.touch()
        return slow.result()


def test_a_slow_request_that_saves_an_old_session_does_not_bring_the_role_back(nodes: Nodes, writer: Person) -> None:
    with signed_in(nodes.one.url, writer.name) as client, also_on(nodes.other, client) as elsewhere:

        def meanwhile() -> None:
            press("demote", writer, on=nodes.other)
            assert elsewhere.get(WRITE).status_code == 403
            assert elsewhere.get("/stored/").json() == {"role": "reader", "note": None}

        assert slow_request(nodes, client, nodes.gates / writer.name, meanwhile).text == "editor"
        assert elsewhere.get("/stored/").json() == {"role": "editor", "note": "saved late"}
        for one in (client, elsewhere):
            assert one.get(WRITE).status_code == 403
            assert one.get(READ).status_code == 200
        assert elsewhere.get("/stored/").json()["role"] == "reader"


def test_nor_does_it_bring_an_ended_session_back(nodes: Nodes, writer: Person) -> None:
    with signed_in(nodes.one.url, writer.name) as client, also_on(nodes.other, client) as elsewhere:

        def meanwhile() -> None:
            press("sign-out", writer, on=nodes.other)

        slow_request(nodes, client, nodes.gates / writer.name, meanwhile)
        assert elsewhere.get("/stored/").json() == {"role": "editor", "note": "saved late"}
        assert client.get(READ).status_code == elsewhere.get(READ).status_code == 302


def test_without_redis_nobody_is_let_in_and_public_pages_are_served(
    nodes: Nodes, node: Site, interval: float, writer: Person
) -> None:
    with signed_in(node.url, writer.name) as client:
        nodes.redis.stop()
        holds_after(interval, lambda: client.get(WRITE).status_code == 503)
        assert client.get("/api/me/", headers=API).status_code == 503
        assert [client.get(path).status_code for path in ("/", "/about/", "/api/health/")] == [200, 200, 200]
        assert "session counts as absent" in node.server.output()


def test_a_redis_that_comes_back_empty_revives_nobody(
    nodes: Nodes, node: Site, interval: float, writer: Person
) -> None:
    with signed_in(nodes.one.url, writer.name) as client, also_on(node, client) as there:
        press("sign-out", writer, on=nodes.one)  # not read since: only Redis knows
        nodes.redis.stop()
        nodes.redis.start()
        holds_after(interval, lambda: there.get(READ).status_code == 302)
        assert [one.get(READ).status_code for one in (client, there)] == [302, 302]
    with signed_in(node.url, writer.name) as client:
        assert client.get(WRITE).status_code == 200


def test_a_redis_that_evicts_revives_nobody(nodes: Nodes, writer: Person) -> None:
    with signed_in(nodes.one.url, writer.name) as client, also_on(nodes.other, client) as there:
        press("demote", writer, on=nodes.one)
        evict_everything(nodes.redis.url)
        answers = [one.get(WRITE).status_code for one in (client, there, client)]
        assert answers == [503, 503, 503]  # it cannot write a new version either


def evict_everything(url: str) -> None:
    """Make Redis evict all keys by giving it less memory than it uses."""
    with Redis.from_url(url) as redis:
        kept = redis.keys("*django_sessionkit.version*")
        redis.config_set("maxmemory-policy", "allkeys-random")
        redis.config_set("maxmemory", "1mb")
        assert kept
        until(lambda: not redis.exists(*kept))
