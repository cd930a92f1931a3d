"""Error against N: the cusp where networks jam, and how it goes when training stops early."""

import textwrap
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from ..dots import Prediction, behind_words
from ..stage import Context, Draw, Stage
from .marks import (
    HALF_FIT,
    ErrorPanel,
    Level,
    Strip,
    Threshold,
    above_entry,
    average_entry,
    errors_of,
    kept_names,
    key,
    line_entry,
    mean_of,
    single_entry,
    stacked,
)  # fmt: skip


def double_descent(stage: Stage) -> Draw:
    """Test error of every network against N, their mean, the error of the mean output; N_Δ/N and the size of f of the same networks.

    The first axes are those of the error, in per cent (5 … 27) against N (30 … 2000): a prediction is drawn there.
    """
    panels = stacked(stage, (2.7, 0.9, 0.9), foot=178, gap=GAP)
    panels[0].set_title("test error")
    error = ErrorPanel(stage, panels[0])
    star = Threshold(stage, panels)
    ratio, size = Strip(stage, panels[1], "ratio"), Strip(stage, panels[2], "size")
    prediction = Prediction(stage, panels[0], named=True)
    legend = key(stage, ["sat", "unsat", "unfinished", "running", above_entry(stage), single_entry(stage, "mean of single errors"),
                         average_entry(stage, "error of mean output"), line_entry(stage, HALF_FIT, "live"), "band",
                         line_entry(stage, r"particles: $N_\Delta=N$", "theory"),
                         line_entry(stage, "your prediction", "prediction")])  # fmt: skip
    own = OwnName(stage, legend, prediction)
    kept = kept_names(stage)
    behind = Stored(stage, panels[0])

    def draw(ds: Any, context: Context) -> None:
        x, y, state = errors_of(ds)
        error.frame(y)
        error.dots.set(x, y, state)
        mean, se = mean_of(100 * ds.test_error.values)
        error.single.set(ds.N.values, mean, se)
        error.average.set(ds.N.values, 100 * ds.ensemble_error.values[-1], 100 * ds.ensemble_error_se.values)
        error.ghosts.set(context.ghosts)
        for name, strip in (("ratio", ratio), ("size", size)):
            strip.set(ds)
        star.set(ds)
        kept.set(context.ghosts)
        own.set(context)
        behind.set(context.behind)

    return draw


class OwnName:
    """What the legend's last entry says of the learner's curve: nothing while there is none, and for which setting it was drawn.

    On a phone the setting stands in the corner of the axes, since the legend has no room for it.
    """

    def __init__(self, stage: Stage, legend: Any, prediction: Prediction):
        self.stage, self.prediction = stage, prediction
        self.line, self.words = legend.get_lines()[-1], legend.get_texts()[-1]
        self.shown: tuple[str, str] | None = None
        if stage.narrow:
            prediction.words.set_transform(prediction.words.axes.transAxes)
        self._show("", self.line.get_color())

    def _show(self, words: str, colour: str) -> None:
        if (words, colour) != self.shown:
            self.shown = words, colour
            self.line.set_visible(bool(words))
            self.line.set_color(colour)
            self.words.set_text(words)
            self.stage.reset_scenery()

    def set(self, context: Context) -> None:
        """Draw the prediction and name it."""
        self.prediction.set(context)
        words, made_for = self.prediction.words, context.prediction_for
        said = "your prediction" if context.prediction is not None and len(context.prediction[0]) else ""
        whole = ", ".join(part.replace(" ", "\xa0") for part in (said, made_for))  # lines break between the parts
        if self.stage.narrow:
            words.set_text(textwrap.fill(whole, 34))
            words.set_position((0.99, 0.02 if context.behind is None else 0.16))
            words.set_horizontalalignment("right")
        else:
            words.set_visible(False)
            said = textwrap.fill(whole, 27) if said and made_for else said
        self._show(said, self.prediction.colour_for(context))


GAP = 0.22  # between panels: the name of a strip stands there


class Stored:
    """A stored scan behind the live one: mean of the single errors, and the error of the mean output; told in words what it is."""

    def __init__(self, stage: Stage, ax: Any):
        colour, self.narrow = stage.colours.sources["stored"], stage.narrow
        self.curves = [Level(stage, ax, colour, mark, zorder=1.6, linewidth=3.0, alpha=0.65) for mark in ("o", "s")]
        if stage.narrow:
            self.words = ax.text(0.01, 0.02, "", transform=ax.transAxes, va="bottom", zorder=6, bbox=behind_words(stage))
        else:  # beside the strips, in the column of the legend: inside the axes there is no corner without dots
            left, foot = 1 - 262 / stage.width, 0.2
            self.words = stage.figure.text(left + 40 / stage.width, foot, "", va="bottom")
            sample: dict[str, Any] = dict(color=colour, alpha=0.65, linewidth=3.0, marker="o", markevery=[0], solid_capstyle="butt")
            self.sample = Line2D([left + 6 / stage.width, left + 32 / stage.width], [foot + 0.02] * 2, **sample)
            stage.figure.add_artist(self.sample)
            stage.actor(self.sample)
        stage.actor(self.words)

    def set(self, ds: Any) -> None:
        """`ds` as from double_descent, or None; its attribute `label` names it."""
        words = "" if ds is None else ds.attrs.get("label", "stored networks")
        if not self.narrow:
            self.sample.set_visible(ds is not None)
        self.words.set_text(",\n".join(words.rsplit(", ", 1)) if self.narrow else textwrap.fill(words, 24))
        rows = (
            ((), ())
            if ds is None
            else (100 * mean_of(ds.test_error.values)[0], 100 * np.asarray(ds.ensemble_error.values)[-1])
        )
        for curve, row in zip(self.curves, rows, strict=True):
            curve.set(() if ds is None else ds.N.values, row)


def at_stop(ds: Any, stop: Any) -> int:
    """The place of the stopping time nearest to `stop` (in ratio); the last one for None."""
    stops = np.asarray(ds.stop.values, float)
    return len(stops) - 1 if stop is None else int(np.abs(np.log(stops / float(stop))).argmin())


def states_at(ds: Any, place: int) -> np.ndarray:
    """How every network stands at a stopping time: satisfied, or unfinished; as it ended at the last."""
    if place == ds.sizes["stop"] - 1:
        return np.ravel(ds.state.values)
    left = ds.N_delta_trace.values[place]
    return np.ravel(np.where(np.isnan(left), "waiting", np.where(left > 0, "unfinished", "sat")))


def stopping(stage: Stage) -> Draw:
    """Test error against N at the chosen stopping time, at all others pale; N_Δ/N at that time beside N* of the whole training."""
    panels = stacked(stage, (2.6, 1.0), foot=178, gap=GAP)
    title = panels[0].set_title("test error when training stops")
    error = ErrorPanel(stage, panels[0])
    star = Threshold(stage, panels)
    ratio = Strip(stage, panels[1], "ratio")
    pale = LineCollection([], colors=stage.colours.sources["ghost"], linewidths=1.1, alpha=0.75, zorder=2)
    stage.actor(panels[0].add_collection(pale, autolim=False))
    last = Level(stage, panels[0], stage.colours.states["unsat"], zorder=4, linewidth=2.0, linestyle=(0, (5, 1.5)))
    prediction = Prediction(stage, panels[0], named=True)
    key(stage, ["sat", "unsat", "unfinished", "running", above_entry(stage), single_entry(stage, "mean, stopped here"),
                line_entry(stage, "mean at the end", colour=stage.colours.states["unsat"], linestyle=(0, (5, 1.5)), linewidth=2.0),
                line_entry(stage, "mean at other times", "ghost"), average_entry(stage, "mean output, here"),
                line_entry(stage, "$N^*$ at the end", "live"), "band"],
        called=dict(unfinished="not satisfied yet"))  # fmt: skip
    kept = kept_names(stage)

    def draw(ds: Any, context: Context) -> None:
        place = at_stop(ds, context.values.get("stop"))
        words = f"test error after {int(ds.stop[place])} iterations"
        if title.get_text() != words and panels[0].get_title(loc="left") != words:
            panels[0].set_title(words)
            stage.reset_scenery()
        table = 100 * ds.test_error_trace.values
        now = ds.assign(test_error=ds.test_error_trace[place], N_delta=ds.N_delta_trace[place])
        state = states_at(ds, place)
        x, y, _ = errors_of(now)
        error.frame(y)
        error.dots.set(x, y, state)
        mean, se = mean_of(table)
        N = np.asarray(ds.N.values, float)
        error.single.set(N, mean[place], se[place])
        last.set(N, mean[-1], se[-1])
        curves = [(N[np.isfinite(row)], row[np.isfinite(row)]) for i, row in enumerate(mean) if i != place]
        pale.set_segments([np.column_stack(curve) for curve in curves])
        error.average.set(N, 100 * ds.ensemble_error_trace.values[place])
        error.ghosts.set([(said, [_ended(old) for old in found]) for said, found in context.ghosts])
        ratio.set(now, state)
        star.set(ds)
        kept.set(context.ghosts)
        prediction.set(context)

    return draw


def _ended(ds: Any) -> Any:
    """What was kept, as it stood at its last stopping time."""
    return ds.assign(test_error=ds.test_error_trace[-1])
