"""The eight tetrominoes of space (four cubes of side 1), as points, as voxels and as functions on the sphere."""

from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from ...symbols import SHAPES
from .algebra import MOST_L
from .building import in_double
from .records import Points, points

_CELLS = (
    ((0, 0, 0), (0, 0, 1), (1, 0, 0), (1, 1, 0)),
    ((0, 0, 0), (0, 0, 1), (1, 0, 0), (1, -1, 0)),
    ((0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)),
    ((0, 0, 0), (0, 0, 1), (0, 0, 2), (0, 0, 3)),
    ((0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0)),
    ((0, 0, 0), (0, 0, 1), (0, 0, 2), (0, 1, 0)),
    ((0, 0, 0), (0, 0, 1), (0, 0, 2), (0, 1, 1)),
    ((0, 0, 0), (1, 0, 0), (1, 1, 0), (2, 1, 0)),
)
TETROMINOES = {
    name: np.array(one, float) for name, one in zip(SHAPES, _CELLS, strict=True)
}  # centres of cubes, as in e3nn's example
PITCH = 2.0  # voxels from one cube to the next
RINGS = 192  # of the grid on the sphere


def targets(outputs: str = "pseudoscalar") -> Float[np.ndarray, "8 outputs"]:
    """What a network is to answer for the eight shapes. "pseudoscalar", as e3nn's example: one odd number, ±1 for the chiral pair and 0 for
    the rest, and six even ones, 1 for one shape each (0o + 6x0e). "scalars": eight even numbers, one a shape (8x0e).
    """
    if outputs == "scalars":
        return np.eye(8)
    if outputs != "pseudoscalar":
        raise ValueError(f"outputs: got {outputs!r}; allowed: one of pseudoscalar, scalars")
    wanted = np.zeros((8, 7))
    wanted[0, 0], wanted[1, 0] = 1, -1
    wanted[2:, 1:] = np.eye(6)
    return wanted


def cells(shape: Any) -> Float[np.ndarray, "n 3"]:
    """Centres of the cubes of a shape, by name or as (n, 3), from their centre of mass. ValueError for other names and for no cubes."""
    if isinstance(shape, str):
        if shape not in TETROMINOES:
            raise ValueError(f"shape: got {shape!r}; allowed: one of {', '.join(TETROMINOES)}, or cells (n, 3)")
        found = TETROMINOES[shape]
    else:
        found = np.asarray(shape, float)
    if found.ndim != 2 or found.shape[1] != 3 or not len(found) or not np.isfinite(found).all():
        raise ValueError(
            f"shape: got cells of shape {found.shape}; allowed: at least one cell, (n, 3) finite numbers, as ((0, 0, 0), (1, 0, 0))"
        )
    return found - found.mean(0)


def as_points(shape: Any, cutoff: float = 2.5) -> Points:
    """The centres of the cubes as points of one graph, each with the feature 1; points nearer than `cutoff` are neighbours."""
    return points(cells(shape), cutoff=cutoff)


def as_voxels(
    shape: Any, side: int = 21, sigma: float = 1.2, shift: Any = (0.0, 0.0, 0.0)
) -> Float[np.ndarray, "1 side side side"]:
    """A field on a cube of voxels, one channel: a Gaussian of height 1 and width `sigma` (voxels) at the centre of each cube, cubes 2
    voxels apart. Of a Gaussian of σ = 1.2, 0.08 % of the amplitude is left where voxels end to tell waves; at σ = 0.6, 17 %.

    Other angles than the cube's are made of turned cells, so no interpolation comes in; `shift` (voxels) moves the shape.
    ValueError where a shape leaves the cube.
    """
    if isinstance(side, bool) or side != int(side) or side < 1:
        raise ValueError(f"side: got {side!r}; allowed: a whole number of voxels, as 21")
    if not 0 < sigma < float("inf"):
        raise ValueError(f"sigma: got {sigma!r}; allowed: a number of voxels > 0, as 1.2")
    centres = PITCH * cells(shape) + np.asarray(shift, float)
    if (reach := np.abs(centres).max()) > (side - 1) / 2:
        raise ValueError(
            f"side: got {side}; allowed: at least {int(np.ceil(2 * reach)) + 1} voxels for this shape, as 21"
        )
    places = np.arange(side) - (side - 1) / 2
    one = np.exp(-((places - centres[:, :, None]) ** 2) / (2 * sigma**2))  # (n, 3, side): a product over the three axes
    return np.einsum("nx,ny,nz->xyz", one[:, 0], one[:, 1], one[:, 2])[None]


def as_sphere(shape: Any, l_max: int = 6) -> Float[np.ndarray, "1 coefficients"]:
    """r(x̂) as coefficients a_lm (1, (l_max + 1)²) in e3nn's order: r is the distance from the centre at which a ray from outside,
    along −x̂, first hits the cubes; 0 where it hits none.

    r = Σ a_lm Y_lm with real, orthonormal Y_lm (e3nn's "integral"), polar axis y; a_lm = ∫ r Y_lm by Gauss–Legendre over cos β and 384
    equal steps over α. r jumps at edges, so the error falls as 1/steps only: the tests hold it below 0.003 for l ≤ 8, where
    a_00 is about 3. Turn the coefficients (`move_sphere`), which is exact.
    """
    if isinstance(l_max, bool) or l_max != int(l_max) or not 0 <= l_max <= MOST_L:
        raise ValueError(f"l_max: got {l_max!r}; allowed: a whole number from 0 to {MOST_L}, as 6")
    return _coefficients(cells(shape).tobytes(), int(l_max), RINGS).copy()


@lru_cache(maxsize=64)
def _coefficients(centres: bytes, l_max: int, rings: int) -> Float[np.ndarray, "1 coefficients"]:
    import torch
    from e3nn import o3

    boxes = np.frombuffer(centres).reshape(-1, 3)
    y, weights = np.polynomial.legendre.leggauss(rings)
    alpha = (np.arange(2 * rings) + 0.5) * np.pi / rings
    total = np.zeros((l_max + 1) ** 2)
    for some in np.array_split(np.arange(rings), max(1, rings // 16)):  # all at once would take 50 MB
        flat_ring = np.sqrt(1 - y[some, None] ** 2)
        x = np.stack(np.broadcast_arrays(flat_ring * np.sin(alpha), y[some, None], flat_ring * np.cos(alpha)), -1)
        x = x.reshape(-1, 3)
        with in_double(), torch.no_grad():
            Y = o3.spherical_harmonics(list(range(l_max + 1)), torch.from_numpy(x), False, "integral").numpy()
        total += (hits(boxes, x) * np.repeat(weights[some], 2 * rings)) @ Y
    return total[None] * np.pi / rings


def hits(boxes: Float[np.ndarray, "n 3"], x: Float[np.ndarray, "rays 3"]) -> Float[np.ndarray, " rays"]:
    """How far from the origin a ray from outside, along −x, first meets one of the cubes of side 1 with these centres; 0: none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        near, far = (boxes - 0.5) / x[:, None], (boxes + 0.5) / x[:, None]
    enters, leaves = np.fmin(near, far).max(-1), np.fmax(near, far).min(-1)
    return np.where((leaves >= enters) & (leaves > 0), leaves, 0).max(-1)
