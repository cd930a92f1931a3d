"""The test error against the number of weights: a cusp where networks jam, and none where training stops early or outputs are averaged."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import network
from ..experiment import Table, experiment
from ..jamming.training import around, expected_jump, nearest_first, threshold_marker
from . import averaging
from .setting import Question, running


def scan_widths(widths: tuple[float, ...] | None, P: int, labels: str, dataset: str, d: int, L: int) -> tuple[float, ...]:
    """The widths asked for, or those around the expected jump and beyond: what follows the cusp is half of the story."""
    if widths is not None:
        return widths
    jump = expected_jump(P, labels, dataset)
    return tuple(sorted({*around(jump, d, L), *(network.width_for(jump * more, d, L) for more in (0.45, 6.0, 10.0))}))


def scan_table(nets: list[network.Dense], seeds: Any, P: int, **leading: Any) -> Table:
    """Empty answer of a scan over widths."""
    table = Table(width=[net.h for net in nets], seed=seeds, average=np.arange(1, len(seeds) + 1), **leading)
    for name in ("test_error", "f_rms", "f_median", "N_delta", "loss"):
        table.add(name, "width seed")
    table.add("state", "width seed", fill="waiting").add("P", fill=P)
    table.add("ensemble_error", "average width").add("ensemble_spread", "average width").add("ensemble_error_se", "width")
    table.add("fluctuation", "width").add("f_mean_rms", "width")
    return sized(table, nets)


def sized(table: Table, nets: list[network.Dense]) -> Table:
    """Add the sizes of the networks and N*, which follows the states as they come."""
    for name in ("N", "size", "h"):
        table.add(name, "width")
    for name in ("N_star", "N_star_low", "N_star_high"):
        table.add(name)
    table.set(N=[net.N for net in nets], size=[net.size for net in nets], h=[sum(net.widths) / net.L for net in nets])
    table.prepare(threshold_marker(table))
    return table


def judged(
    table: Table, nets: list[network.Dense], question: Question, jump: float, budget: int, then: Callable[[int], None] = lambda _: None
) -> Iterator[Table]:
    """Train and judge all widths, nearest to the jump first; `then` adds what a width has beside."""
    for done, place in enumerate(nearest_first(nets, jump)):
        training = question.training(nets[place], budget)
        yield from running(table, place, training, done / len(nets), 1 / len(nets), budget)
        judge(table, place, question.outputs(training), question.test.y)
        then(place)
        yield table.set(progress=(done + 1) / len(nets))


def judge(table: Table, place: int, outputs: np.ndarray, y: np.ndarray) -> None:
    """Write what the test points say of the networks of one width, alone and on average."""
    windows = averaging.ensemble_errors(outputs, y)
    table.test_error[place] = averaging.errors(outputs, y)
    table.f_rms[place], table.f_median[place] = np.sqrt((outputs**2).mean(1)), np.median(np.abs(outputs), axis=1)
    some = np.isfinite(windows).any(1)
    table.ensemble_error[some, place] = np.nanmean(windows[some], axis=1)
    table.ensemble_spread[some, place] = np.nanstd(windows[some], axis=1)
    table.ensemble_error_se[place] = averaging.jackknife(windows)
    table.fluctuation[place], table.f_mean_rms[place] = averaging.spread(outputs)


@experiment(cost="watch", engines=("numpy", "torch"))
def double_descent(
    *,
    dataset: str = "mnist",
    labels: str = "parity",
    P: int = 300,
    d: int = 10,
    data_seed: int = 0,
    widths: tuple[float, ...] | None = None,
    L: int = 2,
    act: str = "swish",
    beta: float = 1.0,
    recipe: str = "live",
    alpha: float | None = None,
    budget: int = 100,
    early_stop: int | None = None,
    seeds: Any = 20,
) -> Iterator[Table]:
    """Test error of networks of every width, one by one and of the mean of their outputs, with N_Δ and the size of f.

    (width, seed): test_error (share of the 10 000 test points with the wrong sign), f_rms and f_median (of |F| there), N_delta, loss,
    state. (average, width): ensemble_error of the mean output of n networks (mean over the n that follow one another in the list of
    seeds), ensemble_spread (its standard deviation over those). (width): ensemble_error_se (jackknife over seeds, of the mean of all),
    fluctuation √⟨(F − F̄)²⟩ and f_mean_rms √⟨F̄²⟩, N, size, h. Scalars N_star, N_star_low, N_star_high, P. Widths nearest to the
    expected jump come first.
    recipe: "live" (quadratic hinge, second order, whitened inputs, biases) or "talk" (softhinge, mean-field scale without biases, gradient
    flow of F = α̃ (f − f₀), until all margins exceed 1); alpha: α̃, with "talk" alone. early_stop: stop there, whatever the budget.
    arXiv:1901.01608, Fig. 3; arXiv:2012.15110.
    """
    question = Question(dataset=dataset, labels=labels, P=P, d=d, data_seed=data_seed, L=L, act=act, beta=beta, seeds=seeds,
                        recipe=recipe, alpha=alpha)  # fmt: skip
    nets = [question.net(h) for h in scan_widths(widths, P, labels, dataset, question.train.d, L)]
    table = scan_table(nets, seeds, P)
    steps = budget if early_stop is None else min(budget, early_stop)
    yield from judged(table, nets, question, expected_jump(P, labels, dataset), steps)


STOPS = 14  # times at which training is stopped


def stopping_times(budget: int) -> np.ndarray:
    """The iterations at which `early_stopping` looks, evenly in their logarithm."""
    return np.unique(np.geomspace(1, budget, STOPS).round().astype(int))


@experiment(cost="watch", engines=("numpy", "torch"))
def early_stopping(
    *,
    dataset: str = "mnist",
    labels: str = "parity",
    P: int = 300,
    d: int = 10,
    data_seed: int = 0,
    widths: tuple[float, ...] | None = None,
    L: int = 2,
    act: str = "swish",
    beta: float = 1.0,
    recipe: str = "live",
    alpha: float | None = None,
    budget: int = 100,
    seeds: Any = 20,
) -> Iterator[Table]:
    """The same descents looked at on their way: the test error at every stopping time, from one run a width.

    (stop, width, seed): test_error_trace, N_delta_trace, f_rms_trace at the iterations `stop`; a network that satisfies all its points
    has stopped by itself, and keeps its error. (stop, width): ensemble_error_trace of the mean of all outputs. (width, seed): N_delta,
    loss, state at the end. (width): N, size, h. Scalars N_star (at the full budget) with its range, P. arXiv:1810.09665, section IV.
    """
    question = Question(dataset=dataset, labels=labels, P=P, d=d, data_seed=data_seed, L=L, act=act, beta=beta, seeds=seeds,
                        recipe=recipe, alpha=alpha)  # fmt: skip
    nets = [question.net(h) for h in scan_widths(widths, P, labels, dataset, question.train.d, L)]
    stops = stopping_times(budget)
    table = Table(stop=stops, width=[net.h for net in nets], seed=seeds)
    for name in ("test_error_trace", "N_delta_trace", "f_rms_trace"):
        table.add(name, "stop width seed")
    table.add("ensemble_error_trace", "stop width").add("P", fill=P)
    table.add("N_delta", "width seed").add("loss", "width seed").add("state", "width seed", fill="waiting")
    sized(table, nets)
    for done, place in enumerate(nearest_first(nets, expected_jump(P, labels, dataset))):
        training = question.training(nets[place], budget)
        seen = 0
        for now in running(table, place, training, done / len(nets), 1 / len(nets), budget):
            assert training.state is not None
            while seen < len(stops) and stops[seen] == training.state.step:
                _look(table, (seen, place), training, question)
                seen += 1
            yield now
        for late in range(seen, len(stops)):  # all were satisfied before
            _look(table, (late, place), training, question)
        yield table.set(progress=(done + 1) / len(nets))


def _look(table: Table, place: tuple[int, int], training: Any, question: Question) -> None:
    outputs, y = question.outputs(training), question.test.y
    table.test_error_trace[place], table.N_delta_trace[place] = averaging.errors(outputs, y), training.N_delta
    table.f_rms_trace[place] = np.sqrt((outputs**2).mean(1))
    table.ensemble_error_trace[place] = averaging.error_of_all(outputs, y)
