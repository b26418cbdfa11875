"""A real browser for tests: Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
INSTALL = "apt-get install chromium"


def path_of_browser() -> str:
    """Where it lies; without one the test is skipped, with the line that installs it."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"needs a browser: {INSTALL}")
    return found


def open_browser() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    path = path_of_browser()
    with sync_playwright() as playwright:
        # Root, as whom tests in containers run, has no sandbox.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
