"""Gaussian averages of an activation at two correlated points, by its Hermite series: E[φ(u) φ(v)] = Σ_k a_k(q) a_k(q′) ρ^k.

u, v are jointly normal with variances q, q′ and correlation ρ; a_k(q) = E[φ(√q z) h_k(z)] with h_k the normalised Hermite polynomials
(Mehler's formula; Daniely, Frostig, Singer 2016, arXiv:1602.05897). The same for φ′. What a finite series leaves of E[φ²] is given to
its last order: exact at ρ = 1, elsewhere wrong by less than that rest.
"""

from functools import cache
from typing import Any

import numpy as np

from ..network import activate, normalisation

Z = np.linspace(-13.0, 13.0, 4001)  # the square root of the normal density is 1e-18 at its ends
ROOT_DENSITY = np.exp(-0.25 * Z * Z) / (2 * np.pi) ** 0.25
WEIGHT = ROOT_DENSITY * (Z[1] - Z[0])
ENOUGH = 1e-12  # share of E[φ′²] beyond the series at which no more orders are taken
ALLOWED = 1e-3  # the same, above which the answer is refused
MOST = 4000  # orders
MOST_OFF_SPHERE = 600  # where every point has coefficients of its own
ANGLES = 4097  # nodes of the table: a cubic between them is wrong by 1e-13


def _basis(orders: int) -> Any:
    """ψ_k(z) = h_k(z) √density, one order after the other."""
    before, now = np.zeros_like(Z), ROOT_DENSITY.copy()
    for k in range(orders):
        yield now
        before, now = now, (Z * now - np.sqrt(k) * before) / np.sqrt(k + 1)


def _values(act: str, beta: float, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """c φ and c φ′ at √q z, (len(q), len(Z)) each."""
    c = normalisation(act, beta)
    a = np.sqrt(q)[:, None] * Z
    slope = activate(a, act, beta)
    assert slope is not None
    return c * a, c * slope


def second_moment(act: str, beta: float, q: np.ndarray) -> np.ndarray:
    """E[(c φ(√q z))²]: the variance that the next layer sees."""
    return np.concatenate([_values(act, beta, part)[0] ** 2 @ (ROOT_DENSITY * WEIGHT) for part in _parts(q)])


def _parts(q: np.ndarray) -> list[np.ndarray]:
    return [q[i : i + 256] for i in range(0, len(q), 256)]


def coefficients(act: str, beta: float, q: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """a_k(q) of φ and of φ′, (orders, len(q)) each, as many orders as are needed; the last one stands for the rest."""
    parts = [_values(act, beta, part) for part in _parts(q)] if len(q) <= 256 else None
    found: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    squares = [[v**2 @ (ROOT_DENSITY * WEIGHT) for v in _values(act, beta, part)] for part in _parts(q)]
    total = [np.concatenate(both) for both in zip(*squares, strict=True)]
    rest = [total[0].copy(), total[1].copy()]
    basis, block = _basis(most), 50
    while len(found[0]) < most and (rest[1] > ENOUGH * total[1]).any():
        psi = np.stack([next(basis) for _ in range(min(block, most - len(found[0])))]) * WEIGHT
        some = [[psi @ v.T for v in values] for values in parts or (_values(act, beta, part) for part in _parts(q))]
        for i, both in enumerate(zip(*some, strict=True)):
            new = np.concatenate(both, axis=1)
            found[i].extend(new)
            rest[i] -= (new**2).sum(0)
    worst = float((rest[1] / total[1]).max())
    if worst > ALLOWED:
        raise ValueError(
            f"beta: got {beta:g}, so sharp for act={act!r} that {most} orders of its series miss {worst:.1%} of its slope; "
            "allowed: a smaller beta, or act='relu', the limit of swish"
        )
    return tuple(np.stack([*a, np.sqrt(np.clip(r, 0, None))]) for a, r in zip(found, rest, strict=True))  # type: ignore[return-value]


@cache
def on_the_sphere(act: str, beta: float, L: int) -> tuple[np.ndarray, np.ndarray]:
    """Kernels of infinitely wide networks of depth L on |x|² = d, as cubics of the angle: coefficients (4, ANGLES − 1) of Σ and of Θ.

    All variances are 1 there, so both kernels depend on the angle between two points alone, smoothly even at 0.
    """
    from scipy.interpolate import CubicSpline  # brings an optimiser along: not at import

    a, b = (column[:, 0] ** 2 for column in coefficients(act, beta, np.ones(1), MOST))
    angle = np.linspace(0, np.pi, ANGLES)
    rho = np.cos(angle)
    theta = rho.copy()
    for _ in range(L):
        slope = _horner(b, rho)
        rho = np.clip(_horner(a, rho), -1, 1)
        theta = theta * slope + rho
    return tuple(np.ascontiguousarray(CubicSpline(angle, values).c.T) for values in (rho, theta))  # type: ignore[return-value]


def _horner(coefficients: np.ndarray, rho: np.ndarray) -> np.ndarray:
    total = np.zeros_like(rho)
    for a in coefficients[::-1]:
        total *= rho
        total += a
    return total


def look_up(table: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """The cubic at every angle in [0, π]; of the precision of `angle`."""
    scaled = angle * angle.dtype.type((ANGLES - 1) / np.pi)
    cell = np.clip(scaled.astype(np.intp), 0, ANGLES - 2)
    t = angle - (cell * (np.pi / (ANGLES - 1))).astype(angle.dtype)
    c = table.astype(angle.dtype)[cell]
    return ((c[..., 0] * t + c[..., 1]) * t + c[..., 2]) * t + c[..., 3]


def series(left: np.ndarray, right: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """Σ_k a_k(q_i) a_k(q_j) ρ_ij^k, (P, P2), for coefficients (orders, P) and (orders, P2)."""
    total = np.zeros_like(rho)
    for a, b in zip(left[::-1], right[::-1], strict=True):
        total *= rho
        total += a[:, None] * b
    return total
