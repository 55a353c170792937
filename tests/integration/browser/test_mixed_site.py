"""A visit to a project with allauth, the Django admin, Django REST framework and Django Ninja."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from support import browsing
from support.small_sites import small_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "a-long-and-new-password"
# Called by a script of the page, as an app in the browser does it.
STATUSES = """async () => {
    const statuses = [];
    for (const path of ["/prices/", "/api/stock/", "/reports/"])
        statuses.push((await fetch(path, {redirect: "manual"})).status);
    return statuses;
}"""

# What a script gets that wants to publish: from HTMX, and as an API.
ASKED = """async () => {
    const told = [];
    for (const headers of [{"HX-Request": "true", "HX-Current-URL": location.href}, {"Accept": "application/json"}]) {
        const answer = await fetch("/articles/publish/", {headers, redirect: "manual"});
        told.push([answer.status, answer.headers.get("HX-Redirect") ?? answer.headers.get("WWW-Authenticate")]);
    }
    return told;
}"""
CONFIRM = "/accounts/2fa/reauthenticate/"

if any(find_spec(name) is None for name in ("allauth", "ninja", "qrcode", "rest_framework")):
    pytest.skip("needs django-allauth[mfa], django-ninja and djangorestframework", allow_module_level=True)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with small_site(
        "mixed_site", tmp_path_factory.mktemp("mixed"), "/accounts/login/", SITE_PASSWORD=PASSWORD
    ) as address:
        yield address


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    with browsing.window(browser, url) as context:
        yield context.new_page()


def log_in(page: Page, name: str) -> None:
    page.locator("#id_login").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign In").click()


def test_a_visitor_signs_up_and_is_let_in_as_far_as_the_rules_allow(page: Page) -> None:
    page.goto("/reports/")
    assert page.url.endswith("/accounts/login/?next=/reports/")
    assert page.evaluate(STATUSES) == [401, 401, 401]
    page.get_by_role("link", name="sign up").first.click()
    page.get_by_label("Username").fill("eve")
    page.get_by_label("Email").fill("eve@example.org")
    page.get_by_label("Password").first.fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Sign Up").click()
    page.wait_for_url(lambda address: "/accounts/" not in address)
    page.goto("/")
    assert page.get_by_role("heading").inner_text() == "Welcome, eve@example.org"
    for path, role in (("/reports/", "editor"), ("/admin/", "staff")):
        assert browsing.open_page(page, path).status == 403
        assert f'needs the role "{role}"' in page.content().replace("&quot;", '"')
    assert page.evaluate(STATUSES) == [403, 403, 403]


def test_a_superuser_opens_the_admin_and_both_apis(page: Page) -> None:
    page.goto("/admin/")
    assert page.url.endswith("/accounts/login/?next=/admin/")
    log_in(page, "root")
    page.wait_for_url("**/admin/")
    assert page.get_by_role("heading", name="Site administration").is_visible()
    page.get_by_role("link", name="Users", exact=True).first.click()
    page.locator("#result_list").get_by_text("root@example.org").wait_for()
    assert page.evaluate(STATUSES) == [200, 200, 403]  # every permission, but not a role that was not given
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign Out").click()
    assert browsing.open_page(page, "/admin/").url.endswith("/accounts/login/?next=/admin/")
    assert page.evaluate(STATUSES) == [401, 401, 401]


def code_of(secret: str) -> str:
    """Return the current one-time code of an authenticator app (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    place = digest[-1] & 15
    return f"{(int.from_bytes(digest[place : place + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def confirm(page: Page, secret: str) -> None:
    """Enter a wrong code, then the right one."""
    page.wait_for_url(f"**{CONFIRM}?next=/articles/")
    for code, is_right in (("12345", False), (code_of(secret), True)):
        page.locator("#id_code").fill(code)
        page.get_by_role("button", name="Confirm").click()
        if not is_right:
            page.locator(".errorlist").wait_for()


def test_who_publishes_confirms_with_a_code_and_comes_back_to_the_form(page: Page) -> None:
    page.goto("/articles/")
    log_in(page, "ada")
    page.get_by_role("heading", name="Articles").wait_for()
    page.goto("/accounts/2fa/totp/activate/")
    page.get_by_label("Password").fill(PASSWORD)  # the prompt of allauth
    page.get_by_role("button", name="Confirm").click()
    secret = page.locator("#authenticator_secret").input_value()
    page.locator("#id_code").fill(code_of(secret))
    page.get_by_role("button", name="Activate").click()
    page.wait_for_url("**/recovery-codes/")
    for is_later in (False, True):  # the factor is missing at first, and later the login is too old
        if is_later:
            page.goto("/grow-old/")
        page.goto("/articles/")
        assert page.evaluate(ASKED) == [
            [401, f"{CONFIRM}?next=/articles/"],
            [401, 'Session realm="site", error="insufficient_user_authentication"' + is_later * ', max_age="600"'],
        ]
        page.get_by_role("button", name="Publish").click()
        confirm(page, secret)
        page.wait_for_url("**/articles/")
        page.get_by_role("button", name="Publish").click()
        page.get_by_role("heading", name="Published").wait_for()
        assert page.url.endswith("/articles/publish/")
    assert page.evaluate("fetch('/articles/publish/').then(answer => answer.status)") == 200


def test_nobody_confirms_a_login_to_be_told_that_a_right_is_missing(page: Page) -> None:
    assert browsing.open_page(page, CONFIRM).url.endswith(f"/accounts/login/?next={CONFIRM}")
    page.goto("/accounts/signup/")
    page.get_by_label("Username").fill("max")
    page.get_by_label("Email").fill("max@example.org")
    page.get_by_label("Password").first.fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Sign Up").click()
    page.wait_for_url(lambda address: "/accounts/" not in address)
    assert browsing.open_page(page, "/articles/publish/").status == 403
