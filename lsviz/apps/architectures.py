"""Apps of chapter 9: eight shapes learned in one orientation, and one shape through networks of points, voxels and the sphere."""

from typing import Any

import numpy as np

from ..app import App, Menu, Slider, Steps
from .euclidean import LOADING
from .jamming import count

LEARNERS = {"message_passing": "message passing", "se3_transformer": "SE(3)-Transformer", "mlp": "plain network of coordinates"}
OUTPUTS = {"pseudoscalar": "one odd, six even numbers: 0o+6x0e", "scalars": "eight even numbers: 8x0e"}
SHAPE_NAMES = {"chiral_1": "chiral", "chiral_2": "its mirror twin", "square": "square", "line": "line", "corner": "corner", "L": "L",
               "T": "T", "zigzag": "zigzag"}  # fmt: skip
PLAIN = "tetris_plain"  # the stored sweep of plain networks


def plain_networks(values: dict[str, Any]) -> Any:
    """Stored plain networks that answer by the same outputs, one orientation and many; they stand behind the others."""
    from .. import sweep

    if PLAIN not in sweep.packaged():
        return None
    return _stored(values["outputs"])


def _stored(outputs: str) -> Any:
    from .. import sweep

    return sweep.results(PLAIN).sel(outputs=outputs)


def learning_status(ds: Any, values: dict[str, Any]) -> str:
    table = ds.accuracy_turned.values
    known = np.isfinite(table).all(1)
    if not known.any():
        return f"{LEARNERS[values['network']]}: …"
    at = int(np.flatnonzero(known)[-1])
    now, upright = float(table[at].mean()), float(ds.accuracy_upright.values[at].mean())
    seeds = ds.sizes["seed"]
    from_on = ds.learned_at.values[np.isfinite(ds.learned_at.values)]
    done = float(ds.progress) == 1
    learned = ""
    if done and from_on.size:
        half = "" if from_on.size == 1 else f"half of them by step {np.median(from_on):.0f}, "
        learned = f"; {from_on.size} of {count(seeds, 'seed')} know all for good, {half}the last from step {from_on.max():.0f} on"
    lost = [SHAPE_NAMES[str(name)] for name, row in zip(ds.shape.values, ds.right_turned.values) if row.mean() < 0.5]
    missed = f"; mostly wrong: {', '.join(lost)}" if lost and done else ""
    seen = f"each shape in {values['augment']} random turns" if values["augment"] else "each shape in one orientation"
    return (f"{LEARNERS[values['network']]}, N = {int(ds.N)}, {seen}: {100 * now:.0f} % right when turned at random, {100 * upright:.0f} % "
            f"as they stand, after {int(ds.step[at])} steps, {count(seeds, 'seed')}{learned}{missed}")  # fmt: skip


learn_from_one_orientation = App(
    name="learn_from_one_orientation",
    title="Eight shapes, each shown in one orientation: a network whose layers turn with space knows them in all others",
    source="tetris",
    picture="euclidean:learn_from_one_orientation",
    controls=dict(network=Menu(LEARNERS, sign="network"), l_max=Slider(0, 3), layers=Slider(1, 4)),
    more=dict(
        outputs=Menu(OUTPUTS, sign="answers"),
        symmetry=Menu({"O(3)": "O(3): turns and mirrors", "SO(3)": "SO(3): turns alone"}, sign="symmetry"),
        augment=Steps([0, 100, 800, 2400, 8000], unit="turns"),
        cutoff=Steps([1.1, 1.5, 2.0, 2.5, 3.5], unit="cells"),
        steps=Steps([50, 100, 200, 400], unit="steps"),
        seeds=(1, 8),
    ),
    start=dict(network="message_passing", l_max=1, layers=3, outputs="pseudoscalar", symmetry="O(3)", augment=0, cutoff=2.5, steps=200,
               seeds=8),
    behind=plain_networks,
    presets={
        "a plain network, one orientation": dict(network="mlp", augment=0),
        "a plain network, 6400 turned shapes": dict(network="mlp", augment=800),
        "distances alone: l = 0": dict(network="message_passing", l_max=0),
        "two convolutions: no 0o": dict(network="message_passing", layers=2),
        "eight even numbers: twins are tied": dict(network="message_passing", outputs="scalars"),
    },
    status=learning_status,
    loading=LOADING,
    first="learn_from_one_orientation",
    narrow=(380, 726),
    size=(900, 470),
    caption="Full batches, Adam. The turns that are asked are the same for all, ten of each shape at a time and at the end a hundred. "
            "“Right”: all outputs round to their targets. A plain network needs no symmetry: it needs turned examples.",
)  # fmt: skip


GROUPS = {
    "message_passing+se3_transformer+spherical_cnn+voxel_convolution+plain_voxels": "all five",
    "message_passing+se3_transformer": "on points",
    "voxel_convolution+plain_voxels": "on voxels",
    "spherical_cnn+voxel_convolution": "sphere and voxels",
}
CURVES = {"error": "equivariance error E", "right": "shapes told right"}
ABOUT = {"oblique": "(1, 2, 3): not one of the grid's", "grid": "z: the grid's own"}


def scan_arguments(values: dict[str, Any]) -> dict[str, Any]:
    """The experiment's arguments: networks joined by "+" as a tuple."""
    called = {name: value for name, value in values.items() if name not in ("group", "curve")}
    return dict(called, networks=tuple(values["group"].split("+")))


def scan_status(ds: Any, values: dict[str, Any]) -> str:
    from ..figure.equivariance.asked import named
    from ..figure.euclidean.marks import in_words
    from ..figure.euclidean.scan import middle, place_of

    at = place_of(ds, float(values["turn"]))
    words = []
    for k, name in enumerate(map(str, ds.network.values)):
        E = middle(ds.equivariance.values[k, :, at])
        right = ds.right_turn.values[k, :, at]
        told = f", {100 * np.nanmean(right):.0f} % right" if np.isfinite(right).any() else ""
        words.append(f"{named(name)} E = {in_words(E)}{told}")
    about = "(1, 2, 3)" if values["about"] == "oblique" else "z"
    how = f"turned by {values['turn']:g}° about {about}, {values['precision']} precision"
    return (f"{SHAPE_NAMES[values['shape']]}, {how}: {'; '.join(words)}; "
            f"geometric means of {count(ds.sizes['seed'], 'seed')}; right of all eight shapes")  # fmt: skip


four_architectures = App(
    name="four_architectures",
    title="Networks of irreps, a shape turned: on points answers stay to rounding, on a sphere and on voxels to the error of a grid",
    source="equivariance_scan",
    picture="euclidean:four_architectures",
    controls=dict(turn=Steps([float(a) for a in range(0, 181, 15)], unit="°"), shape=Menu(SHAPE_NAMES, sign="shape"),
                  group=Menu(GROUPS, sign="networks")),
    more=dict(
        curve=Menu(CURVES, sign="curve"),
        about=Menu(ABOUT, sign="axis"),
        precision=Menu({"double": "double: 16 digits", "single": "single: 7 digits"}, sign="precision"),
        seeds=(1, 3),
    ),
    start=dict(turn=45.0, shape="chiral_1", group=next(iter(GROUPS)), curve="error", about="oblique", precision="double", seeds=3),
    arguments=scan_arguments,
    view=("curve",),
    presets={
        "as it stands": dict(turn=0.0),
        "90° about the grid's axis": dict(turn=90.0, about="grid"),
        "seven digits": dict(precision="single"),
        "how many are known?": dict(curve="right", turn=90.0),
        "voxels alone": dict(group="voxel_convolution+plain_voxels"),
    },
    status=scan_status,
    loading=LOADING,
    first="four_architectures",
    doing="asking the networks",
    size=(900, 460),
    narrow=(380, 626),
    caption="Stored networks, trained on the eight shapes as they stand, asked live. Points are turned exactly; voxels are made anew from "
            "the turned shape, not interpolated. There and back: the same network, given upright voxels that were turned and turned back, "
            "by linear interpolation. In the table: E, and how many seeds tell this shape (all outputs round to their targets).",
)  # fmt: skip
