"""Smooth random displacements of maximum entropy, their size, and where they fold. Petrini et al. 2021, arXiv:2105.02468."""

import math
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from .modes import SEEDS, cutoff_of, draws, modes, pixels_of, seeds_of, sines, superpose, temperature_of


def field(T: float, c: int, n: int, seeds: Any, xp: ModuleType = np, dtype: Any = None) -> Float[Any, "S 2 n n"]:
    """Displacements in pixels, one for each seed: [:, 0] along x (the column index), [:, 1] along y (the row index).

    n√T Σ_ij C_ij sin(iπx) sin(jπy) for √(i² + j²) < c + ½, C_ij ~ N(0, 1/(i² + j²)), x and y from 0 to 1 with both borders, where it is
    zero: the Boltzmann weight of the elastic energy ∝ ∫|∇u|² at temperature T, that is the maximum of entropy at given mean gradients
    (arXiv:2105.02468; cutoff and units as in the authors' code). Four times the temperature is twice the field, bit for bit; a larger
    c adds waves to the same long ones.

    xp: numpy, or torch for tensors. dtype: of that library; float64 by default. ValueError names an argument out of range.
    """
    T, c, n = temperature_of(T), cutoff_of(c), pixels_of(n)
    return _fields(T, c, n, draws(c, seeds_of(seeds), SEEDS), xp, dtype)


def fields_of_images(
    T: float, c: int, n: int, seed: int, P: int, xp: ModuleType = np, dtype: Any = None
) -> Float[Any, "P 2 n n"]:
    """One field for each of P images under one seed; the fields of fewer images are the first of more."""
    return _fields(T, c, n, draws(c, range(P), seed), xp, dtype)


def displacement(T: float, c: int, n: int) -> float:
    """δ (pixels): the root mean square, over fields and over all n × n pixels, of the length of the displacement. Exact sum over modes.

    δ² = 2 n² T Σ_ij a_i a_j/(i² + j²), a_i the mean of sin²(iπx) over the pixels; that is (n − 1)² T S_c/2 with S_c = Σ 1/(i² + j²) as
    long as c ≤ n − 2.
    """
    T, c, n = temperature_of(T), cutoff_of(c), pixels_of(n)
    return math.sqrt(T * _mean_square(c, n))


def temperature(delta: float, c: int, n: int) -> float:
    """T at which `displacement` is `delta` pixels."""
    delta, c, n = temperature_of(delta, "delta"), cutoff_of(c), pixels_of(n)
    return delta * delta / _mean_square(c, n)


def displacement_leading_log(T: float, c: int, n: int) -> float:
    """The authors' δ = √(π/4 n² T ln c): what `displacement` tends to for c → ∞, 10 to 19 % too large at c from 10 to 3.

    Published runs hold *this* δ. ValueError for c = 1, whose logarithm is 0.
    """
    T, c, n = temperature_of(T), cutoff_of(c, 2), pixels_of(n)
    return n * math.sqrt(math.pi / 4 * T * math.log(c))


def temperature_leading_log(delta: float, c: int, n: int) -> float:
    """The authors' T = 4δ²/(π n² ln c). ValueError for c = 1, whose logarithm is 0."""
    delta, c, n = temperature_of(delta, "delta"), cutoff_of(c, 2), pixels_of(n)
    return 4 * delta**2 / (math.pi * n**2 * math.log(c))


class TemperatureRange(NamedTuple):
    """The temperatures that mean something: from half a pixel to the first folds."""

    T_min: float
    T_max: float


def temperature_range(c: int, n: int) -> TemperatureRange:
    """T_min = 1/(π n² ln c), the authors' δ of half a pixel, and T_max = 4/(π³ c² ln c), where the largest gradient is about 1.

    At T_max a third of the fields still fold somewhere (c = 3, 5): it promises nothing. The range closes as c grows: T_max < T_min from
    c ≈ 2n/π on. ValueError for c = 1, whose logarithm is 0.
    """
    c, n = cutoff_of(c, 2), pixels_of(n)
    return TemperatureRange(1 / (math.pi * n**2 * math.log(c)), 4 / (math.pi**3 * c**2 * math.log(c)))


def folds(T: float, c: int, n: int, seeds: Any, grid: int | None = None) -> Bool[np.ndarray, "S m m"]:
    """Where the map s → s − u(s) that `deform` applies is not one to one: det(1 − n/(n−1) ∇u) ≤ 0, u as a part of the picture.

    On a grid of m × m points from border to border, by default m = 4n: folds are narrower than a pixel. The gradients are those of the
    modes, not differences of pixels. Some share of the area folds when `folds(…)[s].any()`. ValueError for a grid of fewer than 4n.
    """
    T, c, n = temperature_of(T), cutoff_of(c), pixels_of(n)
    m = 4 * n if grid is None else grid
    if m < 4 * n:
        raise ValueError(f"grid: got {grid!r}; allowed: a whole number ≥ 4n = {4 * n}")
    C = math.sqrt(T) * n / (n - 1) * draws(c, seeds_of(seeds), SEEDS)
    (ux, vx), (uy, vy) = (np.moveaxis(superpose(C, c, m, along), 1, 0) for along in ((True, False), (False, True)))
    return (1 - ux) * (1 - vy) - uy * vx <= 0


def _fields(T: float, c: int, n: int, C: np.ndarray, xp: ModuleType, dtype: Any) -> Any:
    return superpose(n * math.sqrt(T) * C, c, n, xp=xp, dtype=dtype)


def _mean_square(c: int, n: int) -> float:
    """δ² at T = 1."""
    found, over_pixels = modes(c), (sines(c, n) ** 2).mean(1)
    return float(2 * n**2 * (over_pixels[found.i - 1] * over_pixels[found.j - 1] * found.weight**2).sum())
