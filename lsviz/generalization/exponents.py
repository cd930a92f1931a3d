"""Three laws of the chapter: ‖f‖ explodes at jamming, fluctuations fall with N, and averages take them away. arXiv:1901.01608."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import network
from ..experiment import Table, experiment
from ..jamming.count import crossing
from ..jamming.training import expected_jump
from . import averaging
from .cusp import judged, scan_table, scan_widths
from .setting import Question

RESAMPLES = 200
NEAR = 1.08  # widths closer to N* than this are left out: there N − N* is no longer than the error of N*


@experiment(cost="watch", engines=("numpy", "torch"))
def ensemble(
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
    """Error of the mean of n outputs, against n and against N, and what the mean removes: the variance of f over starts.

    As `double_descent`, for widths from N* on; and (width): removed = single error − error of the mean of all, best = scalars best_N (the
    N of the best mean of all) and best_error; variance_slope with variance_slope_se: the exponent of ⟨(F − F̄)²⟩ in N above N* (theory,
    with the scale that it holds for: −1/2).
    """
    question = Question(dataset=dataset, labels=labels, P=P, d=d, data_seed=data_seed, L=L, act=act, beta=beta, seeds=seeds,
                        recipe=recipe, alpha=alpha)  # fmt: skip
    nets = [question.net(h) for h in scan_widths(widths, P, labels, dataset, question.train.d, L)]
    table = scan_table(nets, seeds, P)
    table.add("removed", "width")
    for name in ("best_N", "best_error", "variance_slope", "variance_slope_se"):
        table.add(name)

    def compare(place: int) -> None:
        last = table.ensemble_error[-1]
        table.removed[place] = np.nanmean(table.test_error[place]) - last[place]
        if np.isfinite(last).any():
            best = int(np.nanargmin(last))
            table.set(best_N=table.N[best], best_error=last[best])

    yield from judged(table, nets, question, expected_jump(P, labels, dataset), budget, compare)
    star = crossing(table.N, table.state == "sat")
    above = star < table.N
    slope, error = averaging.line_fit(table.N[above], table.fluctuation[above] ** 2)
    yield table.set(variance_slope=slope, variance_slope_se=error)


@experiment(cost="watch", engines=("numpy", "torch"))
def explosion(
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
    budget: int = 400,
    seeds: Any = 24,
) -> Iterator[Table]:
    """‖f‖ of the satisfied networks against N − N*: it explodes at jamming, predicted as (N − N*)^−1.

    (width, seed): f_rms over the test points, N_delta, loss, state, test_error. (width): f_rms_sat, the median over satisfied seeds,
    where at least three are; N, size, h. Scalars: N_star with its range; exponent and exponent_se of f_rms_sat ∝ (N − N*)^exponent;
    exponent_background and exponent_background_se with a constant `background` taken off first, that makes the logarithms lie best on a
    line. Both are fitted to widths above 1.08 N*; errors from seeds drawn again, N* anew each time. arXiv:1901.01608, Fig. 3 and section
    IV: −1.
    """
    question = Question(dataset=dataset, labels=labels, P=P, d=d, data_seed=data_seed, L=L, act=act, beta=beta, seeds=seeds)
    jump = expected_jump(P, labels, dataset)
    wanted = jump * np.array([0.7, 0.78, 0.86, 0.95, 1.05, 1.16, 1.3, 1.5, 1.8, 2.2, 2.8, 3.7, 5.0, 7.0])
    chosen = widths or tuple(sorted({network.width_for(N, question.train.d, L) for N in wanted}))
    nets = [question.net(h) for h in chosen]
    table = scan_table(nets, seeds, P).add("f_rms_sat", "width")
    for name in ("exponent", "exponent_se", "exponent_background", "exponent_background_se", "background"):
        table.add(name)

    def satisfied(place: int) -> None:
        sat = table.state[place] == "sat"
        table.f_rms_sat[place] = np.median(table.f_rms[place][sat]) if sat.sum() >= 3 else np.nan

    yield from judged(table, nets, question, jump, budget, satisfied)
    found = fitted(table.N, table.f_rms, table.state == "sat")
    yield table.set(**found)


def fitted(N: np.ndarray, f_rms: np.ndarray, sat: np.ndarray) -> dict[str, float]:
    """Exponents of ‖f‖ in N − N*, without and with a background, and their errors from seeds drawn again."""
    best = _exponents(N, f_rms, sat)
    rng = np.random.default_rng(0)
    draws = (rng.integers(sat.shape[1], size=sat.shape[1]) for _ in range(RESAMPLES))
    again = np.array([_exponents(N, f_rms[:, draw], sat[:, draw]) for draw in draws])
    with np.errstate(all="ignore"):
        plain, reduced = (float(np.nanstd(column)) if np.isfinite(column).sum() > 10 else float("nan") for column in again[:, :2].T)
    return dict(exponent=best[0], exponent_se=plain, exponent_background=best[1], exponent_background_se=reduced, background=best[2])


def _exponents(N: np.ndarray, f_rms: np.ndarray, sat: np.ndarray) -> tuple[float, float, float]:
    star = crossing(N, sat)
    enough = (sat.sum(1) >= 3) & (NEAR * star < N)
    if not np.isfinite(star) or enough.sum() < 4:
        return float("nan"), float("nan"), float("nan")
    x, y = N[enough] - star, np.array([np.median(row[good]) for row, good in zip(f_rms[enough], sat[enough], strict=True)])
    plain, _ = averaging.line_fit(x, y)
    tried = np.linspace(0, 0.98 * y.min(), 60)
    slopes = [averaging.line_fit(x, y - b) for b in tried]
    place = int(np.argmin([abs(error / slope) for slope, error in slopes]))
    return plain, slopes[place][0], float(tried[place])


REGIMES = ("flow", "adam")


@experiment(cost="sweep", engines=("numpy", "torch"))
def slow_decrease(
    *,
    dataset: str = "mnist",
    labels: str = "parity",
    P: int = 200,
    d: int = 10,
    data_seed: int = 0,
    widths: tuple[float, ...] = (8.0, 12.0, 20.0, 32.0, 50.0, 80.0, 128.0, 200.0),
    L: int = 2,
    act: str = "swish",
    beta: float = 1.0,
    alpha: float = 100.0,
    budget: int = 3000,
    seeds: Any = 10,
) -> Iterator[Table]:
    """How the error and f settle as N grows: where the theory holds (gradient flow, mean-field scale, large α̃) and where not.

    (regime, width, seed): test_error, state. (regime, width): fluctuation √⟨(F − F̄)²⟩, f_mean_rms √⟨F̄²⟩, ensemble_error_all; excess,
    the mean error less the error of the mean of all at the widest (ε_∞). (regime): fluctuation_slope (of fluctuation/f_mean_rms) and
    excess_slope in log N, with their standard errors (theory: −1/4 and −1/2, for the flow alone). "flow": recipe "talk" at this α̃;
    "adam": standard scale, hinge, Adam for `budget` steps. arXiv:1901.01608, sections II and III.
    """
    common = dict(dataset=dataset, labels=labels, P=P, d=d, data_seed=data_seed, L=L, act=act, beta=beta, seeds=seeds)
    questions = [Question(**common, recipe="talk", alpha=alpha), Question(**common, recipe="adam")]
    table = Table(regime=REGIMES, width=widths, seed=seeds)
    table.add("test_error", "regime width seed").add("state", "regime width seed", fill="waiting")
    for name in ("fluctuation", "f_mean_rms", "ensemble_error_all", "excess"):
        table.add(name, "regime width")
    for name in ("fluctuation_slope", "fluctuation_slope_se", "excess_slope", "excess_slope_se"):
        table.add(name, "regime")
    table.add("N", "width").add("P", fill=P).set(N=[questions[0].net(h).N for h in widths])
    jobs = [(r, i) for i in range(len(widths)) for r in range(len(REGIMES))]
    for done, place in enumerate(jobs):
        question = questions[place[0]]
        training = question.training(question.net(widths[place[1]]), budget)
        for state in training.states():
            table.state[place] = training.running
            yield table.set(progress=(done + state.step / budget) / len(jobs))
        table.state[place] = training.ending()
        outputs, y = question.outputs(training), question.test.y
        table.test_error[place] = averaging.errors(outputs, y)
        table.fluctuation[place], table.f_mean_rms[place] = averaging.spread(outputs)
        table.ensemble_error_all[place] = averaging.error_of_all(outputs, y)
        yield table.set(progress=(done + 1) / len(jobs))
    for r in range(len(REGIMES)):
        table.excess[r] = np.nanmean(table.test_error[r], axis=1) - table.ensemble_error_all[r, int(np.argmax(table.N))]
        relative = table.fluctuation[r] / np.where(table.f_mean_rms[r] > 0, table.f_mean_rms[r], np.nan)
        table.fluctuation_slope[r], table.fluctuation_slope_se[r] = averaging.line_fit(table.N, relative)
        table.excess_slope[r], table.excess_slope_se[r] = averaging.line_fit(table.N, table.excess[r])
    yield table
