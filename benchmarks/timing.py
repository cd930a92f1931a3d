"""Timing in pairs: the candidates take turns in one process, so their ratio holds when the machine's speed drifts."""

import statistics
import time
from collections.abc import Callable

import numpy as np


def in_turn(*actions: Callable[[], object], rounds: int = 7, warm: int = 1) -> list[float]:
    """Median seconds of each action, run A B … A B … for `rounds` rounds after `warm` uncounted ones."""
    seconds: list[list[float]] = [[] for _ in actions]
    for i in range(warm + rounds):
        for mine, action in zip(seconds, actions, strict=True):
            start = time.perf_counter()
            action()
            if i >= warm:
                mine.append(time.perf_counter() - start)
    return [statistics.median(mine) for mine in seconds]


def report(name: str, value: float, bar: float, *, least: bool) -> bool:
    """Print a ratio beside its bar (`least`: must be at least it); true where it holds."""
    holds = value >= bar if least else value <= bar
    print(f"{name:<78} {value:8.2f}   {'≥' if least else '≤'} {bar:g}   {'holds' if holds else 'MISSED'}", flush=True)
    return holds


def dgemm(n: int = 1500) -> float:
    """GFLOP/s of this core in a product of float64 matrices: what a bar in seconds is scaled by."""
    a = np.random.default_rng(0).random((n, n))
    (seconds,) = in_turn(lambda: a @ a, rounds=5)
    return 2 * n**3 / seconds / 1e9
