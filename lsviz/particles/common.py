"""What the experiments on packings share: how a packing is made, pressed, counted and laid out for a picture."""

import math
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..experiment import Table
from ..packing import Look, Packing, compiling, discs, ellipses, lennard_jones, minimise
from ..packing.minimise import Settling

COUNTS = ("energy", "pressure", "N_delta", "N", "Z", "n_rattlers", "converged")
AXES = ("x", "y", "z")

# Where half of random throws jam, roughly: it places scans and orders them; no result uses it.
EXPECTED = {"discs": 0.835, "balls": 0.64, "lennard_jones": 0.8}
EXPECTED_ELLIPSES = ((1.0, 1.05, 1.1, 1.2, 1.5, 2.0, 3.0, 5.0), (0.832, 0.851, 0.864, 0.877, 0.889, 0.883, 0.86, 0.82))


def make(kind: str, phi: float, n: int, aspect: float = 1.0, ratio: float = 1.4) -> Packing:
    """A packing of this kind. ValueError names what does not fit."""
    if kind == "ellipses":
        return ellipses(phi, n, aspect, ratio)
    return (
        lennard_jones(phi, n, ratio) if kind == "lennard_jones" else discs(phi, n, 3 if kind == "balls" else 2, ratio)
    )


def expected(kind: str, aspect: float = 1.0) -> float:
    """Where to look first."""
    return float(np.interp(aspect, *EXPECTED_ELLIPSES)) if kind == "ellipses" else EXPECTED[kind]


def compiled(table: Table) -> Iterator[Table]:
    """Yields the table while kernels are compiled: some seconds on a computer's first run, else nothing."""
    table.add("compiling", fill=1.0)
    for share in compiling.prepare():
        yield table.set(compiling=share)
    table.set(compiling=1.0)


def add_counts(table: Table, dims: str) -> Table:
    """Declare the counts of packings over `dims`."""
    for name in COUNTS:
        table.add(name, dims)
    return table.add("state", dims, fill="waiting")


def put_counts(table: Table, place: Any, packing: Packing, now: Settling, over: bool = True) -> None:
    """Write the counts of a batch at an index of the table's leading axes. Not `over`: the seeds that still move are "running"."""
    _put(table, place, counts(packing, now, over))


def put_packing(table: Table, packing: Packing, now: Settling, over: bool) -> None:
    """Write where a batch stands: its counts over (seed), and its configuration, from one look at it."""
    look = packing.look(now.w)
    _put(table, ..., counts(packing, now, over, look))
    put_configuration(table, packing, now.w, look)


def _put(table: Table, place: Any, found: dict[str, np.ndarray]) -> None:
    for name, values in found.items():
        getattr(table, name)[place] = values


def counts(packing: Packing, now: Settling, over: bool = True, look: Look | None = None) -> dict[str, np.ndarray]:
    """energy (per particle), pressure, N_delta, N, Z, n_rattlers, converged, state of a batch, (S,) each."""
    look = look or packing.look(now.w)
    state = np.where(look.unjammed, "sat", np.where(now.converged, "unsat", "unfinished" if over else "running"))
    state = np.where(np.isfinite(now.energy), state, "failed")
    return dict(
        energy=now.energy / packing.n, pressure=look.pressure, N_delta=look.N_delta, N=look.N, Z=look.Z,
        n_rattlers=look.rattlers.sum(1), converged=now.converged | look.unjammed, state=state,
    )  # fmt: skip


def slots(packing: Packing) -> int:
    """How many contacts a picture has room for."""
    return packing.n * (7 if packing.dim == 3 else 4)


def layout(packing: Packing) -> dict[str, Any]:
    """The coordinates that a configuration needs in a Table."""
    return dict(particle=np.arange(packing.n), axis=list(AXES[: packing.dim]), contact=np.arange(slots(packing)))


def add_configuration(table: Table, packing: Packing) -> Table:
    """Declare position, angle, sizes, rattlers and contacts."""
    table.add("position", "seed particle axis").add("angle", "seed particle", fill=0.0).add("rattler", "seed particle")
    for name in ("contact_i", "contact_j", "contact_force", "overlap"):
        table.add(name, "seed contact")
    table.add("major", "particle").add("minor", "particle").add("box", fill=packing.box)
    return table.set(major=packing.major, minor=packing.minor)


def put_configuration(table: Table, packing: Packing, w: np.ndarray, look: Look | None = None) -> None:
    """Write where the particles of a batch lie and what touches."""
    look, places = look or packing.look(w), packing.n * packing.dim
    table.position[:] = np.mod(w[:, :places], packing.box).reshape(len(w), packing.n, packing.dim)
    if packing.kind == "ellipses":
        table.angle[:] = w[:, places:]
    table.rattler[:] = look.rattlers
    table.set(box=packing.box)
    fill = (table.contact_i, table.contact_j, table.contact_force, table.overlap)
    for array in fill:
        array[:] = math.nan
    for s in range(len(w)):
        chosen = np.flatnonzero(look.touching[s])
        if len(chosen) > slots(packing):  # far beyond any density of the lessons: the strongest are shown
            chosen = np.sort(chosen[np.argsort(-np.abs(look.push[s, chosen]))[: slots(packing)]])
        told = (look.pairs[s, chosen, 0], look.pairs[s, chosen, 1], look.push[s, chosen], look.gaps[s, chosen])
        for array, values in zip(fill, told):
            array[s, : len(chosen)] = values


STEP = 0.002  # Δφ of the slow path
BELOW = dict(discs=0.7, balls=0.54, lennard_jones=0.56)  # where it begins, with particles thrown at random
REMEMBERED = 16  # paths
_paths: OrderedDict[tuple, list[Settling]] = OrderedDict()


def pressed(
    kind: str, phi: float, n: int, aspect: float, ratio: float, budget: int, seeds: tuple[int, ...]
) -> Iterator[tuple[Packing, Settling, float]]:
    """A packing pressed slowly up to φ: yields (packing, where it stands, its φ), the last one at φ itself.

    Thrown at random well below jamming, then pressed in steps of 0.002, each time to the next minimum. The states on the way are
    remembered, so that a neighbouring φ costs one step; what is remembered is what would be computed again, bit for bit.
    """
    goal = make(kind, phi, n, aspect, ratio)  # refuses what does not fit
    base = min(BELOW.get(kind, 0.7), expected(kind, aspect) - 0.1)
    if phi <= base:
        for state in minimise.minimise(goal, goal.init(seeds), budget=budget):
            yield goal, state, phi
        return
    path = _paths.setdefault((kind, n, aspect, ratio, budget, tuple(seeds)), [])
    _paths.move_to_end((kind, n, aspect, ratio, budget, tuple(seeds)))
    while len(_paths) > REMEMBERED:
        _paths.popitem(last=False)
    last = int((phi - base) / STEP + 1e-9)  # the last step of the path that is not beyond φ
    k = min(len(path) - 1, last)
    packing = make(kind, base + max(k, 0) * STEP, n, aspect, ratio)
    now: Any = path[k] if k >= 0 else None
    while now is None or k < last:
        if now is None:
            k, w = 0, packing.init(seeds)
        else:
            k, before = k + 1, packing
            packing = before.at(base + k * STEP)
            w = before.carry(now.w, packing)
        for now in minimise.minimise(packing, w, budget=budget):
            yield packing, now, base + k * STEP
        if len(path) == k:
            path.append(now)
    if abs(base + last * STEP - phi) > 1e-9:
        w = packing.carry(now.w, goal)
        for now in minimise.minimise(goal, w, budget=budget):
            yield goal, now, phi
    else:
        yield packing, now, phi
