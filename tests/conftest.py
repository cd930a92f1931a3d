"""What all tests share: a browser (missing: a failure in CI, a skip that says so elsewhere) and running servers.

Nothing of lsviz is imported here: pytest reads this file before jaxtyping's hook is in place, and what is imported by then goes
unchecked.
"""

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def serving(command: str, port: int, *options: str) -> Iterator[str]:
    """`python -m lsviz app|lab` on a free port near `port`, stopped at the end. Yields its address as it printed it."""
    log = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-m", "lsviz", command, "--no-browser", "--port", str(port), *options],
        cwd=ROOT,
        stdout=log,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield _address(process)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()  # type: ignore[union-attr]


def _address(process: subprocess.Popen[str], patience: float = 60) -> str:
    """The first line that names an address, once the server answers there."""
    lines, start = [], time.monotonic()
    for line in process.stdout or ():
        lines.append(line)
        if (at := line.find("http://")) >= 0:
            url = line[at:].split()[0]
            while time.monotonic() - start < patience:
                try:
                    urllib.request.urlopen(url, timeout=5).close()
                    return url
                except urllib.error.HTTPError:
                    return url
                except OSError:
                    time.sleep(0.1)
            break
    raise AssertionError("the server did not start:\n" + "".join(lines))


@pytest.fixture(scope="session")
def gallery() -> Iterator[str]:
    """The address of Voilà serving all lessons."""
    with serving("app", 18866) as url:
        yield url


@pytest.fixture(scope="session")
def laboratory() -> Iterator[str]:
    """The address of JupyterLab with all lessons, token included."""
    with serving("lab", 18888) as url:
        yield url
