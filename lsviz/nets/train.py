"""Training of small networks on pictures of ten classes, one seed after the other within a step."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from .. import xp as xps
from .build import Net
from .forward import forward, one_thread, tensor

LOSSES = ("cross_entropy", "hinge")
RECIPES = ("paper", "plain")


@dataclass(frozen=True)
class Recipe:
    """How weights go downhill."""

    optimizer: str  # "sgd" or "adam"
    rate: float
    momentum: float = 0.9
    decay: float = 0.0  # λ of ½λ‖w‖²
    cosine: bool = False  # the rate falls to zero along half a cosine
    batch: int = 128
    turns: bool = False  # each picture of a batch is turned by 0, 90, 180 or 270°, at random


def recipe(name: str, net: Net) -> Recipe:
    """Two ways. "plain": Adam at 1e-3, batches of 128, no weight decay. "paper": the authors' (arXiv:2105.02468, code) SGD, momentum
    0.9, weight decay 5e-4, cosine; rate 0.1, without batch normalisation 0.02, since at 0.1 some of ours die; fully connected ones by
    Adam.

    The authors go on for about 10⁵ steps. After the 10³ that are affordable here their recipe leaves R_f of our normalised networks on
    digits above 1, and Adam well below it: the recipe matters. ValueError for another name.
    """
    if name not in RECIPES:
        raise ValueError(f"recipe: got {name!r}; allowed: one of {', '.join(RECIPES)}")
    if name == "plain" or net.name.startswith("fc"):
        return Recipe("adam", 1e-3)
    return Recipe("sgd", 0.1 if net.norms else 0.02, decay=5e-4, cosine=True)


class State:
    """What a step leaves: how many are done, and every network as it stands until the next step."""

    def __init__(self, step: int, runs: "list[Run]") -> None:
        self.step, self._runs = step, runs

    @property
    def w(self) -> Any:
        """w (S, size), a copy, as a float32 tensor."""
        import torch

        return torch.stack([run.w for run in self._runs])

    @property
    def loss(self) -> np.ndarray:
        """Mean loss (S,) of the last batch; NaN at the start."""
        return np.array([run.loss for run in self._runs])


def train(
    net: Net,
    w: Float[Any, "S size"],
    x: Float[Any, "P side side"],
    label: Any,
    *,
    steps: int,
    seeds: Any,
    recipe: Recipe,
    loss: str = "cross_entropy",
) -> Iterator[State]:
    """Train all networks from w on the pictures x with classes `label`; yields the start and every step of all.

    Batches are drawn without replacement, epoch by epoch, by one NumPy generator for each of `seeds`; a smaller set is one batch.
    Running statistics follow the batches. loss: cross entropy of the logits, or the quadratic hinge of each logit against ±1.
    ValueError names a wrong argument.
    """
    if loss not in LOSSES:
        raise ValueError(f"loss: got {loss!r}; allowed: one of {', '.join(LOSSES)}")
    if len(w) != len(seeds):
        raise ValueError(f"seeds: got {len(seeds)} for {len(w)} networks; allowed: one for each")
    if len(x) != len(label) or len(x) < 2:
        raise ValueError(f"x: got {len(x)} pictures and {len(label)} labels; allowed: as many of both, at least 2")
    runs = [Run(net, row, x, label, steps, seed, recipe, loss) for row, seed in zip(w, seeds, strict=True)]
    yield State(0, runs)
    for step in range(1, steps + 1):
        for run in runs:
            run.step()
        yield State(step, runs)


class Run:
    """One network on its way."""

    def __init__(
        self, net: Net, w: Any, x: Any, label: Any, steps: int, seed: int, recipe: Recipe, loss: str = "cross_entropy"
    ) -> None:
        import torch

        start = tensor(w).detach()
        self.net, self.recipe, self.steps, self.loss_name = net, recipe, steps, loss
        self.x, self.label = tensor(x), torch.as_tensor(xps.numpy(label).astype(np.int64))
        self.weights = start[: net.N].clone().requires_grad_()
        self.running = start[net.N :].clone()
        self.velocity, self.square = torch.zeros(net.N), torch.zeros(net.N)
        self.rng = np.random.default_rng([seed, 1])  # 1: not the stream that the weights were drawn from
        self.done, self.loss = 0, math.nan
        self._order = np.empty(0, int)

    @property
    def w(self) -> Any:
        """w (size,), a copy."""
        import torch

        return torch.cat([self.weights.detach(), self.running])

    def step(self) -> None:
        """One batch: gradient, and a step against it."""
        import torch

        chosen = torch.from_numpy(self._batch())
        with one_thread(), torch.enable_grad():
            x = self._turned(self.x[chosen]) if self.recipe.turns else self.x[chosen]
            f = forward(self.net, self.weights, self.running, x, batch=True, update=True)
            loss = losses(f, self.label[chosen], self.loss_name).mean()
            (gradient,) = torch.autograd.grad(loss, self.weights)
        self.loss = float(loss.detach())
        with one_thread(), torch.no_grad():
            self._descend(gradient)
        self.done += 1

    def _batch(self) -> np.ndarray:
        size = min(self.recipe.batch, len(self.x))
        if len(self._order) < size:
            self._order = self.rng.permutation(len(self.x))
        chosen, self._order = self._order[:size], self._order[size:]
        return chosen

    def _turned(self, x: Any) -> Any:
        import torch

        how = self.rng.integers(4, size=len(x))
        for k in (1, 2, 3):
            mine = torch.from_numpy(np.flatnonzero(how == k))
            x[mine] = torch.rot90(x[mine], k, (1, 2))
        return x

    def _descend(self, gradient: Any) -> None:
        how, w = self.recipe, self.weights
        rate = how.rate * (0.5 * (1 + math.cos(math.pi * self.done / self.steps)) if how.cosine else 1)
        if how.decay:
            gradient = gradient.add(w, alpha=how.decay)
        if how.optimizer == "sgd":
            self.velocity.mul_(how.momentum).add_(gradient)
            w.sub_(self.velocity, alpha=rate)
            return
        self.velocity.lerp_(gradient, 0.1)
        self.square.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
        t = self.done + 1
        scale = (self.square / (1 - 0.999**t)).sqrt_().add_(1e-8)
        w.addcdiv_(self.velocity, scale, value=-rate / (1 - 0.9**t))


def losses(f: Float[Any, "P outputs"], label: Any, loss: str) -> Float[Any, " P"]:
    """The loss of each picture."""
    import torch
    from torch.nn import functional as F

    if loss == "cross_entropy":
        return F.cross_entropy(f, label, reduction="none")
    sign = 2 * F.one_hot(label, f.shape[1]) - 1
    return 0.5 * torch.relu(1 - sign * f).square().sum(1)


def judge(net: Net, w: Float[Any, "S size"], x: Float[Any, "P side side"], label: Any) -> tuple[np.ndarray, np.ndarray]:
    """Mean cross entropy, and the share of pictures whose largest logit is that of another class, of every network."""
    import torch

    f = tensor(net(w, x)).double()
    true = torch.as_tensor(xps.numpy(label).astype(np.int64))
    loss = np.array([float(losses(one, true, "cross_entropy").mean()) for one in f])
    return loss, (f.argmax(2) != true).double().mean(1).numpy()
