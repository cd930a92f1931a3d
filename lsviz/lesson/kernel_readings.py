"""Numbers that lesson 5 reads off a learner's own run: how weights, kernel and spread fall with width, where a frozen kernel fails."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lsviz.lesson.descent_readings import moved

MOVED_AT = np.geomspace(10.0, 640.0, 25)  # h where a curve is drawn over the picture of movements: the ends of its scan
SPREAD_AT = np.geomspace(16.0, 1024.0, 25)  # the same for the spread of Θ over random starts
REACH = 1.3  # how near to both ends of the axis a curve drawn by hand must come
SMOOTH = -1.0  # exponent of ‖f − f_lin‖ in h for a smooth activation
SURE = 3.0  # standard errors


def drawn_factor(ends: np.ndarray) -> Callable[[Any, Any], float]:
    """How many times lower a curve drawn by hand is at the right end than at the left, read off its curve (x, y).

    ValueError, for a learner, when it leaves a part of the axis open.
    """

    def read(x: Any, y: Any) -> float:
        if not len(x) or min(x) > REACH * ends[0] or max(x) < ends[-1] / REACH:
            raise ValueError(f"Draw it over the whole axis, from h = {ends[0]:.0f} to {ends[-1]:.0f}.")
        return float(y[0] / y[-1])

    return read


kernel_drawn, spread_drawn = drawn_factor(MOVED_AT), drawn_factor(SPREAD_AT)


def factor(name: str) -> Callable[[Any], float]:
    """How many times smaller a movement is at the widest than at the narrowest of a run, on the line fitted through it."""

    def read(ds: Any) -> float:
        return float((ds.width.max() / ds.width.min()) ** -float(ds[f"{name}_slope"]))

    return read


def spread_factor(ds: Any, L: int = 2) -> float:
    """How many times smaller the spread of Θ over random starts is at the widest than at the narrowest, at depth L, on the fitted line."""
    if L not in ds.depth.values:
        return float("nan")
    return float((ds.width.max() / ds.width.min()) ** -float(ds.theta_slope.sel(depth=L)))


# ---- tasks


def final_gap(ds: Any) -> tuple[float, float]:
    """‖f − f_lin‖ and the training loss of the median network at the end of training."""
    end = ds.isel(time=-1)
    return float(np.nanmedian(end.f_gap)), float(np.nanmedian(end.train_loss_real))


def frozen_fails(apart: float, least: float, **held: Any) -> Any:
    """A goal: networks of at least `least` neurons a layer that learn, and end `apart` from their tangent planes."""

    def goal(values: dict[str, Any], ds: Any) -> str | tuple[bool, str]:
        if wrong := moved(values, held):
            return wrong.replace("Only one thing", "Only width and depth").replace("may change here", "may change")
        if values["h"] < least:
            return f"That is too easy. Keep at least {least:g} neurons a layer."
        gap, loss = final_gap(ds)
        if loss > 0.01:
            return "These networks have not learned their points themselves (loss above 0.01), so nothing is compared."
        told = f"At the end f of the median network is {gap:.2g} away from what the frozen kernel says"
        return (True, f"{told}.") if gap >= apart else f"{told}; wanted: {apart:g}."

    return goal


def kernels_apart(apart: float, least: float) -> Any:
    """A goal: kernels of networks of at least `least` neurons a layer that differ from Θ∞ by more than `apart` of its size."""

    def goal(values: dict[str, Any], ds: Any) -> bool | str:
        if values["h"] < least:
            return f"Narrow networks are known to differ. Keep at least {least:g} neurons a layer."
        near = float(ds.theta_deviation.min())
        told = f"The nearer of the two is {100 * near:.0f} % away from Θ∞; wanted: {100 * apart:.0f} %."
        return near >= apart or told

    return goal


def slow_gap(above: float, **held: Any) -> Any:
    """A goal: ‖f − f_lin‖ falls more slowly than h to the power `above`, surely more slowly than 1/h."""

    def goal(values: dict[str, Any], ds: Any) -> bool | str:
        if wrong := moved(values, held):
            return wrong
        slope, se = float(ds.f_gap_slope), float(ds.f_gap_slope_se)
        if not np.isfinite(slope) or ds.sizes["width"] < 6:
            return "With so few widths a slope says little. Let h go up to 320 at least."
        told = f"The gap falls as h to the power {slope:.2f} ± {se:.2f}".replace("-", "−")
        reached = slope >= above and slope - SMOOTH >= SURE * se
        return reached or f"{told}; wanted: slower than h to the power {above:g}.".replace("-", "−")

    return goal


# ---- exercises


def wide_enough(ds: Any, spread: float = 0.05, L: int = 2) -> float:
    """The width at which the fitted line of depth L comes down to this spread. ValueError, for a learner, without that depth."""
    if L not in ds.depth.values:
        raise ValueError(f"Your run has no networks with {L} hidden layers. Let L go up to {L} there, then check again.")
    h, found = ds.width.values.astype(float), ds.theta_fluctuation.sel(depth=L).values
    slope = float(ds.theta_slope.sel(depth=L))
    level = float(np.mean(np.log(found) - slope * np.log(h)))
    return float(np.exp((np.log(spread) - level) / slope))


def more_points(ds: Any, less: float = 2.0) -> np.ndarray:
    """How many times more points make the error `less` times smaller, by the exponent of a run and by one standard error to each side."""
    slope, se = float(ds.error_slope), float(ds.error_slope_se)
    if not slope + se < 0:
        raise ValueError("In this run the error does not fall, so no number of points halves it. Press Reset there, then check again.")
    return np.asarray([less ** (-1 / each) for each in (slope - se, slope, slope + se)])


# ---- words


def pull(ds: Any, short: float = 0.8) -> dict[str, Any]:
    """Words for a worked number: one point is lifted by `short`; what Θ∞, and Θ of one network, make of it elsewhere.

    `same`: the point of its class with the largest Θ∞ to it, `other`: that of the other class.
    """
    theta, one, label = ds.theta_infinite.values[0], ds.theta.values[0, 0], ds.label.values
    classes = (label == label[0]), (label != label[0])
    same, other = (int(np.argmax(np.where(chosen & (np.arange(len(label)) > 0), theta, -np.inf))) for chosen in classes)
    return dict(own=theta[0], same=theta[same], other=theta[other], share=theta[same] / theta[0], short=short,
                lifted=short * theta[same] / theta[0], h=int(ds.h), own_h=one[0], same_h=one[same], share_h=one[same] / one[0],
                off=100 * float(ds.theta_deviation[0]))  # fmt: skip


def pulled(ds: Any) -> float:
    """By how much f moves at the other class's point of `pull`."""
    told = pull(ds)
    return float(told["short"] * told["other"] / told["own"])


def little(ds: Any) -> dict[str, Any]:
    """Words for how little weights move, and how much f: the narrowest and the widest of a run, geometric means over networks."""
    said: dict[str, Any] = {}
    for place, end in ((int(ds.width.values.argmin()), "low"), (int(ds.width.values.argmax()), "high")):
        one = ds.isel(width=place)
        said |= {f"{name}_{end}": float(np.exp(np.log(one[name]).mean())) for name in ("w_change", "f_change", "theta_change")}
        said |= {f"h_{end}": int(one.width), f"N_{end}": int(one.N), f"percent_{end}": 100 * said[f"w_change_{end}"]}
    return said


def overfit(ds: Any) -> dict[str, Any]:
    """Words for a learning curve: the first and the last of its sizes, and their errors in per cent."""
    mean = 100 * ds.sortby("size_P").test_error.mean("seed")
    return dict(few=int(mean.size_P[0]), many=int(mean.size_P[-1]), at_few=float(mean[0]), at_many=float(mean[-1]))
