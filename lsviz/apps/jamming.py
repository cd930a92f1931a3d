"""Apps of chapter 3: networks jam. Ranges are chosen so that a slider answers within a second at its defaults."""

from functools import lru_cache
from typing import Any

import numpy as np

from .. import network
from ..app import App, Ladder, Menu, Rung, Steps
from . import reference

SMALLEST, LARGEST, FINEST = 0.04, 2.0, 1.025  # N/P at the ends, and the least ratio of neighbouring positions
POINTS = Steps([100, 150, 200, 300, 500, 700, 1000], unit="points")
BUDGETS = Steps([20, 40, 80, 150, 300], unit="iterations")
SHARPNESS = Steps([1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0])
LABELS = Menu({"parity": "odd or even digit", "random": "a coin's answer"}, sign="labels")
DATA = Menu({"mnist": "MNIST digits", "fashion": "Fashion items", "random": "random directions"})
d = 10  # principal components of an image


@lru_cache(maxsize=256)
def ladder(P: int, L: int) -> tuple[Rung, ...]:
    """Every width that differs by one neuron, as N/P. Raises ValueError through `network.dense` for a bad L."""
    rungs: list[Rung] = []
    for neurons in range(int(L), 4000):
        N = network.dense(d, neurons / L, L).N
        if rungs and N > LARGEST * P:
            break
        if N >= SMALLEST * P and (not rungs or FINEST * rungs[-1].at < N / P):
            rungs.append(Rung(N / P, neurons / L, f"{N / P:.3g} (N = {N})"))
    return tuple(rungs)


WIDTH = Ladder("N/P", lambda values: list(ladder(int(values["P"]), int(values["L"]))), follows=("P", "L"), long_name="weights per point")
WHICH = dict(labels=LABELS, dataset=DATA, data_seed=(0, 9))
MORE = dict(L=(1, 5), beta=SHARPNESS, seeds=(1, 32), **WHICH)
OPEN_MARKS = "Open marks are unfinished: the loss still more than halved in the last 10 iterations when the budget ended."


def count(seeds: int, noun: str) -> str:
    return f"{seeds} {noun}" if seeds == 1 else f"{seeds} {noun}s"


def tally(state: Any) -> str:
    """How the seeds ended, in words: "5 stuck, 2 unfinished, 1 satisfied"."""
    words = dict(unsat="stuck", unfinished="unfinished", sat="satisfied", dead="dead", failed="failed", running="training")
    numbers = [(int((np.asarray(state) == name).sum()), said) for name, said in words.items()]
    return ", ".join(f"{n} {said}" for n, said in numbers if n)


def middle(values: Any) -> float:
    """Median of the networks that are not satisfied; 0 when all are. Never an average over both kinds."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values) & (values > 0)]
    return float(np.median(values)) if values.size else 0.0


def ratio_words(ds: Any) -> str:
    """N_Δ/N of one size, and of whom it is the median: never of satisfied and stuck networks together."""
    ratio, left = middle(ds.N_delta) / float(ds.N), {str(word) for word in ds.state.values[ds.N_delta.values > 0]}
    whom = {"unsat": "of the stuck", "running": "of those in training"}.get(next(iter(left))) if len(left) == 1 else ""
    return f"N_Δ/N = {ratio:.2f}" + (f" (median {whom or 'of those not satisfied'})" if left else "")


def one_width_status(ds: Any, values: dict[str, Any]) -> str:
    return (f"N/P = {float(ds.N) / float(ds.P):.2f} (N = {int(ds.N)}, P = {int(ds.P)}): {tally(ds.state)}, {ratio_words(ds)}; "
            f"{count(ds.sizes['seed'], 'seed')}, {count(int(ds.iterations), 'iteration')}")  # fmt: skip


one_width = App(
    name="one_width",
    title="A network is either stuck with N_Δ of the order of N, or it satisfies every point: nothing between",
    source="network_jamming",
    picture="jamming:one_width",
    controls=dict(h=WIDTH, P=POINTS, budget=BUDGETS),
    more=MORE,
    start=dict(h=4.5, P=300, budget=80),
    presets={
        "at jamming": dict(h=4.5),
        "too small": dict(h=3.0),
        "large enough": dict(h=8.0),
        "random labels": dict(h=5.5, labels="random"),
        "five layers, β = 10": dict(L=5, beta=10.0, h=4.2, budget=150),
    },
    status=one_width_status,
    trail="h",
    caption="Eight networks of one size are training on MNIST digits. Move N/P: the dots of every size you visit stay. "
            "The dots of one size are spread sideways to be counted.",
    note=OPEN_MARKS,
)


def transition_widths(values: dict[str, Any]) -> dict[str, Any]:
    """Arguments of network_transition: a wider scan where the jump is known to be smeared, Adam with ReLU when asked."""
    called = {name: value for name, value in values.items() if name not in ("axis", "how", "stored")}
    if values["how"] == "adam":
        called.update(act="relu", optimizer="adam", budget=int(values["budget"]) * ADAM_STEPS)
    if values["how"] == "adam" or smeared(values):
        called["widths"] = sizes(values)
    return called


def smeared(values: dict[str, Any]) -> bool:
    """Deep or nearly sharp networks, which creep for longer than any budget here."""
    return values["beta"] >= 5 or values["L"] >= 4


ADAM_STEPS = 25  # first-order iterations that cost as much as one second-order iteration, roughly


@lru_cache(maxsize=64)
def scan(P: int, L: int, low: float = 0.08, high: float = 1.3, most: int = 10) -> tuple[float, ...]:
    """Widths evenly spread in log N from low to high."""
    rungs = ladder(P, L)
    at = np.array([rung.at for rung in rungs])
    chosen = sorted({int(np.abs(np.log(at / goal)).argmin()) for goal in np.geomspace(low, high, most)})
    return tuple(rungs[i].value for i in chosen)


def sizes(values: dict[str, Any], *about: Any) -> tuple[float, ...] | None:
    """`scan` for these values; None for a P or L that the experiment will refuse by name."""
    P, L = values["P"], values["L"]
    return scan(int(P), int(L), *about) if 2 <= P <= 60_000 and 1 <= L <= 20 else None


def below_words(ds: Any) -> str:
    """N_Δ/N of the stuck networks at the last size below N*."""
    N = ds.N.values
    row = int(np.argmax(np.where(float(ds.N_star) >= N, N, -1)))
    stuck = ds.N_delta.values[row][ds.state.values[row] == "unsat"]
    if not stuck.size:
        return "no network just below is stuck"
    return f"median of the stuck just below: N_Δ/N = {np.median(stuck) / float(N[row]):.2f}"


def outside_words(ds: Any) -> str:
    """Where N* lies when it is not inside the sizes of a scan; before the last one is trained, nothing is known."""
    share, N = (ds.state == "sat").mean("seed").values, ds.N.values
    if not np.isin(ds.state.values, ("waiting", "running")).any():
        if (share >= 0.5).all():
            return f"most fit at every size tried: N* lies below {N.min():.0f}"
        if (share < 0.5).all():
            return f"most do not fit at any size tried: N* lies above {N.max():.0f}"
    return "no threshold inside these sizes yet"


def transition_status(ds: Any, values: dict[str, Any]) -> str:
    seeds, P = ds.sizes["seed"], float(ds.P)
    known = int((ds.state.values != "waiting").any(-1).sum())
    adam = values["how"] == "adam"
    budget = int(values["budget"])
    steps = f"budget {budget} → {budget * ADAM_STEPS} iterations of Adam ({ADAM_STEPS} a unit)" if adam else count(budget, "iteration")
    if np.isfinite(ds.N_star):
        at = float(ds.N_star)
        words = f"half of the networks fit at N*/P = {at / P:.2g} (P/N* = {P / at:.2g}; N* = {at:.0f}, P = {int(P)}); {below_words(ds)}"
    else:
        words = f"{outside_words(ds)} (P = {int(P)})"
    if adam:
        words += "; not the clean jump: ReLU by Adam gives a ramp in so few iterations"
    elif smeared(values):
        words += "; not the clean jump: deep or nearly sharp networks creep for long, and at this budget smear it"
    return f"{words}; {count(known, 'size')} × {count(seeds, 'seed')}, {steps}{behind_words(values)}"


def behind_transition(values: dict[str, Any]) -> Any:
    """The stored networks behind the live ones, where the learner asked for them and there are any."""
    return reference.transition(values) if values["stored"] == "yes" else None


def behind_words(values: dict[str, Any]) -> str:
    """What stands behind, with its budget and its N*, as the end of a sentence; nothing where nothing was asked for."""
    if values["stored"] != "yes":
        return ""
    ds = behind_transition(values)
    if ds is None:
        return "; nothing stored belongs to these networks"
    at = float(ds.N_star) / float(ds.P)
    return f"; behind, {ds.attrs['label']}: N*/P = {at:.2g} (P/N* = {1 / at:.2g})"


transition = App(
    name="transition",
    title="Take parameters away and the network jams at once: N_Δ/N jumps from 0 to order 1",
    source="network_transition",
    picture="jamming:transition",
    controls=dict(P=POINTS, L=(1, 5), budget=BUDGETS),
    more=dict(
        beta=SHARPNESS, seeds=(1, 32), **WHICH,
        how=Menu({"lm": "swish, second-order descent", "adam": "ReLU, Adam (a ramp)"}, sign="descent"),
        axis=Menu({"N/P": "against N/P", "P/N": "against P/N (as on the slide)"}, sign="axis"),
        stored=Menu({"no": "live networks alone", "yes": "stored networks behind"}, sign="behind"),
    ),
    start=dict(P=300, L=2, budget=300, how="lm", axis="N/P", stored="no"),
    arguments=transition_widths,
    presets={
        "more points": dict(P=700),
        "32 networks a size": dict(seeds=32),
        "random labels": dict(labels="random"),
        "five layers, nearly ReLU, against P/N as on the slide: a smear at this budget": dict(L=5, beta=10.0, axis="P/N"),
        "ReLU by Adam, against P/N: a ramp at this budget": dict(how="adam", axis="P/N"),
        "ReLU by Adam, against P/N, stored networks with far more steps behind": dict(
            how="adam", axis="P/N", P=1000, L=3, budget=40, seeds=4, stored="yes"),
    },
    status=transition_status,
    view=("axis", "stored"),
    behind=behind_transition,
    caption="Each dot is one network; the dots of one size are spread sideways to be counted. Sizes nearest to the expected threshold "
            "are trained first. Against P/N, as on the slide of the talk (Mario Geiger's PhD defence), small networks stand on the right.",
    note=OPEN_MARKS,
)  # fmt: skip


def contrast_widths(values: dict[str, Any]) -> dict[str, Any]:
    """Arguments of range_contrast: sizes dense where cross-entropy takes every value that the hinge leaves out."""
    return dict(values, widths=sizes(values, 0.1, 0.5, 8))


def contrast_status(ds: Any, values: dict[str, Any]) -> str:
    said = []
    for name, words in (("hinge", "under the hinge"), ("logistic", "under cross-entropy")):
        ratio = (ds.N_delta.sel(loss_name=name) / ds.N).values
        known = np.isfinite(ratio) & (ds.state.sel(loss_name=name).values != "running")
        said.append(f"{int((known & (ratio > 0) & (ratio < 0.3)).sum())} of {int(known.sum())} {words}")
    return (f"networks between jammed and satisfied (0 < N_Δ/N < 0.3): {' and '.join(said)}; P = {int(ds.P)}, "
            f"{count(ds.sizes['seed'], 'seed')}, {count(int(values['budget']), 'iteration')}")  # fmt: skip


range_contrast = App(
    name="range_contrast",
    title="The hinge leaves a gap between stuck and satisfied networks; under cross-entropy networks fill it",
    source="range_contrast",
    picture="jamming:contrast",
    controls=dict(P=POINTS, budget=BUDGETS, seeds=(1, 32)),
    more=dict(L=(1, 5), beta=SHARPNESS, **WHICH),
    start=dict(P=200, budget=300, seeds=12),
    arguments=contrast_widths,
    presets={"more points": dict(P=300), "other digits": dict(data_seed=1), "random labels": dict(labels="random")},
    status=contrast_status,
    caption="The same networks, starts and points, trained twice. Cross-entropy knows no margin and is never at rest: there N_Δ counts "
            "the points with y f < 1 only to compare, and the descent stops at N_Δ = 0. The dots of one size are spread sideways.",
)


def escape_status(ds: Any, values: dict[str, Any]) -> str:
    seeds, P, N, before = ds.sizes["seed"], float(ds.P), float(ds.N), float(ds.N_before)
    small = tally(ds.state_before) if before < N else tally(ds.state)
    words = f"N/P = {before / P:.2f} (N = {int(before)}, P = {int(P)}): {small}"
    if before < N:
        words += f"; with neurons added N/P = {N / P:.2f} (N = {int(N)}): {tally(ds.state)}, {ratio_words(ds)}"
    return f"{words}; {count(seeds, 'seed')}, 2 × {count(int(values['budget']), 'iteration')}"


escape = App(
    name="escape",
    title="Enough new parameters free a stuck network: directions open, though f has not changed",
    source="escape",
    picture="jamming:escape",
    controls=dict(h=WIDTH, add=Steps([1, 2, 3, 4, 5, 6, 7, 8, 10], unit="neurons per layer"), P=POINTS),
    more=dict(budget=BUDGETS, **MORE),
    start=dict(h=3.0, add=7, P=300, budget=300),
    presets={
        "one neuron a layer: too few": dict(add=1),
        "32 starts": dict(seeds=32),
        "three neurons a layer": dict(add=3),
        "three neurons a layer, random labels": dict(add=3, labels="random"),
        "more points": dict(P=700, h=5.0),
    },
    status=escape_status,
    caption="Small networks are trained until they are stuck; then silent neurons (no later neuron listens to them yet) are added, "
            "and the descent goes on. "
            "N changes on the way, so N_Δ itself is shown, not N_Δ/N.",
)


def threshold_status(ds: Any, values: dict[str, Any]) -> str:
    P, at = float(ds.P), float(ds.N_star)
    known = int((~np.isin(ds.state.values, ("waiting", "running"))).all(-1).sum())
    if np.isfinite(at):
        _, low, high = reference.bracket(ds.isel(width=(~np.isin(ds.state.values, ("waiting", "running"))).all(-1)))
        words = f"P = {P:.0f}: half of the networks fit at N* = {at:.0f} (between {low:.0f} and {high:.0f}; P/N* = {P / at:.2g})"
    else:
        words = f"P = {P:.0f}: {outside_words(ds)}"
    return (f"{words}; {count(known, 'size')} × {count(ds.sizes['seed'], 'seed')}, {count(int(values['budget']), 'iteration')}"
            f"{power_words(values)}")  # fmt: skip


def power_words(values: dict[str, Any]) -> str:
    """The power law of the stored curve that these networks belong to, with its range of P, as the end of a sentence."""
    curve = reference.curve(values)
    if curve is None:
        return ""
    one = reference.thresholds().sel(curve=curve).dropna("P", subset=["N_star"])
    return (f"; stored, P = {int(one.P[0])} to {int(one.P[-1])}: N* ∝ P^{float(one.exponent):.2f} "
            f"(brackets allow {float(one.exponent_low):.2f} to {float(one.exponent_high):.2f})")  # fmt: skip


threshold = App(
    name="threshold",
    title="The more digits, the fewer weights each needs; random labels and random points need N* nearly ∝ P",
    source="network_transition",
    picture="threshold:threshold",
    controls=dict(
        P=POINTS,
        labels=Menu({**LABELS.words, "random": "random labels"}, sign="labels"),
        dataset=Menu({**DATA.words, "random": "random points"}),
    ),
    more=dict(
        loss=Menu({"hinge": "quadratic hinge", "logistic": "cross-entropy"}, sign="loss"),
        budget=BUDGETS, L=(1, 5), beta=SHARPNESS, seeds=(1, 32), data_seed=(0, 9),
    ),
    start=dict(P=300, budget=300, L=2),
    presets={
        "1000 points": dict(P=1000),
        "random labels": dict(labels="random"),
        "random points": dict(dataset="random"),
        "cross-entropy": dict(loss="logistic"),
        "a hasty descent: more weights are needed": dict(budget=40),
    },
    status=threshold_status,
    trail="P",
    behind=lambda values: reference.thresholds(),
    caption="Move P: networks of many sizes are trained on P points, and the mark says at which N half of them fit; it stays while you "
            "go on to another P, and goes when labels, data or anything else but P change. Lines join stored N*, each with its bracket: "
            "the sizes between which half of 16 networks begin to fit. Beside a name stands the power of P that fits its N* best, and how "
            "far the brackets let it turn.",
    size=(900, 480),
    narrow=(380, 780),
)  # fmt: skip
