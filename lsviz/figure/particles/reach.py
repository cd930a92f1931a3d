"""Long and short range: the same densities under a push that ends at contact, and under one that never ends."""

from typing import Any

import numpy as np

from ..dots import Prediction
from ..stage import Context, Draw, Stage
from .marks import (
    RATIO,
    SYSTEMS,
    Cloud,
    Kept,
    PredictionName,
    Theory,
    colour,
    handle,
    kept_names,
    legend_below,
    line_handle,
    note,
    predict,
    ratio,
    ratio_axis,
    side_by_side,
)

NAMES = ("discs", "lennard_jones")
PHI = (0.67, 1.01)
ENERGIES = {"discs": (-0.4, 7.0), "lennard_jones": (-4.5, 10.0)}  # of the discs in thousandths
SCALE = {"discs": 1000.0, "lennard_jones": 1.0}
BAND = 0.004  # half the width in φ in which the seeds of one density stand side by side


def long_short_range(stage: Stage) -> Draw:
    """Axes 0: N_Δ/N of both against φ (for Lennard-Jones the neighbours of the first shell). Then the energy of each, per particle."""
    figure = stage.figure
    if stage.narrow:
        grid = figure.add_gridspec(3, 1, height_ratios=[1.7, 1, 1], hspace=0.72, left=0.15, right=0.97, top=0.955, bottom=0.185)
        count, *energies = (figure.add_subplot(grid[i]) for i in range(3))
    else:
        grid = figure.add_gridspec(2, 2, width_ratios=[1.25, 1], hspace=0.72, wspace=0.2, left=66 / stage.width, right=0.985,
                                   top=0.915, bottom=0.275)  # fmt: skip
        count = figure.add_subplot(grid[:, 0])
        energies = [figure.add_subplot(grid[i, 1]) for i in range(2)]
    ratios, levels = _Count(stage, count), [_Energy(stage, ax, name) for ax, name in zip(energies, NAMES)]
    key = legend_below(stage, [
        handle(stage, "discs", "discs"), handle(stage, "lennard_jones", "Lennard-Jones"),
        handle(stage, "discs", "open: unfinished", False), line_handle(stage, "prediction", "your prediction"),
    ], 2)  # fmt: skip
    own = PredictionName(stage, key)
    kept = kept_names(stage)

    def draw(ds: Any, context: Context) -> None:
        own.follow(ratios.prediction, context)
        ratios.set(ds, context)
        for level in levels:
            level.set(ds, context)
        kept.set(context.ghosts)

    return draw


def _phi_axis(ax: Any, label: bool = True) -> None:
    ax.set_xlim(*PHI)
    ax.set_xticks([0.7, 0.8, 0.9, 1.0])
    if label:
        ax.set_xlabel(r"density  $\varphi$")


class _Count:
    """N_Δ/N of both, each named at its last dots."""

    def __init__(self, stage: Stage, ax: Any):
        isostatic = ratio_axis(stage, ax, "ratio", label=not stage.narrow)
        ax.set_ylim(-0.08, 2.0)
        ax.set_yticks([0, 0.5, 1, 1.5, 2])
        _phi_axis(ax, label=not stage.narrow)
        ax.set_title(RATIO if stage.narrow else "contacts per freedom")
        self.theory = Theory(stage, [isostatic, note(stage, ax, 0.015, 0.98, r"$N_\Delta=N$", va="top")])
        self.kept = Kept(stage, ax, 2.0)
        self.clouds = {name: Cloud(stage, ax, name, 2.0) for name in NAMES}
        look = dict(weight="bold", va="bottom", ha="left")
        self.names = {name: ax.text(0, 0, SYSTEMS[name][2], color=colour(stage, name), **look) for name in NAMES}
        stage.actor(list(self.names.values()))
        self.prediction = Prediction(stage, ax, named=True)

    def set(self, ds: Any, context: Context) -> None:
        self.theory.tell()
        for name, cloud in self.clouds.items():
            x, y, state = per_seed(ds, name)
            cloud.set(x, y, state)
            text, known = self.names[name], np.isfinite(y).any(-1) & (x[:, 0] > PHI[0])
            text.set_visible(bool(known.any()))
            if known.any():
                first = int(known.argmax())
                text.set_position((x[first].min(), np.nanmax(y[first]) + (0.13 if name == "lennard_jones" else 0.06)))
        self.kept.set([_together([per_seed(found[-1], name)[:2] for name in NAMES]) for _, found in context.ghosts])
        predict(self.prediction, context)


class _Energy:
    """Energy per particle of one system."""

    def __init__(self, stage: Stage, ax: Any, name: str):
        self.name = name
        ax.set(ylim=ENERGIES[name], label=f"energy of {name}")
        words = {"discs": "energy, discs (× 1000)", "lennard_jones": "energy, Lennard-Jones"}[name]
        ax.set_title(words, color=colour(stage, name))
        ax.axhline(0, color=stage.colours.ink, linewidth=1)
        _phi_axis(ax, label=name != "discs")
        self.kept, self.cloud = Kept(stage, ax, ENERGIES[name][1]), Cloud(stage, ax, name, ENERGIES[name][1])

    def set(self, ds: Any, context: Context) -> None:
        self.cloud.set(*self._energies(ds))
        self.kept.set([self._energies(found[-1])[:2] for _, found in context.ghosts])

    def _energies(self, ds: Any) -> tuple[Any, Any, Any]:
        x, _, state = per_seed(ds, self.name)
        return x, SCALE[self.name] * np.asarray(ds.energy.sel(system=self.name).values, float), state


def per_seed(ds: Any, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """φ (seeds side by side), N_Δ/N and state of every packing of a system, (phi, seed) each."""
    one = ds.sel(system=name)
    x = side_by_side(np.asarray(ds.phi.values, float), one.sizes["seed"], BAND)
    return x, ratio(one.N_delta.values, one.N.values), one.state.values


def _together(parts: list[tuple[Any, Any]]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([np.ravel(x) for x, _ in parts]), np.concatenate([np.ravel(y) for _, y in parts])
