"""Packings by brute force, as the tests' second opinion: all pairs, nearest images, plain NumPy, nothing from lsviz.

Ellipses are measured by their support functions, not by the contact function of Perram and Wertheim: two convex bodies a distance d
apart along ψ are disjoint if and only if some normal u has d ψ·u > h_A(u) + h_B(u), so they touch at

    σ(ψ) = min over t of h_A(u) + h_B(u),   u = ψ + t ψ⊥,   h(u) = √(uᵀAu),   A = Rot(θ) diag(major², minor²) Rot(θ)ᵀ.

The right-hand side is convex in t: bisection on its slope finds the minimum to the last digit.
"""

from dataclasses import dataclass

import numpy as np

CUT = 2.5  # Lennard-Jones is force-shifted here, in σ
SHELL = 1.5  # its first shell


def nearest(d, box):
    """Differences to the nearest image."""
    return d - box * np.rint(d / box)


def matrices(major, minor, theta):
    """A (…, 2, 2) and ∂A/∂θ of ellipses."""
    c, s = np.cos(theta), np.sin(theta)
    rotation = np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], -2)
    a = rotation @ (np.stack([major**2, minor**2], -1)[..., None] * rotation.swapaxes(-1, -2))
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    return a, turn @ a - a @ turn


def form(a, u, v=None):
    """uᵀ a v."""
    return np.einsum("...i,...ij,...j->...", u, a, u if v is None else v)


def touching(a, b, r):
    """σ along r and the common normal u (u·ψ = 1) of ellipses with the matrices a and b."""
    psi = r / np.linalg.norm(r, axis=-1, keepdims=True)
    across = np.stack([-psi[..., 1], psi[..., 0]], -1)
    extent = [np.sqrt(np.linalg.eigvalsh(m)) for m in (a, b)]
    high = (extent[0][..., 1] + extent[1][..., 1]) / (extent[0][..., 0] + extent[1][..., 0])
    low = -high
    for _ in range(100):
        t = (low + high) / 2
        u = psi + t[..., None] * across
        slope = sum(form(m, u, across) / np.sqrt(form(m, u)) for m in (a, b))
        low, high = np.where(slope < 0, t, low), np.where(slope < 0, high, t)
    return np.sqrt(form(a, u)) + np.sqrt(form(b, u)), u


@dataclass
class Brute:
    """Energy, force and gaps of one state: positions (n, dim), side of the box, sizes. kind as in `Packing`."""

    kind: str
    positions: np.ndarray
    box: float
    major: np.ndarray
    minor: np.ndarray
    angles: np.ndarray

    @classmethod
    def of(cls, packing, w):
        """The state that row `w` (size,) of a packing stands for."""
        n, dim = packing.n, packing.dim
        angles = w[n * dim :] if packing.kind == "ellipses" else np.zeros(n)
        assert w.shape == ((n * (dim + 1) if packing.kind == "ellipses" else n * dim),)
        return cls(packing.kind, w[: n * dim].reshape(n, dim), float(packing.box), packing.major, packing.minor, angles)

    def __post_init__(self):
        n = len(self.positions)
        self.i, self.j = np.triu_indices(n, 1)
        self.r = nearest(self.positions[self.j] - self.positions[self.i], self.box)
        self.distance = np.linalg.norm(self.r, axis=1)
        self.sigma = self.major[self.i] + self.major[self.j]
        self.normal = self.r / self.distance[:, None] ** 2  # ∂(log r)/∂r
        self.twist = np.zeros((2, len(self.i)))  # ∂(log σ)/∂θ of i and of j
        if self.kind == "ellipses":
            near = np.flatnonzero(self.distance < 1.2 * self.sigma)  # beyond: only an upper bound of σ
            self._ellipses(near)

    def _ellipses(self, near):
        i, j, r = self.i[near], self.j[near], self.r[near]
        a, a_theta = matrices(self.major[i], self.minor[i], self.angles[i])
        b, b_theta = matrices(self.major[j], self.minor[j], self.angles[j])
        sigma, u = touching(a, b, r)
        self.sigma[near] = sigma
        self.normal[near] = u / self.distance[near, None]  # r/σ = max of r·u/(h_A + h_B)
        for k, (m, m_theta) in enumerate(((a, a_theta), (b, b_theta))):
            self.twist[k, near] = form(m_theta, u) / (2 * np.sqrt(form(m, u)) * sigma)

    @property
    def gaps(self):
        """1 − r/σ of every pair (Lennard-Jones: 1 − r/1.5σ)."""
        return 1 - self.distance / (self.sigma * (SHELL if self.kind == "lennard_jones" else 1))

    def _pairs(self):
        """Energy of every pair and its derivative by s = r/σ."""
        s = self.distance / self.sigma
        if self.kind != "lennard_jones":
            h = np.maximum(0, 1 - s)
            return h**2 / 2, -h
        value, slope = lambda x: 4 * (x**-12 - x**-6), lambda x: 4 * (-12 * x**-13 + 6 * x**-7)
        inside = s < CUT
        energy = np.where(inside, value(s) - value(CUT) - (s - CUT) * slope(CUT), 0)
        return energy, np.where(inside, slope(s) - slope(CUT), 0)

    @property
    def energy(self):
        """The sum over all pairs."""
        return float(self._pairs()[0].sum())

    @property
    def force(self):
        """−∂energy/∂w (size,)."""
        slope = self._pairs()[1] * self.distance / self.sigma  # dU/d(log s)
        grad = np.zeros_like(self.positions)
        np.add.at(grad, self.j, slope[:, None] * self.normal)
        np.add.at(grad, self.i, -slope[:, None] * self.normal)
        if self.kind != "ellipses":
            return -grad.ravel()
        torque = np.zeros(len(grad))
        np.add.at(torque, self.i, slope * self.twist[0])  # −∂(log s)/∂θ = ∂(log σ)/∂θ
        np.add.at(torque, self.j, slope * self.twist[1])
        return np.concatenate([-grad.ravel(), torque])

    def overlapping(self, tol=0.0):
        """{(i, j): gap} of the pairs with a gap above tol."""
        gaps = self.gaps
        return {(int(self.i[k]), int(self.j[k])): gaps[k] for k in np.flatnonzero(gaps > tol)}

    def rattlers(self, tol):
        """Particles that fall out when those with too few contacts are dropped, one at a time, until none is left to drop."""
        pairs = set(self.overlapping(tol))
        out = np.zeros(len(self.positions), bool)
        while True:
            degree = np.zeros(len(out), int)
            for pair in pairs:
                degree[list(pair)] += 1
            loose = np.flatnonzero((degree <= self.positions.shape[1]) & ~out)
            if not len(loose):
                return out
            out[loose[0]] = True
            pairs = {pair for pair in pairs if loose[0] not in pair}
