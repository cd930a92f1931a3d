"""Does R_f tell the test error? The rank correlation over networks, with its error; and the authors' stored points."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

RESAMPLES = 2000


class Correlation(NamedTuple):
    """Spearman's rank correlation and its bootstrap standard error."""

    value: float
    error: float


def rank_correlation(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"]) -> Correlation:
    """Correlation of the ranks of a and b, with ties at their mean rank; its standard error from networks drawn again (bootstrap).

    Entries that are not finite in both are left out; NaN for fewer than four, or where all of one are equal.
    """
    good = np.isfinite(a) & np.isfinite(b)
    a, b = a[good], b[good]
    if len(a) < 4:
        return Correlation(float("nan"), float("nan"))
    value = float(_spearman(a[None], b[None])[0])
    if not np.isfinite(value):
        return Correlation(float("nan"), float("nan"))
    draw = np.random.default_rng(0).integers(len(a), size=(RESAMPLES, len(a)))
    return Correlation(value, float(np.nanstd(_spearman(a[draw], b[draw]))))


def _spearman(a: Float[np.ndarray, "rows n"], b: Float[np.ndarray, "rows n"]) -> Float[np.ndarray, " rows"]:
    """Of each row; NaN where all of one are equal."""
    x, y = _centred_ranks(a), _centred_ranks(b)
    norm = np.sqrt((x**2).sum(1) * (y**2).sum(1))
    return np.divide((x * y).sum(1), norm, out=np.full(len(a), np.nan), where=norm > 0)


def _centred_ranks(a: Float[np.ndarray, "rows n"]) -> Float[np.ndarray, "rows n"]:
    """Rank within each row, ties at their mean rank, minus the mean rank: half of how many are smaller less how many are larger."""
    one, other = a[:, :, None], a[:, None, :]
    return ((one > other).sum(2) - (one < other).sum(2)) / 2


def geometric_mean(R: Float[np.ndarray, "*n"]) -> float:
    """The mean of R_f over seeds, as in the paper: of its logarithms. NaN where none is positive."""
    R = R[np.isfinite(R) & (R > 0)]
    return float(np.exp(np.log(R).mean())) if R.size else float("nan")


class AuthorsPoint(NamedTuple):
    """One stored point of the authors: R_f (geometric mean of 15 to 45 seeds) and test error at P training pictures."""

    net: str
    dataset: str
    P: int
    R_f: float
    test_error: float


AUTHORS_LABEL = "authors, preliminary (February 2021, before the paper; best-epoch test error; other networks and another δ than ours)"
_P = (64, 512, 2048, 8192, 32768, 50000)
_TABLE: dict[tuple[str, str], tuple[tuple[float, float], ...]] = {
    ("ResNet", "mnist"): ((2.04, 26.2), (0.50, 3.6), (0.28, 1.6), (0.11, 0.60), (0.024, 0.38), (0.022, 0.37)),
    ("ResNet", "fashion"): ((2.33, 41.7), (0.68, 20.0), (0.29, 14.0), (0.18, 9.8), (0.037, 7.0), (0.019, 6.3)),
    ("EfficientNet", "mnist"): ((2.59, 28.5), (1.92, 5.9), (1.07, 2.2), (0.92, 0.94), (0.56, 0.61)),
    ("EfficientNet", "fashion"): ((2.08, 41.1), (0.87, 23.9), (0.68, 16.2), (0.30, 11.2), (0.17, 8.1)),
}
# The authors' repository diffeo-sota, branch `web`; which ResNet it was is not recorded. δ: T_old = 0.992, 0.75 pixels at n = 28.
AUTHORS = tuple(
    AuthorsPoint(net, dataset, P, R, error / 100)
    for (net, dataset), row in _TABLE.items()
    for P, (R, error) in zip(_P, row, strict=False)
)
