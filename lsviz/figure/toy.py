"""Picture of the first lesson: the plane coloured by f(w, x), the loss of every network, and how many points are left."""

from typing import Any

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap

from . import style
from .dots import Dots, legend
from .stage import Context, Draw, Stage

FLOOR, CEILING = 1e-7, 30.0  # the loss axis; what lies beyond is drawn at its edge


def learning(stage: Stage) -> Draw:
    """Left: what the first network answers at every point of the plane. Right: loss against steps, and N_Δ, for every network."""
    figure = stage.figure
    if stage.narrow:
        grid = figure.add_gridspec(
            3, 1, height_ratios=[2.2, 1.1, 0.5], hspace=0.62, left=0.17, right=0.96, top=0.95, bottom=0.075
        )
        plane, loss, left = (figure.add_subplot(grid[i]) for i in range(3))
    else:
        grid = figure.add_gridspec(2, 2, height_ratios=[1.75, 0.55], width_ratios=[1, 1.1], hspace=0.72, wspace=0.2,
                                   left=0.02, right=0.97, top=0.91, bottom=0.15)  # fmt: skip
        plane, loss, left = (
            figure.add_subplot(grid[:, 0]),
            figure.add_subplot(grid[0, 1]),
            figure.add_subplot(grid[1, 1]),
        )
    draws = _plane(stage, plane), _loss(stage, loss), _unsatisfied(stage, left)

    def draw(ds: Any, context: Context) -> None:
        for each in draws:
            each(ds)

    return draw


def _plane(stage: Stage, ax: Any) -> Any:
    ax.set(label="plane", xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), aspect="equal", xticks=[], yticks=[])
    ax.set_title("f(w, x) on the plane")
    ax.set_xlabel("circle y = +1, square y = −1\nopen: below the margin", labelpad=5)
    bands = ListedColormap(_bands(stage))
    image = stage.actor(ax.imshow(np.zeros((2, 2)), cmap=bands, norm=BoundaryNorm([-1e9, -1, 0, 1, 1e9], 4), origin="lower",
                                  extent=(-2.2, 2.2, -2.2, 2.2), interpolation="bilinear", zorder=1))  # fmt: skip
    marks = {(y, met): _mark(stage, ax, y, met) for y in (1, -1) for met in (True, False)}
    stage.actor(list(marks.values()))

    def draw(ds: Any) -> None:
        image.set_data(np.clip(np.nan_to_num(ds.f.values), -3, 3))
        met = np.asarray(ds.gap.values) <= 1e-6
        for (y, wanted), line in marks.items():
            chosen = (np.asarray(ds.y.values) == y) & (met == wanted)
            line.set_data(ds.x1.values[chosen], ds.x2.values[chosen])

    return draw


def _bands(stage: Stage) -> list[str]:
    """f < −1, −1 … 0, 0 … 1, > 1: light by the margin, strong beyond it."""
    return (
        ["#7a4a12", "#46311a", "#1b3a4d", "#1d5f86"]
        if stage.colours.dark
        else ["#f3c98b", "#fbeedb", "#e2f0f8", "#9fd0ee"]
    )


def _mark(stage: Stage, ax: Any, y: int, met: bool) -> Any:
    ink = stage.colours.ink
    face = (stage.colours.satisfied if y > 0 else stage.colours.wrong) if met else "none"
    return ax.plot([], [], linestyle="none", marker="o" if y > 0 else "s", markersize=8, markeredgecolor=ink, markerfacecolor=face,
                   markeredgewidth=1.3, zorder=3)[0]  # fmt: skip


def _loss(stage: Stage, ax: Any) -> Any:
    ax.set(label="loss", yscale="log", ylim=(FLOOR, CEILING), xlabel="step against the gradient")
    ax.set_title("loss of every network")
    ax.set_yticks([1e-6, 1e-4, 1e-2, 1])
    ax.set_yticks([], minor=True)
    ax.grid(axis="y")
    legend(stage, ax, ("sat", "unfinished", "unsat", "failed"), loc="lower left")
    lines: list[Any] = []

    def draw(ds: Any) -> None:
        trace = np.asarray(ds.loss_trace.transpose("step", "seed").values)
        steps = np.asarray(ds.step.values, float)
        if ax.get_xlim()[1] != max(steps[-1], 1):
            ax.set_xlim(0, max(steps[-1], 1))
            stage.reset_scenery()
        while len(lines) < trace.shape[1]:
            lines.append(stage.actor(ax.plot([], [], **style.LINES["live"])[0]))
        for i, line in enumerate(lines):
            line.set_visible(i < trace.shape[1])
            if i < trace.shape[1]:
                known = np.isfinite(trace[:, i])
                line.set_data(steps[known], np.clip(trace[known, i], FLOOR, CEILING))
                line.set_color(stage.colours.states.get(str(ds.state.values[i]), stage.colours.ink))

    return draw


def _unsatisfied(stage: Stage, ax: Any) -> Any:
    """One dot a network at its N_Δ, from 0 to P."""
    ax.set(label="unsatisfied", ylim=(-1, 1), yticks=[])
    ax.set_xlabel("points below the margin  $N_\\Delta$   (of $P$)", labelpad=3)
    ax.set_title("points left")
    ax.spines["left"].set_visible(False)
    ax.axvline(0, color=stage.colours.ink, linewidth=1.2)
    dots = Dots(stage, ax)

    def draw(ds: Any) -> None:
        P = float(ds.P)
        if ax.get_xlim()[1] != P * 1.03:
            ax.set_xlim(-0.03 * P, 1.03 * P)
            stage.reset_scenery()
        seeds = ds.sizes["seed"]
        spread = np.linspace(-0.6, 0.6, seeds) if seeds > 1 else np.zeros(1)
        dots.set(np.asarray(ds.N_delta.values, float), spread, ds.state.values)

    return draw
