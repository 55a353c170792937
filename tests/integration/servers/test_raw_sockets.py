"""Hostile requests, sent byte for byte to real servers, which parse the request line before the guard sees it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest
from support.attacks.corpus import HOSTILE
from support.attacks.ordinary import ORDINARY
from support.attacks.sites import ORDINARY as ORDINARY_PAGE
from support.attacks.sites import PROTECTED
from support.attacks.sockets import SERVERS, cookie_of, page_of, request_of, serving, wire_request
from support.attacks.spellings import Wire
from support.examples import IS_THOROUGH

# Gunicorn rejects a longer request line (``limit_request_line`` is 4094) before our code runs.
LONGEST_TARGET = 4000

PEOPLE = ("anonymous", "reader", "admin")

ANY_CASE = b"X-Site: any-case"
LENIENT = b"X-Site: lenient"
UNANCHORED = b"X-Site: unanchored"
AS_WRITTEN: list[tuple[bytes, ...]] = [
    (b"GET http://127.0.0.1/admin/tasks/",),
    (b"GET http://testserver/admin/tasks/",),
    (b"GET http://elsewhere.example/admin/tasks/",),
    (b"GET HTTP://127.0.0.1/admin/tasks/",),
    (b"GET http://127.0.0.1//admin/tasks/", LENIENT),
    (b"GET http://127.0.0.1/open/../admin/tasks/", LENIENT),
    (b"GET http:///admin/tasks/",),
    (b"GET //admin/tasks/", LENIENT),
    (b"GET ///admin/tasks/", LENIENT),
    (b"GET //127.0.0.1/admin/tasks/", UNANCHORED),
    (b"GET /\\admin/tasks/", UNANCHORED),
    (b"GET admin/tasks/",),
    (b"GET admin/tasks/", UNANCHORED),
    (b"GET *",),
    (b"get /admin/tasks/",),
    (b"Get /admin/tasks/",),
    (b"PROPFIND /admin/tasks/",),
    (b"OPTIONS *",),
    (b"HEAD /admin/tasks/",),
    (b"GET /admin/tasks/?/open/page/",),
    (b"GET /admin/tasks/#/open/page/",),
    (b"GET /open/page/#/../../admin/tasks/",),
    (b"GET /admin/tasks/%",),
    (b"GET /admin/tasks/%zz",),
    (b"GET /admin/%ff%fe/",),
    (b"GET /admin/%c0%af/",),
    (b"GET /%c0%afadmin/tasks/", UNANCHORED),
    (b"GET /%ff/admin/", UNANCHORED),
    (b"GET /admin/\xff\xfe/",),
    (b"GET /admin/\xc3\xbc/",),
    (b"GET /caf\xc3\xa9/tasks/", LENIENT),
    (b"GET /\xe2\x84\xaaiosk/staff/", ANY_CASE),
    (b"GET /k\xc4\xb1osk/staff/", ANY_CASE),
    (b"GET /kio\xc5\xbfk/staff/", ANY_CASE),
    (b"GET /admin%2ftasks%2f",),
    (b"GET /%2e%2e/admin/tasks/", LENIENT),
    (b"GET /open/%2e%2e/admin/tasks/", LENIENT),
    (b"GET /open/..%2fadmin/tasks/", LENIENT),
    (b"GET /open/..;/admin/tasks/", UNANCHORED),
    (b"GET /admin\x09/tasks/", LENIENT),
    (b"GET /admin\x0b/tasks/", LENIENT),
    (b"GET /adm\x00in/tasks/", LENIENT),
    (b"GET /admin/tasks/\x7f",),
    (b"GET  /admin/tasks/",),
    (b"GET\t/admin/tasks/",),
    (b"GET /admin/tasks/ /open/page/",),
]
SCRIPT_NAMES = (
    b"/log",
    b"/mount",
    b"/open",
    b"/admin",
    b"/",
    b"//",
    b"/open/..",
    b"",
    b"/adm",
    b"/wiki",
    b"http://x",
    b"/%61dmin",
)
MOUNTED = [
    (b"GET " + prefix + target, b"SCRIPT_NAME: " + prefix)
    for prefix in SCRIPT_NAMES
    for target in (b"/admin/tasks/", b"admin/tasks/", b"/open/page/")
] + [
    (b"GET /admin/tasks/", b"SCRIPT_NAME: /admin"),
    (b"GET /admin/tasks/", b"SCRIPT_NAME: /admin/tasks"),
    (b"GET /admin/tasks/", b"SCRIPT-NAME: /open"),
    (b"GET /open/page/", b"PATH_INFO: /admin/tasks/"),
    (b"GET /open/page/", b"REQUEST_METHOD: PUT"),
    (b"GET /login/admin/tasks/", b"SCRIPT_NAME: /login"),
]


class Running(NamedTuple):
    name: str
    port: int
    cookies: dict[str, bytes]

    def pages(self, requests: dict[str, list[bytes]]) -> dict[str, list[str | None]]:
        with ThreadPoolExecutor(4) as pool:
            return {who: list(pool.map(lambda one: page_of(self.port, one), many)) for who, many in requests.items()}

    def answers(self, wires: list[Wire], people: tuple[str, ...] = PEOPLE) -> dict[str, list[str | None]]:
        return self.pages({who: [wire_request(wire, self.cookies[who]) for wire in wires] for who in people})

    def raw(self, lines: list[tuple[bytes, ...]]) -> dict[str, list[str | None]]:
        return self.pages({who: [request_of(*line, cookie=self.cookies[who]) for line in lines] for who in PEOPLE})


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Running]:
    with serving(request.param) as port:
        cookies = {who: cookie_of(port, who) for who in PEOPLE if who != "anonymous"}
        yield Running(request.param, port, {"anonymous": b"", **cookies})


@pytest.fixture
def gunicorn_port() -> Iterator[int]:
    with serving("gunicorn") as port:
        yield port


def some(wires: list[Wire], most: int = 40) -> list[Wire]:
    """Return a sample of a long list, without requests that need a mount prefix: only a server sets one."""
    most = most if IS_THOROUGH else most // 2
    plain = [wire for wire in wires if not wire.mount]
    return plain[:: max(1, len(plain) // most)]


def assert_only_the_admin(answers: dict[str, list[str | None]], asked: list) -> int:
    """Check that only the admin reaches a protected page, and return how many requests reached one."""
    for who in ("anonymous", "reader"):
        got_by = [one for one, page in zip(asked, answers[who], strict=True) if page == PROTECTED]
        assert got_by == [], who
    return answers["admin"].count(PROTECTED)


def test_no_hostile_request_gets_a_protected_page(server: Running) -> None:
    wires = [wire for name in HOSTILE for wire in some(HOSTILE[name])]
    assert assert_only_the_admin(server.answers(wires), wires) > 200


def test_nor_do_those_that_only_a_socket_can_send(server: Running) -> None:
    assert assert_only_the_admin(server.raw(AS_WRITTEN), AS_WRITTEN) >= 15


def test_a_mount_prefix_from_a_header_opens_nothing(server: Running) -> None:
    """Gunicorn takes ``SCRIPT_NAME`` from a header if the peer is one of ``forwarded_allow_ips``, as loopback is."""
    reached = assert_only_the_admin(server.raw(MOUNTED), MOUNTED)
    assert reached >= 2


def test_the_root_under_a_mount_prefix_is_not_the_login_page(gunicorn_port: int) -> None:
    for line in (b"GET /login", b"GET /login/"):
        assert page_of(gunicorn_port, request_of(line, b"SCRIPT_NAME: /login", b"X-Site: home")) is None


def test_what_people_ask_for_is_answered(server: Running) -> None:
    wires = [wire for wire in some(ORDINARY, 300) if wire.method != "TRACE" and len(wire.target) < LONGEST_TARGET]
    answers = server.answers(wires, ("anonymous", "reader"))
    for who, pages in answers.items():
        assert [wire for wire, page in zip(wires, pages, strict=True) if page != ORDINARY_PAGE] == [], who
    assert len(wires) > 150
