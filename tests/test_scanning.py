"""Trained networks of the package, and what they answer to one shape turned by every angle."""

import numpy as np
import pytest

from lsviz import experiment
from lsviz.equivariant import equivariance_error
from lsviz.equivariant.euclidean import random_rotations, rotation, targets, weights
from lsviz.equivariant.euclidean.scanning import answer, apart, motion_of, which
from lsviz.symbols import SHAPES

POINTS = ("message_passing", "se3_transformer")
EXACT = (*POINTS, "spherical_cnn")
RIGHT = (*EXACT, "voxel_convolution")


def scan(**arguments):
    return experiment.get("equivariance_scan")(**arguments)


@pytest.mark.parametrize("name", weights.NETWORKS)
def test_stored_networks_tell_all_eight_as_they_stand_and_as_often_when_turned_as_they_say(name):
    w, told = weights.stored(name), weights.story(name)
    assert w.shape == (3, weights.shipped(name).N) and told["N"] == w.shape[1] and told["seeds"] == [0, 1, 2]
    f = weights.shipped(name)(w.astype(np.float32), weights.seen(name, SHAPES, rotation((0, 1, 0), 0.0)))
    assert (np.round(f) == targets()).all() and told["accuracy_upright"] == [1, 1, 1]
    few = 10 if name in EXACT else 4  # of the turns that the story is about; the others are the same for all who ask
    turns = random_rotations(told["rotations"], told["rotations_seed"])[:few]
    good = [(np.round(weights.shipped(name)(w[:1].astype(np.float32), weights.seen(name, SHAPES, motion))) == targets()).all(-1).mean()
            for motion in turns]  # fmt: skip
    stated = told["accuracy_turned"][0]
    assert np.mean(good) == 1 == stated if name in RIGHT else abs(np.mean(good) - stated) < 0.3
    assert told["command"] == "python tools/train_euclidean.py" and told["seconds"] < 200


def test_all_weights_take_little_room_and_a_damaged_file_is_told(tmp_path, monkeypatch):
    assert sum(path.stat().st_size for path in weights.FOLDER.iterdir()) <= 300_000
    (tmp_path / "nets.json").write_bytes((weights.FOLDER / "nets.json").read_bytes())
    (tmp_path / "message_passing.npy").write_bytes(b"nothing")
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="missing or damaged"):
        weights.stored.__wrapped__("message_passing")
    with pytest.raises(ValueError, match="message_passing"):
        weights.stored("mlp")


def test_a_plain_network_learned_the_same_and_knows_no_turn():
    assert max(weights.story("plain_voxels")["accuracy_turned"]) < 0.3
    assert min(min(weights.story(name)["accuracy_turned"]) for name in RIGHT) == 1


def test_points_are_exact_to_their_digits_and_the_sphere_to_its_grid():
    ds = scan(networks=EXACT, turns=(30.0, 90.0, 145.0), turn=30.0)
    assert ds.equivariance.dims == ("network", "seed", "turn_degrees")
    points = ds.equivariance.sel(network=list(POINTS))
    assert 0 < points.max() < 1e-13 and 1e-6 < ds.equivariance.sel(network="spherical_cnn").mean() < 1e-2
    assert (ds.right_turn == 1).all() and (ds.taken_for == 0).all() and ds.equivariance_floor.isnull().all()
    single = scan(networks=POINTS, turns=(30.0, 90.0), precision="single", seeds=1)
    assert 1e-8 < single.equivariance.max() < 1e-4 and single.equivariance.min() > points.max()


def test_voxels_are_exact_about_the_grids_own_axis_alone():
    nets = ("voxel_convolution", "plain_voxels")
    ds = scan(networks=nets, about="grid", turns=(0.0, 45.0, 90.0), turn=90.0, seeds=1, precision="single")
    steerable, plain = ds.equivariance.values[:, 0]
    assert steerable[0] == plain[0] == 0
    assert steerable[2] < 1e-4 < 1e-3 < steerable[1] < 0.1 and plain[2] > 0.1
    assert (ds.equivariance_floor.values[:, 0, 2] < 1e-5).all() and (ds.equivariance_floor.values[:, 0, 1] > 1e-3).all()
    assert ds.taken_for[0, 0] == 0 and ds.right_turn[0, 0, 2] == 1
    oblique = scan(networks=("voxel_convolution",), turns=(90.0,), seeds=1, precision="single")
    assert 1e-3 < oblique.equivariance < 0.1 and oblique.right_turn == 1


def test_E_is_that_of_equivariance_error_and_outputs_are_not_small():
    name, motion = "message_passing", motion_of("oblique", 30.0)
    w = weights.stored(name)[0]

    def f(turn):
        return weights.shipped(name)(w, weights.seen(name, ["T"], turn))

    E = equivariance_error(f, rotation((1, 2, 3), 0.0), [motion], lambda g, x: g, lambda g, y: y)
    upright, turned = (answer(name, 0, "T", "oblique", a, "double", False) for a in (0.0, 30.0))
    assert apart(upright, turned) == E and np.abs(upright).max() > 0.5 and which(upright) == SHAPES.index("T")
    assert which(np.full((1, 7), 0.5001)) == -1
    mirrored = answer(name, 0, "chiral_2", "oblique", 30.0, "double", False)
    np.testing.assert_allclose(mirrored[:, 1:], answer(name, 0, "chiral_1", "oblique", 30.0, "double", False)[:, 1:], atol=1e-12)
    assert which(mirrored) == 1


def test_the_shape_is_shown_turned_in_three_ways():
    still, half = (scan(networks=("message_passing",), turns=(90.0,), turn=turn, about="grid", shape="L", seeds=1) for turn in (0.0, 180.0))
    np.testing.assert_allclose(half.cells_turned[:, :2], -still.cells_turned[:, :2], atol=1e-12)
    np.testing.assert_allclose(half.field_seen, still.field_seen[::-1, ::-1], atol=1e-12)
    np.testing.assert_allclose(half.reach_seen, still.reach_seen[::-1, ::-1], atol=1e-9, equal_nan=True)
    assert np.isnan(still.reach_seen[0, 0]) and still.reach_seen.max() > 1


def test_other_seeds_are_not_shipped_and_wrong_networks_are_told():
    ds = scan(networks=("message_passing",), turns=(90.0,), seeds=(7, 1))
    assert np.isnan(ds.equivariance[0, 0]).all() and np.isfinite(ds.equivariance[0, 1]).all()
    with pytest.raises(ValueError, match="networks: got 'mlp'"):
        scan(networks=("mlp",))


def test_the_first_dataset_comes_before_anything_is_asked():
    stream = experiment.get("equivariance_scan").stream(turns=(90.0,))
    first = next(stream)
    assert float(first.progress) < 0.2 and np.isfinite(first.cells_turned).all()
    stream.close()
