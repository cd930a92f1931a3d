"""Drive a stored map as a hand would and measure it: what its canvas shows is read back, pixel by pixel, after every frame.

Only what can be seen counts: a picture is a frame whose pixels are others than before. Times are taken when the frame has been drawn,
from the moment of the event that the browser itself noted.
"""

import math
import statistics
import time
from dataclasses import dataclass
from typing import Any

FRAME, CANVAS, WORDS = ".lsviz-map-frame", ".lsviz-map canvas", ".lsviz-map-words"

# After each frame (a message is handled when all its callbacks have run and it is drawn) the canvas' pixels are hashed.
PROBE = """(canvas) => {
  if (window.__map?.canvas === canvas) return;
  const words = canvas.closest('.lsviz-map').querySelector('.lsviz-map-words');
  const seen = window.__map = {canvas, log: [], inputs: [], frames: 0, last: null};
  const look = () => {
    const pixels = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    let h = 2166136261; for (let i = 0; i < pixels.length; i += 1) h = Math.imul(h ^ pixels[i], 16777619);
    seen.frames += 1;
    const said = {alt: canvas.getAttribute('aria-label'), words: words.textContent};
    if (h !== seen.last) seen.log.push({at: performance.now(), hash: h >>> 0, ...said});
    seen.last = h;
  };
  const after = new MessageChannel();
  after.port1.onmessage = look;
  const next = () => { after.port2.postMessage(0); requestAnimationFrame(next); };
  requestAnimationFrame(next);
  for (const kind of ['keydown', 'pointermove', 'pointerdown', 'input']) {
    window.addEventListener(kind, (event) => seen.inputs.push(event.timeStamp), true);
  }
}"""


@dataclass
class Feel:
    """How a map feels. First pictures in milliseconds after the event; pictures, distinct ones and frames per second of the drag."""

    first_ms: float
    worst_ms: float
    pictures: float
    distinct: float
    frames: float
    disagreed: int


def watch(page: Any, which: int = 0) -> None:
    """Begin to look at a map's canvas."""
    page.locator(CANVAS).nth(which).evaluate(PROBE)
    page.wait_for_function("() => window.__map.log.length > 0")


def clear(page: Any) -> None:
    page.evaluate("() => { Object.assign(window.__map, {log: [], inputs: [], frames: 0}); }")


def log(page: Any) -> list[dict[str, Any]]:
    """The pictures since the last clearing."""
    return page.evaluate("() => window.__map.log")


def first(page: Any, act: Any, patience: float = 3) -> float:
    """Milliseconds from an event to the first frame that shows another picture (`patience` when none came)."""
    clear(page)
    act()
    try:
        page.wait_for_function("() => window.__map.inputs.length && window.__map.log.some((p) => p.at > window.__map.inputs[0])",
                               timeout=1000 * patience, polling=5)  # fmt: skip
    except Exception:
        return 1000 * patience
    return page.evaluate("() => window.__map.log.find((p) => p.at > window.__map.inputs[0]).at - window.__map.inputs[0]")


MAP = (0.15, 0.1, 0.65, 0.75)  # where the cells are in the frame of a wide page: left, top, right, bottom


def swing(page: Any, seconds: float = 3, speed: float = 1, which: int = 0) -> tuple[list[dict[str, Any]], float]:
    """Drag over the map for `seconds`, 60 moves a second; the pictures shown, and frames a second.

    At speed 1 the hand needs 1.4 s from one side to the other and back: where cells are large, it must be faster to meet new ones.
    """
    page.locator(FRAME).nth(which).scroll_into_view_if_needed()
    box = page.locator(FRAME).nth(which).bounding_box()
    steps = int(60 * seconds)

    def place(i: int) -> tuple[float, float]:
        turn = 2 * math.pi * speed * i / 60
        across, down = 0.5 + 0.45 * math.sin(0.7 * turn), 0.5 + 0.45 * math.cos(0.9 * turn)
        return (box["x"] + (MAP[0] + (MAP[2] - MAP[0]) * across) * box["width"],
                box["y"] + (MAP[1] + (MAP[3] - MAP[1]) * down) * box["height"])  # fmt: skip

    page.mouse.move(*place(0))
    page.mouse.down()
    time.sleep(0.3)
    clear(page)
    start = time.monotonic()
    for i in range(steps):
        page.mouse.move(*place(i))
        time.sleep(max(0.0, start + (i + 1) / 60 - time.monotonic()))
    shown, frames = page.evaluate("() => [window.__map.log, window.__map.frames]")
    taken = time.monotonic() - start
    page.mouse.up()
    return shown, frames / taken


def feel(page: Any, seconds: float = 3, speed: float = 1, which: int = 0) -> Feel:
    """Keys there and back, then moves after a rest, then a drag."""
    watch(page, which)
    frame = page.locator(FRAME).nth(which)
    frame.scroll_into_view_if_needed()
    time.sleep(1)
    frame.focus()
    times = []
    for i in range(16):
        key = ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown")[i // 2 % 4]
        times.append(first(page, lambda key=key: page.keyboard.press(key)))
        time.sleep(0.15)
    box = frame.bounding_box()
    for i in range(8):
        x, y = box["x"] + (0.3 + 0.03 * i) * box["width"], box["y"] + (0.25 + 0.04 * i) * box["height"]
        times.append(first(page, lambda x=x, y=y: page.mouse.move(x, y)))
        time.sleep(0.15)
    shown, frames = swing(page, seconds, speed, which)
    return Feel(
        first_ms=round(statistics.median(times), 1),
        worst_ms=round(max(times), 1),
        pictures=round(len(shown) / seconds, 1),
        distinct=round(len({picture["hash"] for picture in shown}) / seconds, 1),
        frames=round(frames, 1),
        disagreed=sum(picture["alt"].replace("_", "") != picture["words"] for picture in shown),
    )
