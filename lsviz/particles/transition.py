"""Packings at every density, beside networks at every size, and beside particles that feel each other from afar."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import data, network
from ..experiment import Table, experiment
from ..jamming.count import Fit
from ..jamming.count import threshold as crossing
from ..jamming.training import Training, expected_jump
from ..packing.minimise import minimise
from .common import add_counts, compiled, counts, expected, make, put_counts

AROUND = np.array([-0.06, -0.04, -0.025, -0.015, -0.0075, 0.0, 0.0075, 0.015, 0.025, 0.04, 0.06])


def scan_phis(kind: str, aspect: float) -> np.ndarray:
    """Eleven packing fractions around the expected threshold; evenly spread ones for Lennard-Jones, which has none."""
    if kind == "lennard_jones":
        return np.linspace(0.6, 1.0, 11).round(3)
    return (expected(kind, aspect) + AROUND).round(4)


@experiment(cost="watch")
def packing_transition(
    *,
    kind: str = "discs",
    phis: tuple[float, ...] | None = None,
    n: int = 32,
    aspect: float = 1.5,
    ratio: float = 1.4,
    budget: int = 20_000,
    seeds: Any = 8,
) -> Iterator[Table]:
    """Random throws at every packing fraction: each is free (N_Δ = 0) or jammed (N_Δ of the order of N), and nothing between.

    (phi, seed): energy per particle, pressure, N_delta, N, Z, n_rattlers, converged, state ("waiting" until its turn; sat: unjammed,
    unsat: jammed). Scalars phi_half with phi_half_low, phi_half_high, where half are jammed. φ nearest to the expected jump first.
    """
    at = np.array(sorted(set(phis))) if phis else scan_phis(kind, aspect)
    packings = [make(kind, float(phi), n, aspect, ratio) for phi in at]
    table = Table(phi=at, seed=seeds)
    add_counts(table, "phi seed").add("n", fill=n)
    for name in ("phi_half", "phi_half_low", "phi_half_high"):
        table.add(name)
    yield from compiled(table)
    order = np.argsort(np.abs(at - expected(kind, aspect)), kind="stable")
    for done, i in enumerate(order):
        for share in _throw(table, i, packings[i], budget, seeds):
            yield table.set(progress=(done + share) / len(order))
        _mark(table, at)
    yield table


def _throw(table: Table, place: Any, packing: Any, budget: int, seeds: Any) -> Iterator[float]:
    """Random throws settle; counts go into the table at the end. Yields the share that is done."""
    table.state[place] = "running"
    for now in minimise(packing, packing.init(seeds), budget=budget):
        yield float(now.converged.mean())
    put_counts(table, place, packing, now)


def _mark(table: Table, at: np.ndarray) -> None:
    known = np.all((table.state != "waiting") & (table.state != "running"), axis=1)
    if known.sum() > 1:
        best, low, high = crossing(at[known], table.state[known] != "sat")
        table.set(phi_half=best, phi_half_low=low, phi_half_high=high)


SYSTEMS = ("discs", "ellipses", "network")
NEAR = np.concatenate(
    [np.geomspace(0.6, 1.7, 20), [2.0, 2.8, 4.0]]
)  # × the expected N*: a neuron at a time, then farther


@experiment(cost="watch")
def density_transition(
    *,
    n: int = 32,
    aspect: float = 1.1,
    P: int = 300,
    data_seed: int = 0,
    budget: int = 150,
    seeds: Any = 8,
) -> Iterator[Table]:
    """Discs, ellipses and networks in the same axes: N_Δ/N against density, φ of particles and P/N of networks.

    (system, place): density, relative (density over its threshold; NaN unless bracketed). (system, place, seed): N_delta, N, state.
    (system): threshold_at, above which fewer than half of the seeds are "sat". Particles are thrown at random; networks learn MNIST
    digits (two layers, swish, quadratic hinge, d = 10) with `budget` second-order iterations, as in `network_transition`; more of
    them are near the expected N*. arXiv:1809.09349.
    """
    points = data.load("mnist", P=P, d=10, preset="jamming", labels="parity", seed=data_seed)
    about = expected_jump(P, "parity", "mnist")
    widths = {network.width_for(N, points.d, 2) for N in about * NEAR}  # fractional: h grows by half a neuron a layer
    nets = sorted((network.dense(points.d, h, 2, "swish") for h in widths), key=lambda net: -net.N)
    places = len(nets)
    spread = np.interp(np.linspace(0, 10, places), np.arange(11), AROUND)
    packings = []
    for kind in SYSTEMS[:2]:
        phis = (expected(kind, aspect) + spread).round(4)
        packings.append([make(kind, float(phi), n, aspect) for phi in phis])
    table = Table(system=SYSTEMS, place=np.arange(places), seed=seeds)
    table.add("density", "system place").add("relative", "system place").add("threshold_at", "system")
    table.add("N_delta", "system place seed").add("N", "system place seed").add(
        "state", "system place seed", fill="waiting"
    )
    table.add("P", fill=P).add("n", fill=n)
    table.density[:2] = [[packing.phi for packing in row] for row in packings]
    table.density[2] = [P / net.N for net in nets]
    yield from compiled(table)
    away = np.abs([spread, spread, np.log([net.N / about for net in nets])])
    jobs = [(k, i) for row in np.argsort(away, axis=1, kind="stable").T for k, i in enumerate(row)]  # thresholds first
    for done, (k, i) in enumerate(jobs):
        table.state[k, i] = "running"
        if k < 2:
            packing = packings[k][i]
            for now in minimise(packing, packing.init(seeds)):
                yield table.set(progress=(done + float(now.converged.mean())) / len(jobs))
            found = counts(packing, now)
        else:
            training = Training(Fit(nets[i], points), nets[i].init(seeds), "lm", budget)
            for state in training.states():
                yield table.set(progress=(done + state.step / budget) / len(jobs))
            found = dict(N_delta=training.N_delta, N=np.full(len(seeds), nets[i].N), state=training.ending())
        for name in ("N_delta", "N", "state"):
            getattr(table, name)[k, i] = found[name]
        known = np.all((table.state[k] != "waiting") & (table.state[k] != "running"), axis=1)
        if known.sum() > 1:
            table.threshold_at[k] = crossing(table.density[k][known], table.state[k][known] != "sat")[0]
            table.relative[k] = table.density[k] / table.threshold_at[k]
        yield table.set(progress=(done + 1) / len(jobs))


RANGES = ("discs", "lennard_jones")


@experiment(cost="watch")
def range_of_force(
    *,
    phis: tuple[float, ...] | None = None,
    n: int = 64,
    ratio: float = 1.4,
    budget: int = 20_000,
    seeds: Any = 4,
) -> Iterator[Table]:
    """Forces of finite and of long range: discs jump from no contact to all at once; Lennard-Jones neighbours come smoothly.

    (system, phi, seed), system = discs, lennard_jones: energy per particle, pressure, N_delta (Lennard-Jones: pairs closer than 1.5 σ),
    N, Z, n_rattlers, converged, state. Thrown at random at each φ.
    """
    at = np.array(sorted(set(phis))) if phis else np.linspace(0.68, 1.0, 17).round(3)
    packings = [[make(kind, float(phi), n, 1.0, ratio) for phi in at] for kind in RANGES]
    table = Table(system=RANGES, phi=at, seed=seeds)
    add_counts(table, "system phi seed").add("n", fill=n)
    yield from compiled(table)
    order = np.argsort(np.abs(at - expected("discs")), kind="stable")
    jobs = [(k, i) for i in order for k in range(2)]
    for done, (k, i) in enumerate(jobs):
        for share in _throw(table, (k, i), packings[k][i], budget, seeds):
            yield table.set(progress=(done + share) / len(jobs))
    yield table
