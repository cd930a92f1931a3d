"""The shape of a minimum, and how many there are: flat directions below jamming, a glass of minima above."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..experiment import Table, experiment
from ..packing import Packing
from ..packing.minimise import minimise
from .common import add_configuration, add_counts, compiled, layout, make, pressed, put_counts, put_packing

FLAT = 1e-9  # a stiffness below which a mode costs nothing (contacts have about 1)
PUSHES = 41
LINE = 41


@experiment(cost="slider")
def flat_directions(
    *,
    kind: str = "discs",
    phi: float = 0.8,
    n: int = 32,
    aspect: float = 1.5,
    ratio: float = 1.4,
    push: str = "disc",
    which: int = 0,
    budget: int = 20_000,
    seeds: Any = 1,
) -> Iterator[Table]:
    """What resists a small push: below jamming nothing does, above all but rattlers and shifts of the whole do.

    A packing pressed slowly to φ; (mode, seed): stiffness, the eigenvalues of ∂²U/∂q∂q at the minimum, q = x, y, θ√I, ascending;
    (seed): flat, how many are below 1e-9; energy and the counts of `quench`, and the configuration. The first seed's push:
    (particle, axis): pushed, the direction; (push_step): distance from 0 to 1 small diameters; (push_step, seed): energy_pushed, total,
    all else giving way; (push_step, particle): position_pushed (…, axis), angle_pushed. push: "disc", particle number `which` along x
    against the mean of the others (else all would go along); "mode": the softest mode that is no translation, `which` counts upward.
    """
    goal = make(kind, phi, n, aspect, ratio)
    if push == "disc" and which >= n:
        raise ValueError(f"which: got {which} with push = 'disc' and n = {n}; allowed: a particle from 0 to {n - 1}")
    if push == "mode" and which >= goal.size - goal.dim:
        raise ValueError(f"which: got {which}; allowed: a mode from 0 to {goal.size - goal.dim - 1}")
    table = Table(seed=seeds, mode=np.arange(goal.size), push_step=np.arange(PUSHES), **layout(goal))
    add_counts(table, "seed")
    add_configuration(table, goal)
    table.add("stiffness", "mode seed").add("flat", "seed").add("pushed", "particle axis")
    table.add("distance", "push_step").add("energy_pushed", "push_step seed")
    table.add("position_pushed", "push_step particle axis").add("angle_pushed", "push_step particle", fill=0.0)
    table.add("phi", fill=phi).add("n", fill=n)
    table.distance[:] = np.linspace(0, 1, PUSHES)
    yield from compiled(table)
    packing, over = goal, False
    now: Any = None

    def show() -> None:
        if now is not None:
            put_packing(table, packing, now, over)

    table.prepare(show)
    for packing, now, at in pressed(kind, phi, n, aspect, ratio, budget, seeds):
        yield table.set(phi=at, progress=max(0.5 * min(at / phi, 1.0) ** 4, float(table.progress)))
    over, w = True, now.w.copy()
    values, modes = np.linalg.eigh(packing.hessian(w, counted=packing.kind != "lennard_jones"))
    table.stiffness[:] = values.T
    table.flat[:] = (values < FLAT).sum(1)
    yield table.set(progress=0.5)
    for s in range(len(seeds)):
        way = _way(packing, values[s], modes[s], push, which)
        if s == 0:
            table.pushed[:] = way[: n * packing.dim].reshape(n, packing.dim)
        q = packing.natural(w[s : s + 1])
        for k in range(PUSHES):
            if k:
                q = q + way / (PUSHES - 1)
            state = None
            for state in minimise(packing, q / packing.unit, budget=budget, tol=1e-5, held=way):
                yield table.set(progress=0.5 + 0.5 * (s + k / PUSHES) / len(seeds))
            assert state is not None
            q = packing.natural(state.w)
            table.energy_pushed[k, s] = state.energy[0]
            if s == 0:
                places = n * packing.dim
                table.position_pushed[k] = state.w[0, :places].reshape(n, packing.dim)
                if packing.kind == "ellipses":
                    table.angle_pushed[k] = state.w[0, places:]
    yield table


def _way(packing: Packing, values: np.ndarray, modes: np.ndarray, push: str, which: int) -> np.ndarray:
    """The direction of a push in q (size,): its pushed particle, or the largest step of a mode, goes one small diameter."""
    n, dim = packing.n, packing.dim
    if push == "disc":
        way = np.zeros(packing.size)
        way[0 : n * dim : dim] = -1 / (n - 1)
        way[which * dim] = 1
        return way
    shifts = np.zeros((packing.size, dim))
    for a in range(dim):
        shifts[a : n * dim : dim, a] = 1 / np.sqrt(n)
    flat = modes[:, values < FLAT]
    if (
        flat.shape[1] >= packing.size - 1
    ):  # all is flat: any direction will do, so a gentle shear, a finer one for each `which`
        wave = 2 * np.pi * (1 + which) * (np.arange(n) + 0.5) / n
        way = np.zeros(packing.size)
        way[0 : n * dim : dim], way[1 : n * dim : dim] = np.sin(wave), np.cos(wave)
        way -= shifts @ (shifts.T @ way)
    else:
        way = modes[:, min(flat.shape[1] + which, packing.size - 1)]
        way = way - shifts @ (shifts.T @ way)
    steps = np.linalg.norm(way[: n * dim].reshape(n, dim), axis=1).max()
    return way / max(steps, 0.1 * np.abs(way).max())


@experiment(cost="watch")
def glassiness(
    *,
    kind: str = "discs",
    phi: float = 0.88,
    n: int = 32,
    aspect: float = 1.5,
    ratio: float = 1.4,
    budget: int = 20_000,
    seeds: Any = 8,
) -> Iterator[Table]:
    """Many throws at one φ end in as many places: how different the minima are, and what lies between them.

    (seed): energy per particle and the counts of `quench`. (one, other): difference, the rms displacement in small diameters after one
    packing is shifted and like particles are matched (turned and mirrored packings count as different); same_contacts, contacts in common
    over all contacts of the two (NaN where neither has any). (line, pair): energy_line per particle on the straight line from one minimum
    to the next in the list of seeds: one way among many, a lower one may exist.
    """
    packing = make(kind, phi, n, aspect, ratio)
    count = len(seeds)
    table = Table(seed=seeds, one=seeds, other=seeds, line=np.arange(LINE), pair=np.arange(max(count - 1, 1)))
    add_counts(table, "seed").add("difference", "one other").add("same_contacts", "one other")
    table.add("energy_line", "line pair").add("fraction", "line").add("n", fill=n).add("phi", fill=phi)
    table.fraction[:] = np.linspace(0, 1, LINE)
    yield from compiled(table)
    over = False
    now: Any = None
    table.prepare(lambda: put_counts(table, ..., packing, now, over) if now is not None else None)
    for now in minimise(packing, packing.init(seeds), budget=budget):
        yield table.set(progress=0.4 * float(now.converged.mean()))
    over, contacts = True, packing.contacts(now.w)
    jobs = [(a, b) for a in range(count) for b in range(a, count)]
    jobs.sort(key=lambda job: job[1] - job[0] != 1)  # those with a line between them first
    for done, (a, b) in enumerate(jobs):
        step, order = matched(packing, now.w[a], now.w[b]) if a != b else (np.zeros(packing.size), np.arange(n))
        places = n * packing.dim
        table.difference[a, b] = table.difference[b, a] = np.sqrt((step[:places] ** 2).sum() / n)
        table.same_contacts[a, b] = table.same_contacts[b, a] = _shared(contacts[a], contacts[b], order)
        if b == a + 1:
            line = now.w[a] + table.fraction[:, None] * step
            table.energy_line[:, a] = packing.energy(line) / n
        yield table.set(progress=0.4 + 0.6 * (done + 1) / len(jobs))


ANCHORS = 4


def matched(packing: Packing, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The step (size,) from a to b shifted as a whole and with like particles exchanged so that it is short; and that order of b.

    Shifts that lay one of four particles of a on one of b of its size are tried, the best by nearest neighbours is matched exactly.
    """
    from scipy.optimize import linear_sum_assignment

    n, dim, box = packing.n, packing.dim, packing.box
    xa, xb = a[: n * dim].reshape(n, dim), b[: n * dim].reshape(n, dim)
    groups = [np.flatnonzero(packing.major == size) for size in np.unique(packing.major)]

    def apart(shift: np.ndarray, group: np.ndarray) -> np.ndarray:
        away = xb[group][None] + shift - xa[group][:, None]
        return ((away - box * np.round(away / box)) ** 2).sum(-1)

    first = groups[0]
    shifts = [xa[i] - xb[j] for i in first[:ANCHORS] for j in first]
    shift = min(shifts, key=lambda shift: sum(apart(shift, group).min(1).sum() for group in groups))
    for _ in range(3):
        order = np.arange(n)
        for group in groups:
            rows, columns = linear_sum_assignment(apart(shift, group))
            order[group[rows]] = group[columns]
        away = xb[order] + shift - xa
        away -= box * np.round(away / box)
        shift = shift - away.mean(0)
    away = xb[order] + shift - xa
    step = (away - box * np.round(away / box)).ravel()
    if packing.kind == "ellipses":
        turn = b[n * dim :][order] - a[n * dim :]
        step = np.concatenate([step, turn - np.pi * np.round(turn / np.pi)])
    return step, order


def _shared(a: np.ndarray, b: np.ndarray, order: np.ndarray) -> float:
    place = np.argsort(order)  # particle of b → its partner in a
    one = {tuple(sorted(pair)) for pair in a.tolist()}
    two = {tuple(sorted(pair)) for pair in place[b].tolist()} if len(b) else set()
    return len(one & two) / len(one | two) if one | two else np.nan
