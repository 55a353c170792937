"""A visit to a project with allauth, the Django admin, Django REST framework and Django Ninja."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import httpx
import pytest
from support import browsing
from support.example_site import TESTS
from support.server_processes import free_port, running

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

if any(find_spec(name) is None for name in ("allauth", "ninja", "rest_framework")):
    pytest.skip("needs django-allauth, django-ninja and djangorestframework", allow_module_level=True)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    env = {
        "DJANGO_SETTINGS_MODULE": "mixed_site.settings",
        "PYTHONPATH": str(TESTS),
        "SITE_DATABASE": str(tmp_path_factory.mktemp("mixed") / "site.sqlite3"),
        "SITE_PASSWORD": PASSWORD,
    }
    options = ("--worker-class=gthread", "--threads=4", "--timeout=60", "--keep-alive=60")
    command = [sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{port}", *options, "mixed_site.wsgi"]

    def answers() -> bool:
        try:
            return httpx.get(f"{address}/accounts/login/", timeout=5, trust_env=False).is_success
        except httpx.TransportError:
            return False

    with running("the mixed site", command, ready=answers, env=env):
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
