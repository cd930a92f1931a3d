"""The eight shapes, learned in one orientation."""

import numpy as np
import pytest

from lsviz import experiment
from lsviz.equivariant import INVERSION, message_passing, move, targets, train, trained
from lsviz.equivariant.euclidean import learning

tetris = experiment.get("tetris")


def test_one_orientation_is_enough_and_all_turns_are_known():
    ds = tetris()
    assert (ds.accuracy_turned[-1] == 1).sum() >= 7  # of the eight seeds, at 100 turns
    assert (ds.learned_at <= 200).sum() >= 7
    assert (ds.accuracy_upright[-1] == 1).sum() >= 7
    assert set(ds.right_turned.dims) == {"shape", "seed"}
    np.testing.assert_array_equal(ds.right_turned.mean("shape"), ds.accuracy_turned[-1])
    assert (ds.loss[-1] < ds.loss[0]).all()


def test_a_plain_network_knows_the_orientation_it_saw():
    few = dict(network="mlp", outputs="scalars", steps=100, rotations=50, seeds=3)
    one, many = tetris(**few), tetris(**few, augment=1600)
    assert (one.accuracy_upright[-1] == 1).all()
    assert (one.accuracy_turned[-1] < 0.3).all()
    assert (many.accuracy_turned[-1] > 0.7).all()


def test_even_numbers_alone_cannot_tell_the_pair_of_mirror_images():
    ds = tetris(outputs="scalars", steps=60, rotations=10, seeds=2)
    assert (ds.accuracy_turned[-1] <= 7 / 8).all()
    np.testing.assert_allclose(ds.f_upright[0], ds.f_upright[1], atol=1e-12)
    two = tetris(layers=2, steps=3, rotations=2, seeds=2)
    assert (two.f_upright[..., 0] == 0).all()


def test_a_mirror_flips_the_odd_output_and_nothing_else():
    one, w = trained(steps=100)
    x = learning.shapes(2.5)
    before, after = one.f(w, x), one.f(w, move(INVERSION, x))
    np.testing.assert_allclose(after[:, 0], -before[:, 0], atol=1e-12)
    np.testing.assert_allclose(after[:, 1:], before[:, 1:], atol=1e-12)
    assert np.abs(before[:2, 0]).min() > 0.5
    assert learning.right(before[None], targets()).all()
    again, v = trained(steps=100)
    assert again is one and v is w


def test_seeds_do_not_depend_on_each_other_and_training_is_adam():
    torch = pytest.importorskip("torch")
    f, x, y = message_passing(mul=2, hidden=8), learning.shapes(2.5), targets()
    last = None
    for last in train(f, f.init((3, 5)), x, y, steps=8, rate=1e-2):
        pass
    w = torch.tensor(f.init((5,))[0], requires_grad=True)
    adam = torch.optim.Adam([w], lr=1e-2)
    for step in range(8):
        adam.param_groups[0]["lr"] = 1e-2 * 0.5 * (1 + np.cos(np.pi * step / 8))
        adam.zero_grad()
        (f(w, x) - torch.tensor(y)).square().mean().backward()
        adam.step()
    np.testing.assert_allclose(last.w[1], w.detach(), rtol=1e-7, atol=1e-9)


def test_turned_graphs_are_those_that_move_gives():
    x, motions = learning.shapes(2.5), learning.random_rotations(3, 7)
    many = learning.turned(x, np.stack([m.rotation for m in motions]))
    np.testing.assert_allclose(many.positions[64:], move(motions[2], x).positions, atol=1e-14)
    np.testing.assert_array_equal(many.edges[:, -x.edges.shape[1] :] - 64, x.edges)
    assert many.graph.tolist() == np.repeat(np.arange(24), 4).tolist()


def test_augmented_shapes_come_round_again():
    one = learning.Learner(None, learning.coordinates)
    upright = learning.shapes(2.5)
    following = learning.batches(one, upright, targets(), augment=5, steps=3)
    seen = np.concatenate([following()[0].numpy() for _ in range(5)]).reshape(10, 8, 12)
    np.testing.assert_array_equal(seen[:5], seen[5:])
    assert len(np.unique(seen.round(9), axis=0)) == 5


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"^network: got 'voxel_convolution'; allowed: one of message_passing"):
        tetris(network="voxel_convolution", steps=1)
    with pytest.raises(ValueError, match=r"^cutoff: got 0\.9; allowed: more than 1"):
        tetris(cutoff=0.9, steps=1)
    f = message_passing(mul=1, hidden=2)
    x = learning.shapes(2.5)
    with pytest.raises(ValueError, match=r"^w: got shape"):
        next(train(f, np.zeros((2, 3)), x, targets(), steps=1))
    with pytest.raises(ValueError, match=r"^y: got shape \(8, 8\); allowed: \(8, 7\)"):
        next(train(f, f.init(1), x, targets("scalars"), steps=1))
