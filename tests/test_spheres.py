"""A network on the sphere: exact in Fourier space, and as exact as its grid where it is not linear."""

import time

import numpy as np
import pytest
import torch

from lsviz.equivariant import (
    INVERSION,
    act,
    equivariance_error,
    move_sphere,
    random_rotations,
    representation,
    translation,
)
from lsviz.equivariant.euclidean import spherical_cnn
from lsviz.equivariant.euclidean.spheres import regular

TURNS = random_rotations(4, 0)
SMALL = dict(l_max=4, l_hidden=2, channels=3)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def keep(motion, y):
    return y


def error(net, x, motions, act_out=keep):
    w = net.init([0])[0]
    return equivariance_error(lambda x: net(w, x), x, motions, move_sphere, act_out)


def test_the_grid_sets_the_error_and_a_finer_one_a_smaller():
    x = numbers(2, 1, 25)
    found = [error(spherical_cnn(**SMALL, resolution=b), x, TURNS) for b in (4, 6, 8)]
    assert found[0] > 3 * found[1] > 9 * found[2]
    assert found[1] < 1e-3 and found[2] < 1e-4


def test_vectors_come_out_turned_and_none_is_small():
    net = spherical_cnn(**SMALL, resolution=6, irreps_out="2x0e+1e+2e")
    x, w = numbers(2, 1, 25), net.init([0])[0]
    y = net(w, x)
    assert y.shape == (2, 10) and np.abs(y[:, 2:]).max(0).min() > 1e-2 * np.abs(y).max()
    assert error(net, x, TURNS, act(net.irreps_out)) < 5e-3 < 0.1 < error(net, x, TURNS)  # they turn: they do not stay


def test_the_convolutions_themselves_are_exact():
    """Without the activations: turned signals give turned functions on SO(3), F^l → D^l F^l, to rounding."""
    net = spherical_cnn(**SMALL, resolution=4, channels_in=2)
    first, _, second, _, _ = net.module
    x = numbers(3, 2, 25)
    with torch.no_grad():
        for motion in TURNS:
            moved, still = (first(torch.from_numpy(one)).numpy() for one in (move_sphere(motion, x), x))
            D = representation(motion, regular(4))
            np.testing.assert_allclose(moved, still @ D.T, atol=1e-12)
            f, D = numbers(2, 3, regular(2).dim), representation(motion, regular(2))
            there = second(torch.from_numpy(f @ D.T)).numpy()
            np.testing.assert_allclose(there, second(torch.from_numpy(f)).numpy() @ D.T, atol=1e-12)
    assert np.abs(still[..., 1:]).max() > 0.1


def test_it_is_an_outer_product_and_then_a_product_of_matrices():
    net = spherical_cnn(l_max=1, l_hidden=1, channels=2, resolution=2)
    first, second = net.module[0], net.module[2]
    x = torch.from_numpy(numbers(1, 1, 4))
    with torch.no_grad():
        out = first(x)[0, :, 1:].reshape(2, 3, 3)  # channel, copy n, m
        rank = np.linalg.matrix_rank(out.numpy(), tol=1e-10)
        assert (rank == 1).all()
        f = torch.from_numpy(numbers(1, 2, 10))
        again = second(f)[0, :, 1:].reshape(2, 3, 3)
        columns = f[0, :, 1:].reshape(6, 3)  # each copy out is a mixture of those that came in
        mixed = np.linalg.lstsq(columns.T.numpy(), again.reshape(6, 3).T.numpy(), rcond=None)[1]
    assert mixed.size == 0 or np.abs(mixed).max() < 1e-20


def test_mirrors_are_told_apart():
    net = spherical_cnn(**SMALL, resolution=6)
    x = numbers(2, 1, 25)
    assert error(net, x, [INVERSION]) > 20 * error(net, x, TURNS)


def test_seeds_in_a_batch_are_seeds_one_by_one():
    net = spherical_cnn(l_max=2, l_hidden=1, channels=2, resolution=3)
    x, w = numbers(2, 1, 9), net.init([4, 2])
    np.testing.assert_array_equal(net.init([2])[0], w[1])
    np.testing.assert_allclose(net(w, x), np.stack([net(one, x) for one in w]), atol=1e-12)


@pytest.mark.parametrize("call, name", [
    (lambda: spherical_cnn(l_max=0), "l_max"),
    (lambda: spherical_cnn(l_max=4, l_hidden=5), "l_hidden"),
    (lambda: spherical_cnn(channels=0), "channels"),
    (lambda: spherical_cnn(resolution=21), "resolution"),
    (lambda: spherical_cnn(l_max=8, resolution=5), "resolution"),
    (lambda: spherical_cnn(l_max=6, resolution=20), "resolution"),
    (lambda: spherical_cnn(irreps_out="seven"), "irreps_out"),
    (lambda: spherical_cnn(l_hidden=1, irreps_out="2e"), "irreps_out"),
])  # fmt: skip
def test_bad_arguments_are_named_before_anything_is_built(call, name):
    start = time.monotonic()
    with pytest.raises(ValueError, match=rf"^{name}: got .*allowed"):
        call()
    assert time.monotonic() - start < 2


def test_a_sphere_cannot_be_shifted():
    with pytest.raises(ValueError, match=r"^motion: got a shift"):
        move_sphere(translation((1, 0, 0)), numbers(1, 1, 9))
