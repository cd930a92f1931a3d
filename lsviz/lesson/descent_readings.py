"""Numbers that lesson 4 reads off a learner's own run over widths: where the error peaks, how surely, and what an average takes away."""

from typing import Any

import numpy as np

from lsviz.symbols import ARGUMENTS

SIZES = np.geomspace(38.0, 1420.0, 37)  # N where a curve is drawn by hand: the ends of every scan of the lesson
WOBBLE = 0.3  # per cent, about four pixels: what a hand may tremble
REACH = 1.25  # how near to both ends of the axis a curve drawn by hand must come
SURE = 2.0  # standard errors below which a rise may be the luck of the seeds


def errors(ds: Any) -> tuple[np.ndarray, np.ndarray]:
    """N in order, and the test error of every network in per cent (width, seed)."""
    sized = ds.sortby("N")
    return sized.N.values.astype(float), 100 * sized.test_error.transpose("width", "seed").values


def averaged(ds: Any) -> np.ndarray:
    """Error of the mean output of all networks of a size in per cent, sorted by N."""
    return 100 * ds.sortby("N").ensemble_error.transpose("average", "width").values[-1]


def top(ds: Any) -> int:
    """The place, in order of N, of the largest mean error of single networks."""
    return int(np.nanargmax(np.nanmean(errors(ds)[1], axis=1)))


def peak(ds: Any) -> float:
    """N at which single networks err most."""
    return float(errors(ds)[0][top(ds)])


def rise(ds: Any) -> tuple[float, float]:
    """How far the largest mean error stands above the lowest one of smaller networks, in percentage points, and its standard error.

    The difference is taken seed by seed. (0, 0) when the smallest networks err most: then nothing rises.
    """
    error, highest = errors(ds)[1], top(ds)
    if not highest:
        return 0.0, 0.0
    lowest = int(np.nanargmin(np.nanmean(error[:highest], axis=1)))
    apart = error[highest] - error[lowest]
    apart = apart[np.isfinite(apart)]
    return float(apart.mean()), float(apart.std(ddof=1) / np.sqrt(len(apart))) if len(apart) > 1 else float("nan")


def remains(ds: Any) -> float:
    """Errors of the mean output for every 10 of one network, at the size where one network errs most."""
    return float(10 * averaged(ds)[top(ds)] / np.nanmean(errors(ds)[1][top(ds)]))


def peaks_at(x: np.ndarray, y: np.ndarray) -> float:
    """Where a curve drawn by hand has its peak: the place that stands highest above both of its sides; NaN if nothing rises and falls.

    ValueError, for a learner, when it leaves a part of the axis open.
    """
    if not len(x) or min(x) > REACH * SIZES[0] or max(x) < SIZES[-1] / REACH:
        raise ValueError(f"Draw it over the whole axis, from N = {SIZES[0]:.0f} to {SIZES[-1]:.0f}: the story goes on at the right.")
    y = np.asarray(y, float)
    above = [min(y[i] - y[:i].min(), y[i] - y[i + 1 :].min()) for i in range(1, len(y) - 1)]
    return float(x[1 + int(np.argmax(above))]) if above and max(above) > WOBBLE else float("nan")


# ---- tasks

PLAIN = dict(L=2, beta=1.0, labels="parity", dataset="mnist")


def moved(values: dict[str, Any], held: dict[str, Any]) -> str:
    """What must be put back, in words; "" when nothing but what may change has changed."""
    names = {name: ARGUMENTS[name].long_name if name in ARGUMENTS else name for name in held}
    told = [f"{names[name]} {value:g}" if isinstance(value, float) else f"{names[name]} {value}"
            for name, value in held.items() if values[name] != value]  # fmt: skip
    return f"Only one thing may change here. Put back: {', '.join(told)}." if told else ""


def standing(ds: Any) -> str:
    """The rise of a run in words: "The error rises by 1.2 ± 0.3 points: 4.3 standard errors"."""
    up, se = rise(ds)
    if not up:
        return "Nothing rises: the smallest networks err most"
    return f"The error rises by {up:.1f} ± {se:.1f} percentage points to its highest mean: {up / se:.1f} standard errors"


def no_cusp(most: int = 10**9, **held: Any) -> Any:
    """A goal: no rise that is surely one, with at least 20 seeds, while `held` keeps its values.

    With more than `most` points a rise that does not show is not believed: the peak may stand at the left end of the scan.
    """
    held = PLAIN | held

    def goal(values: dict[str, Any], ds: Any) -> bool | str:
        if wrong := moved(values, held):
            return wrong
        if ds.sizes["seed"] < 20:
            return "With fewer seeds everything drowns, cusps or not. Keep at least 20."
        up, se = rise(ds)
        if up <= SURE * se and values["P"] > most:
            cut = "the peak stands at the left end of this scan, or next to it, and its rise may lie outside"
            return f"{standing(ds)}. But this proves nothing: {cut}. Go on."
        return up <= SURE * se or f"{standing(ds)}. Wanted: fewer than {SURE:g}."

    return goal


def no_rule(values: dict[str, Any], ds: Any) -> bool | str:
    """A goal: at no size does one network, or the mean of all, do better than a coin."""
    best = float(min(np.nanmin(np.nanmean(errors(ds)[1], axis=1)), np.nanmin(averaged(ds))))
    return best > 47 or f"The best of these sizes errs on {best:.0f} % of new points; a coin would on 50 %."


# ---- exercises


def peak_density(ds: Any) -> np.ndarray:
    """N/P of every size whose mean error is within one standard error of the largest. ValueError, for a learner, when nothing rises."""
    N, error = errors(ds)
    mean, se = np.nanmean(error, axis=1), np.nanstd(error, axis=1, ddof=1) / np.sqrt(error.shape[1])
    if rise(ds)[0] <= SURE * rise(ds)[1]:
        raise ValueError("In this run no peak stands out from the seeds, so there is nothing to read. Press Reset there, then check again.")
    return N[mean >= mean.max() - se[top(ds)]] / float(ds.P)


def taken_off(ds: Any) -> float:
    """Percentage points that averaging takes off the error at the size where one network errs most."""
    return float(np.nanmean(errors(ds)[1][top(ds)]) - averaged(ds)[top(ds)])


def best_relative(ds: Any) -> np.ndarray:
    """N/N* of every size at which the mean output of all is as good as the best, within its standard error."""
    N, together = errors(ds)[0], averaged(ds)
    se = 100 * ds.sortby("N").ensemble_error_se.values
    if not np.isfinite(ds.N_star):
        raise ValueError("In this run no size has half of its networks satisfied, so there is no N*. Press Reset there, then check again.")
    best = int(np.nanargmin(together))
    return N[together <= together[best] + se[best]] / float(ds.N_star)


def enough(ds: Any, sure: float = 5.0) -> float:
    """Seeds with which the rise of this run would stand `sure` standard errors high, if it and the spread of the seeds stay as they are."""
    up, se = rise(ds)
    return ds.sizes["seed"] * (sure * se / up) ** 2 if up else float("nan")


def rising(ds: Any) -> dict[str, Any]:
    """Words for a rise that is worked out: both means with their errors, the difference with its own, in standard errors."""
    N, error = errors(ds)
    high = top(ds)
    low = int(np.nanargmin(np.nanmean(error[: high + 1], axis=1)))
    mean, se = np.nanmean(error, axis=1), np.nanstd(error, axis=1, ddof=1) / np.sqrt(error.shape[1])
    up, of_up = rise(ds)
    return dict(N_low=int(N[low]), N_high=int(N[high]), low=mean[low], low_se=se[low], high=mean[high], high_se=se[high],
                up=up, se=of_up, sure=up / of_up, seeds=error.shape[1], four=4 * error.shape[1], P=int(ds.P))  # fmt: skip


def at(ds: Any, N: int) -> dict[str, Any]:
    """Words for what an average does to networks with N weights: their scatter, what they share, their errors, how many fit."""
    place = int(np.abs(ds.N.values - N).argmin())
    one, seeds = ds.isel(width=place), ds.sizes["seed"]
    scatter, shared = float(one.fluctuation), float(one.f_mean_rms)
    return dict(N=int(one.N), P=int(ds.P), seeds=seeds, root=seeds**0.5, scatter=scatter, shared=shared, left=scatter / seeds**0.5,
                both=float(np.hypot(shared, scatter / seeds**0.5)), relative=scatter / shared,
                single=100 * float(one.test_error.mean()), mean=100 * float(one.ensemble_error[-1]),
                fit=int((one.state == "sat").sum()), h=int(one.h))  # fmt: skip


def beside(ds: Any, small: int, large: int) -> dict[str, Any]:
    """The words of `at` for two sizes, the second with an ending: N, N_wide, single, single_wide, …"""
    return {**at(ds, small), **{f"{name}_wide": value for name, value in at(ds, large).items()}}
