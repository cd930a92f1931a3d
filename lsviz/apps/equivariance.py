"""Apps of chapter 8: how many examples a symmetry saves, waves that subsampling mistakes for others, and pictures shifted and turned."""

from typing import Any

import numpy as np

from ..app import App, Ladder, Menu, Rung, Slider, Steps, Upload
from .diffeo import SIDE, cross, own_grey
from .grains import tiny
from .jamming import count

GROUPS = {
    "cyclic_4": "rings of 4, turned: 4 elements", "cyclic_6": "rings of 6, turned: 6", "cyclic_8": "rings of 8, turned: 8",
    "dihedral_6": "rings of 6, turned and mirrored: 12", "S4": "4 in any order: 24",
}  # fmt: skip
SMALLEST = 8


def sizes(most: int) -> tuple[int, ...]:
    """Doubling numbers of points from 8, and the most."""
    doubled = [SMALLEST * 2**i for i in range(8)]
    return tuple(P for P in doubled if most > P) + (int(most),)


LOOK = Ladder("look at P", lambda values: [Rung(float(P), P, f"P = {P}") for P in sizes(int(values["most"])) if P <= 128],
              follows=("most",), long_name="number of training points that is looked at")  # fmt: skip


def saves_arguments(values: dict[str, Any]) -> dict[str, Any]:
    """Doubling numbers of points as far as the most."""
    called = {name: value for name, value in values.items() if name not in ("most", "look")}
    return dict(called, sizes=sizes(int(values["most"])))


def saves_status(ds: Any, values: dict[str, Any]) -> str:
    from ..figure.equivariance.saves import place_of

    at = place_of(ds, values["look"])
    gain, low, high = (float(ds[name][at]) for name in ("gain", "gain_low", "gain_high"))
    P, G, most = int(ds.size_P[at]), int(ds.group_size), int(ds.size_P.max())
    floor = float(np.exp(np.log(ds.error_floor.values).mean())) if (ds.error_floor > 0).all() else 0.0  # as the picture
    if np.isfinite(gain):
        spread = f" ({low:.1f} to {high:.1f})" if np.isfinite(low) and np.isfinite(high) else ""
        words = f"at P = {P} the symmetry saves a factor of {gain:.1f}{spread}"
    elif floor > 0:
        words = f"at P = {P} the averaged kernel has an error of {float(ds.error_invariant[at].mean()):.2g}"
    elif float(ds.progress) < 1:
        words = f"at P = {P} no gain is known yet"
    else:
        words = f"the gain at P = {P} is not known: K does not get there by P = {most}"
    counted = f", counting allows {float(ds.gain_counted[at]):.1f}" if np.isfinite(ds.gain_counted[at]) and not floor > 0 else ""
    told = f"; the function is not invariant: an error of about {floor:.2g} stays for ever" if floor > 0 else ""
    return f"{words}; |G| = {G}{counted}{told}; {count(ds.sizes['seed'], 'seed')}"


symmetry_saves = App(
    name="symmetry_saves",
    title="A kernel that knows the symmetry needs fewer examples: how many times fewer, the group's size alone does not say",
    source="invariant_learning",
    picture="equivariance:symmetry_saves",
    controls=dict(group=Menu(GROUPS, sign="group"), look=LOOK,
                  target=Menu({"invariant": "a function that has the symmetry", "not": "one that has it not"}, sign="learn")),
    more=dict(
        most=Menu({256: "256 points", 512: "512", 768: "768", 1024: "1024"}, sign="P up to"),
        noise=Steps([0.0, 0.1, 0.3, 1.0]),
        kernel=Menu({"gaussian": "smooth: exp(−3/2 ‖x − x′‖²)", "exponential": "rough: exp(−‖x − x′‖)"}, sign="kernel"),
        seeds=(2, 20),
    ),
    start=dict(group="cyclic_6", most=512, look=32, target="invariant", noise=0.1, kernel="gaussian", seeds=10),
    arguments=saves_arguments,
    view=("look",),
    presets={
        "24 elements": dict(group="S4", most=768, look=64),
        "a function without the symmetry": dict(target="not"),
        "a rough kernel": dict(kernel="exponential"),
        "few points, 24 elements": dict(group="S4", look=8),
    },
    status=saves_status,
    doing="solving",
    narrow=(380, 760),
    caption="Live: every seed draws its own function, points and noise. The bar between the curves is the gain: at the same error, along "
            "P. Both kernels have the ridge that is best on the test points, which flatters both alike.",
)  # fmt: skip


PHASES = Ladder("phase", lambda values: [Rung(k + 1.0, k, f"phase {k + 1}") for k in range(20)],
                long_name="which phase of the wave")  # fmt: skip


def aliasing_arguments(values: dict[str, Any]) -> dict[str, Any]:
    """Three phases: the one that is drawn, and the next two beside it."""
    called = {name: value for name, value in values.items() if name != "draw"}
    return dict(called, seeds=tuple(int(values["draw"]) + k for k in range(3)))


def aliasing_status(ds: Any, values: dict[str, Any]) -> str:
    from ..figure.equivariance.waves import aliased, round_the_ring

    number, seen, limit = (float(round_the_ring(ds[name], ds)) for name in ("frequency", "apparent_frequency", "nyquist"))
    points, s = ds.sizes["sample"], int(values["stride"])
    every = "every point" if s == 1 else f"every {s}{'nd' if s == 2 else 'rd' if s == 3 else 'th'} point"
    left = float(ds.blur_left)
    made = f", made smaller to {100 * left:.2g} % by the blur" if values["blur"] != "none" else ""
    shown = f"shows {count(round(seen), 'wave')} instead" if aliased(ds) else "shows them all" if number < limit else "just shows them"
    shown += "; max(0, x) makes new waves of them" if values["rectified"] != "no" else ""
    moved = float(np.ptp(ds.pooled.values, axis=1).max())
    still = f"changes by {moved:.2g} at most" if moved > 1e-9 else "does not change"
    words = f"{count(round(number), 'wave')} on {points} points: {every} can show up to {limit:.0f}, and {shown}{made}"
    return f"{words}; under shifts the mean of the kept points {still}, {count(ds.sizes['seed'], 'phase')}"


aliasing = App(
    name="aliasing",
    title="Keep every second point, and a fast wave is seen as a slow one; a blur before that leaves less of it",
    source="aliasing",
    picture="equivariance:aliasing",
    controls=dict(waves=Slider(0, 24), stride=Slider(1, 4), blur=Menu({w: w for w in ("none", "1 2 1", "1 4 6 4 1")}, sign="blur")),
    more=dict(rectified=Menu({"no": "no", "first": "of the wave, before the blur", "after": "of the points that are kept"},
                            sign="max(0, x)"), draw=PHASES),
    start=dict(waves=20, stride=2, blur="none", rectified="no", draw=0),
    arguments=aliasing_arguments,
    presets={
        "slow enough": dict(waves=5),
        "the finest wave": dict(waves=24),
        "blurred first": dict(blur="1 4 6 4 1"),
        "max(0, x) makes new waves": dict(waves=12, rectified="after"),
    },
    status=aliasing_status,
    doing="computing",
    size=(900, 450),
    narrow=(380, 640),
    caption="A ring of 48 points stands for one row of a picture. The limit is half of the points that are kept; a wave beyond it is "
            "folded back. The mean of what is kept sees a shift only by what was folded to zero waves; max(0, x) of "
            "what is kept, as a network takes it after its stride, makes new waves.",
)  # fmt: skip


PICTURE = Slider(0, 19)
PROBE = [50, 100, 200, 500]
SHIFT_SETS = {
    "stride+max+blur+none": "stride, max-pool, blur, none",
    "stride+none": "stride and none",
    "max+blur": "max-pool and blur",
    "max+flat": "max-pool, and flat: no mean at the end",
}


def nets_arguments(name: str) -> Any:
    """The experiment's arguments: networks in `name`, joined by "+", as a tuple."""

    def arguments(values: dict[str, Any]) -> dict[str, Any]:
        called = {key: value for key, value in values.items() if key not in ("group", "curve")}
        return dict(called, **{name: tuple(values["group"].split("+"))})

    return arguments


def mean_told(table: Any) -> str:
    """The mean over seeds in per cent; … while not known."""
    known = np.asarray(table, float)
    known = known[np.isfinite(known)]
    return f"{100 * known.mean():.1f} %" if known.size else "…"


def largest_told(table: Any) -> str:
    """The largest of all seeds; … while not known."""
    known = np.asarray(table, float)
    known = known[np.isfinite(known)]
    return tiny(float(known.max())) if known.size else "…"


def shift_status(ds: Any, values: dict[str, Any]) -> str:
    from ..figure.equivariance.asked import named
    from ..figure.equivariance.shifts import class_of

    asked = class_of(ds)
    p = [float(np.nanmean(one)) if np.isfinite(one).any() else np.nan for one in ds.probability.values[..., asked]]
    at = int(np.abs(ds.shift_pixels.values - float(values["shift"])).argmin())
    words = []
    for i, net in enumerate(map(str, ds.network.values)):
        now = f"p = {p[i]:.2f}" if np.isfinite(p[i]) else "…"
        if values["curve"] == "change":
            now = f"‖Δf‖/‖f‖ ≤ {largest_told(ds.output_change[i, :, at])}"
        words.append(f"{named(net)} {now}, {mean_told(ds.top_change[i, :, 0])} change by one pixel, error {mean_told(ds.test_error[i])}")
    seeds, probe = count(ds.sizes["seed"], "seed"), int(values["probe"])
    return f"shift {values['shift']:g}, class {asked}: {'; '.join(words)}; means of {seeds}, {probe} pictures".replace("shift -", "shift −")


shift_it = App(
    name="shift_it",
    title="Shift a digit by one pixel and a network with strides may change its mind; shifts by its total stride change nothing",
    source="shift_response",
    picture="equivariance:shift_it",
    controls=dict(shift=Steps([k / 4 for k in range(-32, 33)], unit="pixels"), picture=PICTURE, group=Menu(SHIFT_SETS, sign="networks")),
    more=dict(
        curve=Menu({"probability": "probability of the class", "change": "change of all outputs"}, sign="curve"),
        pixels=Upload(own_grey(SIDE), cross(SIDE)),
        probe=Steps(PROBE, unit="pictures"),
        seeds=(1, 3),
    ),
    start=dict(shift=1.0, picture=1, group=next(iter(SHIFT_SETS)), curve="probability", probe=200, seeds=3),
    arguments=nets_arguments("shift_nets"),
    view=("curve",),
    presets={
        "not shifted": dict(shift=0.0),
        "by the total stride": dict(shift=8.0, curve="change"),
        "half a pixel": dict(shift=0.5),
        "no mean at the end": dict(group="max+flat", shift=4.0),
    },
    status=shift_status,
    doing="asking the networks",
    narrow=(380, 700),
    caption="Stored networks, trained to the same loss, asked live on a torus: what leaves at the right enters at the left, and no padding "
            "gives a place away. Shifts by parts of a pixel are interpolated, which blurs the picture itself.",
)  # fmt: skip


TURN_SETS = {"plain+augmented+p4": "plain, augmented, p4", "plain+p4": "plain and p4", "augmented+p4": "augmented and p4"}


def turn_status(ds: Any, values: dict[str, Any]) -> str:
    from ..figure.equivariance.asked import named
    from ..figure.equivariance.turns import class_of, place_of

    asked, at = class_of(ds), place_of(ds, float(values["turn"]))
    words = []
    for i, net in enumerate(map(str, ds.network.values)):
        p = ds.probability.values[i, :, asked]
        now = f"p = {np.nanmean(p):.2f}" if np.isfinite(p).any() else "…"
        if values["curve"] == "change":
            now = f"E ≤ {largest_told(ds.equivariance[i, :, at])}"
        words.append(f"{named(net)} {now}, error {mean_told(ds.test_error[i])} upright, {mean_told(ds.error_turn[i, :, at])} turned")
    scanned = float(ds.turn_degrees[at])
    of_scan = "" if scanned == float(values["turn"]) % 360 else f" (errors at {scanned:g}°)"
    seeds, probe = count(ds.sizes["seed"], "seed"), int(values["probe"])
    return f"turned by {values['turn']:g}°{of_scan}, class {asked}: {'; '.join(words)}; means of {seeds}, {probe} pictures"


turn_it = App(
    name="turn_it",
    title="Turn a digit by 90° and a convolutional network is lost, unless its filters are turned with the digit",
    source="rotation_response",
    picture="equivariance:turn_it",
    controls=dict(turn=Steps([float(a) for a in range(0, 361, 5)], unit="°"), picture=PICTURE, group=Menu(TURN_SETS, sign="networks")),
    more=dict(
        curve=Menu({"error": "test error", "change": "equivariance error E", "probability": "probability of the class"}, sign="curve"),
        pixels=Upload(own_grey(SIDE), cross(SIDE)),
        probe=Steps(PROBE, unit="pictures"),
        seeds=(1, 3),
    ),
    start=dict(turn=90.0, picture=10, group=next(iter(TURN_SETS)), curve="error", probe=100, seeds=3),
    arguments=nets_arguments("turn_nets"),
    view=("curve",),
    presets={
        "upright": dict(turn=0.0),
        "45°: between the pixels": dict(turn=45.0),
        "how exact is it?": dict(curve="change"),
        "this digit at every angle": dict(curve="probability", turn=180.0),
    },
    status=turn_status,
    doing="asking the networks",
    narrow=(380, 690),
    caption="Stored networks, asked live. Only turns by 90° are exact on a grid; between them a picture is interpolated. What that alone "
            "does is the dotted line: pictures turned there and back. p4 never saw a turned digit.",
)  # fmt: skip
