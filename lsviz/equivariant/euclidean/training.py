"""Training of a `Flat` by squared errors: all seeds as one batch, by the same Adam as every other descent."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from ... import xp as xps
from ...descent import State, adam
from ...descent.state import Evaluation
from ...nets.forward import one_thread
from .flattened import Flat
from .records import as_tensors

RATE = 1e-2


class Squares:
    """E(w) = mean over items and outputs of (f(w, x) − y)², its gaps the differences f − y: what a descent asks of a problem."""

    def __init__(
        self, f: Flat, x: Any, y: Float[Any, "*items outputs"], fresh: Callable[[], tuple[Any, Any]] | None = None
    ) -> None:
        self.f, self.x, self.y, self.fresh = f, x, y, fresh

    def evaluate(self, w: Any) -> Evaluation:
        """E (S,), its gradient (S, N), gaps (S, items · outputs). With `fresh`, at new points each time."""
        import torch

        if self.fresh is not None:
            self.x, self.y = self.fresh()
        v = w.detach().requires_grad_(True)
        with one_thread(), torch.enable_grad():
            gaps = (self.f(v, self.x) - self.y).flatten(1)
            loss = gaps.square().mean(1)
            (grad,) = torch.autograd.grad(loss.sum(), v)
        return Evaluation(loss.detach(), grad, gaps.detach())


def train(
    f: Flat,
    w: Float[np.ndarray, "S N"],
    x: Any,
    y: Float[Any, "*S items outputs"],
    *,
    steps: int,
    rate: float = RATE,
    fresh: Callable[[], tuple[Any, Any]] | None = None,
) -> Iterator[State]:
    """Adam on mean squared errors from w, all rows of it as one batch; yields the start and the state after each step.

    The step size falls from `rate` to 0 as half a cosine over `steps`. fresh: gives new (x, y) before each step instead; y may then be
    (S, items, outputs), other points for each row. A row whose numbers break is frozen and flagged in `state.failed`; the others go on.
    state.gaps: f(w, x) − y of all items and outputs (S, items · outputs). ValueError for shapes that do not match.
    """
    import torch

    if w.ndim != 2 or w.shape[1] != f.N:
        raise ValueError(f"w: got shape {w.shape}; allowed: (S, {f.N}), as f.init(8)")
    start = torch.tensor(w)
    now = as_tensors(x, start)
    items = xps.numpy(f(start[:1], now)).shape[1:] if fresh is None else y.shape
    if tuple(items) != tuple(y.shape):
        raise ValueError(f"y: got shape {y.shape}; allowed: {tuple(items)}, as f(w, x)")
    yield from adam(Squares(f, now, as_tensors(y, start), fresh), start, budget=steps, learning_rate=rate, stop=False)
