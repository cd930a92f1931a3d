"""The picture of an app in the browser: frames in, acknowledgements and the learner's drawing out."""

import time
from threading import Lock

import anywidget
import traitlets as t

from .assets import script, style


def kernel_id() -> str:
    """The name under which the server knows this kernel ("" outside one), so that the page can ask whether it lives."""
    try:
        from ipykernel.connect import get_connection_file

        name = get_connection_file()
    except (ImportError, RuntimeError):
        return ""
    stem = name.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".json")
    return stem.removeprefix("kernel-") if stem.startswith("kernel-") else ""


class Picture(anywidget.AnyWidget):
    """An app's picture: PNG frames, their text alternative, a status line, progress, errors and drawing.

    One message a frame (`show`); the page answers each with its serial number once it is painted, so `in_flight` tells
    how far the hand is ahead of the eye. Safe to call from the app's own worker thread.
    """

    _esm = script("drawing", "picture")
    _css = style("picture")

    frame = t.Bytes(b"", help="the picture, PNG").tag(sync=True)
    alt = t.Unicode("", help="the status line: shown below the picture and its text alternative").tag(sync=True)
    settled = t.Bool(False, help="the answer stands: a screen reader announces it").tag(sync=True)
    serial = t.Int(0, help="number of the frame, from 1").tag(sync=True)
    progress = t.Float(1.0, help="0 to 1; the bar is hidden at 1").tag(sync=True)
    busy = t.Bool(False, help="something is being computed").tag(sync=True)
    error = t.Unicode("", help="shown in a box; empty hides it").tag(sync=True)
    width = t.Int(760, help="natural width, CSS pixels").tag(sync=True)
    height = t.Int(430, help="natural height, CSS pixels").tag(sync=True)
    axes = t.List(t.Dict(), help="per axes: box [left, bottom, right, top] in shares, xlim, ylim, xlog, ylog").tag(
        sync=True
    )
    draw = t.Dict(None, allow_none=True, help="axes, kind (curve or point), xs, label, hint, start, step").tag(
        sync=True
    )
    drawn = t.List(help="what the learner drew: [[x, y], ...] in data coordinates").tag(sync=True)
    dark = t.Bool(False, help="the page is dark (told by the page)").tag(sync=True)
    ratio = t.Float(1.0, help="device pixels per CSS pixel (told by the page)").tag(sync=True)
    width_px = t.Int(0, help="CSS pixels the page has for the picture, 0: not yet told").tag(sync=True)
    kernel = t.Unicode(help="the kernel's name at the server").tag(sync=True)

    ack = t.Int(0, help="the last frame that was painted; not sent back and forth")
    pages = t.Set(help="views that are open")

    @t.default("kernel")
    def _kernel(self) -> str:
        return kernel_id()

    def __init__(self, **traits):
        super().__init__(**traits)
        self._sending = Lock()
        self._heard = self._sent = time.monotonic()
        self.on_msg(self._from_page)

    def show(
        self,
        frame: bytes | None,
        status: str,
        *,
        settled: bool = False,
        progress: float = 1.0,
        busy: bool = False,
        error: str = "",
        axes: list[dict] | None = None,
    ) -> int:
        """Send one frame (None keeps the picture) with its status line; returns its serial number."""
        with self._sending, self.hold_sync():
            if frame is not None:
                self.frame = frame
            if axes is not None:
                self.axes = axes
            self.alt, self.settled, self.error = status, settled, error
            self.progress, self.busy = float(progress), busy
            if self.in_flight == 0:
                self._sent = time.monotonic()
            self.serial += 1  # last: the page takes the frame when this number changes
            return self.serial

    @property
    def in_flight(self) -> int:
        """Frames that were sent and are not yet painted (the page may skip some: it paints the latest)."""
        return max(0, self.serial - self.ack)

    @property
    def gone(self) -> bool:
        """No page is looking: it said so, or frames have been waiting for more than ten seconds without a sign of life."""
        if self.ack and not self.pages:
            return True
        quiet = time.monotonic() - max(self._heard, self._sent)
        return bool(self.ack) and self.in_flight > 0 and quiet > 10

    def _from_page(self, _widget, content, _buffers) -> None:
        self._heard = time.monotonic()
        if content.get("opened"):
            self.pages = self.pages | {content["opened"]}
        if content.get("closed"):
            self.pages = self.pages - {content["closed"]}
        if content.get("ask"):
            self.send({"alive": True})
        if isinstance(content.get("ack"), int):
            self.ack = max(self.ack, content["ack"])
