"""First-order descents, one text for all seeds: plain gradient descent, Adam, FIRE, and adaptive gradient flow.

A descent here is a *rule*: from (w, gradient, memory) to the next (w, memory), every array with the seeds first, and from the numbers
of the step, if its *schedule* gives any. One driver runs any rule, stops seeds that are satisfied, freezes seeds whose numbers break,
and yields after every step. On a GPU another driver does the same with the whole step as one program (`captured.py`).
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

from .. import xp as xps
from . import captured
from .state import Evaluation, Memory, Numbers, Problem, Rule, State, finite, rows, unsatisfied, where


def gradient_descent(
    problem: Problem, w: Any, *, budget: int, learning_rate: float = 0.1, tol: float = 1e-6, stop: bool = True
) -> Iterator[State]:
    """w ← w − η ∇L. With too large a step η the loss rises: nothing prevents it here."""
    return _drive(lambda _, w, now, memory: (w - learning_rate * now.grad, memory), (), problem, w, budget, tol, stop, _none)


def adam(
    problem: Problem, w: Any, *, budget: int, learning_rate: float = 5e-3, tol: float = 1e-6, stop: bool = True
) -> Iterator[State]:
    """Adam, full batch, its step falling to zero as a cosine over the budget: a ReLU network settles only if the step goes to 0.

    Kingma & Ba 2015, arXiv:1412.6980, β = (0.9, 0.999), ε = 1e-8.
    """
    b1, b2, small = 0.9, 0.999, 1e-8

    def schedule(step: int) -> Numbers:
        rate = learning_rate * 0.5 * (1 + math.cos(math.pi * (step - 1) / budget))
        return rate * math.sqrt(1 - b2**step) / (1 - b1**step), small * math.sqrt(1 - b2**step)

    def rule(numbers: Numbers, w: Any, now: Evaluation, memory: Memory) -> tuple[Any, Memory]:
        (scale, least), (m, v) = numbers, memory
        m = b1 * m + (1 - b1) * now.grad
        v = b2 * v + (1 - b2) * now.grad**2
        return w - scale * m / (v**0.5 + least), (m, v)

    zero = xps.namespace(w).zeros_like(w)
    return _drive(rule, (zero, zero), problem, w, budget, tol, stop, schedule)


def fire(
    problem: Problem, w: Any, *, budget: int, dt: float = 0.1, dt_max: float = 3.0, tol: float = 1e-6, stop: bool = True
) -> Iterator[State]:
    """FIRE: molecular dynamics that keeps to the downhill direction and stops dead when it goes uphill.

    Bitzek et al. 2006, 10.1103/PhysRevLett.97.170201 (N_min 5, f_inc 1.1, f_dec 0.5, α 0.1, f_α 0.99), each seed with its own time step.
    """
    n_min, f_inc, f_dec, a_start, f_a = 5, 1.1, 0.5, 0.1, 0.99
    xp = xps.namespace(w)

    def rule(_: Numbers, w: Any, now: Evaluation, memory: Memory) -> tuple[Any, Memory]:
        v, dt, a, uphill_free = memory
        power = -xp.sum(now.grad * v, axis=1)
        downhill = power > 0
        speed, slope = xp.sqrt(xp.sum(v * v, axis=1)), xp.sqrt(xp.sum(now.grad**2, axis=1))
        along = -now.grad * (speed / xp.where(slope > 0, slope, xp.ones_like(slope)))[:, None]
        v = xp.where(downhill[:, None], (1 - a)[:, None] * v + a[:, None] * along, xp.zeros_like(v))
        long = downhill & (uphill_free > n_min)
        dt = xp.where(downhill, xp.where(long, xp.clip(dt * f_inc, None, dt_max), dt), dt * f_dec)
        a = xp.where(downhill, xp.where(long, a * f_a, a), xp.full_like(a, a_start))
        uphill_free = xp.where(downhill, uphill_free + 1, xp.zeros_like(uphill_free))
        v = v - dt[:, None] * now.grad
        return w + dt[:, None] * v, (v, dt, a, uphill_free)

    one = xp.ones_like(w[:, 0])
    return _drive(rule, (xp.zeros_like(w), dt * one, a_start * one, 0 * one), problem, w, budget, tol, stop, _none)


def gradient_flow(
    problem: Problem,
    w: Any,
    *,
    budget: int,
    max_change: float = 0.1,
    max_turn: float = 1e-2,
    tol: float = 1e-6,
    stop: bool = True,
) -> Iterator[State]:
    """dw/dt = −∇L by Euler steps as long as the function moves little: each seed has its own time step.

    A step is taken where max|Δf| < max_change and ‖g − g′‖²/(‖g‖‖g′‖) < max_turn; half-used bounds stretch dt by 1.1, a refusal
    divides it by 10. The rule of arXiv:1906.08034's code; max_turn = 1e-2 changes its results by less than 0.3 %.
    """
    xp = xps.namespace(w)

    def rule(_: Numbers, w: Any, now: Evaluation, memory: Memory) -> tuple[Any, Memory]:
        good_w, good_grad, good_gaps, dt, fresh = memory
        change = xp.max(xp.abs(now.gaps - good_gaps), axis=1) / max_change
        norms = xp.sqrt(xp.sum(now.grad**2, axis=1) * xp.sum(good_grad**2, axis=1))
        turn = xp.sum((now.grad - good_grad) ** 2, axis=1) / xp.where(norms > 0, norms, xp.ones_like(norms)) / max_turn
        take = ((change < 1) & (turn < 1)) | (fresh > 0)
        easy = take & (change < 0.5) & (turn < 0.5)
        dt = xp.where(take, xp.where(easy & (fresh == 0), dt * 1.1, dt), dt / 10)
        row = take[:, None]
        w, grad, gaps = xp.where(row, w, good_w), xp.where(row, now.grad, good_grad), xp.where(row, now.gaps, good_gaps)
        return w - dt[:, None] * grad, (w, grad, gaps, dt, xp.zeros_like(fresh))

    first = problem.evaluate(w)
    one = xp.ones_like(w[:, 0])
    return _drive(rule, (w, first.grad, first.gaps, one, one), problem, w, budget, tol, stop, _none)


def _none(_: int) -> Numbers:
    return ()


def _drive(
    rule: Rule, memory: Memory, problem: Problem, w: Any, budget: int, tol: float, stop: bool, schedule: Callable[[int], Numbers]
) -> Iterator[State]:
    """Run a rule: yield the start, then one state a step. `stop`: a seed leaves the batch at N_Δ = 0."""
    if captured.wanted(w):
        yield from captured.drive(rule, memory, problem, w, budget, tol, stop, schedule)
        return
    xp = xps.namespace(w)
    now = problem.evaluate(w)
    start, loss, gaps = (xp.asarray(a, copy=True) for a in (w, now.loss, now.gaps))
    state = State(0, start, loss, gaps, ~finite(now.grad))
    yield state

    live = xp.arange(w.shape[0], device=w.device)
    for step in range(1, budget + 1):
        going = finite(now.grad) & ((unsatisfied(now.gaps, tol) > 0) | (not stop))
        if not bool(xp.all(going)):
            index = where(going)
            live, w, memory = live[index], w[index], tuple(a[index] for a in memory)
            now, problem = Evaluation(*(a[index] for a in now)), rows(problem, index)
        if live.shape[0] == 0:
            return
        w, memory = rule(schedule(step), w, now, memory)
        now = problem.evaluate(w)
        good = finite(now.grad)
        if bool(xp.all(good)):
            state.put(live, w, now.loss, now.gaps)
        else:  # broken seeds keep their last good step
            index = where(good)
            state.put(live[index], w[index], now.loss[index], now.gaps[index])
            state.failed[live] = ~good
        state.step = step
        yield state
