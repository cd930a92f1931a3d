"""Long against finite range: the same networks under two losses. arXiv:1809.09349, Fig. 1A and section II."""

from collections.abc import Iterator
from typing import Any

from .. import data, network
from ..experiment import Table, experiment
from .count import Fit
from .networks import scan_table
from .training import around, expected_jump, nearest_first, scan

LOSSES = ("hinge", "logistic")


@experiment(cost="watch", engines=("numpy", "torch"))
def range_contrast(
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
    optimizer: str = "lm",
    budget: int = 80,
    seeds: Any = 8,
) -> Iterator[Table]:
    """The same networks, starts and points under the quadratic hinge (finite range) and the logistic loss (long range): one jumps.

    (loss_name, width, seed): N_delta (points below the margin, y f < 1, under both), loss, state. (width): N, size, h. Scalar P.
    """
    points = data.load(dataset, P=P, d=d, preset=preset, labels=labels, seed=data_seed)
    jump = expected_jump(P, labels, dataset)
    nets = [network.dense(points.d, h, L, act, beta) for h in widths or around(jump, points.d, L)]
    table = scan_table(nets, seeds, points.P, loss_name=LOSSES)
    order = nearest_first(nets, jump)
    jobs = [((k, i), Fit(nets[i], points, name)) for i in order for k, name in enumerate(LOSSES)]
    yield from scan(table, nets, jobs, seeds, optimizer, budget)
