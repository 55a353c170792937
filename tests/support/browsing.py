"""Helpers for browser tests.

Only a fixture imports Playwright, so that tests are skipped, and do not fail, if it is not installed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from support.visitors import LOGIN, password

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Response

AXE = Path(__file__).parents[1] / "integration" / "browser" / "vendor" / "axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STRIP = "aside[aria-label='What guards this page']"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}

Scheme = Literal["light", "dark"]

# A script that the browser's debugger runs is exempt from the CSP.
_FAULTS = f"""async () => {{
    if (!window.axe) {{ {AXE.read_text()} }}
    const {{violations}} = await axe.run({{resultTypes: ["violations"]}});
    return violations.flatMap(v => v.nodes.map(n => `${{v.id}}: ${{n.target.join(" ")}} (${{v.help}})`));
}}"""
_TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
# The map of the tour also links to pages that a visitor may not open.
_LINKS = """() => [...document.querySelectorAll("a[href]")]
    .filter(a => a.origin === location.origin && !a.hasAttribute("download") && !a.closest(".tour, .experiments"))
    .map(a => a.pathname)"""


def window(browser: Browser, url: str, scheme: Scheme = "light") -> BrowserContext:
    """Open a new browser profile."""
    context = browser.new_context(base_url=url, color_scheme=scheme)
    context.set_default_timeout(30_000)
    return context


def open_page(page: Page, path: str) -> Response:
    answer = page.goto(path)
    assert answer is not None, path
    return answer


def submit_log_in(page: Page, name: str, secret: str = "") -> None:
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(secret or password(name))
    page.get_by_role("main").get_by_role("button", name="Log in").click()


def enter(page: Page, name: str) -> None:
    open_page(page, LOGIN)
    submit_log_in(page, name)
    page.wait_for_url(lambda address: LOGIN not in address)


def axe_faults(page: Page) -> list[str]:
    page.set_viewport_size(DESK)
    return [str(fault) for fault in page.evaluate(_FAULTS)]


def too_wide_for_a_phone(page: Page) -> bool:
    page.set_viewport_size(PHONE)
    return bool(page.evaluate(_TOO_WIDE))


def links(page: Page) -> list[str]:
    return [str(link) for link in page.evaluate(_LINKS)]
