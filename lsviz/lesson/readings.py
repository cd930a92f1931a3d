"""Numbers that a lesson's questions read off a learner's own run: one small function of a Dataset each."""

from typing import Any

import numpy as np

from lsviz.symbols import ARGUMENTS

BETWEEN = (0.02, 0.3)  # N_Δ/N of a network that is neither satisfied nor jammed


def jump(ds: Any) -> float:
    """N*/P: parameters per point at which half of the networks fit."""
    return float(ds.N_star) / float(ds.P)


def ratios(ds: Any) -> np.ndarray:
    """N_Δ/N of every network, widths (if any) first, sorted by N."""
    sized = ds.sortby("N") if "width" in ds.dims else ds
    return np.asarray((sized.N_delta / sized.N).transpose(..., "seed").values, float)


def stuck(ds: Any) -> np.ndarray:
    """N_Δ/N of the stuck networks at the largest size at which more than half of the networks are not satisfied."""
    table = np.atleast_2d(ratios(ds))
    most = np.flatnonzero((table > 0).mean(axis=1) > 0.5)
    if not most.size:
        return np.array([np.nan])
    row = table[most[-1]]
    return row[row > BETWEEN[1]]


def typical(ds: Any) -> dict[str, Any]:
    """Words for a worked number: N_Δ of the median stuck network of one size (`left`), the others (`rest`), N_Δ/N (`ratio`)."""
    counts = np.sort(ds.N_delta.values[ds.N_delta.values > 0])
    left = int(counts[len(counts) // 2])
    return dict(left=left, rest=int(ds.P) - left, ratio=left / float(ds.N))


def left_over(ds: Any) -> float:
    """N_Δ of the median network among those that are not satisfied; NaN when all are."""
    counts = ds.N_delta.values[ds.N_delta.values > 0]
    return float(np.median(counts)) if counts.size else float("nan")


def weights(net: Any) -> float:
    """N of a network or of a run."""
    return float(net.N)


def biases(ds: Any) -> float:
    """Parameters that are not weights."""
    return float(ds.size) - float(ds.N)


def push(ds: Any, network: int = 0) -> float:
    """Mean of ½Δ² over the points that one network of a run leaves: ℒ P/N_Δ. ValueError, for a learner, when there is none."""
    loss, left = float(ds.loss[network]), float(ds.N_delta[network])
    if not loss < 1e6:
        raise ValueError("The first network failed: its numbers left every bound, so there is no loss to compute with. "
                         "Take a smaller step η above, or press Reset there, then check again.")  # fmt: skip
    if not left:
        raise ValueError("The first network leaves no point (N_Δ = 0), so there is nothing to take a mean of. "
                         "Take a smaller budget or a smaller step η above, or press Reset there, then check again.")  # fmt: skip
    return loss * float(ds.P) / left


def power(value: float) -> str:
    """2.2e-09 as "2.2 · 10⁻⁹"."""
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits} · 10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def small_losses(ds: Any) -> dict[str, Any]:
    """Words for the puzzle: the range of losses and of N_Δ, and how small the gaps of the lowest network are."""
    lowest, left = int(np.argmin(ds.loss.values)), ds.N_delta.values.astype(int)
    mean = push(ds, lowest)
    said = dict(low=float(ds.loss.min()), high=float(ds.loss.max()), mean=mean, gap=(2 * mean) ** 0.5)
    words = {f"{name}_words": power(value) for name, value in said.items()}
    return dict(**said, **words, few=left.min(), many=left.max(), left=left[lowest], P=int(ds.P))


def none_between(ds: Any) -> bool:
    """No *finished* network (sat or unsat) lies between 0 and the jump."""
    table, state = ratios(ds), ds.state.transpose(..., "seed").values
    done = (state == "sat") | (state == "unsat")
    return not bool((done & (table > BETWEEN[0]) & (table < BETWEEN[1])).any())


def between(ds: Any) -> int:
    """How many networks lie between: neither at 0 nor above 0.3."""
    table = ratios(ds)
    return int(((table > BETWEEN[0]) & (table < BETWEEN[1])).sum())


def satisfied(ds: Any) -> int:
    """How many networks ended with every point beyond the margin."""
    return int((ds.state == "sat").sum())


def many_between(count: int) -> Any:
    """A goal for break_it: at least `count` networks between 0 and the jump."""

    def goal(values: dict[str, Any], ds: Any) -> bool | str:
        found = between(ds)
        return found >= count or f"{found} of {ds.N_delta.size} networks lie between; {count} are wanted."

    return goal


def loss_climbs(values: dict[str, Any], ds: Any) -> bool | str:
    """A goal: some network of the toy ends with a larger loss than it began with."""
    from lsviz.toy import climbed

    return climbed(ds) > 0 or "The loss of every network ended below its start."


def all_satisfied(values: dict[str, Any], ds: Any) -> bool | str:
    """A goal: every network satisfies every one of 40 points."""
    if values["P"] < 40:
        return "That has made it easier. Keep at least 40 points."
    return satisfied(ds) == ds.sizes["seed"] or f"{satisfied(ds)} of {ds.sizes['seed']} networks satisfy all points."


SIZES = np.geomspace(0.04, 2.0, 35)  # N/P where a curve is drawn on the axes of lesson 3; 1 is among them to 0.3 %
ZERO = 0.03  # of N_Δ/N, about six pixels: what a hand on the zero line may wobble


def reaches_zero(x: np.ndarray, y: np.ndarray) -> float:
    """Where a curve drawn by hand comes down to zero for good; NaN if it never does."""
    above = np.flatnonzero(np.asarray(y) > ZERO)
    if not above.size or above[-1] == len(x) - 1:
        return float("nan") if above.size else float(x[0])
    i = above[-1]
    return float(x[i] + (x[i + 1] - x[i]) * (y[i] - max(y[i + 1], 0)) / (y[i] - y[i + 1]))


def right_side(ds: Any) -> float:
    """Of the unsatisfied points, the share whose sign is right all the same (Δ < 1); NaN when all are satisfied."""
    counts, below = ds.gap_count.sum("seed"), float(ds.N_delta.sum())
    wrong = float(counts.where(ds.gap_bin > 1).sum())
    return 1 - wrong / below if below else float("nan")


def threshold_above(low: float, may_move: str, **held: Any) -> Any:
    """A goal for break_it: N*/P above `low` while `held` (and points, network, descent) keep their values; says what fails."""
    held = dict(P=300, L=2, beta=1.0, how="lm") | held

    def goal(values: dict[str, Any], ds: Any) -> bool | str:
        names = {name: ARGUMENTS[name].long_name if name in ARGUMENTS else name for name in held}
        moved = [f"{names[name]} {value:g}" if isinstance(value, float) else f"{names[name]} {value}"
                 for name, value in held.items() if values[name] != value]  # fmt: skip
        at = jump(ds)
        found = f"N*/P = {at:.2g}" if np.isfinite(at) else "No size here has half of its networks satisfied"
        if moved:
            return f"{found}; but only {may_move} may change here. Put back: {', '.join(moved)}."
        return at > low or f"{found}; wanted is a threshold above {low:g}."

    return goal
