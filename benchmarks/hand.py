"""The slider under the hand, in headless Chromium: our app against `interact` with inline pyplot, same networks, same page, in turn.

Voilà and JupyterLab; the bars are the ones that HOUSE sets for the default eight networks. Needs Chromium.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import sync_playwright
from timing import report

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from browser import HANDLE, measure, served, visit
from conftest import QUIET, find_browser

OURS = "from lsviz import apps\napps.one_width"
# What a careful author writes today: the same experiment and the same three panels, drawn anew for every position.
USUAL = """%matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
from ipywidgets import interact, SelectionSlider
from lsviz import jamming

def show(h):
    ds = jamming.network_jamming(h=h)
    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 3.8))
    left.bar(ds.gap_bin, ds.gap_count.sum("seed"), width=0.1)
    middle.semilogy(ds.step, ds.loss_trace)
    right.plot(np.full(8, ds.N / ds.P), ds.N_delta / ds.N, "o")
    right.set(xlim=(0.04, 2), ylim=(0, 1.6), xscale="log")
    plt.show()

interact(show, h=SelectionSlider(options=[m / 2 for m in range(4, 30)], value=4.5));"""

NEW_PICTURE = """() => { window.__shown = []; new MutationObserver((changes) => {
  for (const c of changes) for (const n of c.addedNodes)
    if (n.nodeType === 1 && (n.matches('img') || n.querySelector('img'))) window.__shown.push(performance.now());
}).observe(document.body, {subtree: true, childList: true}); }"""


def notebook(path: Path, source: str) -> None:
    """A notebook of one cell."""
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)


def page(address: str, name: str) -> str:
    """Where a notebook is, on the server that printed `address`."""
    head, _, token = address.partition("?token=")
    return f"{head.split('/lab')[0]}/lab/tree/{name}?token={token}" if token else f"{head}voila/render/{name}"


def usual_key(tab: Any, presses: int = 12) -> float:
    """Median milliseconds from a key press to the next inline picture."""
    tab.evaluate(NEW_PICTURE)
    handle = tab.locator(HANDLE).first
    handle.focus()
    times = []
    for i in range(presses):
        start = tab.evaluate("() => { window.__shown.length = 0; return performance.now(); }")
        handle.press("ArrowRight" if i < presses // 2 else "ArrowLeft")
        tab.wait_for_function("() => window.__shown.length > 0", timeout=10_000, polling=5)
        times.append(tab.evaluate("() => window.__shown[0]") - start)
        time.sleep(0.7)
    return statistics.median(times)


def room(browser: Any, command: str, folder: Path, port: int, bars: dict[str, float]) -> list[bool]:
    """Both pages in one server: Voilà ("app") or JupyterLab ("lab")."""
    lab = command == "lab"
    name = "JupyterLab" if lab else "Voilà"
    with served(command, folder, port) as server:
        with visit(browser, page(server.address, "usual.ipynb"), lab=lab, ready=HANDLE) as seen:
            seen.page.wait_for_selector("img", timeout=60_000)
            time.sleep(3)
            usual = usual_key(seen.page)
        with visit(browser, page(server.address, "ours.ipynb"), lab=lab) as seen:
            ours = measure(seen)
    print(f"{name}: {ours}")
    return [
        report(f"{name}: address to slider with its picture, s", ours.first_picture_s, bars["first"], least=False),
        report(f"{name}: key to picture, ms", ours.key_ms, bars["key"], least=False),
        report(f"{name}: key to picture / interact's {usual:.0f} ms", ours.key_ms / usual, 0.2, least=False),
        report(f"{name}: distinct pictures a second in a drag", ours.distinct, bars["distinct"], least=True),
        report(f"{name}: converged after release, ms", ours.release_ms, 400, least=False),
        report(f"{name}: pictures that disagreed with their status line", ours.disagreed, 0, least=False),
    ]


def main() -> int:
    """Both rooms, one after the other."""
    executable = find_browser()
    if executable is None:
        print("hand: no Chromium here, skipped")
        return 0
    held: list[bool] = []
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        notebook(folder / "ours.ipynb", OURS)
        notebook(folder / "usual.ipynb", USUAL)
        browser = playwright.chromium.launch(executable_path=executable, args=list(QUIET))
        held += room(browser, "app", folder, 9420, dict(first=8, key=70, distinct=12))
        held += room(browser, "lab", folder, 9440, dict(first=30, key=90, distinct=10))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
