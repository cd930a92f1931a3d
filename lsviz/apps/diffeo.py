"""Apps of chapter 7: smooth deformations at a temperature, noise of the very same size, and which networks mind which of the two."""

from typing import Any

import numpy as np

from .. import nets
from ..app import App, Choices, Ladder, Menu, Rung, Slider, Steps, Together, Upload
from ..diffeo import geometric_mean, grey_levels, temperature_range
from ..diffeo.modes import cutoff_of
from .jamming import count
from .study import FITTED_WORDS, NAMES, SHORT, SPANS, STUDY, study_told

SIDE = nets.SIDE
OWN = 56  # pixels a side of a learner's own picture
OPEN = (2, 12)  # cutoffs at which the allowed range of temperatures is open on 28 pixels
RATIOS = (0.01, 0.0125, 0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.125, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25,
          1.6, 2.0, 2.5, 3.0, 4.0)  # fmt: skip
DATA = Menu({"mnist": "MNIST digits", "fashion": "Fashion items"}, sign="data")
PICTURE = Slider(0, 19)
ESTIMATOR = Menu({"median": "median over pictures", "mean": "mean over pictures"}, sign="typical")


def highest(values: dict[str, Any]) -> float:
    """T_max at these values; at that of c = 2 where ln c is 0."""
    return temperature_range(max(2, cutoff_of(values["c"])), SIDE).T_max


def rungs(values: dict[str, Any]) -> list[Rung]:
    """Temperatures in units of T_max, so that T_max stands at the same place for every c."""
    top = highest(values)
    return [Rung(ratio, float(f"{ratio * top:.6g}"), f"{ratio:g} Tₘₐₓ") for ratio in RATIOS]


def ladder() -> Ladder:
    return Ladder("T/Tₘₐₓ", rungs, follows=("c",), long_name="temperature, in units of the highest allowed")


def at(ratio: float, c: int = 3) -> float:
    """The rung at this ratio."""
    return next(rung.value for rung in rungs(dict(c=c)) if rung.at == ratio)


def percent(share: Any, digits: int = 1) -> str:
    return f"{100 * float(share):.{digits}f} %"


def own_grey(side: int) -> Any:
    """Reads a file as a picture of `side` × `side` grey levels, row by row."""
    return lambda content: tuple(float(f"{v:.4g}") for v in grey_levels(content, side).ravel())


def cross(side: int) -> tuple[float, ...]:
    """A drawn example of an own picture: a cross in a frame."""
    line = np.abs(np.arange(side) - (side - 1) / 2) / side
    far = np.maximum(line[:, None], line)
    near = np.minimum(line[:, None], line)
    return tuple(float(v) for v in ((near < 0.06) & (far < 0.36) | (np.abs(far - 0.36) < 0.04)).ravel())


def temperature_told(ds: Any) -> str:
    """T in units of T_max, and δ as it is and as the authors have it."""
    T, top, n = float(ds.T), float(ds.T_max), ds.sizes["pixel_row"]
    ratio = f"T = {T / top:.3g} T_max ({T:.2e})" if np.isfinite(top) else f"T = {T:.2e}"
    authors = f" (authors' formula: {float(ds.delta_leading_log):.3g})" if np.isfinite(ds.delta_leading_log) else ""
    return f"{ratio}, c = {int(ds.c)}: δ = {float(ds.delta):.3g} of {n} pixels{authors}"


def range_told(ds: Any) -> str:
    """On which side of the allowed temperatures T lies."""
    T, low, top = float(ds.T), float(ds.T_min), float(ds.T_max)
    if T / low < 1:
        return "below T_min, where hardly a pixel moves"
    return "above T_max" if T / top > 1 + 1e-4 else "within the allowed range"


def temperature_status(ds: Any, values: dict[str, Any]) -> str:
    share = np.asarray(ds.fold_share)
    told = f"{temperature_told(ds)}; {range_told(ds)}"
    if not np.isfinite(share).all():
        return told
    area = f", {percent(share.mean(), 2)} of all area" if share.any() else ""
    return f"{told}; {int((share > 0).sum())} of {count(share.size, 'draw')} {'folds' if (share > 0).sum() == 1 else 'fold'}{area}"


temperature = App(
    name="temperature",
    title="A temperature says how far random smooth maps bend a picture, and beyond T_max most of them fold it",
    source="deformation",
    picture="diffeo:temperature",
    controls=dict(T=ladder(), c=Slider(*OPEN), picture=PICTURE),
    more=dict(
        pixels=Upload(own_grey(OWN), cross(OWN)),
        dataset=DATA,
        interpolation=Menu({"bilinear": "bilinear", "gaussian": "gaussian (smooths)", "nearest": "nearest pixel"}, sign="read by"),
        seeds=(1, 32),
    ),
    start=dict(T=at(0.3), c=3, picture=0, seeds=16),
    presets={
        "hardly moved: below Tₘᵢₙ": dict(T=at(0.02)),
        "the paper's: authors' δ of one pixel": dict(T=at(0.125)),
        "at Tₘₐₓ": dict(T=at(1.0)),
        "many short waves at Tₘₐₓ": dict(c=12, T=at(1.0, 12)),
        "far too hot": dict(T=at(4.0)),
    },
    status=temperature_status,
    trail="T",
    doing="looking for folds",
    narrow=(380, 742),
    caption="Each arrow ends at a pixel and begins where its grey level came from. Red: there the map is not one to one. The border stays "
            "where it is, and is not counted in the histogram.",
)  # fmt: skip


STORED = Menu({name: NAMES[name] for name in nets.STORED}, sign="network")
STAGE = Menu({"after": "trained", "before": "not trained"}, sign="weights")


def ratio_of(ds: Any, stage: str) -> tuple[float, float, float]:
    """Median over draws of both changes, and the ratio of these medians, as R_f is one of typical values."""
    one = ds.sel(stage=stage)
    d, g = (np.asarray(one[name], float) for name in ("change_deformed", "change_noisy"))
    known = np.isfinite(d) & np.isfinite(g)
    if not known.any():
        return (float("nan"),) * 3
    typical_d, typical_g = float(np.median(d[known])), float(np.median(g[known]))
    return typical_d, typical_g, typical_d / typical_g if typical_g > 0 else float("nan")


def noise_status(ds: Any, values: dict[str, Any]) -> str:
    words = [temperature_told(ds)]
    for stage, name in (("after", "trained"), ("before", "not trained")):
        d, g, ratio = ratio_of(ds, stage)
        if np.isfinite(ratio):
            words.append(f"{name}, the deformation moves the outputs by {d:.2g}, noise of the same size by {g:.2g}: ratio {ratio:.2g}")
    if len(words) == 1:
        words.append("no answers yet")
    return f"{NAMES[values['net']]}: {'; '.join(words)}; median of {count(ds.sizes['seed'], 'draw')} on this picture"


same_noise = App(
    name="same_noise",
    title="At the very same size, which moves a network's outputs more: a smooth deformation, or noise?",
    source="same_size",
    picture="diffeo:same_noise",
    controls=dict(T=ladder(), net=STORED, stage=STAGE),
    more=dict(c=Slider(*OPEN), picture=PICTURE, pixels=Upload(own_grey(SIDE), cross(SIDE)), seeds=(1, 32)),
    start=dict(T=at(0.125), c=3, net="fc3", stage="after", picture=0, seeds=16),
    view=("stage",),
    presets={
        "fully connected": dict(net="fc3"),
        "residual network": dict(net="resnet_bn"),
        "LeNet": dict(net="lenet"),
        "VGG, hot": dict(net="vgg_bn", T=at(0.5)),
    },
    status=noise_status,
    doing="asking the networks",
    narrow=(380, 760),
    caption="The noise has exactly the length of what the deformation changed in the picture, ‖η‖ = ‖τx − x‖, draw by draw. Changes of the "
            "outputs are squared and in units of the typical distance between the outputs of two pictures.",
)  # fmt: skip


GROUPS = {
    "+".join(nets.STORED): "all six that are stored",
    "fc3+lenet+resnet_bn": "fully connected, LeNet, ResNet",
    "fc3": "fully connected alone",
    "conv_bn+vgg_bn+resnet_bn": "those with batch norm",
}
CURVE = (0.01, 0.02, 0.04, 0.08, 0.125, 0.2, 0.4, 0.6, 1.0, 1.6, 2.5)  # T/T_max of the curve


def curve_rungs(values: dict[str, Any]) -> list[Rung]:
    return [rung for rung in rungs(values) if rung.at in CURVE]


def curve_arguments(values: dict[str, Any]) -> dict[str, Any]:
    """All networks at all temperatures of the curve."""
    called = {name: value for name, value in values.items() if name not in ("T", "group")}
    return dict(called, net=tuple(values["group"].split("+")), temperatures=tuple(rung.value for rung in curve_rungs(values)))


def place_of(ds: Any, T: float) -> int:
    """The temperature of the curve nearest to T in ratio."""
    return int(np.abs(np.log(np.asarray(ds.temperature, float) / max(float(T), 1e-12))).argmin())


def stable_status(ds: Any, values: dict[str, Any]) -> str:
    k = place_of(ds, values["T"])
    top = float(np.ravel(ds.T_max)[0])
    T = float(ds.temperature[k])
    delta = float(np.ravel(ds.delta.isel(temperature=k))[0])
    words = [f"T = {T / top:.3g} T_max, c = {int(values['c'])}: δ = {delta:.3g} of {SIDE} pixels"]
    for name in ds.network.values:
        before, after = (geometric_mean(ds.R_f.sel(network=name, stage=stage).values[k]) for stage in ("before", "after"))
        if np.isfinite(after) or np.isfinite(before):
            words.append(f"{SHORT[name]} R_f {told(before)} → {told(after)}")
    return f"{'; '.join(words)} (before → after training); {count(ds.sizes['seed'], 'seed')}, {int(values['probe'])} pictures"


def told(R: float) -> str:
    return f"{R:.2g}" if np.isfinite(R) else "…"


def trained_on() -> str:
    """How many digits the stored networks were trained on."""
    return " or ".join(map(str, sorted({int(nets.story(name)["P"]) for name in nets.STORED})))


who_is_stable = App(
    name="who_is_stable",
    title="Before training every network minds deformations about as much as noise; training takes them far apart",
    source=Together("stability_curve", "net", "network", nets.STORED),
    picture="diffeo:who_is_stable",
    controls=dict(T=Ladder("T/Tₘₐₓ", curve_rungs, follows=("c",), long_name="temperature, in units of the highest allowed"),
                  c=Slider(*OPEN), group=Menu(GROUPS, sign="networks")),
    more=dict(estimator=ESTIMATOR, probe=Steps([50, 100, 200, 500], unit="pictures"), seeds=(1, 3)),
    start=dict(T=at(0.125), c=3, group=next(iter(GROUPS)), probe=100, seeds=3),
    arguments=curve_arguments,
    view=("T",),
    presets={
        "hot": dict(T=at(1.0)),
        "cold": dict(T=at(0.02)),
        "shorter waves": dict(c=8, T=at(0.125, 8)),
        "the paper's 500 pictures": dict(probe=500),
    },
    status=stable_status,
    doing="deforming and asking",
    narrow=(380, 760),
    caption=f"Open marks: before training; filled: after it (one stored network each, trained on {trained_on()} MNIST digits). Moving T "
            "computes nothing.",
)  # fmt: skip


SETS = {
    "fc3+lenet+stride_bn+resnet_bn": "four architectures",
    "fc1+fc3+fc3_bn": "fully connected ones",
    "lenet+lenet_bn+stride+stride_bn": "batch norm or not",
    "conv_bn+vgg_bn+resnet_bn": "mean over pixels at the end",
}


def learned_arguments(values: dict[str, Any]) -> dict[str, Any]:
    called = {name: value for name, value in values.items() if name != "group"}
    return dict(called, nets=tuple(values["group"].split("+")))


def learned_status(ds: Any, values: dict[str, Any]) -> str:
    words = []
    known = np.isfinite(ds.R_f_trace).any(("network", "seed")).values
    if not known.any():
        return f"nothing measured yet, P = {int(ds.P)}"
    step = int(ds.step.values[np.flatnonzero(known)[-1]])
    for name in ds.network.values:
        one = ds.sel(network=name)
        if not np.isfinite(one.test_error).any():
            continue  # not asked yet
        start, now = geometric_mean(one.R_f_trace.values[0]), geometric_mean(one.R_f.values)
        words.append(f"{SHORT[name]} R_f {told(start)} → {told(now)}, error {percent(np.nanmean(one.test_error), 0)}")
    how = f"δ = {float(ds.delta):.3g} pixels, {count(ds.sizes['seed'], 'seed')}"
    return f"after {count(step, 'step')} on P = {int(ds.P)}: {'; '.join(words)}; {how}"


learned_not_born = App(
    name="learned_not_born",
    title="Stability to deformations is learned by some networks, and unlearned by others: they start alike",
    source="stability_training",
    picture="diffeo:learned_not_born",
    controls=dict(P=Steps([64, 128, 256, 512, 1000, 2000], unit="pictures"), budget=Steps([30, 100, 300, 1000], unit="steps"),
                  group=Menu(SETS, sign="networks")),
    more=dict(training=Menu({"plain": "Adam", "paper": "as in the paper: SGD, weight decay"}, sign="training"), dataset=DATA, T=ladder(),
              c=Slider(*OPEN), estimator=ESTIMATOR, seeds=(1, 3)),
    start=dict(P=512, budget=300, group=next(iter(SETS)), T=at(0.125), c=3, seeds=1),
    arguments=learned_arguments,
    presets={
        "four times the pictures": dict(P=2000),
        "the paper's recipe": dict(training="paper"),
        "Fashion items": dict(dataset="fashion"),
        "does batch norm matter?": dict(group="lenet+lenet_bn+stride+stride_bn"),
    },
    status=learned_status,
    narrow=(380, 760),
    caption="Live: these networks train now, on the same pictures. The start stands at the left, at step 0.",
)  # fmt: skip


POINTS = (64, 256, 1024, 4096)


stability_error = App(
    name="stability_error",
    title="A small R_f goes with a small error among digits, once a thousand were learned; not with fewer, nor among clothes",
    source=STUDY,
    picture="diffeo:stability_error",
    controls=dict(
        P=Steps(list(POINTS), unit="pictures"),
        unfitted=Menu(FITTED_WORDS, sign="unfitted"),
        included=Choices({name: SHORT[name] for name in STUDY.nets}, sign="networks"),
    ),
    more=dict(
        dataset=DATA,
        span=Menu(SPANS, sign="points"),
        authors=Menu({"yes": "beside ours", "no": "hidden"}, sign="authors"),
    ),
    start=dict(P=1024, dataset="mnist", unfitted="no", span="one", authors="yes"),
    view=("authors",),
    presets={
        "clothes, with those that do not fit": dict(dataset="fashion", P=4096, unfitted="yes"),
        "all P together": dict(span="all"),
        "without the fully connected": dict(included="+".join(n for n in STUDY.nets if not n.startswith("fc"))),
        "Fashion items": dict(dataset="fashion"),
    },
    status=study_told,
    narrow=(380, 880),
    caption="Stored: every network was trained before. A network has fitted when its training loss is below 0.2. The bar is the "
            "bootstrap error of the rank correlation: networks drawn again.",
    note="The authors' points are preliminary (February 2021), of other networks at another δ: they enter no correlation.",
)  # fmt: skip
