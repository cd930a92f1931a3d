"""Networks jam: one width, and every width. Geiger et al. 2019, arXiv:1809.09349, sections II–III."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .. import data, network
from .. import xp as xps
from ..experiment import Table, experiment
from .count import Fit
from .training import Training, around, expected_jump, nearest_first, scan, threshold_marker

GAP_EDGES = np.linspace(-3, 2, 51)
LOG_EDGES = np.logspace(-9, 4, 53)


@experiment(cost="slider", engines=("numpy", "torch"))
def network_jamming(
    *,
    dataset: str = "mnist",
    labels: str = "parity",
    P: int = 300,
    d: int = 10,
    preset: str = "jamming",
    data_seed: int = 0,
    h: float = 4.5,
    L: int = 2,
    act: str = "swish",
    beta: float = 1.0,
    loss: str = "hinge",
    optimizer: str = "lm",
    budget: int = 80,
    seeds: Any = 8,
) -> Iterator[Table]:
    """Do networks of this width satisfy all P points (N_Δ = 0), or do they jam (N_Δ of the order of N)?

    (seed): N_delta, loss, state. (step, seed): N_delta_trace, loss_trace. (gap_bin, seed): gap_count, points by Δ = 1 − y f, the ends
    hold what lies beyond. (log_bin, seed): overlap_count of Δ/√L > 0 and slack_count of −Δ > 0. Scalars N, size, P, iterations.
    arXiv:1809.09349, eq. 1 and Fig. 1; gap distributions: section III.
    """
    points = data.load(dataset, P=P, d=d, preset=preset, labels=labels, seed=data_seed)
    net = network.dense(points.d, h, L, act, beta)
    training = Training(Fit(net, points, loss), net.init(seeds), optimizer, budget)
    table = _table(net, points.P, training.steps, seeds)
    table.prepare(lambda: _fill(table, training, L))
    for state in training.states():
        table.set(state=training.running, iterations=state.step, progress=state.step / budget)
        yield table
    table.set(state=training.ending())
    yield table


def _table(net: network.Dense, P: int, steps: np.ndarray, seeds: Any) -> Table:
    """The empty answer of `network_jamming`."""
    table = Table(seed=seeds, step=steps, gap_bin=_middle(GAP_EDGES), log_bin=np.sqrt(LOG_EDGES[1:] * LOG_EDGES[:-1]))
    for name in ("N_delta", "loss"):
        table.add(name, "seed").add(f"{name}_trace", "step seed")
    table.add("state", "seed", fill="waiting")
    for name in ("gap_count", "overlap_count", "slack_count"):
        table.add(name, ("log_bin" if name != "gap_count" else "gap_bin") + " seed")
    return table.add("N", fill=net.N).add("size", fill=net.size).add("P", fill=P).add("iterations")


def _fill(table: Table, training: Training, L: int, rows: slice = slice(None)) -> None:
    """What the training has come to, of some of its rows."""
    assert training.state is not None
    gaps = xps.numpy(training.state.gaps[rows])
    table.set(
        N_delta=training.N_delta[rows],
        loss=training.loss[rows],
        N_delta_trace=training.N_delta_trace[:, rows],
        loss_trace=training.loss_trace[:, rows],
        gap_count=_count(np.clip(gaps, GAP_EDGES[0], GAP_EDGES[-1] - 1e-9), GAP_EDGES),
        overlap_count=_count(gaps / np.sqrt(L), LOG_EDGES),
        slack_count=_count(-gaps, LOG_EDGES),
    )


ENTRIES = 2**24  # seeds × points × width of one program: its largest arrays have 128 MB
APART = ("dataset", "labels", "preset", "data_seed", "h")  # arguments that may differ in one program


def _alike(arguments: dict[str, Any]) -> tuple[Any, float]:
    rest = tuple(value for name, value in arguments.items() if name not in APART)
    return rest, len(arguments["seeds"]) * arguments["P"] * arguments["h"] / ENTRIES


@network_jamming.many(_alike)
def _together(cells: list[dict[str, Any]]) -> list[Table]:
    """Networks of many widths, on many sets of points, as one batch: each is part of the widest one, and learns its own points."""
    first = cells[0]
    sets = [data.load(c["dataset"], P=c["P"], d=c["d"], preset=c["preset"], labels=c["labels"], seed=c["data_seed"]) for c in cells]
    nets = [network.dense(points.d, c["h"], c["L"], c["act"], c["beta"]) for c, points in zip(cells, sets, strict=True)]
    widest = max(nets, key=lambda net: net.size)
    w = np.concatenate([net.within(widest, net.init(first["seeds"])) for net in nets])
    count = len(first["seeds"])
    training = Training(Fit(widest, _joined(sets, count), first["loss"]), w, first["optimizer"], first["budget"])
    ended, moving = np.zeros(len(w)), np.full(len(w), True)
    for state in training.states():
        ended[moving] = state.step
        moving = training.running == "running"
    states, tables = training.ending(), []
    for i, net in enumerate(nets):
        rows = slice(i * count, (i + 1) * count)
        table = _table(net, first["P"], training.steps, first["seeds"])
        _fill(table, training, first["L"], rows)
        beyond = training.steps > ended[rows].max()  # a call of its own would have ended there
        table.N_delta_trace[beyond] = table.loss_trace[beyond] = np.nan
        tables.append(table.set(state=states[rows], iterations=ended[rows].max()))
    return tables


class Rows(NamedTuple):
    """The points of every row of w: y (S, P), and x (P, d) where all share it, else (S, P, d)."""

    x: Any
    y: Any


def _joined(sets: list[data.Points], count: int) -> Rows:
    """The points of every row, `count` rows for each set."""
    y = np.repeat([points.y for points in sets], count, axis=0)
    shared = all(np.array_equal(points.x, sets[0].x) for points in sets)
    return Rows(sets[0].x if shared else np.repeat([points.x for points in sets], count, axis=0), y)


def _middle(edges: np.ndarray) -> np.ndarray:
    return ((edges[1:] + edges[:-1]) / 2).round(9)


def _count(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Points per bin (bins, S), all seeds in one pass; what lies outside the edges is not counted."""
    seeds, bins = len(values), len(edges) - 1
    index = np.searchsorted(edges, values, side="right") - 1
    inside = (index >= 0) & (index < bins)
    flat = (np.arange(seeds)[:, None] * bins + index)[inside]
    return np.bincount(flat, minlength=seeds * bins).reshape(seeds, bins).T


@experiment(cost="watch", engines=("numpy", "torch"))
def network_transition(
    *,
    dataset: str = "mnist",
    labels: str = "parity",
    P: int = 300,
    d: int = 10,
    preset: str = "jamming",
    data_seed: int = 0,
    widths: tuple[float, ...] | None = None,
    L: int = 2,
    act: str = "swish",
    beta: float = 1.0,
    loss: str = "hinge",
    optimizer: str = "lm",
    budget: int = 80,
    seeds: Any = 8,
) -> Iterator[Table]:
    """N_Δ of networks of every width: the jump from over- to under-parametrised. Widths nearest to the expected jump come first.

    (width, seed): N_delta, loss, state ("waiting" until its turn). (width): N, size, h. Scalars N_star with N_star_low, N_star_high
    (half of the seeds satisfied; NaN until bracketed), P. `widths`: by default nine around the expected jump. arXiv:1809.09349, Fig. 1.
    """
    points = data.load(dataset, P=P, d=d, preset=preset, labels=labels, seed=data_seed)
    jump = expected_jump(P, labels, dataset)
    nets = [network.dense(points.d, h, L, act, beta) for h in widths or around(jump, points.d, L)]
    table = scan_table(nets, seeds, points.P)
    for name in ("N_star", "N_star_low", "N_star_high"):
        table.add(name)
    jobs = [(i, Fit(nets[i], points, loss)) for i in nearest_first(nets, jump)]
    table.prepare(threshold_marker(table))
    yield from scan(table, nets, jobs, seeds, optimizer, budget)


def scan_table(nets: list[network.Dense], seeds: Any, P: int, **leading: Any) -> Table:
    """The empty table of a scan over widths: (…, width, seed) N_delta, loss, state; (width) N, size, h; P."""
    table = Table(**leading, width=[net.h for net in nets], seed=seeds)
    dims = " ".join([*leading, "width seed"])
    table.add("N_delta", dims).add("loss", dims).add("state", dims, fill="waiting").add("P", fill=P)
    for name in ("N", "size", "h"):
        table.add(name, "width")
    return table
