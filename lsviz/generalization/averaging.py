"""The average of networks: of their outputs, never of their errors. Geiger et al. 2020, arXiv:1901.01608, section V."""

from typing import Any

import numpy as np
from jaxtyping import Float


def errors(outputs: Float[np.ndarray, "S T"], y: Float[np.ndarray, " T"]) -> Float[np.ndarray, " S"]:
    """Share of test points whose sign is wrong, of every network. NaN for a network whose numbers broke."""
    wrong = (outputs * y <= 0).mean(1)
    return np.where(np.isfinite(outputs).all(1), wrong, np.nan)


def ensemble_errors(outputs: Float[np.ndarray, "S T"], y: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S S"]:
    """Error of the mean output of n networks, [n − 1, s]: of the n that follow one another from the s-th on, round the circle.

    Row 0 holds the single errors, the last row S times the error of all. Networks whose numbers broke are left out: NaN beyond.
    """
    count = len(outputs)
    found = np.full((count, count), np.nan)
    outputs = outputs[np.isfinite(outputs).all(1)]
    good = len(outputs)
    running = np.concatenate([np.zeros_like(outputs[:1]), np.cumsum(np.concatenate([outputs, outputs[:-1]]), axis=0)])
    for n in range(1, good + 1):
        found[n - 1, :good] = ((running[n : n + good] - running[:good]) * y <= 0).mean(1)
    return found


def error_of_all(outputs: Float[np.ndarray, "S T"], y: Float[np.ndarray, " T"]) -> float:
    """Error of the mean output of all networks whose numbers hold."""
    good = np.isfinite(outputs).all(1)
    return float((outputs[good].mean(0) * y <= 0).mean()) if good.any() else float("nan")


def jackknife(windows: Float[np.ndarray, "S S"]) -> float:
    """Standard error, over the choice of seeds, of the error of the mean of all: from all means that leave one network out."""
    without_one = windows[-2][np.isfinite(windows[-2])] if len(windows) > 1 else np.empty(0)
    S = len(without_one)
    return float(np.sqrt((S - 1) / S * ((without_one - without_one.mean()) ** 2).sum())) if S > 1 else float("nan")


def spread(outputs: Float[np.ndarray, "S T"]) -> tuple[float, float]:
    """Root mean square of f − f̄ over seeds and points (unbiased), and of f̄: what an average removes, and what it keeps.

    The square of the second still holds 1/S of the first's, which is taken off.
    """
    outputs = outputs[np.isfinite(outputs).all(1)]
    if len(outputs) < 2:
        return float("nan"), float("nan")
    variance = outputs.var(0, ddof=1).mean()
    kept = (outputs.mean(0) ** 2).mean() - variance / len(outputs)
    return float(np.sqrt(variance)), float(np.sqrt(max(kept, 0.0)))


def line_fit(x: Any, y: Any, error: Any = None) -> tuple[float, float]:
    """Slope of log y against log x by least squares, and its standard error from the scatter; NaN for fewer than three points."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    good = np.isfinite(x) & np.isfinite(y) & (x > 0) & (y > 0)
    if good.sum() < 3:
        return float("nan"), float("nan")
    a, b = np.log(x[good]), np.log(y[good])
    weight = np.ones_like(a) if error is None else 1 / np.asarray(error, float)[good] ** 2
    a = a - np.average(a, weights=weight)
    slope = (weight * a * b).sum() / (weight * a * a).sum()
    rest = b - np.average(b, weights=weight) - slope * a
    return float(slope), float(np.sqrt((weight * rest**2).sum() / (len(a) - 2) / (weight * a * a).sum()))
