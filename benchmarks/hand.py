"""The slider under the hand, in headless Chromium: lesson 3's eight networks against `interact` with inline pyplot, in turn; then
the density of lesson 2's packing, and the width of the kernel map.

On Voilà and in JupyterLab; the bars are the ones of HOUSE's view. Each page is opened three times and the median counts: a browser
on a shared machine scatters. Needs Chromium.
"""

import statistics
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from timing import report

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))
from browser import HANDLE, Measures, measure, served, visit  # noqa: E402
from test_browser import KERNEL_MAP, LESSONS, ONE_WIDTH, PACKING, notebook, slider_of  # noqa: E402

from conftest import QUIET, find_browser  # noqa: E402

VISITS = 3
IMAGE = ".jp-OutputArea-output img"


def usual_key(page: Any, presses: int = 6) -> float:
    """Median milliseconds from a key press to the next inline picture of `interact`."""
    handle = page.locator(HANDLE).first
    handle.focus()
    times = []
    for _ in range(presses):
        time.sleep(1)
        old, start = page.get_attribute(IMAGE, "src"), page.evaluate("() => performance.now()")
        handle.press("ArrowRight")
        changed = f"(old) => ![null, undefined, old].includes(document.querySelector('{IMAGE}')?.src)"
        page.wait_for_function(changed, arg=old, polling=5)
        times.append(page.evaluate("() => performance.now()") - start)
    return statistics.median(times)


def room(browser: Any, name: str, ours: str, alone: str, usual: str, bars: dict[str, float]) -> list[bool]:
    """The lesson, its app alone on a page, and `interact` alone on a page, in one room, `VISITS` times in turn."""
    lab = name == "JupyterLab"
    seen_ours: list[Measures] = []
    ratios: list[float] = []
    for _ in range(VISITS):
        with visit(browser, usual, lab=lab, ready=IMAGE) as seen:
            usual_ms = usual_key(seen.page)
        with visit(browser, alone, lab=lab) as seen:
            alone_ms = measure(seen, slider_of(seen.page, ONE_WIDTH), seconds=0.5).key_ms
        ratios.append(alone_ms / usual_ms)
        with visit(browser, ours, lab=lab) as seen:
            seen_ours.append(measure(seen, slider_of(seen.page, ONE_WIDTH)))
        print(
            f"{name}: {seen_ours[-1]}; a key alone on a page {alone_ms:.0f} ms, interact {usual_ms:.0f} ms", flush=True
        )

    def middle(what: str) -> float:
        return statistics.median(getattr(one, what) for one in seen_ours)

    return [
        report(f"{name}: address to slider with its picture, s", middle("first_picture_s"), bars["first"], least=False),
        report(f"{name}: key to picture, ms", middle("key_ms"), bars["key"], least=False),
        report(
            f"{name}: key to picture / interact, each alone on its page", statistics.median(ratios), 0.2, least=False
        ),
        report(f"{name}: distinct pictures a second in a drag", middle("distinct"), bars["distinct"], least=True),
        report(f"{name}: converged after release, ms", middle("release_ms"), 400, least=False),
        report(
            f"{name}: pictures that disagreed with their status line",
            max(one.disagreed for one in seen_ours),
            0,
            least=False,
        ),
    ]


def one_app(browser: Any, address: str, title: str, words: str, bars: dict[str, float]) -> list[bool]:
    """One app of a lesson on Voilà, its slider pressed with keys and dragged."""
    found = []
    for _ in range(VISITS):
        with visit(browser, address) as seen:
            found.append(measure(seen, slider_of(seen.page, title)))
        print(f"{words}: {found[-1]}", flush=True)
    key, distinct, release = (
        statistics.median(getattr(one, name) for one in found) for name in ("key_ms", "distinct", "release_ms")
    )
    disagreed = max(one.disagreed for one in found)
    return [
        report(f"Voilà, {words}: key to picture, ms", key, bars["key"], least=False),
        report(f"Voilà, {words}: distinct pictures a second in a drag", distinct, bars["distinct"], least=True),
        report(f"Voilà, {words}: converged after release, ms", release, 400, least=False),
        report(f"Voilà, {words}: disagreed with their status line", disagreed, 0, least=False),
    ]


def main() -> int:
    """Both rooms, one after the other."""
    executable = find_browser()
    if executable is None:
        print("hand: no Chromium here, skipped")
        return 0
    held: list[bool] = []
    fixtures, lesson = TESTS / "fixtures", "3_jamming_networks.ipynb"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(QUIET))
        with served("app", LESSONS) as lessons, served("app", fixtures) as plain:
            render = f"{plain.address}voila/render/"
            pages = f"{lessons.address}voila/render/{lesson}", f"{render}one_width.ipynb", f"{render}interact.ipynb"
            held += room(browser, "Voilà", *pages, dict(first=8, key=70, distinct=12))
            particles = f"{lessons.address}voila/render/2_jamming_particles.ipynb"
            held += one_app(browser, particles, PACKING, "n = 64 discs", dict(key=70, distinct=12))
            # Alone on its page: in lesson 5 it waits for a prediction.
            held += one_app(browser, f"{render}kernel_map.ipynb", KERNEL_MAP, "kernel of 256 points", dict(key=100, distinct=8))
        with served("lab", LESSONS) as lessons, served("lab", fixtures) as plain:
            pages = (
                notebook(lessons, file=lesson),
                *(notebook(plain, file=f"{page}.ipynb") for page in ("one_width", "interact")),
            )
            held += room(browser, "JupyterLab", *pages, dict(first=30, key=90, distinct=10))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
