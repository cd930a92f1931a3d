"""A function on the sphere: its surface, its coefficients before and after a turn, and the matrix between them."""

from typing import Any

import numpy as np

from ..bodies import Body, axes, lines, surface
from ..diffeo.marks import axes_at
from ..stage import Context, Draw, Stage
from .marks import Key, Lengths, Matrix, Numbers, first, kept_of, title

SIZES = [1, 3, 5, 7, 9]
NAMES = [str(l) for l in range(5)]


def bodies(ds: Any, values: dict[str, Any]) -> list[Body]:
    """r = |f(x̂)|, blue where f > 0, orange where f < 0; the object's own polar axis; the axes of the room."""
    room = [axes(1.35)]
    r = first(ds, "radius")
    if not np.isfinite(r).all():
        return room
    up, side = np.cos(ds.polar.values)[:, None], np.sin(ds.polar.values)[:, None]
    around = ds.azimuth.values
    x = np.stack(np.broadcast_arrays(side * np.sin(around), up, side * np.cos(around)), -1)
    r = r / np.abs(r).max()
    return [*room, surface(np.abs(r)[..., None] * x, values=r), lines([[0, -1.2, 0], [0, 1.2, 0]], width=0.02, colour="ink")]


def spherical_harmonics(stage: Stage) -> Draw:
    """a_lm before and after, as obtained and predicted; the power of each degree; D as measured."""
    W, H = stage.width, stage.height
    if stage.narrow:
        top = axes_at(stage, 34, 44, W - 44, 158, "coefficients")
        low = axes_at(stage, 34, 246, W - 44, 76, "power")
        square = axes_at(stage, 34, 380, 150, 150, "matrix")
        beside, words = 204.0, 392.0
    else:
        side = min(0.27 * W, H - 160)
        top = axes_at(stage, 40, 48, W - side - 110, H - 242, "coefficients")
        low = axes_at(stage, 40, H - 150, W - side - 110, 96, "power")
        square = axes_at(stage, W - side - 24, 48, side, side, "matrix")
        beside, words = W - side - 24, 48 + side + 8
    numbers = Numbers(stage, top, 5, 1.12)
    powers = Lengths(stage, low, 1.1, (0, 0.5, 1))
    matrix = Matrix(stage, square, SIZES, NAMES)
    title(stage, top, "coefficients $a_{lm}$, by degree $l$ =")
    title(stage, low, "power by degree: line before, bar after", 6)
    title(stage, square, "what the turn does: $D$, from integrals" if stage.narrow else "$D$, from integrals")
    told = "rows: $l$ after\ncolumns: $l$ before\nblue +, orange −\n\nonly blocks on the\ndiagonal: no degree\nmixes with another"
    if not stage.narrow:
        told = told.split("\n\n")[1]
    write = stage.figure.text(beside / W, 1 - words / H, told, va="top", color=stage.colours.faint, linespacing=1.25)
    stage.actor(write)
    key = Key(stage, H - (58 if stage.narrow else 50), "before", "after, obtained", "predicted: $D(g)\\,a$")

    def draw(ds: Any, context: Context) -> None:
        old = kept_of(context)
        named = list(zip(NAMES, SIZES))
        numbers.set(named, first(ds, "a_before"), first(ds, "a_after"), first(ds, "a_predicted"), [""] * 5,
                    None if old is None else first(old, "a_after"))  # fmt: skip
        powers.set(named, first(ds, "power_before"), first(ds, "power_after"))
        matrix.set(ds.turn_matrix.values)
        key.set(context)

    return draw
