"""Numbers that lesson 9 reads off a learner's own run: what stays, turns and flips in space, and which networks know a turned shape."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lsviz import equivariant
from lsviz.equivariant import equivariance_error
from lsviz.equivariant.euclidean.shapes import cells
from lsviz.equivariant.euclidean.weights import story
from lsviz.figure.bodies import Body, axes, cubes
from lsviz.lesson.equivariance_readings import drawn_at as drawn_at
from lsviz.lesson.equivariance_readings import ten_to

STILL = (1.0, 0.0, 0.0, 0.0)
MIRRORED = dict(rotation=STILL, mirror="yes", irreps1="1o", irreps2="1o")  # two arrows, and nothing but a mirror
SAME = 1e-9  # of the length of what is compared: rounding is far below
TWINS = ("chiral_1", "chiral_2")
STEPS = np.arange(0, 201, 10)  # of training, where a curve is drawn over the picture of learning
COPIES = (0, 800, 8000)  # turned copies of each shape that stored plain networks were given; 0: the shape as it stands


def twins() -> dict[str, list[Body]]:
    """Two shapes of four cubes, each the mirror image of the other, as bodies of a scene."""
    return {name: [axes(1.7), cubes(cells(name), colour=colour)] for name, colour in zip(TWINS, ("sky", "orange"), strict=True)}


# ---- predictions


def stays(ds: Any) -> float:
    """How many outputs are the same after a motion as before. NaN while there are none."""
    before, after, size = (ds[name].values[:, 0] for name in ("f_before", "f_after", "f_scale"))
    if not np.isfinite(after).all():
        return float("nan")
    return float((np.abs(after - before) <= SAME * np.maximum(size, SAME)).sum())


def off(ds: Any) -> float:
    """E, how far the outputs are from what the motion should make of them; below a thousandth of a millionth it is rounding, 0."""
    error = float(ds.motion_error[0])
    return 0.0 if error < SAME else error


def mirrored_cross(ds: Any, rotation: Any = STILL) -> float:
    """What a motion with this turn makes of a × b besides turning it: 1 or −1. NaN for a product that is 0."""
    before, after = (ds[name].values[1:4, 0] for name in ("product_before", "product_after"))
    turned = equivariant.from_quaternion(rotation).rotation @ before
    return float(np.round(after @ turned / (turned @ turned), 9)) if turned @ turned > SAME else float("nan")


def kinds(ds: Any) -> float:
    """Into how many irreps the products of two tensors fall."""
    return float(ds.path_count)


def learned(ds: Any) -> float:
    """Per cent of the shapes told right in random orientations after training: mean over seeds."""
    return 100 * float(ds.accuracy_turned[-1].mean())


def plain(_: Any = None) -> float:
    """The same of stored plain networks that were trained on one orientation of each shape."""
    return _stored(0)


def _stored(copies: int) -> float:
    """The same of stored plain networks, trained on so many turned copies of each shape; they answer with 0o + 6x0e."""
    from lsviz import sweep

    return learned(sweep.results("tetris_plain").sel(outputs="pseudoscalar", augment=copies))


def moved(net: str, degrees: float = 45.0) -> Callable[[Any], float]:
    """E of a network's answers to a shape turned by this angle: the geometric mean over its seeds. NaN without that network."""

    def read(ds: Any) -> float:
        if net not in ds.network.values:
            return float("nan")
        return float(np.exp(np.log(ds.equivariance.sel(network=net, turn_degrees=degrees)).mean()))

    return read


# ---- tasks


def kept_in_a_turn(values: dict[str, Any], ds: Any) -> str | tuple[bool, str]:
    """A goal: a turn by 10° or more that leaves all coefficients of a function with some degree above 0 as they are."""
    angle = np.degrees(2 * np.arccos(min(1.0, abs(values["rotation"][0]))))
    if values["mirror"] == "yes":
        return "The claim is about turns. Take the mirror away."
    if float(ds.power_before[1:].sum()) < SAME:
        return "l = 0 alone is a ball: nothing to mix. Take a degree above 0."
    change = float(np.abs(ds.a_after - ds.a_before).max())
    if angle < 10:
        return f"It is turned by {angle:.0f}°: hardly at all."
    told = f"Turned by {angle:.0f}°, the coefficients change by {change:.2g} at most"
    return (True, f"{told}.") if change < 1e-3 else f"{told}. Wanted: less than 0.001."


def cross_flips(values: dict[str, Any], ds: Any) -> str | tuple[bool, str]:
    """A goal: a × b changes its sign in the mirror."""
    if values["mirror"] != "yes":
        return "The claim is about a mirror. Choose it first."
    sign = mirrored_cross(ds, values["rotation"])
    return (True, "a × b becomes −(a × b).") if sign == -1 else f"Besides being turned, a × b is multiplied by {sign:g} here."


def handed(values: dict[str, Any], ds: Any) -> str | tuple[bool, str]:
    """A goal: an equivariant network whose pseudoscalar is 0 although the shape is one of the twins."""
    if values["network"] == "mlp":
        return "The plain network's 0o is only called so. Take one that is equivariant."
    if values["shape"] not in TWINS:
        return "This shape is its own mirror image: 0 must be the answer. Take one of the twins."
    odd = (ds.l_output.values == 0) & (ds.p_output.values == -1)
    said = float(np.abs(ds.f_before.values[odd, 0]).max())
    return (True, "Its 0o is 0, for whatever weights.") if said < SAME else f"Here 0o is {said:.2g}."


def never_knows(values: dict[str, Any], ds: Any) -> str | tuple[bool, str]:
    """A goal: an equivariant network that does not know all eight shapes after training, not even as they stand."""
    if values.get("network") == "mlp":
        return "The claim is about networks that are equivariant. This one is not."
    upright = float(ds.accuracy_upright.values[-1].max())
    told = f"After training the best seed knows {8 * upright:.0f} of the 8 shapes as they stand"
    if int(ds.step[-1]) < 200:
        return f"{told}, after {int(ds.step[-1])} steps. Give it 200, or one might say that it only needs time."
    return (True, f"{told}.") if upright < 1 else f"{told}."


# ---- exercises


def table_entries(ds: Any) -> float:
    """How many entries of D can be other than 0, for the degrees that the function has: Σ (2l + 1)². ValueError for a ball."""
    l = ds.harmonic_degree.values[ds.power_before.values[:, 0] > SAME]
    if not (l > 0).any():
        raise ValueError("Your function is a ball, l = 0: one entry. Press Reset there, then check again.")
    return float(((2 * l + 1) ** 2).sum())


def numbers_flipped(ds: Any) -> float:
    """How many output numbers are multiplied by −1 in the mirror, by their labels."""
    return float((ds.p_output.values == -1).sum())


def odd_ones(ds: Any) -> float:
    """How many paths end at an irrep that no spherical harmonic has: one with a parity other than (−1)^l. ValueError where none is kept."""
    l, p = (ds[name].values[: int(ds.path_count)] for name in ("l_product", "p_product"))
    many = float((p != (-1.0) ** l).sum())
    if not (np.isin(p, (-1, 1)).all() and many):
        raise ValueError("In your table there is none. Press Reset there, then check again.")
    return many


def first_known(ds: Any) -> np.ndarray:
    """At which step all turned shapes were known for good, for every seed. ValueError where no seed got there."""
    steps = ds.learned_at.values
    if not np.isfinite(steps).any():
        raise ValueError("In your run no seed knows them all. Press Reset there, then check again.")
    return steps


# ---- words


def mirrors() -> dict[str, str]:
    """Words for a × b in the mirror, multiplied by 1 or −1: of two arrows (polar), an axial vector and an arrow (mixed), two axial ones."""
    run = {vectors: equivariant.vector_products(vectors=vectors, mirror="yes") for vectors in ("polar", "mixed", "axial")}
    return {name: _minus(f"{mirrored_cross(ds):.0f}") for name, ds in run.items()}


def handedness() -> dict[str, str]:
    """Words for the pseudoscalar of a chiral shape after one, two, three convolutions (random weights), and mirrored after three."""
    run = {L: equivariant.turned_shape(layers=L, mirror="yes") for L in (1, 2, 3)}
    before, after = ({L: _minus(f"{float(ds[name][1, 0]):.2g}") for L, ds in run.items()} for name in ("f_before", "f_after"))
    return dict(one=before[1], two=before[2], three=before[3], mirrored=after[3])


def _minus(text: str) -> str:
    """A number as it is printed."""
    return text.replace("-", "−")


def nonlinearities(items: int = 200) -> dict[str, Any]:
    """Words for a non-linear function of vectors: E of max(0, ·) on each component, and of a gate, a vector times 1/(1 + exp(−s))."""
    x = np.random.default_rng(0).standard_normal((items, 4))  # a scalar s and a vector
    motions = equivariant.random_rotations(20, 0)
    features, vector = equivariant.act("0e+1o"), equivariant.act("1o")
    relu = equivariance_error(lambda x: np.maximum(x[:, 1:], 0), x, motions, features, vector)
    gate = equivariance_error(lambda x: x[:, 1:] / (1 + np.exp(-x[:, :1])), x, motions, features, vector)
    return dict(relu=relu, gate=gate, gate_told=ten_to(gate))


def augmented() -> dict[str, Any]:
    """Words for stored plain networks that trained on turned copies of eight shapes, and for equivariant ones that needed none.

    Per cent of shapes told right in random orientations, mean over seeds; 0, 800 and 8000 copies of each shape.
    """
    from lsviz import sweep

    seeds = sweep.results("tetris_plain").sizes["seed"]
    told = {f"copies_{copies}": _stored(copies) for copies in COPIES}
    one = story("message_passing")
    return told | dict(none=100 * float(np.mean(one["accuracy_turned"])), steps=max(one["steps"]), seeds=seeds)


def digits() -> dict[str, Any]:
    """Words for stored networks that read digits on the sphere, trained upright: per cent right, and seeds; see `rotated_digits`."""
    from lsviz import sweep

    ds = sweep.results("rotated_digits").isel(step=-1).squeeze("P")
    told: dict[str, Any] = dict(P=int(ds.P), seeds=ds.sizes["seed"])
    for net in map(str, ds.network.values):
        one = 100 * ds.sel(network=net, trained_on="upright")
        told |= {f"{net}_{how}": float(one[f"accuracy_{how}"].mean()) for how in ("upright", "turned")}
    return told | dict(mlp_taught=100 * float(ds.accuracy_turned.sel(network="mlp", trained_on="turned").mean()))
