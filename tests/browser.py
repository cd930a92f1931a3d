"""Drive a page with sliders as a hand would, and measure it: `python tests/browser.py URL [--slider K] [--lab] [--seconds 3]`.

Everything that the page shows is logged at the moment it changes: time, picture (by its bytes), text alternative, status line.
Prints URL -> first picture, key -> picture, pictures and *distinct* pictures a second in a drag, release -> last picture, how often picture
and status line disagreed, requests that left the machine, errors on the page. Times depend on what else the machine does.
"""

import argparse
import json
import math
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

HERE = {"127.0.0.1", "localhost", "::1"}
HANDLE, PICTURE, STATUS = ".noUi-handle", ".lsviz-image", ".lsviz-status"

# Logs each change of a picture in the slider's app, with what was said beside it at that moment; the bytes are hashed afterwards.
WATCH = """(handle) => {
  window.__app = handle.closest('.lsviz-app') ?? document.body;
  if (window.__log) return;
  window.__log = [];
  const digest = async (entry, url) => {
    try {
      const bytes = await (await fetch(url)).arrayBuffer();
      let h = 2166136261; for (const b of new Uint8Array(bytes)) h = Math.imul(h ^ b, 16777619);
      entry.hash = String(h >>> 0);
    } catch { entry.hash = null; }
  };
  new MutationObserver((changes) => {
    for (const image of new Set(changes.map((c) => c.target))) {
      if (!image.matches?.('.lsviz-image') || !window.__app.contains(image)) continue;
      const status = image.closest('.lsviz-picture').querySelector('.lsviz-status').textContent;
      const entry = {at: performance.now(), alt: image.alt, status, hash: undefined};
      window.__log.push(entry);
      digest(entry, image.src);
    }
  }).observe(document.body, {subtree: true, attributes: true, attributeFilter: ['src']});
}"""


@dataclass
class Server:
    """A server of ours and the address it printed."""

    address: str
    process: subprocess.Popen

    def kernels(self) -> list[Any]:
        """The kernel processes that belong to it."""
        import psutil

        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if "ipykernel" in " ".join(child.cmdline()):
                    found.append(child)
            except psutil.NoSuchProcess:
                pass
        return found


def free_port() -> int:
    """A port that nobody has. Who takes it in the next moment is no harm: a server then goes to the next one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(command: str, folder: Path) -> Iterator[Server]:
    """Voilà ("app") or JupyterLab ("lab") on a copy of `folder`, on a free port, with settings of its own, stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="lsviz-test-") as place:
        work = Path(place, "notebooks")
        shutil.copytree(folder, work, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        names = ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
        private = {name: str(Path(place, name)) for name in names}
        code = f"""
import pathlib
from lsviz import server
server.notebooks = lambda: pathlib.Path({str(work)!r})
server.{command}({free_port()}, "localhost", False)"""
        with open(Path(place, "log"), "w+") as log:
            process = subprocess.Popen([sys.executable, "-c", code], stdout=log, stderr=subprocess.STDOUT, cwd=Path(__file__).parent.parent,
                                       env={**os.environ, **private})  # fmt: skip
            try:
                yield Server(_address(Path(place, "log"), process), process)
            finally:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _address(log: Path, process: subprocess.Popen, patience: float = 60) -> str:
    """The first address in the log that a browser can open."""
    start = time.monotonic()
    while process.poll() is None and time.monotonic() - start < patience:
        found = re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/\S*", log.read_text())
        if found:
            return found.group()
        time.sleep(0.1)
    raise AssertionError("the server did not start:\n" + log.read_text())


@dataclass
class Visit:
    """What a page did while it was open."""

    page: Any
    left: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    first_picture: float = math.nan

    def status(self, picture: int = 0) -> str:
        """The status line."""
        return self.page.locator(STATUS).nth(picture).inner_text()

    def alt(self, picture: int = 0) -> str:
        """The text alternative."""
        return self.page.locator(PICTURE).nth(picture).get_attribute("alt")

    def wait_status(self, condition: str, picture: int = 0, timeout: float = 20) -> str:
        """Wait until the status line contains `condition`."""
        self.page.wait_for_function(
            "([k, words]) => document.querySelectorAll('.lsviz-status')[k]?.textContent.includes(words)",
            arg=[picture, condition], timeout=1000 * timeout,
        )  # fmt: skip
        return self.status(picture)


def leaves(address: str) -> bool:
    """Whether a request goes to another machine."""
    parts = urlparse(address)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in HERE


@contextmanager
def visit(
    browser: Any,
    url: str,
    *,
    lab: bool = False,
    size: tuple[int, ...] = (1280, 900),
    dark: bool = False,
    patience: float = 90,
    ready: str = f"{PICTURE}:not([hidden])",
    **context: Any,
) -> Iterator[Visit]:
    """Open a page (in JupyterLab: run all its cells), with everything that would leave the machine noted and stopped."""
    opened = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light", **context
    )
    seen = Visit(opened.new_page())

    def stop(route: Any) -> None:
        seen.left.append(route.request.url)
        route.abort()

    opened.route(leaves, stop)
    seen.page.on("pageerror", lambda error: seen.errors.append(str(error)[:300]))
    seen.page.on("console", lambda m: seen.errors.append(m.text[:300]) if m.type == "error" else None)
    try:
        start = time.monotonic()
        seen.page.goto(url, wait_until="domcontentloaded", timeout=1000 * patience)
        if lab:
            run_all(seen.page, ready, patience)
        try:
            seen.page.wait_for_selector(ready, timeout=1000 * patience)
        except Exception:
            raise AssertionError(f"{ready} never came; {said(seen.page)}; {seen.errors[:4]}") from None
        seen.first_picture = time.monotonic() - start
        yield seen
    finally:
        opened.close()


def run_all(page: Any, ready: str, patience: float = 90) -> None:
    """Run all cells of the notebook that is open in JupyterLab, once its kernel is there, until `ready` is seen."""
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=1000 * patience)
    page.wait_for_selector(
        ".jp-Notebook-ExecutionIndicator[data-status=idle]", state="attached", timeout=1000 * patience
    )
    for _ in range(
        4
    ):  # a menu that opens while JupyterLab still arranges itself closes again, and cells may wait in vain
        try:
            page.click(".lm-MenuBar-itemLabel:text-is('Run')", timeout=5000)
            page.click(".lm-Menu-itemLabel:text-is('Run All Cells')", timeout=5000)
            page.wait_for_selector(ready, timeout=250 * patience)
            return
        except Exception:
            page.keyboard.press("Escape")
    raise AssertionError(f"JupyterLab did not run the cells; {said(page)}")


def said(page: Any) -> str:
    """The errors of cells on a page, or its last words."""
    found = page.locator("[data-mime-type='application/vnd.jupyter.stderr'], [data-mime-type='application/vnd.jupyter.error']")
    errors = found.all_inner_texts()
    return "cells say: " + " | ".join(text[-400:] for text in errors[:2]) if errors else "page says: " + page.inner_text("body")[-300:]


@dataclass
class Measures:
    """How a slider feels. Times in seconds or milliseconds as named; `pictures` and `distinct` per second of the drag."""

    first_picture_s: float
    key_ms: float
    worst_ms: float
    pictures: float
    distinct: float
    release_ms: float
    disagreed: int
    left: int
    errors: list[str]


def log(page: Any, clear: bool = False) -> list[dict[str, Any]]:
    """What was shown since the last clearing, hashes included."""
    page.wait_for_function("() => window.__log.every((entry) => entry.hash !== undefined)", timeout=20000)
    return page.evaluate("(clear) => clear ? window.__log.splice(0) : window.__log", clear)


def press(page: Any, handle: Any, key: str, patience: float = 5) -> float:
    """Milliseconds from a key press to the next picture (`patience` when none came)."""
    log(page, clear=True)
    start = page.evaluate("() => performance.now()")
    handle.press(key)
    try:
        page.wait_for_function("() => window.__log.length > 0", timeout=1000 * patience, polling=5)
    except Exception:
        return 1000 * patience
    return page.evaluate("() => window.__log[0].at") - start


def drag(page: Any, handle: Any, seconds: float = 3) -> tuple[list[dict[str, Any]], list[dict[str, Any]], float]:
    """Swing a slider for `seconds`; what was shown meanwhile, what was shown after the release, and the moment of release."""
    box = handle.bounding_box()
    left, right = handle.evaluate(
        "(e) => { const r = e.closest('.noUi-target').getBoundingClientRect(); return [r.left, r.right]; }"
    )
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    log(page, clear=True)
    steps, start = int(60 * seconds), time.monotonic()
    for i in range(steps):
        page.mouse.move(left + (right - left) * (0.5 + 0.45 * math.sin(3 * math.pi * i / steps)), y)
        time.sleep(max(0.0, start + (i + 1) / 60 - time.monotonic()))
    during = log(page, clear=True)
    released = page.evaluate("() => performance.now()")
    page.mouse.up()
    time.sleep(2.5)
    return during, log(page, clear=True), released


def measure(seen: Visit, slider: int = 0, seconds: float = 3, presses: int = 16) -> Measures:
    """Press the slider `presses` times, half of them back, and drag it."""
    page = seen.page
    handle = page.locator(HANDLE).nth(slider)
    handle.evaluate(WATCH)
    handle.scroll_into_view_if_needed()
    time.sleep(2)
    handle.focus()
    times = []
    for i in range(presses):
        times.append(press(page, handle, "ArrowRight" if i < presses / 2 else "ArrowLeft"))
        time.sleep(0.5)
    during, after, released = drag(page, handle, seconds)
    shown = during + after
    return Measures(
        first_picture_s=round(seen.first_picture, 2),
        key_ms=round(statistics.median(times)),
        worst_ms=round(max(times)),
        pictures=round(len(during) / seconds, 1),
        distinct=round(len({entry["hash"] for entry in during}) / seconds, 1),
        release_ms=round(max([entry["at"] - released for entry in after], default=0)),
        disagreed=sum(entry["alt"] != entry["status"] for entry in shown),
        left=len(seen.left),
        errors=seen.errors[:4],
    )


def main() -> None:
    """Measure one page from the shell."""
    from playwright.sync_api import sync_playwright

    from conftest import QUIET, find_browser

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--slider", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--lab", action="store_true")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--size", default="1280x900")
    parser.add_argument("--shot")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(QUIET))
        size = tuple(map(int, options.size.split("x")))
        with visit(browser, options.url, lab=options.lab, dark=options.dark, size=size) as seen:
            print(json.dumps(asdict(measure(seen, options.slider, options.seconds)), ensure_ascii=False))
            if options.shot:
                seen.page.screenshot(path=options.shot, full_page=True)


if __name__ == "__main__":
    main()
