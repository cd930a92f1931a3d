"""Down to a minimum of the energy: fused FIRE, then damped Newton steps where a few settle what FIRE would creep to.

FIRE alone stalls near φ_J, where contacts open and close and stiffness is as small as the pressure; Newton alone needs a start
that is near. So they take turns until the force that is left is small against the overlaps.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .system import FLAT, Packing

SKIN = 0.3  # of the list of near pairs, in small diameters
NEWTON = 800  # coordinates up to which a dense Hessian is worth its solution
ROUGH, CLOSE = 1e-3, 3e-2  # force over mean overlap from which Newton takes over; and after long patience
PATIENCE = 1200  # steps of FIRE
LONGEST = 0.2  # of a Newton step
TOL = 1e-5  # force over mean overlap at which a seed has settled: a hundredth of what makes a contact
DT, DT_MAX = 0.1, 0.5  # FIRE's first and longest time step; Lennard-Jones is some hundred times stiffer


@dataclass
class Settling:
    """A batch on its way down. w belongs to the descent: copy what you keep."""

    w: np.ndarray  # (S, size)
    energy: np.ndarray  # (S,)
    residual: np.ndarray  # (S,) largest |force| over √(energy/n), about the mean overlap; Lennard-Jones: the force
    converged: np.ndarray  # (S,) bool: residual below tol, or nothing overlaps
    iterations: np.ndarray  # (S,) steps of FIRE and of Newton


class Walker:
    """One seed with its velocities and its list of near pairs: `fire(steps)` and `newton(steps)` move it."""

    def __init__(self, packing: Packing, q: np.ndarray, held: np.ndarray | None = None) -> None:
        self.packing = packing
        self.dt_max, self.dt = (
            (DT_MAX / 8, DT / 8) if packing.kind == "lennard_jones" else (DT_MAX * packing.aspect**-0.25, DT)
        )
        self.q, self.force = q.copy(), np.zeros_like(q)
        self.skin = max(1e-9, min(SKIN, 0.49 * packing.box - 2 * packing.reach.max()))
        self.held = np.empty(0) if held is None else np.ascontiguousarray(held / np.linalg.norm(held))
        self.shape, self.start = np.empty((packing.n, 4)), np.zeros(packing.n + 1, np.int32)
        self.room = (60 if packing.kind == "lennard_jones" else 12) * packing.n + 100
        self.restart()
        self.iterations = 0
        self.fire(0, 0.0)

    def restart(self) -> None:
        """Forget velocities and near pairs."""
        self.v, self.ref = np.zeros_like(self.q), self.q.copy()
        self.near, self.shift = np.empty(self.room, np.int32), np.empty((self.room, self.packing.dim))
        self.memory = np.array(
            (self.dt, 0.1, 0.0, 0.0, 1.0, math.inf)
        )  # dt, α, downhill steps, energy, fresh, largest |force|

    @property
    def energy(self) -> float:
        return float(self.memory[3])

    @property
    def residual(self) -> float:
        """The largest |force|, over the mean overlap."""
        most = float(np.abs(self.force).max())
        if self.packing.kind == "lennard_jones":
            return most
        return most / math.sqrt(self.energy / self.packing.n) if self.energy > 0 else 0.0

    @property
    def flat(self) -> bool:
        """Nothing overlaps."""
        return self.packing.kind != "lennard_jones" and self.energy <= FLAT * self.packing.n

    def fire(self, steps: int, quiet: float) -> int:
        """Up to `steps` steps of FIRE, fewer if it settles to `quiet`; how many were made."""
        from . import kernels

        p, made = self.packing, 0
        while True:
            done = kernels.fire(p.code, self.q, self.v, self.force, self.memory, p.n, p.dim, p.box, p.major, p.minor, p.gyration,
                                p.frozen, p.reach, self.skin, self.held, self.start, self.near, self.shift, self.ref, self.shape,
                                steps - made, self.dt_max, FLAT, quiet)  # fmt: skip
            if done >= 0:
                break
            self.room *= 3
            self.near, self.shift = np.empty(self.room, np.int32), np.empty((self.room, p.dim))
            made += -1 - done
        made += done
        self.iterations += made
        return made

    def newton(self, steps: int, tol: float) -> bool:
        """Damped Newton steps, (H + μ)δ = force, from where FIRE stands; true once the residual is below tol. Keeps the best point."""
        from scipy.linalg.lapack import dposv

        from . import kernels

        p, mu = self.packing, 1e-4
        matrix = np.empty((p.size, p.size))
        diagonal = np.einsum("ii->i", matrix)
        q, energy, force = self.q, self.energy, self.force
        fresh = True
        for _ in range(steps):
            if fresh:
                start, near, shift, _ = p.list(q, 0.0)
                kernels.hessian(
                    p.code, q, p.n, p.dim, p.major, p.minor, p.gyration, start, near, shift, self.shape, matrix
                )
                if p.frozen and p.kind == "ellipses":
                    diagonal[2 * p.n :] += 1.0
                plain = diagonal.copy()
                fresh = False
            diagonal[:] = plain + mu
            _, move, bad = dposv(matrix, force, lower=1)
            self.iterations += 1
            if bad != 0 or np.abs(move).max() > LONGEST:
                mu *= 10
                if mu > 10:
                    break
                continue
            trial, new_force = q + move, np.empty_like(q)
            start, near, shift, _ = p.list(trial, 0.0)
            new = kernels.energy_force(p.code, trial, p.n, p.major, p.minor, p.gyration, p.frozen, start, near, shift,
                                       new_force, self.shape)  # fmt: skip
            foretold = 0.5 * float(move @ force + mu * move @ move)
            if foretold > 1e-13 * abs(energy):
                gain = (energy - new) / foretold
            else:  # the energy's own rounding: the force decides
                gain = 1.0 if np.abs(new_force).max() < np.abs(force).max() else -1.0
            if gain > 0:
                q, energy, force, fresh = trial, new, new_force, True
                self._put(q, energy, force)
                if self.flat or self.residual <= tol:
                    return True
            mu = max(mu / 8, 1e-13) if gain > 0.7 else mu if gain > 0.3 else 6 * mu
            if mu > 10:
                break
        return False

    def _put(self, q: np.ndarray, energy: float, force: np.ndarray) -> None:
        self.q, self.force = q.copy(), force.copy()
        self.restart()
        self.memory[3], self.memory[5] = energy, np.abs(force).max()


def minimise(
    packing: Packing, w: np.ndarray, *, budget: int = 20_000, tol: float = TOL, held: np.ndarray | None = None
) -> Iterator[Settling]:
    """Minimise U from w (S, size), yielding about every millisecond of work. Each seed stops by itself, and has `budget` steps.

    tol: the force that may be left, over the mean overlap. held (size): a direction in q along which nothing may move.
    """
    q = packing.natural(packing._checked(w))
    walkers = [Walker(packing, row, held) for row in q]
    exact = packing.size <= NEWTON and held is None
    chunk = max(5, 12_000 // packing.size)
    S = len(q)
    state = Settling(np.array(w, float), np.empty(S), np.empty(S), np.zeros(S, bool), np.zeros(S, int))
    rough, since = np.full(len(q), ROUGH), np.zeros(len(q), int)

    def tell(s: int) -> None:
        walker = walkers[s]
        state.w[s], state.energy[s] = walker.q / packing.unit, walker.energy
        state.residual[s], state.iterations[s] = walker.residual, walker.iterations
        state.converged[s] = walker.flat or walker.residual <= tol

    for s in range(len(q)):
        tell(s)
    yield state
    going = [s for s in range(len(q)) if not state.converged[s] and budget > 0]
    while going:
        for s in list(going):
            walker = walkers[s]
            quiet = max(tol, rough[s]) if exact else tol
            made = walker.fire(min(chunk, budget - walker.iterations), quiet)
            since[s] += made
            turn = walker.residual <= quiet or (since[s] > PATIENCE and walker.residual < CLOSE)
            if exact and turn and not walker.flat and walker.residual > tol and math.isfinite(walker.energy):
                walker.newton(min(40, budget - walker.iterations), tol)
                rough[s], since[s] = max(rough[s] / 3, 1e-4), 0
            tell(s)
            if state.converged[s] or walker.iterations >= budget or not math.isfinite(walker.energy) or made < 0:
                going.remove(s)
            yield state


def settled(packing: Packing, w: np.ndarray, **about: float) -> Settling:
    """The end of `minimise`."""
    state = None
    for state in minimise(packing, w, **about):  # type: ignore[arg-type]
        pass
    assert state is not None
    return state
