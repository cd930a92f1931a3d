"""What lesson 9 reads off runs, on small tables made by hand and on small runs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from lsviz import equivariant, experiment
from lsviz.figure.bodies import check
from lsviz.lesson import euclidean_readings as read

QUARTER = (np.sqrt(0.5), 0.0, np.sqrt(0.5), 0.0)
SKEW = (0.878, 0.245, 0.405, 0.067)
TURNED = dict(rotation=QUARTER, mirror="no")


def shape(before=(1.0, 0.5, 1, 2, 3), after=(1.0, 0.5, 2, 1, 3), l=(0, 0, 1, 1, 1), p=(1, -1, -1, -1, -1), error=1e-15):
    """Outputs 0e + 0o + 1o, two of the arrow's numbers changed."""
    rows = dict(f_before=before, f_after=after, f_scale=np.ones(5))
    table = {name: (("output", "seed"), np.asarray(row, float)[:, None]) for name, row in rows.items()}
    labels = dict(l_output=("output", list(map(float, l))), p_output=("output", list(map(float, p))))
    return xr.Dataset(table | labels | dict(motion_error=("seed", [error])))


def test_the_twins_are_bodies_and_mirror_images():
    both = read.twins()
    assert set(both) == set(read.TWINS)
    for bodies in both.values():
        assert [body.kind for body in check(bodies)] == ["axes", "cubes"]
    one, other = (equivariant.as_points(name).positions for name in read.TWINS)
    reflected = one * [1, -1, 1]
    assert np.allclose(sorted(map(tuple, reflected - reflected.mean(0))), sorted(map(tuple, other - other.mean(0))))


def test_what_stays_when_a_shape_is_turned():
    assert read.stays(shape()) == 3 and read.off(shape()) == 0 and read.off(shape(error=0.3)) == 0.3
    assert np.isnan(read.stays(shape(after=[np.nan] * 5)))
    assert read.numbers_flipped(shape()) == 4
    live = equivariant.turned_shape(rotation=SKEW)
    assert read.stays(live) == 2 and read.off(live) == 0 and read.numbers_flipped(live) == 4
    mirrored = equivariant.turned_shape(mirror="yes")
    assert read.stays(mirrored) == 13 - 4 + 1, "0o and 1o flip; one number of the arrow is 0, by the shape's own axis"
    assert read.off(equivariant.turned_shape(rotation=SKEW, network="mlp")) > 0.1


@pytest.mark.parametrize(("vectors", "sign"), [("polar", 1), ("mixed", -1), ("axial", 1)])
@pytest.mark.parametrize("rotation", [read.STILL, SKEW])
def test_a_cross_product_in_the_mirror_whatever_turn_goes_with_it(vectors, sign, rotation):
    ds = equivariant.vector_products(vectors=vectors, mirror="yes", rotation=rotation)
    assert read.mirrored_cross(ds, rotation) == sign
    found = read.cross_flips(dict(mirror="yes", rotation=rotation), ds)
    assert (found[0] is True) if sign < 0 else isinstance(found, str)
    assert "Choose it first" in read.cross_flips(dict(mirror="no", rotation=rotation), ds)


def test_the_words_fit_what_the_apps_open_with():
    from lsviz import apps
    from lsviz.lesson import catalog

    text = catalog.texts("9_equivariant_networks")
    w = apps.turn_the_shape.start["rotation"][0]
    assert f"turned by {np.degrees(2 * np.arccos(w)):.0f}°" in text["9-stays"]["ask"]
    ds = equivariant.turned_shape(rotation=apps.turn_the_shape.start["rotation"])
    kinds = list(zip(ds.l_output.values, ds.p_output.values, strict=True))
    sizes = [kinds.count(kind) for kind in dict.fromkeys(kinds)]
    assert f"with {len(kinds)} numbers, sorted into groups of 1, 1, 3, 3 and 5" in text["9-stays"]["ask"] and sizes == [1, 1, 3, 3, 5]
    start = apps.four_architectures.start
    assert (start["turn"], start["about"]) == (45.0, "oblique") and "by 45° about the axis (1, 2, 3)" in text["9-grid"]["ask"]
    start = apps.learn_from_one_orientation.start
    assert (start["steps"], start["augment"], start["network"]) == (200, 0, "message_passing")


def test_parallel_arrows_have_no_cross_product():
    assert np.isnan(read.mirrored_cross(equivariant.vector_products(between=0.0, mirror="yes")))


def test_two_arrows_have_three_kinds_of_products():
    ds = equivariant.vector_products(irreps1="1o", irreps2="1o")
    assert read.kinds(ds) == 3 and read.odd_ones(ds) == 1
    assert read.odd_ones(equivariant.vector_products()) == 4, "of 15 paths, those that harmonics to harmonics lack: 15 − 11"
    for kept in (dict(kept="harmonics"), dict(symmetry="SO(3)")):
        with pytest.raises(ValueError, match="then check again"):
            read.odd_ones(equivariant.vector_products(**kept))


def test_the_goal_of_a_turn_that_changes_nothing():
    run = equivariant.turned_harmonics
    assert read.kept_in_a_turn(TURNED, run(l=3, m=0, rotation=QUARTER))[0] is True
    assert read.kept_in_a_turn(TURNED, run(function="axes", l=4, rotation=QUARTER))[0] is True, "a symmetry of its own"
    assert "change by" in read.kept_in_a_turn(TURNED, run(l=3, m=1, rotation=QUARTER))
    assert "a ball" in read.kept_in_a_turn(TURNED, run(l=0, m=0, rotation=QUARTER))
    still = dict(rotation=read.STILL, mirror="no")
    assert "hardly" in read.kept_in_a_turn(still, run(l=3, m=0))
    assert "turns" in read.kept_in_a_turn(TURNED | dict(mirror="yes"), run(l=2, m=0, rotation=QUARTER, mirror="yes"))


TABLES = [(dict(l=3, m=1), 49), (dict(function="random", l=4), 165), (dict(function="axes", l=4), 1 + 81)]


@pytest.mark.parametrize(("how", "entries"), TABLES)
def test_entries_of_the_table_of_a_turn(how, entries):
    """Peaks on the axes have degrees 0 and 4 alone: what is odd cancels, and l = 2 as well."""
    ds = equivariant.turned_harmonics(**how)
    assert read.table_entries(ds) == entries
    D = equivariant.turned_harmonics(function="random", l=4, rotation=SKEW).turn_matrix.values
    assert (np.abs(D) > 1e-9).sum() == 165, "and a skew turn fills them all"


def test_a_ball_has_no_table():
    with pytest.raises(ValueError, match="then check again"):
        read.table_entries(equivariant.turned_harmonics(l=0, m=0))


def test_the_goal_of_a_network_that_has_no_hands():
    at = dict(network="message_passing", shape="chiral_1")
    found = {L: read.handed(at, equivariant.turned_shape(layers=L)) for L in (1, 2, 3)}
    assert found[1][0] is True is found[2][0] and isinstance(found[3], str)
    assert "own mirror image" in read.handed(at | dict(shape="square"), equivariant.turned_shape(shape="square"))
    assert "only called so" in read.handed(at | dict(network="mlp"), equivariant.turned_shape(network="mlp"))


def learned(upright, steps=(0, 200), known=(60, np.nan)):
    rows = (("step", "seed"), np.array([[0.0, 0.0], upright]))
    table = dict(accuracy_upright=rows, accuracy_turned=rows, learned_at=("seed", list(known)))
    return xr.Dataset(table, coords=dict(step=list(steps), seed=[0, 1]))


def test_the_goal_of_a_network_that_never_knows_all_shapes():
    at = dict(network="message_passing")
    assert read.never_knows(at, learned([0.75, 0.75]))[0] is True
    for rest in (dict(upright=[0.75, 1.0]), dict(upright=[0.5, 0.5], steps=(0, 50))):
        assert isinstance(read.never_knows(at, learned(**rest)), str)
    assert isinstance(read.never_knows(dict(network="mlp"), learned([0.5, 0.5])), str)


def test_when_all_shapes_are_known():
    assert read.first_known(learned([1, 1]))[0] == 60
    with pytest.raises(ValueError, match="then check again"):
        read.first_known(learned([1, 1], known=(np.nan, np.nan)))


def test_what_is_right_in_the_end_and_how_far_answers_move():
    assert read.learned(learned([0.5, 1.0])) == pytest.approx(75)
    E = xr.DataArray([[[0.0, 0.2], [0.0, 0.4]]], dims=("network", "seed", "turn_degrees"))
    ds = xr.Dataset(dict(equivariance=E), coords=dict(network=["voxel_convolution"], turn_degrees=[0.0, 45.0]))
    assert read.moved("voxel_convolution")(ds) == pytest.approx(0.08**0.5) and np.isnan(read.moved("mlp")(ds))
    assert read.drawn_at(200, "step")(read.STEPS, read.STEPS / 2) == pytest.approx(100)


def test_turned_copies_do_for_a_plain_network_what_one_orientation_does_for_this_one():
    told = read.augmented()
    assert told["none"] == 100 and told["copies_0"] == read.plain() < 15 and told["seeds"] == 8
    assert told["copies_0"] < 50 < told["copies_800"] < 90 < told["copies_8000"] < 100


def test_words_come_from_runs():
    told = read.mirrors()
    assert told == dict(polar="1", mixed="−1", axial="1")
    three = read.handedness()
    assert three["one"] == three["two"] == "0" and three["three"] == f"−{three['mirrored']}" and float(three["mirrored"]) > 0.001
    kink = read.nonlinearities()
    assert kink["relu"] > 0.5 and kink["gate"] < 1e-14 and "10<sup>−1" in kink["gate_told"]
    assert read.ten_to(3.2e-16) == "3 · 10<sup>−16</sup>"


def test_stored_digits_keep_their_order():
    told = read.digits()
    assert told["P"] == 2000 and told["seeds"] == 4
    assert told["mlp_turned"] < 20 < told["power_spectrum_turned"] < told["tensor_product_turned"] < told["mlp_upright"]
    for net in ("power_spectrum", "tensor_product"):
        assert abs(told[f"{net}_turned"] - told[f"{net}_upright"]) < 0.1


def test_four_uses_are_as_exact_as_the_lesson_says():
    """Points at every angle; sphere and voxels nearly, and right; voxels exactly at the quarter turns of their own grid."""
    run = experiment.get("equivariance_scan")(turns=(0.0, 45.0, 90.0), about="grid")
    E, right = run.equivariance.max("seed"), run.right_turn.min("seed")
    for net in ("message_passing", "se3_transformer"):
        assert float(E.sel(network=net).max()) < 1e-13
    assert 1e-6 < read.moved("spherical_cnn")(run) < 1e-2 and float(right.sel(network="spherical_cnn").min()) == 1
    at = E.sel(network="voxel_convolution")
    assert float(at.sel(turn_degrees=90)) < 1e-11 and 1e-3 < read.moved("voxel_convolution")(run) < 0.05
    assert float(right.sel(network="voxel_convolution").min()) == 1 > float(right.sel(network="plain_voxels", turn_degrees=90))
    assert float(run.equivariance_floor.sel(network="voxel_convolution", turn_degrees=45).min()) > 0.5


ROOT = Path(__file__).resolve().parent.parent
RUN = """
import json, sys, IPython.display
IPython.display.display = lambda *_, **__: None
page = {}
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        exec("".join(cell["source"]), page)
print(json.dumps([name for name in ("torch", "e3nn") if name in sys.modules]), flush=True)
import os
os._exit(0)
"""


def test_the_page_of_lesson_9_needs_neither_torch_nor_e3nn():
    """They load when the first prediction is answered; until then all is shown that there is to see."""
    notebook = str(ROOT / "notebooks" / "9_equivariant_networks.ipynb")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", RUN, notebook], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []
