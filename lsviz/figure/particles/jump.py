"""N_Δ/N of discs, ellipses and networks against density, in the same axes or side by side."""

from typing import Any

import numpy as np

from ..dots import Prediction, behind_words
from ..stage import Context, Draw, Stage
from .marks import (
    RATIO,
    SYSTEMS,
    TOP,
    Cloud,
    EndNames,
    Kept,
    PredictionName,
    Theory,
    colour,
    expected,
    handle,
    kept_names,
    legend_below,
    line_handle,
    note,
    predict,
    ratio,
    ratio_axis,
    side_by_side,
    theory,
)

NAMES = ("discs", "ellipses", "network")
RELATIVE = (0.7, 1.45)  # density over its threshold, logarithmic
PHI = (0.66, 1.0)
PER_WEIGHT = (0.5, 25.0)  # P/N, logarithmic: the axis of lesson 3
LOWEST = 2 / 3  # (2n′ − 1)/3n′: fewer contacts do not hold ellipses (ellipses.md §2)


def density(stage: Stage) -> Draw:
    """N_Δ/N of three systems; the value of `axis` ("relative" or "own") chooses one set of axes or three side by side.

    Axes 0: relative to each one's own threshold. Axes 1, 2, 3: discs and ellipses against φ, networks against P/N. A prediction for
    the discs may be drawn on axes 0 or 1 and is shown on both: a curve that goes beyond 1 is of φ/φ_J, for no disc packing has φ > 1.
    """
    views: dict[str, Any] = {"relative": _Together(stage), "own": _Apart(stage)}
    shown = ""
    key = legend_below(stage, _handles(stage), 2)
    own = PredictionName(stage, key)
    kept = kept_names(stage)
    for axes in views.values():
        axes.show(False)

    def draw(ds: Any, context: Context) -> None:
        nonlocal shown
        wanted = "own" if context.values.get("axis") == "own" else "relative"
        if wanted != shown:
            for name, axes in views.items():
                axes.show(name == wanted)
            shown = wanted
            stage.reset_scenery()
        own.follow(views[wanted].predictions[0], context)
        kept.set(context.ghosts)
        views[wanted].set(ds, context)

    return draw


def _handles(stage: Stage) -> list[Any]:
    unfinished = handle(stage, "network", "open: unfinished", filled=False)
    above = handle(stage, "network", "above the axis")
    above.set_marker("^")
    return [unfinished, above, line_handle(stage, "prediction", "your prediction: discs")]


class _Together:
    """One pair of axes for all three: density over its own threshold."""

    def __init__(self, stage: Stage):
        place = (0.12, 0.205, 0.57, 0.755) if stage.narrow else (66 / stage.width, 0.28, 1 - (66 + 150) / stage.width, 0.69)
        self.ax = ax = stage.figure.add_axes(place)
        ax.set_xscale("log")
        ax.set_xlim(*RELATIVE)
        ticks = ["0.7", "0.8", "0.9", "1", "1.1", "1.2", "", "1.4"]
        ax.set_xticks([0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4], ["0.7", "", "", "1", "", "1.2", "", "1.4"] if stage.narrow else ticks)
        ax.set_xticks([], minor=True)
        words = r"density / threshold:  $\varphi/\varphi_{1/2}$,  $(P/N)/(P/N^*)$"
        ax.set_xlabel("density / its own threshold" if stage.narrow else words)
        isostatic, short = ratio_axis(stage, ax, "ratio", label=not stage.narrow), stage.narrow
        if short:
            ax.set_title(RATIO)
        words = "ellipses:\n2/3 to 1" if short else "ellipses at threshold: from here to 1"
        self.theory = Theory(stage, [
            isostatic, theory(stage, ax, LOWEST), ax.axvline(1, color=stage.colours.faint, linewidth=1, zorder=1),
            note(stage, ax, 0.015, 1.02, r"discs: $N_\Delta=N$" if short else r"discs at threshold: $N_\Delta=N$"),
            note(stage, ax, 0.015, LOWEST - 0.02, words, va="top"),
        ])  # fmt: skip
        self.kept, self.clouds = Kept(stage, ax, TOP), {name: Cloud(stage, ax, name, TOP) for name in NAMES}
        self.names = EndNames(stage, ax, NAMES)
        self.predictions = [Prediction(stage, ax, named=True)]

    def show(self, on: bool) -> None:
        self.ax.set_visible(on)
        if not on:
            guess = self.predictions[0]
            _hide([*self.clouds.values()], [*self.kept.lines, *self.names.artists, guess.line, guess.words])

    def set(self, ds: Any, context: Context) -> None:
        self.theory.tell()
        heights, about = {}, guesses(ds, context.values)
        for name, cloud in self.clouds.items():
            x, y, state = per_seed(ds, name, "relative")
            cloud.set(x, y, state)
            heights[name] = _last(x, y, RELATIVE)
        self.names.set(heights)
        self.kept.set([_all(found[-1]) for _, found in context.ghosts])
        predict(self.predictions[0], context, lambda x: x if max(x) > 1 else x / about["discs"])


class _Apart:
    """Each system against its own density."""

    def __init__(self, stage: Stage):
        if stage.narrow:
            grid = stage.figure.add_gridspec(3, 1, hspace=0.62, left=0.13, right=0.97, top=0.955, bottom=0.205)
            self.axes = {name: stage.figure.add_subplot(grid[i]) for i, name in enumerate(NAMES)}
        else:
            grid = stage.figure.add_gridspec(1, 3, wspace=0.12, left=66 / stage.width, right=0.985, top=0.915, bottom=0.28)
            self.axes = {name: stage.figure.add_subplot(grid[0, i]) for i, name in enumerate(NAMES)}
        self.clouds, self.kept, self.marks, self.words = {}, {}, {}, {}
        known = []
        for name, ax in self.axes.items():
            known.append(ratio_axis(stage, ax, name, label=not stage.narrow and name == "discs"))
            ax.set_title(SYSTEMS[name][2], color=colour(stage, name))
            _density_axis(ax, name)
            if not stage.narrow and name != "discs":
                ax.tick_params(labelleft=False)
            self.marks[name] = ax.axvline(0, color=colour(stage, name), linewidth=1.4, zorder=1.5)
            self.words[name] = ax.text(0, 0.9 * TOP, "", va="top", ha="right", bbox=behind_words(stage), zorder=2)
            self.kept[name], self.clouds[name] = Kept(stage, ax, TOP), Cloud(stage, ax, name, TOP)
        stage.actor([*self.marks.values(), *self.words.values()])
        known.append(theory(stage, self.axes["ellipses"], LOWEST))
        known.append(note(stage, self.axes["discs"], 0.03, 1.02, r"$N_\Delta=N$"))
        known.append(note(stage, self.axes["ellipses"], 0.03, LOWEST + 0.02, "2/3"))
        self.theory = Theory(stage, known)
        self.predictions = [Prediction(stage, self.axes["discs"], named=True)]

    def show(self, on: bool) -> None:
        for ax in self.axes.values():
            ax.set_visible(on)
        if not on:
            lines = [line for kept in self.kept.values() for line in kept.lines]
            _hide([*self.clouds.values()], [*lines, *self.marks.values(), *self.words.values(),
                                            self.predictions[0].line, self.predictions[0].words])  # fmt: skip

    def set(self, ds: Any, context: Context) -> None:
        self.theory.tell()
        about = guesses(ds, context.values)
        for name, cloud in self.clouds.items():
            cloud.set(*per_seed(ds, name, "density"))
            self.kept[name].set([per_seed(found[-1], name, "density")[:2] for _, found in context.ghosts])
            at = threshold_of(ds, name)
            for artist in (self.marks[name], self.words[name]):
                artist.set_visible(bool(np.isfinite(at)))
            if np.isfinite(at):
                self.marks[name].set_xdata([at, at])
                self.words[name].set_text(f"$P/N^*$ = {at:.2g}" if name == "network" else rf"$\varphi_{{1/2}}$ = {at:.3f}")
                self.words[name].set_x(at / 1.08 if name == "network" else at - 0.008)
        predict(self.predictions[0], context, lambda x: x * about["discs"] if max(x) > 1 else x)


def _density_axis(ax: Any, name: str) -> None:
    if name == "network":
        ax.set_xscale("log")
        ax.set_xlim(*PER_WEIGHT)
        ax.set_xticks([0.5, 1, 2, 5, 10, 20], ["0.5", "1", "2", "5", "10", "20"])
        ax.set_xticks([], minor=True)
        ax.set_xlabel("points per weight  $P/N$")
    else:
        ax.set_xlim(*PHI)
        ax.set_xticks([0.7, 0.8, 0.9])
        ax.set_xlabel(r"density  $\varphi$")


def _hide(clouds: list[Cloud], artists: list[Any]) -> None:
    for cloud in clouds:
        cloud.hide()
    for artist in artists:
        artist.set_visible(False)


def threshold_of(ds: Any, name: str) -> float:
    """The density at which half of a system's seeds are jammed; NaN until known."""
    return float(ds.threshold_at.sel(system=name))


def guesses(ds: Any, values: dict[str, Any]) -> dict[str, float]:
    """The particles' thresholds, or where they are expected while not known: a predicted curve stands on the relative axis at once."""
    usual = {"discs": expected("discs"), "ellipses": expected("ellipses", float(values.get("aspect", 1.5)))}
    found = {name: threshold_of(ds, name) for name in usual}
    return {name: at if np.isfinite(at) else usual[name] for name, at in found.items()}


def per_seed(ds: Any, name: str, density: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Density ("density" or "relative"; seeds side by side), N_Δ/N and state of every seed of a system, (place, seed) each.

    Relative to its own threshold: NaN, so that nothing is drawn, where that is not bracketed.
    """
    one = ds.sel(system=name)
    x = np.asarray(one.density.values, float) / (threshold_of(ds, name) if density == "relative" else 1.0)
    logs = density == "relative" or name == "network"
    places = np.log(x) if logs else x
    apart = np.diff(np.unique(places[np.isfinite(places)]))
    band = min(0.3 * apart.min() if apart.size else 0.0, 0.012 if density == "relative" else 0.05 if logs else 0.003)
    at = side_by_side(places, one.sizes["seed"], band)
    return np.exp(at) if logs else at, ratio(one.N_delta.values, one.N.values), one.state.values


def _all(ds: Any) -> tuple[np.ndarray, np.ndarray]:
    """The dots of all systems of a kept setting, relative to its own thresholds."""
    parts = [per_seed(ds, name, "relative") for name in NAMES]
    return np.concatenate([np.ravel(x) for x, _, _ in parts]), np.concatenate([np.ravel(y) for _, y, _ in parts])


def _last(x: np.ndarray, y: np.ndarray, limits: tuple[float, float]) -> float:
    """Median of the dots at the densest place inside the axes; NaN without any."""
    inside = np.isfinite(x) & np.isfinite(y) & (x <= limits[1])
    if not inside.any():
        return float("nan")
    place = np.where(inside, x, -np.inf).max(-1).argmax()
    return float(np.median(y[place][inside[place]]))
