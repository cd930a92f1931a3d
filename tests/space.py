"""Turn scenes as a hand would, and measure them: pictures are frames whose pixels are others than before, read back from the canvas."""

import time
from dataclasses import dataclass
from typing import Any

from conftest import QUIET

FRAME, CANVAS = ".lsviz-scene-frame", ".lsviz-scene-frame canvas"
SOFTWARE = [*QUIET, "--enable-unsafe-swiftshader"]  # WebGL computed by the processor; the page itself, too
FLAT = [*QUIET, "--disable-3d-apis"]

# After each frame a few rows of the canvas are hashed; entries: the time, the hash.
WATCH = """(k) => {
  const canvas = document.querySelectorAll('.lsviz-scene-frame canvas')[k], pen = canvas.getContext('2d');
  window.__space = { log: [], on: true };
  const look = () => {
    if (!window.__space.on) return;
    const bytes = pen.getImageData(0, canvas.height >> 1, canvas.width, 24).data;
    let h = 2166136261;
    for (let i = 0; i < bytes.length; i += 4) h = Math.imul(h ^ (bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16), 16777619);
    const log = window.__space.log;
    if (!log.length || log[log.length - 1][1] !== h) log.push([performance.now(), h]);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
PIXELS = """(k) => {
  const canvas = document.querySelectorAll('.lsviz-scene-frame canvas')[k];
  const bytes = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let h = 2166136261, drawn = 0;
  for (let i = 0; i < bytes.length; i += 4) {
    drawn += bytes[i + 3] > 0;
    h = Math.imul(h ^ (bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16), 16777619);
  }
  return [h >>> 0, drawn / (canvas.width * canvas.height)];
}"""


@dataclass
class Feel:
    """Pictures a second while a mouse turns a scene, and the longest gap between two of them in ms."""

    pictures: float
    gap_ms: float


def pixels(page: Any, which: int = 0) -> tuple[int, float]:
    """A hash of what a scene shows, and the share of its pixels on which something is drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    found = page.evaluate(PIXELS, which)
    return int(found[0]), float(found[1])


def turn(page: Any, which: int = 0, seconds: float = 2.0) -> Feel:
    """Turn a scene with the mouse in circles, 60 moves a second."""
    frame = page.locator(FRAME).nth(which)
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(WATCH, which)
    begun, number = time.monotonic(), 0
    while (now := time.monotonic() - begun) < seconds:
        page.mouse.move(x + 70 * (number % 40 - 20) / 20, y + 50 * (number % 26 - 13) / 13)
        number += 1
        time.sleep(max(0.0, begun + number / 60 - time.monotonic()))
    log = page.evaluate("() => { window.__space.on = false; return window.__space.log; }")
    page.mouse.up()
    times = [at for at, _ in log]
    return Feel(round((len(times) - 1) / now, 1), round(max((b - a for a, b in zip(times, times[1:])), default=1e9)))


def told(page: Any, which: int, selector: str, presses: int = 10) -> list[float]:
    """Milliseconds from a press of a key to the change of the words of `selector`, which the kernel makes."""
    frame, times = page.locator(FRAME).nth(which), []
    frame.focus()
    page.evaluate("""(selector) => {
      window.__told = {};
      document.addEventListener('keydown', () => { window.__told = { down: performance.now() }; }, true);
      let words = document.querySelector(selector)?.textContent;
      new MutationObserver(() => {
        const now = document.querySelector(selector)?.textContent;
        if (now !== words) { words = now; window.__told.changed ??= performance.now(); }
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    }""", selector)
    for _ in range(presses):
        frame.press("ArrowRight")
        page.wait_for_function("() => window.__told.changed", timeout=5000, polling=10)
        times.append(page.evaluate("() => window.__told.changed - window.__told.down"))
        time.sleep(0.3)
    return times

