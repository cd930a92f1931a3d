"""Pictures of the first lesson: the plane coloured by f(w, x) with the loss of every network; and digits, counted as they are learned."""

from typing import Any

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patheffects import withStroke

from . import style
from .dots import Dots, Prediction, legend
from .stage import Context, Draw, Stage

FLOOR, CEILING = 1e-15, 30.0  # the loss axis: at its lower edge are losses so small that every point is satisfied
LOWER = 1e-16
STATES = ("sat", "unfinished", "unsat", "dead", "failed", "running")
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)))  # of what was kept, in turn


def learning(stage: Stage) -> Draw:
    """Left: what the first network answers at every point of the plane. Right: loss against steps, and N_Δ, for every network."""
    figure = stage.figure
    if stage.narrow:
        grid = figure.add_gridspec(
            3, 1, height_ratios=[2.2, 1.2, 0.42], hspace=0.66, left=0.17, right=0.96, top=0.95, bottom=0.16
        )
        plane, loss, left = (figure.add_subplot(grid[i]) for i in range(3))
    else:
        grid = figure.add_gridspec(2, 2, height_ratios=[1.9, 0.5], width_ratios=[1, 1.15], hspace=0.98, wspace=0.2,
                                   left=0.02, right=0.97, top=0.915, bottom=0.275)  # fmt: skip
        plane = figure.add_axes((0.02, 0.14, 0.42, 0.775))
        loss, left = figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
    _key(stage, (0.5, 0.0) if stage.narrow else (0.72, 0.0), 3)
    draws = _plane(stage, plane), _loss(stage, loss), _unsatisfied(stage, left)

    def draw(ds: Any, context: Context) -> None:
        for each in draws:
            each(ds, context)

    return draw


def digits(stage: Stage) -> Draw:
    """How many points each network leaves: against iterations, and at the end, one dot a network."""
    if stage.narrow:
        grid = stage.figure.add_gridspec(
            2, 1, height_ratios=[1.5, 1], hspace=0.4, left=0.17, right=0.96, top=0.95, bottom=0.17
        )
        trace, end = (stage.figure.add_subplot(grid[i]) for i in range(2))
    else:
        grid = stage.figure.add_gridspec(
            1, 2, width_ratios=[1.5, 1], wspace=0.16, left=0.09, right=0.97, top=0.91, bottom=0.26
        )
        trace, end = (stage.figure.add_subplot(grid[0, i]) for i in range(2))
    _key(stage, (0.5, 0.0), 3 if stage.narrow else 6)
    draws = _counts(stage, trace), _ends(stage, end)
    guess = Prediction(stage, trace)

    def draw(ds: Any, context: Context) -> None:
        for each in draws:
            each(ds, context)
        guess.set(context)

    return draw


def _key(stage: Stage, place: tuple[float, float], columns: int) -> None:
    """The marks of all states below the picture, where no curve runs."""
    made = legend(
        stage, stage.figure, STATES, loc="lower center", bbox_to_anchor=place, ncol=columns, columnspacing=1.2
    )
    for text in made.get_texts():  # one word each: what it means is said in the lesson
        text.set_text(text.get_text().split(":")[0])


def _plane(stage: Stage, ax: Any) -> Any:
    ax.set(label="plane", xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), aspect="equal", xticks=[], yticks=[])
    ax.set_title("f(w, x) on the plane")
    ax.set_xlabel("circle y = +1, square y = −1\nfilled: satisfied, open: below the margin", labelpad=4)
    bands = ListedColormap(_bands(stage))
    image = stage.actor(ax.imshow(np.zeros((2, 2)), cmap=bands, norm=BoundaryNorm([-1e9, -1, 0, 1, 1e9], 4), origin="lower",
                                  extent=(-2.2, 2.2, -2.2, 2.2), interpolation="bilinear", zorder=1))  # fmt: skip
    marks = {(y, met): _mark(stage, ax, y, met) for y in (1, -1) for met in (True, False)}
    stage.actor(list(marks.values()))

    def draw(ds: Any, context: Context) -> None:
        image.set_data(np.clip(np.nan_to_num(ds.f.values), -3, 3))
        met = np.asarray(ds.gap.values) <= 1e-6
        for (y, wanted), line in marks.items():
            chosen = (np.asarray(ds.y.values) == y) & (met == wanted)
            line.set_data(ds.x1.values[chosen], ds.x2.values[chosen])

    return draw


def _bands(stage: Stage) -> list[str]:
    """f < −1, −1 … 0, 0 … 1, > 1: light by the margin, strong beyond it. Purple and green are no state's colour."""
    return (
        ["#5b3a6e", "#33253d", "#1f3527", "#2a6a3d"]
        if stage.colours.dark
        else ["#c9aed6", "#f0e8f4", "#e8f5e6", "#a6dba0"]
    )


def _mark(stage: Stage, ax: Any, y: int, met: bool) -> Any:
    """Shape says the label, filling says satisfied; the colour is always ink."""
    ink = stage.colours.ink
    return ax.plot([], [], linestyle="none", marker="o" if y > 0 else "s", markersize=7.5, markeredgecolor=ink,
                   markerfacecolor=ink if met else "none", markeredgewidth=1.4, zorder=3)[0]  # fmt: skip


class Curves:
    """One line a network in the colour of how it ended, its mark at the line's end; what was kept lies behind, in grey."""

    def __init__(self, stage: Stage, ax: Any, name: str, low: float, high: float, corner: tuple[float, float]):
        self.stage, self.ax, self.name, self.low, self.high = stage, ax, name, low, high
        self.lines: list[Any] = []
        heights = [corner[1] - 0.12 * i for i in range(len(DASHES))]
        grey = {**style.LINES["ghost"], "color": stage.colours.sources["ghost"]}
        self.kept = [ax.plot([], [], zorder=1.5, **{**grey, "linestyle": dash})[0] for dash in DASHES]
        self.keys = [ax.plot([corner[0], corner[0] + 0.08], [y, y], transform=ax.transAxes, zorder=1.5, **{**grey, "linestyle": dash})[0]
                     for dash, y in zip(DASHES, heights)]  # fmt: skip
        self.words = [
            ax.text(
                corner[0] + 0.1, y, "", transform=ax.transAxes, color=stage.colours.faint, va="center", fontsize="small"
            )
            for y in heights
        ]
        self.ends = Dots(stage, ax)
        for word in self.words:  # it stays readable where a curve runs behind it
            word.set(zorder=5, path_effects=[withStroke(linewidth=3, foreground=stage.colours.page)])
        stage.actor([*self.kept, *self.keys, *self.words])

    def table(self, ds: Any) -> tuple[np.ndarray, np.ndarray]:
        """Steps (T,), and what is drawn (T, seeds) inside the axis."""
        trace = np.asarray(ds[self.name].transpose("step", "seed").values, float)
        broken = np.isinf(trace)
        return np.asarray(ds.step.values, float), np.where(broken, self.high, np.clip(trace, self.low, self.high))

    def set(self, ds: Any, context: Context) -> None:
        steps, trace = self.table(ds)
        last = max(steps[-1], 1)
        if self.ax.get_xlim()[1] != 1.03 * last:
            self.ax.set_xlim(-0.01 * last, 1.03 * last)
            self.stage.reset_scenery()
        while len(self.lines) < trace.shape[1]:
            self.lines.append(self.stage.actor(self.ax.plot([], [], **style.LINES["live"])[0]))
        at = np.full((2, trace.shape[1]), np.nan)
        for i, line in enumerate(self.lines):
            line.set_visible(i < trace.shape[1])
            if i < trace.shape[1]:
                known = np.flatnonzero(np.isfinite(trace[:, i]))
                line.set_data(steps[known], trace[known, i])
                line.set_color(self.stage.colours.states.get(str(ds.state.values[i]), self.stage.colours.ink))
                if known.size:
                    at[:, i] = steps[known[-1]], trace[known[-1], i]
        self.ends.set(at[0], at[1], ds.state.values)
        self._set_kept(context)

    def _set_kept(self, context: Context) -> None:
        kept = context.ghosts[-len(self.kept) :]
        for i, (line, key, word) in enumerate(zip(self.kept, self.keys, self.words)):
            there = i < len(kept)
            for artist in (line, key, word):
                artist.set_visible(there)
            if there:
                steps, trace = self.table(kept[i][1][-1])
                rows = np.vstack([trace, np.full(trace.shape[1], np.nan)])  # a gap between one network and the next
                line.set_data(np.tile(np.append(steps, np.nan), trace.shape[1]), rows.T.ravel())
                word.set_text(kept[i][0].removeprefix("kept: ") if self.stage.narrow else kept[i][0])


def _loss(stage: Stage, ax: Any) -> Any:
    ax.set(label="loss", yscale="log", ylim=(LOWER, CEILING), xlabel="step against the gradient")
    ax.set_title("loss of every network")
    ax.set_yticks([FLOOR, 1e-10, 1e-5, 1], ["≈ 0", "$10^{-10}$", "$10^{-5}$", "1"])
    ax.set_yticks([], minor=True)
    ax.grid(axis="y")
    return Curves(stage, ax, "loss_trace", FLOOR, CEILING, (0.02, 0.38)).set


def _counts(stage: Stage, ax: Any) -> Any:
    ax.set(label="counts", xlabel="iteration", ylabel="points below the margin", xlim=(-3, 309), ylim=(-9, 309))
    ax.set_title("points left, $N_\\Delta$")
    ax.grid(axis="y")
    curves = Curves(stage, ax, "N_delta_trace", 0, np.inf, (0.25, 0.93))

    def draw(ds: Any, context: Context) -> None:
        _height(stage, ax, float(ds.P))
        curves.set(ds, context)

    return draw


def _height(stage: Stage, ax: Any, P: float) -> None:
    if ax.get_ylim()[1] != 1.03 * P:
        ax.set_ylim(-0.03 * P, 1.03 * P)
        stage.reset_scenery()


def _ends(stage: Stage, ax: Any) -> Any:
    """One dot a network at its N_Δ, side by side."""
    ax.set(label="ends", xlabel="network (random start)", xlim=(0.3, 8.7), ylim=(-9, 309), xticks=range(1, 9))
    ax.set_title("how each network ends")
    ax.axhline(0, color=stage.colours.ink, linewidth=1.2)
    ax.grid(axis="y")
    grey, dots = _grey(stage, ax, "_"), Dots(stage, ax)

    def draw(ds: Any, context: Context) -> None:
        _height(stage, ax, float(ds.P))
        seeds = ds.sizes["seed"]
        if ax.get_xlim()[1] != seeds + 0.7:
            ax.set_xlim(0.3, seeds + 0.7)
            ax.set_xticks(range(1, seeds + 1, max(1, seeds // 8)))
            stage.reset_scenery()
        dots.set(np.arange(1, seeds + 1), np.asarray(ds.N_delta.values, float), ds.state.values)
        parts = [
            (np.arange(1, old.sizes["seed"] + 1) + 0.25, old.N_delta.values)
            for _, kept in context.ghosts
            for old in kept[-1:]
        ]
        grey.set_data(*(np.concatenate(each) if parts else [] for each in (zip(*parts) if parts else ((), ()))))

    return draw


def _unsatisfied(stage: Stage, ax: Any) -> Any:
    """One dot a network at its N_Δ, from 0 to P."""
    ax.set(label="unsatisfied", ylim=(-1, 1), yticks=[])
    ax.set_xlabel("points below the margin  $N_\\Delta$   (of $P$)", labelpad=3)
    ax.set_title("points left")
    ax.spines["left"].set_visible(False)
    ax.axvline(0, color=stage.colours.ink, linewidth=1.2)
    grey, dots = _grey(stage, ax, "|"), Dots(stage, ax)

    def draw(ds: Any, context: Context) -> None:
        P = float(ds.P)
        if ax.get_xlim()[1] != P * 1.03:
            ax.set_xlim(-0.03 * P, 1.03 * P)
            stage.reset_scenery()
        dots.set(np.asarray(ds.N_delta.values, float), _spread(ds), ds.state.values)
        parts = [(old.N_delta.values, _spread(old)) for _, kept in context.ghosts for old in kept[-1:]]
        grey.set_data(*(np.concatenate(each) if parts else [] for each in (zip(*parts) if parts else ((), ()))))

    return draw


def _grey(stage: Stage, ax: Any, mark: str) -> Any:
    """Grey ticks: networks that were kept."""
    grey = stage.colours.sources["ghost"]
    return stage.actor(ax.plot([], [], linestyle="none", marker=mark, markersize=9, color=grey, zorder=2)[0])


def _spread(ds: Any) -> np.ndarray:
    seeds = ds.sizes["seed"]
    return np.linspace(-0.6, 0.6, seeds) if seeds > 1 else np.zeros(1)
