"""The toy of the first lesson: points in the plane, a small network f(w, x), and plain steps against the gradient of the loss."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from . import descent, network
from .experiment import Table, experiment, tidy
from .jamming import count
from .symbols import ARGUMENTS

HALF = 2.2  # the map of f goes from −2.2 to 2.2 both ways
GRID = 41  # cells of the map of f, each way


@dataclass(frozen=True)
class Points:
    """x (P, 2) in the plane and y (P,), ±1 in turn."""

    x: Float[np.ndarray, "P 2"]
    y: Float[np.ndarray, " P"]


def points(*, P: int = 40, noise: float = 0.15, labels: str = "parity", data_seed: int = 0) -> Points:
    """P points on two interleaved half circles, scattered by `noise`; y says which ("parity") or is a coin's answer ("random")."""
    given = dict(P=P, noise=noise, labels=labels, data_seed=data_seed)
    P, noise, labels, data_seed = (tidy(ARGUMENTS[name], value) for name, value in given.items())
    rng = np.random.default_rng(data_seed)
    angle = rng.uniform(0, np.pi, P)
    y = np.where(np.arange(P) % 2 == 0, 1.0, -1.0)
    x = np.stack([y * np.cos(angle) - 0.5 * y, y * np.sin(angle) - 0.25 * y], axis=1)
    x = 1.25 * (x + noise * rng.standard_normal((P, 2)))
    return Points(x, y if labels == "parity" else rng.choice([-1.0, 1.0], P))


@experiment(cost="slider")
def toy_descent(*, P: int = 40, noise: float = 0.15, labels: str = "parity", data_seed: int = 0, h: float = 6.0, L: int = 2,
                act: str = "swish", learning_rate: float = 0.15, budget: int = 1000, seeds: Any = 4) -> Iterator[Table]:  # fmt: skip
    """A network learns points in the plane by w ← w − η ∇ℒ: what f, w, P, N, L and the loss are.

    Dims (seed): loss, N_delta, state, up (share of steps on which the loss rose); (step, seed): loss_trace; (row, column): f of the first
    seed on the plane; (point): x1, x2, y, and the gap of the first seed. Scalars N, size, P, iterations, progress.
    """
    training = points(P=P, noise=noise, labels=labels, data_seed=data_seed)
    net = network.dense(2, h, L, act)
    fit = count.Fit(net, training)
    plane = np.linspace(-HALF, HALF, GRID)
    across, upward = np.meshgrid(plane, plane)
    cells = np.stack([across.ravel(), upward.ravel()], axis=1)
    table = _table(plane, budget, seeds, P)
    table.set(P=P, N=net.N, size=net.size)
    table.x1[:], table.x2[:], table.y[:] = training.x[:, 0], training.x[:, 1], training.y
    last: Any = None
    table.prepare(lambda: _show(table, net, last, cells))
    for last in descent.quiet(descent.gradient_descent(fit, net.init(seeds), budget=budget, learning_rate=learning_rate)):
        table.loss_trace[last.step] = last.loss
        yield table.set(iterations=last.step, progress=last.step / budget)
    table.loss_trace[last.step :] = last.loss  # who is done stays
    earlier = table.loss_trace[max(0, budget - count.lookback(budget, False))]
    table.state[:] = count.ending(
        last.gaps, training.y, last.failed, earlier, last.loss, budget=budget, second_order=False
    )
    yield table


def _table(plane: np.ndarray, budget: int, seeds: tuple[int, ...], P: int) -> Table:
    table = Table(seed=seeds, step=np.arange(budget + 1), row=plane, column=plane, point=np.arange(P))
    for name in ("N", "size", "P", "iterations"):
        table.add(name)
    for name in ("x1", "x2", "y", "gap"):
        table.add(name, "point")
    for name in ("loss", "N_delta", "up"):
        table.add(name, "seed")
    return table.add("state", "seed", "running").add("loss_trace", "step seed").add("f", "row column")


def _show(table: Table, net: network.Dense, now: Any, cells: np.ndarray) -> None:
    """Fill in what only a picture needs: once a Dataset, not once a step."""
    trace = table.loss_trace[: now.step + 1]
    table.up[:] = np.mean(np.diff(trace, axis=0) > 0, axis=0) if now.step else 0.0
    table.loss[:], table.N_delta[:], table.gap[:] = now.loss, count.unsatisfied(now.gaps), now.gaps[0]
    table.f[:] = net(now.w[:1], cells)[0].reshape(GRID, GRID)


def climbed(ds: Any) -> int:
    """How many networks of a run end with a larger loss than they began with, although every step went against the gradient."""
    first, last = ds.loss_trace.isel(step=0), ds.loss
    return int(((last > first) | (ds.state == "failed")).sum())
