"""How the fluctuation and the error settle as N grows, in two regimes, with the slopes that theory has for one of them."""

from typing import Any

import numpy as np

from ...generalization.averaging import line_fit
from .. import style
from ..stage import Context, Draw, Stage
from .laws import power_law
from .marks import Level, hollow, kept_names, key, line_entry, mean_of

SIZES = (60.0, 200_000.0)
THEORY = {"fluctuation": -0.25, "excess": -0.5}
WORDS = {"flow": "gradient flow: predicted", "adam": "Adam: no prediction"}


def slow_decrease(stage: Stage) -> Draw:
    """‖f − f̄‖/‖f̄‖ and the error above its limit against N: gradient flow, where the slopes −1/4 and −1/2 are predicted, and Adam."""
    figure, width, height, colours = stage.figure, stage.width, stage.height, stage.colours
    if stage.narrow:
        grid = figure.add_gridspec(2, 1, hspace=0.45, left=50 / width, right=1 - 14 / width, top=1 - 28 / height, bottom=190 / height)
    else:
        grid = figure.add_gridspec(1, 2, wspace=0.2, left=60 / width, right=1 - 20 / width, top=1 - 28 / height, bottom=144 / height)
    panels = dict(zip(THEORY, (figure.add_subplot(grid[i]) for i in range(2)), strict=True))
    for name, ax in panels.items():
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set(xlim=SIZES, label=name)
        ax.set_xticks([100, 1000, 10_000, 100_000], ["100", "1000", "10⁴", "10⁵"])
        ax.set_xlabel("number of weights  $N$", labelpad=1)
        ax.grid(axis="y")
    panels["fluctuation"].set(ylim=(0.08, 2.0))
    panels["fluctuation"].set_yticks([0.1, 0.2, 0.5, 1, 2], ["0.1", "0.2", "0.5", "1", "2"])
    panels["fluctuation"].set_title(r"$\Vert f-\bar f\Vert$ over $\Vert\bar f\Vert$")
    panels["excess"].set(ylim=(FLOOR, 20.0))
    panels["excess"].set_yticks([0.2, 0.5, 1, 2, 5, 10], ["0.2 %", "0.5 %", "1 %", "2 %", "5 %", "10 %"])
    panels["excess"].set_title("test error above its limit")
    for ax in panels.values():
        ax.set_yticks([], minor=True)
        ax.set_xticks([], minor=True)
    looks = {"flow": (colours.states["sat"], "o"), "adam": (colours.states["unsat"], "D")}
    marks, fits, dots, low, old, creeping = {}, {}, {}, {}, {}, {}
    for regime, (colour, mark) in looks.items():
        for name, ax in panels.items():
            marks[regime, name] = Level(stage, ax, colour, mark, linewidth=0)
            fits[regime, name] = Level(stage, ax, colour, linewidth=1.8, zorder=3)
            old[regime, name] = Level(stage, ax, colours.sources["ghost"], mark, **{**hollow(stage), "linewidth": 0})
        look: dict[str, Any] = dict(linestyle="none", color=colour, alpha=0.45, markeredgewidth=0)
        dots[regime] = stage.actor(panels["excess"].plot([], [], marker=mark, markersize=4, **look)[0])
        hole = {**look, "markerfacecolor": "none", "markeredgewidth": 1.0, "alpha": 0.8}
        creeping[regime] = stage.actor(panels["excess"].plot([], [], marker=mark, markersize=4.5, **hole)[0])
        low[regime] = stage.actor(panels["excess"].plot([], [], marker="v", markersize=5, **look)[0])
    theory = {name: Level(stage, ax, colours.sources["theory"], zorder=4, **style.LINES["theory"]) for name, ax in panels.items()}
    waits = stage.actor(panels["excess"].text(0.5, 0.5, "", transform=panels["excess"].transAxes, ha="center", va="center"))
    key(stage, [*(line_entry(stage, WORDS[regime], colour=colour, marker=mark, markersize=6.5) for regime, (colour, mark) in looks.items()),
                line_entry(stage, "slopes −1/4, −1/2: theory", "theory"),
                line_entry(stage, "one network", colour=colours.states["sat"], marker="o", markersize=4, linewidth=0),
                line_entry(stage, "unfinished", colour=colours.states["sat"], marker="o", markersize=4.5, linewidth=0,
                           markerfacecolor="none"),
                line_entry(stage, "below the axis", colour=colours.states["sat"], marker="v", markersize=5, linewidth=0)],
        columns=2)  # fmt: skip
    kept = kept_names(stage, below=True)

    def draw(ds: Any, context: Context) -> None:
        N = np.asarray(ds.N.values, float)
        waits.set_text("" if np.isfinite(ds.excess).any() else "told when the widest\nnetworks are trained")
        for r, regime in enumerate(ds.regime.values):
            for name in panels:
                y, error = numbers(ds, r, name)
                marks[regime, name].set(N, y, error)
                fits[regime, name].set(*through(N, y, line_fit(N, y)[0]))
                if regime == "flow":
                    theory[name].set(*through(N, y, THEORY[name]))
                before = context.ghosts[-1][1][-1] if context.ghosts else None
                old[regime, name].set(*((before.N.values, numbers(before, r, name)[0]) if before is not None else ((), ())))
            single = above_limit(ds, r)
            x, y = np.repeat(N, single.shape[1]), single.ravel()
            open_ = np.ravel(ds.state.values[r]) == "unfinished"
            for line, chosen in ((dots[regime], ~open_), (creeping[regime], open_)):
                line.set_data(x[chosen & (y > FLOOR)], y[chosen & (y > FLOOR)])
            low[regime].set_data(x[y <= FLOOR], np.full((y <= FLOOR).sum(), 1.08 * FLOOR))
        kept.set(context.ghosts[-1:])

    return draw


FLOOR = 0.1  # per cent, at the foot of the axis


def above_limit(ds: Any, regime: int) -> np.ndarray:
    """Test error of every network above that of the mean output of the widest, in per cent; NaN until those are trained."""
    table = 100 * np.asarray(ds.test_error.values[regime], float)
    return table - (np.nanmean(table[-1]) - 100 * float(ds.excess[regime, -1])) if np.isfinite(table[-1]).any() else np.nan * table


def numbers(ds: Any, regime: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    """What a panel shows at each N, and its standard error where it is known. What is not positive is NaN: the axis is logarithmic."""
    if name == "fluctuation":
        mean = ds.f_mean_rms.values[regime]
        y = ds.fluctuation.values[regime] / np.where(mean > 0, mean, np.nan)
        error = np.full(y.shape, np.nan)
    else:
        y, error = 100 * ds.excess.values[regime], 100 * mean_of(ds.test_error.values[regime])[1]
    return np.where(y > 0, y, np.nan), np.where(error < 0.9 * y, error, np.nan)


def through(x: np.ndarray, y: np.ndarray, power: float) -> tuple[Any, Any]:
    """A power law through the middle of what is known; nothing where fewer than three points are."""
    known = np.isfinite(y)
    return power_law(x[known], y[known], power) if known.sum() >= 3 and np.isfinite(power) else ((), ())
