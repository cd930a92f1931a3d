"""One object through five networks, turned by every angle: how far each answer moves, and what the grid alone does to it."""

import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from ...experiment import Table, experiment
from ...symbols import SHAPES
from ..error import equivariance_error
from .acting import move_voxels
from .building import in_double
from .motions import Motion, inverse, rotation
from .shapes import as_sphere, as_voxels, cells, targets
from .weights import L_MAX, LOOKS_AT, NETWORKS, SEEDS, seen, shipped, stored, story

AXES = {"oblique": (1.0, 2.0, 3.0), "grid": (0.0, 0.0, 1.0)}
STEP = 15  # degrees, from one angle of the default scan to the next
VOXELS, PIXELS = 21, 41  # along the picture of the field, and of the sphere
PRECISIONS = {"double": np.float64, "single": np.float32}


@experiment(cost="watch")
def equivariance_scan(
    *,
    networks: tuple[str, ...] = NETWORKS,
    shape: str = "chiral_1",
    about: str = "oblique",
    turn: float = 45.0,
    turns: tuple[float, ...] | None = None,
    precision: str = "double",
    seeds: Any = 3,
) -> Iterator[Table]:
    """What five trained networks answer to a tetromino that is turned: as points, as voxels, or as a function on the sphere.

    (network, seed, turn_degrees): equivariance, E = ‖f(turned) − f(upright)‖ / max ‖f‖ of the seven outputs 0o + 6x0e, which no turn is to
    change; they are trained to be ±1 or 0, so that none passes by being small. The cells are turned and rendered anew, nothing is
    interpolated; the sphere's coefficients are turned exactly. equivariance_floor: the same for voxels that are turned there and back by
    linear interpolation, what that alone does; NaN for networks without voxels. right_turn: the share of the eight shapes told right,
    in single precision. (network, seed): accuracy_turned, of random turns, as stored; taken_for, the number of the shape that the answer
    to the one turned by `turn` is, −1 where it is none. (network): N.
    The shape turned by `turn`: (cell, axis) cells, cells_turned; (voxel_row, voxel_column) field_seen, its voxels from the front, along z;
    (sphere_row, sphere_column) reach_seen, the function on the sphere from the front, NaN beside it.
    about: the axis, (1, 2, 3), about which no turn puts the voxels' grid onto itself, or the grid's own z. Angles by default 0 to 180 in
    steps of 15. precision: "double", or "single", of the turned shapes and all the network does. A seed is that of a trained network:
    0, 1, 2 are shipped, all others stay NaN.
    """
    unknown = [name for name in networks if name not in NETWORKS]
    if unknown:
        raise ValueError(f"networks: got {unknown[0]!r}; allowed: some of {', '.join(NETWORKS)}")
    scan = tuple(float(a) for a in range(0, 181, STEP)) if turns is None else turns
    at = cells(shape)
    table = Table(
        network=networks,
        seed=seeds,
        turn_degrees=np.array(scan),
        cell=np.arange(len(at)),
        axis=np.array(["x", "y", "z"]),
        voxel_row=np.arange(VOXELS) - VOXELS // 2,
        voxel_column=np.arange(VOXELS) - VOXELS // 2,
        sphere_row=np.linspace(-1, 1, PIXELS),
        sphere_column=np.linspace(-1, 1, PIXELS),
    )
    for name in ("equivariance", "equivariance_floor", "right_turn"):
        table.add(name, "network seed turn_degrees")
    table.add("accuracy_turned", "network seed").add("taken_for", "network seed").add("N", "network")
    table.add("cells", "cell axis").add("cells_turned", "cell axis").add("field_seen", "voxel_row voxel_column")
    table.add("reach_seen", "sphere_row sphere_column")
    now = motion_of(about, turn)
    turned = at @ now.rotation.T
    table.set(cells=at, cells_turned=turned, field_seen=as_voxels(turned)[0].max(2).T)
    if "e3nn" not in sys.modules:
        yield table  # it takes seconds to load
    table.set(reach_seen=reach_seen(shape, now))
    there = [(s, seed) for s, seed in enumerate(seeds) if seed in SEEDS]
    for n, name in enumerate(networks):
        table.N[n] = shipped(name).N
        for s, seed in there:
            table.accuracy_turned[n, s] = story(name)["accuracy_turned"][SEEDS.index(seed)]
    parts = 1 + sum(2 + (LOOKS_AT[name] == "voxels") for name in networks) * len(there) * len(scan)
    done = 0
    for n, name in enumerate(networks):
        for a, angle in enumerate(scan):
            for s, seed in there:
                if a == 0:
                    table.taken_for[n, s] = which(answer(name, seed, shape, about, float(turn), precision, False))
                upright = answer(name, seed, shape, about, 0.0, precision, False)
                table.equivariance[n, s, a] = apart(
                    upright, answer(name, seed, shape, about, angle, precision, False)
                )
                done += 1
                yield table.set(progress=done / (parts + 1))
    for n, name in enumerate(networks):
        for a, angle in enumerate(scan):
            for s, seed in there:
                if LOOKS_AT[name] == "voxels":
                    upright = answer(name, seed, shape, about, 0.0, precision, False)
                    back = answer(name, seed, shape, about, angle, precision, True)
                    table.equivariance_floor[n, s, a] = apart(upright, back)
                    done += 1
                table.right_turn[n, s, a] = right_share(name, seed, about, angle)
                done += 1
                yield table.set(progress=done / (parts + 1))
    yield table.set(progress=1.0)


def motion_of(about: str, degrees: float) -> Motion:
    """The turn about one of `AXES`."""
    return rotation(AXES[about], np.deg2rad(degrees))


def apart(upright: Float[np.ndarray, "1 outputs"], moved: Float[np.ndarray, "1 outputs"]) -> float:
    """E of answers that are known already: x stands for itself, the only element for the change of x."""
    known = {False: upright, True: moved}
    return equivariance_error(known.__getitem__, False, (True,), lambda g, x: g, lambda g, y: y)


def which(f: Float[np.ndarray, "1 outputs"]) -> int:
    """The shape to whose targets all outputs round; −1: none."""
    found = np.flatnonzero((targets() == np.round(f)).all(1))
    return int(found[0]) if found.size else -1


@lru_cache(maxsize=4096)
def answer(
    name: str, seed: int, shape: str, about: str, degrees: float, precision: str, back: bool
) -> Float[np.ndarray, "1 outputs"]:
    """f(w, x) of a stored network for the shape turned, or its upright voxels turned there and back. Kept: an angle is asked often."""
    w = stored(name)[SEEDS.index(seed)].astype(PRECISIONS[precision])
    motion = motion_of(about, degrees)
    if back:
        x = seen(name, [shape], motion_of(about, 0.0))
        x = move_voxels(inverse(motion), move_voxels(motion, x))
    else:
        x = seen(name, [shape], motion)
    found: Float[np.ndarray, "1 outputs"] = shipped(name)(w, x)
    return found


@lru_cache(maxsize=1024)
def right_share(name: str, seed: int, about: str, degrees: float) -> float:
    """The share of the eight shapes, turned, whose outputs all round to their targets; in single precision."""
    w = stored(name)[SEEDS.index(seed)].astype(np.float32)
    f = shipped(name)(w, seen(name, SHAPES, motion_of(about, degrees)))
    return float((np.round(f) == targets()).all(1).mean())


def reach_seen(shape: str, motion: Motion) -> Float[np.ndarray, "rows columns"]:
    """r(x̂) of the turned shape, up to the degrees that are kept, on the half of the sphere that faces +z; NaN beside the sphere."""
    import torch
    from e3nn import o3

    x, y = np.meshgrid(np.linspace(-1, 1, PIXELS), np.linspace(-1, 1, PIXELS))
    inside = x**2 + y**2 < 1 + 1e-9
    front = np.stack([x, y, np.sqrt(np.clip(1 - x**2 - y**2, 0, None))], -1)[inside] @ motion.rotation  # R⁻¹ r
    with in_double(), torch.no_grad():
        Y = o3.spherical_harmonics(list(range(L_MAX + 1)), torch.from_numpy(front), True, "integral").numpy()
    found = np.full(x.shape, np.nan)
    found[inside] = Y @ as_sphere(shape, L_MAX)[0]
    return found
