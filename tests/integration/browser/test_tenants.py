"""Two organisations of the example site in two browser windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.browsing import enter, open_page, window
from support.visitors import signed_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_two_people_are_admins_of_two_bureaus_and_of_nothing_else(browser: Browser, url: str) -> None:
    """In turns, because what one window does must not change what the other one may do."""
    with window(browser, url) as one, window(browser, url) as other:
        edda, robin = one.new_page(), other.new_page()
        enter(edda, "editor")
        enter(robin, "reader")
        edda.get_by_role("link", name="Bureau north").click()
        edda.get_by_role("link", name="Staff of this bureau").click()
        edda.get_by_role("heading", name="Staff of north").wait_for()
        robin.get_by_role("link", name="Bureau south").click()
        robin.get_by_role("link", name="Staff of this bureau").click()
        robin.get_by_role("heading", name="Staff of south").wait_for()
        for page, bureau in ((edda, "south"), (robin, "north")):
            open_page(page, f"/bureaus/{bureau}/")
            page.get_by_role("heading", name=f"Bureau {bureau}").wait_for()
            assert page.get_by_role("link", name="Staff of this bureau").count() == 0
        for context, bureau, other_bureau in ((one, "north", "south"), (other, "south", "north")):
            assert context.request.get(f"/bureaus/{bureau}/staff/").status == 200
            for closed in (f"/bureaus/{other_bureau}/staff/", "/bureaus/west/", "/admin-area/", "/admin-area/policy/"):
                assert context.request.get(closed).status == 403, closed


def test_the_admin_of_the_site_is_no_member_of_a_bureau(url: str) -> None:
    with signed_in(url, "admin") as client:
        answers = [
            client.get(path).status_code for path in ("/bureaus/north/", "/bureaus/north/staff/", "/admin-area/")
        ]
    assert answers == [403, 403, 200]
