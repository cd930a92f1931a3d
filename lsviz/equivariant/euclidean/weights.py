"""Networks of points, voxels and spheres that come trained: eight tetrominoes, each seen in one orientation alone."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from ...data import STORE, DamagedFile
from ...nets.stored import shipped_array, stories
from ...symbols import SHAPES
from .acting import move_sphere
from .attention import se3_transformer
from .flattened import Flat
from .messages import message_passing
from .motions import Motion
from .records import batch
from .shapes import as_points, as_sphere, as_voxels, cells
from .spheres import degree_rms, spherical_cnn
from .voxels import plain_voxels, voxel_convolution

FOLDER = STORE / "euclidean"
SEEDS = (0, 1, 2)  # of the trained networks
LOOKS_AT = {
    "message_passing": "points",
    "se3_transformer": "points",
    "spherical_cnn": "sphere",
    "voxel_convolution": "voxels",
    "plain_voxels": "voxels",
}  # network → what a shape is to it
NETWORKS = tuple(LOOKS_AT)
L_MAX = 6  # of the sphere
SIGNAL = 0.3  # rms of each degree of what the sphere's network is given: silu, of a much larger one, is as good as max(0, ·)
PLAIN = 8  # channels of the plain one, with kernels 3 voxels wide: fewer than its seven answers could not tell eight shapes


@lru_cache(maxsize=8)
def shipped(name: str) -> Flat:
    """The network as f(w, x), for the w of `stored`: numbers 0o + 6x0e, the targets of `tetris` (plain ones: seven numbers)."""
    _check(name)
    if name == "message_passing":
        return message_passing()
    if name == "se3_transformer":
        return se3_transformer()
    if name == "voxel_convolution":
        return voxel_convolution()
    if name == "spherical_cnn":
        return spherical_cnn(l_max=L_MAX, channels=16)
    return plain_voxels(channels=PLAIN, size=3)


def seen(name: str, shapes: Sequence[str], motion: Motion) -> Any:
    """What a network is given when shapes are turned: their cells are, and then made points or voxels anew, so that nothing is
    interpolated; of a sphere the coefficients are turned, by Wigner's D, each degree over its rms on the eight shapes.
    """
    _check(name)
    R = motion.rotation
    if LOOKS_AT[name] == "points":
        return batch([as_points(cells(shape) @ R.T) for shape in shapes])
    if LOOKS_AT[name] == "voxels":
        return np.stack([as_voxels(cells(shape) @ R.T) for shape in shapes])
    return move_sphere(motion, np.stack([as_sphere(shape, L_MAX) for shape in shapes])) * _unit()


@lru_cache(maxsize=1)
def _unit() -> Float[np.ndarray, " coefficients"]:
    return SIGNAL / degree_rms(np.concatenate([as_sphere(shape, L_MAX) for shape in SHAPES]))


@lru_cache(maxsize=8)
def stored(name: str) -> Float[np.ndarray, "S N"]:
    """w of a network of `NETWORKS` trained on the eight tetrominoes as they stand, a row for each of the seeds 0, 1, 2; kept in half
    precision, which costs no equivariance: any w has it. `story` tells how it was trained and how often it is right. Not to
    be written into.

    ValueError for another name; DamagedFile (a ValueError) where its file differs from what was shipped.
    """
    _check(name)
    w = shipped_array(FOLDER, name)
    if w.shape != (len(SEEDS), shipped(name).N):
        raise DamagedFile(f"{FOLDER / name}.npy holds {w.shape} numbers, {name} has {len(SEEDS)} times {shipped(name).N}")
    w.flags.writeable = False
    return w


def story(name: str) -> dict[str, Any]:
    """How a stored network was trained: command, steps and loss of each seed, accuracy upright and on random turns, date, seconds."""
    _check(name)
    return stories(FOLDER)[name]


def _check(name: str) -> None:
    if name not in NETWORKS:
        raise ValueError(f"name: got {name!r}; allowed: one of {', '.join(NETWORKS)}, as message_passing")
