"""Kernels of infinitely wide networks, without biases, in the NTK parametrisation: what `network.dense(scale="ntk", bias=False)` tends to.

Σ_1 = x·x′/d; Σ_{l+1} = E[φ(u) φ(v)] for (u, v) normal with covariance Σ_l, φ normalised; Θ_1 = Σ_1, Θ_{l+1} = Σ_{l+1} + Θ_l E[φ′(u) φ′(v)].
Jacot et al. 2018, arXiv:1806.07572, theorem 1. ReLU: Cho & Saul 2009 (arc-cosine); erf: Williams 1997 (arc-sine); any other φ by its
Hermite series. Tile by tile, and only the lower triangle where the kernel is symmetric.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from .. import xp as xps
from ..experiment import tidy
from ..network import normalisation
from ..symbols import ARGUMENTS
from . import checks, hermite

TILE = 256


class _Side(NamedTuple):
    """What is known of each point before it meets another: its variance in every layer, and its Hermite coefficients where they differ."""

    x: np.ndarray  # (P, d), divided by √d
    variance: list[np.ndarray]  # L + 1 of (P,)
    coefficients: list[tuple[np.ndarray, np.ndarray]]  # L of (orders, P), off the sphere only

    def part(self, start: int, stop: int) -> "_Side":
        tile = slice(start, stop)
        return _Side(
            self.x[tile], [q[tile] for q in self.variance], [(a[:, tile], b[:, tile]) for a, b in self.coefficients]
        )


def ntk_infinite(x: Any, x2: Any = None, *, L: int, act: str, beta: float = 1) -> Float[Any, "P P2"]:
    """Tangent kernel Θ∞ (P, P′) of the infinitely wide network, for x (P, d), x2 (P′, d); without x2 that of x with itself.

    Closed forms for "relu" and "erf"; "swish" and "tanh" by their Hermite series, on the sphere |x|² = d through a table of the angle.
    ValueError names what is wrong: shapes, numbers that are not finite, an unknown activation, too many points for the memory.
    """
    return _kernels(x, x2, L, act, beta)[1]


def nngp_infinite(x: Any, x2: Any = None, *, L: int, act: str, beta: float = 1) -> Float[Any, "P P2"]:
    """Covariance Σ∞ (P, P′) of f over random weights at infinite width, a Gaussian process (arXiv:1711.00165); called as `ntk_infinite`."""
    return _kernels(x, x2, L, act, beta)[0]


def variance(x: np.ndarray, *, L: int, act: str, beta: float = 1) -> np.ndarray:
    """E[f²] (P,) over random weights at infinite width: the diagonal of `nngp_infinite`, without the rest of it."""
    checks.points("x", x)
    scaled = x / np.sqrt(x.shape[1])
    return _side(scaled, L, act, beta, _on_sphere([scaled])).variance[-1]


def _kernels(x: Any, x2: Any, L: int, act: str, beta: float) -> tuple[Any, Any]:
    L, act, beta = (tidy(ARGUMENTS[name], value) for name, value in dict(L=L, act=act, beta=beta).items())
    checks.points("x", x)
    if x2 is not None:
        checks.points("x2", x2)
        checks.same_width(x, x2)
    symmetric = x2 is None
    sides = [np.asarray(xps.numpy(points)) for points in ([x] if symmetric else [x, x2])]
    sides = [points if points.dtype == np.float32 else points.astype(float) for points in sides]
    shape = (sides[0].shape[0], sides[-1].shape[0])
    checks.fits("x", shape, sides[0], sides[0].dtype.itemsize * float(shape[0]) * shape[1])
    scaled = [points / sides[0].dtype.type(np.sqrt(points.shape[1])) for points in sides]
    sphere = _on_sphere(scaled)
    whole = _side(np.concatenate(scaled), L, act, beta, sphere)  # at once: both sides need equally many orders
    left, right = whole.part(0, shape[0]), whole.part(len(whole.x) - shape[1], len(whole.x))
    pair = _pair(L, act, beta, sphere)
    sigma, theta = np.empty(shape, scaled[0].dtype), np.empty(shape, scaled[0].dtype)
    for i in range(0, shape[0], TILE):
        mine = left.part(i, i + TILE)
        for j in range(0, i + 1 if symmetric else shape[1], TILE):
            theirs = mine if symmetric and i == j else right.part(j, j + TILE)
            overlap = mine.x @ theirs.x.T
            here = np.s_[i : i + TILE, j : j + TILE]
            sigma[here], theta[here] = pair(mine, theirs, overlap, symmetric and i == j)
            if symmetric and i != j:
                there = np.s_[j : j + TILE, i : i + TILE]
                sigma[there], theta[there] = sigma[here].T, theta[here].T
    return xps.like(sigma, x), xps.like(theta, x)


def _on_sphere(sides: list[np.ndarray]) -> bool:
    return all(
        np.allclose((points**2).sum(1), 1, rtol=0, atol=1e-5 if points.dtype == np.float32 else 1e-9)
        for points in sides
    )


def _side(x: np.ndarray, L: int, act: str, beta: float, sphere: bool) -> _Side:
    variance, coefficients = [(x * x).sum(1)], []
    for _ in range(L):
        q = variance[-1]
        if act == "relu" or (sphere and act != "erf"):
            variance.append(q)
        elif act == "erf":
            ratio = 2 * beta**2 * q
            variance.append(
                ((normalisation(act, beta) / beta) ** 2 * 2 / np.pi * np.arcsin(ratio / (1 + ratio))).astype(q.dtype)
            )
        else:
            coefficients.append(hermite.coefficients(act, beta, q.astype(float), hermite.MOST_OFF_SPHERE))
            variance.append(hermite.second_moment(act, beta, q.astype(float)).astype(q.dtype))
    return _Side(x, variance, coefficients)


Pair = Callable[[_Side, _Side, np.ndarray, bool], tuple[np.ndarray, np.ndarray]]


def _pair(L: int, act: str, beta: float, sphere: bool) -> Pair:
    """The function of one tile: (side, side, x·x′/d, is it on the diagonal) → (Σ, Θ)."""
    if act == "relu":
        return lambda a, b, overlap, diagonal: _relu(a, b, overlap, diagonal, L)
    if act == "erf":
        return lambda a, b, overlap, diagonal: _erf(a, b, overlap, L, beta)
    if sphere:
        tables = hermite.on_the_sphere(act, beta, L)
        return lambda a, b, overlap, diagonal: _by_angle(a, b, overlap, diagonal, tables)
    return lambda a, b, overlap, diagonal: _by_series(a, b, overlap, diagonal, L)


def _correlation(q: np.ndarray, q2: np.ndarray, overlap: np.ndarray, diagonal: bool) -> tuple[np.ndarray, np.ndarray]:
    """ρ in [−1, 1] and √(q q′); a point with itself has exactly 1, for near it an angle is the root of a rounding error."""
    size = np.sqrt(q)[:, None] * np.sqrt(q2)
    rho = np.divide(overlap, size, out=np.zeros_like(overlap), where=size > 0)
    np.clip(rho, -1, 1, out=rho)
    if diagonal:
        np.fill_diagonal(rho, 1)
    return rho, size


def _relu(a: _Side, b: _Side, overlap: np.ndarray, diagonal: bool, L: int) -> tuple[np.ndarray, np.ndarray]:
    """With φ = √2 max(z, 0) all variances stay; E[φ′φ′] = 1 − angle/π, E[φφ] = ρ E[φ′φ′] + sin(angle)/π."""
    rho, size = _correlation(a.variance[0], b.variance[0], overlap, diagonal)
    theta, slope, sine = rho.copy(), np.empty_like(rho), np.empty_like(rho)
    for _ in range(L):
        np.arccos(rho, out=slope)
        slope *= -1 / np.pi
        slope += 1
        np.multiply(rho, rho, out=sine)
        np.subtract(1, sine, out=sine)
        np.sqrt(sine, out=sine)
        sine *= 1 / np.pi
        rho *= slope
        rho += sine
        np.minimum(rho, 1, out=rho)
        theta *= slope
        theta += rho
    theta *= size
    rho *= size
    return rho, theta


def _erf(a: _Side, b: _Side, overlap: np.ndarray, L: int, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """E[φφ] = (2c²/πβ²) arcsin s, E[φ′φ′] = (4c²/π)/√((1 + 2β²q)(1 + 2β²q′)(1 − s²)), s = 2β²Σ/√((1 + 2β²q)(1 + 2β²q′))."""
    c = normalisation("erf", beta)
    sigma, theta = overlap, overlap.copy()
    for layer in range(L):
        size = np.sqrt(1 + 2 * beta**2 * a.variance[layer])[:, None] * np.sqrt(1 + 2 * beta**2 * b.variance[layer])
        s = 2 * beta**2 * sigma
        s /= size
        theta *= 4 * c * c / np.pi / (size * np.sqrt(1 - s * s))
        sigma = np.arcsin(s, out=s)
        sigma *= 2 * c * c / (np.pi * beta**2)
        theta += sigma
    return sigma, theta


def _by_angle(a: _Side, b: _Side, overlap: np.ndarray, diagonal: bool, tables: Any) -> tuple[np.ndarray, np.ndarray]:
    rho, _ = _correlation(a.variance[0], b.variance[0], overlap, diagonal)
    angle = np.arccos(rho)
    return hermite.look_up(tables[0], angle), hermite.look_up(tables[1], angle)


def _by_series(a: _Side, b: _Side, overlap: np.ndarray, diagonal: bool, L: int) -> tuple[np.ndarray, np.ndarray]:
    sigma, theta = overlap, overlap.copy()
    for layer in range(L):
        rho, _ = _correlation(a.variance[layer], b.variance[layer], sigma, diagonal)
        theta *= hermite.series(a.coefficients[layer][1], b.coefficients[layer][1], rho)
        sigma = hermite.series(a.coefficients[layer][0], b.coefficients[layer][0], rho)
        theta += sigma
    return sigma, theta
