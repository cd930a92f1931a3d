"""One tetromino as points, as voxels and on the sphere, and how far five networks' answers move when it is turned."""

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from ...symbols import SHAPES
from ..diffeo.marks import axes_at, blank, inked
from ..dots import KeptNames, Prediction
from ..equivariance.asked import Curves, look, named
from ..kernel.marks import Table, geometric_mean, name_prediction
from ..stage import Context, Draw, Stage
from .marks import in_words, kept_of

ORDER = ("message_passing", "se3_transformer", "spherical_cnn", "voxel_convolution", "plain_voxels")
VIEWS: dict[str, tuple[str, tuple[float, float], str]] = {
    "error": ("log", (1e-17, 30.0), "equivariance error $E$"),
    "right": ("linear", (-3.0, 104.0), "of the eight shapes, told right"),
}
SHORT = {"error": "error $E$", "right": "told right"}  # where there is less room
NEAR = 1.1  # cells: neighbouring cubes are joined in the drawing
TALLEST = 2.0  # cells, the reach that is drawn in full ink


def four_architectures(stage: Stage) -> Draw:
    """The shape as each network sees it; E, or the share told right, against the angle; a table of answers at one angle."""
    W, H, colours = stage.width, stage.height, stage.colours
    if stage.narrow:
        side = min(104, (W - 50) / 3)
        small = [axes_at(stage, 12 + k * (side + 13), 26, side, side, name) for k, name in enumerate(("image", "noisy", "deformed"))]
        curve = axes_at(stage, 56, side + 70, W - 72, 200, "curve")
        left, top, apart = 14.0, side + 322.0, W - 28.0
    else:
        side = (H - 120) / 3
        small = [axes_at(stage, 14, 26 + k * (side + 26), side, side, name) for k, name in enumerate(("image", "noisy", "deformed"))]
        apart = 0.345 * W if W >= 880 else 296.0 if W >= 720 else 272.0  # room for names and numbers
        curve = axes_at(stage, side + 84, 28, W - side - 84 - apart - 24, H - 28 - 88, "curve")
        left, top = W - apart, 20.0
    curve.set_xlim(-4, 184)
    curve.set_xticks([0, 45, 90, 135, 180], ["0°", "45°", "90°", "135°", "180°"])
    curve.set_xlabel("turned by", labelpad=1)
    for ax, words in zip(small, ("points", "voxels", "sphere"), strict=True):
        stage.figure.text(ax.get_position().x0, ax.get_position().y1 + 6 / H, words, va="bottom", weight="bold")
    dots = Joined(stage, small[0])
    field, ball = blank(stage, small[1]), blank(stage, small[2])
    lines = Curves(stage, curve, 45.0, ORDER)
    here = stage.actor(curve.axvline(0, color=colours.ink, linewidth=1.4, zorder=1.5))
    title = stage.actor(curve.text(0, 1 + 6 / (curve.get_position().height * H), "", transform=curve.transAxes, va="bottom", weight="bold"))
    prediction = Prediction(stage, curve)
    table = Told(stage, left, top, apart)
    looks = [dict(color=colours.ink, linewidth=1.0, alpha=0.6), dict(color=colours.ink, linewidth=2.2),
             dict(color=colours.ink, linewidth=1.6, linestyle=(0, (1, 1.6))),
             dict(color=colours.sources["prediction"], linestyle=(0, (2, 1.6)), linewidth=2.6)]  # fmt: skip
    if stage.narrow:
        key = Table(stage, looks, 14, H - 60, columns=2, apart=0.36 * W)
        kept = KeptNames(stage, 26, 24, ("",))
    else:
        key = Table(stage, looks, left - 2, top + 172, row=21)
        kept = KeptNames(stage, side + 96, 34, ("",))
    view = [""]

    def framed(kind: str) -> None:
        scale, ends, _ = VIEWS[kind]
        curve.set_yscale(scale)
        curve.set_ylim(*ends)
        ticks = ([1e-15, 1e-10, 1e-5, 1], ["10⁻¹⁵", "10⁻¹⁰", "10⁻⁵", "1"]) if kind == "error" else ([0, 50, 100], ["0", "50 %", "100 %"])
        curve.set_yticks(*ticks)
        curve.set_yticks([], minor=True)
        curve.grid(True, axis="y")
        view[0] = kind
        stage.reset_scenery()

    framed("error")

    def draw(ds: Any, context: Context) -> None:
        nets = [str(name) for name in ds.network.values]
        kind = str(context.values.get("curve", "error"))
        if kind != view[0]:
            framed(kind)
        at = place_of(ds, float(context.values.get("turn", 45.0)))
        dots.set(ds.cells.values, ds.cells_turned.values)
        field.set_data(inked(stage, ds.field_seen.values[::-1]))
        reach = np.asarray(ds.reach_seen.values[::-1], float)
        shown = inked(stage, np.nan_to_num(reach), 0.0, TALLEST)
        shown[..., 3] = np.where(np.isfinite(reach), 255, 0)
        ball.set_data(shown)
        lines.set(nets, *curves(ds, kind))
        words = VIEWS[kind][2] if stage.narrow or W >= 880 else SHORT[kind]
        digits = "" if stage.narrow else f", {context.values.get('precision', 'double')} precision"
        title.set_text(f"{words}{digits}" if kind == "error" else words)
        here.set_xdata([float(ds.turn_degrees[at])] * 2)
        table.set(nets, ds, at, str(context.values.get("shape", SHAPES[0])))
        old = kept_of(context)
        lines.keep(*(((), None) if old is None else curves(old, kind)[:2]))
        name_prediction(prediction, key, ["one seed", "mean", "there and back" if kind == "error" else ""], context)
        kept.set(context.ghosts[-1:])

    return draw


def place_of(ds: Any, angle: float) -> int:
    """The angle of the scan nearest to this one."""
    return int(np.abs(np.asarray(ds.turn_degrees.values, float) - angle).argmin())


def curves(ds: Any, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Angles, what the curves show, and its floor, (network, seed, angle). Not turned, E is 0 for no reason and not drawn."""
    x = np.asarray(ds.turn_degrees.values, float)
    if kind == "right":
        return x, 100 * np.asarray(ds.right_turn.values, float), None
    turned = x % 360 != 0
    found, floor = (np.where(turned, np.asarray(ds[name].values, float), np.nan) for name in ("equivariance", "equivariance_floor"))
    return x, found, floor


class Joined:
    """The cells of a shape as points, seen from the front, along z; nearer ones larger; where they stood as rings."""

    def __init__(self, stage: Stage, ax: Any):
        ax.set(xlim=(-2.4, 2.4), ylim=(-2.4, 2.4))
        colours = stage.colours
        rings = dict(marker="o", markersize=6, markerfacecolor="none", linestyle="none", color=colours.faint)
        self.before = stage.actor(ax.plot([], [], **rings)[0])
        self.edges = stage.actor(ax.add_collection(LineCollection([], colors=colours.satisfied, linewidths=2, zorder=2), autolim=False))
        self.points = stage.actor(ax.scatter([], [], color=colours.satisfied, zorder=3))

    def set(self, before: Any, after: Any) -> None:
        before, after = (np.asarray(v, float) for v in (before, after))
        self.before.set_data(before[:, 0], before[:, 1])
        pairs = [(i, j) for i in range(len(after)) for j in range(i) if np.linalg.norm(after[i] - after[j]) < NEAR]
        self.edges.set_segments([after[[i, j], :2] for i, j in pairs])
        order = np.argsort(after[:, 2])
        self.points.set_offsets(after[order, :2])
        self.points.set_sizes(55 + 22 * after[order, 2])


class Told:
    """A row for each network: its mark and name, E at the angle, in how many seeds the turned shape is told right."""

    def __init__(self, stage: Stage, left: float, top: float, across: float):
        W, H = stage.width, stage.height
        self.stage, row = stage, 21.0 if stage.narrow else 25.0
        write = stage.figure.text
        self.columns = [left + 18, left + across - 64, left + across - 4]
        self.heads = [stage.actor(write(x / W, 1 - top / H, "", va="center", ha=ha, weight="bold"))
                      for x, ha in zip(self.columns, ("left", "right", "right"), strict=True)]  # fmt: skip
        self.rows = []
        for i, net in enumerate(ORDER):
            y = 1 - (top + row * (i + 1.2)) / H
            one = look(stage, net)
            mark = stage.figure.add_artist(Line2D([(left + 5) / W], [y], markersize=7, linestyle="none", **one))
            texts = [write(x / W, y, "", va="center", ha=ha, color=one["color"] if k == 0 else stage.colours.ink)
                     for k, (x, ha) in enumerate(zip(self.columns, ("left", "right", "right"), strict=True))]  # fmt: skip
            stage.actor([mark, *texts])
            self.rows.append((net, mark, texts))

    def set(self, nets: list[str], ds: Any, at: int, shape: str) -> None:
        for head, words in zip(self.heads, (f"at {float(ds.turn_degrees[at]):g}°", "$E$", "seeds"), strict=True):
            head.set_text(words)
        for net, mark, texts in self.rows:
            there = net in nets
            for artist in (mark, *texts):
                artist.set_visible(there)
            if there:
                k = nets.index(net)
                E = np.asarray(ds.equivariance.values[k, :, at], float)
                taken = np.asarray(ds.taken_for.values[k], float)
                known = np.isfinite(taken)
                good = int((taken[known] == SHAPES.index(shape)).sum())
                texts[0].set_text(named(net))
                texts[1].set_text(in_words(middle(E)))
                texts[2].set_text(f"{good}/{known.sum()}" if known.any() else "…")
                texts[2].set_color(self.stage.colours.ink if good == known.sum() else self.stage.colours.wrong)


def middle(E: Any) -> float:
    """The geometric mean over seeds of what is not 0; 0 where all are, NaN where nothing is known."""
    E = np.asarray(E, float)
    return float(geometric_mean(E[None])[0]) if (E > 0).any() else 0.0 if np.isfinite(E).any() else np.nan
