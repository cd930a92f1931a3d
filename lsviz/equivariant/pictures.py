"""Rotations by 90° and circular shifts of pictures: the symmetries that a square grid of pixels has exactly."""

import math
from typing import Any

import numpy as np
from jaxtyping import Shaped

from .. import xp as xps


def turn(k: Any, x: Any) -> Shaped[Any, "*batch rows2 columns2"]:
    """x turned by k · 90° against the clock, on the last two axes; exact, and turn(4, x) = x. NumPy or torch.

    ValueError for a k that is no whole number, or an odd k and a picture that is no square, which quarter turns do not act on.
    """
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)):
        raise ValueError(f"k: got {k!r}; allowed: a whole number of quarter turns")
    shape = _plane(x)
    if k % 2 and shape[-1] != shape[-2]:
        raise ValueError(f"x: got shape {shape}; allowed: (…, n, n), as a quarter turn acts on squares")
    return np.rot90(x, int(k), (-2, -1)) if isinstance(x, np.ndarray) else x.rot90(int(k), (-2, -1))


def shift(k: Any, x: Any) -> Shaped[Any, "*batch rows columns"]:
    """x shifted by k pixels to the right, or by k = (down, right), on the last two axes; what leaves at one side enters at the other.

    A whole number of pixels is a roll, exact. Between whole numbers it is the linear interpolation of the two nearest rolls,
    (1 − r) roll(⌊k⌋) + r roll(⌊k⌋ + 1) with r = k − ⌊k⌋, along both axes: no symmetry of the grid, as it blurs (by half a pixel the
    finest wave is lost). NumPy or torch. ValueError for a k that is not finite.
    """
    pair = tuple(k) if isinstance(k, (tuple, list)) else (0, k)
    if len(pair) != 2 or not all(_finite(one) for one in pair):
        raise ValueError(f"k: got {k!r}; allowed: a finite number of pixels to the right, or a pair (down, right)")
    _plane(x)
    for axis, pixels in zip((-2, -1), pair, strict=True):
        whole = math.floor(pixels)
        rest = float(pixels - whole)
        rolled = _roll(x, whole, axis)
        x = (1 - rest) * rolled + rest * _roll(x, whole + 1, axis) if rest else rolled
    return x


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and math.isfinite(value)


def _roll(x: Any, pixels: int, axis: int) -> Any:
    return xps.namespace(x).roll(x, pixels, axis=axis) if pixels else x


def _plane(x: Any) -> tuple[int, ...]:
    shape = tuple(getattr(x, "shape", ()))
    if len(shape) < 2:
        raise ValueError(f"x: got shape {shape}; allowed: (…, rows, columns)")
    return shape
