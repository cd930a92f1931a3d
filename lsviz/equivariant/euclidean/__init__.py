"""Symmetries of space: irreps of O(3), motions, and what they act on: points, voxels, functions on the sphere."""

from .acting import act, move, move_sphere, move_voxels, relabel, representation
from .algebra import Path, irreps, tensor_paths
from .building import in_double
from .flattened import Flat, flat
from .motions import (
    INVERSION,
    Motion,
    cube_rotations,
    from_quaternion,
    random_rotations,
    reflection,
    rotation,
    to_quaternion,
    translation,
)
from .products import paths
from .radial import smooth_radial
from .records import Points, as_tensors, batch, points, radius_graph
from .shapes import TETROMINOES, as_points, as_sphere, as_voxels, targets

__all__ = [
    "INVERSION",
    "TETROMINOES",
    "Flat",
    "Motion",
    "Path",
    "Points",
    "act",
    "as_points",
    "as_sphere",
    "as_tensors",
    "as_voxels",
    "batch",
    "cube_rotations",
    "flat",
    "from_quaternion",
    "in_double",
    "irreps",
    "move",
    "move_sphere",
    "move_voxels",
    "paths",
    "points",
    "radius_graph",
    "random_rotations",
    "reflection",
    "relabel",
    "representation",
    "rotation",
    "smooth_radial",
    "targets",
    "tensor_paths",
    "to_quaternion",
    "translation",
]
