"""How Θ of random networks settles with width, and whether their mean is already that of infinite width."""

from typing import Any

import numpy as np

from .. import style
from ..dots import KeptNames, Prediction
from ..generalization.marks import Level, hollow
from ..stage import Context, Draw, Stage
from .marks import (
    SHAPES,
    Table,
    beside_each_other,
    depth_colour,
    log_axes,
    mark_look,
    name_prediction,
    signed,
    through_middle,
)

DEPTHS = 5
WIDTHS = (10.0, 1600.0)
TICKS = (16, 64, 256, 1024)


def kernel_spread(stage: Stage) -> Draw:
    """Left: each network's distance from Θ∞ as a dot, their spread about the mean, per depth. Right: that mean's distance, and chance."""
    figure, width, height, colours = stage.figure, stage.width, stage.height, stage.colours
    if stage.narrow:
        edges = dict(left=46 / width, right=1 - 10 / width)
        left = figure.add_gridspec(1, 1, top=1 - 28 / height, bottom=1 - 270 / height, **edges)
        right = figure.add_gridspec(1, 1, top=1 - 350 / height, bottom=172 / height, **edges)
    else:
        edges = dict(top=1 - 28 / height, bottom=142 / height)
        left = figure.add_gridspec(1, 1, left=58 / width, right=0.55, **edges)
        right = figure.add_gridspec(1, 1, left=0.55 + 66 / width, right=1 - 12 / width, **edges)
    ax, mean = figure.add_subplot(left[0]), figure.add_subplot(right[0])
    log_axes(ax, TICKS, (0.03, 0.1, 0.3, 1, 3), WIDTHS, (0.03, 5.0), "spread")
    log_axes(mean, TICKS, (0.01, 0.03, 0.1, 0.3, 1), WIDTHS, (0.008, 2.0), "mean")
    ax.set_title(r"$\Theta$ is off $\Theta_\infty$ (dots), off the mean (marks)")
    mean.set_title(r"their mean is off $\Theta_\infty$ by")
    for panel in (ax, mean):
        panel.set_xlabel("width  $h$", labelpad=1)
    marks, dots, theory, off, chance = [], [], [], [], []
    for i in range(DEPTHS):
        colour, mark = depth_colour(stage, i), SHAPES[i]
        dots.append(ax.plot([], [], zorder=2, alpha=0.45, **mark_look(colour, mark, 3.2))[0])
        theory.append(Level(stage, ax, colours.sources["theory"], zorder=3, **style.LINES["theory"]))
        marks.append(Level(stage, ax, colour, mark, zorder=4, linewidth=0))
        off.append(Level(stage, mean, colour, mark, zorder=4, linewidth=0))
        chance.append(Level(stage, mean, colour, zorder=3, linewidth=1.4, linestyle=":"))
    stage.actor(dots)
    old = [Level(stage, panel, colours.sources["ghost"], mark, **hollow(stage)) for panel in (ax, mean) for mark in SHAPES]
    prediction = Prediction(stage, ax)
    foot = 128 if stage.narrow else 94  # pixels below the top of the key
    looks = [dict(color=depth_colour(stage, i), marker=SHAPES[i], markersize=6.5, linestyle="none") for i in range(DEPTHS)]
    looks.append(dict(color=colours.sources["prediction"], **style.LINES["prediction"]))
    key = Table(stage, looks, 14, height - foot, columns=2, apart=185 if stage.narrow else 0.3 * width)
    looks = [mark_look(depth_colour(stage, 1), "s", 3.8), dict(color=depth_colour(stage, 1), linewidth=1.4, linestyle=":"),
             dict(color=colours.sources["theory"], **style.LINES["theory"])]  # fmt: skip
    rest = Table(stage, looks, 14 if stage.narrow else 0.62 * width, height - (foot - 51 if stage.narrow else foot),
                 columns=2 if stage.narrow else 1, apart=185)  # fmt: skip
    kept = KeptNames(stage, 24, 20, SHAPES[:1])

    sloping = "" if stage.narrow else "slope "

    def draw(ds: Any, context: Context) -> None:
        h, seeds = np.asarray(ds.width.values, float), ds.sizes["seed"]
        told = [""] * DEPTHS
        for i in range(DEPTHS):
            there = i < ds.sizes["depth"]
            spread = ds.theta_fluctuation.values[i] if there else np.full(len(h), np.nan)
            single = ds.theta_deviation.values[i] if there else np.full((len(h), seeds), np.nan)
            x = beside_each_other(h, seeds)
            known = np.isfinite(single)
            dots[i].set_data(x[known], single[known])
            marks[i].set(h, spread)
            theory[i].set(*through_middle(h, spread, -0.5))
            off[i].set(h, ds.theta_bias.values[i] if there else spread)
            chance[i].set(h, ds.theta_bias_noise.values[i] if there else spread)
            if there:
                slope, error = float(ds.theta_slope[i]), float(ds.theta_slope_se[i])
                told[i] = f"L = {int(ds.depth[i])}" + (f": {sloping}{signed(slope)}" if np.isfinite(slope) else "")
                told[i] += f" ± {error:.2f}" if np.isfinite(error) else ""
        name_prediction(prediction, key, told, context)
        rest.set(["one network", "by chance alone", "slope −1/2" if stage.narrow else "slope −1/2: theory"])
        before = context.ghosts[-1][1][-1] if context.ghosts else None
        for i, line in enumerate(old):
            name, place = ("theta_fluctuation", "theta_bias")[i // DEPTHS], i % DEPTHS
            if before is not None and place < before.sizes["depth"]:
                line.set(before.width.values, before[name].values[place])
            else:
                line.set((), ())
        kept.set(context.ghosts[-1:])

    return draw
