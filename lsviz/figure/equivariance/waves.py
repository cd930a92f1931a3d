"""A wave on a ring of points, every s-th of them, and the slower wave that those show."""

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection

from .. import style
from ..diffeo.marks import axes_at
from ..dots import KeptNames, Prediction
from ..generalization.marks import Level
from ..kernel.marks import Table, mark_look, name_prediction
from ..stage import Context, Draw, Stage

SAME = 1e-6  # radians: two frequencies that are one


def aliasing(stage: Stage) -> Draw:
    """Above: the wave, its kept points, and what they show. Below: amplitudes before and after, every wave's alias, and the kept mean."""
    W, H, colours = stage.width, stage.height, stage.colours
    if stage.narrow:
        scan = axes_at(stage, 44, 378, 128, 112, "scan")
        wave = axes_at(stage, 44, 28, W - 54, 118, "wave")
        spectrum = axes_at(stage, 44, 208, W - 54, 100, "spectrum")
        pooled = axes_at(stage, 222, 378, W - 232, 112, "pooled")
    else:
        top, deep = 232, H - 232 - 114
        scan = axes_at(stage, 0.535 * W, top, 0.17 * W, deep, "scan")
        wave = axes_at(stage, 48, 28, W - 62, 134, "wave")
        spectrum = axes_at(stage, 48, top, 0.41 * W, deep, "spectrum")
        pooled = axes_at(stage, 0.77 * W, top, 0.215 * W, deep, "pooled")
    ring = Wave(stage, wave)
    amplitudes, alias, mean = Amplitudes(stage, spectrum), Alias(stage, scan), Pooled(stage, pooled)
    right, wrong, green = colours.satisfied, colours.wrong, colours.sources["theory"]
    looks = [dict(color=colours.faint, linewidth=1.4), mark_look(colours.ink, "o", 7), dict(color=right, linewidth=2.6),
             dict(color=wrong, **DASHED), dict(color=green, **style.LINES["theory"]),
             dict(color=colours.sources["prediction"], **style.LINES["prediction"])]  # fmt: skip
    key = Table(stage, looks, 14, H - (98 if stage.narrow else 68), columns=2 if stage.narrow else 3,
                apart=186 if stage.narrow else 0.32 * W, row=0 if stage.narrow else 20)  # fmt: skip
    kept = KeptNames(stage, 26, 20, ("",))

    def draw(ds: Any, context: Context) -> None:
        before = context.ghosts[-1][1][-1] if context.ghosts else None
        ring.set(ds, before)
        amplitudes.set(ds)
        alias.set(ds, before)
        mean.set(ds)
        blurred = bool((ds.blur_response.values < 1).any())
        they = "seen" if stage.narrow else "they show"
        names = ["the wave", "points that are kept", f"{they}: the wave", f"{they}: an alias", "left by the blur" if blurred else ""]
        name_prediction(alias.prediction, key, names, context)
        kept.set(context.ghosts[-1:])

    return draw


DASHED: dict[str, Any] = dict(linewidth=2.6, linestyle=(0, (4, 1.6)))


def aliased(ds: Any) -> bool:
    """Whether the kept points show another wave."""
    return bool(abs(float(ds.apparent_frequency) - float(ds.frequency)) > SAME)


def round_the_ring(frequency: Any, ds: Any) -> Any:
    """A frequency in radians per point as waves round the ring."""
    return np.asarray(frequency, float) * ds.sizes["sample"] / (2 * np.pi)


class Wave:
    """The wave of the first seed, its points, those that are kept as they are after the blur, and the slowest wave through those."""

    def __init__(self, stage: Stage, ax: Any):
        colours, self.stage = stage.colours, stage
        ax.set(xlim=(-0.7, 48.2), ylim=(-1.22, 1.22))
        ax.set_xticks(range(0, 49, 8 if stage.narrow else 4))
        ax.set_yticks([-1, 0, 1], ["−1", "0", "1"])
        ax.axhline(0, color=colours.grid, linewidth=1, zorder=0.5)
        ax.set_xlabel("point of the ring", labelpad=1)
        ax.set_title(" ")  # keeps its room
        self.title = stage.actor(ax.text(0, 1.0, "", transform=ax.transAxes, va="bottom", weight="bold"))
        self.title.set_y(1 + 6 / (ax.get_position().height * stage.height))
        self.old = Level(stage, ax, colours.sources["ghost"], zorder=1.2, **{**style.LINES["ghost"], "linewidth": 1.6})
        self.wave = Level(stage, ax, colours.faint, zorder=1.5, linewidth=1.4)
        self.all = stage.actor(ax.plot([], [], zorder=2, **mark_look(colours.faint, "o", 3.6))[0])
        self.kept = stage.actor(ax.plot([], [], zorder=5, **mark_look(colours.ink, "o", 7))[0])
        self.shown = {False: Level(stage, ax, colours.satisfied, zorder=3, linewidth=2.6),
                      True: Level(stage, ax, colours.wrong, zorder=3, **DASHED)}  # fmt: skip

    def set(self, ds: Any, before: Any) -> None:
        one, other = ds.isel(seed=0), aliased(ds)
        fine = np.asarray(ds.fine_sample.values, float)
        self.wave.set(fine, one.wave_fine.values)
        self.all.set_data(ds.sample.values, one.wave.values)
        values = one.kept.values
        there = np.isfinite(values)
        self.kept.set_data(ds.sample.values[there], values[there])
        self.shown[other].set(fine, one.apparent_wave.values)
        self.shown[not other].set((), ())
        old = None if before is None else before.isel(seed=0)
        self.old.set(*(((), ()) if old is None else (old.fine_sample.values, old.apparent_wave.values)))
        number, seen = (f"{float(round_the_ring(ds[name], ds)):.0f}" for name in ("frequency", "apparent_frequency"))
        points = f"{int(there.sum())} kept points"
        narrow = self.stage.narrow
        there_are = f"{number} waves; " if narrow else f"{number} waves on {there.size} points; the "
        self.title.set_text(f"{there_are}{points} show {seen}")


class Amplitudes:
    """Amplitude of every number of waves, before and after points are dropped; what is too fast for the kept points; what a blur leaves."""

    def __init__(self, stage: Stage, ax: Any):
        colours = stage.colours
        ax.set(xlim=(-0.8, 24.8), ylim=(0, 1.3))
        ax.set_xticks(range(0, 25, 4))
        ax.set_yticks([0, 0.5, 1], ["0", "½", "1"])
        ax.set_xlabel("waves round the ring", labelpad=1)
        ax.set_title("amplitudes: grey before, colour after" if stage.narrow or stage.width >= 880 else "amplitudes")
        self.beyond = stage.actor(ax.axvspan(12, 24.8, color=colours.ink, alpha=0.09, linewidth=0, zorder=0.5))
        self.words = stage.actor(ax.text(24.5, 1.27, "", ha="right", va="top", color=colours.ink, zorder=5))
        self.left = Level(stage, ax, colours.sources["theory"], zorder=2, **style.LINES["theory"])
        looks = {"spectrum": (colours.faint, "o", 4.5), "same": (colours.satisfied, "o", 6), "alias": (colours.wrong, "D", 6)}
        self.parts = {}
        for name, (colour, mark, size) in looks.items():
            stems = ax.add_collection(LineCollection([], colors=colour, linewidths=2.2, zorder=3), autolim=False)
            tops = ax.plot([], [], zorder=4, alpha=0.8, **mark_look(colour, mark, size))[0]
            self.parts[name] = stage.actor([stems, tops])

    def set(self, ds: Any) -> None:
        limit = float(round_the_ring(ds.nyquist, ds))
        number = np.asarray(ds.wave_number.values, float)
        self.beyond.set_x(limit)
        self.beyond.set_width(24.8 - limit)
        self.beyond.set_visible(limit < 24)
        self.words.set_text("too fast for kept points" if limit <= 12 else "too fast" if limit < 24 else "")
        self.left.set(*((number, ds.blur_response.values) if (ds.blur_response.values < 1).any() else ((), ())))
        before, after = ds.spectrum.values, np.nan_to_num(ds.spectrum_kept.values)
        seen = np.rint(round_the_ring(np.nan_to_num(ds.apparent_scan.values), ds)).astype(int)
        strange = (seen != number) & (before.max(0) * ds.blur_response.values > 1e-6)
        own = (before.max(0) > 1e-6) & ~np.isin(number, seen[strange])  # it was there, and nothing else was folded onto it
        self._stems("spectrum", number - 0.16, before)
        self._stems("same", number + 0.16, np.where(own, after, 0))
        self._stems("alias", number + 0.16, np.where(own, 0, after))

    def _stems(self, name: str, x: np.ndarray, table: np.ndarray) -> None:
        """A stem as high as the highest seed, a dot for each of them."""
        stems, tops = self.parts[name]
        high = table.max(0)
        there = high > 1e-6
        stems.set_segments([[(a, 0), (a, b)] for a, b in zip(x[there], high[there], strict=True)])
        seen = table > 1e-6
        tops.set_data(np.broadcast_to(x, table.shape)[seen], table[seen])


class Alias:
    """The wave that the kept points show, for every wave there is: up to the limit itself, then folded back."""

    def __init__(self, stage: Stage, ax: Any):
        colours = stage.colours
        ax.set(xlim=(0, 24.8), ylim=(0, 26.5))
        ax.set_xticks([0, 8, 16, 24])
        ax.set_yticks([0, 12, 24])
        ax.set_xlabel("waves" if stage.narrow else "waves there are", labelpad=1)
        ax.set_title("waves they show")
        ax.plot([0, 24], [0, 24], color=colours.faint, linewidth=1, linestyle=":", zorder=1)
        self.old = Level(stage, ax, colours.sources["ghost"], zorder=1.2, **style.LINES["ghost"])
        self.all = Level(stage, ax, colours.ink, zorder=2, linewidth=1.8)
        self.here = {False: stage.actor(ax.plot([], [], zorder=5, clip_on=False, **mark_look(colours.satisfied, "o", 9))[0]),
                     True: stage.actor(ax.plot([], [], zorder=5, clip_on=False, **mark_look(colours.wrong, "D", 9))[0])}  # fmt: skip
        self.prediction = Prediction(stage, ax)

    def set(self, ds: Any, before: Any) -> None:
        self.all.set(ds.wave_number.values, round_the_ring(ds.apparent_scan, ds))
        other = aliased(ds)
        at = ([float(round_the_ring(ds[name], ds))] for name in ("frequency", "apparent_frequency"))
        self.here[other].set_data(*at)
        self.here[not other].set_data([], [])
        self.old.set(*(((), ()) if before is None else (before.wave_number.values, round_the_ring(before.apparent_scan, before))))


class Pooled:
    """The mean of the kept points when the wave is shifted first, a line for each phase: flat where shifts change nothing."""

    def __init__(self, stage: Stage, ax: Any):
        colours = stage.colours
        ax.set(xlim=(-0.2, 4.2), ylim=(-1.12, 1.12))
        ax.set_xticks(range(5))
        ax.set_yticks([-1, 0, 1], ["−1", "0", "1"])
        ax.grid(axis="y")
        ax.set_xlabel("shift, points", labelpad=1)
        ax.set_title("mean of kept" if stage.narrow or stage.width < 880 else "mean of kept points")
        lines = LineCollection([], colors=colours.ink, linewidths=1.4, alpha=0.7, zorder=3)
        self.lines = stage.actor(ax.add_collection(lines, autolim=False))
        self.dots = stage.actor(ax.plot([], [], zorder=4, **mark_look(colours.ink, "o", 4.5))[0])

    def set(self, ds: Any) -> None:
        x, table = np.asarray(ds.offset.values, float), ds.pooled.values
        self.lines.set_segments([np.column_stack([x, row]) for row in table])
        self.dots.set_data(np.broadcast_to(x, table.shape).ravel(), table.ravel())
