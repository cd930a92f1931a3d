"""Particles in their periodic box: coloured by overlap, forces as lines between centres, rattlers without filling."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from ..stage import Stage

STRONGEST = 0.12  # the overlap at the end of the colour scale, on which colours go as its square root
FIRST = 0.15  # where the least overlap stands on it, apart from no overlap at all
CLEAR = 0.8  # how opaque a particle is: where two overlap, both are seen
FOG = 0.75  # how far the farthest ball has faded
SIDES = (0.0, -1.0, 1.0)
SHIFTS = np.array([(x, y) for x in SIDES for y in SIDES])  # the box and its eight neighbours


class Contacts(NamedTuple):
    """The contacts of one packing: particles i and j, the way from i to j (k, axis), force (< 0 attracts) and overlap 1 − r/σ."""

    i: np.ndarray
    j: np.ndarray
    way: np.ndarray
    force: np.ndarray
    overlap: np.ndarray


def contacts(ds: Any, seed: int = 0) -> Contacts:
    """Contacts of a seed, ways in units of the box. The overlap of discs and balls is that of their cores, whatever the force."""
    i, j, force, overlap = (
        np.asarray(ds[name].values[seed], float) for name in ("contact_i", "contact_j", "contact_force", "overlap")
    )
    known = np.isfinite(i) & np.isfinite(j)
    i, j, overlap = i[known].astype(int), j[known].astype(int), overlap[known]
    box, place = float(ds.box), np.asarray(ds.position.values[seed], float)
    way = place[j] - place[i]
    way -= box * np.round(way / box)
    major = ds.major.values
    if np.array_equal(major, ds.minor.values):
        overlap = 1 - np.sqrt((way**2).sum(1)) / (major[i] + major[j])
    return Contacts(i, j, way / box, np.nan_to_num(force[known]), np.nan_to_num(overlap))


def known(ds: Any, seed: int = 0) -> bool:
    """Whether the positions of a seed are there."""
    return bool(np.isfinite(ds.position.values[seed]).all() and np.isfinite(float(ds.box)))


def scale(stage: Stage) -> np.ndarray:
    """The colours of overlap, (256, 3): pale to strong, evenly darker (brighter on a dark page), so that no colour sense is needed.

    The strongest still lets the lines of the forces be seen on it.
    """
    dark = ["#262a31", "#5a4026", "#92551f", "#b95c1f", "#d5672a"]
    light = ["#f3f2ee", "#fbe6bb", "#f9bf6c", "#ee8a45", "#cc4a33"]
    made = LinearSegmentedColormap.from_list("overlap", dark if stage.colours.dark else light)
    return made(np.linspace(0, 1, 256))[:, :3]


def level(overlap: Any) -> np.ndarray:
    """Where an overlap stands on the colour scale, 0 to 1."""
    along = np.sqrt(np.clip(np.asarray(overlap, float) / STRONGEST, 0, 1))
    return np.where(np.asarray(overlap) > 0, FIRST + (1 - FIRST) * along, 0.0)


class Grains:
    """One packing on `ax`, whose sides are the periodic box: what crosses a side is seen again at the other one.

    Balls are looked at along z: nearer ones lie over farther ones, which fade, and so do their forces.
    """

    def __init__(self, stage: Stage, ax: Any, zorder: float = 2.0):
        colours = stage.colours
        self.colours = scale(stage)
        self.page, self.ink, self.faint, self.blue = (
            np.array(to_rgb(c)) for c in (colours.page, colours.ink, colours.faint, colours.satisfied)
        )
        self.size = min(ax.bbox.width, ax.bbox.height) / stage.ratio  # css pixels
        self.bodies = bodies(ax, zorder)
        self.pushes = LineCollection([], zorder=zorder + 0.2, capstyle="round")
        self.pulls = LineCollection([], zorder=zorder + 0.1, linestyle=PULL)
        for made in (self.pushes, self.pulls):
            ax.add_collection(made, autolim=False)
        stage.actor([self.bodies, self.pushes, self.pulls])

    def set(self, ds: Any, seed: int = 0) -> None:
        """Draw seed number `seed` of `ds`; nothing while its positions are not known."""
        there = known(ds, seed)
        for artist in (self.bodies, self.pushes, self.pulls):
            artist.set_visible(there)
        if not there:
            return
        place, met = np.asarray(ds.position.values[seed], float) / float(ds.box), contacts(ds, seed)
        worst = np.zeros(len(place))
        for ends in (met.i, met.j):
            np.maximum.at(worst, ends, met.overlap)
        which = put_bodies(self.bodies, place, semi_axes(ds), ds.angle.values[seed])
        self._colour(worst, loose(ds, seed), fog(place), which)
        self._forces(place, met)

    def _colour(self, overlap: np.ndarray, free: np.ndarray, fog: np.ndarray, which: np.ndarray) -> None:
        fill = np.where(free[:, None], self.page, self.colours[(255 * level(overlap)).astype(int)])
        edge = np.where(free[:, None], self.faint, 0.3 * self.page + 0.7 * self.ink)
        opaque = np.where(fog[:, None] > 0, 1.0, CLEAR)
        for colours, alpha, put in (
            (fill, opaque, self.bodies.set_facecolor),
            (edge, np.ones_like(opaque), self.bodies.set_edgecolor),
        ):
            put(np.column_stack([colours + fog[:, None] * (self.page - colours), alpha])[which])
        self.bodies.set_linewidth(np.where(free, 0.7, 1.0)[which] * (1.0 if self.size > 300 else 0.7))

    def _forces(self, place: np.ndarray, met: Contacts) -> None:
        """Lines between centres, as wide as the force is large against the mean one; over a side of the box, from both ends."""
        n, space = place.shape
        mean = np.abs(met.force).mean() if np.any(met.force) else 1.0
        thin = (
            np.clip((64 / n) ** (1 / space), 0.35, 1.6)
            * np.clip(self.size / 170, 1.0, 2.4)
            * (0.7 if space == 3 else 1)
        )
        widths = np.maximum(np.clip(np.abs(met.force) / mean, 0.12, 4.0) * thin, np.where(met.force < 0, 1.2, 0.3))
        begin, again = place[met.i, :2], place[met.j, :2]
        segments = np.stack([begin, begin + met.way[:, :2]], 1)
        across = ((segments[:, 1] < 0) | (segments[:, 1] > 1)).any(1)
        segments = np.concatenate([segments, np.stack([again - met.way[:, :2], again], 1)[across]])
        which = np.concatenate([np.arange(len(widths)), np.flatnonzero(across)])
        seen = 0.85 * (1 - fog(place, met) / FOG) ** 3
        for lines, chosen, colour in (
            (self.pushes, met.force >= 0, self.ink),
            (self.pulls, met.force < 0, self.blue),
        ):
            mine = chosen[which]
            lines.set_visible(bool(mine.any()))
            if mine.any():
                lines.set_segments(segments[mine])
                lines.set_linewidth(widths[which][mine])
                lines.set_color(np.column_stack([np.broadcast_to(colour, (mine.sum(), 3)), seen[which][mine]]))


PULL = (0, (2.4, 1.6))  # dashes of an attraction, in widths


def semi_axes(ds: Any) -> np.ndarray:
    """Semi-axes (n, 2) in units of the box."""
    return np.stack([ds.major.values, ds.minor.values], 1) / float(ds.box)


def fog(place: np.ndarray, met: Contacts | None = None) -> np.ndarray:
    """How far each particle, or the middle of each contact, has faded into the page: 0 in the plane and for the nearest ball."""
    if place.shape[1] == 2:
        return np.zeros(len(place) if met is None else len(met.i))
    depth = place[:, 2] if met is None else place[met.i, 2] + met.way[:, 2] / 2
    return FOG * (1 - np.clip(depth, 0, 1))


def bodies(ax: Any, zorder: float) -> EllipseCollection:
    """Ellipses on `ax` without any yet."""
    about: dict[str, Any] = dict(offsets=np.zeros((1, 2)), offset_transform=ax.transData, zorder=zorder)
    made = EllipseCollection([], [], [], units="xy", **about)
    ax.add_collection(made, autolim=False)
    return made


def put_bodies(made: EllipseCollection, place: np.ndarray, size: np.ndarray, angle: Any) -> np.ndarray:
    """Put ellipses at `place` (n, axis), with semi-axes `size` (n, 2), all in units of the box, and at the sides they cross.

    Returns the particle behind each ellipse, the farthest first.
    """
    seen = (place[:, None, :2] + SHIFTS).reshape(-1, 2)  # (particle, copy)
    reach = np.repeat(size.max(1), len(SHIFTS))[:, None]
    shown = np.flatnonzero(((seen > -reach) & (seen < 1 + reach)).all(1))
    if place.shape[1] == 3:
        shown = shown[np.argsort(place[shown // len(SHIFTS), 2], kind="stable")]
    which = shown // len(SHIFTS)
    made.set_offsets(seen[shown])
    made.set_widths(2 * size[which, 0])
    made.set_heights(2 * size[which, 1])
    made.set_angles(np.degrees(np.nan_to_num(np.asarray(angle, float)[which])))
    return which


def box_axes(stage: Stage, left: float, bottom: float, side: float, name: str = "box") -> Any:
    """Axes of a periodic box in css pixels: one unit is its side. Its frame is dashed, for it is no wall."""
    ax = stage.figure.add_axes(
        (left / stage.width, bottom / stage.height, side / stage.width, side / stage.height), label=name
    )
    ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    look: dict[str, Any] = dict(fill=False, edgecolor=stage.colours.faint, linestyle=(0, (4, 3)), linewidth=1.2)
    stage.actor(ax.add_patch(Rectangle((0, 0), 1, 1, zorder=6, clip_on=False, **look)))
    return ax


def overlap_key(stage: Stage, left: float, bottom: float, width: float, height: float = 12.0) -> None:
    """The colour scale with its numbers, in css pixels from the lower left corner."""
    ax = stage.figure.add_axes((left / stage.width, bottom / stage.height, width / stage.width, height / stage.height))
    along = np.linspace(0, 1, 256)
    colours = scale(stage)[np.where(along < 0.75 * FIRST, 0, np.clip(255 * along, 255 * FIRST, 255)).astype(int)]
    colours = CLEAR * colours + (1 - CLEAR) * np.array(to_rgb(stage.colours.page))
    ax.imshow(colours[None], aspect="auto", extent=(0, 1, 0, 1), interpolation="nearest")
    ax.set(label="overlap scale", yticks=[])
    ax.set_xticks([0.35 * FIRST, *level([0.01, 0.03, 0.1])], ["none", "1 %", "3 %", "10 %"])
    ax.tick_params(axis="x", length=2, pad=1)
    for spine in ax.spines.values():
        spine.set(visible=True, linewidth=0.6)


def line_key(stage: Stage, attract: bool) -> list[Line2D]:
    """What the lines and the empty particles are, for a legend: of particles that only repel, or of those that `attract`, too."""
    force = Line2D([], [], color=stage.colours.ink, linewidth=3, label="repulsion" if attract else "force")
    if not attract:
        return [force, rattler_key(stage)]
    dashes: Any = (0, (1.8, 1.2))
    return [force, Line2D([], [], color=stage.colours.satisfied, linewidth=2.5, linestyle=dashes, label="attraction")]


def rattler_key(stage: Stage) -> Line2D:
    """A particle that nothing holds, for a legend."""
    colours = stage.colours
    empty: dict[str, Any] = dict(marker="o", markersize=9, markerfacecolor=colours.page, color=colours.faint)
    return Line2D([], [], linestyle="none", label="rattler", **empty)


def loose(ds: Any, seed: int = 0) -> np.ndarray:
    """The rattlers (n,) of a seed; none before it is jammed."""
    return (np.asarray(ds.rattler.values[seed]) > 0) & (str(ds.state.values[seed]) in ("unsat", "unfinished"))
