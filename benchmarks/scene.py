"""Scenes under the hand, in headless Chromium on Voilà, all drawn by the processor: pictures a second while the mouse turns a surface of
8192 vertices on 600 × 400, and milliseconds from the last turn to what the kernel answers.

A picture is a frame whose pixels are others than before (tests/space.py). Each page is opened three times and the median counts.
Needs Chromium.
"""

import statistics
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright
from timing import report

TESTS = Path(__file__).parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "fixtures")]
from browser import served, visit  # noqa: E402
from space import CANVAS, SOFTWARE, told, turn  # noqa: E402

from conftest import find_browser  # noqa: E402
from lsviz.scene.widget import bundle  # noqa: E402

VISITS = 3


def main() -> int:
    """Five scenes on one page, and an app with one."""
    held = [report("scene: bytes of the bundle, kB", len(bundle()) / 1000, 520, least=False)]
    executable = find_browser()
    if executable is None:
        print("scene: no Chromium here, skipped")
        return 0 if all(held) else 1
    pictures, gaps, heard, answers, firsts = [], [], [], [], []
    with sync_playwright() as playwright, served("app", TESTS / "fixtures") as server:
        browser = playwright.chromium.launch(executable_path=executable, args=SOFTWARE)
        for _ in range(VISITS):
            with visit(browser, f"{server.address}voila/render/scenes.ipynb", ready=f"{CANVAS} >> nth=4") as seen:
                firsts.append(seen.first_picture)
                time.sleep(2)
                turn(seen.page, 0, 0.5)
                feel = turn(seen.page, 0, 3.0)
                pictures.append(feel.pictures)
                gaps.append(feel.gap_ms)
                heard += told(seen.page, 1, "#heard")
                held.append(not seen.left and not seen.errors)
            with visit(browser, f"{server.address}voila/render/turned.ipynb", ready=CANVAS) as seen:
                time.sleep(2)
                told(seen.page, 0, ".lsviz-status", 2)
                answers += told(seen.page, 0, ".lsviz-status")
                held.append(not seen.left and not seen.errors)
            print(f"scene: {pictures[-1]} pictures a second, longest gap {gaps[-1]} ms; errors: {seen.errors}", flush=True)
    held += [
        report("scene: pictures a second, 8192 vertices", statistics.median(pictures), 20, least=True),
        report("scene: longest gap between two, ms", statistics.median(gaps), 200, least=False),
        report("scene: the kernel is told, ms after the turn", statistics.median(heard), 100, least=False),
        report("scene: the app has answered, ms after the turn", statistics.median(answers), 100, least=False),
        report("scene: address to five scenes, s", statistics.median(firsts), 10, least=False),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
