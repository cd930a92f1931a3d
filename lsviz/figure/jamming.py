"""Pictures of chapter 3: gaps at the margin, the jump of N_Δ/N, long against finite range, and the escape."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.ticker import AutoLocator

from . import style
from .dots import (
    Behind,
    Dots,
    Ghosts,
    KeptNames,
    Memo,
    Prediction,
    below,
    legend,
    legend_of_lines,
    most,
    names_below,
    per_seed,
)
from .stage import Context, Draw, Stage

RATIO_TOP = 1.6  # top of every N_Δ/N axis; what lies above is drawn at its edge as a triangle
RATIO = r"$N_\Delta/N$"
SIZES = (0.04, 2.0)  # the N/P axis
PARTICLES = r"particles: $N_\Delta=N$"


def one_width(stage: Stage) -> Draw:
    """One network size: where its points stand against the margin, how they got there, and N_Δ/N among the sizes visited."""
    figure = stage.figure
    if stage.narrow:
        grid = figure.add_gridspec(
            3, 1, height_ratios=[1.1, 0.6, 1.7], hspace=0.7, left=0.16, right=0.97, top=0.955, bottom=0.19
        )
        left, strip, right = (figure.add_subplot(grid[i]) for i in range(3))
    else:
        grid = figure.add_gridspec(2, 2, height_ratios=[1.7, 1], width_ratios=[1, 1.05], hspace=0.68, wspace=0.26,
                                   left=55 / stage.width, right=0.985, top=0.93, bottom=0.25)  # fmt: skip
        left, strip = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
        right = figure.add_subplot(grid[:, 1])
    gaps, trace, ratio = _gap_panel(stage, left), _trace_strip(stage, strip), _ratio_panel(stage, right)
    # Below all axes: inside them there is no corner that neither a dot nor the line of the present size can reach.
    legend(stage, figure, ("sat", "unsat", "unfinished", "dead"), visited="visited before", over="above the axis",
           **below(stage))  # fmt: skip
    kept = names_below(stage)

    def draw(ds: Any, context: Context) -> None:
        kept.set(context.ghosts)
        gaps(ds)
        trace(ds)
        ratio(ds, context)

    return draw


GAPS_TOP = 0.12  # share of the points in one bin, at the top of the bars
WORDS_TOP = 1.3 * GAPS_TOP  # the sides are named above the bars


def _gap_panel(stage: Stage, ax: Any) -> Callable[[Any], None]:
    """Histogram of Δ = 1 − y f over all seeds; satisfied, below the margin, misclassified. What lies beyond −3 is told in words."""
    colours = stage.colours
    ax.set(xlim=(-3, 2), ylim=(0, WORDS_TOP), label="gaps")
    ax.set_title("all points by their gap Δ")
    ax.set_xticks([-3, -2, -1, 0, 1, 2], ["−3", "−2", "−1", "margin", "1", "≥2"])
    ax.get_xticklabels()[-1].set_horizontalalignment("right")  # clear of the next panel's labels
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    sides = [
        (-3, 0, colours.satisfied, "satisfied"),
        (0, 1, colours.below, "below"),
        (1, 2, colours.wrong, "wrong"),
    ]
    bars = []
    for low, high, colour, words in sides:
        ax.axvspan(low, high, color=colour, alpha=0.1, linewidth=0)
        ax.text((low + high) / 2, (GAPS_TOP + WORDS_TOP) / 2, words, ha="center", va="center")
        bars.append((low, high, ax.fill_between([], [], color=colour, alpha=0.9, linewidth=0)))
    beyond = ax.text(-2.95, 0.86 * GAPS_TOP, "", va="center")
    near = ax.text(-0.13, 0.52 * GAPS_TOP, "", va="center", ha="right")
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
    """One line a seed against iteration, coloured by how the seed stands. Before the first result the iterations have no numbers."""

    def __init__(self, stage: Stage, ax: Any):
        self.stage, self.ax, self.end = stage, ax, 0.0
        ax.set_xticks([])
        self.lines = stage.actor(
            ax.add_collection(LineCollection([], linewidths=1.5, alpha=0.8, capstyle="round"), autolim=False)
        )
        grey = LineCollection([], linewidths=1.0, alpha=0.6, colors=stage.colours.sources["ghost"], zorder=1.5)
        self.kept = stage.actor(ax.add_collection(grey, autolim=False))

    def keep(self, curves: list[tuple[Any, Any]]) -> None:
        """Grey lines of what was kept: (steps (T,), values (T, S)) each."""
        self.kept.set_segments([segment for steps, values in curves for segment in _segments(steps, values)])

    def set(self, steps: Any, values: Any, state: Any) -> None:
        """steps (T,), values (T, S), state (S,)."""
        steps = np.asarray(steps, float)
        self.lines.set_segments(_segments(steps, values))
        self.lines.set_color([self.stage.colours.states.get(str(word), self.stage.colours.ink) for word in state])
        if steps[-1] != self.end:
            if not self.end:
                self.ax.xaxis.set_major_locator(AutoLocator())
            self.end = steps[-1]
            self.ax.set_xlim(0, max(self.end, 1.0))
            self.stage.reset_scenery()


def _segments(steps: Any, values: Any) -> list[np.ndarray]:
    steps, values = np.asarray(steps, float), np.asarray(values, float)
    return [np.column_stack([steps[known], line[known]]) for line, known in zip(values.T, np.isfinite(values).T)]


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
    ax.set_xlabel("points per weight  $P/N$" if flip else "weights per point  $N/P$")
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.set_xticks([], minor=True)


def _ratio_panel(stage: Stage, ax: Any) -> Callable[[Any, Context], None]:
    """N_Δ/N of the present size, and of every size visited before in this setting."""
    colours = stage.colours
    ratio_axes(stage, ax)
    ax.set_title("unsatisfied points per weight" if stage.width >= 720 else RATIO)
    ax.text(SIZES[1], 0.97, PARTICLES, ha="right", va="top", color=colours.sources["theory"])
    ghosts = Ghosts(stage, ax, RATIO_TOP, most(stage))
    place = stage.actor(ax.plot([0.1, 0.1], [-0.08, 0.9 * RATIO_TOP], color=colours.faint, linewidth=1.2)[0])
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
        ax = stage.figure.add_axes((0.12, BOTTOM, 0.85, 0.95 - BOTTOM))
        ax.set_title(RATIO)
        place = below(stage)
    else:  # in pixels: where the letters are large for their picture, the axes give way and no word is cut
        ax = stage.figure.add_axes((66 / stage.width, 0.135, 1 - (66 + 292) / stage.width, 0.83))
        place = dict(loc="upper right", bbox_to_anchor=(0.998, 0.965))
    ratio_axes(stage, ax)
    key = legend(stage, stage.figure, states=("sat", "unsat", "unfinished", "dead", "running"), over="above the axis",
                 sources=dict(theory=PARTICLES, live="$N^*$: half of them fit", prediction="your prediction"),
                 band=f"16–84 % of {'redraws' if stage.narrow else 'redrawn seeds'}", **place)  # fmt: skip
    own = next(line for line in key.get_lines() if line.get_label() == "your prediction")
    own_words = next(text for text in key.get_texts() if text.get_text() == "your prediction")
    for artist in (own, own_words):
        artist.set_visible(False)
    training = next(text for text in key.get_texts() if text.get_text() == style.MARKS["running"][3])
    band = stage.actor(ax.axvspan(0.1, 0.1, color=colours.ink, alpha=0.12, linewidth=0, zorder=1))
    star = stage.actor(ax.axvline(0.1, color=colours.sources["live"], zorder=1, **style.LINES["live"]))
    star_words = stage.actor(ax.text(0.1, STAR_WORDS, "", color=colours.ink, ha="left", va="top"))
    corner = (12, 134) if stage.narrow else (stage.width - 279, 0.4 * stage.height)
    behind = Behind(stage, ax, RATIO_TOP, corner[0], 0.315 * stage.height if stage.narrow else 104)
    ghosts, kept = Ghosts(stage, ax, RATIO_TOP), KeptNames(stage, *corner)  # below the legend
    dots = Dots(stage, ax, top=RATIO_TOP)
    prediction = Prediction(stage, ax, named=True)
    flipped = False

    def draw(ds: Any, context: Context) -> None:
        nonlocal flipped
        words = "stopped" if context.stopped else style.MARKS["running"][3]
        if words != training.get_text():
            training.set_text(words)
            stage.reset_scenery()
        predicted = context.prediction is not None
        if predicted != own.get_visible():
            for artist in (own, own_words):
                artist.set_visible(predicted)
            stage.reset_scenery()
        colour = prediction.colour_for(context)
        if colour != own.get_color():
            own.set_color(colour)
            stage.reset_scenery()
        flip = context.values.get("axis") == "P/N"
        if flip != flipped:
            flipped = flip
            size_axis(ax, flip)
            stage.reset_scenery()
        if stage.narrow:  # the axes give way to the words for what stands behind
            bottom = BEHIND_BOTTOM if context.behind is not None else BOTTOM
            if ax.get_position().y0 != bottom:
                ax.set_position((0.12, bottom, 0.85, 0.95 - bottom))
                stage.reset_scenery()
        x, y, state = per_seed(ds)
        dots.set(1 / x if flip else x, y, state, flip)
        _mark_threshold(ds, flip, band, star, star_words)
        behind.set(context.behind, flip)
        ghosts.set(context.ghosts, flip)
        kept.set(context.ghosts)
        prediction.set(context, flip)

    return draw


BOTTOM, BEHIND_BOTTOM = 0.295, 0.4  # of the axes on a phone, without and with words for what stands behind
STAR_WORDS = 0.92 * RATIO_TOP  # below the row of what is above the axis
WORDS_ROOM = 2.4  # the ratio of P/N that these words take


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
    outwards = flip and (low if np.isfinite(low) else at) > WORDS_ROOM / SIZES[1]  # where the networks fit: nothing stands there
    left, right = (low if np.isfinite(low) else at), (high if np.isfinite(high) else at)
    words.set_position((left / 1.03 if outwards else right * 1.03, STAR_WORDS))
    words.set_horizontalalignment("right" if outwards else "left")
    words.set_text(f"{'$P/N^*$' if flip else '$N^*/P$'} = {at:.2g}")


def contrast(stage: Stage) -> Draw:
    """The same networks under the hinge and under cross-entropy, on the same axes: one jumps, the other slides."""
    figure, colours = stage.figure, stage.colours
    if stage.narrow:
        grid = figure.add_gridspec(2, 1, hspace=0.55, left=0.155, right=0.97, top=0.95, bottom=0.19)
        panels = [figure.add_subplot(grid[i]) for i in range(2)]
    else:
        grid = figure.add_gridspec(1, 2, wspace=0.14, left=66 / stage.width, right=0.985, top=0.92, bottom=0.26)
        panels = [figure.add_subplot(grid[0, i]) for i in range(2)]
    actors = []
    names = ("hinge", "logistic")
    for ax, name, words in zip(panels, names, ("quadratic hinge: finite range", "cross-entropy: long range")):
        ratio_axes(stage, ax, name)
        ax.set_title(words)
        actors.append(
            (name, Ghosts(stage, ax, RATIO_TOP, most(stage)), Dots(stage, ax, top=RATIO_TOP), Prediction(stage, ax))
        )
    if not stage.narrow:
        panels[1].set_ylabel("")
    panels[1].text(SIZES[1], 0.97, PARTICLES, ha="right", va="top", color=colours.sources["theory"])
    legend(stage, figure, ("sat", "unsat", "unfinished", "dead"), over="above the axis",
           called=dict(unsat=r"below the margin: $N_\Delta>0$"), **below(stage))  # fmt: skip
    kept = names_below(stage, left=0.79)

    def draw(ds: Any, context: Context) -> None:
        kept.set(context.ghosts)
        for name, ghosts, dots, prediction in actors:
            dots.set(*per_seed(ds.sel(loss_name=name)))
            ghosts.set([(words, [old.sel(loss_name=name) for old in found]) for words, found in context.ghosts])
            prediction.set(context if name == "hinge" else Context())

    return draw


def escape(stage: Stage) -> Draw:
    """A stuck network is given silent neurons: N_Δ and the loss against iteration, before and after."""
    figure, colours = stage.figure, stage.colours
    if stage.narrow:
        grid = figure.add_gridspec(2, 1, hspace=0.45, left=0.16, right=0.95, top=0.955, bottom=0.19)
        panels = [figure.add_subplot(grid[i]) for i in range(2)]
    else:
        grid = figure.add_gridspec(
            1, 2, wspace=0.2, left=60 / stage.width, right=1 - 20 / stage.width, top=0.92, bottom=0.26
        )
        panels = [figure.add_subplot(grid[0, i]) for i in range(2)]
    count, loss = panels
    count.set(ylim=(-0.02, 1), yticks=[], label="count")
    count.set_title(r"unsatisfied points  $N_\Delta$")
    count.axhline(0, color=colours.ink, linewidth=1)
    _loss_axis(loss)
    loss.set_title("loss")
    marks = []
    for ax in panels:
        ax.set_xlabel("iteration")
        marks.append(stage.actor(ax.axvline(0, color=colours.sources["theory"], linewidth=2, linestyle=(0, (6, 3)))))
    traces = [Traces(stage, ax) for ax in panels]
    added_words = stage.actor(count.text(0, 1, "", va="top", color=colours.sources["theory"]))
    small = stage.actor(loss.text(0.25, 0.06, "", transform=loss.transAxes, ha="center"))
    large = stage.actor(loss.text(0.76, 0.97, "", transform=loss.transAxes, ha="center", va="top"))
    legend_of_lines(stage)
    kept = names_below(stage, ("",) * 3)

    def draw(ds: Any, context: Context) -> None:
        steps, sizes = np.asarray(ds.step.values, float), np.asarray(ds.N_trace.values)
        _count_axis(stage, count, float(ds.P))
        last_kept = [found[-1] for _, found in context.ghosts[-most(stage) :]]
        for trace, (name, low) in zip(traces, (("N_delta_trace", 0.0), ("loss_trace", 1.5 * LOSSES[0]))):
            trace.set(steps, np.maximum(ds[name].values, low), ds.state.values)
            trace.keep([(old.step.values, np.maximum(old[name].values, low)) for old in last_kept])
        kept.set(context.ghosts)
        added = steps[len(steps) // 2 - 1] + 0.5
        for mark in marks:
            mark.set_xdata([added, added])
        added_words.set_position((added + 0.02 * steps[-1], 0.99 * float(ds.P)))
        more = f":\n+{sizes[-1] - sizes[0]:.0f} weights" if np.isfinite(sizes[-1]) else ""
        added_words.set_text(f"neurons added{more}")
        small.set_text(f"N = {sizes[0]:.0f}")
        large.set_text(f"N = {sizes[-1]:.0f}" if np.isfinite(sizes[-1]) else "")

    return draw


def _count_axis(stage: Stage, ax: Any, P: float) -> None:
    """N_Δ from 0 to P."""
    if ax.get_ylim()[1] != P:
        ax.set_ylim(-0.025 * P, P)
        ax.set_yticks(np.linspace(0, P, 5))
        ax.grid(True, axis="y")
        stage.reset_scenery()
