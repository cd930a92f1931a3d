"""What the pictures of chapter 5 share: colours of depths and of the three dynamics, logarithmic axes, a table of slopes as a legend."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from ..dots import Prediction
from ..stage import Context, Stage

SHAPES = ("o", "s", "^", "D", "v")


def depth_colour(stage: Stage, place: int) -> str:
    """A colour for each of five depths, to go with SHAPES."""
    states = stage.colours.states
    return (states["unfinished"], states["unsat"], states["sat"], gap_colour(stage), stage.colours.ink)[place]


def gap_colour(stage: Stage) -> str:
    """Of the distance of a network from its linearisation."""
    return "#c9a7ff" if stage.colours.dark else "#6a3d9a"


def log_axes(ax: Any, x: Sequence[float], y: Sequence[float], xlim: tuple[float, float], ylim: tuple[float, float], label: str) -> None:
    """Both axes logarithmic, with ticks at the given numbers alone."""
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set(xlim=xlim, ylim=ylim, label=label)
    ax.set_xticks(x, [f"{v:g}" for v in x])
    ax.set_yticks(y, [f"{v:g}" for v in y])
    ax.set_xticks([], minor=True)
    ax.set_yticks([], minor=True)
    ax.grid(axis="y")


def signed(value: float, digits: int = 2) -> str:
    """A number with a true minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")


class Table:
    """A legend whose words change: marks left, words beside them; (left, top) in pixels from the upper left corner."""

    def __init__(self, stage: Stage, looks: Sequence[dict[str, Any]], left: float, top: float, row: float = 0.0, columns: int = 1,
                 apart: float = 170.0):  # fmt: skip
        row = row or (17.0 if stage.narrow else 23.0)
        self.keys, self.words = [], []
        rows = -(-len(looks) // columns)
        for i, look in enumerate(looks):
            x = (left + apart * (i // rows) + 12) / stage.width
            y = 1 - (top + row * (i % rows + 0.5)) / stage.height
            line = "linestyle" not in look or look["linestyle"] != "none"
            ends = [x - 11 / stage.width, x + 11 / stage.width] if line else [x]
            key = Line2D(ends, [y] * len(ends), **{"markevery": [0], **look} if line else look)
            stage.figure.add_artist(key)
            self.keys.append(key)
            self.words.append(stage.figure.text(x + 18 / stage.width, y, "", va="center", color=stage.colours.ink))
        stage.actor([*self.keys, *self.words])

    def set(self, words: Sequence[str]) -> None:
        """One text a row; no row where it is empty."""
        for key, word, text in zip(self.keys, self.words, words, strict=True):
            key.set_visible(bool(text))
            word.set_text(text)


def name_prediction(prediction: Prediction, key: Table, names: Sequence[str], context: Context) -> None:
    """Draw the learner's curve, and let the last row of the legend name it: words beside the curve would lie on other curves."""
    drawn = context.prediction is not None
    made_for = f" (for {context.prediction_for})" if context.prediction_for else ""
    key.set([*names, f"your prediction{made_for}" if drawn else ""])
    last = key.words[-1]
    for shorter in ("your prediction (elsewhere)", "your prediction"):
        if made_for and drawn and last.get_window_extent().x1 > last.figure.bbox.x1 - 4:
            last.set_text(shorter)
    key.keys[-1].set_color(prediction.colour_for(context))
    prediction.set(context)
    prediction.words.set_visible(False)


def mark_look(colour: str, mark: str, size: float = 7.0) -> dict[str, Any]:
    """A mark alone."""
    return dict(color=colour, marker=mark, markersize=size, linestyle="none", markeredgewidth=0)


def beside_each_other(x: Any, seeds: int, share: float = 0.16) -> np.ndarray:
    """x (width,) → (width, seed): the seeds of one width side by side on a logarithmic axis."""
    spread = np.exp(share * (np.linspace(-1, 1, seeds) if seeds > 1 else np.zeros(1)))
    return np.asarray(x, float)[:, None] * spread


def through_middle(x: Any, y: Any, power: float) -> tuple[Any, Any]:
    """The power law of this exponent through the middle of the logarithms of what is known; nothing where less than two points are."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    known = np.isfinite(x) & np.isfinite(y) & (y > 0)
    if known.sum() < 2 or not np.isfinite(power):
        return (), ()
    x, y = np.log(x[known]), np.log(y[known])
    ends = np.array([x.min(), x.max()])
    return np.exp(ends), np.exp(y.mean() + power * (ends - x.mean()))


def geometric_mean(values: Any) -> np.ndarray:
    """Over the last axis, of what is known."""
    values = np.asarray(values, float)
    known = np.isfinite(values) & (values > 0)
    with np.errstate(all="ignore"):
        return np.exp(np.where(known, np.log(np.where(known, values, 1)), 0).sum(-1) / np.where(known.any(-1), known.sum(-1), np.nan))
