"""Pictures of chapter 3: gaps at the margin, the jump of N_Δ/N, long against finite range, and the escape."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection

from . import style
from .dots import Behind, Dots, Ghosts, Memo, Prediction, legend, per_seed
from .stage import Context, Draw, Stage

RATIO_TOP = 1.6  # top of every N_Δ/N axis; what lies above is drawn at its edge as a triangle
RATIO = r"$N_\Delta/N$"
SIZES = (0.04, 2.0)  # the N/P axis
PARTICLES = r"particles: $N_\Delta=N$"


def one_width(stage: Stage) -> Draw:
    """One network size: where its points stand against the margin, how they got there, and N_Δ/N among the sizes visited."""
    figure = stage.figure
    if stage.narrow:
        grid = figure.add_gridspec(3, 1, height_ratios=[1.1, 0.6, 1.7], hspace=0.62, left=0.16, right=0.97, top=0.955, bottom=0.075)
        left, strip, right = (figure.add_subplot(grid[i]) for i in range(3))
    else:
        grid = figure.add_gridspec(2, 2, height_ratios=[1.7, 1], width_ratios=[1, 1.05], hspace=0.62, wspace=0.24,
                                   left=0.06, right=0.985, top=0.93, bottom=0.13)  # fmt: skip
        left, strip = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
        right = figure.add_subplot(grid[:, 1])
    gaps, trace, ratio = _gap_panel(stage, left), _trace_strip(stage, strip), _ratio_panel(stage, right)

    def draw(ds: Any, context: Context) -> None:
        gaps(ds)
        trace(ds)
        ratio(ds, context)

    return draw


GAPS_TOP = 0.12  # share of the points in one bin


def _gap_panel(stage: Stage, ax: Any) -> Callable[[Any], None]:
    """Histogram of Δ = 1 − y f over all seeds; satisfied, below the margin, misclassified. What lies beyond −3 is told in words."""
    colours = stage.colours
    ax.set(xlim=(-3, 2), ylim=(0, GAPS_TOP), label="gaps")
    ax.set_title("all points by their gap Δ")
    ax.set_xticks([-3, -2, -1, 0, 1, 2], ["−3", "−2", "−1", "margin", "1", "≥2"])
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    sides = [
        (-3, 0, colours.satisfied, ("satisfied",)),
        (0, 1, colours.below, ("below", "margin")),
        (1, 2, colours.wrong, ("wrong", "side")),
    ]
    bars = []
    for low, high, colour, words in sides:
        ax.axvspan(low, high, color=colour, alpha=0.1, linewidth=0)
        for row, word in enumerate(words):
            ax.text((low + high) / 2, (0.88 - 0.13 * row) * GAPS_TOP, word, ha="center")
        bars.append((low, high, ax.fill_between([], [], color=colour, alpha=0.9, linewidth=0)))
    beyond = ax.text(-2.95, 0.72 * GAPS_TOP, "", va="center")
    near = ax.text(-0.13, 0.56 * GAPS_TOP, "", va="center", ha="right")
    stage.actor([*(bar for *_, bar in bars), beyond, near])
    ax.axvline(0, color=colours.ink, linewidth=1.6)

    def draw(ds: Any) -> None:
        centre = np.asarray(ds.gap_bin.values)
        half = (centre[1] - centre[0]) / 2
        share = gap_shares(ds)
        beyond.set_text(f"← {share[0]:.0%} beyond" if share[0] > 0.005 else "")
        near.set_text(f"{share[abs(centre) < 2 * half].sum():.0%} within {2 * half:.1f} →")
        for low, high, bar in bars:
            chosen = (centre > max(low, -3 + 2 * half)) & (centre < high)
            edges = np.ravel(np.column_stack([centre[chosen] - half, centre[chosen] + half]))
            tops = np.repeat(np.minimum(share[chosen], GAPS_TOP), 2)
            bar.set_data(edges, 0 * tops, tops)

    return draw


def gap_shares(ds: Any) -> np.ndarray:
    """The share of all points in each bin of Δ. A point that touches the margin to rounding is satisfied: it stands left of it."""
    centre, points = ds.gap_bin.values, np.nan_to_num(ds.gap_count.values).sum(1)
    first = int((centre > 0).argmax())
    touching = points[first:].sum() - np.nan_to_num(ds.N_delta.values).sum()
    points[first] -= touching
    points[first - 1] += touching
    return points / max(float(ds.P) * ds.sizes["seed"], 1)


class Traces:
    """One line a seed against iteration, coloured by how the seed stands."""

    def __init__(self, stage: Stage, ax: Any):
        self.stage, self.ax, self.end = stage, ax, 0.0
        self.lines = stage.actor(ax.add_collection(LineCollection([], linewidths=1.5, alpha=0.8, capstyle="round"), autolim=False))

    def set(self, steps: Any, values: Any, state: Any) -> None:
        """steps (T,), values (T, S), state (S,)."""
        steps, values = np.asarray(steps, float), np.asarray(values, float)
        known = np.isfinite(values)
        self.lines.set_segments([np.column_stack([steps[k], v[k]]) for k, v in zip(known.T, values.T)])
        self.lines.set_color([self.stage.colours.states.get(str(word), self.stage.colours.ink) for word in state])
        if steps[-1] != self.end:
            self.end = steps[-1]
            self.ax.set_xlim(0, max(self.end, 1.0))
            self.stage.reset_scenery()


def _trace_strip(stage: Stage, ax: Any) -> Callable[[Any], None]:
    """The loss of every seed against iteration, as the networks train."""
    _loss_axis(ax)
    ax.set_xlabel("iteration", labelpad=1)
    ax.set_title("loss while they train")
    traces = Traces(stage, ax)

    def draw(ds: Any) -> None:
        traces.set(ds.step.values, np.maximum(ds.loss_trace.values, 1.5 * LOSSES[0]), ds.state.values)

    return draw


LOSSES = (1e-9, 1.0)


def _loss_axis(ax: Any) -> None:
    """A logarithmic loss; what is smaller than the axis, zero too, runs along its foot."""
    ax.set_yscale("log")
    ax.set(ylim=LOSSES, label="loss")
    ax.set_yticks([1e-8, 1e-4, 1], ["$10^{-8}$", "$10^{-4}$", "1"])
    ax.set_yticks([], minor=True)
    ax.grid(axis="y")


def ratio_axes(stage: Stage, ax: Any, name: str = "ratio", flip: bool = False) -> None:
    """The axes of N_Δ/N against N/P (or P/N), with zero and the particles' N_Δ = N marked."""
    colours = stage.colours
    size_axis(ax, flip)
    ax.set(ylim=(-0.08, RATIO_TOP), label=name)
    if not stage.narrow:
        ax.set_ylabel(RATIO)
    ax.set_yticks([0, 0.5, 1, 1.5])
    ax.axhline(0, color=colours.ink, linewidth=1)
    ax.axhline(1, color=colours.sources["theory"], **style.LINES["theory"])


def size_axis(ax: Any, flip: bool = False) -> None:
    """N/P on a logarithmic axis, or P/N: the same places mirrored."""
    ax.set_xscale("log")
    ticks = [0.5, 1, 2, 5, 10, 20] if flip else [0.05, 0.1, 0.2, 0.5, 1, 2]
    ax.set_xlim(*((1 / SIZES[1], 1 / SIZES[0]) if flip else SIZES))
    ax.set_xlabel("points per parameter  $P/N$" if flip else "parameters per point  $N/P$")
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.set_xticks([], minor=True)


def _ratio_panel(stage: Stage, ax: Any) -> Callable[[Any, Context], None]:
    """N_Δ/N of the present size, and of every size visited before in this setting."""
    colours = stage.colours
    ratio_axes(stage, ax)
    ax.set_title("unsatisfied points per parameter" if not stage.narrow else RATIO)
    ax.text(SIZES[1], 0.97, PARTICLES, ha="right", va="top", color=colours.sources["theory"])
    if stage.narrow:
        legend(stage, ax)
    else:
        legend(stage, ax, ("sat", "unsat", "unfinished", "dead"), visited="visited before")
    ghosts = Ghosts(stage, ax, RATIO_TOP)
    place = stage.actor(ax.plot([0.1, 0.1], [-0.08, 0.85], color=colours.faint, linewidth=1.2)[0])  # below the legend
    trail = Dots(stage, ax, top=RATIO_TOP, faded=True, zorder=3)
    visited = Memo()
    dots = Dots(stage, ax, top=RATIO_TOP, zorder=5)
    prediction = Prediction(stage, ax)

    def draw(ds: Any, context: Context) -> None:
        place.set_xdata([float(ds.N) / float(ds.P)] * 2)
        dots.set(*per_seed(ds))
        trail.set(*visited(context.trail))
        ghosts.set(context.ghosts)
        prediction.set(context)

    return draw


def transition(stage: Stage) -> Draw:
    """N_Δ/N of every network against its size, as they are found; N* with its error; switchable to P/N."""
    colours = stage.colours
    place: dict[str, Any]
    if stage.narrow:
        ax = stage.figure.add_axes((0.12, 0.31, 0.85, 0.64))
        ax.set_title(RATIO)
        place = dict(loc="upper left", bbox_to_anchor=(-0.1, -0.16), ncols=2, columnspacing=1)
    else:
        ax = stage.figure.add_axes((0.07, 0.135, 0.665, 0.83))
        place = dict(loc="upper left", bbox_to_anchor=(1.02, 1.0))
    ratio_axes(stage, ax)
    legend(stage, ax, states=("sat", "unsat", "unfinished", "dead", "running"), over="off the scale",
           sources=dict(theory=PARTICLES, live="$N^*$: half of them fit", ghost="kept", prediction="your prediction"), **place)  # fmt: skip
    band = stage.actor(ax.axvspan(0.1, 0.1, color=colours.ink, alpha=0.12, linewidth=0, zorder=1))
    star = stage.actor(ax.axvline(0.1, color=colours.sources["live"], zorder=1, **style.LINES["live"]))
    star_words = stage.actor(ax.text(0.1, RATIO_TOP * 0.985, "", color=colours.ink, ha="left", va="top"))
    behind, ghosts = Behind(stage, ax, RATIO_TOP), Ghosts(stage, ax, RATIO_TOP)
    dots = Dots(stage, ax, top=RATIO_TOP)
    prediction = Prediction(stage, ax)
    prediction.words.set_alpha(0)  # the legend names it
    flipped = False

    def draw(ds: Any, context: Context) -> None:
        nonlocal flipped
        flip = context.values.get("axis") == "P/N"
        if flip != flipped:
            flipped = flip
            size_axis(ax, flip)
            stage.reset_scenery()
        x, y, state = per_seed(ds)
        dots.set(1 / x if flip else x, y, state)
        _mark_threshold(ds, flip, band, star, star_words)
        behind.set(context.behind, flip)
        ghosts.set(context.ghosts, flip)
        prediction.set(context, flip)

    return draw


def _mark_threshold(ds: Any, flip: bool, band: Any, star: Any, words: Any) -> None:
    P = float(ds.P)
    low, at, high = (float(ds[name]) / P for name in ("N_star_low", "N_star", "N_star_high"))
    found = np.isfinite(at)
    for artist in (band, star, words):
        artist.set_visible(bool(found))
    if not found:
        return
    if flip:
        low, at, high = 1 / high, 1 / at, 1 / low
    star.set_xdata([at, at])
    if np.isfinite(low) and np.isfinite(high):
        band.set_x(low)
        band.set_width(high - low)
    else:
        band.set_visible(False)
    edge = high if np.isfinite(high) else at
    words.set_position((edge * 1.03, RATIO_TOP * 0.985))
    words.set_text(f"{'$P/N^*$' if flip else '$N^*/P$'} = {at:.2g}")


def contrast(stage: Stage) -> Draw:
    """The same networks under the hinge and under cross-entropy, on the same axes: one jumps, the other slides."""
    figure, colours = stage.figure, stage.colours
    if stage.narrow:
        grid = figure.add_gridspec(2, 1, hspace=0.5, left=0.155, right=0.97, top=0.95, bottom=0.085)
        panels = [figure.add_subplot(grid[i]) for i in range(2)]
    else:
        grid = figure.add_gridspec(1, 2, wspace=0.14, left=0.07, right=0.985, top=0.92, bottom=0.14)
        panels = [figure.add_subplot(grid[0, i]) for i in range(2)]
    actors = []
    names = ("hinge", "logistic")
    for ax, name, words in zip(panels, names, ("quadratic hinge: finite range", "cross-entropy: long range")):
        ratio_axes(stage, ax, name)
        ax.set_title(words)
        actors.append((name, Ghosts(stage, ax, RATIO_TOP), Dots(stage, ax, top=RATIO_TOP), Prediction(stage, ax)))
    if not stage.narrow:
        panels[1].set_ylabel("")
    panels[1].text(SIZES[1], 0.97, PARTICLES, ha="right", va="top", color=colours.sources["theory"])
    legend(stage, panels[1])

    def draw(ds: Any, context: Context) -> None:
        for name, ghosts, dots, prediction in actors:
            dots.set(*per_seed(ds.sel(loss_name=name)))
            ghosts.set([(words, [old.sel(loss_name=name) for old in kept]) for words, kept in context.ghosts])
            if name == "hinge":
                prediction.set(context)
            else:
                prediction.set(Context())

    return draw


SHARE_TOP = 0.8


def escape(stage: Stage) -> Draw:
    """A stuck network is given silent neurons: N_Δ and the loss against iteration, before and after."""
    figure, colours = stage.figure, stage.colours
    if stage.narrow:
        grid = figure.add_gridspec(2, 1, hspace=0.45, left=0.16, right=0.97, top=0.955, bottom=0.075)
        panels = [figure.add_subplot(grid[i]) for i in range(2)]
    else:
        grid = figure.add_gridspec(1, 2, wspace=0.18, left=0.06, right=0.985, top=0.92, bottom=0.14)
        panels = [figure.add_subplot(grid[0, i]) for i in range(2)]
    count, loss = panels
    count.set(ylim=(-0.02, SHARE_TOP), label="count")
    count.set_title(r"unsatisfied share  $N_\Delta/P$")
    count.axhline(0, color=colours.ink, linewidth=1)
    count.set_yticks([0, 0.2, 0.4, 0.6, 0.8])
    count.grid(axis="y")
    _loss_axis(loss)
    loss.set_title("loss")
    marks = []
    for ax in panels:
        ax.set_xlabel("iteration")
        marks.append(stage.actor(ax.axvline(0, color=colours.sources["theory"], linewidth=2, linestyle=(0, (6, 3)))))
    traces = [Traces(stage, ax) for ax in panels]
    small = stage.actor(loss.text(0.25, 0.06, "", transform=loss.transAxes, ha="center"))
    large = stage.actor(loss.text(0.76, 0.97, "", transform=loss.transAxes, ha="center", va="top"))
    count.text(0.52, 0.97, "neurons added", transform=count.transAxes, va="top", color=colours.sources["theory"])

    def draw(ds: Any, context: Context) -> None:
        steps, sizes = np.asarray(ds.step.values, float), np.asarray(ds.N_trace.values)
        traces[0].set(steps, np.asarray(ds.N_delta_trace.values) / float(ds.P), ds.state.values)
        traces[1].set(steps, np.maximum(ds.loss_trace.values, 1.5 * LOSSES[0]), ds.state.values)
        added = steps[len(steps) // 2 - 1] + 0.5
        for mark in marks:
            mark.set_xdata([added, added])
        small.set_text(f"N = {sizes[0]:.0f}")
        large.set_text(f"N = {sizes[-1]:.0f}" if np.isfinite(sizes[-1]) else "")

    return draw
