"""The jamming point φ_J of one packing, and how many contacts it has there: discs isostatic, ellipses with fewer than that."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..experiment import Table, experiment
from ..packing import Look, Packing
from ..packing.minimise import Settling, minimise
from .common import compiled, make

MOST = 160  # minimisations of one packing
STILL = 1e-4  # force over mean overlap at the end: a tenth of what makes a contact
COMPRESS = 0.01  # Δφ until it jams


class Approach(NamedTuple):
    """One minimisation on the way to φ_J."""

    packing: Packing
    now: Settling
    look: Look
    phi_J: float  # where √energy falls to zero, seen from here; NaN where unjammed
    done: bool


def approach(
    kind: str, n: int, aspect: float, ratio: float, seed: int, phi_start: float, accuracy: float, budget: int
) -> Iterator[Approach | None]:
    """One packing on its way to φ_J; None while it settles, an `Approach` after each minimisation.

    From a random start pressed by 0.01 until it jams, then released by nine tenths of what E ∝ (φ − φ_J)² leaves; where that was too far,
    the present state is pressed by half of the step. Ends where the mean overlap is below `accuracy`.
    """
    packing = make(kind, phi_start, n, aspect, ratio)
    w, step, free, tries = packing.init([seed]), COMPRESS, None, 0
    for _ in range(MOST):
        now = None
        for now in minimise(packing, w, budget=budget):
            yield None
        assert now is not None
        look = packing.look(now.w)
        jammed = not bool(look.unjammed[0])
        slope = 2 * packing.dim * packing.phi * float(now.energy[0]) / max(float(look.virial[0]), 1e-300)
        done = jammed and float(look.mean_overlap[0]) < accuracy and float(now.residual[0]) < STILL
        yield Approach(packing, now, look, packing.phi - slope if jammed else math.nan, done)
        if done:
            return
        near = jammed and float(look.mean_overlap[0]) < accuracy
        tries += near
        if tries == 3:  # it will not settle: counted as it is, and said to be unfinished
            return
        if jammed:
            step, free = min(0.9 * slope, 0.1 * packing.phi), 0  # far above φ_J the estimate is too bold
            phi = packing.phi - step
        else:
            if free is not None:  # a slow slide looks jammed, so the step must be able to grow again
                free += 1
                step = max(step * (0.5 if free == 1 else 1.5), 1e-12)
            phi = packing.phi + step
        after = packing.at(phi)
        w, packing = packing.carry(now.w, after), after


NAMES = ("phi_J", "Z", "N_delta", "N", "n_rattlers", "soft", "mean_overlap", "converged")


def most_contacts(packing: Packing, bearing: Any) -> Any:
    """The most contacts without fine tuning: freedoms of n′ particles, less translations, and one for the state of self-stress."""
    return packing.freedoms * bearing - packing.dim + 1


def put_point(table: Table, place: Any, found: Approach) -> None:
    """Write φ_J and the counts of one seed at `place`; state "unfinished" where the search ended before its accuracy."""
    look = found.look
    values = dict(
        phi_J=found.phi_J, Z=look.Z[0], N_delta=look.N_delta[0], N=look.N[0], n_rattlers=look.rattlers[0].sum(),
        soft=most_contacts(found.packing, look.bearing[0]) - look.N_delta[0], mean_overlap=look.mean_overlap[0],
        converged=found.done,
    )  # fmt: skip
    for name, value in values.items():
        getattr(table, name)[place] = value
    table.state[place] = "unsat" if found.done else "unfinished"


@experiment(cost="watch")
def threshold(
    *,
    kind: str = "discs",
    n: int = 32,
    aspect: float = 1.5,
    ratio: float = 1.4,
    phi_start: float = 0.5,
    accuracy: float = 1e-6,
    budget: int = 20_000,
    seeds: Any = 1,
) -> Iterator[Table]:
    """φ_J of a packing, found by pressing and releasing, and the contacts that hold it there: discs Z ≈ 4, balls 6, ellipses fewer than 6.

    (seed): phi_J (where √energy, extrapolated, is zero), Z, N_delta, N, n_rattlers, soft (most contacts without fine tuning, less N_delta;
    below 0 in a crystal), mean_overlap, converged, state. (step, seed), one a minimisation: phi_trace, energy_trace (per particle),
    overlap_trace, Z_trace.
    phi_start: where particles are thrown; above φ_J the packing is released from there instead (another protocol, another φ_J).
    Counting, without fine tuning: discs N_Δ ≤ 2n′ − 1, balls ≤ 3n′ − 2, ellipses ≤ 3n′ − 1. Donev et al. 2007, 10.1103/PhysRevE.75.051304.
    """
    if kind == "lennard_jones":
        raise ValueError(
            "kind: got 'lennard_jones'; allowed: discs, ellipses or balls: long-range forces have no jamming point"
        )
    make(kind, max(phi_start, 0.7 if kind == "balls" else 0.9), n, aspect, ratio)  # refuses what will not fit
    table = Table(seed=seeds, step=np.arange(MOST))
    for name in NAMES:
        table.add(name, "seed")
    table.add("state", "seed", fill="waiting").add("n", fill=n)
    for name in ("phi_trace", "energy_trace", "overlap_trace", "Z_trace"):
        table.add(name, "step seed")
    yield from compiled(table)
    for s, seed in enumerate(seeds):
        table.state[s] = "running"
        row, found = 0, None
        for found in approach(kind, n, aspect, ratio, seed, phi_start, accuracy, budget):
            if found is not None:
                table.phi_trace[row, s], table.energy_trace[row, s] = found.packing.phi, found.now.energy[0] / n
                table.overlap_trace[row, s], table.Z_trace[row, s] = found.look.mean_overlap[0], found.look.Z[0]
                row += 1
                put_point(table, s, found)
                table.state[s] = table.state[s] if found.done else "running"
            yield table.set(progress=(s + min(row / 45, 0.95)) / len(seeds))
        if table.state[s] == "running":
            table.state[s] = "unfinished"
    yield table


@experiment(cost="watch")
def counting(
    *,
    aspects: tuple[float, ...] = (1.0, 1.02, 1.05, 1.1, 1.2, 1.5, 2.0, 3.0),
    n: int = 32,
    ratio: float = 1.4,
    accuracy: float = 1e-4,
    budget: int = 20_000,
    seeds: Any = 4,
) -> Iterator[Table]:
    """Contacts at φ_J against the aspect ratio, and the three ways to count freedoms: which N makes N_Δ/N mean anything?

    (aspect, seed): phi_J, Z, N_delta, n_rattlers, soft, mean_overlap, converged, state, N (2n′ for discs, whose angle costs nothing at
    any order; 3n′ beyond), freedoms_2 (2n′), freedoms_3 (3n′). Z is continuous as the aspect falls to 1; N is not.
    """
    aspects = tuple(sorted(set(aspects)))
    for aspect in aspects:
        make("ellipses", 0.93, n, aspect, ratio)
    table = Table(aspect=aspects, seed=seeds)
    for name in NAMES + ("freedoms_2", "freedoms_3"):
        table.add(name, "aspect seed")
    table.add("state", "aspect seed", fill="waiting").add("n", fill=n)
    yield from compiled(table)
    jobs = [(a, s) for s in range(len(seeds)) for a in range(len(aspects))]
    for done, (a, s) in enumerate(jobs):
        table.state[a, s] = "running"
        last = None
        start = 0.7 if accuracy >= 1e-5 else 0.5
        for found in approach("ellipses", n, aspects[a], ratio, seeds[s], start, accuracy, budget):
            last = found or last
            yield table.set(progress=done / len(jobs))
        if last is not None:
            put_point(table, (a, s), last)
            bearing = last.look.bearing[0]
            table.freedoms_2[a, s], table.freedoms_3[a, s] = 2 * bearing, 3 * bearing
    yield table
