"""The screenshots of the example site in the README.

``python -m support.screenshots``, in the folder ``tests``, takes them. A browser test takes them too, and checks them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from support import browsing
from support import example_site as site
from support import system_programs as programs

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = site.EXAMPLE / "screenshots"
SIZE = {"width": 1160, "height": 900}


def _front_page(page: Page) -> None:
    page.goto("/")


def _denied_page(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Sign in as Robin Reader").click()
    page.goto("/articles/new/")
    page.locator(f"{browsing.STRIP} summary").click()


#: the file, the colours, and how to get to the page
PICTURES: dict[str, tuple[browsing.Scheme, Callable[[Page], None]]] = {
    "front-page.png": ("light", _front_page),
    "denied-page.png": ("dark", _denied_page),
}


def take(browser: Browser, url: str, folder: Path) -> None:
    """Write all pictures to ``folder``."""
    for name, (scheme, visit) in PICTURES.items():
        with browsing.window(browser, url, scheme) as context:
            page = context.new_page()
            page.set_viewport_size(SIZE)
            visit(page)
            page.screenshot(path=folder / name)


def main() -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        env = site.settings(site.sqlite(Path(folder)))
        site.fill(env)
        with site.gunicorn({**env, "DJANGO_DEBUG": "1"}, workers=1) as running:
            browser = playwright.chromium.launch(executable_path=programs.chromium(), args=browsing.FLAGS)
            take(browser, running.url, FOLDER)
            browser.close()


if __name__ == "__main__":
    main()
