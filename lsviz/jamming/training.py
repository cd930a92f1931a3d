"""One batch of networks on its way down: which descent, what is recorded, how each seed ended. Shared by the chapter's experiments."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import descent, network
from .. import xp as xps
from ..descent import LOOKS, State
from ..experiment import Table
from .count import Fit, ending, lookback, threshold, unsatisfied

_DESCENTS: dict[str, Callable[..., Iterator[State]]] = {
    "lm": descent.levenberg_marquardt,
    "adam": descent.adam,
    "fire": descent.fire,
    "gd": descent.gradient_descent,
    "flow": descent.gradient_flow,
}


def recorded_steps(budget: int) -> np.ndarray:
    """The steps at which traces are kept: all of a short descent, evenly spaced ones of a long one."""
    return np.unique(np.linspace(0, budget, min(budget, LOOKS) + 1).round().astype(int))


class Training:
    """The networks `net` with parameters w (S, size) descending on `fit`: iterate `states()`, then ask for `ending()`.

    Traces N_delta, loss (T, S) at `steps` (T,), NaN beyond the end of the descent.
    """

    def __init__(self, fit: Fit, w: np.ndarray, optimizer: str, budget: int) -> None:
        self.fit, self.w, self.optimizer, self.budget = fit, xps.here(w), optimizer, budget
        self.steps = recorded_steps(budget)
        self.N_delta_trace = np.full((len(self.steps), len(w)), np.nan)
        self.loss_trace = np.full_like(self.N_delta_trace, np.nan)
        self.N_delta = self.loss = self._earlier = np.full(len(w), np.nan)
        self._since = budget - lookback(budget, optimizer == "lm")
        self.state: State | None = None

    def states(self) -> Iterator[State]:
        """The descent's states; counts and traces are up to date at every yield."""
        row = 0
        with np.errstate(all="ignore"):  # gradient flow evaluates once before its first state
            steps = _DESCENTS[self.optimizer](self.fit, self.w, budget=self.budget)
        for state in descent.quiet(steps):
            self.state, self.w, self.loss = state, state.w, xps.numpy(state.loss)
            self.N_delta = xps.numpy(unsatisfied(state.gaps)).astype(float)
            if state.step <= max(self._since, 0):
                self._earlier = self.loss.copy()
            if state.step == self.steps[row]:
                self.N_delta_trace[row], self.loss_trace[row] = self.N_delta, self.loss
                row = min(row + 1, len(self.steps) - 1)
            yield state

    @property
    def running(self) -> np.ndarray:
        """The seeds' states while the descent goes on (S,): running, or already sat or failed."""
        assert self.state is not None
        words = np.where(self.N_delta == 0, "sat", "running").astype("<U10")
        words[xps.numpy(self.state.failed)] = "failed"
        return words

    def ending(self) -> np.ndarray:
        """How each seed ended (S,)."""
        assert self.state is not None
        second = self.optimizer == "lm"
        return ending(
            xps.numpy(self.state.gaps),
            xps.numpy(self.fit.y),
            xps.numpy(self.state.failed),
            self._earlier,
            self.loss,
            budget=self.budget,
            second_order=second,
        )


def expected_jump(P: int, labels: str, dataset: str) -> float:
    """Where to look first: roughly the N at which networks begin to fit. Only orders and places a scan; no result uses it."""
    return 0.4 * P if labels == "random" or dataset == "random" else 66 * (P / 300) ** 0.65


def around(N: float, d: int, L: int) -> tuple[float, ...]:
    """Nine widths around the network of N parameters, dense where the jump is expected."""
    wanted = N * np.array([0.62, 0.8, 0.92, 1.05, 1.25, 1.55, 2.0, 2.8, 4.0])
    return tuple(sorted({network.width_for(n, d, L) for n in wanted}))


def scan(
    table: Table, nets: list[network.Dense], jobs: list[tuple[Any, Fit]], seeds: Any, optimizer: str, budget: int
) -> Iterator[Table]:
    """Train every job's network and write N_delta, loss, state at its place in the table, as they are found.

    jobs: (index into the table's leading axes, problem), in the order of computing. `nets` give N and size by width.
    """
    table.set(N=[net.N for net in nets], size=[net.size for net in nets], h=[sum(net.widths) / net.L for net in nets])
    for done, (place, fit) in enumerate(jobs):
        training = Training(fit, fit.net.init(seeds), optimizer, budget)
        for state in training.states():
            table.N_delta[place], table.loss[place], table.state[place] = (
                training.N_delta,
                training.loss,
                training.running,
            )
            yield table.set(progress=(done + state.step / budget) / len(jobs))
        table.state[place] = training.ending()
        yield table.set(progress=(done + 1) / len(jobs))


def nearest_first(nets: list[network.Dense], N: float) -> list[int]:
    """The order of a scan: widths nearest to the expected jump first, so that it is seen at once."""
    return sorted(range(len(nets)), key=lambda i: abs(math.log(nets[i].N / N)))


def threshold_marker(table: Table) -> Callable[[], None]:
    """What writes N* and its bootstrap range into the table, from the widths that are done: anew only when one more is done."""
    done = 0

    def mark() -> None:
        nonlocal done
        known = np.all((table.state != "waiting") & (table.state != "running"), axis=1)
        if known.sum() < 2 or known.sum() == done:
            return
        done = known.sum()
        best, low, high = threshold(table.N[known], table.state[known] == "sat")
        table.set(N_star=best, N_star_low=low, N_star_high=high)

    return mark
