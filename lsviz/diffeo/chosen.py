"""What a learner's choice of networks leaves of a study: who is counted, and how R_f and D_f go with the error among them."""

from typing import Any, NamedTuple

import numpy as np

from .correlation import Correlation, geometric_mean, rank_correlation
from .networks import FITTED


class Row(NamedTuple):
    """One network at one P: geometric mean of R_f (and D_f) over seeds, mean error, and whether it is counted."""

    net: str
    P: int
    R_f: float
    D_f: float
    test_error: float
    fitted: bool
    counted: bool


class Found(NamedTuple):
    """The networks in sight and how R_f and D_f go with the error among those that are counted."""

    rows: list[Row]
    R_f: Correlation
    D_f: Correlation


def correlations(ds: Any, values: dict[str, Any]) -> Found:
    """What the learner's choice leaves of the study. The authors' points are never among them."""
    included = values.get("included", "+".join(map(str, ds.net.values))).split("+")
    rows = []
    for net in map(str, ds.net.values):
        for P in map(int, ds.P_stored.values):
            one = ds.sel(net=net, P_stored=P)
            if (values.get("span") != "all" and float(ds.P_shown) != P) or not np.isfinite(one.test_error).any():
                continue
            fitted = bool(np.nanmean(one.loss) < FITTED)
            counted = net in included and (fitted or values.get("unfitted") == "yes")
            R, D = (geometric_mean(one[name].values) for name in ("R_f", "D_f"))
            rows.append(Row(net, P, R, D, float(np.nanmean(one.test_error)), fitted, counted))
    chosen = [row for row in rows if row.counted]
    error = np.array([row.test_error for row in chosen])
    by = (rank_correlation(np.array([getattr(row, name) for row in chosen]), error) for name in ("R_f", "D_f"))
    return Found(rows, *by)
