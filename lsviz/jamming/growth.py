"""Crank up the number of parameters and you are not stuck: neurons are added to a jammed network. arXiv:1809.09349, section I."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import data, network
from .. import xp as xps
from ..experiment import Table, experiment
from .count import Fit
from .training import Training


@experiment(cost="slider", engines=("numpy", "torch"))
def escape(
    *,
    dataset: str = "mnist",
    labels: str = "parity",
    P: int = 300,
    d: int = 10,
    preset: str = "jamming",
    data_seed: int = 0,
    h: float = 3.0,
    add: float = 7.0,
    L: int = 2,
    act: str = "swish",
    beta: float = 1.0,
    loss: str = "hinge",
    optimizer: str = "lm",
    budget: int = 80,
    seeds: Any = 8,
) -> Iterator[Table]:
    """A stuck small network is given `add` neurons per layer, silent at first (f does not change), and descends again.

    (step, seed): N_delta_trace, loss_trace over both descents; (step): N_trace. (seed): N_delta, loss, state at the end,
    N_delta_before, state_before of the small network, loss_jump (what adding alone changed). Scalars N, N_before, P.
    A direction that was missing is added, not a better start: the valley's floor opens.
    """
    points = data.load(dataset, P=P, d=d, preset=preset, labels=labels, seed=data_seed)
    small = network.dense(points.d, h, L, act, beta)
    first = Training(Fit(small, points, loss), small.init(seeds), optimizer, budget)
    length = len(first.steps)
    table = Table(seed=seeds, step=np.concatenate([first.steps, budget + 1 + first.steps]))
    for name in ("N_delta", "loss"):
        table.add(name, "seed").add(f"{name}_trace", "step seed")
    table.add("N_delta_before", "seed").add("loss_jump", "seed").add("N_trace", "step")
    table.add("state", "seed", fill="waiting").add("state_before", "seed", fill="waiting")
    table.add("N", fill=small.N).add("N_before", fill=small.N).add("P", fill=points.P)

    table.N_trace[:length] = small.N
    for state in first.states():
        table.loss_trace[:length], table.N_delta_trace[:length] = first.loss_trace, first.N_delta_trace
        table.set(N_delta=first.N_delta, loss=first.loss, state=first.running, progress=0.5 * state.step / budget)
        yield table
    table.set(state_before=first.ending(), N_delta_before=first.N_delta)

    before = first.loss.copy()
    wide, w = small.grow(
        xps.numpy(first.w), h + add, [seed + 2**32 for seed in seeds]
    )  # fresh draws, apart from every initial seed
    second = Training(Fit(wide, points, loss), w, optimizer, budget)
    table.N_trace[length:] = wide.N
    table.set(N=wide.N)
    for state in second.states():
        if state.step == 0:
            table.set(loss_jump=second.loss - before)
        table.loss_trace[length:], table.N_delta_trace[length:] = second.loss_trace, second.N_delta_trace
        table.set(
            N_delta=second.N_delta, loss=second.loss, state=second.running, progress=0.5 + 0.5 * state.step / budget
        )
        yield table
    table.set(state=second.ending())
    yield table
