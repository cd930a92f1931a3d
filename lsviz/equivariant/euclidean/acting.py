"""How motions act: on numbers of irreps by D(R), on points, voxels and spheres, for `equivariance_error`. NumPy or torch."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from ... import xp as xps
from .algebra import irreps
from .building import in_double
from .motions import Motion, checked
from .records import Points


def representation(motion: Motion, irreps_: Any) -> Float[np.ndarray, "dim dim"]:
    """D(R) of e3nn's irreps, parity included: (−1) on odd ones where a mirror is in R. A shift does nothing. To 1e-14.

    The angles R = ± R_y(α) R_x(β) R_y(γ) are taken here by atan2: by arccos, small turns of the polar axis lose half their digits.
    """
    return _representation(str(irreps(irreps_)), np.ascontiguousarray(checked(motion).rotation).tobytes())


@lru_cache(maxsize=512)
def _representation(text: str, matrix: bytes) -> Float[np.ndarray, "dim dim"]:
    import torch
    from e3nn import o3

    R = np.frombuffer(matrix).reshape(3, 3)
    mirrored = bool(np.linalg.det(R) < 0)
    R = -R if mirrored else R
    alpha, beta = np.arctan2(R[0, 1], R[2, 1]), np.arctan2(np.hypot(R[0, 1], R[2, 1]), R[1, 1])
    row = (
        np.cos(alpha) * R[0] - np.sin(alpha) * R[2]
    )  # of R_y(−α) R = R_x(β) R_y(γ): an error of α at β ≈ 0 is undone by γ
    gamma = np.arctan2(row[2], row[0])
    with in_double(), torch.no_grad():
        angles = [torch.tensor(float(angle)) for angle in (alpha, beta, gamma)]
        D = o3.Irreps(text).D_from_angles(*angles, torch.tensor(float(mirrored))).numpy()
    D.flags.writeable = False
    return D


def act(irreps_: Any) -> Callable[[Motion, Any], Any]:
    """(motion, y) ↦ y D(R)ᵀ on the last axis: how outputs of these irreps turn."""
    known = irreps(irreps_)

    def turned(motion: Motion, y: Any) -> Any:
        if y.shape[-1] != known.dim:
            raise ValueError(f"y: got shape {tuple(y.shape)}; allowed: (…, {known.dim}), numbers of {known}")
        return y @ xps.like(representation(motion, known).T, y)

    return turned


def move(motion: Motion, points: Points, irreps_features: Any = "0e") -> Points:
    """The points at R r + t, their features turned by D(R). Edges stay: distances do. `irreps_features`: what one feature row is; "0e"
    stands for scalars, as many as there are.
    """
    known = checked(motion)
    scalars = isinstance(irreps_features, str) and irreps_features == "0e"
    features = points.features if scalars else act(irreps_features)(known, points.features)
    R, t = xps.like(known.rotation.T, points.positions), xps.like(known.shift, points.positions)
    return points._replace(positions=points.positions @ R + t, features=features)


def relabel(order: Any, points: Points) -> Points:
    """The same points in another order: number k is what was number order[k]; edges follow. ValueError unless it is a permutation that
    keeps every graph together.
    """
    chosen = np.asarray(order)
    n = len(points.positions)
    if chosen.shape != (n,) or chosen.dtype.kind not in "iu" or (np.sort(chosen) != np.arange(n)).any():
        raise ValueError(f"order: got shape {chosen.shape}; allowed: each of 0 … {n - 1} once, as np.arange({n})")
    graph = points.graph[chosen]
    if bool((graph[1:] < graph[:-1]).any()):
        raise ValueError("order: got points of one graph behind those of the next; allowed: an order within each graph")
    back = xps.like(np.argsort(chosen), points.edges)
    return Points(points.positions[chosen], points.features[chosen], back[points.edges], graph)


def move_voxels(motion: Motion, x: Any, irreps_: Any = "0e") -> Any:
    """A field on a cube of voxels (items, dim, X, Y, Z), turned about the cube's centre and shifted (t in voxels): D(R) x(R⁻¹(r − t)).

    Exact for the 24 turns of the cube, their mirrors, and whole shifts; otherwise linear between the eight voxels around, which is not
    exact. Beyond the cube the field is 0. irreps_: how the dim numbers at a voxel turn; "0e": scalars, as many as there are.
    """
    known = checked(motion)
    shape = tuple(x.shape)
    if len(shape) != 5 or len(set(shape[2:])) > 1 or 0 in shape:
        raise ValueError(f"x: got shape {shape}; allowed: (items, dim, side, side, side)")
    field = _resample(xps.numpy(x), known)
    if not (isinstance(irreps_, str) and irreps_ == "0e"):
        D = representation(known, irreps_)
        if len(D) != shape[1]:
            raise ValueError(
                f"x: got shape {shape}; allowed: (items, {len(D)}, side, side, side), numbers of {irreps_}"
            )
        field = np.einsum("ij,bjxyz->bixyz", D, field)
    return xps.like(np.ascontiguousarray(field), x)


def _resample(x: Float[np.ndarray, "B C X Y Z"], motion: Motion) -> Float[np.ndarray, "B C X Y Z"]:
    """x(R⁻¹(r − t)) for each voxel r, r from the centre."""
    side = x.shape[-1]
    centre = (side - 1) / 2
    places = np.stack(np.meshgrid(*[np.arange(side) - centre] * 3, indexing="ij"), -1).reshape(-1, 3)
    source = (places - motion.shift) @ motion.rotation + centre
    below = np.floor(source + 1e-9)
    share = np.where(np.abs(source - below) < 1e-9, 0, source - below)
    found = np.zeros((*x.shape[:2], side**3), np.result_type(x, np.float32))
    for corner in np.ndindex(2, 2, 2):
        at = below.astype(int) + corner
        weight = np.where(corner, share, 1 - share).prod(1) * ((at >= 0) & (at < side)).all(1)
        if weight.any():
            i, j, k = np.clip(at, 0, side - 1).T
            found += (weight * x[:, :, i, j, k]).astype(found.dtype)
    return found.reshape(x.shape)


def move_sphere(motion: Motion, coefficients: Any, l_max: int | None = None) -> Any:
    """A function on the sphere, as coefficients (items, channels, (l_max + 1)²), turned: a ↦ D(R) a by Wigner's D, parity (−1)^l; exact.

    ValueError for another number of coefficients, and for a shift: no sphere can be shifted onto itself.
    """
    width = coefficients.shape[-1]
    l = round(width**0.5) - 1 if l_max is None else l_max
    if coefficients.ndim != 3 or width != (l + 1) ** 2:
        raise ValueError(
            f"coefficients: got shape {tuple(coefficients.shape)}; allowed: (items, channels, (l_max + 1)²), as (1, 1, 9)"
        )
    if np.any(checked(motion).shift):
        raise ValueError("motion: got a shift; allowed: turns and mirrors of the sphere, as rotation((0, 1, 0), 0.5)")
    return act(sphere_irreps(l))(motion, coefficients)


def sphere_irreps(l_max: int) -> str:
    """The irreps of a function on the sphere: 0e + 1o + 2e + … up to l_max."""
    return "+".join(f"{l}{'eo'[l % 2]}" for l in range(l_max + 1))
