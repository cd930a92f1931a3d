"""What all tests share: a browser (missing: a failure in CI, a skip that says so elsewhere) and running servers.

Nothing of lsviz is imported here: pytest reads this file before jaxtyping's hook is in place, and what is imported by then goes
unchecked.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from remembered import remembered  # noqa: F401  a fixture

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
# A fresh browser asks its maker for updates and news; these keep it silent, so that a request that leaves the machine is ours.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
)


@pytest.fixture(autouse=True)
def _widgets_go_with_their_test() -> Iterator[None]:
    """ipywidgets keeps every widget for good, and with it an app and its pictures: gigabytes, through which Python's collector went
    again and again, seconds each time."""
    yield
    if widgets := sys.modules.get("ipywidgets.widgets.widget"):
        widgets.Widget.close_all()


def find_browser() -> str | None:
    """The path of a Chromium-like browser: $CHROMIUM, one on the path, or in the usual places."""
    named = os.environ.get("CHROMIUM")
    found = (named, *map(shutil.which, BROWSERS), *filter(os.path.exists, ELSEWHERE))
    return next(filter(None, found), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser. Without one: CI fails, a user's machine skips and says what to do."""
    path = find_browser()
    if path is not None:
        return path
    words = "no Chromium or Chrome found: install one (Debian: apt-get install chromium) or set CHROMIUM to its path"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """One headless browser for all tests (playwright's); a test opens its own context in it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        yield launched
        launched.close()


def _served(command: str, folder: Path) -> Iterator[Any]:
    from browser import served

    with served(command, folder) as server:
        yield server


@pytest.fixture(scope="session")
def voila() -> Iterator[Any]:
    """Voilà on the pages made for tests, one server for all tests of a process."""
    yield from _served("app", ROOT / "tests" / "fixtures")


@pytest.fixture(scope="session")
def lab() -> Iterator[Any]:
    """JupyterLab on the same."""
    yield from _served("lab", ROOT / "tests" / "fixtures")


@pytest.fixture(scope="session")
def lessons() -> Iterator[Any]:
    """Voilà on the lessons."""
    yield from _served("app", ROOT / "notebooks")


@pytest.fixture(scope="session")
def lessons_in_lab() -> Iterator[Any]:
    """JupyterLab on the lessons."""
    yield from _served("lab", ROOT / "notebooks")
