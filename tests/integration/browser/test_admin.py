"""The Django admin: for a role of the example site, and on a site whose sessions have no Django user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from support import browsing
from support.browsing import enter, open_page, submit_log_in
from support.small_sites import small_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

LIST = "/desk/articles/article/"


def complaints(page: Page) -> list[str]:
    """Collect the errors of the console from now on, such as violations of the content policy."""
    found: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location["url"].endswith("/favicon.ico"):
            found.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


# The example site: a role of SESSIONKIT_ROLES, and user.has_perm() ---------------------------------------------------


def test_an_editor_works_at_the_desk_without_is_staff(page: Page) -> None:
    open_page(page, LIST)
    assert page.url.endswith(f"/account/login/?next={LIST}")  # the login page of the site, not that of the admin
    submit_log_in(page, "editor")
    page.wait_for_url(f"**{LIST}")
    found = complaints(page)
    assert page.get_by_text("Select article to view").is_visible()
    assert page.get_by_role("link", name="Add article").count() == 0
    page.get_by_role("link", name="Town library lends out its silence").click()
    summary = page.get_by_label("Summary:")
    summary.fill("For one very quiet hour a day.")
    assert page.locator("select[name=section]").count() == 0  # user.has_perm("articles:publish") is False
    assert page.locator("a.deletelink").count() == 0
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("was changed successfully").wait_for()
    page.get_by_role("link", name="Ferry to run on time").click()  # the story of a colleague
    page.get_by_role("heading", name="View article").wait_for()
    assert page.get_by_role("button", name="Save", exact=True).count() == 0
    assert found == []
    open_page(page, "/desk/")
    assert page.locator("#recent-actions-module").get_by_text("Town library").count() >= 1


def test_the_same_pages_let_an_admin_do_more_and_a_reader_nothing(page: Page) -> None:
    enter(page, "admin")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Desk").click()
    page.locator(f"#content a[href='{LIST}']").first.click()
    page.get_by_role("link", name="Town library lends out its silence").click()
    page.locator("select[name=section]").wait_for()  # user.has_perm("articles:publish") is True
    assert page.locator("a.deletelink").count() == 1
    page.context.clear_cookies()
    enter(page, "reader")
    for path in ("/desk/", LIST, f"{LIST}1/change/", "/desk/login/"):
        assert open_page(page, path).status == 403
        assert page.locator("input[type=password]").count() == 0
    assert 'needs the role "editor"' in page.get_by_role("main").inner_text()


# Sessions without a Django user ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def desk_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with small_site("desk_site", tmp_path_factory.mktemp("desk"), "/login/") as address:
        yield address


@pytest.fixture
def visit(browser: Browser, desk_url: str) -> Iterator[Page]:
    with browsing.window(browser, desk_url) as context:
        yield context.new_page()


def test_a_session_without_a_user_opens_the_admin_that_allows_it_and_no_other(visit: Page) -> None:
    open_page(visit, "/desk/")
    assert visit.url.endswith("/login/?next=/desk/")
    visit.get_by_role("button", name="Enter as a clerk").click()
    visit.wait_for_url("**/desk/")
    found = complaints(visit)
    tools = visit.locator("#user-tools")
    assert tools.get_by_text("eve@example.org").count() == 1
    assert tools.get_by_role("link", name="Change password").count() == 0
    assert visit.get_by_role("link", name="Content types").count() == 0
    visit.locator("#content a.addlink").click()
    visit.get_by_label("Name:").fill("night shift")
    visit.get_by_role("button", name="Save and continue editing").click()
    visit.get_by_text("was added successfully").wait_for()
    assert visit.locator("a.deletelink").count() == 0  # not named in the requirements
    visit.get_by_role("link", name="History").click()
    visit.get_by_text("have a change history").wait_for()
    assert found == []
    for path, status in (
        ("/office/", 403),
        ("/office/auth/group/", 403),
        ("/desk/contenttypes/contenttype/", 403),
        ("/desk/auth/group/1/delete/", 403),
        ("/desk/password_change/", 404),
        ("/desk/auth/group/", 200),
    ):
        assert open_page(visit, path).status == status, path
    visit.get_by_role("button", name="Log out").click()
    visit.get_by_text("Thanks for spending some quality time").wait_for()
    open_page(visit, "/desk/")
    assert visit.url.endswith("/login/?next=/desk/")


def test_a_guest_gets_403_and_no_login_page(visit: Page) -> None:
    open_page(visit, "/desk/")
    visit.get_by_role("button", name="Enter as a guest").click()
    visit.wait_for_url("**/desk/")
    assert visit.get_by_role("button", name="Enter as a clerk").count() == 0
    assert open_page(visit, "/desk/").status == 403
    assert open_page(visit, "/desk/login/").status == 403
