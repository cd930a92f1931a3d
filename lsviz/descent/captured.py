"""A first-order descent on a GPU: the whole step is one CUDA graph, and the host looks in a few hundred times, not at every step.

A network of the course is so small that starting a step's hundred kernels takes longer than they do. Recorded once and replayed, they
start as one. No row leaves the batch inside the graph: it is masked, with the numbers that it left with.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import xp as xps
from .state import Evaluation, Memory, Numbers, Problem, Rule, State, finite, rows, unsatisfied, where

LOOKS = 400  # states of a long descent; `looks` says which
LEAN = 0.75  # the batch is packed anew when fewer than this share of its rows still move


def wanted(w: Any) -> bool:
    """Whether w lies on a GPU."""
    return not isinstance(w, np.ndarray) and w.is_cuda


def looks(budget: int) -> np.ndarray:
    """The steps at which the host looks: all of a short descent, evenly spaced ones of a long one, and the last quarter's first."""
    even = np.linspace(0, budget, min(budget, LOOKS) + 1).round()
    return np.unique([*even, budget - max(1, budget // 4)]).astype(int)


def drive(
    rule: Rule, memory: Memory, problem: Problem, w: Any, budget: int, tol: float, stop: bool, schedule: Callable[[int], Numbers]
) -> Iterator[State]:
    """Run a rule as the driver of one step at a time does, to rounding; yields the start, then the states at `looks(budget)`."""
    xp = xps.namespace(w)
    now = problem.evaluate(w)
    start, loss, gaps = (xp.asarray(a, copy=True) for a in (w, now.loss, now.gaps))
    state = State(0, start, loss, gaps, ~finite(now.grad))
    yield state

    numbers = xps.like(np.array([schedule(step) for step in range(1, budget + 1)], float), w)
    live = xp.arange(w.shape[0], device=w.device)
    loop = _Loop(rule, memory, problem, w, now, tol, stop, numbers)
    for step in looks(budget)[1:]:
        loop.run(int(step))
        state.put(live, loop.w, loop.now.loss, loop.now.gaps)
        state.failed[live] |= loop.failed
        state.step = int(step)
        yield state
        moving = where(loop.moving)
        if moving.shape[0] == 0:
            return
        if moving.shape[0] < LEAN * live.shape[0]:
            live = live[moving]
            loop = loop.packed(moving)


class _Loop:
    """Rows that move, in arrays that stay in place while the step is replayed."""

    def __init__(
        self, rule: Rule, memory: Memory, problem: Problem, w: Any, now: Evaluation, tol: float, stop: bool, numbers: Any, step: int = 0
    ) -> None:
        xp = xps.namespace(w)
        self.rule, self.problem, self.tol, self.stop, self.numbers, self.step = rule, problem, tol, stop, numbers, step
        self.w, self.now = xp.asarray(w, copy=True), Evaluation(*(xp.asarray(a, copy=True) for a in now))
        self.memory = tuple(xp.asarray(a, copy=True) for a in memory)
        self.moving, self.failed = finite(now.grad), ~finite(now.grad)
        self.at = xp.full((1,), step, dtype=xp.int64, device=w.device)
        self._graph: Any = None
        self._aside = 2  # steps taken outside a graph, in which the libraries make what they need

    def packed(self, index: Any) -> "_Loop":
        """The same with some rows only."""
        memory, now = tuple(a[index] for a in self.memory), Evaluation(*(a[index] for a in self.now))
        kept = rows(self.problem, index)
        return _Loop(self.rule, memory, kept, self.w[index], now, self.tol, self.stop, self.numbers, self.step)

    def run(self, until: int) -> None:
        """Take all steps up to `until`."""
        if not self.w.is_cuda:
            for _ in range(until - self.step):
                self._once()
        else:
            import torch

            for _ in range(until - self.step):
                if self._aside:
                    self._aside -= 1
                    self._outside(torch)
                    continue
                if self._graph is None:
                    self._graph = torch.cuda.CUDAGraph()
                    with torch.cuda.graph(self._graph):
                        self._once()
                self._graph.replay()
        self.step = until

    def _outside(self, torch: Any) -> None:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self._once()
        torch.cuda.current_stream().wait_stream(stream)

    def _once(self) -> None:
        """One step, in place and without a word to the host."""
        xp = xps.namespace(self.w)
        numbers = tuple(xp.take(self.numbers, self.at, axis=0)[0])
        going = self.moving & ((unsatisfied(self.now.gaps, self.tol) > 0) | (not self.stop))
        w, memory = self.rule(numbers, self.w, self.now, self.memory)
        new = self.problem.evaluate(w)
        good = finite(new.grad)
        take = going & good
        for kept, fresh in zip([self.w, *self.now, *self.memory], [w, *new, *memory], strict=True):
            kept[...] = xp.where(take.reshape(-1, *(1,) * (kept.ndim - 1)), fresh, kept)
        self.failed |= going & ~good
        self.moving[...] = take
        self.at += 1
