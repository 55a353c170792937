"""The screenshots in the README can be taken again, and are small."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import screenshots

if TYPE_CHECKING:
    from playwright.sync_api import Browser

README = Path(__file__).parents[3] / "README.md"
MOST_BYTES = 180_000


def test_the_script_takes_all_screenshots(browser: Browser, url: str, tmp_path: Path) -> None:
    screenshots.take(browser, url, tmp_path)
    taken = {one.name: one.stat().st_size for one in tmp_path.iterdir()}
    assert set(taken) == set(screenshots.PICTURES)
    assert all(5_000 < size < MOST_BYTES for size in taken.values()), taken


@pytest.mark.parametrize("name", screenshots.PICTURES)
def test_the_readme_shows_small_pictures(name: str) -> None:
    picture = screenshots.FOLDER / name
    assert f"({picture.relative_to(README.parent).as_posix()})" in README.read_text(encoding="utf-8")
    assert picture.read_bytes()[1:4] == b"PNG"
    assert picture.stat().st_size < MOST_BYTES
