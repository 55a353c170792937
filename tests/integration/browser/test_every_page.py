"""Every page of the example site: accessible, usable on a phone, and without violations of its CSP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from support.browsing import (
    STRIP,
    axe_faults,
    enter,
    links,
    open_page,
    submit_log_in,
    too_wide_for_a_phone,
    window,
)
from support.visitors import LOGIN

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VISITORS = ("anonymous", "reader", "editor", "admin", "suspended")
# What may be denied: pages that nothing links to.
REFUSED = {
    "reader": r"/admin-area/",
    "editor": r"/admin-area/",
    "suspended": r"/admin-area/",
}


@dataclass
class Tour:
    """The findings of a walk through the whole site, each with its path."""

    refused: str
    paths: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    too_wide: list[str] = field(default_factory=list)
    without_strip: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def walk(self, page: Page) -> None:
        page.on("console", lambda message: self.complain(message.type, message.text))
        page.on("pageerror", lambda error: self.complain("error", str(error)))
        waiting = ["/", LOGIN, "/upgrade/", "/admin-area/"]
        while waiting:
            path = waiting.pop()
            if path not in self.paths and not path.endswith(".csv") and not path.startswith("/desk/"):  # Django's
                self.paths.append(path)
                waiting += self.look_at(page, path)

    def look_at(self, page: Page, path: str) -> list[str]:
        status = open_page(page, path).status
        if status != 200 and not (status == 403 and re.fullmatch(self.refused, path)):
            self.broken.append(f"{path}: {status}")
        self.faults += [f"{path}: {fault}" for fault in axe_faults(page)]
        self.too_wide += [path] if too_wide_for_a_phone(page) else []
        self.without_strip += [] if page.locator(STRIP).count() == 1 else [path]
        return links(page)

    def complain(self, kind: str, text: str) -> None:
        """Record an error of the console, except those for denied pages, which are intended."""
        if kind == "error" and "responded with a status of 403" not in text:
            self.complaints.append(f"{self.paths[-1:]}: {text}")


@pytest.fixture(scope="module", params=VISITORS)
def tour(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Tour]:
    tour = Tour(REFUSED.get(request.param, ""))
    with window(browser, url) as context:
        page = context.new_page()
        if request.param != "anonymous":
            enter(page, request.param)
        tour.walk(page)
        yield tour


def test_every_link_on_the_site_opens(tour: Tour) -> None:
    assert tour.broken == []
    assert len(tour.paths) > 3


def test_axe_finds_no_violation(tour: Tour) -> None:
    assert tour.faults == []


def test_every_page_says_what_guards_it(tour: Tour) -> None:
    assert tour.without_strip == []


def test_the_content_policy_is_never_broken(tour: Tour) -> None:
    assert tour.complaints == []


def test_no_page_scrolls_sideways_on_a_phone(tour: Tour) -> None:
    assert tour.too_wide == []


def test_there_is_a_content_policy(page: Page) -> None:
    policy = open_page(page, "/").headers["content-security-policy"]
    assert re.search(r"default-src 'self'(;|$)", policy)
    assert "unsafe" not in policy


@pytest.mark.parametrize(("path", "status"), [("/admin-area/", 403), ("/nowhere/", 404)])
def test_what_production_says_to_a_refusal(production_page: Page, path: str, status: int) -> None:
    enter(production_page, "reader")
    assert open_page(production_page, path).status == status
    assert axe_faults(production_page) == []
    assert not too_wide_for_a_phone(production_page)


def test_what_a_locked_out_visitor_reads(production_page: Page) -> None:
    open_page(production_page, LOGIN)
    for _ in range(5):
        submit_log_in(production_page, "nobody-here", "wrong")
    assert "15 minutes" in production_page.get_by_role("main").inner_text()
    assert axe_faults(production_page) == []


def test_what_a_form_says_whose_token_is_gone(production_page: Page) -> None:
    open_page(production_page, LOGIN)
    production_page.context.clear_cookies()
    with production_page.expect_navigation() as sent:
        submit_log_in(production_page, "reader")
    answer = sent.value
    assert answer is not None
    assert answer.status == 403
    assert axe_faults(production_page) == []
