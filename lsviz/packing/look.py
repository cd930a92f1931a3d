"""What can be counted where a packing stands: gaps, contacts, rattlers, N, Z, pressure."""

from functools import cached_property
from typing import Any

import numpy as np

REST = 1e-18  # energy per particle below which nothing overlaps: unjammed
CONTACT = 1e-3  # a contact overlaps by more than this, in mean overlaps
NEAR = 0.1  # how far beyond touching `gaps` looks, in small diameters


class Look:
    """What can be counted at one w: (S, pairs) gaps and pushes, (S, pairs, 2) pairs; tolerance, N_delta, N, Z, pressure (S,)."""

    def __init__(self, packing: Any, w: np.ndarray) -> None:
        from . import kernels

        self.packing, found = packing, []
        skin = min(NEAR, 0.49 * packing.box - 2 * packing.reach.max())
        shape = np.empty((packing.n, 4))
        for q in packing.natural(w):
            start, near, shift, count = packing.list(q, max(skin, 0.0))
            first, second = np.empty(count, np.int32), np.empty(count, np.int32)
            gap, virial, push = np.empty(count), np.empty(count), np.empty(count)
            kernels.pair_gaps(packing.code, q, packing.n, packing.dim, packing.major, packing.minor, packing.gyration,
                              start, near, shift, shape, first, second, gap, virial, push)  # fmt: skip
            found.append((first, second, gap, virial, push))
        seeds, most = len(w), max((len(row[0]) for row in found), default=0)
        self.gaps, self.push = np.full((seeds, most), -np.inf), np.zeros((seeds, most))
        self.pairs = np.full((seeds, most, 2), -1)
        self.virial = np.zeros(seeds)
        for s, (first, second, gap, virial, push) in enumerate(found):
            k = len(first)
            self.pairs[s, :k, 0], self.pairs[s, :k, 1], self.gaps[s, :k], self.push[s, :k] = first, second, gap, push
            self.virial[s] = virial.sum()
        over = np.maximum(self.gaps, 0)
        self.energy_of_overlap = 0.5 * (over**2).sum(1)  # the energy, but for Lennard-Jones
        self.mean_overlap = over.sum(1) / np.maximum((over > 0).sum(1), 1)

    @property
    def unjammed(self) -> np.ndarray:
        """(S,) nothing overlaps: energy per particle ≤ 1e-18. Never of Lennard-Jones, which always pushes and pulls."""
        if self.packing.kind == "lennard_jones":
            return np.zeros(len(self.gaps), bool)
        return self.energy_of_overlap <= REST * self.packing.n

    @property
    def tolerance(self) -> np.ndarray:
        """(S,) 1e-3 of the mean positive gap; +inf where unjammed."""
        return np.where(self.unjammed, np.inf, CONTACT * self.mean_overlap)

    @cached_property
    def touching(self) -> np.ndarray:
        """(S, pairs) which pairs are contacts."""
        return self.gaps > self.tolerance[:, None]

    @property
    def N_delta(self) -> np.ndarray:
        """(S,) the number of contacts."""
        return self.touching.sum(1)

    @cached_property
    def rattlers(self) -> np.ndarray:
        """(S, n) see `Packing.rattlers`."""
        packing, out = self.packing, np.zeros((len(self.gaps), self.packing.n), bool)
        if packing.kind == "lennard_jones":
            return out
        for s in np.flatnonzero(~self.unjammed):
            pairs = self.pairs[s][self.touching[s]]
            while True:
                held = pairs[~out[s][pairs].any(1)]
                loose = (np.bincount(held.ravel(), minlength=packing.n) < packing.dim + 1) & ~out[s]
                if not loose.any():
                    break
                out[s] |= loose
        return out

    @property
    def bearing(self) -> np.ndarray:
        """(S,) n′: particles that are no rattlers; all of them where unjammed."""
        return self.packing.n - self.rattlers.sum(1)

    @cached_property
    def bearing_contacts(self) -> np.ndarray:
        """(S, pairs) contacts of which neither particle is a rattler."""
        loose = np.concatenate(
            [self.rattlers, np.zeros((len(self.gaps), 1), bool)], axis=1
        )  # the last column answers for −1
        return self.touching & ~np.take_along_axis(loose, self.pairs.reshape(len(self.gaps), -1), axis=1).reshape(
            self.pairs.shape
        ).any(-1)

    @property
    def N(self) -> np.ndarray:
        """(S,) see `Packing.N`."""
        return self.packing.freedoms * self.bearing

    @property
    def Z(self) -> np.ndarray:
        """(S,) contacts of a particle that bears, with others that bear: 2 N_Δ/n′; 0 where none does."""
        return 2 * self.bearing_contacts.sum(1) / np.maximum(self.bearing, 1)

    @property
    def pressure(self) -> np.ndarray:
        """(S,) Σ r·(−dU/dr) / (dim · volume of the box): U's unit over that of a volume."""
        return self.virial / (self.packing.dim * self.packing.box**self.packing.dim)
