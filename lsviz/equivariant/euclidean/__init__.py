"""Symmetries of space: irreps of O(3), motions, and what they act on: points, voxels, functions on the sphere."""

from .acting import act, move, move_sphere, move_voxels, relabel, representation
from .algebra import Path, irreps, tensor_paths
from .attention import attention_weights, se3_transformer
from .building import in_double
from .digits import rotated_digits
from .flattened import Flat, flat
from .hand import turned_harmonics, vector_products
from .learning import tetris, trained
from .messages import message_passing
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
from .scanning import equivariance_scan
from .shapes import TETROMINOES, as_points, as_sphere, as_voxels, targets
from .shown import turned_shape
from .spheres import spherical_cnn
from .training import train
from .voxels import plain_voxels, voxel_convolution
from .weights import shipped, stored, story

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
    "attention_weights",
    "batch",
    "cube_rotations",
    "equivariance_scan",
    "flat",
    "from_quaternion",
    "in_double",
    "irreps",
    "message_passing",
    "move",
    "move_sphere",
    "move_voxels",
    "paths",
    "plain_voxels",
    "points",
    "radius_graph",
    "random_rotations",
    "reflection",
    "relabel",
    "representation",
    "rotated_digits",
    "rotation",
    "se3_transformer",
    "shipped",
    "smooth_radial",
    "spherical_cnn",
    "stored",
    "story",
    "targets",
    "tensor_paths",
    "tetris",
    "to_quaternion",
    "train",
    "trained",
    "translation",
    "turned_harmonics",
    "turned_shape",
    "vector_products",
    "voxel_convolution",
]
