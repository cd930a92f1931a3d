"""What every descent yields, and what it asks of a problem."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from .. import xp as xps


@dataclass
class State:
    """The whole batch after `step` steps. The arrays belong to the descent and change with it: copy what you keep."""

    step: int
    w: Any  # (S, size)
    loss: Any  # (S,) mean over the constraints
    gaps: Any  # (S, P)
    failed: Any  # (S,) bool: broken numbers, frozen at the last good step

    def put(self, index: Any, w: Any, loss: Any, gaps: Any) -> None:
        """Write the present values of some seeds. A packing's pairs in reach come and go: −inf fills the shorter rows."""
        self.w[index], self.loss[index] = w, loss
        if gaps.shape[1] != self.gaps.shape[1]:
            most = max(gaps.shape[1], self.gaps.shape[1])
            self.gaps, gaps = widened(self.gaps, most), widened(gaps, most)
        self.gaps[index] = gaps


class Evaluation(NamedTuple):
    """Loss (S,), its gradient (S, size) and the gaps (S, P) at w."""

    loss: Any
    grad: Any
    gaps: Any


@runtime_checkable
class Problem(Protocol):
    """A pure function of w whose constraints have gaps: a network with its points, later a packing with its pairs."""

    def evaluate(self, w: Any) -> Evaluation:
        """Loss, gradient, gaps."""
        ...


Memory = tuple[Any, ...]  # what a rule remembers of each seed, seeds first
Numbers = tuple[Any, ...]  # what a rule's schedule gives it for one step
Rule = Callable[[Numbers, Any, Evaluation, Memory], tuple[Any, Memory]]


def rows(problem: Any, index: Any) -> Any:
    """The problem of some rows of w only: of all of them the same, unless it says otherwise by a method `rows`."""
    return problem.rows(index) if hasattr(problem, "rows") else problem


def quiet(steps: Iterator[State]) -> Iterator[State]:
    """The same states without warnings of broken numbers: such a seed is flagged. Never held across a yield."""
    while True:
        with np.errstate(all="ignore"):
            state = next(steps, None)
        if state is None:
            return
        yield state


def unsatisfied(gaps: Any, tol: Any = 1e-6) -> Any:
    """N_Δ (S,): how many gaps of each seed exceed tol (a number, or one per seed)."""
    xp = xps.namespace(gaps)
    tol = tol[:, None] if getattr(tol, "ndim", 0) == 1 else tol
    return xp.sum(xp.astype(gaps > tol, xp.int64), axis=1)


def widened(gaps: Any, columns: int) -> Any:
    """Gaps (S, P) with −inf appended up to `columns`."""
    xp, more = xps.namespace(gaps), columns - gaps.shape[1]
    if not more:
        return gaps
    empty = xp.full_like(gaps[:, :1], -math.inf) + xp.zeros((1, more), device=gaps.device)
    return xp.concat([gaps, empty], axis=1)


def where(mask: Any) -> Any:
    """The indices at which a one-dimensional mask is true."""
    return xps.namespace(mask).nonzero(mask)[0]


def finite(a: Any) -> Any:
    """(S,) true where all numbers of a seed are finite."""
    xp = xps.namespace(a)
    return xp.all(xp.isfinite(a), axis=1)
