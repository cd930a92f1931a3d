"""Apps of chapter 9: functions on the sphere, two vectors and a shape that are turned in space by hand; what their numbers do."""

from typing import Any

import numpy as np

from ..app import App, Menu, Slider, Steps, Turn

HIGHEST = 4  # degree
LOADING = "loading e3nn, some seconds"
START = (0.878, 0.245, 0.405, 0.067)  # the turn the apps open with; it has no symmetry
STILL = (1.0, 0.0, 0.0, 0.0)
QUARTER = (0.7071068, 0.0, 0.7071068, 0.0)  # about the polar axis y
MIRROR = Menu({"no": "as it is", "yes": "mirrored"}, sign="mirror")


def harmonics_arguments(values: dict[str, Any]) -> dict[str, Any]:
    """An m beyond this degree's is its last."""
    l = int(values["l"])
    return dict(values, m=max(-l, min(l, int(values["m"]))))


def moved(values: dict[str, Any]) -> str:
    """ "mirrored, turned by 67° about (0.5, 0.9, 0.1)"."""
    turn = Turn("").told(values["rotation"]).replace("-", "−")
    return f"mirrored, {turn}" if values["mirror"] == "yes" else turn


def harmonics_status(ds: Any, values: dict[str, Any]) -> str:
    from ..figure.euclidean.marks import in_words

    l, kind = values["l"], values["function"]
    m = harmonics_arguments(values)["m"]
    last = "" if m == values["m"] else f" (no m = {values['m']} at this degree)"
    what = f"Y with l = {l}, m = {m}{last}".replace("-", "−") if kind == "one" else f"a sum up to l = {l}"
    if not np.isfinite(ds.leak):
        return f"{what}: …"
    before, after = ds.a_before.values[:, 0], ds.a_after.values[:, 0]
    used = int((np.abs(after) > 1e-9).sum())
    kept = np.abs(ds.power_after.values - ds.power_before.values).max()
    change = f"{used} coefficients that are not 0"
    for other, words in ((before, "the same coefficients"), (-before, "all signs flipped")):
        change = words if np.abs(after - other).max() < 1e-9 else change
    leak = in_words(float(ds.leak))
    return (f"{what}, {moved(values)}: {change}; the power of each degree changes by {in_words(kept)}, {leak} leaks between degrees; "
            f"obtained − predicted: E = {in_words(float(ds.motion_error[0]))}")  # fmt: skip


def surface_alt(ds: Any, values: dict[str, Any]) -> str:
    m = harmonics_arguments(values)["m"]
    one = f"the spherical harmonic l = {values['l']}, m = {m}".replace("-", "−")
    what = one if values["function"] == "one" else "a function on the sphere"
    return f"Surface of {what}, {moved(values)}; blue where it is positive, orange where it is negative"


spherical_harmonics = App(
    name="spherical_harmonics",
    title="A turn mixes the 2l + 1 numbers of one degree among themselves, and never one degree with another",
    source="turned_harmonics",
    picture="euclidean:spherical_harmonics",
    controls=dict(rotation=Turn("euclidean.surfaces:bodies", reach=1.35, alt=surface_alt), l=Slider(0, HIGHEST),
                  m=Slider(-HIGHEST, HIGHEST)),
    more=dict(
        function=Menu({"one": "one Y: l and m", "random": "a random sum up to l", "axes": "a peak at each of ±x, ±y, ±z, up to l",
                       "shape": "a tetromino's reach, up to l"}, sign="function"),
        mirror=MIRROR,
    ),
    start=dict(rotation=START, l=3, m=1, function="one", mirror="no"),
    arguments=harmonics_arguments,
    presets={
        "not turned": dict(rotation=STILL),
        "about its own axis": dict(rotation=QUARTER, m=0),
        "mirror: (−1) to the l": dict(rotation=STILL, mirror="yes", function="random", l=4),
        "a random sum": dict(function="random", l=4),
        "peaks on the axes: a quarter turn": dict(function="axes", l=4, rotation=QUARTER),
    },
    status=harmonics_status,
    first="spherical_harmonics",
    loading=LOADING,
    doing="turning",
    size=(900, 440),
    narrow=(380, 600),
    caption="The surface is r = |f|, polar axis y (upright). Coefficients after the turn are integrals over the turned function; "
            "the green dashes are e3nn's Wigner matrix D times the coefficients before.",
)  # fmt: skip


TENSORS = {"1o": "1o: one vector", "0e+1o": "0e+1o", "0e+1o+2e": "0e+1o+2e", "0e+1o+2e+3o": "0e+1o+2e+3o",
           "0e+1o+2e+3o+4e": "0e+1o+2e+3o+4e", "0e+0o+1e+1o": "0e+0o+1e+1o",
           "0e+0o+1e+1o+2e+2o": "0e+0o+1e+1o+2e+2o"}  # fmt: skip


def products_status(ds: Any, values: dict[str, Any]) -> str:
    from ..figure.euclidean.marks import in_words

    paths = ds.path_count.values
    if not np.isfinite(paths):
        return f"{values['irreps1']} ⊗ {values['irreps2']}: …"
    after = ds.product_after.values[:, 0]
    words = f"a·b = {after[0]:.2f}, |a × b| = {np.linalg.norm(after[1:4]):.2f}, matrix {np.linalg.norm(after[4:]):.2f}".replace("-", "−")
    table = f"{values['irreps1']} ⊗ {values['irreps2']}"
    return (f"{moved(values)}: {words}; obtained − predicted: E = {in_words(float(ds.motion_error[0]))}; {table} has "
            f"{int(paths)} path{'' if paths == 1 else 's'} to l ≤ {values['l_max']} under {values['symmetry']}")  # fmt: skip


def products_alt(ds: Any, values: dict[str, Any]) -> str:
    kinds = {"polar": "two arrows", "mixed": "an axial vector and an arrow", "axial": "two axial vectors"}[values["vectors"]]
    return f"{kinds}, a and b, {moved(values)}, with a × b as a thick arrow and their traceless matrix as a surface"


tensor_product = App(
    name="tensor_product",
    title="Two vectors hold nine products: a number, a vector that no mirror flips, and a traceless matrix; a turn keeps the three apart",
    source="vector_products",
    picture="euclidean:tensor_product",
    controls=dict(rotation=Turn("euclidean.products:bodies", reach=1.6, alt=products_alt), mirror=MIRROR,
                  irreps1=Menu(TENSORS, sign="first")),
    more=dict(
        irreps2=Menu(TENSORS, sign="second"),
        l_max=Slider(0, 4),
        symmetry=Menu({"O(3)": "O(3): turns and mirrors", "SO(3)": "SO(3): turns alone"}, sign="group"),
        kept=Menu({"all": "all paths", "harmonics": "those to parity (−1)^l alone"}, sign="keep"),
        vectors=Menu({"polar": "two arrows (1o)", "mixed": "one axial, one arrow", "axial": "two axial (1e)"}, sign="a and b"),
        between=Steps([float(a) for a in range(0, 181, 10)], unit="°"),
    ),
    start=dict(rotation=START, mirror="no", irreps1="0e+1o+2e", irreps2="0e+1o+2e", l_max=2, symmetry="O(3)", kept="all", vectors="polar",
               between=60.0),
    presets={
        "only the mirror": dict(rotation=STILL, mirror="yes"),
        "one axial vector, mirrored": dict(rotation=STILL, mirror="yes", vectors="mixed"),
        "harmonics to harmonics": dict(irreps1="0e+1o+2e+3o+4e", irreps2="0e+1o+2e+3o+4e", l_max=4, kept="harmonics"),
        "the same without parity": dict(irreps1="0e+1o+2e+3o+4e", irreps2="0e+1o+2e+3o+4e", l_max=4, symmetry="SO(3)"),
        "features of both parities": dict(irreps1="0e+0o+1e+1o", irreps2="0e+1o", l_max=1),
    },
    status=products_status,
    first="tensor_product",
    loading=LOADING,
    doing="multiplying",
    size=(900, 430),
    narrow=(380, 670),
    caption="Arrows: a (blue), b (green), a × b (orange, thick). What the turned vectors give is what D(g) makes of the products before. "
            "In the table, e: even, o: odd; a product of parities is the parity of the product.",
)  # fmt: skip


SHAPE_NAMES = {"chiral_1": "chiral", "chiral_2": "mirror twin", "square": "square", "line": "line", "corner": "corner", "L": "L",
               "T": "T", "zigzag": "zigzag"}  # fmt: skip
NETWORKS = {"message_passing": "message passing", "se3_transformer": "SE(3)-Transformer", "mlp": "plain network"}


def shape_status(ds: Any, values: dict[str, Any]) -> str:
    from ..figure.euclidean.marks import fate, in_words
    from ..figure.euclidean.turned import split

    what = f"{SHAPE_NAMES[values['shape']]}, {moved(values)}"
    named, parts = split(ds)
    if not named or not np.isfinite(ds.motion_error).all():
        return f"{what}: {'training on the eight shapes, as they stand ' if values['weights'] == 'trained' else ''}…"
    before, after, predicted, size = (ds[name].values[:, 0] for name in ("f_before", "f_after", "f_predicted", "f_scale"))
    became: dict[str, list[str]] = {}
    for (name, _), p in zip(named, parts):
        became.setdefault(fate(before[p], after[p], predicted[p], size[p][0]), []).append(name)
    words = {"stays": "as they were", "turns": "turned", "flips": "flipped", "0": "zero", "fails": "not as predicted"}
    told = "; ".join(f"{words[word]}: {', '.join(names)}" for word, names in became.items())
    return (f"{what}: {told}; obtained − predicted: E = {in_words(float(ds.motion_error[0]))}; {NETWORKS[values['network']]}, "
            f"{int(ds.N)} {values['weights']} weights")  # fmt: skip


def shape_alt(ds: Any, values: dict[str, Any]) -> str:
    return f"{SHAPE_NAMES[values['shape']]} of four cubes, {moved(values)}, with the network's vectors as arrows"


turn_the_shape = App(
    name="turn_the_shape",
    title="Turn the shape: some outputs stay, some turn with it, and a mirror flips the odd ones, whatever the weights are",
    source="turned_shape",
    picture="euclidean:turn_the_shape",
    controls=dict(rotation=Turn("euclidean.turned:bodies", reach=2.8, alt=shape_alt), mirror=MIRROR,
                  shape=Menu(SHAPE_NAMES, sign="shape")),
    more=dict(
        network=Menu(NETWORKS, sign="network"),
        weights=Menu({"random": "random, as drawn", "trained": "trained on eight shapes as they stand"}, sign="weights"),
        layers=Slider(1, 4),
    ),
    start=dict(rotation=START, mirror="no", shape="chiral_1", network="message_passing", weights="random", layers=3),
    presets={
        "only the mirror": dict(rotation=STILL, mirror="yes"),
        "a plain network": dict(network="mlp"),
        "a line has no vector": dict(shape="line"),
        "two convolutions: no 0o": dict(layers=2, mirror="yes"),
        "trained to tell shapes": dict(weights="trained", mirror="yes"),
    },
    status=shape_status,
    first="turn_the_shape",
    loading=LOADING,
    doing="computing",
    size=(900, 430),
    narrow=(380, 560),
    caption="0e: a number; 0o: one that a mirror flips; 1o: a vector (blue arrow); 1e: an axial vector (orange), which a mirror leaves; "
            "2e: a traceless matrix. An irrep's own size is its length over all eight shapes; the arrows show directions alone.",
)  # fmt: skip
