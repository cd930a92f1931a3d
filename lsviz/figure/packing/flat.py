"""What gives way when a particle, or the softest mode, is pushed: the particles, the energy it costs, and all stiffnesses."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D

from .. import style
from ..dots import KeptNames, behind_words, grey_mark
from ..stage import Context, Draw, Stage
from .grains import Grains, bodies, box_axes, fog, known, loose, put_bodies, rattler_key, semi_axes

FLAT = 1e-9  # a stiffness below this is none
FLOOR, STIFFEST = 1e-11, 30.0  # the axis of stiffness; flat directions stand in a row at its foot
COST = (-0.05, 0.2)  # the axis of energy, linear up to SMALL and logarithmic beyond
SMALL = 1e-3
MOVED = 0.7  # small diameters: who moved that far has the full colour


def flat_directions(stage: Stage) -> Draw:
    """The packing with the push and what gave way; the energy it cost; the stiffness of every direction."""
    width, height = stage.width, stage.height
    if stage.narrow:
        side = min(width - 16.0, height - 252.0)
        box = box_axes(stage, (width - side) / 2, height - side - 6, side)
        left, gap, bottom = 56.0, 58.0, 96.0
        half = (width - left - gap - 14) / 2
        tall = height - side - 38 - bottom
        places = (left, bottom, half, tall), (left + half + gap, bottom, half, tall)
        key, kept = (0.02, 26 / height), (12.0, 20.0)
    else:
        side = min(height - 76.0, 0.44 * width)
        box = box_axes(stage, 10.0, height - side - 9, side)
        left, rest = side + 92, width - side - 92 - 14
        places = (left, 264.0, rest, height - 264.0 - 28), (left, 54.0, rest, 132.0)
        key, kept = (10 / width, 0.012), (left + 0.48 * rest, height - 4.0)
    push = _Pushed(stage, box)
    axes = [stage.figure.add_axes((x / width, y / height, w / width, h / height), label=name)
            for (x, y, w, h), name in zip(places, ("cost", "spectrum"))]  # fmt: skip
    cost, spectrum = _cost(stage, axes[0]), _spectrum(stage, axes[1])
    _key(stage, key)
    names = KeptNames(stage, *kept, ("",))

    def draw(ds: Any, context: Context) -> None:
        step = at(ds, float(context.values.get("distance", 1.0)))
        push.set(ds, step)
        cost(ds, step, context)
        spectrum(ds, context)
        names.set(context.ghosts)

    return draw


def at(ds: Any, distance: float) -> int:
    """The push step nearest to a distance, among those that are known; 0 where none is."""
    there = np.isfinite(ds.position_pushed.values).all((1, 2))
    apart = np.where(there, np.abs(ds.distance.values - distance), np.inf)
    return int(apart.argmin()) if there.any() else 0


class _Pushed:
    """The packing before the push as outlines; over it the packing that was pushed, bluer the farther a particle went."""

    def __init__(self, stage: Stage, ax: Any):
        colours = stage.colours
        self.page, self.blue, self.ink = (np.array(to_rgb(c)) for c in (colours.page, colours.satisfied, colours.ink))
        self.before = Grains(stage, ax, zorder=3.0)
        for lines in (self.before.pushes, self.before.pulls):
            lines.set_alpha(0.3)
        self.before.bodies.set_linestyle((0, (2, 1.5)))
        self.after = bodies(ax, 2.0)
        self.arrows = PolyCollection([], zorder=5, facecolors=colours.wrong, edgecolors=colours.page, linewidths=0.6)
        ax.add_collection(self.arrows, autolim=False)
        stage.actor([self.after, self.arrows])

    def set(self, ds: Any, step: int) -> None:
        self.before.set(ds)
        there = known(ds)
        for artist in (self.after, self.arrows):
            artist.set_visible(there)
        if not there:
            return
        self.before.bodies.set_facecolor("none")
        self.before.bodies.set_edgecolor(0.5 * self.page + 0.5 * self.ink)
        free = loose(ds)[:, None]
        box, before = float(ds.box), np.asarray(ds.position.values[0], float)
        after, angle = (np.asarray(ds[name].values[step], float) for name in ("position_pushed", "angle_pushed"))
        if not np.isfinite(after).all():
            after, angle = before, ds.angle.values[0]
        went = after - before
        went -= box * np.round(went / box)
        far = np.clip(np.sqrt((went**2).sum(1)) / MOVED, 0, 1)[:, None]
        which = put_bodies(self.after, np.mod(after / box, 1), semi_axes(ds), angle)
        fill = self.page + np.where(free, 0.0, 0.08 + 0.6 * far) * (self.blue - self.page)
        edge = self.page + (0.35 + 0.65 * far) * (self.blue - self.page)
        haze = fog(before / box)[:, None]
        for colours, put in ((fill, self.after.set_facecolor), (edge, self.after.set_edgecolor)):
            put((colours + haze * (self.page - colours))[which])
        way = np.nan_to_num(ds.pushed.values)
        self.arrows.set_verts(arrows(before[:, :2] / box, way[:, :2] / box, 0.13 / box))


def arrows(start: np.ndarray, way: np.ndarray, width: float) -> Any:
    """Polygons (k, 7, 2) of arrows from `start` (n, 2) along `way`; those too short to be seen are left out."""
    length = np.sqrt((way**2).sum(1))
    seen = length > 1.2 * width
    start, way, length = start[seen], way[seen], length[seen, None]
    along = way / length
    side = np.stack([-along[:, 1], along[:, 0]], 1)
    head = np.minimum(2.6 * width, 0.6 * length)
    thin = np.minimum(0.5 * width, 0.2 * length)
    neck, tip = start + way - head * along, start + way
    return np.stack([start - thin * side, neck - thin * side, neck - 0.5 * head * side, tip,
                     neck + 0.5 * head * side, neck + thin * side, start + thin * side], 1)  # fmt: skip


def _cost(stage: Stage, ax: Any) -> Callable[[Any, int, Context], None]:
    """The energy that the push has cost, against how far it went."""
    colours = stage.colours
    ax.set(xlim=(-0.02, 1.02), xticks=[0, 0.5, 1], xticklabels=["0", "½", "1"])
    ax.set_yscale("symlog", linthresh=SMALL, linscale=0.7)
    ax.set_title("energy it costs")
    ax.set_xlabel("diameters pushed" if stage.width < 720 else "pushed by, in small diameters", labelpad=1)
    ticks = [-0.01, 0, 0.01] if stage.narrow else [-0.01, -0.001, 0, 0.001, 0.01, 0.1]
    ax.set_yticks(ticks, [f"{t:g}".replace("-", "−") for t in ticks])
    ax.set_yticks([], minor=True)
    ax.set_ylim(*COST)
    ax.grid(axis="y")
    ax.axhline(0, color=colours.ink, linewidth=1)
    kept = stage.actor(ax.plot([], [], color=colours.sources["ghost"], zorder=2, **style.LINES["ghost"])[0])
    lines = LineCollection([], linewidths=2.2, zorder=4, capstyle="round")
    stage.actor(ax.add_collection(lines, autolim=False))
    here = stage.actor(ax.axvline(0.0, color=colours.faint, linewidth=1.2, zorder=1))
    dot = stage.actor(ax.plot([], [], marker="o", color=colours.wrong, markersize=8, zorder=5, clip_on=False)[0])
    words = stage.actor(ax.text(0.02, 0.92, "", transform=ax.transAxes, va="top", zorder=6, bbox=behind_words(stage)))

    def draw(ds: Any, step: int, context: Context) -> None:
        far, rise = np.asarray(ds.distance.values, float), cost(ds)
        shown = np.clip(rise, COST[0], 0.99 * COST[1])
        lines.set_segments([np.column_stack([far, row])[np.isfinite(row)] for row in shown.T])
        lines.set_color([colours.states["sat" if nothing_resists(row) else "unsat"] for row in rise.T])
        here.set_xdata([far[step]] * 2)
        dot.set_data([far[step]], [shown[step, 0]])
        dot.set_marker("^" if rise[step, 0] > COST[1] else "o")
        words.set_text(told(far[step], rise[:, 0], step))
        kept.set_visible(bool(context.ghosts))
        for _, found in context.ghosts[-1:]:
            kept.set_data(found[-1].distance.values, np.clip(cost(found[-1])[:, 0], *COST))

    return draw


def cost(ds: Any) -> np.ndarray:
    """Energy over that of the packing at rest, (push_step, seed)."""
    pushed = np.asarray(ds.energy_pushed.transpose("push_step", "seed").values, float)
    return pushed - pushed[:1]


def told(far: float, rise: np.ndarray, step: int) -> str:
    """What a push (push_step,) has cost so far, in words; "" while that is not known."""
    if nothing_resists(rise):
        return "nothing resists"
    if not (step and np.isfinite(rise[step])):
        return ""
    number = f"{abs(rise[step]):.2g}" if abs(rise[step]) >= 1e-4 else "under 0.0001"
    return f"at {far:.3g}: {'−' if rise[step] <= -1e-4 else ''}{number}"


def nothing_resists(rise: np.ndarray) -> bool:
    """Whether a push (push_step,) cost no energy all along, as far as it is known."""
    found = rise[np.isfinite(rise)]
    return bool(len(found) > 1 and (np.abs(found) < 1e-9).all())


def _spectrum(stage: Stage, ax: Any) -> Callable[[Any, Context], None]:
    """The stiffness of every direction, sorted; flat ones at the foot, counted."""
    colours = stage.colours
    ax.set(yscale="log", ylim=(0.2 * FLOOR, STIFFEST))
    ax.set_xticks([])  # until it is known how many there are
    ax.set_yticks([FLOOR, 1e-6, 1e-3, 1], ["flat", "$10^{-6}$", "$10^{-3}$", "1"])
    ax.set_yticks([], minor=True)
    ax.set_title("stiffness" if stage.width < 720 else "stiffness of every direction")
    ax.set_xlabel("directions" if stage.narrow else "directions, softest first", labelpad=1)
    ax.grid(axis="y")
    look: dict[str, Any] = dict(linestyle="none", marker="o", markersize=4.5, zorder=4)
    flat = stage.actor(ax.plot([], [], color=colours.states["sat"], markerfacecolor="none", **look)[0])
    stiff = stage.actor(ax.plot([], [], color=colours.states["unsat"], **{**look, "marker": "D", "markersize": 3.5})[0])
    kept = stage.actor(ax.plot([], [], zorder=2, **{**grey_mark(stage, "s"), "markersize": 3})[0])
    words = stage.actor(ax.text(0.03, 0.5, "", transform=ax.transAxes, va="center", zorder=6, bbox=behind_words(stage)))

    def draw(ds: Any, context: Context) -> None:
        stiffness = np.asarray(ds.stiffness.transpose("mode", "seed").values, float)[:, 0]
        modes = np.arange(1, len(stiffness) + 1)
        if ax.get_xlim()[1] != 1.03 * len(modes):
            ax.set_xlim(-0.03 * len(modes), 1.03 * len(modes))
            ax.set_xticks(np.linspace(0, len(modes), 3 if stage.narrow else 5).astype(int))
            stage.reset_scenery()
        soft = stiffness < FLAT
        flat.set_data(modes[soft], np.full(soft.sum(), FLOOR))
        stiff.set_data(modes[stiffness >= FLAT], stiffness[stiffness >= FLAT])
        words.set_text(f"{soft.sum()} of {len(modes)} flat" if np.isfinite(stiffness).all() else "")
        kept.set_visible(bool(context.ghosts))
        for _, found in context.ghosts[-1:]:
            old = found[-1].stiffness.transpose("mode", "seed").values[:, 0]
            kept.set_data(np.arange(1, len(old) + 1), np.maximum(old, FLOOR))

    return draw


def _key(stage: Stage, place: tuple[float, float]) -> None:
    colours = stage.colours
    look: dict[str, Any] = dict(linestyle="none", marker="o", markersize=10)
    handles = [
        Line2D([], [], color=colours.faint, markerfacecolor="none", label="before", **look),
        Line2D([], [], color=colours.satisfied, alpha=0.7, label="gave way", **look),
        Line2D([], [], color=colours.wrong, linestyle="none", marker=r"$\rightarrow$", markersize=13, label="the push"),
        rattler_key(stage),
    ]
    stage.figure.legend(handles=handles, loc="lower left", bbox_to_anchor=place, ncols=4, columnspacing=0.8, handletextpad=0.2,
                        handlelength=1.3, borderaxespad=0.0)  # fmt: skip
