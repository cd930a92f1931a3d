"""What the pictures of chapter 4 share: the axis of N, errors in per cent, N* through all axes, a mean with its error, strips, the key."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from .. import style
from ..dots import ROOM, STATE_WORDS, Dots, Ghosts, KeptNames, behind_words, side_by_side, state_handle
from ..jamming import RATIO
from ..stage import Stage

SIZES = (30.0, 2000.0)  # the axis of N
SIZE_TICKS = (50, 100, 200, 500, 1000)
FEW_TICKS = (50, 200, 1000)  # in a small panel
RATIO_TOP = 1.6
FRAMES = ((25.0, (5.0, 27.0)), (38.0, (5.0, 45.0)), (np.inf, (0.0, 65.0)))  # errors up to → limits in per cent
COLUMN = 290.0  # pixels that the key takes beside a wide picture

Seeds = tuple[np.ndarray, np.ndarray, np.ndarray]


def average_colour(stage: Stage) -> str:
    """The mean output of many networks: a colour and a mark that no single network has."""
    return "#c9a7ff" if stage.colours.dark else "#6a3d9a"


def size_axis(ax: Any, words: bool = True, ticks: Sequence[int] = SIZE_TICKS) -> None:
    """N on a logarithmic axis; its numbers only under the lowest panel."""
    ax.set_xscale("log")
    ax.set_xlim(*SIZES)
    ax.set_xticks(ticks, [f"{t}" for t in ticks] if words else [""] * len(ticks))
    ax.set_xticks([], minor=True)
    if words:
        ax.set_xlabel("number of weights  $N$", labelpad=1)


def stacked(stage: Stage, heights: Sequence[float], foot: float, gap: float = 0.12, right: float = COLUMN) -> list[Any]:
    """Panels one above the other on one axis of N; `foot` pixels below them on a phone, `right` beside them elsewhere."""
    if stage.narrow:
        edges = dict(
            left=46 / stage.width, right=1 - 10 / stage.width, top=1 - 26 / stage.height, bottom=foot / stage.height
        )
    else:
        edges = dict(
            left=58 / stage.width, right=1 - right / stage.width, top=1 - 28 / stage.height, bottom=50 / stage.height
        )
    grid = stage.figure.add_gridspec(len(heights), 1, height_ratios=heights, hspace=gap, **edges)
    panels = [stage.figure.add_subplot(grid[i]) for i in range(len(heights))]
    for i, ax in enumerate(panels):
        size_axis(ax, words=i == len(heights) - 1)
    return panels


def seeds_of(ds: Any, name: str, scale: float = 1.0) -> Seeds:
    """N (seeds side by side), the variable and the state of every network of a scan; flat."""
    N = np.asarray(ds.N.values, float)
    x = N[..., None] * side_by_side(N, ds.sizes["seed"])
    y = np.where(
        (x >= SIZES[0]) & (x <= SIZES[1]), scale * np.asarray(ds[name].values, float), np.nan
    )  # what the axis holds
    return np.ravel(x), np.ravel(y), np.ravel(ds.state.values)


def errors_of(ds: Any) -> Seeds:
    """Test errors in per cent."""
    return seeds_of(ds, "test_error", 100.0)


def mean_of(values: Any) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the last axis and its standard error; NaN where nothing is known, no error for one seed."""
    values = np.asarray(values, float)
    known = np.isfinite(values)
    count = known.sum(-1)
    with np.errstate(all="ignore"):
        mean = np.where(known, values, 0).sum(-1) / count
        spread = np.where(known, (values - mean[..., None]) ** 2, 0).sum(-1) / (count - 1)
        return np.asarray(mean), np.where(count > 1, np.sqrt(spread / count), np.nan)


class Level:
    """A curve of means with bars of one standard error. `mark` at its points; `look`: colour, width and the like."""

    def __init__(self, stage: Stage, ax: Any, colour: str, mark: str = "", zorder: float = 5, **look: Any):
        edge = dict(markersize=6.5, markeredgecolor=stage.colours.page, markeredgewidth=0.7)
        kind: dict[str, Any] = {**edge, "linewidth": 1.8, **look}
        self.line = ax.plot([], [], color=colour, marker=mark or None, zorder=zorder, **kind)[0]
        self.bars = ax.add_collection(LineCollection([], colors=colour, linewidths=1.6, zorder=zorder), autolim=False)
        stage.actor([self.bars, self.line])

    def set(self, x: Any, y: Any, error: Any = None) -> None:
        """Points in order of x; NaN is left out, so that a curve found in any order is one curve."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        known = np.isfinite(x) & np.isfinite(y)
        self.line.set_data(x[known], y[known])
        if error is not None:
            error = np.asarray(error, float)
            known &= np.isfinite(error)
            self.bars.set_segments([[(a, b - e), (a, b + e)] for a, b, e in zip(x[known], y[known], error[known])])


class Threshold:
    """N* through all panels, with the range of 16 to 84 % of seeds drawn again; its number in the first one."""

    def __init__(self, stage: Stage, panels: list[Any], at: float = 0.9):
        ink = stage.colours.ink
        self.lines = [
            ax.axvline(SIZES[0], color=stage.colours.sources["live"], zorder=1, **style.LINES["live"]) for ax in panels
        ]
        self.bands = [ax.axvspan(*SIZES[:1] * 2, color=ink, alpha=0.12, linewidth=0, zorder=1) for ax in panels]
        self.words = panels[0].text(1, at, "", transform=panels[0].get_xaxis_transform(), color=ink, zorder=6,
                                    va="top", bbox=behind_words(stage))  # fmt: skip
        stage.actor([*self.lines, *self.bands, self.words])

    def set(self, ds: Any) -> None:
        low, at, high = (float(ds[name]) for name in ("N_star_low", "N_star", "N_star_high"))
        for artist in (*self.lines, *self.bands, self.words):
            artist.set_visible(bool(np.isfinite(at)))
        if not np.isfinite(at):
            return
        for line, band in zip(self.lines, self.bands, strict=True):
            line.set_xdata([at, at])
            band.set_visible(bool(np.isfinite(low) and np.isfinite(high)))
            if band.get_visible():
                band.set_x(low)
                band.set_width(high - low)
        self.words.set_x((high if np.isfinite(high) else at) * 1.04)
        self.words.set_text(f"$N^*$ = {at:.0f}")


class ErrorDots(Dots):
    """Dots whose count of what lies above stands under its row when there is room neither left nor right of it."""

    def _place_words(self, x: np.ndarray, flip: bool) -> None:
        super()._place_words(x, flip)
        ax = self.words.axes
        start, end = ax.get_xlim()
        left, first, last, right = ax.transData.transform([(at, 1.0) for at in (start, x.min(), x.max(), end)])[:, 0]
        if max(first - left, right - last) < ROOM:
            low, high = ax.get_ylim()
            self.words.set_position((0.97 * end, self.row - 0.07 * (high - low)))
            self.words.set_horizontalalignment("right")


class ErrorPanel:
    """Test error against N: every network a dot, their mean with its error, the mean output's error, and what was kept."""

    def __init__(self, stage: Stage, ax: Any, name: str = "error", most: int = 3, read: Callable[[Any], Seeds] = errors_of,
                 average: str = "s"):  # fmt: skip
        self.stage, self.ax = stage, ax
        ax.set(label=name)
        ax.grid(axis="y")
        self.dots = ErrorDots(stage, ax, top=1.0, faded=True, zorder=3)
        self.dots.says = True
        self.single = Level(stage, ax, stage.colours.ink, "o", zorder=4.5)
        self.average = Level(stage, ax, average_colour(stage), average, zorder=5, linewidth=2.6)
        self.ghosts = Ghosts(stage, ax, 1.0, most, read)
        self.limits(FRAMES[0][1])

    def limits(self, ends: tuple[float, float]) -> None:
        """Limits in per cent; what lies above stands in a row at the top, and is counted."""
        if self.ax.get_ylim() == ends:
            return
        low, high = ends
        self.ax.set_ylim(low, high)
        step = 5 if high - low < 35 else 10
        ticks = np.arange(np.ceil(low / step) * step, high, step)
        self.ax.set_yticks(ticks, [f"{t:.0f} %" for t in ticks])
        self.dots.top, self.dots.row = high - 0.045 * (high - low), high - 0.03 * (high - low)
        self.dots.words.set_y(self.dots.row)
        self.ghosts.top = self.dots.row
        self.stage.reset_scenery()

    def frame(self, *errors: Any) -> None:
        """The first frame that holds the typical errors: one for digits, one for few points, one for labels that mean nothing."""
        known = np.concatenate([np.ravel(e) for e in errors])
        typical = np.nanmedian(known) if np.isfinite(known).any() else 0.0
        self.limits(next(ends for upto, ends in FRAMES if typical <= upto))


class Strip:
    """One number of every network against N: N_Δ/N, or the size of f."""

    def __init__(self, stage: Stage, ax: Any, kind: str):
        self.kind = kind
        colours = stage.colours
        if kind == "ratio":
            ax.set(ylim=(-0.1, RATIO_TOP), label="ratio")
            ax.set_yticks([0, 1])
            ax.axhline(0, color=colours.ink, linewidth=1)
            ax.axhline(1, color=colours.sources["theory"], **style.LINES["theory"])
            words, top = RATIO if stage.narrow else f"{RATIO}: unsatisfied points per weight", RATIO_TOP
        else:
            ax.set_yscale("log")
            ax.set(ylim=SCALE, label="size of f")
            ax.set_yticks([1, 10, 100], ["1", "10", "100"])
            ax.set_yticks([], minor=True)
            ax.grid(axis="y")
            words, top = "size of $f$" if stage.narrow else "size of $f$ (rms on test points)", SCALE[1]
        # above the axes: inside them every corner has dots in some run
        ax.text(1.0, 1.02, words if stage.width >= 720 else words.split(" (")[0].split(":")[0], ha="right", va="bottom",
                transform=ax.transAxes)  # fmt: skip
        self.dots = Dots(stage, ax, top=top, faded=True, zorder=3)
        self.middle = Level(stage, ax, colours.ink, zorder=4.5) if kind != "ratio" else None

    def set(self, ds: Any, state: Any = None) -> None:
        if self.kind == "ratio":
            x, y, found = seeds_of(ds, "N_delta")
            N = np.repeat(np.asarray(ds.N.values, float), ds.sizes["seed"])
            self.dots.set(x, y / N, found if state is None else state)
            return
        x, y, found = seeds_of(ds, "f_rms")
        self.dots.set(x, y, found if state is None else state)
        assert self.middle is not None
        rows = ds.f_rms.values
        known = np.isfinite(rows).any(-1)
        middle = np.full(len(rows), np.nan)
        middle[known] = np.nanmedian(rows[known], axis=-1)
        self.middle.set(ds.N.values, middle)


SCALE = (0.7, 150.0)  # the axis of rms f

HALF_FIT = "$N^*$: half of them fit"
SHORT = {HALF_FIT: "$N^*$: half fit", "mean of single errors": "single networks", "error of mean output": "mean output",
         "median of satisfied": "their median", "predicted: slope −1": "theory: slope −1",
         "mean at other times": "other times"}  # on a phone  # fmt: skip

Entry = str | tuple[str, dict[str, Any]]


def key(stage: Stage, entries: Sequence[Entry], top: float | None = None, left: float | None = None, called: dict[str, str] | None = None,
        columns: int = 0) -> Any:  # fmt: skip
    """The legend: states by name, "band" around N*, or (words, how a line looks). Beside the panels, or below them on a phone."""
    handles: list[Any] = []
    if stage.narrow:
        called = {"unfinished": "unfinished", **(called or {})}
    for entry in entries:
        if isinstance(entry, tuple):
            handles.append(
                Line2D([], [], label=SHORT.get(entry[0], entry[0]) if stage.narrow else entry[0], **entry[1])
            )
        elif entry == "band":
            words = "16–84 % of redraws" if stage.narrow else "16–84 % of redrawn seeds"
            handles.append(Patch(facecolor=stage.colours.ink, alpha=0.12, linewidth=0, label=words))
        else:
            handles.append(state_handle(stage, entry, {**STATE_WORDS, **(called or {})}[entry]))
    look = dict(handletextpad=0.5, labelspacing=0.3, borderaxespad=0.0, handlelength=1.6)
    if stage.narrow:
        return stage.figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.012, 24 / stage.height), ncols=2,
                                   columnspacing=0.9, **look)  # fmt: skip
    if columns:  # below the panels
        return stage.figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(14 / stage.width, 26 / stage.height), ncols=columns,
                                   columnspacing=1.2, **look)  # fmt: skip
    x = (stage.width - COLUMN + 20 if left is None else left) / stage.width
    y = 1 - (28 if top is None else top) / stage.height
    return stage.figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(x, y), **look)


def line_entry(stage: Stage, words: str, kind: str = "", colour: str = "", **look: Any) -> Entry:
    """A legend's entry for a line: of a kind (theory, prediction, …) or of a colour."""
    if kind:
        return words, dict(color=stage.colours.sources[kind], **{**style.LINES[kind], **look})
    return words, {"color": colour or stage.colours.ink, "linewidth": 1.8, **look}


def above_entry(stage: Stage) -> Entry:
    """The legend's entry for what lies above an axis."""
    return line_entry(stage, "above the axis", colour=stage.colours.states["unsat"], marker="^", markersize=8, linewidth=0)


def single_entry(stage: Stage, words: str) -> Entry:
    """The legend's entry for the mean over single networks."""
    return line_entry(stage, words, marker="o", markersize=6.5)


def average_entry(stage: Stage, words: str) -> Entry:
    """The legend's entry for the mean output."""
    return line_entry(stage, words, colour=average_colour(stage), marker="s", markersize=6.5, linewidth=2.6)


def kept_names(stage: Stage, below: bool = False) -> KeptNames:
    """The names of what was kept: at the foot of the key's column; or one, in the last row, where the key is `below` the panels."""
    if stage.narrow or below:
        return KeptNames(stage, 20, 22, Ghosts.MARKS[:1])
    return KeptNames(stage, stage.width - COLUMN + 12, 64)


def beside(
    stage: Stage, share: float = 0.5, foot: float = 90, under: float = 120, apart: float = 30
) -> tuple[Any, list[Any]]:
    """A large panel and two small ones at its right, the key below all (`under` pixels), `apart` pixels and a title between the small ones.

    On a phone one above the other: `share` of the height is the large one's; `foot` pixels are the key's.
    """
    width, height, figure = stage.width, stage.height, stage.figure
    if stage.narrow:
        edges = dict(left=50 / width, right=1 - 10 / width)
        large = figure.add_gridspec(1, 1, top=1 - 26 / height, bottom=1 - share, **edges)
        room = (1 - share) * height - 66 - foot - 40
        small = figure.add_gridspec(2, 1, hspace=apart / ((room - apart) / 2), top=1 - share - 66 / height, bottom=(foot + 40) / height,
                                    **edges)  # fmt: skip
    else:
        middle = 0.56
        edges = dict(top=1 - 28 / height, bottom=under / height)
        room = height - 28 - under
        large = figure.add_gridspec(1, 1, left=58 / width, right=middle - 10 / width, **edges)
        small = figure.add_gridspec(2, 1, hspace=1.15 * apart / ((room - 1.15 * apart) / 2), left=middle + 62 / width, right=1 - 12 / width,
                                    **edges)  # fmt: skip
    return figure.add_subplot(large[0]), [figure.add_subplot(small[i]) for i in range(2)]


def hollow(stage: Stage) -> dict[str, Any]:
    """How a kept curve looks: grey, its marks open."""
    grey = stage.colours.sources["ghost"]
    return dict(
        linewidth=1.2, markersize=6, markerfacecolor="none", markeredgecolor=grey, markeredgewidth=1.2, zorder=2
    )
