"""What training moves, against width: the function as much as ever, the weights and their kernel ever less."""

from typing import Any

import numpy as np

from .. import style
from ..dots import KeptNames, Prediction
from ..generalization.marks import Level, hollow
from ..stage import Context, Draw, Stage
from .marks import Table, beside_each_other, gap_colour, geometric_mean, log_axes, mark_look, name_prediction, signed

# name in the Dataset → its mark, and what it is called
SHOWN = {
    "f_change": ("o", r"$f-f_0$ on the points"),
    "w_change_max": ("v", r"largest $|\Delta w|$"),
    "theta_change": ("s", r"$\Delta\Theta$ of the kernel"),
    "w_change": ("D", r"$\Vert w-w_0\Vert$ over $\Vert w_0\Vert$"),
    "f_gap": ("^", r"$f$ from its tangent plane"),
}


def colour_of(stage: Stage, name: str) -> str:
    """A colour for each of the five."""
    colours = stage.colours
    return {
        "f_change": colours.ink,
        "w_change_max": colours.states["unfinished"],
        "theta_change": colours.states["unsat"],
        "w_change": colours.states["sat"],
        "f_gap": gap_colour(stage),
    }[name]


def expected(name: str, values: dict[str, Any]) -> str:
    """The exponent that theory has for a smooth activation, where it has one."""
    one_layer = values.get("L", 2) == 1  # N ~ h, else N ~ h²; ‖Δw‖ is of order 1
    smooth = values.get("act", "swish") != "relu"
    return {"f_change": "0", "w_change": "−1/2" if one_layer else "−1", "theta_change": "−1" if smooth else "",
            "f_gap": "−1" if smooth else "", "w_change_max": ""}[name]  # fmt: skip


def wider_and_wider(stage: Stage) -> Draw:
    """Five numbers of every trained network against its width, their geometric means, and the exponents of those."""
    figure, width, height, colours = stage.figure, stage.width, stage.height, stage.colours
    if stage.narrow:
        edges = dict(left=56 / width, right=1 - 10 / width, top=1 - 28 / height, bottom=187 / height)
    else:
        edges = dict(left=64 / width, right=1 - 368 / width, top=1 - 28 / height, bottom=50 / height)
    ax = figure.add_subplot(figure.add_gridspec(1, 1, **edges)[0])
    log_axes(ax, (10, 30, 100, 300, 1000), (0.001, 0.01, 0.1, 1), (8, 1300), (3e-4, 5), "movement")
    ax.set_title("moved by training")
    ax.set_xlabel("width  $h$", labelpad=1)
    dots = {name: ax.plot([], [], zorder=2, alpha=0.5, **mark_look(colour_of(stage, name), mark, 4.0))[0]
            for name, (mark, _) in SHOWN.items()}  # fmt: skip
    stage.actor(list(dots.values()))
    means = {name: Level(stage, ax, colour_of(stage, name), mark, zorder=4) for name, (mark, _) in SHOWN.items()}
    old = {name: Level(stage, ax, colours.sources["ghost"], mark, **hollow(stage)) for name, (mark, _) in SHOWN.items()}
    prediction = Prediction(stage, ax)
    looks = [dict(color=colour_of(stage, name), marker=mark, markersize=7, linewidth=1.8) for name, (mark, _) in SHOWN.items()]
    looks.append(dict(color=colours.sources["prediction"], **style.LINES["prediction"]))
    left, top = (14, height - 139) if stage.narrow else (width - 350, 30)
    key = Table(stage, looks, left, top, row=17 if stage.narrow else 50)
    below = None if stage.narrow else [figure.text(word.get_position()[0], word.get_position()[1] - 21 / height, "", va="center",
                                                   color=colours.faint) for word in key.words[:-1]]  # fmt: skip
    if below:
        stage.actor(below)
    kept = KeptNames(stage, 24 if stage.narrow else width - 338, 22 if stage.narrow else 40, ("o",))

    def draw(ds: Any, context: Context) -> None:
        h, seeds = np.asarray(ds.width.values, float), ds.sizes["seed"]
        names, slopes = [], []
        before = context.ghosts[-1][1][-1] if context.ghosts else None
        for name, (_, words) in SHOWN.items():
            table = ds[name].values
            known = np.isfinite(table) & (table > 0)
            dots[name].set_data(beside_each_other(h, seeds, 0.1)[known], table[known])
            means[name].set(h, geometric_mean(table))
            old[name].set(*((before.width.values, geometric_mean(before[name].values)) if before is not None else ((), ())))
            slope, error = float(ds[f"{name}_slope"]), float(ds[f"{name}_slope_se"])
            told = f"slope {signed(slope)}" + (f" ± {error:.2f}" if np.isfinite(error) else "") if np.isfinite(slope) else ""
            theory = expected(name, context.values)
            names.append(words if below or not told else f"{words}: {told[6:]}")
            slopes.append(f"{told}, expected {theory}" if told and theory else told)
        name_prediction(prediction, key, names, context)
        for word, told in zip(below or [], slopes, strict=False):
            word.set_text(told)
        kept.set(context.ghosts[-1:])

    return draw
