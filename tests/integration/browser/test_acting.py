"""An admin acts as somebody else in a browser, and a page sends GraphQL queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.browsing import STRIP, axe_faults, enter, open_page, too_wide_for_a_phone

if TYPE_CHECKING:
    from playwright.sync_api import Page

BANNER = "aside[aria-label='Acting']"


def session_key(page: Page) -> str:
    (found,) = (one for one in page.context.cookies() if one["name"] == "sessionid")
    return str(found["value"])


def test_an_admin_acts_as_a_reader_and_stops(page: Page) -> None:
    enter(page, "admin")
    open_page(page, "/admin-area/")
    first = session_key(page)
    page.get_by_role("button", name="Act as Robin Reader").click()
    page.wait_for_url("**/dashboard/")
    acting = session_key(page)
    for path, scheme in (("/", "light"), ("/account/session/", "dark"), ("/upgrade/", "light")):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        open_page(page, path)
        assert "You act as Robin Reader." in page.locator(BANNER).inner_text()
        assert axe_faults(page) == []
        assert not too_wide_for_a_phone(page)

    with page.expect_navigation() as denied:
        page.get_by_role("button", name="Take the premium plan").click()
    assert denied.value is not None
    assert denied.value.status == 403
    page.locator(STRIP).locator("summary").click()
    strip = page.locator(STRIP).inner_text()
    assert "You: acting as Robin Reader" in strip
    assert "Denied by the rule change-plan: impersonation is not allowed here." in strip
    assert "ACTIVE & IN_PERSON" in strip

    page.locator(BANNER).get_by_role("button", name="Stop acting").click()
    page.wait_for_url("**/admin-area/")
    assert page.locator(BANNER).count() == 0
    assert len({first, acting, session_key(page)}) == 3
    page.context.add_cookies([{"name": "sessionid", "value": acting, "domain": "127.0.0.1", "path": "/"}])
    open_page(page, "/account/session/")
    assert page.url.endswith("/account/login/?next=/account/session/")


def test_the_desk_has_the_banner_and_the_tour_ends_acting(page: Page) -> None:
    enter(page, "admin")
    open_page(page, "/admin-area/")
    page.get_by_role("button", name="Act as Edda Editor").click()
    page.wait_for_url("**/dashboard/")
    open_page(page, "/desk/")
    page.locator(BANNER).get_by_role("button", name="Stop acting").wait_for()
    open_page(page, "/articles/")
    page.locator(STRIP).locator("summary").click()
    page.locator(STRIP).get_by_role("button", name="Try it as Edda Editor").click()
    page.get_by_text("You: Edda Editor").wait_for()
    assert page.locator(BANNER).count() == 0


def test_a_query_without_and_with_a_session(page: Page) -> None:
    open_page(page, "/graphql/try/")
    answer = page.locator("#answer")
    page.get_by_role("button", name="Authors").click()
    answer.get_by_text("UNAUTHENTICATED").wait_for()
    enter(page, "reader")
    open_page(page, "/graphql/try/")
    page.get_by_role("button", name="Authors").click()
    answer.get_by_text("FORBIDDEN").wait_for()
    page.get_by_label("GraphQL").fill("{ articles { title body } }")
    page.get_by_role("button", name="Send").click()
    answer.get_by_text("card catalogue").wait_for()
    assert "errors" not in answer.inner_text()
    assert axe_faults(page) == []
