"""What a scene in space is made of: surfaces, shapes, arrows, points, lines, axes and words, checked and turned into bytes once.

Lengths are in the unit of the object; the axes are e3nn's (x, y, z), y upwards. A body turns with the object unless it is `fixed` to
the room. Colours are named (`COLOURS`), each right on light and on dark pages, or "#rrggbb". Knows no widget: `lsviz.scene` shows them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import style

LARGEST = 16_000_000  # bytes of one body on the way to the browser
COLOURS: dict[str, tuple[str, str]] = {
    name: (pick(style.palette(False)), pick(style.palette(True)))
    for name, pick in {
        "ink": lambda p: p.ink, "faint": lambda p: p.faint, "blue": lambda p: p.satisfied, "orange": lambda p: p.wrong,
        "yellow": lambda p: p.below, "green": lambda p: p.sources["theory"], "sky": lambda p: p.sources["stored"],
        "pink": lambda p: p.sources["prediction"],
    }.items()
}  # fmt: skip


@dataclass(frozen=True)
class Body:
    """One thing in a scene; made by the functions below. `spec`: its kind, numbers and colours as the browser takes them."""

    spec: dict[str, Any] = field(repr=False)

    @property
    def kind(self) -> str:
        """mesh, surface, cubes, arrows, points, lines, axes or caption."""
        return self.spec["kind"]

    @property
    def size(self) -> int:
        """Bytes on the way to the browser, words left out."""
        return sum(len(part) for part in self.spec.values() if isinstance(part, bytes))


def mesh(vertices: Any, faces: Any, *, colour: str = "blue", colours: Any = None, values: Any = None, limits: Any = None,
         ramp: str = "satisfied", flat: bool = False, opacity: float = 1.0, fixed: bool = False) -> Body:  # fmt: skip
    """A surface of triangles: vertices (n, 3), faces (m, 3) of their numbers.

    Coloured by one `colour`; by `colours` (n, 3) in 0…1; or by `values` (n,) through a ramp of `style.RAMPS` between `limits`
    (default: ±max|values|). flat: every face its own shade (a polyhedron), else smooth. opacity 0…1.
    ValueError for a shape, a number of a vertex or a colour that is none.
    """
    at = _positions("vertices", vertices)
    given = np.asarray(faces)
    if given.ndim != 2 or given.shape[1] != 3 or not given.size or given.dtype.kind not in "iu":
        raise ValueError(f"faces: got {_said(given)}; allowed: whole numbers (m, 3), m ≥ 1, like [[0, 1, 2]]")
    if given.min() < 0 or given.max() >= len(at):
        raise ValueError(f"faces: got numbers {given.min()} to {given.max()}; allowed: 0 to {len(at) - 1}, one for each vertex")
    wide = len(at) > 65535
    return _made("mesh", fixed, vertices=_bytes(at), faces=given.astype("<u4" if wide else "<u2").tobytes(), wide=wide, flat=bool(flat),
                 opacity=_share("opacity", opacity), **_coloured(len(at), colour, colours, values, limits, ramp))  # fmt: skip


def surface(points: Any, *, wrap: bool = True, colour: str = "blue", colours: Any = None, values: Any = None, limits: Any = None,
            ramp: str = "satisfied", opacity: float = 1.0, fixed: bool = False) -> Body:  # fmt: skip
    """A smooth surface over a grid: points (rows, columns, 3), neighbours joined; wrap: the last column is joined to the first.

    A row whose points coincide is a pole. `values` and `colours` as for `mesh`, over (rows, columns). Half the bytes of a mesh.
    """
    grid = np.asarray(points, float)
    if grid.ndim != 3 or grid.shape[2] != 3 or min(grid.shape[:2]) < 2 or not np.isfinite(grid).all():
        raise ValueError(f"points: got {_said(grid)}; allowed: finite numbers (rows, columns, 3), at least 2 × 2")
    rows, columns = grid.shape[:2]
    numbers = None if values is None else np.asarray(values, float)
    if numbers is not None and numbers.shape != (rows, columns):
        raise ValueError(f"values: got {_said(numbers)}; allowed: one for each point, {(rows, columns)}")
    shades = None if colours is None else np.asarray(colours, float).reshape(-1, 3)
    paint = _coloured(rows * columns, colour, shades, None if numbers is None else numbers.ravel(), limits, ramp)
    return _made("surface", fixed, vertices=_bytes(grid), rows=rows, columns=columns, wrap=bool(wrap),
                 opacity=_share("opacity", opacity), **paint)  # fmt: skip


def cubes(cells: Any, *, side: float = 1.0, colour: str = "blue", colours: Any = None, values: Any = None, limits: Any = None,
          ramp: str = "satisfied", opacity: float = 1.0, fixed: bool = False) -> Body:  # fmt: skip
    """Cubes with dark edges, centred at `cells` (n, 3) times their side: a tetromino is four of them."""
    at, side = _positions("cells", cells), _above_zero("side", side)
    return _made("cubes", fixed, vertices=_bytes(at * side), side=side, opacity=_share("opacity", opacity),
                 **_coloured(len(at), colour, colours, values, limits, ramp))  # fmt: skip


def arrows(starts: Any, vectors: Any, *, width: float = 0.06, colour: str = "orange", colours: Any = None, values: Any = None,
           limits: Any = None, ramp: str = "satisfied", fixed: bool = False) -> Body:  # fmt: skip
    """Arrows from `starts` (n, 3), or from one point (3,), along `vectors` (n, 3); one of length 0 is not drawn."""
    along = _positions("vectors", vectors)
    begin = np.asarray(starts, float)
    begin = _positions("starts", np.broadcast_to(begin, along.shape) if begin.shape == (3,) else begin)
    if begin.shape != along.shape:
        raise ValueError(f"starts: got {len(begin)} points for {len(along)} vectors; allowed: as many, or one point (3,)")
    return _made("arrows", fixed, vertices=_bytes(begin), vectors=_bytes(along), width=_above_zero("width", width),
                 **_coloured(len(along), colour, colours, values, limits, ramp))  # fmt: skip


def points(positions: Any, *, radius: float = 0.12, colour: str = "blue", colours: Any = None, values: Any = None, limits: Any = None,
           ramp: str = "satisfied", fixed: bool = False) -> Body:  # fmt: skip
    """Balls of one radius at `positions` (n, 3)."""
    at = _positions("positions", positions)
    return _made("points", fixed, vertices=_bytes(at), radius=_above_zero("radius", radius),
                 **_coloured(len(at), colour, colours, values, limits, ramp))  # fmt: skip


def lines(paths: Any, *, width: float = 0.03, colour: str = "faint", fixed: bool = False) -> Body:
    """A line through the points of `paths` (n, 3), or as many lines of n points as (lines, n, 3) has."""
    given = np.asarray(paths, float)
    if given.ndim not in (2, 3) or given.shape[-1] != 3 or given.shape[-2] < 2 or not given.size or not np.isfinite(given).all():
        raise ValueError(f"paths: got {_said(given)}; allowed: finite numbers (n, 3) or (lines, n, 3), n ≥ 2")
    return _made("lines", fixed, vertices=_bytes(given), each=given.shape[-2], width=_above_zero("width", width), colour=_colour(colour))


def axes(length: float = 1.5, *, labels: Sequence[str] = ("x", "y", "z"), colour: str = "faint", fixed: bool = True) -> Body:
    """Three arrows from the origin with their names: e3nn's order, y is the polar axis and points up. They stay with the room."""
    if isinstance(labels, str) or len(labels) != 3:
        raise ValueError(f"labels: got {labels!r}; allowed: three words, like ('x', 'y', 'z')")
    return _made("axes", fixed, length=_above_zero("length", length), labels=[str(word) for word in labels], colour=_colour(colour))


def caption(text: str, at: Any = (0.0, 0.0, 0.0), *, colour: str = "ink", fixed: bool = False) -> Body:
    """A word at a point (3,) in space, always facing the reader."""
    place = np.asarray(at, float)
    if place.shape != (3,) or not np.isfinite(place).all():
        raise ValueError(f"at: got {_said(place)}; allowed: a point, like (0, 1, 0)")
    return _made("caption", fixed, text=str(text), at=[float(v) for v in place], colour=_colour(colour))


def check(bodies: Any) -> list[Body]:
    """A list of bodies. ValueError when something in it is none."""
    if isinstance(bodies, Body):
        return [bodies]
    found = list(bodies)
    for number, body in enumerate(found):
        if not isinstance(body, Body):
            raise ValueError(f"bodies: number {number} is {type(body).__name__}; allowed: what mesh, surface, cubes, arrows, "
                             "points, lines, axes and caption make, like [axes(), cubes([[0, 0, 0]])]")  # fmt: skip
    return found


# ---- checks


def _made(kind: str, fixed: bool, **spec: Any) -> Body:
    body = Body(dict(kind=kind, fixed=bool(fixed), **spec))
    if body.size > LARGEST:
        raise ValueError(f"{kind}: {body.size} bytes on the way to the browser; allowed: {LARGEST}. Take fewer points")
    return body


def _positions(name: str, given: Any) -> np.ndarray:
    try:
        found = np.asarray(given, float)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: got {given!r}; allowed: numbers (n, 3), like [[0, 0, 0]]") from None
    if found.ndim != 2 or found.shape[1] != 3 or not len(found):
        raise ValueError(f"{name}: got {_said(found)}; allowed: numbers (n, 3), n ≥ 1, like [[0, 0, 0]]")
    if not np.isfinite(found).all():
        raise ValueError(f"{name}: got numbers that are not finite; allowed: finite ones")
    return found


def _coloured(n: int, colour: str, colours: Any, values: Any, limits: Any, ramp: str) -> dict[str, Any]:
    """How n things are coloured: by one colour, by their own (bytes), or by places on a ramp (bytes)."""
    if colours is not None and values is not None:
        raise ValueError("colours: got values, too; allowed: one of the two")
    if colours is not None:
        own = np.asarray(colours, float)
        if own.shape != (n, 3) or not (np.isfinite(own).all() and own.min() >= 0 and own.max() <= 1):
            raise ValueError(f"colours: got {_said(own)}; allowed: red, green, blue from 0 to 1, ({n}, 3)")
        return dict(colours=(own * 255).round().astype(np.uint8).tobytes())
    if values is None:
        return dict(colour=_colour(colour))
    numbers = np.asarray(values, float)
    if numbers.shape != (n,) or not np.isfinite(numbers).all():
        raise ValueError(f"values: got {_said(numbers)}; allowed: {n} finite numbers, one for each")
    if ramp not in style.RAMPS:
        raise ValueError(f"ramp: got {ramp!r}; allowed: {', '.join(style.RAMPS)}")
    most = float(np.abs(numbers).max()) or 1.0
    low, high = map(float, limits if limits is not None else (-most, most))
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"limits: got {limits!r}; allowed: two finite numbers, the lower first")
    return dict(ramp=ramp, shades=(np.clip((numbers - low) / (high - low), 0, 1) * 249).round().astype(np.uint8).tobytes())


def _colour(name: str) -> str:
    if isinstance(name, str) and (name in COLOURS or re.fullmatch("#[0-9a-fA-F]{6}", name)):
        return name
    raise ValueError(f"colour: got {name!r}; allowed: {', '.join(COLOURS)} or one like #0072b2")


def _above_zero(name: str, value: float) -> float:
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"{name}: got {value!r}; allowed: a number > 0")
    return float(value)


def _share(name: str, value: float) -> float:
    if not 0 < value <= 1:
        raise ValueError(f"{name}: got {value!r}; allowed: above 0, up to 1")
    return float(value)


def _bytes(array: np.ndarray) -> bytes:
    return np.ascontiguousarray(array, "<f4").tobytes()


def _said(array: np.ndarray) -> str:
    return f"an array {array.shape} of {array.dtype}" if array.size != 1 else repr(array.tolist())
