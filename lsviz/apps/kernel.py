"""Apps of chapter 5: the tangent kernel of random networks, the surface of functions and its plane, and how little a wide network moves."""

from functools import lru_cache
from typing import Any

import numpy as np

from ..app import App, Ladder, Menu, Rung, Steps
from ..kernel.dynamics import sampled_times
from .jamming import DATA, LABELS, SHARPNESS, count

ACT = Menu({"swish": "swish", "relu": "ReLU", "erf": "erf", "tanh": "tanh"}, sign="activation")
HALF_OCTAVES = [4.0, 6.0, 8.0, 11.0, 16.0, 23.0, 32.0, 45.0, 64.0, 91.0, 128.0, 181.0, 256.0, 362.0, 512.0]
LIMIT = "Θ∞ is a formula: no weights, no sampling."


def share(value: Any) -> str:
    """A relative number in per cent."""
    percent = 100 * float(value)
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"


def law(slope: Any, error: Any, letter: str = "h") -> str:
    """An exponent in words; empty where it is not known."""
    if not np.isfinite(slope):
        return ""
    known = f" ± {float(error):.2f}" if np.isfinite(error) else ""
    return f"{letter}^({float(slope):.2f}{known})".replace("(-", "(−")


DRAWS = Ladder("draw", lambda values: [Rung(k + 1.0, k, f"networks {k + 1} and {k + 2}") for k in range(60)],
               long_name="which random weights")  # fmt: skip


def map_arguments(values: dict[str, Any]) -> dict[str, Any]:
    """Two networks: their seeds are this draw and the next."""
    called = {name: value for name, value in values.items() if name != "draw"}
    return dict(called, seeds=(int(values["draw"]), int(values["draw"]) + 1))


def map_status(ds: Any, values: dict[str, Any]) -> str:
    far = ds.theta_deviation.values
    known = [share(v) for v in far if np.isfinite(v)]
    both = np.isfinite(ds.theta.values).all() and len(far) > 1
    apart = f"; from each other by {share(np.linalg.norm(ds.theta[0] - ds.theta[1]) / np.linalg.norm(ds.theta_infinite))}" if both else ""
    return (f"h = {float(ds.h):g} (N = {int(ds.N)}), L = {int(values['L'])}, P = {int(ds.P)}: Θ differs from Θ∞ by "
            f"{' and '.join(known) or '…'} of its norm{apart}")  # fmt: skip


kernel_heat_map = App(
    name="kernel_heat_map",
    title="Widen the network and its tangent kernel forgets its random weights",
    source="kernel_map",
    picture="kernel:kernel_heat_map",
    controls=dict(h=Steps(HALF_OCTAVES, unit="neurons"), draw=DRAWS, L=(1, 5)),
    more=dict(act=ACT, beta=SHARPNESS, P=Steps([32, 64, 128, 256, 400], unit="points"), labels=LABELS, dataset=DATA, data_seed=(0, 9)),
    start=dict(h=16.0, draw=0),
    arguments=map_arguments,
    presets={
        "very narrow": dict(h=4.0),
        "wide": dict(h=512.0),
        "wide and deep": dict(h=512.0, L=5),
        "ReLU": dict(act="relu"),
    },
    status=map_status,
    doing="computing Θ",
    size=(900, 344),
    narrow=(380, 584),
    caption="Every pixel is a pair of points: Θ(x, x′) says how much a step of learning at x′ moves the answer at x. Points are "
            "sorted by class, and within a class by nearness to its mean. One scale of colours for all three; what lies beyond it "
            "has the last colour.",
    note=LIMIT,
)  # fmt: skip


def spread_arguments(values: dict[str, Any]) -> dict[str, Any]:
    """All depths as far as the deepest, all widths as far as the widest."""
    called = {name: value for name, value in values.items() if name not in ("deepest", "widest")}
    widths = tuple(float(h) for h in (16, 32, 64, 128, 256, 512, 1024) if h <= values["widest"])
    return dict(called, widths=widths, depths=tuple(range(1, int(values["deepest"]) + 1)))


def spread_status(ds: Any, values: dict[str, Any]) -> str:
    words = []
    for i, depth in enumerate(ds.depth.values):
        told = law(ds.theta_slope[i], ds.theta_slope_se[i])
        if told:
            last = np.flatnonzero(np.isfinite(ds.theta_fluctuation.values[i]))[-1]
            words.append(f"L = {int(depth)}: {told}, {share(ds.theta_fluctuation[i, last])} at h = {float(ds.width[last]):g}")
    return (f"‖Θ − ⟨Θ⟩‖/‖⟨Θ⟩‖ falls as {'; '.join(words) or '…'}; theory h^(−1/2); {count(ds.sizes['seed'], 'network')} "
            f"a size, P = {int(values['P'])}")  # fmt: skip


kernel_spread = App(
    name="kernel_spread",
    title="The wider the network, the less Θ knows of its random weights: its spread falls as h^(−1/2)",
    source="kernel_fluctuation",
    picture="kernel:kernel_spread",
    controls=dict(deepest=Ladder("L up to", lambda values: [Rung(float(L), L, f"{L}") for L in range(1, 6)], long_name="deepest network"),
                  act=ACT, P=Steps([16, 32, 64, 128], unit="points")),
    more=dict(widest=Menu({256: "256 neurons", 512: "512", 1024: "1024"}, sign="h up to"), beta=SHARPNESS, seeds=(2, 48),
              dataset=DATA, data_seed=(0, 9)),
    start=dict(deepest=3, widest=1024, seeds=24),
    arguments=spread_arguments,
    presets={
        "ReLU": dict(act="relu"),
        "erf": dict(act="erf"),
        "five layers": dict(deepest=5, widest=512),
    },
    status=spread_status,
    doing="drawing networks",
    size=(900, 450),
    narrow=(380, 720),
    caption="Left, each dot is one network's distance from Θ∞; the large mark is the root mean square distance from the "
            "mean of all networks, so it needs no Θ∞. Right, that mean against Θ∞: what is left is what so few networks leave by "
            "chance (dotted).",
    note=LIMIT,
)  # fmt: skip


def plane_status(ds: Any, values: dict[str, Any]) -> str:
    one = ds.isel(seed=0)
    start = f"w₀ = ({float(one.w_start_1):.2g}, {float(one.w_start_2):.2g}), α̃ = {float(values['alpha']):g}"
    words = (f"training ended {float(one.path_gap):.2g} apart on surface and plane (the target is 1 away); the weights moved by "
             f"{float(one.w_moved):.2g}; {start}")  # fmt: skip
    return words.replace("-", "−")


TURN = Ladder("view", lambda values: [Rung(a + 181.0, a, f"{a}°") for a in range(-180, 181, 10)], long_name="direction of view")

tangent_plane = App(
    name="tangent_plane",
    title="The functions of a network are a curved surface; a small step of training lies on its tangent plane",
    source="tangent_plane",
    picture="kernel:tangent_plane",
    controls=dict(alpha=Steps([0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 5.0, 10.0, 30.0]), w1=Steps([round(0.1 * i, 1) for i in range(-12, 13)]),
                  w2=Steps([round(0.1 * i, 1) for i in range(-10, 11)])),
    more=dict(turn=TURN),
    start=dict(alpha=1.0, w1=0.5, w2=0.3, turn=-10),
    view=("turn",),
    presets={
        "nearly flat: large α̃": dict(alpha=10.0),
        "small α̃: far along the surface": dict(alpha=0.5),
        "another start": dict(w1=-1.0, w2=1.0),
    },
    status=plane_status,
    doing="training",
    size=(900, 430),
    narrow=(380, 440),
    caption="A network of two parameters, f = tanh(w₁x + w₂), asked at three points: each function is a point in space, all of them a "
            "surface. F = α̃ (f − f₀): with a large α̃ the target is reached by a small step of w, and on that scale the surface is flat.",
)  # fmt: skip


def movement_arguments(values: dict[str, Any]) -> dict[str, Any]:
    """All widths as far as the widest."""
    called = {name: value for name, value in values.items() if name != "widest"}
    return dict(called, widths=tuple(float(h) for h in (10, 20, 40, 80, 160, 320, 640, 1000) if h <= values["widest"]))


MOVED = {"f_change": "‖f − f₀‖", "w_change_max": "max|Δw|", "theta_change": "ΔΘ", "w_change": "‖w − w₀‖/‖w₀‖", "f_gap": "‖f − f_lin‖"}


def movement_status(ds: Any, values: dict[str, Any]) -> str:
    known = np.flatnonzero(np.isfinite(ds.f_change.values).all(1))
    if not known.size:
        return "training the narrowest networks"
    ends = []
    for place in dict.fromkeys((known[0], known[-1])):
        one = ds.isel(width=int(place))
        f, theta, w = (float(np.exp(np.log(one[name]).mean())) for name in ("f_change", "theta_change", "w_change"))
        ends.append(f"at h = {float(one.width):g} f moves by {f:.2g}, Θ by {share(theta)}, all weights by {share(w)}")
    slopes = [f"{name} ~ {told}" for key, name in MOVED.items() if (told := law(ds[f"{key}_slope"], ds[f"{key}_slope_se"]))]
    return f"{'; '.join(ends)}{'; ' if slopes else ''}{', '.join(slopes)}; {count(ds.sizes['seed'], 'network')} a width"


TASKS = Menu({"wave": "a wave", "step": "a step", "spike": "one odd point", "digits": "digits, odd or even"}, sign="learn")

wider_and_wider = App(
    name="wider_and_wider",
    title="Wider networks learn as much as narrow ones by moving ever less, weights and kernel alike",
    source="movement",
    picture="kernel:wider_and_wider",
    controls=dict(L=(1, 4), act=ACT, P=Steps([4, 8, 12, 20, 32], unit="points")),
    more=dict(task=TASKS, widest=Menu({160: "160 neurons", 320: "320", 640: "640", 1000: "1000"}, sign="h up to"), beta=SHARPNESS,
              horizon=Steps([1.0, 2.0, 5.0, 10.0, 20.0, 50.0]), seeds=(2, 12)),
    start=dict(widest=640),
    arguments=movement_arguments,
    presets={
        "one hidden layer": dict(L=1),
        "ReLU": dict(act="relu"),
        "digits": dict(task="digits", P=32, widest=320),
    },
    status=movement_status,
    doing="training",
    size=(900, 430),
    narrow=(380, 617),
    caption="The same task by gradient flow for the same time at every width. Each dot is one network; curves are geometric means "
            "over networks. Weights start with a typical size of 1: max|Δw| is in units of it.",
)  # fmt: skip


@lru_cache(maxsize=32)
def clock(horizon: float) -> tuple[Rung, ...]:
    """The times that `tangent_dynamics` tells of. t = 0 stands where a step of the same ratio before the first time would."""
    times = [float(f"{t:.6g}") for t in sampled_times(horizon)]
    return tuple(Rung(t or times[1] ** 2 / times[2], t, f"t = {t:.3g}") for t in times)


TIME = Ladder("show t", lambda values: list(clock(float(values["horizon"]))), follows=("horizon",), long_name="time that is shown")


def training_arguments(values: dict[str, Any]) -> dict[str, Any]:
    """The experiment's arguments."""
    return {name: value for name, value in values.items() if name != "time"}


def training_status(ds: Any, values: dict[str, Any]) -> str:
    from ..figure.kernel.training import place_of

    one = ds.isel(time=place_of(ds, values["time"]))
    names = ("train_loss_real", "train_loss_linear", "f_gap", "theta_change_trace", "test_error_real", "test_error_linear")
    middle = {name: float(np.nanmedian(v)) if np.isfinite(v := one[name].values).any() else np.nan for name in names}
    words = (f"t = {float(one.time):.3g}, h = {float(values['h']):g}, P = {int(ds.P)}: loss {middle['train_loss_real']:.2g} "
             f"(linearised {middle['train_loss_linear']:.2g}); f differs from the linearised f by {middle['f_gap']:.2g}, "
             f"Θ moved by {share(middle['theta_change_trace'])}")  # fmt: skip
    if np.isfinite(middle["test_error_real"]):
        words += (f"; test error {100 * middle['test_error_real']:.1f} % (linearised {100 * middle['test_error_linear']:.1f} %, "
                  f"infinite width {100 * float(one.test_error_infinite):.1f} %)")  # fmt: skip
    return f"{words}; medians of {count(ds.sizes['seed'], 'network')}"


kernel_training = App(
    name="kernel_training",
    title="A wide network trains as its tangent plane does: learning is regression with Θ",
    source="tangent_dynamics",
    picture="kernel:kernel_training",
    controls=dict(time=TIME, h=Steps([5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 400.0], unit="neurons"), L=(1, 5)),
    more=dict(task=TASKS, P=Steps([4, 6, 8, 12, 16, 24, 50, 100], unit="points"), act=ACT, beta=SHARPNESS,
              horizon=Menu({10.0: "t = 10", 30.0: "30", 100.0: "100", 300.0: "300", 1000.0: "1000"}, sign="train until"), seeds=(1, 12)),
    start=dict(h=50.0, time=clock(100.0)[20].value),
    arguments=training_arguments,
    view=("time",),
    presets={
        "narrow": dict(h=5.0),
        "wide": dict(h=200.0),
        "digits": dict(task="digits", P=100),
    },
    status=training_status,
    doing="training",
    size=(900, 450),
    narrow=(380, 760),
    caption="The networks start at random functions; the band holds 95 % of infinitely wide ones. One network is drawn bold. "
            "For digits, each dot is a test digit, and a square is the networks' mean there against f∞. "
            "Time costs nothing: it moves along one computed training.",
)  # fmt: skip


def curve_arguments(values: dict[str, Any]) -> dict[str, Any]:
    """Doubling numbers of points as far as the most."""
    called = {name: value for name, value in values.items() if name != "most"}
    return dict(called, sizes=tuple(64 * 2**i for i in range(7) if 64 * 2**i <= values["most"]))


def curve_status(ds: Any, values: dict[str, Any]) -> str:
    mean = ds.test_error.mean("seed", skipna=False).values
    known = np.flatnonzero(np.isfinite(mean))
    if not known.size:
        return "no test error yet"
    ends = [f"{100 * mean[i]:.1f} % at P = {int(ds.size_P[i])}" for i in dict.fromkeys((known[0], known[-1]))]
    told = law(ds.error_slope, ds.error_slope_se, "P")
    falls = f"; it falls as {told}" if float(ds.error_slope) < -2 * float(ds.error_slope_se) else "; it does not fall" if told else ""
    inputs = "pixels" if values["inputs"] == "pixels" else f"{int(values['d'])} principal components"
    if values.get("dataset") == "random":
        inputs = f"{int(values['d'])} random numbers a point, a coin's labels"
    return f"test error {', '.join(ends)}{falls}; {inputs}, {count(ds.sizes['seed'], 'choice')} of points"


kernel_curve = App(
    name="kernel_curve",
    title="An infinitely wide network need not overfit: on digits its error falls as a power of P",
    source="kernel_learning_curve",
    picture="kernel:kernel_curve",
    controls=dict(inputs=Menu({"pca": "components", "pixels": "pixels"}, sign="inputs"),
                  most=Menu({512: "512 points", 1024: "1024", 2048: "2048", 4096: "4096 (minutes)"}, sign="P up to"), act=ACT),
    more=dict(L=(1, 5), d=Steps([2, 5, 10, 20, 30], unit="numbers"), dataset=DATA, seeds=(2, 10)),
    start=dict(most=1024, act="relu"),
    arguments=curve_arguments,
    presets={
        "all pixels": dict(inputs="pixels"),
        "random directions: a coin's answer": dict(dataset="random"),
        "five layers": dict(L=5),
    },
    status=curve_status,
    doing="solving",
    size=(900, 430),
    narrow=(380, 560),
    caption="Regression with Θ∞: the mean answer (f₀ = 0) of networks that pass through every training point, and more parameters "
            "there are not. Each dot is one choice of the training points; errors are shares of 2000 test points that none of them holds. "
            "Keep one curve, then change the inputs.",
)  # fmt: skip
