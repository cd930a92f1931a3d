"""Apps of chapter 3: networks jam. Ranges are chosen so that a slider answers within a second at its defaults."""

from functools import lru_cache
from typing import Any

import numpy as np

from .. import network
from ..app import App, Ladder, Menu, Rung, Steps

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


WIDTH = Ladder("N/P", lambda values: list(ladder(int(values["P"]), int(values["L"]))), follows=("P", "L"), long_name="parameters per point")
MORE = dict(L=(1, 5), beta=SHARPNESS, seeds=(1, 32), labels=LABELS, dataset=DATA, data_seed=(0, 9))


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


def one_width_status(ds: Any, values: dict[str, Any]) -> str:
    ratio, seeds = middle(ds.N_delta) / float(ds.N), ds.sizes["seed"]
    return (f"N_Δ/N = {ratio:.2f} at N/P = {float(ds.N) / float(ds.P):.2f} (N = {int(ds.N)}, P = {int(ds.P)}): {tally(ds.state)}; "
            f"{count(seeds, 'seed')}, {count(int(ds.iterations), 'iteration')}")  # fmt: skip


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
    caption="Eight networks of one size are training on MNIST digits. Move N/P: the dots of every size you visit stay.",
    note="Finite training: 'unfinished' seeds were still descending when the budget ended.",
)


def transition_widths(values: dict[str, Any]) -> dict[str, Any]:
    """Arguments of network_transition: a wider scan where the jump is known to be smeared, Adam with ReLU when asked."""
    called = {name: value for name, value in values.items() if name not in ("axis", "how")}
    if values["how"] == "adam":
        called.update(act="relu", optimizer="adam", budget=int(values["budget"]) * ADAM_STEPS)
    if values["how"] == "adam" or values["beta"] >= 5 or values["L"] >= 4:
        called["widths"] = scan(int(values["P"]), int(values["L"]))
    return called


ADAM_STEPS = 25  # first-order steps that cost as much as one second-order iteration, roughly


@lru_cache(maxsize=64)
def scan(P: int, L: int, low: float = 0.08, high: float = 1.3, most: int = 10) -> tuple[float, ...]:
    """Widths evenly spread in log N from low to high."""
    rungs = ladder(P, L)
    at = np.array([rung.at for rung in rungs])
    chosen = sorted({int(np.abs(np.log(at / goal)).argmin()) for goal in np.geomspace(low, high, most)})
    return tuple(rungs[i].value for i in chosen)


def transition_status(ds: Any, values: dict[str, Any]) -> str:
    seeds, P = ds.sizes["seed"], float(ds.P)
    known = int((ds.state.values != "waiting").any(-1).sum())
    adam = values["how"] == "adam"
    steps = f"{int(values['budget']) * ADAM_STEPS} Adam steps" if adam else count(int(values["budget"]), "iteration")
    if np.isfinite(ds.N_star):
        under = np.flatnonzero(ds.N.values <= float(ds.N_star))
        stuck = middle(ds.N_delta.values[under[-1]]) / float(ds.N.values[under[-1]]) if under.size else 0.0
        words = (f"half of the networks fit at N*/P = {float(ds.N_star) / P:.2f} (N* = {float(ds.N_star):.0f}, P = {int(P)}); "
                 f"the stuck ones just below have N_Δ/N = {stuck:.2f}")  # fmt: skip
    else:
        words = f"no threshold inside these sizes yet (P = {int(P)})"
    if adam:
        words += "; ReLU by Adam at so few steps gives a ramp, not the transition"
    return f"{words}; {count(known, 'size')} × {count(seeds, 'seed')}, {steps}"


transition = App(
    name="transition",
    title="Take parameters away and the network jams at once: N_Δ/N jumps from 0 to order 1",
    source="network_transition",
    picture="jamming:transition",
    controls=dict(P=POINTS, L=(1, 5), budget=BUDGETS),
    more=dict(
        beta=SHARPNESS, seeds=(1, 32), labels=LABELS, dataset=DATA, data_seed=(0, 9),
        how=Menu({"lm": "swish, second order", "adam": "ReLU, Adam (a ramp)"}, sign="descent"),
        axis=Menu({"N/P": "against N/P", "P/N": "against P/N (the slide)"}, sign="axis"),
    ),
    start=dict(P=300, L=2, budget=80, how="lm", axis="N/P"),
    arguments=transition_widths,
    presets={
        "more points": dict(P=700),
        "a longer budget": dict(budget=300),
        "random labels": dict(labels="random"),
        "the slide's setting: five layers, β = 10": dict(L=5, beta=10.0, budget=150, axis="P/N"),
        "ReLU by Adam": dict(how="adam", axis="P/N"),
    },
    status=transition_status,
    view=("axis",),
    caption="Each dot is one network; sizes nearest to the expected jump are trained first.",
)  # fmt: skip


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
    title="Only a loss of finite range jams: the hinge jumps, cross-entropy slides down to zero",
    source="range_contrast",
    picture="jamming:contrast",
    controls=dict(P=POINTS, budget=BUDGETS, seeds=(1, 32)),
    more=dict(L=(1, 5), beta=SHARPNESS, labels=LABELS, dataset=DATA, data_seed=(0, 9)),
    start=dict(P=200, budget=80, seeds=6),
    presets={"more points": dict(P=500), "a longer budget": dict(budget=300), "random labels": dict(labels="random")},
    status=contrast_status,
    caption="The same networks, starts and points, trained twice; N_Δ counts the points below the margin in both.",
)


def escape_status(ds: Any, values: dict[str, Any]) -> str:
    seeds, P, N, before = ds.sizes["seed"], float(ds.P), float(ds.N), float(ds.N_before)
    small = tally(ds.state_before) if before < N else tally(ds.state)
    words = f"N/P = {before / P:.2f} (N = {int(before)}, P = {int(P)}): {small}"
    if before < N:
        words += f"; with neurons added N/P = {N / P:.2f} (N = {int(N)}): {tally(ds.state)}, N_Δ/N = {middle(ds.N_delta) / N:.2f}"
    return f"{words}; {count(seeds, 'seed')}, 2 × {count(int(values['budget']), 'iteration')}"


escape = App(
    name="escape",
    title="Crank up the number of parameters and you are not stuck: new directions open, though f has not changed",
    source="escape",
    picture="jamming:escape",
    controls=dict(h=WIDTH, add=Steps([1, 2, 3, 4, 5, 6, 8, 10], unit="neurons per layer"), P=POINTS),
    more=dict(budget=BUDGETS, L=(1, 5), beta=SHARPNESS, seeds=(1, 32), labels=LABELS, dataset=DATA, data_seed=(0, 9)),
    start=dict(h=3.0, add=4, P=300, budget=80),
    presets={"one neuron more": dict(add=1), "random labels": dict(labels="random"), "more points": dict(P=700, h=5.0)},
    status=escape_status,
    caption="Small networks are trained until they are stuck; then silent neurons are added and the descent goes on.",
)
