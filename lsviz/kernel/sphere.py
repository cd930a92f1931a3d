"""Kernels of the distance of two points on the sphere, and random functions of known power in each degree to be learned with them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float

CENTRES = 30  # of a random function
DEGREES = 40  # up to which power is summed: of the rough kernel beyond it less than 1e-6, as power falls like k^(−d−2)
NODES = 400  # of the quadrature in x · x′


def _exponential(square: np.ndarray) -> np.ndarray:
    np.negative(np.sqrt(square, out=square), out=square)
    return np.exp(square, out=square)


def _gaussian(square: np.ndarray) -> np.ndarray:
    square *= -1.5
    return np.exp(square, out=square)


# Functions of ‖x − x′‖², which write over it.
OF_SQUARE = {"exponential": _exponential, "gaussian": _gaussian}


def of_distance(name: str) -> Callable[..., Float[np.ndarray, "P P2"]]:
    """K(x, x2=None) of points: "exponential", e^{−‖x − x′‖}, rough; or "gaussian", e^{−3/2 ‖x − x′‖²} = e^{3(x·x′ − 1)}, smooth."""
    from scipy.spatial.distance import cdist  # no rounding where points coincide, of which a root would make 1e-8

    shape = OF_SQUARE[name]
    return lambda x, x2=None: shape(cdist(x, x if x2 is None else x2, "sqeuclidean"))


def on_sphere(rng: np.random.Generator, P: int, d: int) -> Float[np.ndarray, "P d"]:
    """P points, uniform on the unit sphere in d dimensions."""
    x = rng.standard_normal((P, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@cache
def spectrum(name: str, d: int, degrees: int) -> Float[np.ndarray, " degrees"]:
    """Eigenvalues μ_k, k = 0 … degrees − 1, of a kernel on the unit sphere in d ≥ 3 dimensions: K = Σ_k μ_k N(d, k) P_k(x·x′).

    P_k is Legendre's polynomial in d dimensions, P_k(1) = 1; μ_k its mean with K over the sphere (Funk, Hecke), by Gauss's quadrature.
    """
    from scipy.special import roots_gegenbauer

    t, weight = roots_gegenbauer(NODES, d / 2 - 1)
    return (legendre(d, degrees, t) * OF_SQUARE[name](2 - 2 * t)) @ weight / weight.sum()


def legendre(d: int, degrees: int, t: Any) -> Float[np.ndarray, "degrees ..."]:
    """P_k(t), k = 0 … degrees − 1, in d ≥ 3 dimensions, by (k + d − 2) P_{k+1} = (2k + d − 2) t P_k − k P_{k−1}."""
    t = np.asarray(t, float)
    found = np.empty((degrees, *t.shape))
    found[0] = 1
    if degrees > 1:
        found[1] = t
    for k in range(1, degrees - 1):
        found[k + 1] = ((2 * k + d - 2) * t * found[k] - k * found[k - 1]) / (k + d - 2)
    return found


@dataclass(frozen=True, eq=False)
class Target:
    """f(x) = (Σ_j a_j K(x, z_j) − mean)/√variance, where K is averaged over a group or not: made by `random_target`."""

    kernel: Callable[..., Any]
    centres: Float[np.ndarray, "J d"]
    weights: Float[np.ndarray, " J"]
    mean: float
    scale: float
    power: Float[np.ndarray, " degrees"]  # of the invariant part of f in degrees 0, 1, …: all of them sum to 1 − floor
    floor: float  # mean square of f − f_G: what no invariant function can learn

    def __call__(self, x: Float[np.ndarray, "P d"]) -> Float[np.ndarray, " P"]:
        return (self.kernel(x, self.centres) @ self.weights - self.mean) / self.scale


def random_target(rng: np.random.Generator, name: str, group: np.ndarray, symmetric: bool) -> Target:
    """A random function of the kernel `name` about 30 centres on the sphere, of mean 0 and variance 1 over it, exactly (to degree 40).

    symmetric: its kernel is averaged over the group, so that f is invariant. Power in degree k is μ_k² N(d, k) Σ_jl a_j a_l P_k(z_j·z_l).
    """
    from ..equivariant.groups import harmonics
    from .invariant import invariant

    d = group.shape[1]
    centres, weights = on_sphere(rng, CENTRES, d), rng.standard_normal(CENTRES)
    of_degree = spectrum(name, d, DEGREES + 1) ** 2 * np.array(harmonics(np.arange(d)[None], DEGREES).all)

    def powers(z: np.ndarray) -> np.ndarray:
        return of_degree * np.einsum(
            "j,kjl,l->k", weights, legendre(d, DEGREES + 1, np.clip(z @ centres.T, -1, 1)), weights
        )

    kept = np.mean([powers(centres[:, g]) for g in group], axis=0)
    whole = kept if symmetric else powers(centres)
    mean = spectrum(name, d, 1)[0] * weights.sum()
    variance = whole[1:].sum()
    plain = of_distance(name)
    power = kept / variance
    power[0] = 0  # the mean is taken off
    floor = 0.0 if symmetric else float(1 - power.sum())
    return Target(
        invariant(plain, group) if symmetric else plain, centres, weights, mean, math.sqrt(variance), power, floor
    )
