"""Apps of chapter 4: the test error against N, and what it is made of. One axis of N for all of them, with the jump of chapter 3 in it."""

import itertools
from functools import cache, lru_cache
from typing import Any

import numpy as np

from .. import data, network, sweep
from ..app import App, Ladder, Menu, Rung, Steps
from ..app.controls import write
from ..generalization.cusp import stopping_times
from ..jamming.training import expected_jump
from .jamming import DATA, LABELS, SHARPNESS, WIDTH, count, d, tally

POINTS = Steps([100, 150, 200, 300, 500, 700, 1000], unit="points")
BUDGETS = Steps([6, 12, 25, 50, 100, 200, 400], unit="iterations")
SMALLEST, LARGEST = 38, 1420  # N at the ends of every scan: the picture's axis holds no more
FINEST = 1.06  # the least ratio of neighbouring sizes
MORE = dict(beta=SHARPNESS, seeds=(2, 32), labels=LABELS, dataset=DATA, data_seed=(0, 9))
OPEN_MARKS = (
    "Open marks are unfinished: the loss still more than halved in the last 10 iterations when the budget ended."
)


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
    called = {name: value for name, value in values.items() if name not in ("stop", "average", "stored")}
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
    words = f"mean error of one network {percent(single[most])} at most (N = {N[most]:.0f}), {percent(single[last])} at N = {N[last]:.0f}"
    return f"{words}; of the mean output of {seeds} {percent(average[best])} at best (N = {N[best]:.0f})"


def star_told(ds: Any) -> str:
    at = float(ds.N_star)
    return f"N* = {at:.0f}" if np.isfinite(at) else "no threshold inside these sizes yet"


def mean_error(errors: Any) -> np.ndarray:
    """Mean over seeds; NaN where no seed is known."""
    errors = np.asarray(errors, float)
    known = np.isfinite(errors)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, errors, 0).sum(-1) / known.sum(-1))


def descent_status(ds: Any, values: dict[str, Any]) -> str:
    told = errors_told(mean_error(ds.test_error), ds.ensemble_error[-1], ds.N, ds.sizes["seed"])
    size = mean_error(ds.f_rms)
    largest = f"; f is largest at N = {float(ds.N[int(np.nanargmax(size))]):.0f}" if np.isfinite(size).any() else ""
    known = int((ds.state.values != "waiting").any(-1).sum())
    stored = behind_descent(values)
    behind = "" if stored is None else f"; behind, {stored.attrs['label']}: {star_told(stored)}"
    return (f"{star_told(ds)} (P = {int(ds.P)}); {told}{largest}; {count(known, 'size')} × {count(ds.sizes['seed'], 'network')}, "
            f"{count(int(values['budget']), 'iteration')}{behind}")  # fmt: skip


STORED = ("descent_5000", "descent_talk", "descent_talk_5000")  # the sweeps that may come with the package
ALONE = "no"


@cache
def stored_scans() -> dict[str, tuple[str, Any]]:
    """Every scan that is stored: key → (what it is, Dataset as from `double_descent`). Empty when no sweep comes with the package."""
    found: dict[str, tuple[str, Any]] = {}
    for name in (name for name in STORED if name in sweep.packaged()):
        replay = sweep.replay(name)
        axes = {axis: values for axis, values in replay.grid.axes.items() if axis != "seeds"}
        for place in itertools.product(*axes.values()):
            chosen = dict(zip(axes, place, strict=True))
            try:
                ds = replay(**chosen)
            except ValueError:  # a cell that is not computed
                continue
            held = {**replay.grid.fixed, **chosen}
            alpha = "" if held.get("alpha") is None else f", α̃ = {held['alpha']:.3g}"
            recipe = "gradient flow as in the talk" if held.get("recipe") == "talk" else "the same descent"
            words = f"stored: P = {int(ds.P)}, {recipe}{alpha}, {ds.sizes['seed']} seeds"
            told = [write(value) for axis, value in chosen.items() if axis == "P" or len(axes[axis]) > 1]
            found["_".join([name, *told])] = (words, ds.assign_attrs(label=words))
    return found


def behind_descent(values: dict[str, Any]) -> Any:
    """The stored scan that the learner asked for, or None."""
    return stored_scans().get(values.get("stored", ALONE), ("", None))[1]


def behind_control() -> dict[str, Any]:
    """A menu of what is stored; no control where nothing is."""
    if not stored_scans():
        return {}
    return dict(
        stored=Menu(
            {ALONE: "live networks alone", **{key: words for key, (words, _) in stored_scans().items()}}, sign="behind"
        )
    )


BEHIND = behind_control()
double_descent = App(
    name="double_descent",
    title="The error of one network has a peak near jamming; beyond it the error falls, and levels off",
    source="double_descent",
    picture="generalization:double_descent",
    controls=dict(P=POINTS, L=(1, 5), budget=BUDGETS),
    more={**MORE, **BEHIND},
    start=dict(P=300, L=2, budget=100),
    arguments=scan_arguments,
    view=tuple(BEHIND),
    behind=behind_descent,
    presets={
        "the peak, seen clearly: more points": dict(P=1000),
        "four times the iterations": dict(budget=400),
        "three layers": dict(L=3),
    },
    status=descent_status,
    size=(900, 470),
    narrow=(380, 680),
    caption="Each dot is one network; the dots of one size are spread sideways to be counted. Errors are shares of 10 000 digits that no "
            "network was trained on. The mean output adds the answers of all networks of a size and takes the sign of the sum.",
    note=OPEN_MARKS,
)  # fmt: skip


@lru_cache(maxsize=64)
def stops(budget: int) -> tuple[Rung, ...]:
    """The stopping times of a run, as `early_stopping` has them."""
    return tuple(Rung(float(t), int(t), f"after {t} of {int(budget)}") for t in stopping_times(int(budget)))


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
        words += f"; the highest mean lies {100 * rise:.1f} points above that of the widest networks, {100 * end:.1f} at the end"
    return f"{words}; {star_told(ds)}, P = {int(ds.P)}, {count(ds.sizes['seed'], 'network')} a size"


def cusp(mean: Any) -> float:
    """The largest mean error less that of the widest networks."""
    known = np.isfinite(mean)
    return float(np.max(mean[known]) - mean[known][-1]) if known.any() else float("nan")


stopping = App(
    name="stopping",
    title="Stopped at a good moment, training leaves no peak: it is made late, where networks hardly fit",
    source="early_stopping",
    picture="generalization:stopping",
    controls=dict(
        stop=Ladder("stop", lambda values: list(stops(int(values["budget"]))), follows=("budget",),
                    long_name="iteration at which training stops"),
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
    narrow=(380, 640),
    view=("stop",),
    caption="The black circles are the mean error when all networks stop at this iteration; the squares are the error of their mean "
            "output. One training of each network, looked at on its way: moving the stopping time trains nothing anew. A network that "
            "fits all its points has stopped by itself.",
)  # fmt: skip


@lru_cache(maxsize=8)
def pairs(dataset: str) -> tuple[Rung, ...]:
    """The first pairs of test points that a line can join, by what they show."""
    classes = data.images(dataset, P=2 * PAIRS, split="test").label if dataset == "mnist" else None
    told = [
        f"{classes[2 * i]} and {classes[2 * i + 1]}" if classes is not None else f"pair {i + 1}" for i in range(PAIRS)
    ]
    return tuple(Rung(float(i + 1), i, words) for i, words in enumerate(told))


PAIRS = 12


def line_status(ds: Any, values: dict[str, Any]) -> str:
    words = f"N/P = {float(ds.N) / float(ds.P):.2f} (N = {int(ds.N)}, P = {int(ds.P)}): {tally(ds.state)}"
    if np.isfinite(ds.fluctuation):
        alone = percent(mean_error(ds.test_error))
        words += (f"; they differ from their mean by ‖f − f̄‖ = {float(ds.fluctuation):.3g} (root mean square); "
                  f"one network errs on {alone}, the mean output on {percent(ds.ensemble_error_all)}")  # fmt: skip
    return f"{words}; {count(ds.sizes['seed'], 'network')}, {count(int(ds.iterations), 'iteration')}"


twenty_networks = App(
    name="twenty_networks",
    title="Below N*, where networks are stuck, they disagree most; above N*, less and less",
    source="decision_line",
    picture="generalization:twenty_networks",
    controls=dict(
        h=WIDTH,
        which=Ladder("pair", lambda values: list(pairs(values["dataset"])), follows=("dataset",), long_name="which two digits"),
        P=POINTS,
    ),
    more=dict(L=(1, 5), budget=BUDGETS, **MORE),
    start=dict(h=4.5, which=0, P=300, L=2, budget=100),
    presets={
        "where they barely fit": dict(h=4.5),
        "large enough": dict(h=14.0),
        "too small": dict(h=2.5),
        "more points": dict(P=1000, h=7.0),
    },
    status=line_status,
    trail="h",
    narrow=(380, 680),
    caption="Each thin line is one network, asked on the straight way from one test digit to another (beyond ±1 the axis is logarithmic); "
            "the thick one is the mean of all. Move N/P: the numbers of every size you visit stay, and N* lies in the grey range: between "
            "the largest size at which fewer than half of the networks fit and the next one visited.",
    note="Yellow lines are unfinished: their loss still more than halved in the last 10 iterations when the budget ended.",
)  # fmt: skip


@lru_cache(maxsize=64)
def numbers(seeds: int) -> tuple[Rung, ...]:
    """How many of the networks are averaged."""
    return tuple(Rung(float(n), n, f"{n} of {int(seeds)}") for n in range(1, int(seeds) + 1))


def averaging_status(ds: Any, values: dict[str, Any]) -> str:
    n = min(int(values["average"]), ds.sizes["average"])
    told = ds.ensemble_error.values[n - 1]
    known = np.isfinite(told)
    if not known.any():
        return f"no test error yet, P = {int(ds.P)}"
    N, rows = ds.N.values, np.where(known, told, np.nan)
    most, best = int(np.nanargmax(rows)), int(np.nanargmin(rows))
    words = (f"the mean output of {count(n, 'network')} errs on {percent(rows[most])} at most (N = {N[most]:.0f}) "
             f"and {percent(rows[best])} at best (N = {N[best]:.0f}); {star_told(ds)}")  # fmt: skip
    slope, error = float(ds.variance_slope), float(ds.variance_slope_se)
    if np.isfinite(slope):
        words += f"; above N* the variance of f falls as N^({slope:.2f} ± {error:.2f})"
    return f"{words}; P = {int(ds.P)}, {count(ds.sizes['seed'], 'network')} a size, {count(int(values['budget']), 'iteration')}"


averaging = App(
    name="averaging",
    title="Averaging the outputs of networks flattens the peak: what it removes is their fluctuation",
    source="ensemble",
    picture="generalization:averaging",
    controls=dict(
        average=Ladder("n", lambda values: list(numbers(values["seeds"])), follows=("seeds",), long_name="networks averaged"),
        P=POINTS,
        budget=BUDGETS,
    ),
    more=dict(L=(1, 5), **MORE),
    start=dict(P=300, L=2, budget=100, seeds=20, average=5),
    arguments=scan_arguments,
    presets={
        "one alone": dict(average=1),
        "two": dict(average=2),
        "all twenty": dict(average=20),
        "more points": dict(P=700, average=20),
    },
    status=averaging_status,
    view=("average",),
    size=(900, 460),
    narrow=(380, 760),
    caption="The outputs are averaged, then the sign is taken: this is not the mean of the errors. Moving n computes nothing. Groups of n "
            "share networks, so the bars (from group to group) are no independent errors.",
)  # fmt: skip


def explosion_status(ds: Any, values: dict[str, Any]) -> str:
    size = np.where(ds.N.values > float(ds.N_star), ds.f_rms_sat.values, np.nan)  # none while there is no N*
    words = star_told(ds)
    if np.isfinite(size).any():
        place = int(np.nanargmax(size))
        words += f"; above it satisfied networks have at most ‖f‖ = {size[place]:.3g} (median, at N = {float(ds.N[place]):.0f})"
    plain, above = (float(ds[name]) for name in ("exponent", "exponent_background"))
    if np.isfinite(plain):
        words += (f"; ‖f‖ ∝ (N − N*)^({plain:.2f} ± {float(ds.exponent_se):.2f}), or less a constant of {float(ds.background):.2g} "
                  f"({above:.2f} ± {float(ds.exponent_background_se):.2f}); predicted: −1")  # fmt: skip
    elif float(ds.progress) >= 1:
        words += "; too few sizes with satisfied networks for an exponent"
    return f"{words}; P = {int(ds.P)}, {count(ds.sizes['seed'], 'network')} a size, {count(int(values['budget']), 'iteration')}"


explosion = App(
    name="explosion",
    title="How does the size of f grow towards jamming?",
    source="explosion",
    picture="generalization:explosion",
    controls=dict(P=POINTS, L=(1, 5), budget=Steps([50, 100, 200, 400, 800], unit="iterations")),
    more=dict(beta=SHARPNESS, seeds=(4, 32), data_seed=(0, 9)),
    start=dict(P=300, L=2, budget=400, seeds=24),
    presets={
        "more points": dict(P=700),
        "fewer iterations": dict(budget=100),
        "other digits": dict(data_seed=1),
    },
    status=explosion_status,
    size=(900, 450),
    narrow=(380, 640),
    caption="On the right, satisfied networks alone, fitted above 1.08 N* (nearer, N − N* is no longer than its error). "
            "The predicted line has the slope −1; its height is not predicted.",
    note=OPEN_MARKS,
)  # fmt: skip


REACHES = {80: "neurons a layer to 80", 128: "to 128", 200: "to 200 (minutes)"}
WIDTHS = (8.0, 12.0, 20.0, 32.0, 50.0, 80.0, 128.0, 200.0)


def slow_arguments(values: dict[str, Any]) -> dict[str, Any]:
    """The experiment's arguments: all widths as far as the largest asked for."""
    called = {name: value for name, value in values.items() if name != "reach"}
    return dict(called, widths=tuple(h for h in WIDTHS if h <= values["reach"]))


def slow_status(ds: Any, values: dict[str, Any]) -> str:
    words = []
    for regime, name in (("flow", "gradient flow"), ("adam", "Adam")):
        one = ds.sel(regime=regime)
        if np.isfinite(one.fluctuation_slope):
            words.append(f"{name}: ‖f − f̄‖ ∝ N^({float(one.fluctuation_slope):.2f} ± {float(one.fluctuation_slope_se):.2f}), "
                         f"error above its limit ∝ N^({float(one.excess_slope):.2f} ± {float(one.excess_slope_se):.2f})")  # fmt: skip
    states = ds.sel(regime="flow").state.values
    trained, open_ = int((states != "waiting").any(-1).sum()), int((states == "unfinished").sum())
    told = "; ".join(words) or "slopes are told when all sizes are trained"
    left = f"; {count(open_, 'network')} of the flow unfinished" if open_ else ""
    return (f"{told}; predicted for the flow: −1/4 and −1/2{left}; P = {int(ds.P)}, {count(trained, 'size')} × "
            f"{count(ds.sizes['seed'], 'network')}, {count(int(values['budget']), 'iteration')} at most")  # fmt: skip


slow_decrease = App(
    name="slow_decrease",
    title="Beyond jamming the error keeps falling because the output fluctuates less, as slow powers of N",
    source="slow_decrease",
    picture="generalization:slow_decrease",
    controls=dict(P=Steps([50, 100, 200, 300], unit="points"), alpha=Steps([1.0, 10.0, 100.0, 1000.0]),
                  reach=Menu(REACHES, sign="sizes")),
    more=dict(budget=Steps([200, 500, 1500, 3000], unit="iterations"), L=(1, 3), beta=SHARPNESS, seeds=(2, 20), data_seed=(0, 9)),
    start=dict(P=200, alpha=100.0, reach=80, budget=1500, L=2, seeds=8),
    arguments=slow_arguments,
    presets={
        "fewer points: quicker": dict(P=100),
        "as far as N = 42 200 (minutes)": dict(reach=200, seeds=10),
        "features learned: small α̃": dict(alpha=1.0),
    },
    status=slow_status,
    size=(900, 430),
    narrow=(380, 640),
    caption="Twice the same widths: by gradient flow of α̃ (f − f₀), for which the slopes are predicted, and by Adam in the standard "
            "parametrisation, for which they are not. The limit of the error is that of the mean output of the widest networks. "
            "This takes a minute or so.",
    note="Open marks are networks whose flow had not passed all margins when the budget ended.",
)  # fmt: skip
