"""The slide's picture in perspective: the curved surface of all functions, its tangent plane at w₀, and training on both."""

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb

from ..dots import KeptNames
from ..stage import Context, Draw, Stage
from .marks import Table, mark_look

DISTANCE = 7.0  # of the eye, in units of the distance from start to target
RISE = 24.0  # degrees above the plane
SURFACE, PLANE = 10, 7  # meshes from the middle to the edge of what is drawn
TALL = 1.5  # of the surface, what is farther from the plane is left out
LOW = 0.12  # how far above the middle of the picture f(w₀) stands
LIGHT = np.array([-0.35, 0.25, 0.9])


def tangent_plane(stage: Stage) -> Draw:
    """Start, target, plane and surface in the frame of the tangent plane, so that it lies still while the surface bends.

    Drawn by own projection: faces from far to near, the surface shaded, the plane a pale sheet.
    """
    width, height, colours = stage.width, stage.height, stage.colours
    foot, side = (104, 0) if stage.narrow else (0, 246)
    ax = stage.figure.add_axes((0, foot / height, 1 - side / width, 1 - foot / height))
    room = (width - side) / (height - foot)
    half = 1.8 / min(room, 1.28)
    ax.set(xlim=(-half * room, half * room), ylim=(-half - LOW, half - LOW), label="functions")
    small = 96 if stage.narrow else 170  # pixels of the corner that says which space this is
    corner = stage.figure.add_axes((1 - (small + 8) / width, 4 / height, small / width, small / height))
    corner.set(xlim=(-1, 1), ylim=(-1, 1), label="axes")
    for each in (ax, corner):
        each.set_axis_off()
    sheet = stage.actor(ax.add_collection(PolyCollection([], linewidths=0.5, antialiaseds=True), autolim=False))
    real, linear = colours.states["sat"], colours.states["unsat"]
    halo = stage.actor([ax.plot([], [], color=colours.page, linewidth=6.5, zorder=4)[0] for _ in range(2)])
    gap = stage.actor(ax.plot([], [], color=colours.ink, linewidth=1.4, linestyle=":", zorder=4.5)[0])
    paths = stage.actor([ax.plot([], [], color=colour, linewidth=3.2, linestyle=dashes, zorder=5)[0]
                         for colour, dashes in ((real, "-"), (linear, (0, (3, 1.2))))])  # fmt: skip
    ends = stage.actor([ax.plot([], [], zorder=6, **{**mark_look(colour, mark, 9), "markeredgewidth": 0.8}, markeredgecolor=colours.page)[0]
                        for colour, mark in ((real, "o"), (linear, "D"))])  # fmt: skip
    start = stage.actor(ax.plot([], [], zorder=7, markeredgecolor=colours.page, marker="o", markersize=10, color=colours.ink)[0])
    star: dict[str, Any] = dict(marker="*", markersize=19, color=colours.sources["theory"])
    target = stage.actor(ax.plot([], [], zorder=7, markeredgecolor=colours.page, **star)[0])
    words = [stage.actor(ax.text(0, 0, text, zorder=8, ha="center", fontweight="bold")) for text in (r"$f(w_0)$", "target")]
    triad = stage.actor(corner.add_collection(LineCollection([], colors=colours.faint, linewidths=1.6), autolim=False))
    names = [stage.actor(corner.text(0, 0, f"$f(x_{i})$", color=colours.faint, ha="center", va="center")) for i in (1, 2, 3)]
    looks: list[dict[str, Any]] = [dict(color=real, linewidth=3.2), dict(color=linear, linewidth=3.2, linestyle=(0, (2, 1.0))),
                                   mark_look(surface_colour(stage), "s", 12), mark_look(plane_colour(stage), "s", 12)]  # fmt: skip
    look: dict[str, Any] = dict(color=colours.faint, linewidth=2.0, markersize=8, markeredgewidth=1.8, markerfacecolor=colours.page,
                                markevery=[-1])  # fmt: skip
    old = stage.actor([ax.plot([], [], zorder=4.2, linestyle=dashes, marker=mark, **look)[0]
                       for dashes, mark in (("-", "o"), ((0, (3, 1.2)), "D"))])  # fmt: skip
    kept = KeptNames(stage, 24, height - 12, ("",))
    key = Table(stage, looks, *((12, height - 84) if stage.narrow else (width - 245, 34)), row=19 if stage.narrow else 27)

    def draw(ds: Any, context: Context) -> None:
        one = ds.isel(seed=0)
        view = Camera(float(context.values.get("turn", -10.0)), frame_of(one.plane.values))
        faces, colour = painted(view, one.surface.values, one.plane.values, stage)
        sheet.set_verts(faces)
        sheet.set_facecolor(colour)
        sheet.set_edgecolor(edges_of(colour, stage))
        tracks = [view.flat(one[name].values)[0] for name in ("path_real", "path_linear")]
        for line, under, end, track in zip(paths, halo, ends, tracks, strict=True):
            line.set_data(*track.T)
            under.set_data(*track.T)
            end.set_data(track[-1:, 0], track[-1:, 1])
        gap.set_data(*np.stack([track[-1] for track in tracks]).T)
        for line, name in zip(old, ("path_real", "path_linear"), strict=True):
            line.set_visible(bool(context.ghosts))  # a line without points has no last one to mark
            if context.ghosts:
                line.set_data(*_path_before(context.ghosts[-1][1][-1], name, view).T)
        kept.set(context.ghosts[-1:])
        (origin, there), _ = view.flat(np.stack([np.zeros(3), one.target.values]))
        start.set_data(origin[:1], origin[1:])
        target.set_data(there[:1], there[1:])
        up = 1 if there[1] >= origin[1] else -1  # each name on the side of its mark that is turned from the other one
        for word, at, side in ((words[0], origin, -up), (words[1], there, up)):
            word.set_position((at[0], at[1] + side * 0.15))
            word.set_verticalalignment("bottom" if side > 0 else "top")
        tips = 0.55 * view.turned(np.eye(3))[:, :2]
        triad.set_segments([np.stack([np.zeros(2), tip]) for tip in tips])
        _name(names, tips)
        key.set(["training on the surface", "training on the plane", "all functions f(w)", "tangent plane at w₀"])

    return draw


def _path_before(ds: Any, name: str, view: "Camera") -> np.ndarray:
    """The path of what was kept, as it lay to its own tangent plane: seen there, its target is where that of the others is."""
    one = ds.isel(seed=0)
    return view.flat(one[name].values @ frame_of(one.plane.values).T @ view.frame)[0]


def surface_colour(stage: Stage) -> str:
    """Of the surface."""
    return "#3d6d8f" if stage.colours.dark else "#9cc7e3"


def plane_colour(stage: Stage) -> str:
    """Of the plane."""
    return "#a4723c" if stage.colours.dark else "#f2cfa0"


def frame_of(plane: np.ndarray) -> np.ndarray:
    """Two axes of the plane and its normal, as rows, from its outermost points."""
    first = plane[-1, plane.shape[1] // 2] - plane[0, plane.shape[1] // 2]
    second = plane[plane.shape[0] // 2, -1] - plane[plane.shape[0] // 2, 0]
    first, second = first / np.linalg.norm(first), second / np.linalg.norm(second)
    return np.stack([first, second, np.cross(first, second)])


class Camera:
    """An eye that looks at f(w₀) from a direction `turn` (degrees) around the normal of the plane, RISE above it."""

    def __init__(self, turn: float, frame: np.ndarray):
        a, b = np.radians(turn), np.radians(RISE)
        around = np.array([[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]])
        tilt = np.array([[1, 0, 0], [0, np.sin(b), np.cos(b)], [0, -np.cos(b), np.sin(b)]])
        self.frame, self.matrix = frame, tilt @ around @ frame

    def turned(self, points: Any) -> np.ndarray:
        """Points (…, 3) as (right, up, towards the eye)."""
        return np.asarray(points, float) @ self.matrix.T

    def flat(self, points: Any) -> tuple[np.ndarray, np.ndarray]:
        """Where points (…, 3) stand on the picture (…, 2), and how near to the eye."""
        seen = self.turned(points)
        return seen[..., :2] * (DISTANCE / (DISTANCE - np.minimum(seen[..., 2:], DISTANCE - 1))), seen[..., 2]


def painted(view: Camera, surface: np.ndarray, plane: np.ndarray, stage: Stage) -> tuple[np.ndarray, np.ndarray]:
    """Faces (n, 6, 2) of both sheets in the order in which they are drawn, and their colours (n, 4).

    The eye is above the plane: what of the surface lies below it comes first, then the plane, then the rest; each from far to near.
    """
    quads = _faces(surface, SURFACE)
    height = quads @ view.frame[2]
    normal = np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1])
    normal = view.turned(normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12))
    shade = 0.62 + 0.45 * np.abs(normal @ LIGHT) / np.linalg.norm(LIGHT)
    colour = np.clip(np.array(to_rgb(surface_colour(stage))) * shade[:, None], 0, 1)
    colour = np.concatenate([colour, np.full((len(quads), 1), 0.94)], axis=1)
    corners, colours = [], []
    for side in (-1, 1):
        up = side * height
        whole, cut = ((up >= 0) & (up <= TALL)).all(1), (up > 0).any(1) & (up < TALL).any(1)
        cut &= ~whole
        clipped = [_cut(quad, side * view.frame[2]) for quad in quads[cut]]
        faces = np.concatenate([quads[whole][:, SIX], np.array(clipped).reshape(-1, 6, 3)])
        order = np.argsort(faces.mean(1) @ view.matrix[2])
        corners.append(faces[order])
        colours.append(np.concatenate([colour[whole], colour[cut]])[order])
        if side < 0:
            faces = _faces(plane, PLANE)[:, SIX]
            corners.append(faces)
            colours.append(np.tile([*to_rgb(plane_colour(stage)), 0.66], (len(faces), 1)))
    return view.flat(np.concatenate(corners))[0], np.concatenate(colours)


def _faces(sheet: np.ndarray, half: int) -> np.ndarray:
    """The middle of a sheet (row, column, 3) as quadrilaterals (n, 4, 3)."""
    middle = sheet.shape[0] // 2
    part = sheet[middle - half : middle + half + 1, middle - half : middle + half + 1]
    return np.stack([part[:-1, :-1], part[1:, :-1], part[1:, 1:], part[:-1, 1:]], axis=2).reshape(-1, 4, 3)


SIX = [0, 1, 2, 3, 3, 3]  # a quadrilateral with as many corners as one that is cut twice


def _cut(corners: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """The part of a face from height 0 to TALL along `normal`, as six corners, the last of them repeated."""
    for keep in (lambda height: height, lambda height: TALL - height):
        kept: list[np.ndarray] = []
        inside = keep(corners @ normal)
        for i, j in zip(range(len(corners)), [*range(1, len(corners)), 0], strict=True):
            if inside[i] >= 0:
                kept.append(corners[i])
            if inside[i] * inside[j] < 0:
                kept.append(corners[i] + (corners[j] - corners[i]) * inside[i] / (inside[i] - inside[j]))
        corners = np.array(kept).reshape(-1, 3)
    return np.concatenate([corners, corners[-1:].repeat(6, axis=0)])[:6]


def _name(names: list[Any], tips: np.ndarray) -> None:
    """Each axis is named beyond its end; a name that would lie on another one, or an axis that points at the eye, has none."""
    taken: list[np.ndarray] = []
    for word, tip in zip(names, tips, strict=True):
        length = float(np.linalg.norm(tip))
        at = tip * (1 + 0.24 / max(length, 0.1))
        free = length > 0.12 and all(abs(at[0] - x) > 0.5 or abs(at[1] - y) > 0.26 for x, y in taken)
        word.set_visible(free)
        if free:
            taken.append(at)
            word.set_position(at)


def edges_of(colour: np.ndarray, stage: Stage) -> np.ndarray:
    """Thin lines of the mesh: a little darker than its faces (on a dark page: brighter)."""
    edge = colour.copy()
    edge[:, :3] = np.clip((1.25 if stage.colours.dark else 0.86) * colour[:, :3], 0, 1)
    return edge
