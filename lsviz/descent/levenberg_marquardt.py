"""Levenberg–Marquardt on the active set, batched over seeds: the second-order descent that makes a network jam in a tenth of a second."""

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from .. import xp as xps
from .state import State, finite, rows, unsatisfied, where

DUAL = 1.5  # the kernel of K points costs less than JᵀJ of `size` parameters up to K = DUAL · size
START, SHRINK, GROW, SMALLEST, LARGEST = 1.0, 0.25, 4.0, 1e-4, 1e6


@runtime_checkable
class View(Protocol):
    """A problem seen at w: gaps (S, P) and what its derivatives need."""

    gaps: Any

    def seeds(self, index: Any) -> "View":
        """Some seeds only."""
        ...

    def replace(self, index: Any, other: "View") -> None:
        """Overwrite some seeds."""
        ...


@runtime_checkable
class Tangent(Protocol):
    """The linearised constraints at chosen points, each weighed: J (S, K, size), never formed unless size is the smaller."""

    def kernel(self) -> Any:
        """J Jᵀ (S, K, K)."""
        ...

    def jacobian(self) -> Any:
        """Jᵀ (S, size, K)."""
        ...

    def pull(self, u: Any) -> Any:
        """Jᵀ u (S, size)."""
        ...


@runtime_checkable
class Curved(Protocol):
    """What Levenberg–Marquardt asks of a problem."""

    def look(self, w: Any) -> View:
        """See the problem at w (S, size)."""
        ...

    def energy(self, gaps: Any) -> Any:
        """E (S,), the sum over the constraints: it fixes the unit of μ."""
        ...

    def forces(self, gaps: Any) -> tuple[Any, Any]:
        """Force and stiffness of each constraint: first and second derivative of its energy by its gap."""
        ...

    def tangent(self, w: Any, view: View, points: Any, weight: Any) -> Tangent:
        """Linearised constraints: −∂Δ/∂w at `points` (S, K), each times `weight` (S, K)."""
        ...


def levenberg_marquardt(problem: Curved, w: Any, *, budget: int, tol: float = 1e-6) -> Iterator[State]:
    """Minimise E(w) = Σ ℓ(Δ) by damped Gauss–Newton steps (Θ_yy + μ) u = Δ, w ← w + Jᵀ(y u), over the unsatisfied points.

    Θ_yy is the neural tangent kernel between those points, with their labels: the solver *is* the tangent kernel of the
    infinite-width theory, at finite width and recomputed at every step; μ → 0 is the jump to the bottom of the linearised
    network, μ → ∞ is gradient flow for a time 1/μ. Solved among the K points (dual), or among the `size` parameters (primal)
    where these are many fewer. A step is taken per seed where it lowers E, then μ × ¼; else μ × 4, × 16, × 64 … for refusals
    in a row: the active set changes under a bold step, and with a slow way back seeds froze a hair above zero. A seed leaves
    the batch when N_Δ = 0, or when its linear algebra breaks (`failed`, kept at its last good step). w (S, size); yields the
    start, then one state an iteration, at most `budget`.
    Levenberg 1944, Marquardt 1963, 10.1137/0111030; the energy is arXiv:1809.09349, eq. 1.
    """
    xp = xps.namespace(w)
    view = problem.look(w)
    energy = problem.energy(view.gaps)
    count = view.gaps.shape[1]
    state = State(0, xp.asarray(w, copy=True), energy / count, xp.asarray(view.gaps, copy=True), ~finite(view.gaps))
    yield state

    live = where((unsatisfied(view.gaps, tol) > 0) & ~state.failed)
    w, view, energy, problem = state.w[live], view.seeds(live), energy[live], rows(problem, live)
    mu, grow = xp.full_like(energy, START), xp.full_like(energy, GROW)
    for step in range(1, budget + 1):
        if live.shape[0] == 0:
            return
        change = _step(problem, w, view, mu)
        broken = ~finite(change)
        trial = w + change
        new = problem.look(trial)
        new_energy = problem.energy(new.gaps)
        better = new_energy < energy  # false for NaN
        mu = xp.clip(xp.where(better, mu * SHRINK, mu * grow), SMALLEST, LARGEST)
        grow = xp.where(better, xp.full_like(grow, GROW), grow * GROW)
        if bool(xp.all(better)):
            w, view, energy = trial, new, new_energy
        elif bool(xp.any(better)):
            index = where(better)
            w[index], energy[index] = trial[index], new_energy[index]
            view.replace(index, new)
        state.step = step
        state.put(live, w, energy / count, view.gaps)
        state.failed[live] = broken
        yield state

        going = (unsatisfied(view.gaps, tol) > 0) & ~broken
        if not bool(xp.all(going)):
            index = where(going)
            live, w, view, energy, problem = live[index], w[index], view.seeds(index), energy[index], rows(problem, index)
            mu, grow = mu[index], grow[index]


def _step(problem: Curved, w: Any, view: View, mu: Any) -> Any:
    """The Levenberg–Marquardt step (S, size) of every seed."""
    xp = xps.namespace(w)
    force, stiffness = problem.forces(view.gaps)
    active = stiffness > 0
    k = int(xp.max(xp.sum(xp.astype(active, xp.int64), axis=1)))
    points = xps.largest(view.gaps, k)  # a seed with fewer active points fills up with points of weight 0
    weight = xp.sqrt(xp.take_along_axis(stiffness, points, axis=1))
    pull = xp.take_along_axis(force, points, axis=1) / xp.where(weight > 0, weight, xp.ones_like(weight))
    tangent = problem.tangent(w, view, points, weight)
    if k <= DUAL * w.shape[1]:
        return tangent.pull(xps.solve_positive(_damped(tangent.kernel(), mu), pull))
    jt = tangent.jacobian()
    return xps.solve_positive(_damped(jt @ xp.matrix_transpose(jt), mu), (jt @ pull[..., None])[..., 0])


def _damped(a: Any, mu: Any) -> Any:
    """a + μ·1, written over a (S, n, n)."""
    n = a.shape[-1]
    a.reshape(-1, n * n)[:, :: n + 1] += mu[:, None]
    return a
