"""A visit to the example site with a browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.browsing import STRIP, axe_faults, enter, open_page, submit_log_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "input[type=password]"


def path(page: Page) -> str:
    return re.sub(r"^https?://[^/]+", "", page.url)


def test_log_in_leads_back_to_the_page_that_was_asked_for(page: Page) -> None:
    page.goto("/articles/")
    assert path(page) == "/account/login/?next=/articles/"
    submit_log_in(page, "reader")
    page.wait_for_url("**/articles/")
    assert page.get_by_role("heading", level=1).is_visible()


def test_a_wrong_password_stays_outside(page: Page) -> None:
    page.goto("/account/login/")
    submit_log_in(page, "reader", "not this one")
    page.get_by_role("alert").wait_for()
    page.goto("/dashboard/")
    assert path(page) == "/account/login/?next=/dashboard/"


def test_a_denial_says_what_is_missing_and_shows_no_form(page: Page) -> None:
    enter(page, "reader")
    assert open_page(page, "/admin-area/").status == 403
    assert path(page) == "/admin-area/"
    text = page.get_by_role("main").inner_text()
    assert 'needs the role "admin"' in text
    assert "the URL rule admin-area for /admin-area/**" in text
    assert "from the path alone" in text
    assert "beta-tester" in text
    assert "articles:read" in text
    assert page.locator(PASSWORD).count() == 0


@pytest.mark.parametrize(("name", "shown"), [("reader", False), ("editor", False), ("admin", True)])
def test_the_menu_offers_only_what_opens(page: Page, name: str, shown: bool) -> None:
    enter(page, name)
    menu = page.get_by_role("navigation", name="Main")
    assert (menu.get_by_role("link", name="Admin area").count() == 1) is shown
    for link in [a.get_attribute("href") for a in menu.get_by_role("link").all()]:
        assert open_page(page, str(link)).status == 200, link


def test_logging_out_closes_what_was_open(page: Page) -> None:
    enter(page, "reader")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(re.compile(r"//[^/]+/$"))
    page.goto("/dashboard/")
    assert path(page) == "/account/login/?next=/dashboard/"
    page.go_back()
    page.reload()
    assert page.get_by_text("Welcome back").count() == 0
    assert "You: Not signed in" in page.locator(STRIP).inner_text()


def test_a_fragment_is_filled_in_while_the_session_lives(page: Page) -> None:
    enter(page, "reader")
    page.get_by_role("button", name="Refresh headlines").click()
    page.locator("#latest li a").first.wait_for()
    assert path(page) == "/dashboard/"


def test_a_session_that_ends_inside_a_fragment_leads_to_log_in_and_back(page: Page) -> None:
    enter(page, "reader")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Refresh headlines").click()
    page.wait_for_url("**/account/login/?next=/dashboard/")
    assert page.locator("#latest").count() == 0
    submit_log_in(page, "reader")
    page.wait_for_url("**/dashboard/")


def test_a_live_page_survives_a_new_key_and_says_when_it_is_over(page: Page) -> None:
    enter(page, "reader")
    live = page.context.new_page()
    open_page(live, "/live/")
    live.get_by_text("On air").wait_for()
    open_page(page, "/account/session/")
    with live.expect_request("**/live/events/"):  # the stream of the old key has ended, and the page has come back
        page.get_by_role("button", name="Renew session key").click()
    assert live.get_by_text("On air").is_visible()
    page.get_by_role("button", name="Log out").click()
    live.get_by_role("alert").get_by_text("You have been signed out").wait_for()
    assert live.locator("#live").count() == 0
    assert axe_faults(live) == []


def test_a_new_key_keeps_the_person_and_kills_the_old_key(page: Page) -> None:
    enter(page, "reader")
    page.goto("/account/session/")
    (old,) = (c for c in page.context.cookies() if c["name"] == "sessionid")
    page.get_by_role("button", name="Renew session key").click()
    page.get_by_text("The old key no longer works").wait_for()
    (new,) = (c for c in page.context.cookies() if c["name"] == "sessionid")
    assert new["value"] != old["value"]
    assert new["httpOnly"] is True
    assert new["sameSite"] == "Lax"
