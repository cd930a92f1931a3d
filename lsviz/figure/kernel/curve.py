"""The learning curve of the infinitely wide network."""

from typing import Any

import numpy as np

from ..dots import KeptNames, Prediction
from ..generalization.marks import Level, hollow
from ..stage import Context, Draw, Stage
from .marks import Table, beside_each_other, log_axes, mark_look, signed, through_middle


def kernel_curve(stage: Stage) -> Draw:
    """Test error against P: one dot a choice of training points, their mean, and the power law through the means."""
    figure, width, height, colours = stage.figure, stage.width, stage.height, stage.colours
    if stage.narrow:
        edges = dict(left=50 / width, right=1 - 10 / width, top=1 - 28 / height, bottom=142 / height)
    else:
        edges = dict(left=64 / width, right=1 - 330 / width, top=1 - 28 / height, bottom=50 / height)
    ax = figure.add_subplot(figure.add_gridspec(1, 1, **edges)[0])
    log_axes(ax, (64, 128, 256, 512, 1024, 2048, 4096), (2, 5, 10, 20, 50), (50, 5200), (2, 65), "error")
    ax.set_xlabel("training points  $P$", labelpad=1)
    ax.set_yticks([2, 5, 10, 20, 50], [f"{v} %" for v in (2, 5, 10, 20, 50)])
    ax.set_title("test error at infinite width")
    blue = colours.states["sat"]
    dots = stage.actor(ax.plot([], [], zorder=3, alpha=0.6, **mark_look(blue, "o", 5))[0])
    mean = Level(stage, ax, colours.ink, "o", zorder=4, linewidth=0)
    fit = Level(stage, ax, colours.ink, zorder=2.5, linewidth=1.8)
    old = [Level(stage, ax, colours.sources["ghost"], mark, **hollow(stage)) for mark in ("s", "v", "h")]
    chance = ax.axhline(50, color=colours.faint, linewidth=1.0, linestyle=":", zorder=1)
    prediction = Prediction(stage, ax)
    looks = [mark_look(blue, "o", 5), mark_look(colours.ink, "o", 6.5), dict(color=colours.ink, linewidth=1.8),
             dict(color=chance.get_color(), linewidth=1.0, linestyle=":")]  # fmt: skip
    key = Table(stage, looks, *((14, height - 96) if stage.narrow else (width - 314, 30)))
    kept = KeptNames(stage, 24 if stage.narrow else width - 302, 20 if stage.narrow else 70, ("s",) if stage.narrow else ("s", "v", "h"))

    def draw(ds: Any, context: Context) -> None:
        P, table = np.asarray(ds.size_P.values, float), 100 * ds.test_error.values
        known = np.isfinite(table) & (table > 0)
        dots.set_data(beside_each_other(P, ds.sizes["seed"], 0.06)[known], table[known])
        middle = table.mean(1)
        mean.set(P, middle)
        slope, error = float(ds.error_slope), float(ds.error_slope_se)
        fit.set(*through_middle(P, middle, slope))
        law = "power law"
        if np.isfinite(slope):
            law = f"power law, slope {signed(slope)}" + (f" ± {error:.2f}" if np.isfinite(error) else "")
        key.set(["one choice of points", "mean", law, "guessing"])
        for i, line in enumerate(old):
            before = context.ghosts[-1 - i][1][-1] if i < len(context.ghosts) else None
            line.set(*((before.size_P.values, 100 * before.test_error.values.mean(1)) if before is not None else ((), ())))
        kept.set(context.ghosts[::-1][: len(kept.keys)])
        prediction.set(context)

    return draw
