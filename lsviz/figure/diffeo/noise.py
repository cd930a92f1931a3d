"""A picture, the same deformed, and with noise of the very same size; and how far a network's outputs move under both."""

from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from ..dots import Prediction, grey_mark
from ..generalization.marks import kept_names, key
from ..stage import Context, Draw, Stage
from .marks import axes_at, blank, inked

CHANGE = (2e-5, 30.0)  # the axis of squared changes
FRAMES = (0.2, 0.4, 1.0, 2.0, 4.0, 10.0, 20.0, 40.0, 100.0)  # largest change of one output on the axis
LEVELS = (-0.35, 1.25)  # grey levels from the page's colour to its ink: noise goes below 0 and above 1
KINDS = ("deformed", "noisy")


def looks(stage: Stage) -> dict[str, dict[str, Any]]:
    """How what a deformation does, and what noise does, are drawn."""
    return {"deformed": dict(color=stage.colours.satisfied, marker="o"), "noisy": dict(color=stage.colours.below, marker="D")}


def same_noise(stage: Stage) -> Draw:
    """x, τx and x + η; the change of each of ten outputs, draw by draw; the squared change of all, before and after training."""
    W, H = stage.width, stage.height
    if stage.narrow:
        side = (W - 40) / 3
        places = [(10 + i * (side + 10), 26, side, side) for i in range(3)]
        outputs, change = axes_at(stage, 46, 180, W - 58, 180, "outputs"), axes_at(stage, 46, 428, W - 58, 204, "change")
    else:
        side = 0.165 * W
        places = [(12 + i * (side + 12), 28, side, side) for i in range(3)]
        outputs = axes_at(stage, 52, side + 62, 3 * side - 16, H - side - 62 - 96, "outputs")
        change = axes_at(stage, 3 * side + 106, 28, W - 3 * side - 120, H - 28 - 100, "change")
    pictures = []
    for place, name, title in zip(places, ("image", *KINDS), ("$x$", r"$\tau x$", r"$x+\eta$"), strict=True):
        ax = axes_at(stage, *place, name)
        ax.set_title(title)
        pictures.append(blank(stage, ax))
    each, all_of_it = Outputs(stage, outputs), Changes(stage, change)
    look = looks(stage)
    key(stage, [("deformed", dict(markersize=7, linewidth=0, **look["deformed"])),
                ("noise of the same size", dict(markersize=6, linewidth=0, **look["noisy"])),
                ("median of draws", dict(color=stage.colours.ink, linewidth=2.6))], columns=3)  # fmt: skip

    named = kept_names(stage, below=True)

    def draw(ds: Any, context: Context) -> None:
        named.set(context.ghosts[-1:])
        levels = [ds.image.values, ds.deformed.values[0], ds.noisy.values[0]]
        bottom = min(0.0, float(np.nan_to_num(ds.image.values).min()))  # Fashion runs from −1
        for shown, grey in zip(pictures, levels, strict=True):
            shown.set_data(inked(stage, grey, bottom + LEVELS[0], LEVELS[1]))
        stages = list(map(str, ds.stage.values))
        each.set(ds.isel(stage=stages.index(context.values.get("stage", "after"))))
        all_of_it.set(ds, context)

    return draw


class Outputs:
    """How each of the ten outputs moves: a dot for each draw."""

    def __init__(self, stage: Stage, ax: Any):
        self.stage, self.ax = stage, ax
        ax.set(xlim=(-0.6, 9.6))
        ax.set_xticks(range(10))
        ax.set_xlabel("output", labelpad=1)
        ax.set_title("each output moves by")
        ax.axhline(0, color=stage.colours.ink, linewidth=1, zorder=1)
        for k in range(9):
            ax.axvline(k + 0.5, color=stage.colours.grid, linewidth=0.8, zorder=0.5)
        self.dots = {name: stage.actor(ax.plot([], [], linestyle="none", markersize=4.2, alpha=0.6, markeredgewidth=0, **one)[0])
                     for name, one in looks(stage).items()}  # fmt: skip
        self.top = 0.0
        self._frame(FRAMES[0])

    def _frame(self, top: float) -> None:
        if top != self.top:
            self.top = top
            self.ax.set_ylim(-top, top)
            self.ax.set_yticks([-top / 2, 0, top / 2], [f"−{top / 2:g}", "0", f"{top / 2:g}"])
            self.stage.reset_scenery()

    def set(self, ds: Any) -> None:
        """A Dataset at one stage."""
        moved = {name: (ds[f"answer_{name}"] - ds.answer).values for name in KINDS}
        most = max((float(np.nanmax(np.abs(v))) for v in moved.values() if np.isfinite(v).any()), default=0.0)
        self._frame(next((top for top in FRAMES if most < top), FRAMES[-1]))
        for sign, name in zip((-1, 1), KINDS, strict=True):
            table = moved[name]
            x = np.arange(10) + 0.2 * sign + 0.13 * np.linspace(-1, 1, table.shape[0])[:, None]
            known = np.isfinite(table)
            self.dots[name].set_data(x[known], np.clip(table[known], -self.top, self.top))


PLACES = {"before": 0.0, "after": 2.6}  # where the columns of a stage stand


class Changes:
    """The squared change of the outputs: a dot for each draw and a bar at their median, before and after training, with the ratio."""

    def __init__(self, stage: Stage, ax: Any):
        colours = stage.colours
        self.dots, self.bars, self.words = {}, {}, {}
        ax.set_yscale("log")
        ax.set(xlim=(-0.7, 4.3), ylim=CHANGE)
        ax.set_yticks([1e-4, 0.001, 0.01, 0.1, 1, 10], ["10⁻⁴", "", "0.01", "", "1", ""])
        ax.set_yticks([], minor=True)
        ax.set_xticks([0.5, 3.1], ["not trained", "trained"])
        ax.tick_params(axis="x", length=0)
        ax.grid(axis="y")
        ax.axvline(1.8, color=colours.grid, linewidth=1)
        ax.set_title("all outputs, squared" if stage.width < 880 else "all outputs: squared change")
        below = -26 / (ax.get_position().height * stage.height)  # under "trained"
        for place, at in PLACES.items():
            for name, one in looks(stage).items():
                dots = ax.plot([], [], linestyle="none", markersize=5.5, alpha=0.7, markeredgewidth=0, **one)[0]
                self.dots[place, name] = stage.actor(dots)
                self.bars[place, name] = stage.actor(Line2D([], [], color=colours.ink, linewidth=2.6, zorder=5))
                ax.add_line(self.bars[place, name])
            self.words[place] = stage.actor(ax.text(at + 0.5, below, "", ha="center", va="top", transform=ax.get_xaxis_transform()))
        self.kept = stage.actor(ax.plot([], [], zorder=2, **grey_mark(stage, "s"))[0])
        self.prediction = Prediction(stage, ax)

    def set(self, ds: Any, context: Context) -> None:
        old = context.ghosts[-1][1][-1] if context.ghosts else None
        self.kept.set_data(*(((), ()) if old is None else self._medians(old)))
        for k, place in enumerate(map(str, ds.stage.values)):
            medians = []
            for shift, name in enumerate(KINDS):
                y = np.asarray(ds[f"change_{name}"].values[k], float)
                known = np.isfinite(y) & (y > 0)
                x = PLACES[place] + shift + 0.28 * np.linspace(-1, 1, y.size)
                self.dots[place, name].set_data(x[known], np.clip(y[known], 1.1 * CHANGE[0], CHANGE[1] / 1.1))
                medians.append(float(np.median(y[known])) if known.any() else np.nan)
                at = PLACES[place] + shift
                self.bars[place, name].set_data([at - 0.36, at + 0.36], [medians[-1]] * 2)
            d, g = (np.asarray(ds[f"change_{name}"].values[k], float) for name in KINDS)
            known = np.isfinite(d) & np.isfinite(g) & (g > 0)
            ratio = float(np.median(d[known]) / np.median(g[known])) if known.any() else np.nan
            self.words[place].set_text(f"ratio {ratio:.2g}" if np.isfinite(ratio) else "not stored" if float(ds.progress) >= 1 else "")
        self.prediction.set(context)

    def _medians(self, ds: Any) -> tuple[list[float], list[float]]:
        """Where the medians of what was kept stand: beside the dots."""
        x = [at + shift + 0.45 for at in PLACES.values() for shift in range(2)]
        y = [float(np.median(ds[f"change_{name}"].values[k])) for k in range(2) for name in KINDS]
        return x, list(np.clip(y, *CHANGE))
