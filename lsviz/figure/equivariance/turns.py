"""A picture that is turned, what networks answer to it, and how the test error depends on the angle."""

from dataclasses import replace
from typing import Any

import numpy as np

from .. import style
from ..diffeo.marks import axes_at
from ..dots import KeptNames, Prediction
from ..kernel.marks import Table, name_prediction
from ..stage import Context, Draw, Stage
from .asked import Answers, Curves, Rows, Shown, class_asked

NETS = ("plain", "augmented", "p4")
VIEWS: dict[str, tuple[str, tuple[float, float], str]] = {
    "error": ("linear", (-3.0, 104.0), "test error of turned pictures"),
    "change": ("log", (1e-8, 20.0), "equivariance error $E$ of the outputs"),
    "probability": ("linear", (-0.03, 1.06), "probability"),
}
SHORT = {"error": "test error", "change": "error $E$", "probability": "probability"}  # where there is less room


def turn_it(stage: Stage) -> Draw:
    """The picture turned, and there and back; answers; error, E or p(class) against the angle; errors of every seed."""
    W, H, colours = stage.width, stage.height, stage.colours
    if stage.narrow:
        curve = axes_at(stage, 58, 206, W - 74, 176, "curve")
        picture, back = axes_at(stage, 12, 28, 140, 140, "image"), axes_at(stage, 172, 124, 44, 44, "noisy")
        upright, turned = (axes_at(stage, left, 458, 130, 118, name) for left, name in ((16, "upright"), (200, "turned")))
        answers = Answers(stage, 172, 18, NETS, 19.0, 118)
    else:
        deep, right = H - 28 - 92, 0.2 * W
        curve = axes_at(stage, 268, 28, W - 268 - right - 84, deep, "curve")
        picture, back = axes_at(stage, 12, 28, 132, 132, "image"), axes_at(stage, 154, 104, 56, 56, "noisy")
        upright, turned = (axes_at(stage, W - right - 32, top, right, 0.5 * deep - 50, name)
                           for top, name in ((28, "upright"), (0.5 * deep + 78, "turned")))  # fmt: skip
        answers = Answers(stage, 12, 188, NETS, 22.0, 126)
    curve.set_xlim(-6, 366)
    curve.set_xticks([0, 90, 180, 270, 360], ["0°", "90°", "180°", "270°", "360°"])
    curve.set_xlabel("turned against the clock by", labelpad=1)
    for angle in (0, 90, 180, 270, 360):
        curve.axvline(angle, color=colours.faint, linewidth=1, linestyle=":", zorder=1)
    upright.set_title("error upright")
    shown, floor = Shown(stage, picture), Shown(stage, back, "and back")
    floor.title.set_fontweight("normal")
    lines = Curves(stage, curve, 90.0, NETS)
    still, moved = (Rows(stage, ax, (0.0, 100.0), (0, 50, 100), NETS) for ax in (upright, turned))
    here = stage.actor(curve.axvline(0, color=colours.ink, linewidth=1.4, zorder=1.5))
    named = {kind: words if stage.narrow or W >= 880 else SHORT[kind] for kind, (_, _, words) in VIEWS.items()}
    titles = []
    for ax in (curve, turned):
        above = 1 + 6 / (ax.get_position().height * H)
        titles.append(stage.actor(ax.text(0, above, "", transform=ax.transAxes, va="bottom", weight="bold")))
    prediction = Prediction(stage, curve)
    looks = [dict(color=colours.ink, linewidth=1.0, alpha=0.6), dict(color=colours.ink, linewidth=2.2),
             dict(color=colours.ink, linewidth=1.6, linestyle=(0, (1, 1.6))),
             dict(color=colours.sources["prediction"], **style.LINES["prediction"])]  # fmt: skip
    key = Table(stage, looks, 14, H - (62 if stage.narrow else 46), columns=2 if stage.narrow else 4,
                apart=0.4 * W if stage.narrow else 0.245 * W)  # fmt: skip
    kept = KeptNames(stage, 26, 22, ("",))
    view = [""]

    def framed(kind: str) -> None:
        scale, ends, _ = VIEWS[kind]
        curve.set_yscale(scale)
        curve.set_ylim(*ends)
        ticks = {"error": ([0, 50, 100], ["0", "50 %", "100 %"]), "probability": ([0, 0.5, 1], ["0", "½", "1"]),
                 "change": ([1e-8, 1e-6, 1e-4, 0.01, 1], ["10⁻⁸", "10⁻⁶", "10⁻⁴", "0.01", "1"])}[kind]  # fmt: skip
        curve.set_yticks(*ticks)
        curve.set_yticks([], minor=True)
        curve.grid(True, axis="y")
        view[0] = kind
        stage.reset_scenery()

    framed("error")

    def draw(ds: Any, context: Context) -> None:
        nets = list(map(str, ds.network.values))
        kind = str(context.values.get("curve", "error"))
        if kind != view[0]:
            framed(kind)
        angle = float(context.values.get("turn", 0.0))
        asked = class_of(ds)
        shown.set(ds.turned.values, f"turned by {angle:g}°")
        floor.set(ds.turned_back.values)
        answers.set(nets, ds.probability.values, upright_answers(ds))
        lines.set(nets, *table(ds, kind, asked))
        titles[0].set_text(f"probability of “{asked}”" if kind == "probability" else named[kind])
        still.set(nets, ds.test_error.values)
        nearest = place_of(ds, angle)
        moved.set(nets, ds.error_turn.values[:, :, nearest])
        titles[1].set_text(f"error at {float(ds.turn_degrees[nearest]):g}°")
        here.set_xdata([angle % 360 if angle != 360 else 360] * 2)
        before = context.ghosts[-1][1][-1] if context.ghosts else None
        lines.keep(*(((), None) if before is None else table(before, kind, class_of(before))[:2]))
        by_pixels = "" if kind == "probability" else "left by interpolation" if stage.narrow else "by interpolation alone"
        drawn_here = context if kind == "error" else replace(context, prediction=None)  # it was drawn on the axis of the error
        name_prediction(prediction, key, ["one seed", "mean of seeds", by_pixels], drawn_here)
        kept.set(context.ghosts[-1:])

    return draw


def place_of(ds: Any, angle: float) -> int:
    """The angle of the scan nearest to this one, round the circle."""
    apart = np.abs((np.asarray(ds.turn_degrees.values, float) - angle + 180) % 360 - 180)
    return int(apart.argmin())


def upright_answers(ds: Any) -> np.ndarray:
    """Probabilities for the picture as it is, (network, seed, output)."""
    return np.asarray(ds.probability_turn.values[:, :, place_of(ds, 0.0)], float)


def class_of(ds: Any) -> int:
    """The class whose probability is drawn."""
    return class_asked(ds, upright_answers(ds))


def table(ds: Any, kind: str, asked: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Angles with 360° after the last, what the curves show and its floor, (network, seed, angle)."""
    names = {"error": ("error_turn", "error_back"), "change": ("equivariance", "equivariance_floor")}
    order = np.argsort(ds.turn_degrees.values)
    around = np.append(order, order[0])
    x = np.append(np.asarray(ds.turn_degrees.values, float)[order], float(ds.turn_degrees.values[order[0]]) + 360)
    if kind == "probability":
        return x, np.asarray(ds.probability_turn.values[..., asked], float)[..., around], None
    scale = 100.0 if kind == "error" else 1.0
    curve, floor = (scale * np.asarray(ds[name].values, float)[..., around] for name in names[kind])
    return x, curve, floor
