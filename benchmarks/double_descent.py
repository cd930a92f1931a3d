"""What the live double descent costs: twenty networks at thirteen widths, at P = 300 and P = 1000. Run by `make bench`: one thread.

The bars are seconds on a core that multiplies matrices at 56 GFLOP/s; they are scaled to this core, whose speed is printed.
"""

import sys
import time

import numpy as np
from threadpoolctl import threadpool_limits
from timing import dgemm

from lsviz import generalization, network

CORE = 56.0  # GFLOP/s of the core that the bars are told for
WIDTHS = tuple(dict.fromkeys(network.width_for(N, 10, 2) for N in np.geomspace(40, 1400, 13)))


def scan(P: int) -> tuple[float, float, float]:
    """Seconds to the first error of a width, to the end, and N*."""
    start, first = time.perf_counter(), np.nan
    for ds in generalization.double_descent.stream(P=P, widths=WIDTHS, budget=100):
        if np.isnan(first) and np.isfinite(ds.test_error).any():
            first = time.perf_counter() - start
    return first, time.perf_counter() - start, float(ds.N_star)


if __name__ == "__main__":
    met = []
    with threadpool_limits(1):
        speed = dgemm()
        print(f"this core multiplies at {speed:.0f} GFLOP/s")
        scan(100)  # imports
        for P, bar, begin in ((300, 7.0, 0.5), (1000, 55.0, None)):
            first, whole, star = scan(P)
            allowed = bar * CORE / speed
            met.append(whole <= allowed and (begin is None or first <= begin * CORE / speed))
            print(f"P = {P}: first {first:.2f} s, {len(WIDTHS)} widths × 20 networks {whole:.1f} s (bar {allowed:.1f}), N* = {star:.0f}"
                  f"{'' if met[-1] else '   MISSED'}")  # fmt: skip
    sys.exit(not all(met))
