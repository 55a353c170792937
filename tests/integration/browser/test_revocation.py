"""Two servers, one Redis, two users: a change by an admin on one server affects a user on the other server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import pytest
from support import example_site as site
from support import stores
from support.browsing import axe_faults, enter, open_page, too_wide_for_a_phone, window

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WRITE = "/articles/new/"


class Desks(NamedTuple):
    """An admin on one server, and a colleague with two tabs of one browser on the other."""

    admin: Page
    colleague: Page
    live: Page


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with stores.redis() as redis:
        env = site.settings(site.sqlite(tmp_path_factory.mktemp("nodes")), REDIS_URL=redis.url)
        site.fill(env)
        with site.gunicorn(env, workers=1) as one, site.gunicorn(env, workers=1) as other:
            yield one.url, other.url


@pytest.fixture
def desks(browser: Browser, nodes: tuple[str, str], name: str) -> Iterator[Desks]:
    with window(browser, nodes[0]) as here, window(browser, nodes[1]) as there:
        admin, colleague, live = here.new_page(), there.new_page(), there.new_page()
        enter(admin, "admin")
        open_page(admin, "/admin-area/")
        enter(colleague, name)
        open_page(live, "/live/")
        live.get_by_text("On air").wait_for()
        yield Desks(admin, colleague, live)


@pytest.mark.parametrize("name", ["editor"])
def test_demote_now_denies_the_next_click_and_leaves_the_person_signed_in(desks: Desks) -> None:
    open_page(desks.colleague, "/articles/")
    write = desks.colleague.get_by_role("button", name="Write an article")
    desks.live.get_by_text("Drafts that wait").wait_for()
    desks.admin.get_by_role("button", name=re.compile("Demote now.*Edda Editor")).click()
    desks.admin.get_by_role("status").get_by_text("Edda Editor is demoted: Reader.").wait_for()

    with desks.colleague.expect_navigation() as clicked:
        write.click()
    assert clicked.value is not None
    assert clicked.value.status == 403
    assert "You may not open this page" in desks.colleague.get_by_role("main").inner_text()
    desks.live.get_by_text("Drafts that wait").wait_for(state="hidden")
    assert desks.live.get_by_text("On air").is_visible()
    assert open_page(desks.colleague, "/articles/").status == 200


@pytest.mark.parametrize("name", ["reader"])
def test_sign_out_everywhere_ends_the_live_page_and_leads_the_next_click_to_log_in(desks: Desks) -> None:
    desks.admin.get_by_role("button", name=re.compile("Sign out everywhere.*Robin Reader")).click()
    desks.admin.get_by_role("status").get_by_text("Robin Reader is signed out everywhere.").wait_for()

    desks.live.get_by_role("alert").get_by_text("You have been signed out").wait_for()
    assert axe_faults(desks.live) == []
    assert not too_wide_for_a_phone(desks.live)
    desks.colleague.get_by_role("navigation", name="Main").get_by_role("link", name="Articles").click()
    desks.colleague.wait_for_url("**/account/login/?next=/articles/")


@pytest.mark.parametrize("name", ["reader"])
def test_a_person_signs_himself_out_everywhere(desks: Desks) -> None:
    open_page(desks.colleague, "/account/session/")
    desks.colleague.get_by_role("button", name="Sign out everywhere").click()
    desks.colleague.get_by_role("status").get_by_text("You are signed out everywhere.").wait_for()
    desks.live.get_by_role("alert").get_by_text("You have been signed out").wait_for()
    open_page(desks.colleague, "/articles/")
    assert desks.colleague.url.endswith("/account/login/?next=/articles/")
    assert open_page(desks.admin, "/admin-area/").status == 200  # no one else
