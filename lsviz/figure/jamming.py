"""Pictures of chapter 3: gaps at the margin, the jump of N_Δ/N, long against finite range, and the escape."""

from typing import Any

import numpy as np

from . import style
from .dots import Dots, jitter, legend, median
from .stage import Context, Draw, Stage

RATIO_TOP = 1.6  # top of every N_Δ/N axis; what lies above is drawn at its edge as a triangle
RATIO_LABEL = r"$N_\Delta/N$"
SIZES = (0.04, 2.0)  # the N/P axis


def one_width(stage: Stage) -> Draw:
    """One network size: where its points stand against the margin, how they got there, and N_Δ/N among the sizes visited."""
    figure = stage.figure
    if stage.narrow:
        grid = figure.add_gridspec(3, 1, height_ratios=[1.2, 0.7, 1.6], hspace=0.62, left=0.17, right=0.97, top=0.95, bottom=0.08)
        left, strip, right = (figure.add_subplot(grid[i]) for i in range(3))
    else:
        grid = figure.add_gridspec(2, 2, height_ratios=[1.7, 1], width_ratios=[1, 1.05], hspace=0.62, wspace=0.2,
                                   left=0.075, right=0.985, top=0.92, bottom=0.135)  # fmt: skip
        left, strip = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
        right = figure.add_subplot(grid[:, 1])
    gaps, trace, ratio = _gap_panel(stage, left), _trace_strip(stage, strip), _ratio_panel(stage, right)

    def draw(ds: Any, context: Context) -> None:
        gaps(ds)
        trace(ds)
        ratio(ds, context)

    return draw


def _gap_panel(stage: Stage, ax: Any) -> Any:
    """Histogram of Δ = 1 − y f over all seeds; satisfied, below the margin, misclassified."""
    colours = stage.colours
    ax.set(xlim=(-3, 2), ylim=(0, 0.25), label="gaps")
    ax.set_title("points by gap Δ to the margin")
    ax.set_xticks([-3, -2, -1, 0, 1, 2])
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    sides = [(-3, 0, colours.satisfied, "satisfied"), (0, 1, colours.below, "below margin"), (1, 2, colours.wrong, "wrong side")]
    bars = []
    for low, high, colour, words in sides:
        ax.axvspan(low, high, color=colour, alpha=0.09, linewidth=0)
        ax.text((low + high) / 2, 0.243, words, ha="center", va="top", color=colours.ink, fontsize=style.FONT_SIZE)
        bars.append((low, high, ax.fill_between([], [], step="mid", color=colour, alpha=0.9, linewidth=0)))
    stage.actor([bar for *_, bar in bars])
    ax.axvline(0, color=colours.ink, linewidth=1.6)

    def draw(ds: Any) -> None:
        centre = np.asarray(ds.gap_bin.values)
        share = np.asarray(ds.gap_count.sum("seed").values) / max(float(ds.P) * ds.sizes["seed"], 1)
        step = centre[1] - centre[0] if len(centre) > 1 else 1.0
        for low, high, bar in bars:
            chosen = (centre > low) & (centre < high)
            edges = np.repeat(np.append(centre[chosen] - step / 2, centre[chosen][-1:] + step / 2), 2)[1:-1]
            tops = np.minimum(np.repeat(share[chosen], 2), 0.25)
            bar.set_data(edges, 0 * tops, tops)

    return draw


def _trace_strip(stage: Stage, ax: Any) -> Any:
    """N_Δ/N of every seed against iteration, as the networks train."""
    colours = stage.colours
    ax.set(ylim=(0, 2.5), label="training")
    ax.set_title("while they train")
    ax.set_xlabel("iteration", labelpad=1)
    ax.set_ylabel(RATIO_LABEL)
    ax.set_yticks([0, 1, 2])
    ax.grid(axis="y")
    lines: list[Any] = []

    def draw(ds: Any) -> None:
        traces = np.asarray(ds.N_delta_trace.transpose("step", "seed").values) / float(ds.N)
        steps = np.asarray(ds.step.values, float)
        if steps[-1] != ax.get_xlim()[1]:
            ax.set_xlim(0, max(steps[-1], 1))
            stage.reset_scenery()
        while len(lines) < traces.shape[1]:
            lines.append(stage.actor(ax.plot([], [], linewidth=1.4, alpha=0.8)[0]))
        for i, line in enumerate(lines):
            line.set_visible(i < traces.shape[1])
            if i < traces.shape[1]:
                known = np.isfinite(traces[:, i])
                line.set_data(steps[known], traces[known, i])
                line.set_color(colours.states.get(str(ds.state.values[i]), colours.ink))

    return draw


def _ratio_axes(stage: Stage, ax: Any, name: str = "ratio") -> None:
    """The axes of N_Δ/N against N/P, with zero and the particles' N_Δ = N marked."""
    colours = stage.colours
    ax.set_xscale("log")
    ax.set(xlim=SIZES, ylim=(-0.08, RATIO_TOP), label=name, xlabel="parameters per point  $N/P$")
    ax.set_ylabel(RATIO_LABEL)
    ticks = [0.05, 0.1, 0.2, 0.5, 1, 2]
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.set_xticks([], minor=True)
    ax.set_yticks([0, 0.5, 1, 1.5])
    ax.axhline(0, color=colours.ink, linewidth=1)
    ax.axhline(1, color=colours.sources["theory"], **style.LINES["theory"])


def _ratio_panel(stage: Stage, ax: Any) -> Any:
    """N_Δ/N of the present size, and of every size visited before in this setting."""
    colours = stage.colours
    _ratio_axes(stage, ax)
    ax.set_title("unsatisfied points per parameter")
    ax.text(SIZES[1] * 0.97, 1.02, "particles: $N_\\Delta=N$", ha="right", va="bottom", color=colours.sources["theory"])
    legend(stage, ax, bbox_to_anchor=(1, 0.92))
    ghosts = Ghosts(stage, ax)
    place = stage.actor(ax.axvline(0.1, color=colours.faint, linewidth=1.2))
    trail = Dots(stage, ax, top=RATIO_TOP, faded=True, zorder=3)
    dots = Dots(stage, ax, top=RATIO_TOP, zorder=5)
    prediction = Prediction(stage, ax)

    def draw(ds: Any, context: Context) -> None:
        place.set_xdata([float(ds.N) / float(ds.P)] * 2)
        dots.set(*per_seed(ds))
        trail.set(*_stack([per_seed(old) for old in context.trail]))
        ghosts.set([(label, [per_seed(old) for old in kept]) for label, kept in context.ghosts])
        prediction.set(context)

    return draw


def per_seed(ds: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """N/P (parted by a jitter), N_Δ/N and state of every network in a Dataset over seed, or over width and seed."""
    seeds = ds.sizes["seed"]
    size = np.asarray(ds.N.values, float)[..., None]
    x = size / float(ds.P) * (jitter(seeds) if seeds > 1 else 1.0)
    y = np.asarray(ds.N_delta.transpose(..., "seed").values, float) / size
    return np.ravel(x), np.ravel(y), np.ravel(ds.state.transpose(..., "seed").values)


def _stack(parts: list[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if not parts:
        return np.empty(0), np.empty(0), np.empty(0, "<U10")
    x, y, state = (np.concatenate(column) for column in zip(*parts))
    return x, y, state


class Ghosts:
    """Kept curves: the median over seeds at each size, grey, a number at its left end."""

    def __init__(self, stage: Stage, ax: Any, most: int = 3):
        colour = stage.colours.sources["ghost"]
        styles = style.LINES["ghost"]
        self.lines = [ax.plot([], [], color=colour, marker=".", zorder=2, **styles)[0] for _ in range(most)]
        self.words = [ax.text(0.1, 0, "", color=colour, ha="left", va="bottom", zorder=2, clip_on=True) for _ in range(most)]
        stage.actor([*self.lines, *self.words])

    def set(self, kept: list[tuple[str, list[Any]]]) -> None:
        kept = kept[-len(self.lines) :]
        for i, (line, word) in enumerate(zip(self.lines, self.words)):
            x, y, _ = _stack(kept[i][1]) if i < len(kept) else _stack([])
            x, y = _medians(x, y)
            line.set_data(x, y)
            word.set_text(kept[i][0] if len(x) else "")
            if len(x):
                word.set_position((x[0], min(y[0], RATIO_TOP * 0.9)))


def _medians(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median y of groups of x that differ by less than the jitter, sorted."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    order = np.argsort(x)
    x, y = x[order], y[order]
    if not len(x):
        return x, y
    groups = np.split(np.arange(len(x)), np.flatnonzero(np.diff(np.log(x)) > 0.018) + 1)
    return np.array([np.median(x[g]) for g in groups]), np.minimum([np.median(y[g]) for g in groups], RATIO_TOP)


class Prediction:
    """The learner's own curve, dashed, committed before the result is shown."""

    def __init__(self, stage: Stage, ax: Any):
        self.line = stage.actor(ax.plot([], [], color=stage.colours.sources["prediction"], zorder=6, **style.LINES["prediction"])[0])
        self.words = stage.actor(ax.text(0.1, 0, "", color=stage.colours.sources["prediction"], ha="left", va="bottom", zorder=6))

    def set(self, context: Context) -> None:
        x, y = context.prediction if context.prediction is not None else ((), ())
        self.line.set_data(x, y)
        self.words.set_text("your prediction" if len(x) else "")
        if len(x):
            self.words.set_position((x[0], y[0] + 0.03))


__all__ = ["median", "one_width", "per_seed"]
