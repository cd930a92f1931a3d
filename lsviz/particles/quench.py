"""One packing: thrown at random and let settle, pressed slowly, or pressed and released. O'Hern et al. 2003, 10.1103/PhysRevE.68.011306."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..experiment import Table, experiment
from ..packing.minimise import minimise
from .common import (
    add_configuration,
    add_counts,
    compiled,
    layout,
    make,
    pressed,
    put_configuration,
    put_counts,
    put_packing,
)

RECORDED = 160  # iterations at which traces are kept


@experiment(cost="slider")
def quench(
    *,
    kind: str = "discs",
    phi: float = 0.86,
    n: int = 64,
    aspect: float = 1.5,
    ratio: float = 1.4,
    start: str = "random",
    budget: int = 20_000,
    seeds: Any = 1,
) -> Iterator[Table]:
    """Particles find a place at packing fraction φ: all of them without overlap (N_Δ = 0), or held by N_Δ contacts of the order of N.

    start: "random", thrown anywhere and let settle; "pressed", thrown well below jamming and pressed slowly to φ (`phi` tells where the
    path is). (seed): energy per particle, pressure, N_delta, N, Z, n_rattlers, converged, state. (seed, particle): position (…, axis),
    angle, rattler; (particle): major, minor; (seed, contact): contact_i, contact_j, contact_force, overlap. (step, seed): energy_trace,
    N_delta_trace at some iterations of a random start. Scalars phi, n, box, iterations. U: `packing.Packing`.
    """
    packing = make(kind, phi, n, aspect, ratio)
    steps = np.unique(np.geomspace(1, budget + 1, RECORDED).astype(int)) - 1
    table = Table(seed=seeds, step=steps, **layout(packing))
    add_counts(table, "seed")
    add_configuration(table, packing)
    table.add("energy_trace", "step seed").add("N_delta_trace", "step seed")
    table.add("phi", fill=phi).add("n", fill=n).add("iterations", fill=0)
    yield from compiled(table)
    over = False
    now: Any = None

    def show() -> None:
        if now is not None:
            put_packing(table, packing, now, over)

    table.prepare(show)
    if start == "pressed":
        for packing, now, at in pressed(kind, phi, n, aspect, ratio, budget, seeds):
            share = 0.98 * min(max(at / phi, 0.0), 1.0) ** 4 if at < phi else 0.99
            yield table.set(phi=at, iterations=now.iterations.max(), progress=max(share, float(table.progress)))
    else:
        row = np.zeros(len(seeds), int)
        for now in minimise(packing, packing.init(seeds), budget=budget):
            new = now.iterations >= steps[np.minimum(row, len(steps) - 1)]
            if new.any():
                _record(table, packing, now, steps, row)
            done = np.where(now.converged, 1.0, np.log1p(now.iterations) / np.log1p(budget + 1)).mean()
            yield table.set(iterations=now.iterations.max(), progress=max(0.99 * done, float(table.progress)))
    over = True
    yield table


def _record(table: Table, packing: Any, now: Any, steps: np.ndarray, row: np.ndarray) -> None:
    """Write the traces up to each seed's present iteration."""
    N_delta = packing.look(now.w).N_delta
    for s, made in enumerate(now.iterations):
        upto = int(np.searchsorted(steps, made, side="right"))
        if upto > row[s]:
            table.energy_trace[row[s] : upto, s] = now.energy[s] / packing.n
            table.N_delta_trace[row[s] : upto, s] = N_delta[s]
            row[s] = upto


@experiment(cost="watch")
def compression(
    *,
    kind: str = "discs",
    n: int = 64,
    aspect: float = 1.5,
    ratio: float = 1.4,
    low: float = 0.8,
    high: float = 0.9,
    phi_step: float = 0.004,
    budget: int = 20_000,
    seeds: Any = 1,
) -> Iterator[Table]:
    """A packing pressed from `low` to `high` in small steps and released again, at every step in a minimum: the path is not the same.

    (direction, phi, seed), direction = up, down: energy per particle, pressure, N_delta, N, Z, n_rattlers, converged, state; the present
    configuration as in `quench`. Scalar phi_now. φ_J depends on the path, Z at φ_J does not: Chaudhuri, Berthier & Sastry 2010,
    10.1103/PhysRevLett.104.165701.
    """
    if high <= low:
        raise ValueError(f"high: got {high:g} with low = {low:g}; allowed: a number above low")
    steps = int(np.floor((high - low) / phi_step + 1e-9)) + 1
    if steps > 2000:
        raise ValueError(
            f"phi_step: got {phi_step:g}, which makes {steps} steps; allowed: at most 2000 steps from low to high"
        )
    phis = low + phi_step * np.arange(steps)
    packing = make(kind, float(phis[-1]), n, aspect, ratio)  # the smallest box first: it says what does not fit
    packing = packing.at(low)
    table = Table(direction=("up", "down"), phi=phis.round(12), seed=seeds, **layout(packing))
    add_counts(table, "direction phi seed")
    add_configuration(table, packing).add("phi_now", fill=low).add("n", fill=n)
    yield from compiled(table)
    w = packing.init(seeds)
    table.prepare(lambda: put_configuration(table, packing, w))
    path = [(0, k) for k in range(steps)] + [(1, k) for k in reversed(range(steps))]
    for done, (way, k) in enumerate(path):
        before, packing = packing, packing.at(float(phis[k]))
        w = before.carry(w, packing)
        for now in minimise(packing, w, budget=budget):
            w = now.w
            yield table.set(phi_now=phis[k], progress=done / len(path))
        put_counts(table, (way, k), packing, now)
    yield table
