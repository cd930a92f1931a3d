"""What all networks of a run learn, how, and what they are asked afterwards: the two recipes of the chapter."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .. import data, network
from .. import xp as xps
from ..experiment import Table
from ..jamming import Fit
from ..jamming.training import Training

AT_ONCE = 2**24  # entries of a hidden layer's stack when test points are asked


class Recipe(NamedTuple):
    """Preprocessing, parametrisation, biases, loss and descent that belong together."""

    preset: str
    scale: str
    bias: bool
    loss: str
    optimizer: str


RECIPES = {
    # Quadratic hinge, second order: in a second what takes gradient flow an hour. arXiv:1809.09349's points and networks.
    "live": Recipe("jamming", "standard", True, "hinge", "lm"),
    # The talk's own: softhinge β = 20, mean-field scale, gradient flow, predictor α̃ (f − f₀), until all margins exceed 1. arXiv:2012.15110.
    "talk": Recipe("lazy", "mean_field", False, "softhinge", "flow"),
    # The same network under Adam and the standard parametrisation, for which the theory says nothing.
    "adam": Recipe("jamming", "standard", True, "hinge", "adam"),
}


class Question:
    """Training points, the 10 000 test points, and networks of one kind."""

    def __init__(
        self,
        *,
        dataset: str,
        labels: str,
        P: int,
        d: int,
        data_seed: int,
        L: int,
        act: str,
        beta: float,
        seeds: Any,
        recipe: str = "live",
        alpha: float | None = None,
    ) -> None:
        """ValueError: α̃ is given without the recipe that has it."""
        if alpha is not None and recipe != "talk":
            raise ValueError(f"alpha: got {alpha:g}; allowed: only with recipe = talk (got recipe = {recipe})")
        self.recipe, self.alpha = RECIPES[recipe], 1.0 if alpha is None else alpha
        self.relative = recipe == "talk"  # the predictor is f − f₀
        common: dict[str, Any] = dict(d=d, preset=self.recipe.preset, labels=labels, seed=data_seed)
        self.train = data.load(dataset, P=P, **common)
        self.test = data.load(dataset, P=data.TEST, split="test", **common)
        self.L, self.act, self.beta, self.seeds = L, act, beta, seeds

    def net(self, h: float) -> network.Dense:
        """The network of width h."""
        return network.dense(self.train.d, h, self.L, self.act, self.beta, self.recipe.scale, self.recipe.bias)

    def training(self, net: network.Dense, budget: int) -> Training:
        """All seeds of one width, at their start."""
        start = net.init(self.seeds)
        given = dict(alpha=self.alpha, start=start) if self.relative else {}
        return Training(Fit(net, self.train, self.recipe.loss, **given), start, self.recipe.optimizer, budget)

    def outputs(self, training: Training, points: Any = None) -> np.ndarray:
        """The predictor F (S, T) at `points` (T, d), by default the test points. NaN where a network's numbers broke."""
        assert training.state is not None
        net, x = training.fit.net, self.test.x if points is None else points
        w, x = training.w, xps.here(np.ascontiguousarray(x))
        origin = xps.here(net.init(self.seeds)) if self.relative else None
        block = max(1, AT_ONCE // (max(net.widths) * x.shape[0]))
        parts = []
        for i in range(0, w.shape[0], block):
            f = net(w[i : i + block], x)
            if origin is not None:
                f = self.alpha * (f - net(origin[i : i + block], x))
            parts.append(xps.numpy(f))
        found = np.concatenate(parts)
        found[xps.numpy(training.state.failed)] = np.nan
        return found


def running(table: Table, place: Any, training: Training, done: float, share: float, budget: int) -> Iterator[Table]:
    """Train one width, its counts written at `place` of the table as it goes."""
    for state in training.states():
        table.N_delta[place], table.loss[place], table.state[place] = training.N_delta, training.loss, training.running
        yield table.set(progress=done + share * state.step / budget)
    table.state[place] = training.ending()
