"""Stored maps under the hand, in headless Chromium on Voilà: pictures a second in a drag, and how soon the first one comes.

A picture is a frame whose pixels are others than before, read back from the canvas after each frame (tests/scrub.py). One map of
60 × 40 cells, 5 frames and 8 seeds, and the phase diagram, whose cells are large: there the hand moves four times as fast, to meet new
ones. Each is opened three times and the median counts. Needs Chromium.
"""

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from timing import report

TESTS = Path(__file__).parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "fixtures")]
from browser import served, visit  # noqa: E402
from scrub import CANVAS, feel  # noqa: E402
from stored_map import record  # noqa: E402

from conftest import QUIET, find_browser  # noqa: E402
from lsviz import apps  # noqa: E402

VISITS = 3
MAPS = {"60 × 40 cells": (record(), 1.0), "phase diagram": (apps.phase_diagram, 4.0)}


def sent(stored: Any) -> tuple[float, float]:
    """Kilobytes on the way to the browser, and milliseconds until they are ready (the second time: nothing is imported)."""
    stored.open()
    start = time.perf_counter()
    traits = stored.open().wire.traits()
    taken = time.perf_counter() - start
    size = sum(len(value) for value in traits.values() if isinstance(value, bytes)) + len(json.dumps(traits["spec"]))
    return size / 1000, 1000 * taken


def main() -> int:
    """Both maps, in turn."""
    held: list[bool] = []
    for name, (stored, _) in MAPS.items():
        size, taken = sent(stored)
        held.append(report(f"{name}: sent to the browser, kB", size, 400, least=False))
        held.append(report(f"{name}: made ready for it, ms", taken, 500, least=False))
    executable = find_browser()
    if executable is None:
        print("map: no Chromium here, skipped")
        return 0 if all(held) else 1
    found: dict[str, list[Any]] = {name: [] for name in MAPS}
    with sync_playwright() as playwright, served("app", TESTS / "fixtures") as server:
        browser = playwright.chromium.launch(executable_path=executable, args=list(QUIET))
        for _ in range(VISITS):
            for which, (name, (_, speed)) in enumerate(MAPS.items()):
                with visit(browser, f"{server.address}voila/render/map.ipynb", ready=f"{CANVAS} >> nth={len(MAPS) - 1}") as seen:
                    found[name].append(feel(seen.page, speed=speed, which=which))
                    print(f"{name}: {found[name][-1]}; left the machine: {len(seen.left)}; errors: {seen.errors}", flush=True)
                    held.append(not seen.left and not seen.errors)
    for name, feels in found.items():
        first, pictures = (statistics.median(getattr(one, what) for one in feels) for what in ("first_ms", "pictures"))
        held.append(report(f"{name}: event to picture, ms", first, 20, least=False))
        held.append(report(f"{name}: pictures a second in a drag", pictures, 40, least=True))
        held.append(report(f"{name}: pictures that disagreed with their words", max(one.disagreed for one in feels), 0, least=False))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
