"""Apps of chapter 4: the test error against N, and what it is made of. One axis of N for all of them, with the jump of chapter 3 in it."""

from functools import lru_cache
from typing import Any

import numpy as np

from .. import network
from ..app import App, Ladder, Rung, Steps
from ..jamming.training import expected_jump
from .jamming import DATA, LABELS, SHARPNESS, count, d, tally

POINTS = Steps([100, 150, 200, 300, 500, 700, 1000], unit="points")
BUDGETS = Steps([6, 12, 25, 50, 100, 200, 400], unit="iterations")
SMALLEST, LARGEST = 38, 1420  # N at the ends of every scan: the picture's axis holds no more
FINEST = 1.06  # the least ratio of neighbouring sizes
MORE = dict(beta=SHARPNESS, seeds=(2, 32), labels=LABELS, dataset=DATA, data_seed=(0, 9))
OPEN_MARKS = "Open marks are unfinished: the loss still more than halved in the last 10 iterations when the budget ended."


@lru_cache(maxsize=64)
def sizes(P: int, L: int, labels: str, dataset: str) -> tuple[float, ...]:
    """Widths evenly spread in log N over the axis, and three more where the jump is expected."""
    wanted = [*np.geomspace(SMALLEST, LARGEST, 12), *(expected_jump(P, labels, dataset) * np.array([0.86, 1.0, 1.16]))]
    found: list[tuple[int, float]] = []
    for N in sorted(N for N in wanted if SMALLEST <= N <= LARGEST):
        h = network.width_for(N, d, L)
        size = network.dense(d, h, L).N
        if size >= SMALLEST / FINEST and (not found or size > FINEST * found[-1][0]):
            found.append((size, h))
    return tuple(h for _, h in found)


def scan_arguments(values: dict[str, Any]) -> dict[str, Any]:
    """The experiment's arguments with the widths of this axis; without them for a P or L that it will refuse by name."""
    called = {name: value for name, value in values.items() if name not in ("stop", "average")}
    P, L = values["P"], values["L"]
    if 2 <= P <= 60_000 and 1 <= L <= 20:
        called["widths"] = sizes(int(P), int(L), values["labels"], values["dataset"])
    return called


def percent(share: Any) -> str:
    return f"{100 * float(share):.1f} %"


def errors_told(single: Any, average: Any, N: Any, seeds: int) -> str:
    """The largest mean error of single networks and that at the widest; the same of the mean output, with its best N. NaN: not known."""
    single, average, N = (np.asarray(v, float) for v in (single, average, N))
    known = np.flatnonzero(np.isfinite(single))
    if not known.size:
        return "no test error yet"
    most, last = known[int(np.argmax(single[known]))], known[-1]
    best = known[int(np.nanargmin(average[known]))] if np.isfinite(average[known]).any() else last
    words = f"mean error of one network {percent(single[most])} at most (at N = {N[most]:.0f}), {percent(single[last])} at N = {N[last]:.0f}"
    return f"{words}; of the mean output of {seeds} {percent(average[best])} at best (at N = {N[best]:.0f})"


def star_told(ds: Any) -> str:
    at = float(ds.N_star)
    return f"N* = {at:.0f}" if np.isfinite(at) else "no threshold inside these sizes yet"


def mean_error(errors: Any) -> np.ndarray:
    """Mean over seeds; NaN where no seed is known."""
    errors = np.asarray(errors, float)
    known = np.isfinite(errors)
    with np.errstate(invalid="ignore"):
        return np.where(known, errors, 0).sum(-1) / known.sum(-1)


def descent_status(ds: Any, values: dict[str, Any]) -> str:
    told = errors_told(mean_error(ds.test_error), ds.ensemble_error[-1], ds.N, ds.sizes["seed"])
    size = mean_error(ds.f_rms)
    largest = f"; f is largest at N = {float(ds.N[int(np.nanargmax(size))]):.0f}" if np.isfinite(size).any() else ""
    known = int((ds.state.values != "waiting").any(-1).sum())
    return (f"{star_told(ds)} (P = {int(ds.P)}); {told}{largest}; {count(known, 'size')} × {count(ds.sizes['seed'], 'network')}, "
            f"{count(int(values['budget']), 'iteration')}")  # fmt: skip


double_descent = App(
    name="double_descent",
    title="The test error rises to a cusp where networks jam, then falls for as long as they grow",
    source="double_descent",
    picture="generalization:double_descent",
    controls=dict(P=POINTS, L=(1, 5), budget=BUDGETS),
    more=MORE,
    start=dict(P=300, L=2, budget=100),
    arguments=scan_arguments,
    presets={
        "the cusp, seen clearly: more points": dict(P=1000),
        "few points: the cusp drowns in the seeds": dict(P=100),
        "stop early": dict(budget=12),
        "random labels": dict(labels="random"),
    },
    status=descent_status,
    caption="Each dot is one network; the dots of one size are spread sideways to be counted. Errors are shares of 10 000 digits that no "
            "network was trained on. The mean output adds the answers of all networks of a size and takes the sign of the sum.",
    note=OPEN_MARKS,
)  # fmt: skip


@lru_cache(maxsize=64)
def stops(budget: int) -> tuple[Rung, ...]:
    """The stopping times of a run, as `early_stopping` has them."""
    times = np.unique(np.geomspace(1, int(budget), STOPS).round().astype(int))
    return tuple(Rung(float(t), int(t), f"after {t} of {int(budget)}") for t in times)


STOPS = 14


def stopping_status(ds: Any, values: dict[str, Any]) -> str:
    place = int(np.abs(np.log(ds.stop.values / max(float(values["stop"]), 1e-9))).argmin())
    mean = mean_error(ds.test_error_trace)
    told = errors_told(mean[place], ds.ensemble_error_trace[place], ds.N, ds.sizes["seed"])
    left = ds.N_delta_trace.values[place]
    known = np.isfinite(left)
    fit = f"{int((left[known] == 0).sum())} of {int(known.sum())} networks fit then"
    rise, end = cusp(mean[place]), cusp(mean[-1])
    words = f"stopped after {count(int(ds.stop[place]), 'iteration')}: {told}; {fit}"
    if np.isfinite(end):
        words += f"; the cusp stands {100 * rise:+.1f} points above the widest networks, {100 * end:+.1f} at the end of {int(values['budget'])}"
    return f"{words}; {star_told(ds)}, P = {int(ds.P)}, {count(ds.sizes['seed'], 'network')} a size"


def cusp(mean: Any) -> float:
    """The largest mean error less that of the widest networks."""
    known = np.isfinite(mean)
    return float(np.max(mean[known]) - mean[known][-1]) if known.any() else float("nan")


stopping = App(
    name="stopping",
    title="Stop training early and the cusp is gone: it is made late, where networks hardly fit",
    source="early_stopping",
    picture="generalization:stopping",
    controls=dict(
        stop=Ladder("stop", lambda values: list(stops(int(values["budget"]))), follows=("budget",), long_name="iteration at which training stops"),
        P=POINTS,
        budget=BUDGETS,
    ),
    more=dict(L=(1, 5), **MORE),
    start=dict(P=300, L=2, budget=100, stop=12),
    arguments=scan_arguments,
    presets={
        "to the end": dict(stop=100),
        "after 5 iterations": dict(stop=5),
        "more points": dict(P=700),
        "random labels": dict(labels="random"),
    },
    status=stopping_status,
    view=("stop",),
    caption="One training of each network, looked at on its way: moving the stopping time computes nothing. A network that fits all its "
            "points has stopped by itself.",
)  # fmt: skip
