"""All networks of one width seen as functions: along the line between two digits that none of them has seen."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..experiment import Table, experiment
from . import averaging
from .setting import Question

PLACES = np.linspace(-0.25, 1.25, 121).round(6)


@experiment(cost="slider", engines=("numpy", "torch"))
def decision_line(
    *,
    dataset: str = "mnist",
    labels: str = "parity",
    P: int = 300,
    d: int = 10,
    data_seed: int = 0,
    h: float = 4.5,
    L: int = 2,
    act: str = "swish",
    beta: float = 1.0,
    recipe: str = "live",
    alpha: float | None = None,
    budget: int = 100,
    which: int = 0,
    seeds: Any = 20,
) -> Iterator[Table]:
    """f of every network, and of their mean, on the straight line from the test point 2·which (y = +1) to the next one (y = −1).

    place: t along (1 − t) x_a + t x_b, from −¼ to 1¼. (place, seed): f_line; (place): f_line_mean. (seed): test_error, f_rms, N_delta,
    loss, state. Scalars ensemble_error_all (of the mean output of all, on the 10 000 test points), fluctuation √⟨(F − F̄)²⟩ there, N,
    size, P, iterations.
    arXiv:1901.01608, Fig. 1: near jamming networks agree on their points and nowhere else.
    """
    question = Question(dataset=dataset, labels=labels, P=P, d=d, data_seed=data_seed, L=L, act=act, beta=beta, seeds=seeds,
                        recipe=recipe, alpha=alpha)  # fmt: skip
    if 2 * which + 1 >= question.test.P:
        raise ValueError(f"which: got {which}; allowed: 0 to {question.test.P // 2 - 1}, a pair of test points")
    one, other = question.test.x[2 * which : 2 * which + 2]
    line = one + PLACES[:, None] * (other - one)
    net = question.net(h)
    training = question.training(net, budget)
    table = Table(place=PLACES, seed=seeds)
    table.add("f_line", "place seed").add("f_line_mean", "place")
    for name in ("test_error", "f_rms", "N_delta", "loss"):
        table.add(name, "seed")
    table.add("state", "seed", fill="waiting").add("ensemble_error_all").add("fluctuation")
    table.add("N", fill=net.N).add("size", fill=net.size).add("P", fill=P).add("iterations")

    def show() -> None:
        f = question.outputs(training, line)
        table.set(f_line=f.T, f_line_mean=f[np.isfinite(f).all(1)].mean(0))

    table.prepare(show)
    for state in training.states():
        table.set(N_delta=training.N_delta, loss=training.loss, state=training.running, iterations=state.step)
        yield table.set(progress=state.step / budget)
    outputs, y = question.outputs(training), question.test.y
    table.set(
        state=training.ending(),
        test_error=averaging.errors(outputs, y),
        f_rms=np.sqrt((outputs**2).mean(1)),
        ensemble_error_all=averaging.error_of_all(outputs, y),
        fluctuation=averaging.spread(outputs)[0],
    )
    yield table
