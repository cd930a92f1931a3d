"""N*(P) for digits and for random labels, with log-log slopes: arXiv:1809.09349, Fig. 1C (there ReLU, Adam, P to 50 000).

python benchmarks/threshold.py [--P 250 500 1000 2000] [--budget 150] [--seeds 16]: minutes at the defaults on one core; random
labels at P = 2000 alone take a quarter of an hour. Widths follow the jump as P grows, so that N* is bracketed; the budget is printed,
since N* depends on it.
"""

import argparse
import time

import numpy as np

from lsviz import jamming, network
from lsviz.jamming import threshold

FACTORS = np.array([0.7, 0.8, 0.9, 1.0, 1.12, 1.25, 1.45, 1.7])


def measure(P: int, labels: str, guess: float, budget: int, seeds: int) -> tuple[float, np.ndarray, np.ndarray]:
    """N*, and the N (W,) and sat (W, S) it comes from; the scan moves until it brackets the jump."""
    for _ in range(5):
        widths = tuple(sorted({network.width_for(guess * factor, 10, 2) for factor in FACTORS}))
        ds = jamming.network_transition(P=P, labels=labels, widths=widths, budget=budget, seeds=seeds)
        best = float(ds.N_star)
        N, sat = ds.N.values, ds.state.values == "sat"
        if not np.isnan(best):
            return best, N, sat
        guess *= 0.6 if sat.mean() > 0.5 else 1.6
    raise SystemExit(f"P={P}, {labels}: no jump found")


def slope(P: list[int], runs: list[tuple[float, np.ndarray, np.ndarray]]) -> tuple[float, float, float]:
    """The log-log slope of N*(P), with its 16th and 84th percentile over seeds drawn again."""
    rng = np.random.default_rng(0)
    fits = []
    for _ in range(400):
        found = [
            threshold(N, sat[:, rng.integers(sat.shape[1], size=sat.shape[1])], resamples=1)[0] for _, N, sat in runs
        ]
        if not np.isnan(found).any():
            fits.append(np.polyfit(np.log(P), np.log(found), 1)[0])
    low, high = np.percentile(fits, [16, 84])
    return float(np.polyfit(np.log(P), np.log([best for best, _, _ in runs]), 1)[0]), float(low), float(high)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--P", type=int, nargs="+", default=[250, 500, 1000])
    parser.add_argument("--budget", type=int, default=150)
    parser.add_argument("--seeds", type=int, default=8)
    options = parser.parse_args()
    found: dict[str, list] = {}
    for labels, fraction in (("parity", 0.25), ("random", 0.4)):
        guess = fraction * options.P[0]
        found[labels] = []
        for P in options.P:
            start = time.perf_counter()
            run = measure(P, labels, guess, options.budget, options.seeds)
            found[labels].append(run)
            print(
                f"{labels:>7} P={P:<6} N*={run[0]:7.1f}  N*/P={run[0] / P:.3f}  "
                f"({options.budget} iterations, {time.perf_counter() - start:.0f} s)",
                flush=True,
            )
            guess = run[0] * 2 ** (0.7 if labels == "parity" else 1.0)
    for P, digits, coins in zip(options.P, found["parity"], found["random"], strict=True):
        print(f"P={P}: N*(random labels) / N*(digits) = {coins[0] / digits[0]:.2f}")
    for labels, runs in found.items():
        print(f"{labels}: d log N* / d log P = %.2f (%.2f to %.2f)" % slope(options.P, runs))
