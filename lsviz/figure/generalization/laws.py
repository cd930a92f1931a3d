"""What an average removes, and how f explodes towards jamming: with the fits, and the slopes that theory has for them."""

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from ...generalization.exponents import NEAR
from .. import style
from ..dots import Dots, Prediction, behind_words
from ..stage import Context, Draw, Stage
from .marks import (
    FEW_TICKS,
    HALF_FIT,
    SCALE,
    SIZE_TICKS,
    ErrorPanel,
    Level,
    Threshold,
    above_entry,
    average_colour,
    average_entry,
    beside,
    errors_of,
    hollow,
    kept_names,
    key,
    line_entry,
    mean_of,
    seeds_of,
    single_entry,
    size_axis,
)  # fmt: skip

GROUPS = (2, 5, 10, 20)  # the n whose curves stay on the picture
VARIANCES = (0.3, 3000.0)


def averaging(stage: Stage) -> Draw:
    """Error of the mean output of n networks against N, and against n; below that the variance over starts, which the mean removes."""
    ax, (against, variance) = beside(stage, 0.46, foot=124, under=144, apart=48)
    size_axis(ax)
    ax.set_title("test error")
    error, star = ErrorPanel(stage, ax), Threshold(stage, [ax])
    grey = stage.colours.sources["ghost"]
    pale = stage.actor(ax.add_collection(LineCollection([], colors=grey, linewidths=1.2, zorder=2.5), autolim=False))
    ends = [stage.actor(ax.text(1, 0, "", color=stage.colours.faint, va="center", zorder=3)) for _ in GROUPS]
    by_number, chosen = (
        _error_by_number(stage, against),
        stage.actor(against.axvline(1, ymax=0.64 if stage.narrow else 0.76, color=stage.colours.faint, linewidth=1.2)),  # below the key
    )
    spread = _variance(stage, variance)
    prediction = Prediction(stage, ax)
    key(stage, ["sat", "unsat", "unfinished", single_entry(stage, "single networks"), average_entry(stage, "mean output of n"),
                line_entry(stage, "of 2, 5, 10, 20", "ghost"), line_entry(stage, "fit above $N^*$", colour=stage.colours.states["sat"]),
                line_entry(stage, "theory: slope −1/2", "theory"), line_entry(stage, "$N^*$", "live")], columns=3)  # fmt: skip
    kept = kept_names(stage, below=True)

    def draw(ds: Any, context: Context) -> None:
        n = min(int(context.values.get("average", ds.sizes["average"])), ds.sizes["average"])
        x, y, state = errors_of(ds)
        error.frame(y)
        error.dots.set(x, y, state)
        N, table = np.asarray(ds.N.values, float), 100 * np.asarray(ds.ensemble_error.values)
        error.single.set(N, *mean_of(100 * ds.test_error.values))
        error.average.set(N, table[n - 1], 100 * ds.ensemble_spread.values[n - 1] if n > 1 else np.full(len(N), np.nan))
        if n == ds.sizes["average"]:  # one group: its error is the jackknife's
            error.average.set(N, table[-1], 100 * ds.ensemble_error_se.values)
        error.ghosts.set(context.ghosts[-1:])
        _pale(ds, table, pale, ends, n)
        chosen.set_xdata([n, n])
        by_number(ds, table, error.ax.get_ylim())
        spread(ds, context.ghosts[-1][1][-1] if context.ghosts else None)
        star.set(ds)
        kept.set(context.ghosts[-1:])
        prediction.set(context)

    return draw


def _pale(ds: Any, table: np.ndarray, pale: Any, ends: list[Any], chosen: int) -> None:
    """Curves of a few n, each with its number at its right end, where it lies clear of the others."""
    N, segments = np.asarray(ds.N.values, float), []
    low, high = pale.axes.get_ylim()
    last = np.inf
    for n, words in zip(GROUPS, ends, strict=True):
        words.set_visible(False)
        if n > len(table) or not np.isfinite(table[n - 1]).any():
            continue
        known = np.isfinite(table[n - 1])
        segments.append(np.column_stack([N[known], table[n - 1][known]]))
        at = segments[-1][-1]
        if n != chosen and last - at[1] > 0.04 * (high - low):
            last = at[1]
            words.set_visible(True)
            words.set_text(f"{n}")
            words.set_position((at[0] * 1.06, at[1]))
    pale.set_segments(segments)


def _error_by_number(stage: Stage, ax: Any) -> Any:
    """Error of the mean output against n, at the size nearest N*, and at the smallest and the largest."""
    ax.set_xscale("log")
    ax.set(xlim=(0.9, 40), label="numbers")
    ax.set_xticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    ax.set_xticks([], minor=True)
    ax.grid(axis="y")
    ax.set_title("error against $n$")
    looks = (("v", stage.colours.faint), ("o", average_colour(stage)), ("^", stage.colours.ink))  # the smallest, at N*, the largest
    lines = [Level(stage, ax, colour, mark, linewidth=1.4, markersize=7.5) for mark, colour in looks]
    samples = [Line2D([], [], color=colour, marker=mark, markersize=7.5, linewidth=0, label="N") for mark, colour in looks]
    named = ax.legend(handles=samples, loc="upper right", ncols=3, handletextpad=0.1, columnspacing=0.8, handlelength=1.2,
                      borderaxespad=0.1)  # fmt: skip
    stage.actor(named)

    def draw(ds: Any, table: np.ndarray, ends: tuple[float, float]) -> None:
        if ax.get_ylim() != ends:
            ax.set_ylim(*ends)
            step = 10 if ends[1] < 50 else 25
            ticks = np.arange(np.ceil(ends[0] / step) * step, ends[1], step)
            ax.set_yticks(ticks, [f"{t:.0f} %" for t in ticks])
            stage.reset_scenery()
        known = np.flatnonzero(np.isfinite(table[0]))
        N, n = np.asarray(ds.N.values, float), np.arange(1, len(table) + 1)
        for line in lines:
            line.set([], [])
        named.set_visible(bool(known.size))
        if not known.size:
            return
        middle = (
            known[int(np.abs(np.log(N[known] / float(ds.N_star))).argmin())]
            if np.isfinite(ds.N_star)
            else known[len(known) // 2]
        )
        few = np.unique(np.geomspace(1, len(table), 8).round().astype(int)) - 1
        for line, word, place in zip(lines, named.get_texts(), (known[0], middle, known[-1]), strict=True):
            line.set(n[few], table[few, place])
            word.set_text(f"$N$ = {N[place]:.0f}" if word is named.get_texts()[0] else f"{N[place]:.0f}")

    return draw


def _variance(stage: Stage, ax: Any) -> Any:
    size_axis(ax, ticks=SIZE_TICKS if stage.narrow else FEW_TICKS)
    ax.set_yscale("log")
    ax.set(ylim=VARIANCES, label="variance")
    ax.set_yticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    ax.set_yticks([], minor=True)
    ax.grid(axis="y")
    ax.set_title(r"variance of $f$ over starts")
    marks = Level(stage, ax, stage.colours.ink, "D", linewidth=1.2)
    old = Level(stage, ax, stage.colours.sources["ghost"], "s", **hollow(stage))
    fit = Level(stage, ax, stage.colours.states["sat"], linewidth=2.0)
    theory = Level(stage, ax, stage.colours.sources["theory"], **style.LINES["theory"])

    def draw(ds: Any, kept: Any) -> None:
        N, variance = np.asarray(ds.N.values, float), np.asarray(ds.fluctuation.values, float) ** 2
        marks.set(N, variance)
        old.set(*((kept.N.values, kept.fluctuation.values**2) if kept is not None else ((), ())))
        above = np.isfinite(variance) & (float(ds.N_star) < N) & (variance > 0)
        slope = float(ds.variance_slope) if "variance_slope" in ds else np.nan
        for line, power in ((fit, slope), (theory, -0.5)):
            there = above.sum() >= 3 and np.isfinite(slope)
            line.set(*(power_law(N[above], variance[above], power) if there else ((), ())))

    return draw


def power_law(
    x: np.ndarray, y: np.ndarray, power: float, offset: float = 0.0, to: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """offset + A x^power through the middle of the logarithms of y − offset, drawn as far as `to`."""
    height = np.exp(np.mean(np.log(y - offset)) - power * np.mean(np.log(x)))
    along = np.geomspace(x.min(), x.max() if to is None else to, 60)
    return along, offset + height * along**power


DISTANCES = (3.0, 2000.0)


def explosion(stage: Stage) -> Draw:
    """Size of f of every network against N; of the satisfied ones against N − N*, with both fits and the predicted slope."""
    figure, width, height = stage.figure, stage.width, stage.height
    if stage.narrow:
        grid = figure.add_gridspec(
            2, 1, hspace=0.42, left=46 / width, right=1 - 10 / width, top=1 - 26 / height, bottom=166 / height
        )
    else:
        grid = figure.add_gridspec(
            1, 2, wspace=0.14, left=52 / width, right=1 - 14 / width, top=1 - 28 / height, bottom=166 / height
        )
    left, right = (figure.add_subplot(grid[i]) for i in range(2))
    for ax, name in ((left, "size of f"), (right, "law")):
        size_axis(ax)
        ax.set_yscale("log")
        ax.set(ylim=SCALE, label=name)
        ax.set_yticks([1, 10, 100], ["1", "10", "100"])
        ax.set_yticks([], minor=True)
        ax.grid(axis="y")
    left.set_title(r"size of $f$, every network" if width >= 720 or stage.narrow else r"size of $f$")
    right.set_title(r"satisfied networks, $N-N^*$" if not stage.narrow else r"size of $f$, satisfied networks")
    right.set_xlim(*DISTANCES)
    ticks = (10, 30, 100, 300, 1000)
    right.set_xticks(ticks, [f"{t}" for t in ticks])
    right.set_xlabel(r"distance from jamming  $N-N^*$", labelpad=1)
    dots, star = Dots(stage, left, top=SCALE[1], faded=True, zorder=3), Threshold(stage, [left])
    close = Dots(stage, right, faded=True, zorder=2)
    middle = Level(stage, right, stage.colours.ink, "o", linewidth=0)
    old = Level(stage, right, stage.colours.sources["ghost"], "s", **hollow(stage))
    fits = [Level(stage, right, stage.colours.ink, linewidth=2.0, zorder=4),
            Level(stage, right, stage.colours.states["unsat"], linewidth=2.0, linestyle=(0, (5, 1.5)), zorder=4),
            Level(stage, right, stage.colours.sources["theory"], zorder=4, **style.LINES["theory"])]  # fmt: skip
    said = stage.actor(
        right.text(0.98, 0.95, "", transform=right.transAxes, ha="right", va="top", bbox=behind_words(stage), zorder=6)
    )
    prediction = Prediction(stage, left)
    key(stage, ["sat", "unsat", "unfinished", above_entry(stage),
                line_entry(stage, "median of satisfied", marker="o", markersize=6.5, linewidth=0), line_entry(stage, "power law"),
                line_entry(stage, "a constant taken off", colour=stage.colours.states["unsat"],
                                                           linestyle=(0, (5, 1.5)), linewidth=2.0),
                line_entry(stage, "predicted: slope −1", "theory"), line_entry(stage, HALF_FIT, "live"), "band"],
        columns=3)  # fmt: skip
    kept = kept_names(stage, below=True)

    def draw(ds: Any, context: Context) -> None:
        x, y, state = seeds_of(ds, "f_rms")
        dots.set(x, y, state)
        star.set(ds)
        N, size, away = _law(ds)
        seeds = ds.sizes["seed"]
        with np.errstate(invalid="ignore"):
            beyond = np.where(
                x > float(ds.N_star), np.repeat(np.asarray(ds.N.values, float) - float(ds.N_star), seeds), np.nan
            )
            beyond = np.where(beyond > 0, beyond * (x / np.repeat(ds.N.values, seeds)), np.nan)
        close.set(beyond, y, np.where(state == "sat", state, "waiting"))
        middle.set(away, size)
        for line in fits:
            line.set((), ())
        said.set_text("")
        used = NEAR * float(ds.N_star) < N
        if np.isfinite(ds.exponent) and used.sum() >= 3:
            plain, above, ground = float(ds.exponent), float(ds.exponent_background), float(ds.background)
            fits[0].set(*power_law(away[used], size[used], plain))
            fits[1].set(*power_law(away[used], size[used], above, offset=ground))
            fits[2].set(*power_law(away[used][:3], size[used][:3], -1.0, to=away.max()))
            said.set_text(f"slope {plain:.2f} ± {float(ds.exponent_se):.2f}\nless {ground:.2g}: {above:.2f} ± "
                          f"{float(ds.exponent_background_se):.2f}".replace("-", "−"))  # fmt: skip
        old.set((), ())
        if context.ghosts:
            _, size, away = _law(context.ghosts[-1][1][-1])
            old.set(away, size)
        kept.set(context.ghosts[-1:])
        prediction.set(context)

    return draw


def _law(ds: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """N, median ‖f‖ of the satisfied and N − N*, where there are some above N*."""
    N, size = np.asarray(ds.N.values, float), np.asarray(ds.f_rms_sat.values, float)
    known = np.isfinite(size) & (float(ds.N_star) < N)
    return N[known], size[known], N[known] - float(ds.N_star)
