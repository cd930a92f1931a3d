"""The picture of N*(P): how many weights P points need, live at one P and stored over all, for data with and without structure."""

import re
import textwrap
from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from . import style
from .dots import KeptNames, behind_words, below, grey_mark, most, put
from .stage import Context, Draw, Stage

POINTS, WEIGHTS = (100.0, 200_000.0), (20.0, 20_000.0)  # the axes
PANELS = {  # panel → (title, its stored curves, where their names begin, a word of the marks that belong into it)
    "smooth": ("two layers of swish", ("digits", "random_labels", "random_points", "cross_entropy"), 5600.0, "random points"),
    "relu": ("L layers of ReLU, digits", ("relu_5", "relu_3", "relu_1"), 2700.0, "slide"),
}
TOGETHER = re.compile(r"(?<==) | (?==)|(?<=\d) (?=\d|steps)")  # spaces at which no line may break
COLUMN = 10**0.055  # half the width of the column of sizes at a P
PER_WEIGHT = 3.0  # the dashed line, a guide: about P/N* of random points in the literature
FAN = 0.13  # how dense the colour of what the brackets allow is


def threshold(stage: Stage) -> Draw:
    """N* against P on logarithmic axes: the run at its P, with all its sizes; stored curves and their brackets; what was published."""
    figure = stage.figure
    if stage.narrow:
        grid = figure.add_gridspec(2, 1, hspace=0.34, left=0.14, right=0.96, top=0.965, bottom=0.207)
        panels = {name: figure.add_subplot(grid[i]) for i, name in enumerate(PANELS)}
    else:
        grid = figure.add_gridspec(1, 2, wspace=0.07, left=78 / stage.width, right=0.978, top=0.93, bottom=0.275)
        panels = {name: figure.add_subplot(grid[0, i]) for i, name in enumerate(PANELS)}
    for name, ax in panels.items():
        _axes(stage, ax, name)
    if not stage.narrow:
        panels["smooth"].set_ylabel("weights at the threshold  $N^*$", labelpad=1)
        panels["relu"].set_yticklabels([])
    _legend(stage)
    live = _Live(stage, panels["smooth"])
    kept = KeptNames(stage, 12, 114, KEPT[: most(stage)]) if stage.narrow else KeptNames(stage, 0.7 * stage.width, 66, KEPT)
    scenery: list[Any] = []
    shown = None

    def draw(ds: Any, context: Context) -> None:
        nonlocal shown
        if context.behind is not shown:
            shown = context.behind
            while scenery:
                scenery.pop().remove()
            if shown is not None:
                for name, ax in panels.items():
                    scenery.extend(_stored(stage, ax, name, shown))
            stage.reset_scenery()
        live.set(ds, context)
        kept.set(context.ghosts)

    return draw


KEPT = ("s", "v", "h")


def _axes(stage: Stage, ax: Any, name: str) -> None:
    """Logarithmic axes with the lines N = P and N = P/3."""
    colours = stage.colours
    ax.set(xscale="log", yscale="log", xlim=POINTS, ylim=WEIGHTS, label=name)
    ax.set_title(PANELS[name][0])
    ax.set_xlabel("points  $P$", labelpad=1)
    for axis, ticks in ((ax.xaxis, [100, 1000, 10_000, 100_000]), (ax.yaxis, [100, 1000, 10_000])):
        axis.set_ticks(ticks, [f"{t}" if t <= 1000 else f"$10^{len(str(t)) - 1}$" for t in ticks])
        axis.set_ticks([], minor=True)
    ends = np.array(POINTS)
    ax.plot(ends, ends, color=colours.faint, linewidth=0.8, alpha=0.7, zorder=1)
    ax.text(108, 300, "$N=P$", ha="left", va="center", color=colours.faint, fontsize=_small(stage))
    ax.plot(ends, ends / PER_WEIGHT, color=colours.sources["theory"], zorder=1.2, **style.LINES["theory"])


def _small(stage: Stage) -> float:
    """The size of words inside the axes."""
    return 9.0 if stage.narrow else 10.0 if stage.width >= 840 else 9.0


class _Live:
    """The run: a mark at its N*, and at its P a bar for every size, thick and blue as far as its networks fit; other P, pale."""

    def __init__(self, stage: Stage, ax: Any):
        colours = stage.colours
        self.fit = LineCollection([], linewidths=4.0, colors=colours.states["sat"], zorder=4, capstyle="butt")
        self.rest = LineCollection([], linewidths=1.5, colors=colours.states["unsat"], zorder=4, capstyle="butt")
        look: dict[str, Any] = dict(linestyle="none", marker="o", color=colours.ink, zorder=6)
        self.star = ax.plot([], [], markersize=9, markeredgecolor=colours.page, **look)[0]
        self.trail = ax.plot([], [], markersize=6.5, alpha=0.45, markeredgewidth=0, **look)[0]
        self.ghosts = [ax.plot([], [], zorder=5, **grey_mark(stage, mark))[0] for mark in KEPT[: most(stage)]]
        self.words = ax.text(115, 3700, "", va="top", linespacing=1.15, fontsize=_small(stage), color=colours.ink)
        for bars in (self.fit, self.rest):
            stage.actor(ax.add_collection(bars, autolim=False))
        stage.actor([self.trail, *self.ghosts, self.star, self.words])

    def set(self, ds: Any, context: Context) -> None:
        P, N = float(ds.P), np.asarray(ds.N.values, float)
        known = (ds.state.values != "waiting").any(-1)
        share = (ds.state.values == "sat").mean(-1)
        left, right = P / COLUMN, P * COLUMN
        middle = left * (right / left) ** share
        self.fit.set_segments([[(left, n), (m, n)] for n, m, s in zip(N[known], middle[known], share[known]) if s > 0])
        self.rest.set_segments([[(m, n), (right, n)] for n, m, s in zip(N[known], middle[known], share[known]) if s < 1])
        put(self.star, *_found([ds]))
        put(self.trail, *_found(context.trail))
        kept = context.ghosts[-len(self.ghosts) :]
        for i, line in enumerate(self.ghosts):
            put(line, *_found(kept[i][1] if i < len(kept) else []))
        at = float(ds.N_star)
        found = f"$N^*$ = {at:.0f}\n$P/N^*$ = {P / at:.2g}" if np.isfinite(at) else "no $N^*$ inside\nthese sizes yet"
        if not np.isin(ds.state.values, ("waiting", "running")).any() and not np.isfinite(at):
            if (share >= 0.5).all():
                found = f"$N^*$ below {N.min():.0f}: most\nfit at every size"
            elif (share < 0.5).all():
                found = f"$N^*$ above {N.max():.0f}: few\nfit at any size"
        self.words.set_text(f"this run, $P$ = {P:.0f}:\n{found}")


def _found(datasets: Iterable[Any]) -> tuple[np.ndarray, np.ndarray]:
    """P and N* of runs that have one."""
    pairs = np.array([(float(ds.P), float(ds.N_star)) for ds in datasets]).reshape(-1, 2)
    pairs = pairs[np.isfinite(pairs[:, 1])]
    return pairs[:, 0], pairs[:, 1]


def _stored(stage: Stage, ax: Any, name: str, ds: Any) -> list[Any]:
    """The stored curves of a panel, each with its brackets, its power law in words, and the marks at fixed N."""
    _, curves, column, belongs = PANELS[name]
    made: list[Any] = []
    ends = []
    for curve in (curve for curve in curves if curve in ds.curve.values):
        one = ds.sel(curve=curve).dropna("P", subset=["N_star"])
        if not one.sizes["P"]:
            continue
        look = dict(color=stage.colours.series[curve])
        P, at = one.P.values.astype(float), one.N_star.values
        made.append(ax.plot(P, at, marker=style.SERIES[curve], markersize=5, linewidth=1.3, zorder=2, markeredgewidth=0, **look)[0])
        made.append(ax.vlines(P, one.N_star_low.values, one.N_star_high.values, linewidth=1.0, zorder=1.9, **look))
        ends.append((at[-1], curve, one))
    top = 0.6 * column / PER_WEIGHT
    gap = (WEIGHTS[1] / WEIGHTS[0]) ** (1.25 * _small(stage) * 100 / 72 / (ax.get_position().height * stage.height))
    for end, curve, one in sorted(ends, key=lambda found: -found[0]):
        top = min(end, top)
        power = ""
        if np.isfinite(one.exponent):
            within = "" if stage.narrow else rf"\pm{float(one.exponent_high - one.exponent_low) / 2:.1f}"
            power = rf" $P^{{\,{float(one.exponent):.1f}{within}}}$"
        look = dict(color=stage.colours.series[curve])
        made.append(ax.plot([column], [top], marker=style.SERIES[curve], markersize=6, markeredgewidth=0, **look)[0])
        made.append(ax.text(1.18 * column, top, f"{one.words.item()}{power}", va="center", fontsize=_small(stage)))
        top /= gap
    if name == "relu" and ends and np.isfinite(ds.exponent.sel(curve=curves[0])):
        made += _continued(stage, ax, ds.sel(curve=curves[0]), curves[0])
    for mark in range(ds.sizes["mark"]):
        one = ds.isel(mark=mark)
        if belongs in str(one.told.item()):
            made += _mark(stage, ax, one, upper=name == "smooth" or one.kind.item() == "stored")
    return made


def _continued(stage: Stage, ax: Any, one: Any, curve: str) -> list[Any]:
    """The power law of a curve beyond its last P, dashed, and how far its brackets let it turn."""
    beyond = one.sel(ahead=slice(float(one.P[np.isfinite(one.N_star)].max()), None))
    look = dict(color=stage.colours.series[curve], zorder=1.8)
    fan = ax.fill_between(beyond.ahead, beyond.continued_low, beyond.continued_high, alpha=FAN, linewidth=0, **look)
    return [fan, ax.plot(beyond.ahead, beyond.continued, linewidth=1.4, linestyle=(0, (4, 3)), **look)[0]]


def _mark(stage: Stage, ax: Any, one: Any, upper: bool) -> list[Any]:
    """A range of P at fixed N, its words in a free corner, and a thin line that joins the two.

    The line begins at the longest row of the words, which is the one that reaches their edge, or above their middle.
    """
    N, low, high = (float(one[name]) for name in ("mark_N", "mark_P_low", "mark_P_high"))
    published = one.kind.item() == "published"
    colour = stage.colours.ink if published else stage.colours.series["relu_5"]
    words = textwrap.fill(TOGETHER.sub("\u00a0", one.told.item()), 26 if upper else 24)
    size = _small(stage)
    thin = dict(color=stage.colours.faint, linewidth=0.8, zorder=1.1)
    bar = ax.plot([low, high], [N, N], color=colour, linewidth=4.5 if published else 2.2, marker="" if published else "|", markersize=9,
                  solid_capstyle="butt", zorder=3)[0]  # fmt: skip
    at: dict[str, Any] = dict(fontsize=size, linespacing=1.15, transform=ax.transAxes, bbox=behind_words(stage), zorder=1.15)
    if upper:
        text = ax.text(0.02, 0.985, words, ha="left", va="top", **at)
        box = _extent(stage, ax, text)
        measure, letters = stage.canvas.get_renderer().get_text_width_height_descent, text.get_fontproperties()
        rows = [measure(row, letters, False)[0] for row in words.split("\n")]
        start = _data(box.x1 + 0.012, box.y1 - box.height * (rows.index(max(rows)) + 0.5) / len(rows))
    else:
        text = ax.text(0.985, 0.02, words, ha="right", va="bottom", **at)
        middle = (low * high) ** 0.5
        start = (middle, _data(0, _extent(stage, ax, text).y1 + 0.008)[1])
    end = (low, N) if upper else (middle, N)
    return [bar, text, ax.plot(*zip(start, end), **thin)[0]]


def _extent(stage: Stage, ax: Any, text: Any) -> Any:
    """The box of words in shares of the axes."""
    return text.get_window_extent(stage.canvas.get_renderer()).transformed(ax.transAxes.inverted())


def _data(x: float, y: float) -> tuple[float, float]:
    """A place in shares of the axes, in P and N."""
    return POINTS[0] * (POINTS[1] / POINTS[0]) ** x, WEIGHTS[0] * (WEIGHTS[1] / WEIGHTS[0]) ** y


def _legend(stage: Stage) -> None:
    """What is live, stored, published, theory; below the axes."""
    colours = stage.colours
    dot: dict[str, Any] = dict(linestyle="none", marker="o", color=colours.ink)
    handles = [
        Line2D([], [], markersize=9, label="this run: half fit", **dot),
        Line2D([], [], markersize=6.5, alpha=0.45, label="found before", **dot),
        Line2D([], [], color=colours.states["sat"], linewidth=4, label="share that fits"),
        Line2D([], [], color=colours.states["unsat"], linewidth=1.5, label="share that does not"),
        Line2D([], [], color=colours.series["digits"], marker="o", markersize=5, linewidth=1.3, label="stored, with bracket"),
        Line2D([], [], color=colours.series["relu_5"], linewidth=1.4, linestyle=(0, (4, 3)), label="law, continued"),
        Patch(facecolor=colours.series["relu_5"], alpha=FAN, linewidth=0, label="its brackets"),
        Line2D([], [], color=colours.ink, linewidth=4.5, solid_capstyle="butt", label="published"),
        Line2D([], [], color=colours.sources["theory"], label="$N=P/3$, a guide", **style.LINES["theory"]),
    ]
    size = style.FONT_SIZE if stage.width >= 880 else style.NARROW_SIZE  # the names of what was kept stand beside it
    place = dict(handlelength=1.8, **below(stage))
    if 640 <= stage.width < 720:  # closer, so that the names keep their room
        place.update(columnspacing=0.5, handlelength=1.4)
    stage.figure.legend(handles=handles, handletextpad=0.5, labelspacing=0.25, borderaxespad=0.0, fontsize=size, **place)
