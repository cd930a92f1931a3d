"""Twenty networks of one size as functions between two digits, and how far they disagree at every size that was visited."""

from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection

from ... import data
from ..dots import Prediction, behind_words
from ..stage import Context, Draw, Stage
from .marks import (
    FEW_TICKS,
    FRAMES,
    SIZE_TICKS,
    Level,
    average_colour,
    average_entry,
    beside,
    hollow,
    kept_names,
    key,
    line_entry,
    mean_of,
    single_entry,
    size_axis,
)  # fmt: skip

TOP = 200.0  # |f| at the ends of the axis
ENDS = (-0.25, 1.25)


@lru_cache(maxsize=32)
def pair_of_images(dataset: str, labels: str, data_seed: int, which: int) -> tuple[np.ndarray, np.ndarray] | None:
    """The pictures of test points 2·which (y = +1) and 2·which + 1 (y = −1); None where there are none."""
    if dataset not in data.PICTURED or 2 * which + 2 > data.image_count(dataset, "test"):
        return None
    pictures = data.images(dataset, P=2 * which + 2, split="test").x[-2:]
    first, asked = (
        data.load(dataset, P=2 * which + 2, split="test", labels=kind, seed=data_seed).x for kind in ("parity", labels)
    )
    return (
        (pictures[0], pictures[1]) if np.array_equal(first[-2], asked[-2]) else (pictures[1], pictures[0])
    )  # a coin may swap them


def twenty_networks(stage: Stage) -> Draw:
    """f of every network along the line from one digit to another, thin, and their mean, thick; beside it what they differ by, and err."""
    ax, strips = beside(stage, 0.47)
    lines, (scale, error) = _functions(stage, ax), strips
    for strip in strips:
        size_axis(strip, strip is error, SIZE_TICKS if stage.narrow else FEW_TICKS)
        strip.set_xlim(10.0, 2000.0)
        strip.grid(axis="y")
    scale.set_yscale("log")
    scale.set(ylim=(0.1, 100), label="fluctuation")
    scale.set_yticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
    scale.set_yticks([], minor=True)
    scale.set_title(r"they disagree by $\Vert f-\bar f\Vert$")
    error.set(ylim=FRAMES[0][1], label="error")
    error.set_yticks([10, 20], ["10 %", "20 %"])
    error.set_title("test error")
    disagreement = Level(stage, scale, stage.colours.ink, "D")
    single, average = (
        Level(stage, error, stage.colours.ink, "o"),
        Level(stage, error, average_colour(stage), "s", linewidth=2.6),
    )
    here = [stage.actor(strip.axvline(30, color=stage.colours.faint, linewidth=1.2, zorder=1)) for strip in strips]
    kept_lines = [Level(stage, strip, stage.colours.sources["ghost"], "s", **hollow(stage)) for strip in strips]
    jamming, prediction = _Bracket(stage, strips), Prediction(stage, scale)
    entries = [
        line_entry(stage, words, colour=stage.colours.states[state], linewidth=1.6)
        for state, words in (("sat", "satisfied"), ("unsat", "stuck"), ("unfinished", "unfinished"))
    ]
    key(stage, [*entries, average_entry(stage, "mean output"), single_entry(stage, "single networks"),
              line_entry(stage, r"margin: $f=\pm1$", colour=stage.colours.faint, linestyle=":")], columns=3)  # fmt: skip
    kept = kept_names(stage, below=True)

    def draw(ds: Any, context: Context) -> None:
        lines(ds, context)
        for line in here:
            line.set_xdata([float(ds.N)] * 2)
        visited = [*context.trail, ds]
        N, spread, alone, together = _numbers(visited)
        frame = next(ends for upto, ends in FRAMES if not np.nanmax([*alone[:, 0], 0.0]) > upto)
        if error.get_ylim() != frame:
            error.set_ylim(*frame)
            ticks = [10, 20] if frame[1] < 30 else [10, 20, 30, 40] if frame[1] < 50 else [0, 25, 50]
            error.set_yticks(ticks, [f"{t} %" for t in ticks])
            stage.reset_scenery()
        jamming.set(bracket(visited))
        disagreement.set(N, spread)
        single.set(N, alone[:, 0], alone[:, 1])
        average.set(N, together)
        N, spread, alone, _ = _numbers(context.ghosts[-1][1] if context.ghosts else [])
        kept_lines[0].set(N, spread)
        kept_lines[1].set(N, alone[:, 0])
        kept.set(context.ghosts[-1:])
        prediction.set(context)

    return draw


def bracket(found: list[Any]) -> tuple[float, float] | None:
    """The largest of these sizes at which fewer than half of the networks fit, and the next one: N* lies between them. None: not known.

    A size that is still training does not count.
    """
    known = [(float(ds.N), np.asarray(ds.state.values)) for ds in found]
    rows = sorted((N, float((state == "sat").mean())) for N, state in known if not np.isin(state, ("waiting", "running")).any())
    few = [i for i, (_, share) in enumerate(rows) if share < 0.5]
    return (rows[few[-1]][0], rows[few[-1] + 1][0]) if few and few[-1] + 1 < len(rows) else None


class _Bracket:
    """The range in which N* lies, as far as the sizes that were visited tell."""

    def __init__(self, stage: Stage, panels: list[Any]):
        ink = stage.colours.ink
        self.bands = [ax.axvspan(30, 30, color=ink, alpha=0.12, linewidth=0, zorder=1) for ax in panels]
        self.words = panels[0].text(30, 0.95, "$N^*$ in here", transform=panels[0].get_xaxis_transform(), color=ink, zorder=6,
                                    va="top", bbox=behind_words(stage))  # fmt: skip
        stage.actor([*self.bands, self.words])

    def set(self, ends: tuple[float, float] | None) -> None:
        for artist in (*self.bands, self.words):
            artist.set_visible(ends is not None)
        if ends is None:
            return
        low, high = ends
        for band in self.bands:
            band.set_x(low)
            band.set_width(high - low)
        right = high < 500  # is there room beside it
        self.words.set_x(high * 1.05 if right else low / 1.05)
        self.words.set_horizontalalignment("left" if right else "right")


def _numbers(found: list[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """N, fluctuation, mean single error with its error, error of the mean output: in per cent, in order of N."""
    rows = sorted(found, key=lambda ds: float(ds.N))
    alone = [np.array(mean_of(100 * ds.test_error.values), float).ravel() for ds in rows]
    return (
        np.array([float(ds.N) for ds in rows]),
        np.array([float(ds.fluctuation) for ds in rows]),
        np.array(alone).reshape(-1, 2),
        np.array([100 * float(ds.ensemble_error_all) for ds in rows]),
    )


def _functions(stage: Stage, ax: Any) -> Any:
    """The functions themselves; beyond |f| = 1 the axis is logarithmic."""
    colours = stage.colours
    ax.set_yscale("symlog", linthresh=1.0, linscale=0.8)
    ax.set(xlim=ENDS, ylim=(-TOP, TOP), label="line")
    ticks = [-100, -10, -1, 0, 1, 10, 100]
    ax.set_yticks(ticks, [f"{t}".replace("-", "−") for t in ticks])
    ax.set_yticks([], minor=True)
    ax.set_xticks([0, 1], ["one digit", "the other"])
    ax.set_title("$f$ of every network on the way")
    ax.axhline(0, color=colours.ink, linewidth=1.0, zorder=1)
    for margin in (-1, 1):
        ax.axhline(margin, color=colours.faint, linewidth=1.0, linestyle=":", zorder=1)
    for end in (0, 1):
        ax.axvline(end, color=colours.grid, linewidth=1.2, zorder=0.5)
    thin = LineCollection([], linewidths=1.1, alpha=0.75, zorder=3)
    stage.actor(ax.add_collection(thin, autolim=False))
    halo = stage.actor(ax.plot([], [], color=colours.page, linewidth=6.0, zorder=4)[0])
    mean = stage.actor(ax.plot([], [], color=average_colour(stage), linewidth=3.4, zorder=5)[0])
    side = 58 if stage.narrow else 66
    shares = side / (ax.get_position().width * stage.width), side / (ax.get_position().height * stage.height)
    frames = []
    for end, foot in (
        (0, 0.02),
        (1, 0.98 - shares[1]),
    ):  # y = +1 is above: its picture stands below the lines, the other's above
        centre = (end - ENDS[0]) / (ENDS[1] - ENDS[0])
        inset = ax.inset_axes((centre - shares[0] / 2, foot, *shares), zorder=2)
        inset.set(xticks=[], yticks=[], label=f"picture {end}")
        for spine in inset.spines.values():
            spine.set_visible(False)
        picture = inset.imshow(np.zeros((28, 28)), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        frames.append((inset, picture))
    shown: list[Any] = [None]

    def draw(ds: Any, context: Context) -> None:
        values = context.values
        asked = tuple(values.get(name, start) for name, start in START.items())
        if asked != shown[0]:
            shown[0] = asked
            found = pair_of_images(*asked)
            for i, (inset, picture) in enumerate(frames):
                inset.set_visible(found is not None)
                if found is not None:
                    picture.set_data(found[i])
            stage.reset_scenery()
        place, f = np.asarray(ds.place.values), np.asarray(ds.f_line.values)
        thin.set_segments([np.column_stack([place, column]) for column in f.T])
        thin.set_color([colours.states.get(str(state), colours.ink) for state in ds.state.values])
        for line in (halo, mean):
            line.set_data(place, ds.f_line_mean.values)

    return draw


START = dict(dataset="mnist", labels="parity", data_seed=0, which=0)
