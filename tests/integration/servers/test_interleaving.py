"""Many users at the same time: each sees only their own session."""

from __future__ import annotations

import random
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest
from support import visitors
from support.example_site import Site
from support.visitors import API, NAMES, PAGE, signed_in

REQUESTS = 300
AT_ONCE = 16


def names_in(answer: httpx.Response) -> set[str]:
    return {name for name in NAMES.values() if name in answer.text}


def own_session(client: httpx.Client) -> set[str]:
    return names_in(client.get("/account/session/", headers=PAGE))


def own_account(client: httpx.Client) -> set[str]:
    return names_in(client.get("/api/me/", headers=API))


def test_nobody_ever_sees_the_session_of_another(url: str) -> None:
    def ask(name: str) -> tuple[str, frozenset[str]]:
        # A suspended account may not use the API.
        look = own_session if name == "suspended" else random.choice([own_session, own_account])
        return name, frozenset(look(clients[name]))

    with ExitStack() as stack, ThreadPoolExecutor(AT_ONCE) as pool:
        clients = {name: stack.enter_context(signed_in(url, name)) for name in NAMES}
        asked = random.choices(list(NAMES), k=REQUESTS)
        seen = Counter(pool.map(ask, asked))
    assert set(seen) == {(name, frozenset({NAMES[name]})) for name in NAMES}
    assert seen.total() == REQUESTS


def test_people_without_a_session_in_between_see_nobody(url: str) -> None:
    def ask(number: int) -> bool:
        if number % 2:
            return own_account(client) == {NAMES["reader"]}
        answer = visitors.ask(f"{url}/api/me/", headers=API)
        return answer.status_code == 401 and not names_in(answer)

    with signed_in(url, "reader") as client, ThreadPoolExecutor(AT_ONCE) as pool:
        assert all(pool.map(ask, range(100)))


def test_a_session_made_by_one_worker_is_known_to_all(gunicorn_site: Site) -> None:
    with signed_in(gunicorn_site.url, "reader") as client, ThreadPoolExecutor(AT_ONCE) as pool:
        cookies = dict(client.cookies)

        def ask(number: int) -> int:
            # A new connection each time, so that any free worker may accept it.
            address = f"{gunicorn_site.url}/dashboard/?number={number}"
            return visitors.ask(address, headers=PAGE, cookies=cookies).status_code

        assert set(pool.map(ask, range(100))) == {200}
    line = re.compile(r"worker=<?(\d+)>? GET /dashboard/\?number=\d+ HTTP/1.1 200")
    assert len(set(line.findall(gunicorn_site.server.output()))) == 2


@pytest.fixture(params=["gunicorn", "uvicorn"])
def site(request: pytest.FixtureRequest) -> Site:
    running: Site = request.getfixturevalue(f"{request.param}_site")
    return running


def test_no_value_of_a_session_is_printed(site: Site) -> None:
    with signed_in(site.url, "reader") as client:
        client.get("/admin-area/")
        key = client.cookies["sessionid"]
    printed = site.server.output()
    assert "access_denied" in printed
    values = [key, "@example.org", *NAMES.values(), "try things out"]
    assert [value for value in values if value in printed] == []


def test_nothing_so_far_has_made_the_server_raise(site: Site) -> None:
    assert "Traceback" not in site.server.output()
