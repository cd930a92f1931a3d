"""A stage: one matplotlib Figure whose scenery is drawn once and whose actors alone are redrawn for each picture."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from . import style

DPI = 100.0  # dots per inch at pixel ratio 1: sizes in css pixels are then inches times 100


@dataclass
class Context:
    """What a picture shows beside the present Dataset. Empty by default, so that `draw(ds, Context())` always works.

    values: the controls; trail: finished Datasets of the same setting; ghosts: kept (label, Datasets) pairs;
    prediction: the learner's own curve (x, y) in data coordinates; prediction_for: the values it was made for ("P = 300"), as
    far as they are others now; behind: a stored or theoretical Dataset; stopped: the computation was stopped before its end.
    """

    values: dict[str, Any] = field(default_factory=dict)
    trail: list[Any] = field(default_factory=list)
    ghosts: list[tuple[str, list[Any]]] = field(default_factory=list)
    prediction: tuple[Any, Any] | None = None
    prediction_for: str = ""
    behind: Any = None
    stopped: bool = False


Draw = Callable[[Any, Context], None]
PictureOf = Callable[["Stage"], Draw]


class Stage:
    """A picture set up at one size, theme and pixel ratio; `png(ds)` is one frame. Belongs to one thread.

    `picture(stage)` adds axes with `stage.figure`, registers what moves with `stage.actor(artist)`, and returns
    `draw(ds, context)`, which sets those artists and calls `stage.reset_scenery()` if it had to change anything else.
    """

    def __init__(self, picture: PictureOf, width: int = 900, height: int = 420, dark: bool = False, ratio: float = 1.0):
        self.width, self.height, self.ratio = int(width), int(height), float(ratio)
        self.colours = style.palette(dark)
        self.narrow = width < 640
        self.actors: list[Any] = []
        self._scenery: Any = None
        self._settings = style.settings(dark, style.NARROW_SIZE if width < 720 else style.FONT_SIZE)
        with matplotlib.rc_context(self._settings):
            self.figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI * ratio)
            self.canvas = FigureCanvasAgg(self.figure)
            self._draw = picture(self)

    def actor(self, artist: Any) -> Any:
        """Register an artist (or a list of them) that changes from frame to frame; returns it."""
        for each in artist if isinstance(artist, (list, tuple)) else [artist]:
            each.set_animated(True)
            self.actors.append(each)
        return artist

    def reset_scenery(self) -> None:
        """The axes themselves changed (a label, a limit): draw the background again with the next frame."""
        self._scenery = None

    def set(self, ds: Any, context: Context | None = None) -> None:
        """Move the actors to `ds`, drawing nothing yet."""
        with matplotlib.rc_context(self._settings):
            self._draw(ds, context or Context())

    def png(self, ds: Any = None, context: Context | None = None) -> bytes:
        """One frame as PNG bytes with a transparent background; without a Dataset the scenery alone."""
        with matplotlib.rc_context(self._settings):
            if ds is not None:
                self._draw(ds, context or Context())
            if self._scenery is None:
                self.canvas.draw()
                self._scenery = self.canvas.copy_from_bbox(self.figure.bbox)
            self.canvas.restore_region(self._scenery)
            for artist in sorted(self.actors, key=lambda a: a.get_zorder()) if ds is not None else ():
                if artist.get_visible():
                    self.figure.draw_artist(artist)
            return encode(np.asarray(self.canvas.buffer_rgba()))

    def boxes(self) -> list[dict[str, Any]]:
        """Where the axes stand, for an overlay in the browser.

        One dict an axes: box = [left, bottom, right, top] as shares of the picture, xlim, ylim, xlog, ylog, name (the axes' label).
        """
        found = []
        for ax in self.figure.axes:
            (left, bottom), (right, top) = ax.get_position().get_points()
            limits = {"xlim": [float(v) for v in ax.get_xlim()], "ylim": [float(v) for v in ax.get_ylim()]}
            scales = {"xlog": ax.get_xscale() == "log", "ylog": ax.get_yscale() == "log", "name": str(ax.get_label())}
            found.append({"box": [float(left), float(bottom), float(right), float(top)], **limits, **scales})
        return found


def encode(pixels: np.ndarray) -> bytes:
    """PNG bytes of an (height, width, 4) uint8 array: plain rows, fastest compression; a third of Pillow's time for figures."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 4 * width), np.uint8)  # a filter byte (0: none) before each row
    rows[:, 1:] = pixels.reshape(height, -1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)  # 8 bits, colour with alpha
    packed = zlib.compress(rows.tobytes(), 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
