"""Training as kernel regression: networks, their linearisations and the infinitely wide network, at one time of their training."""

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from ..dots import KeptNames
from ..generalization.marks import Level, beside
from ..stage import Context, Draw, Stage
from .marks import Table, gap_colour, geometric_mean, mark_look

TOP = 2.4  # |f| at the ends of the axis
MOST = 24  # seeds that are drawn


def kernel_training(stage: Stage) -> Draw:
    """f at the chosen time, real, linearised and infinite; beside it the loss and the distance of the two against time."""
    colours = stage.colours
    ax, (loss, gap) = beside(stage, 0.4, foot=92, under=132, apart=44)
    curves, digits = Curves(stage, ax), Digits(stage, ax)
    for panel in (loss, gap):
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.grid(axis="y")
        panel.set_yticks([], minor=True)
    loss.set(label="loss", ylim=(1e-6, 3))
    loss.set_yticks([1e-6, 1e-4, 1e-2, 1], ["10⁻⁶", "10⁻⁴", "0.01", "1"])
    loss.set_title("training loss")
    gap.set(label="gap", ylim=(1e-4, 100))
    gap.set_yticks([1e-4, 1e-2, 1], ["10⁻⁴", "0.01", "1"])
    gap.set_title("off the frozen kernel")
    gap.set_xlabel("time  $t$", labelpad=1)
    blue, off, moved = colours.states["sat"], gap_colour(stage), colours.states["unsat"]
    dashed = (0, (3, 2))
    thin = {}
    for name, panel, colour, dashes in (("train_loss_real", loss, blue, "-"), ("train_loss_linear", loss, blue, dashed),
                                        ("theta_change_trace", gap, moved, "-"), ("f_gap", gap, off, "-")):  # fmt: skip
        lines = LineCollection([], colors=colour, linestyles=dashes, zorder=3)
        thin[name] = stage.actor(panel.add_collection(lines, autolim=False))
    infinite = Level(stage, loss, colours.ink, zorder=4, linewidth=2.2)
    cursors = [stage.actor(panel.axvline(1, color=colours.faint, linewidth=1.6, zorder=2)) for panel in (loss, gap)]
    old = [Level(stage, panel, colours.sources["ghost"], zorder=1.5, linewidth=1.4) for panel in (loss, gap)]
    looks = [dict(color=blue, linewidth=1.6), dict(color=blue, linewidth=1.6, linestyle=dashed), dict(color=colours.ink, linewidth=2.2),
             mark_look(colours.sources["theory"], "o", 7), dict(color=moved, linewidth=1.6), dict(color=off, linewidth=1.6)]  # fmt: skip
    key = Table(stage, looks, 14, stage.height - (88 if stage.narrow else 76), columns=2 if stage.narrow else 3,
                apart=188 if stage.narrow else 0.325 * stage.width)  # fmt: skip
    kept = KeptNames(stage, 26, 20, ("",))
    scale: list[Any] = [None]

    def times_axis(ends: tuple[float, float]) -> None:
        ticks = [t for t in 10.0 ** np.arange(-4, 7) if ends[0] <= t <= ends[1]]
        ticks = ticks[::2] if len(ticks) > 4 else ticks
        for panel in (loss, gap):
            panel.set_xlim(*ends)
            panel.set_xticks(ticks, [f"{t:g}" for t in ticks])
            panel.set_xticks([], minor=True)

    curves.frame()  # what is seen while the result waits for a prediction
    times_axis((0.07, 140.0))

    def draw(ds: Any, context: Context) -> None:
        place = place_of(ds, context.values.get("time"))
        times = np.asarray(ds.time.values, float)
        ends = float(times[1]) / 1.4, float(times[-1]) * 1.4
        pictures = bool(np.isfinite(ds.place_label.values).any())
        if scale[0] != (ends, pictures):
            scale[0] = ends, pictures
            times_axis(ends)
            (digits if pictures else curves).frame()
            stage.reset_scenery()
        told = f"{times[place]:.3g}"
        title = f"{'f of the network' if pictures else 'what they answer'} at $t$ = {told}".replace("f of", "$f$ of")
        if ax.get_title(loc="left") != title:
            ax.set_title(title)
            stage.reset_scenery()
        curves.show(not pictures)
        digits.show(pictures)
        (digits if pictures else curves).set(ds, place)
        for name, lines in thin.items():
            table = ds[name].values[1:, :MOST]
            put(lines, [np.column_stack([times[1:], column])[np.isfinite(column) & (column > 0)] for column in table.T])
        infinite.set(times[1:], np.where(ds.train_loss_infinite.values[1:] > 0, ds.train_loss_infinite.values[1:], np.nan))
        for cursor in cursors:
            cursor.set_xdata([max(times[place], ends[0])] * 2)
        before = context.ghosts[-1][1][-1] if context.ghosts else None
        for line, name in zip(old, ("train_loss_real", "f_gap"), strict=True):
            line.set(*((before.time.values[1:], geometric_mean(before[name].values[1:])) if before is not None else ((), ())))
        key.set(["one network", "linearised" if stage.narrow else "linearised, same start",
                 "infinite width" if pictures else "infinite, ± 2 s.d." if stage.narrow else "infinite width, mean ± 2 s.d.",
                 "" if pictures else "training points",
                 r"$\Delta\Theta$", r"$f$ from linearised $f$"])  # fmt: skip
        kept.set(context.ghosts[-1:])

    return draw


def place_of(ds: Any, time: Any) -> int:
    """The time of the table nearest to `time`, or the last one that the networks have reached, if that is earlier."""
    times = np.asarray(ds.time.values, float)
    asked = len(times) - 1 if time is None else int(np.abs(times - float(time)).argmin())
    known = np.flatnonzero(np.isfinite(ds.train_loss_real.values).any(1))
    return min(asked, int(known[-1])) if known.size else 0


def put(lines: LineCollection, segments: list[Any]) -> None:
    """One line a network, the first one bold, so that its partner in the other collection can be found."""
    lines.set_segments(segments)
    lines.set_linewidth([2.2] + [1.1] * (len(segments) - 1))
    lines.set_alpha([1.0] + [0.45] * (len(segments) - 1) if segments else None)


class Curves:
    """Functions on a circle."""

    def __init__(self, stage: Stage, ax: Any):
        self.stage, self.ax = stage, ax
        colours = stage.colours
        look: dict[str, Any] = dict(colors=colours.states["sat"], zorder=3)
        self.band = ax.fill_between([0.0, 1.0], [0.0, 0.0], [0.0, 0.0], color=colours.ink, alpha=0.13, linewidth=0, zorder=1)
        self.mean = Level(stage, ax, colours.ink, zorder=2, linewidth=2.4)
        self.real = ax.add_collection(LineCollection([], **look), autolim=False)
        self.linear = ax.add_collection(LineCollection([], linestyles=(0, (3, 2)), **look), autolim=False)
        look = {**mark_look(colours.sources["theory"], "o", 8.5), "markeredgewidth": 0.8, "markeredgecolor": colours.page}
        self.points = ax.plot([], [], zorder=5, **look)[0]
        stage.actor([self.band, self.real, self.linear, self.points])
        self.artists = [self.band, self.mean.line, self.real, self.linear, self.points]

    def frame(self) -> None:
        self.ax.set(xlim=(-np.pi, np.pi), ylim=(-TOP, TOP), label="functions", xlabel="place on the circle", ylabel="")
        self.ax.set_xticks([-np.pi, 0, np.pi], ["−π", "0", "π"])
        self.ax.set_yticks([-2, -1, 0, 1, 2], ["−2", "−1", "0", "1", "2"])

    def show(self, there: bool) -> None:
        for artist in self.artists:
            artist.set_visible(there)

    def set(self, ds: Any, place: int) -> None:
        angle = np.asarray(ds.place_angle.values, float)
        for lines, name in ((self.real, "f_real"), (self.linear, "f_linear")):
            rows = ds[name].values[place][:MOST]
            put(lines, [np.column_stack([angle, np.clip(row, -2 * TOP, 2 * TOP)]) for row in rows if np.isfinite(row).all()])
        mean, spread = ds.f_infinite.values[place], ds.f_infinite_spread.values[place]
        self.mean.set(angle, mean)
        above, below = (np.column_stack([angle, mean + side * spread]) for side in (2, -2))
        self.band.set_verts([np.concatenate([above, below[::-1]])])
        self.points.set_data(ds.point_angle.values, ds.target.values)


class Digits:
    """Answers to test digits: those of the network against those of its linearisation; on the diagonal they are the same."""

    def __init__(self, stage: Stage, ax: Any):
        self.stage, self.ax = stage, ax
        colours = stage.colours
        looks = ((1, colours.states["sat"], "o"), (-1, colours.sources["theory"], "o"))
        self.dots = {sign: ax.plot([], [], zorder=3, alpha=0.55, **mark_look(colour, mark, 4.5))[0] for sign, colour, mark in looks}
        self.line = ax.plot([-9, 9], [-9, 9], color=colours.faint, linewidth=1.2, zorder=1)[0]
        self.mean = ax.plot([], [], linestyle="none", marker="s", markersize=5.5, markerfacecolor="none", color=colours.ink, zorder=4)[0]
        handles = [Line2D([], [], label=words, **mark_look(looks[i][1], "o", 7)) for i, words in enumerate(("odd digit", "even digit"))]
        handles.append(Line2D([], [], linestyle="none", marker="s", markersize=5.5, markerfacecolor="none", color=colours.ink,
                              label=r"their mean, at $f_\infty$"))  # fmt: skip
        self.key = ax.legend(handles=handles, loc="upper left", handletextpad=0.3, borderaxespad=0.1, labelspacing=0.25)
        self.artists = [*self.dots.values(), self.line, self.mean, self.key]
        stage.actor(self.artists)

    def frame(self) -> None:
        self.ax.set(xlim=(-3, 3), ylim=(-3, 3), label="answers", xlabel="$f$ of the linearised network, same start", ylabel="")
        self.ax.set_xticks([-2, -1, 0, 1, 2], ["−2", "−1", "0", "1", "2"])
        self.ax.set_yticks([-2, -1, 0, 1, 2], ["−2", "−1", "0", "1", "2"])

    def show(self, there: bool) -> None:
        for artist in self.artists:
            artist.set_visible(there)

    def set(self, ds: Any, place: int) -> None:
        label = np.asarray(ds.place_label.values)
        for sign, line in self.dots.items():
            line.set_data(*(np.ravel(ds[name].values[place][:, label == sign]) for name in ("f_linear", "f_real")))
        self.mean.set_data(ds.f_infinite.values[place], ds.f_real.values[place].mean(0))
