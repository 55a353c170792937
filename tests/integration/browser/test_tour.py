"""The tour of the example site, only with DEBUG: sign in as anybody, see what guards each page, light or dark."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import httpx
import pytest
from support.browsing import STRIP, axe_faults, enter, open_page, too_wide_for_a_phone, window
from support.visitors import API, NAMES, send, signed_in, visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from support.browsing import Scheme

SIGN_IN = "/tour/sign-in/"
LANDING = dict.fromkeys(NAMES, "/dashboard/") | {"suspended": "/suspended/"}


@pytest.mark.parametrize("name", NAMES)
def test_a_button_on_the_front_page_signs_in(page: Page, name: str) -> None:
    open_page(page, "/")
    page.get_by_role("button", name=f"Sign in as {NAMES[name]}").click()
    page.wait_for_url(f"**{LANDING[name]}")
    assert f"You: {NAMES[name]}" in page.locator(STRIP).inner_text()
    open_page(page, "/")
    assert page.get_by_text("This is you now").count() == 1


def test_a_suspended_person_lands_on_a_page_that_says_so(page: Page) -> None:
    enter(page, "suspended")
    assert page.get_by_role("heading", level=1).inner_text() == "Your account is suspended"
    open_page(page, "/articles/")
    assert page.url.endswith("/suspended/")
    assert axe_faults(page) == []


def test_the_strip_of_a_denied_page_opens_it_as_somebody_else(page: Page) -> None:
    enter(page, "reader")
    assert open_page(page, "/articles/new/").status == 403
    strip = page.locator(STRIP)
    assert strip.locator("pre").first.is_hidden()
    strip.locator("summary").click()
    assert 'needs the permission "articles:write"' in strip.inner_text()
    assert '"name": "newsroom"' in strip.inner_text()
    assert 'required_permissions = ("articles:write",)' in strip.inner_text()
    with page.expect_navigation() as opened:
        strip.get_by_role("button", name="Try it as Edda Editor").click()
    assert opened.value is not None
    assert (opened.value.status, page.url.endswith("/articles/new/")) == (200, True)


def test_the_strip_tells_what_code_inside_the_view_denied(page: Page) -> None:
    enter(page, "editor")
    open_page(page, "/articles/")
    page.get_by_role("link", name="Ferry to run on time").click()
    assert open_page(page, f"{page.url}edit/").status == 403
    page.locator(STRIP).locator("summary").click()
    assert (
        "Denied by code inside the view: needs approval by is_author for the object" in page.locator(STRIP).inner_text()
    )


# What each page must name: the rule, the setting or the decorator.
GUARDS = {
    "/": "SESSIONKIT_EXCLUDE",
    "/about/": "@public",
    "/account/login/": "Login page",
    "/account/session/": "SESSIONKIT_GLOBAL_PROTECT",
    "/admin-area/": "admin-area",
    "/premium/": "premium",
    "/live/": "Permission('articles:read')",
    "/suspended/": "Role('suspended')",
}


@pytest.mark.parametrize("path", GUARDS)
def test_the_strip_names_the_guard(url: str, path: str) -> None:
    names = {"/suspended/": "suspended", "/premium/": "editor", "/about/": ""}
    with signed_in(url, names.get(path, "admin")) as client:
        text = client.get(path).text
    strip = re.search(r'<aside class="guards".*?</aside>', text, re.DOTALL)
    assert strip is not None
    assert GUARDS[path] in strip.group().replace("&#x27;", "'")


_CELLS = re.compile(
    r'<th scope="row"><a href="([^"]+)">|<span class="who">([^<]+)</span> <span class="word">([^<]+)</span>'
)


def promised(url: str) -> list[tuple[str, str, str]]:
    """All cells of the map on the front page: the path, the visitor, and what happens."""
    with visitor(url) as client:
        found = _CELLS.findall(client.get("/").text)
    cells, path = [], ""
    for link, who, word in found:
        path = link or path
        cells += [(path, who, word)] if who else []
    return cells


def happens(client: httpx.Client, path: str) -> str:
    answer = client.get(path, headers=API if path.startswith("/api/") else None)
    if answer.status_code != 302:
        return "opens" if answer.status_code == 200 else str(answer.status_code)
    target = answer.headers["Location"]
    return "log in first" if target.startswith("/account/login/") else f"sent to {target}"


def test_the_map_tells_the_truth(url: str) -> None:
    names = {full: name for name, full in NAMES.items()} | {"Not signed in": ""}
    cells = promised(url)
    assert len(cells) >= 50
    with contextlib.ExitStack() as stack:
        clients = {who: stack.enter_context(signed_in(url, name)) for who, name in names.items()}
        wrong = [cell for cell in cells if happens(clients[cell[1]], cell[0]) != cell[2]]
    assert wrong == []


def test_signing_in_needs_a_token_and_a_person_of_the_demo(url: str) -> None:
    with visitor(url) as client:
        assert client.post(SIGN_IN, data={"person": "admin"}).status_code == 403
        assert client.get(SIGN_IN).status_code == 405
        assert send(client, "/", {"person": "root"}, to=SIGN_IN).status_code == 400
        assert "sessionid" not in client.cookies


@pytest.mark.parametrize("target", ["https://example.org/", "//example.org/", "javascript:alert(1)", ""])
def test_signing_in_leads_to_no_other_site(url: str, target: str) -> None:
    with visitor(url) as client:
        answer = send(client, "/", {"person": "reader", "next": target}, to=SIGN_IN)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/dashboard/")


def test_production_has_no_tour(production_url: str) -> None:
    with signed_in(production_url, "editor") as client:
        pages = [client.get(path).text for path in ("/", "/about/", "/articles/", "/admin-area/")]
        assert send(client, "/account/session/", {"person": "admin"}, to=SIGN_IN).status_code == 404
    assert not any("What guards this page" in text or "Sign in as" in text or SIGN_IN in text for text in pages)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/articles/new/", "/admin-area/policy/", "/account/session/", "/suspended/"])
def test_pages_follow_the_colour_scheme_and_stay_readable(
    browser: Browser, url: str, path: str, scheme: Scheme
) -> None:
    with window(browser, url, scheme) as context:
        page = context.new_page()
        open_page(page, "/")
        name = NAMES["suspended" if path == "/suspended/" else "admin"]
        page.get_by_role("button", name=f"Sign in as {name}").click()
        open_page(page, path)
        page.locator(STRIP).locator("summary").click()
        background = page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor")
        lightest = max(map(int, re.findall(r"\d+", background)[:3]))
        assert (lightest < 64) == (scheme == "dark")
        assert axe_faults(page) == []
        assert not too_wide_for_a_phone(page)


def test_the_policy_shows_all_columns_on_a_desk_and_all_callers_on_a_phone(page: Page) -> None:
    enter(page, "admin")
    open_page(page, "/admin-area/policy/")
    page.set_viewport_size({"width": 1280, "height": 800})
    headings = page.locator(".sk-matrix thead th").all()
    assert len(headings) == 11
    for heading in headings:
        box = heading.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 1280
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 375
    row = page.locator(".sk-matrix tbody tr").filter(has_text="/embargo/").first
    assert "reader" in row.inner_text()


@pytest.mark.parametrize("path", ["/", "/articles/new/", "/admin-area/policy/"])
def test_no_width_between_a_phone_and_a_desk_scrolls_sideways(page: Page, path: str) -> None:
    open_page(page, "/")
    page.get_by_role("button", name="Sign in as Ada Admin").click()
    open_page(page, path)
    page.locator(STRIP).locator("summary").click()
    too_wide = []
    for width in range(320, 1300, 20):
        page.set_viewport_size({"width": width, "height": 800})
        too_wide += [width] if page.evaluate("() => document.documentElement.scrollWidth") > width else []
    assert too_wide == []
