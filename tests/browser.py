"""A real browser for tests: Debian's Chromium, driven by Playwright. `python -m tests.browser` says if there is none."""

import shutil
import sys
from collections.abc import Iterator
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MISSING = "Tests of the page in a browser need one: apt-get install chromium"


def path_of_browser() -> str | None:
    """Where it lies, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def open_browser() -> Iterator[Any]:
    """A browser; without one the test is skipped, with the line that installs it."""
    path = path_of_browser()
    if path is None:
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Root, as whom tests in containers run, has no sandbox.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


if __name__ == "__main__":
    sys.exit(None if path_of_browser() else MISSING)
