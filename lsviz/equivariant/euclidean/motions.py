"""Elements of E(3): turns, mirrors, the inversion and shifts of space, as matrices. Coordinates are (x, y, z); the polar axis is y."""

import itertools
import math
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float


class Motion(NamedTuple):
    """r ↦ R r + t: R orthogonal (det −1: a mirror is in it), t in the units of the positions."""

    rotation: Float[np.ndarray, "3 3"]
    shift: Float[np.ndarray, "3"]


INVERSION = Motion(-np.eye(3), np.zeros(3))


def rotation(axis: Any, angle: float) -> Motion:
    """The turn by `angle` (radians, by the right hand) about `axis` (3,), of any length but 0. Rodrigues' formula."""
    x, y, z = _unit("axis", axis)
    if not math.isfinite(angle):
        raise ValueError(f"angle: got {angle!r}; allowed: a finite number of radians, as 0.5")
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return Motion(np.eye(3) + math.sin(angle) * cross + 2 * math.sin(angle / 2) ** 2 * cross @ cross, np.zeros(3))


def reflection(normal: Any) -> Motion:
    """The mirror through the origin whose plane is perpendicular to `normal` (3,): 1 − 2nnᵀ."""
    n = _unit("normal", normal)
    return Motion(np.eye(3) - 2 * np.outer(n, n), np.zeros(3))


def translation(shift: Any) -> Motion:
    """The shift by `shift` (3,)."""
    return Motion(np.eye(3), _vector("shift", shift))


def from_quaternion(quaternion: Any) -> Motion:
    """The turn of a quaternion (w, x, y, z) = (cos θ/2, n sin θ/2); a length other than 1 is taken out, 0 refused."""
    q = np.asarray(quaternion, float)
    length = float(np.linalg.norm(q)) if q.shape == (4,) else math.nan
    if not (math.isfinite(length) and length > 1e-12):
        raise ValueError(
            f"quaternion: got {quaternion!r}; allowed: four numbers (w, x, y, z), not all 0, as (1, 0, 0, 0)"
        )
    w, (x, y, z) = q[0] / length, q[1:] / length
    return Motion(
        np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
            ]
        ),
        np.zeros(3),
    )


def to_quaternion(motion: Motion) -> tuple[float, float, float, float]:
    """(w, x, y, z) of unit length and w ≥ 0 of a motion's turn. ValueError where a mirror is in it: no quaternion has one."""
    R = checked(motion).rotation
    if np.linalg.det(R) < 0:
        raise ValueError("motion: got a mirror (det −1); allowed: a turn, as rotation((0, 1, 0), 0.5)")
    squares = np.array([1 + np.trace(R), *(1 - np.trace(R) + 2 * np.diag(R))])  # 4q²: the largest is divided by
    most = int(squares.argmax())
    skew = np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])
    if most == 0:
        q = np.array([squares[0], *skew])
    else:
        q = np.array([skew[most - 1], *(R[most - 1] + R[:, most - 1])])
        q[most] = squares[most]
    q = q / np.linalg.norm(q)
    q = np.where(q[0] < 0, -q, q)
    return float(q[0]), float(q[1]), float(q[2]), float(q[3])


def random_rotations(n: Any, seed: Any) -> tuple[Motion, ...]:
    """n turns, uniform over SO(3), of the NumPy generator of `seed`: four Gaussian numbers each, as a quaternion."""
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise ValueError(f"n: got {n!r}; allowed: a whole number ≥ 1, as 100")
    return tuple(from_quaternion(q) for q in np.random.default_rng(seed).standard_normal((int(n), 4)))


def cube_rotations() -> tuple[Motion, ...]:
    """The 24 turns that put a cube onto itself, the identity first; their matrices hold 0, 1 and −1 alone."""
    found = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            R = np.zeros((3, 3))
            R[range(3), order] = signs
            if np.linalg.det(R) > 0:
                found.append(Motion(R, np.zeros(3)))
    return tuple(found)


def after(second: Motion, first: Motion) -> Motion:
    """The motion that does `first` and then `second`."""
    return Motion(second.rotation @ first.rotation, second.rotation @ first.shift + second.shift)


def inverse(motion: Motion) -> Motion:
    """The motion that undoes it."""
    return Motion(motion.rotation.T, -motion.rotation.T @ motion.shift)


def checked(motion: Any) -> Motion:
    """`motion` as float64 arrays. ValueError unless its matrix is orthogonal to 1e-9 and its shift finite."""
    if not isinstance(motion, Motion):
        raise ValueError(f"motion: got {type(motion).__name__}; allowed: a Motion, as rotation((0, 1, 0), 0.5)")
    R = np.asarray(motion.rotation, float)
    if R.shape != (3, 3) or not np.abs(R @ R.T - np.eye(3)).max() < 1e-9:
        raise ValueError("motion: got a matrix that is not orthogonal; allowed: a Motion, as rotation((0, 1, 0), 0.5)")
    return Motion(R, _vector("motion", motion.shift))


def _vector(name: str, value: Any) -> Float[np.ndarray, "3"]:
    v = np.asarray(value, float)
    if v.shape != (3,) or not np.isfinite(v).all():
        raise ValueError(f"{name}: got {value!r}; allowed: three finite numbers, as (0, 1, 0)")
    return v


def _unit(name: str, value: Any) -> Float[np.ndarray, "3"]:
    v = _vector(name, value)
    length = np.linalg.norm(v)
    if length == 0:
        raise ValueError(f"{name}: got {value!r}; allowed: three numbers, not all 0, as (0, 1, 0)")
    return v / length
