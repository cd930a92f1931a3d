"""Pictures of chapter 9: what they draw is what the Datasets hold; bodies stand where the turned object is; no words on words."""

import types

import numpy as np
import pytest
from frames import check_whole, check_words

from lsviz import apps, experiment
from lsviz.apps import euclidean as chapter
from lsviz.equivariant.euclidean import hand, shown
from lsviz.figure import Context, Stage, euclidean
from lsviz.figure.euclidean import marks, products, surfaces, turned

NAMES = ("spherical_harmonics", "tensor_product", "turn_the_shape")
FOUND: dict[str, object] = {}


def values(name, **more):
    return {**apps.get(name).defaults(), **more}


def found(name, **more):
    """The Dataset of an app at its start, but for `more`; computed once."""
    key = f"{name}{more}"
    if key not in FOUND:
        app = apps.get(name)
        FOUND[key] = app.experiment(**app.call(values(name, **more)))
    return FOUND[key]


def unknown(ds):
    """The same before anything is known."""
    given = ("progress", "cells")
    return ds.assign({n: ds[n] * np.nan for n, v in ds.data_vars.items() if v.dtype.kind == "f" and n not in given})


def stage_of(name, width, dark=False):
    app = apps.get(name)
    return Stage(getattr(euclidean, name), width, app.narrow[1] if width < 640 else app.size[1], dark)


def panel(one, name):
    return next(ax for ax in one.figure.axes if ax.get_label() == name)


def bars(ax):
    return np.array([segment[1][1] for segment in ax.collections[0].get_segments()])


def words(ax):
    return [text.get_text() for text in ax.texts if text.get_text() and text.get_visible()]


def kinds(bodies):
    return [body.kind for body in bodies]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("width", "dark"), [(900, False), (366, True)])
def test_blitted_frames_are_the_whole_picture(name, width, dark):
    ds, one = found(name), stage_of(name, width, dark)
    one.png(ds, Context(values=values(name), ghosts=[("kept", [ds])]))
    again = one.png(ds, Context(values=values(name)))
    assert again == stage_of(name, width, dark).png(ds, Context(values=values(name)))
    check_whole(one, again)


OTHERS = [
    ("spherical_harmonics", dict(function="random", l=4)),
    ("tensor_product", dict(irreps1="0e+0o+1e+1o+2e+2o", irreps2="0e+0o+1e+1o+2e+2o", l_max=4, mirror="yes")),
    ("tensor_product", dict(irreps1="0e+1o+2e+3o+4e", irreps2="0e+1o+2e+3o+4e", l_max=4, symmetry="SO(3)", vectors="mixed")),
    ("turn_the_shape", dict(network="mlp")), ("turn_the_shape", dict(weights="trained")),
]  # fmt: skip


LONGEST = {
    "spherical_harmonics": "turned by 157° about (0.5, −0.8, −0.1), l = 3, m = −1",
    "tensor_product": "turned by 157° about (0.5, −0.8, −0.1), mirrored, 0e+0o+1e+1o+2e+2o",
    "turn_the_shape": "turned by 157° about (0.5, −0.8, −0.1), mirrored, mirror twin",
}  # what Keep may say


@pytest.mark.parametrize(("name", "more"), [*((name, {}) for name in NAMES), *OTHERS])
@pytest.mark.parametrize("width", [900, 760, 640, 420, 366, 356])
def test_no_text_leaves_the_picture_or_lies_on_other_text(name, more, width):
    one, ds = stage_of(name, width), found(name, **more)
    one.set(ds, Context(ghosts=[(f"kept: {LONGEST[name]}", [ds])], values=values(name, **more)))
    check_words(one)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_and_a_scene_of_nothing_known_yet(name):
    ds, app = unknown(found(name)), apps.get(name)
    assert stage_of(name, 900).png(ds, Context(values=values(name))).startswith(b"\x89PNG")
    scene = app.all_controls["rotation"]
    assert kinds(scene.bodies()(ds, values(name)))[0] == "axes"
    assert "…" in app.status(ds, values(name)) and scene.alt(ds, values(name))


# ---- functions on the sphere


def test_bars_are_the_coefficients_after_rings_those_before_dashes_those_predicted():
    name = "spherical_harmonics"
    ds, one = found(name, function="random", l=4), stage_of(name, 900)
    one.set(ds, Context(values=values(name)))
    ax = panel(one, "coefficients")
    assert np.allclose(bars(ax), ds.a_after[:, 0])
    drawn = {line.get_marker(): line.get_ydata() for line in ax.lines if len(line.get_xdata()) == 25}
    assert np.allclose(drawn["o"], ds.a_before[:, 0]) and np.allclose(drawn["_"], ds.a_predicted[:, 0]) and "x" not in drawn
    assert np.allclose(bars(panel(one, "power")), ds.power_after[:, 0])
    one.set(ds, Context(values=values(name), ghosts=[("kept", [found(name)])]))
    kept = next(line.get_ydata() for line in ax.lines if line.get_marker() == "x")
    assert np.allclose(kept, found(name).a_after[:, 0])


def test_the_matrix_is_drawn_with_its_signs():
    ds, one = found("spherical_harmonics", mirror="yes", rotation=(1.0, 0.0, 0.0, 0.0)), stage_of("spherical_harmonics", 900)
    one.set(ds, Context(values=values("spherical_harmonics")))
    image = panel(one, "matrix").images[0].get_array()
    ramp = marks.style.ramp("satisfied", False)
    assert (image[0, 0] == ramp[-1]).all() and (image[1, 1] == ramp[0]).all() and (image[0, 1] == image[4, 9]).all()


def test_the_surface_is_the_function_and_turns_with_the_object():
    ds = found("spherical_harmonics", l=1, m=0)
    scene = surfaces.bodies(ds, values("spherical_harmonics"))
    assert kinds(scene) == ["axes", "surface", "lines"] and [body.spec["fixed"] for body in scene] == [True, False, False]
    at = np.frombuffer(scene[1].spec["vertices"], "<f4").reshape(64, 128, 3)
    assert np.allclose(at[0], [0, 1, 0], atol=1e-6) and np.allclose(at[-1], [0, -1, 0], atol=1e-6), "Y of l = 1, m = 0 points along y"
    shades = np.frombuffer(scene[1].spec["shades"], np.uint8).reshape(64, 128)
    assert (shades[0] == 249).all() and (shades[-1] == 0).all()
    again = surfaces.bodies(found("spherical_harmonics", l=1, m=0, rotation=(1.0, 0.0, 0.0, 0.0)), values("spherical_harmonics"))
    assert again[1].spec == scene[1].spec, "nothing is sent again when the hand turns"


def test_the_status_tells_what_the_turn_did():
    def said(**more):
        return chapter.harmonics_status(found("spherical_harmonics", **more), values("spherical_harmonics", **more))

    still, q = (1.0, 0.0, 0.0, 0.0), chapter.QUARTER
    assert said().startswith("Y with l = 3, m = 1, turned by 57° about (0.5, 0.8, 0.1): 7 coefficients that are not 0; ")
    assert "not turned: the same coefficients" in said(rotation=still)
    assert "mirrored, not turned: all signs flipped" in said(rotation=still, mirror="yes")
    assert "the same coefficients" in said(function="axes", l=4, rotation=q)
    assert "E = " in said() and "·10⁻¹" in said()
    assert [marks.in_words(v) for v in (0, 0.76, 3.4e-15, np.nan)] == ["0", "0.76", "3·10⁻¹⁵", "…"]


# ---- vectors


def test_numbers_of_vectors_and_of_their_products_are_drawn_with_what_became_of_them():
    name = "tensor_product"
    still = dict(rotation=(1.0, 0.0, 0.0, 0.0), mirror="yes")
    for vectors, heads, feet in (("polar", ["1o", "1o", "0e", "1e", "2e"], ["flips", "flips", "stays", "stays", "stays"]),
                                 ("mixed", ["1e", "1o", "0o", "1o", "2o"], ["stays", "flips", "flips", "flips", "flips"])):  # fmt: skip
        ds, one = found(name, vectors=vectors, **still), stage_of(name, 900)
        one.set(ds, Context(values=values(name, vectors=vectors, **still)))
        ax = panel(one, "vectors")
        assert np.allclose(bars(ax), np.concatenate([ds.a_turned[:, 0], ds.b_turned[:, 0], ds.product_after[:, 0]]))
        shown_words = words(ax)
        assert shown_words[:5] == heads and [word.split("\n")[1] for word in shown_words[5:10]] == feet


def test_arrows_stand_where_the_turned_vectors_are():
    """What the scene turns and inverts, and what stands in the room as the answer has it, end in one place."""
    name = "tensor_product"
    for vectors in ("polar", "mixed", "axial"):
        asked = values(name, vectors=vectors, mirror="yes")
        ds = found(name, vectors=vectors, mirror="yes")
        g = hand.motion_of(asked["rotation"], "yes").rotation
        scene = [body for body in products.bodies(ds, asked) if body.kind == "arrows"]
        ends = [ds.a_turned[:, 0], ds.b_turned[:, 0], ds.product_after[1:4, 0]]
        assert len(scene) == 3
        for body, end in zip(scene, ends):
            at = np.frombuffer(body.spec["vectors"], "<f4")
            assert np.allclose(at if body.spec["fixed"] else g @ at, end, atol=1e-6)
    mixed = [dict(vectors="mixed", mirror=mirror) for mirror in ("no", "yes")]
    one, other = (products.bodies(found(name, **more), values(name, **more))[-1] for more in mixed)
    assert one.spec["vertices"] == other.spec["vertices"] and one.spec["shades"] != other.spec["shades"], "an odd matrix flips its sign"
    assert len(products.bodies(found(name, between=0.0), values(name))) == 1 + 2 + 2 + 1, "no arrow where the cross product is 0"


def test_the_table_lists_all_paths():
    name = "tensor_product"
    both = dict(irreps1="0e+1o+2e+3o+4e", irreps2="0e+1o+2e+3o+4e", l_max=4)
    for more, count in ((dict(kept="harmonics"), 42), (dict(symmetry="SO(3)"), 65)):
        ds, one = found(name, **both, **more), stage_of(name, 900)
        one.set(ds, Context(values=values(name)))
        said = words(panel(one, "paths"))
        assert any(word.endswith(f": {count}") for word in said)
        cells = [word for word in said if "⊗" not in word and word[-1:] in ("e", "o", *map(str, range(5)))]
        degrees = [cell.removesuffix(" e").removesuffix(" o") for cell in cells[5:]]  # less the names of the columns
        listed = sum(int(d[2]) - int(d[0]) + 1 if "–" in d else len(d.split(",")) for d in degrees)
        assert listed == count
    assert [products.listed(d) for d in ([], [2], [0, 1], [1, 2, 3], [0, 2, 4])] == ["·", "2", "0,1", "1–3", "0,2,4"]


# ---- shapes


def test_outputs_are_drawn_in_units_of_their_irrep_and_told_by_what_became_of_them():
    name = "turn_the_shape"
    for more, expected in (({}, ["stays", "stays", "turns", "turns", "turns"]),
                           (dict(mirror="yes", rotation=(1.0, 0.0, 0.0, 0.0)), ["stays", "flips", "flips", "stays", "stays"]),
                           (dict(network="mlp"), ["fails"] * 5), (dict(shape="line"), ["stays", "0", "0", "0", "turns"])):  # fmt: skip
        ds, one = found(name, **more), stage_of(name, 900)
        one.set(ds, Context(values=values(name, **more)))
        ax = panel(one, "outputs")
        assert np.allclose(bars(ax), np.clip(ds.f_after[:, 0] / ds.f_scale[:, 0], -turned.LIMIT, turned.LIMIT))
        shown_words = words(ax)
        assert shown_words[:5] == ["0e", "0o", "1o", "1e", "2e"] and shown_words[5:10] == expected
    one = stage_of(name, 900)
    one.set(found(name, weights="trained"), Context(values=values(name, weights="trained")))
    assert words(panel(one, "outputs"))[:2] == ["0o", "0e"] and bars(panel(one, "outputs"))[0] == pytest.approx(1, abs=0.05)


def test_the_network_s_vectors_stand_in_the_room():
    ds = found("turn_the_shape")
    scene = turned.bodies(ds, values("turn_the_shape"))
    assert kinds(scene) == ["axes", "cubes", "arrows", "caption", "arrows", "caption"]
    assert not scene[1].spec["fixed"] and all(body.spec["fixed"] for body in scene[2:])
    along = np.frombuffer(scene[2].spec["vectors"], "<f4")
    vector = ds.f_after.values[2:5, 0]
    assert np.allclose(along / np.linalg.norm(along), vector / np.linalg.norm(vector), atol=1e-6)
    assert kinds(turned.bodies(found("turn_the_shape", shape="line"), values("turn_the_shape"))) == ["axes", "cubes"]


def test_the_status_tells_what_stays_turns_and_flips():
    def said(**more):
        return chapter.shape_status(found("turn_the_shape", **more), values("turn_the_shape", **more))

    assert "as they were: 0e, 0o; turned: 1o, 1e, 2e; obtained − predicted: E = " in said()
    assert said().endswith("message passing, 10505 random weights")
    assert "as they were: 0e, 1e, 2e; flipped: 0o, 1o" in said(mirror="yes", rotation=(1.0, 0.0, 0.0, 0.0))
    assert "not as predicted: 0e, 0o, 1o, 1e, 2e" in said(network="mlp") and "zero: 0o, 1o, 1e" in said(shape="line")


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_first_picture_stays_until_something_is_known(name, monkeypatch):
    module = shown if name == "turn_the_shape" else hand
    monkeypatch.setattr(module, "sys", types.SimpleNamespace(modules={}))  # as if e3nn were still to be loaded
    session = apps.get(name).open("first")
    assert session.result is None and session.png.startswith(b"\x89PNG")
    assert session.status.endswith("stored, computed before, loading e3nn, some seconds")
    assert "…" not in session.status
    live = apps.get(name).open("inline")
    assert live.result is not None and "stored" not in live.status
    first = live._first.drop_vars("progress")
    for variable in first.data_vars:
        np.testing.assert_allclose(first[variable], live.result[variable], atol=1e-9, err_msg=variable)


def test_experiments_of_the_apps_are_those_of_the_chapter():
    assert {apps.get(name).source for name in NAMES} == {"turned_harmonics", "vector_products", "turned_shape"}
    assert experiment.get("turned_shape").cost == "watch"


def test_an_order_beyond_the_degree_is_its_last_and_is_said():
    session = apps.spherical_harmonics.open("inline", l=2, m=-4)
    assert session.error == "" and session.values["m"] == -4
    assert session.status.startswith("Y with l = 2, m = −2 (no m = −4 at this degree), turned by")
    assert session.result.a_before.values[:, 0].argmax() == 4
