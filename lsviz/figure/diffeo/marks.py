"""What the pictures of chapter 7 share: grey levels as pixels, folds in red, a mark and a colour for each kind of network."""

from typing import Any

import numpy as np
from matplotlib.colors import to_rgb

from ..stage import Stage

# One mark for each kind of network, one colour for each name: (mark, light, dark).
KINDS = {
    "fc1": ("s", "#8a5a00", "#e8c06a"), "fc3": ("D", "#c2410c", "#ff9a5c"), "conv": ("p", "#6a4fb3", "#b3a1ff"),
    "stride": ("v", "#007a5a", "#2fc79a"), "lenet": ("^", "#a1317d", "#f0a3cd"), "vgg": ("o", "#0072b2", "#56b4e9"),
    "resnet": ("h", "#123a63", "#b9e1fb"),
}  # fmt: skip
SHORT = {"fc1": "FC1", "fc3": "FC3", "conv": "conv", "stride": "stride", "lenet": "LeNet", "vgg": "VGG", "resnet": "ResNet"}


def kind_of(net: str) -> tuple[str, bool]:
    """The kind of a network, and whether it has batch normalisation."""
    kind, _, norm = net.partition("_")
    return kind, norm == "bn"


def short(net: str) -> str:
    """A network's name in a picture."""
    kind, norm = kind_of(net)
    return SHORT.get(kind, kind) + ("+bn" if norm else "")


def look(stage: Stage, net: str) -> tuple[str, str]:
    """(mark, colour) of a network."""
    mark, light, dark = KINDS[kind_of(net)[0]]
    return mark, dark if stage.colours.dark else light


def fold_colour(stage: Stage) -> str:
    """Red, as nothing else is."""
    return "#ff5a52" if stage.colours.dark else "#c8102e"


def inked(stage: Stage, levels: Any, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Grey levels as (…, 4) uint8: `low` is the page's own colour, `high` its ink, as a pen would draw it."""
    share = np.clip((np.nan_to_num(np.asarray(levels, np.float32)) - low) / (high - low), 0, 1)[..., None]
    page, ink = (np.array(to_rgb(colour), np.float32) * 255 for colour in (stage.colours.page, stage.colours.ink))
    found = np.full((*share.shape[:-1], 4), 255, np.uint8)
    found[..., :3] = page + share * (ink - page)
    return found


def nearest_pixel(n: int, m: int) -> np.ndarray:
    """The pixel of n nearest to each of m points from border to border."""
    return np.rint(np.linspace(0, n - 1, m)).astype(int)


def fold_pixels(fold: Any, n: int) -> np.ndarray:
    """(S, n, n): whether a fold lies in a pixel; `fold` is (S, m, m) on finer points."""
    fold = np.nan_to_num(np.asarray(fold, np.float32)) > 0
    first = np.searchsorted(nearest_pixel(n, fold.shape[-1]), np.arange(n))
    return np.logical_or.reduceat(np.logical_or.reduceat(fold, first, -1), first, -2)


def folds_over(stage: Stage, fold: Any) -> np.ndarray:
    """A fold map as (m, m, 4) uint8, red where it folds and clear elsewhere."""
    fold = np.nan_to_num(np.asarray(fold, np.float32)) > 0
    found = np.zeros((*fold.shape, 4), np.uint8)
    found[fold] = (*(int(255 * v) for v in to_rgb(fold_colour(stage))), 255)
    return found


def axes_at(stage: Stage, left: float, top: float, width: float, height: float, name: str) -> Any:
    """Axes at a place in pixels from the upper left corner; those of pictures have no ticks."""
    W, H = stage.width, stage.height
    ax = stage.figure.add_axes((left / W, 1 - (top + height) / H, width / W, height / H), label=name)
    if name in BARE:
        ax.set(xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set_visible(True)
            spine.set_color(stage.colours.grid)
            spine.set_position(("outward", 1))  # what moves is drawn over the axes, not over their frame
    return ax


def blank(stage: Stage, ax: Any, **more: Any) -> Any:
    """An image that fills its axes, to be set; the axes keep their place."""
    return stage.actor(ax.imshow(np.zeros((2, 2, 4), np.uint8), interpolation="nearest", extent=(0, 1, 1, 0), aspect="auto", **more))


BARE = ("deformed", "image", "draws", "noisy")


class Mosaic:
    """All draws, small, one beside the other, `wide` times as many columns as rows; those that fold have a red frame."""

    def __init__(self, stage: Stage, ax: Any, wide: int):
        self.stage, self.wide = stage, wide
        ax.set_title("all draws")
        for spine in ax.spines.values():
            spine.set_visible(False)
        self.shown = blank(stage, ax)

    def set(self, pictures: Any, fold: Any) -> None:
        S, n, _ = pictures.shape
        rows = int(np.ceil(np.sqrt(S / self.wide)))
        columns = self.wide * rows
        cell = n + 4
        canvas = np.zeros((rows * cell, columns * cell, 4), np.uint8)
        red = np.array([*(int(255 * v) for v in to_rgb(fold_colour(self.stage))), 255], np.uint8)
        inner, folded = inked(self.stage, pictures), fold_pixels(fold, n)
        inner[folded] = red
        frame = inked(self.stage, 0.12)
        for s in range(S):
            y, x = (s // columns) * cell + 1, (s % columns) * cell + 1
            canvas[y : y + n + 2, x : x + n + 2] = red if folded[s].any() else frame
            canvas[y + 1 : y + n + 1, x + 1 : x + n + 1] = inner[s]
        self.shown.set_data(canvas)
