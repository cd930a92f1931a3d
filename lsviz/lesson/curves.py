"""Curves that a learner draws: read as functions of x."""

from collections.abc import Mapping, Sequence

import numpy as np

Curve = Sequence[Sequence[float]]  # points (x, y)


def pairs(curve: tuple[np.ndarray, np.ndarray]) -> list[list[float]]:
    """A curve as the page tells of it: [[x, y], …]."""
    return [[float(x), float(y)] for x, y in zip(*curve, strict=True)]


def abscissas(shapes: Mapping[str, Curve]) -> np.ndarray:
    """Where a drawn curve has its handles: from the first to the last x of the shapes, evenly on a logarithmic axis if all are positive."""
    x = [at for shape in shapes.values() for at, _ in shape]
    return np.geomspace(min(x), max(x), 25) if min(x) > 0 else np.linspace(min(x), max(x), 25)


def tidy_curve(x: Sequence[float], y: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """A drawn curve as a function of x: sorted, finite. ValueError if it is none."""
    across, up = np.asarray(x, float).ravel(), np.asarray(y, float).ravel()
    if across.shape != up.shape:
        raise ValueError(f"curve: {across.size} x values and {up.size} y values; they must be as many")
    good = np.isfinite(across) & np.isfinite(up)
    order = np.argsort(across[good], kind="stable")
    return across[good][order], up[good][order]


def falls_at(x: np.ndarray, y: np.ndarray, level: float | None = None) -> float:
    """Where a drawn curve falls through `level` (default: half of its height), from its highest point to the right; NaN if never."""
    top = int(np.argmax(y))
    level = (float(y[top]) + float(y.min())) / 2 if level is None else level
    for i in range(top, len(x) - 1):
        if y[i] >= level > y[i + 1]:
            return float(x[i] + (x[i + 1] - x[i]) * (y[i] - level) / (y[i] - y[i + 1]))
    return float("nan")


def vanishes_at(x: np.ndarray, y: np.ndarray) -> float:
    """Where a drawn curve has all but reached zero: it falls through a tenth of its highest value; NaN if never."""
    return falls_at(x, y, 0.1 * float(y.max()))


def rises_at(x: np.ndarray, y: np.ndarray) -> float:
    """Where a drawn curve rises through half of its height, coming from the left; NaN if never."""
    return -falls_at(-np.asarray(x)[::-1], np.asarray(y)[::-1])
