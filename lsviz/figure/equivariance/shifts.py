"""A picture that is shifted, what networks answer to it, and how many pictures change their class."""

from dataclasses import replace
from typing import Any

import numpy as np

from .. import style
from ..diffeo.marks import axes_at
from ..dots import KeptNames, Prediction
from ..kernel.marks import Table, name_prediction
from ..stage import Context, Draw, Stage
from .asked import Answers, Curves, Rows, Shown, class_asked

NETS = ("stride", "max", "blur", "none", "flat")
CHANGE = ("change, ‖Δf‖/‖f‖", "change of all outputs, ‖Δf‖/‖f‖")
VIEWS = {"probability": ("linear", (-0.03, 1.06)), "change": ("log", (1e-17, 30.0))}


def shift_it(stage: Stage) -> Draw:
    """The shifted picture and every seed's answer; p(class) or the change of all outputs against it; changed classes; errors."""
    W, H, colours = stage.width, stage.height, stage.colours
    if stage.narrow:
        curve = axes_at(stage, 52, 206, W - 64, 176, "curve")
        picture = axes_at(stage, 12, 28, 140, 140, "image")
        changed = axes_at(stage, 54, 458, 120, 132, "changed")
        one, error = (axes_at(stage, left, 458, 68, 132, name) for left, name in ((196, "one pixel"), (284, "error")))
        answers = Answers(stage, 172, 18, NETS, 22.0, 110)
    else:
        deep, right = H - 28 - 92, 0.232 * W
        curve = axes_at(stage, 250, 28, W - 250 - right - 86, deep, "curve")
        picture = axes_at(stage, 12, 28, 138, 138, "image")
        changed = axes_at(stage, W - right - 12, 28, right, 0.45 * deep, "changed")
        one, error = (axes_at(stage, left, 0.45 * deep + 94, 0.44 * right, 0.55 * deep - 66, name)
                      for left, name in ((W - right - 12, "one pixel"), (W - 0.44 * right - 14, "error")))  # fmt: skip
        answers = Answers(stage, 12, 192, NETS, 21.0, 110)
    curve.set_xlim(-8.3, 8.3)
    curve.set_xticks([-8, -4, 0, 4, 8], ["−8", "−4", "0", "4", "8"])
    curve.set_xlabel("shift to the right, pixels", labelpad=1)
    for k in (-8, 0, 8):
        curve.axvline(k, color=colours.faint, linewidth=1, linestyle=":", zorder=1)
    changed.set(xlim=(0.6, 8.4), ylim=(-3, 84))
    changed.set_xticks([1, 2, 4, 6, 8])
    changed.set_yticks([0, 40, 80], ["0", "40", "80 %"])
    changed.grid(axis="y")
    changed.set_xlabel("shift, pixels", labelpad=1)
    changed.set_title("class changes")
    one.set_title("at 1 pixel" if stage.narrow or W >= 880 else "1 pixel")
    error.set_title("error" if stage.narrow or W < 880 else "test error")
    shown, lines = Shown(stage, picture), Curves(stage, curve, 1.0, NETS)
    moved, errors = Curves(stage, changed, 1.0, NETS), Rows(stage, error, (0.0, 15.0), (0, 10), NETS)
    first = Rows(stage, one, (0.0, 15.0), (0, 10), NETS)
    here = [stage.actor(ax.axvline(0, color=colours.ink, linewidth=1.4, zorder=1.5)) for ax in (curve, changed)]
    above = 1 + 6 / (curve.get_position().height * H)
    title = stage.actor(curve.text(0, above, "", transform=curve.transAxes, va="bottom", weight="bold"))
    prediction = Prediction(stage, curve)
    looks = [dict(color=colours.ink, linewidth=1.0, alpha=0.6), dict(color=colours.ink, linewidth=2.2),
             dict(color=colours.faint, linewidth=1, linestyle=":"), dict(color=colours.sources["prediction"], **style.LINES["prediction"])]
    key = Table(stage, looks, 14, H - (62 if stage.narrow else 46), columns=2 if stage.narrow else 4,
                apart=0.45 * W if stage.narrow else 0.245 * W)  # fmt: skip
    kept = KeptNames(stage, 26, 22, ("",))
    view = [""]

    def framed(kind: str) -> None:
        scale, ends = VIEWS[kind]
        curve.set_yscale(scale)
        curve.set_ylim(*ends)
        if kind == "change":
            curve.set_yticks([1e-16, 1e-12, 1e-8, 1e-4, 1], ["10⁻¹⁶", "10⁻¹²", "10⁻⁸", "10⁻⁴", "1"])
        else:
            curve.set_yticks([0, 0.5, 1], ["0", "½", "1"])
        curve.set_yticks([], minor=True)
        curve.grid(True, axis="y")
        view[0] = kind
        stage.reset_scenery()

    framed("probability")

    def draw(ds: Any, context: Context) -> None:
        nets = list(map(str, ds.network.values))
        kind = str(context.values.get("curve", "probability"))
        if kind != view[0]:
            framed(kind)
        x, still, asked = np.asarray(ds.shift_pixels.values, float), unshifted(ds), class_of(ds)
        shift = float(context.values.get("shift", 0.0))
        shown.set(ds.shifted.values, f"shifted by {shift:g}".replace("-", "−"))
        answers.set(nets, ds.probability.values, still)
        lines.set(nets, x, table(ds, kind, asked))
        title.set_text(f"probability of “{asked}”" if kind == "probability" else CHANGE[stage.narrow or W >= 720])
        moved.set(nets, ds.whole_shift.values, 100 * ds.top_change.values)
        errors.set(nets, ds.test_error.values)
        first.set(nets, ds.top_change.values[:, :, 0])
        here[0].set_xdata([shift, shift])
        here[1].set_xdata([abs(shift)] * 2)
        here[1].set_visible(abs(shift) >= 0.6)
        before = context.ghosts[-1][1][-1] if context.ghosts else None
        lines.keep(*((x, None) if before is None else (before.shift_pixels.values, table(before, kind, class_of(before)))))
        every = sorted({int(v) for v in ds.total_stride.values if v > 1})
        strides = f"$S$ = {' or '.join(map(str, every))}, total stride" if every else "8 pixels"
        drawn_here = context if kind == "probability" else replace(context, prediction=None)  # it was drawn on the axis of p
        name_prediction(prediction, key, ["one seed", "mean of seeds", strides], drawn_here)
        kept.set(context.ghosts[-1:])

    return draw


def unshifted(ds: Any) -> np.ndarray:
    """Probabilities for the picture as it is, (network, seed, output)."""
    return np.asarray(ds.probability_shift.values[:, :, int(np.abs(ds.shift_pixels.values).argmin())], float)


def class_of(ds: Any) -> int:
    """The class whose probability is drawn."""
    return class_asked(ds, unshifted(ds))


def table(ds: Any, kind: str, asked: int) -> np.ndarray:
    """What the curves show, (network, seed, shift)."""
    return np.asarray(ds.output_change.values if kind == "change" else ds.probability_shift.values[..., asked], float)
