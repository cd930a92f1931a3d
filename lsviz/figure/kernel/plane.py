"""The slide's picture in perspective: the curved surface of all functions, its tangent plane at w₀, and training on both."""

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb

from ..stage import Context, Draw, Stage
from .marks import Table, mark_look

DISTANCE = 7.0  # of the eye, in units of the distance from start to target
RISE = 24.0  # degrees above the plane
HALF = 1.95  # what of the surface and of the plane is drawn
LIGHT = np.array([-0.35, 0.25, 0.9])


def tangent_plane(stage: Stage) -> Draw:
    """Start, target, plane and surface in the frame of the tangent plane, so that it lies still while the surface bends.

    Drawn by own projection: faces from far to near, the surface shaded, the plane a pale sheet.
    """
    width, height, colours = stage.width, stage.height, stage.colours
    foot = 96 if stage.narrow else 0
    side = 0 if stage.narrow else 250
    ax = stage.figure.add_axes((0, foot / height, 1 - side / width, 1 - foot / height))
    ax.set_axis_off()
    ax.set(label="functions")
    room = ((width - side) / (height - foot), 1.0)
    half = 2.0 / min(room) if stage.narrow else 1.62
    ax.set(xlim=(-half * room[0], half * room[0]), ylim=(-half, half))
    sheet = stage.actor(ax.add_collection(PolyCollection([], linewidths=0.5, antialiaseds=True), autolim=False))
    real, linear = colours.states["sat"], colours.states["unsat"]
    halo = stage.actor([ax.plot([], [], color=colours.page, linewidth=6.5, zorder=4)[0] for _ in range(2)])
    gap = stage.actor(ax.plot([], [], color=colours.ink, linewidth=1.4, linestyle=":", zorder=4.5)[0])
    paths = stage.actor([ax.plot([], [], color=colour, linewidth=3.2, linestyle=dashes, zorder=5)[0]
                         for colour, dashes in ((real, "-"), (linear, (0, (3, 1.2))))])  # fmt: skip
    ends = stage.actor([ax.plot([], [], zorder=6, **{**mark_look(colour, mark, 9), "markeredgewidth": 0.8}, markeredgecolor=colours.page)[0]
                        for colour, mark in ((real, "o"), (linear, "D"))])  # fmt: skip
    start = stage.actor(ax.plot([], [], zorder=7, markeredgecolor=colours.page, marker="o", markersize=10, color=colours.ink)[0])
    target = stage.actor(ax.plot([], [], zorder=7, markeredgecolor=colours.page, marker="*", markersize=19, color=colours.sources["theory"])[0])
    words = [stage.actor(ax.text(0, 0, text, zorder=8, ha="center", fontweight="bold")) for text in (r"$f(w_0)$", "target")]
    triad = stage.actor(ax.add_collection(LineCollection([], colors=colours.faint, linewidths=1.6), autolim=False))
    names = [stage.actor(ax.text(0, 0, f"$f(x_{i})$", color=colours.faint, ha="center", va="center")) for i in (1, 2, 3)]
    looks: list[dict[str, Any]] = [dict(color=real, linewidth=3.2), dict(color=linear, linewidth=3.2, linestyle=(0, (2, 1.0))),
                                   mark_look(surface_colour(stage), "s", 12), mark_look(plane_colour(stage), "s", 12)]  # fmt: skip
    key = Table(stage, looks, *((12, height - 84) if stage.narrow else (width - 245, 34)), row=19 if stage.narrow else 27)

    def draw(ds: Any, context: Context) -> None:
        one = ds.isel(seed=0)
        view = Camera(float(context.values.get("turn", 30.0)), frame_of(one.plane.values))
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
        (origin, there), _ = view.flat(np.stack([np.zeros(3), one.target.values]))
        start.set_data(origin[:1], origin[1:])
        target.set_data(there[:1], there[1:])
        words[0].set_position((origin[0], origin[1] - 0.27))
        words[1].set_position((there[0], there[1] + 0.14))
        corner = np.array([-half * room[0] + 0.55, -half + 0.42])
        tips = 0.34 * view.turned(np.eye(3))[:, :2] + corner
        triad.set_segments([np.stack([corner, tip]) for tip in tips])
        for word, tip in zip(names, tips, strict=True):
            word.set_position(corner + 1.5 * (tip - corner))
        key.set(["training on the surface", "training on the plane", "all functions f(w)", "tangent plane at w₀"])

    return draw


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
        self.matrix = tilt @ around @ frame

    def turned(self, points: Any) -> np.ndarray:
        """Points (…, 3) as (right, up, towards the eye)."""
        return np.asarray(points, float) @ self.matrix.T

    def flat(self, points: Any) -> tuple[np.ndarray, np.ndarray]:
        """Where points (…, 3) stand on the picture (…, 2), and how near to the eye."""
        seen = self.turned(points)
        return seen[..., :2] * (DISTANCE / (DISTANCE - np.minimum(seen[..., 2:], DISTANCE - 1))), seen[..., 2]


def painted(view: Camera, surface: np.ndarray, plane: np.ndarray, stage: Stage) -> tuple[np.ndarray, np.ndarray]:
    """Faces (n, 4, 2) of both sheets from far to near, and their colours (n, 4). What lies outside the picture's cube is left out."""
    corners, colours = [], []
    for sheet, colour, alpha in ((surface, surface_colour(stage), 0.92), (plane, plane_colour(stage), 0.62)):
        quads = np.stack([sheet[:-1, :-1], sheet[1:, :-1], sheet[1:, 1:], sheet[:-1, 1:]], axis=2).reshape(-1, 4, 3)
        quads = quads[(np.abs(view.turned(quads)) < 1.25 * HALF).all((1, 2))]
        normal = np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1])
        normal = view.turned(normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12))
        light = np.abs(normal @ LIGHT) / np.linalg.norm(LIGHT)
        shade = 0.66 + 0.4 * light if alpha > 0.9 else np.ones(len(quads))
        rgb = np.clip(np.array(to_rgb(colour)) * shade[:, None], 0, 1)
        corners.append(quads)
        colours.append(np.concatenate([rgb, np.full((len(quads), 1), alpha)], axis=1))
    quads, rgba = np.concatenate(corners), np.concatenate(colours)
    flat, near = view.flat(quads)
    order = np.argsort(near.mean(1))
    return flat[order], rgba[order]


def edges_of(colour: np.ndarray, stage: Stage) -> np.ndarray:
    """Thin lines of the mesh: a little darker than its faces."""
    edge = colour * np.array([0.8, 0.8, 0.8, 0.8])
    if stage.colours.dark:
        edge[:, :3] = np.clip(1.3 * colour[:, :3], 0, 1)
    return edge
