"""Convolutions on voxels: exact under the cube's turns, as smooth as the field under others; a plain one is neither."""

import numpy as np
import pytest
import torch

from lsviz.equivariant import (
    INVERSION,
    act,
    cube_rotations,
    equivariance_error,
    move_voxels,
    reflection,
    translation,
)
from lsviz.equivariant.euclidean import as_voxels, plain_voxels, rotation, voxel_convolution
from lsviz.equivariant.euclidean.shapes import cells

CUBE = cube_rotations()[1::5]
MIRRORS = (INVERSION, reflection((0, 1, 0)))


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def keep(motion, y):
    return y


def fields(irreps):
    return lambda motion, x: move_voxels(motion, x, irreps)


def error(net, x, motions, act_in=move_voxels, act_out=None, seed=0):
    w = net.init([seed])[0]
    return equivariance_error(lambda x: net(w, x), x, motions, act_in, act_out or act(net.irreps_out))


@pytest.mark.parametrize("symmetry", ["O(3)", "SO(3)"])
def test_fields_of_all_kinds_turn_with_the_cube(symmetry):
    """Vectors and axial vectors in, and out at each voxel; none of them small. Mirrors count in O(3) alone."""
    net = voxel_convolution(
        l_max=2, layers=2, mul=2, symmetry=symmetry, irreps_in="0e+1o", irreps_out="0e+0o+1o+1e+2e", pool=False
    )
    x, w = numbers(2, 4, 7, 7, 7), net.init([0])[0]
    size = np.sqrt((net(w, x) ** 2).mean((0, 2, 3, 4)))
    assert size.shape == (13,) and size[1:8].min() > 0.02 * size.max()
    ins, outs = ("0e+1o", str(net.irreps_out)) if symmetry == "O(3)" else ("0e+1e", str(net.irreps_out))
    assert error(net, x, CUBE, fields(ins), fields(outs)) < 1e-11
    mirrored = error(net, x, MIRRORS, fields("0e+1o"), fields("0e+0o+1o+1e+2e"))
    assert mirrored < 1e-11 if symmetry == "O(3)" else mirrored > 0.1
    if symmetry == "O(3)":
        assert error(net, x, [INVERSION], fields("0e+1o"), fields("0e+0o+1e+1e+2e")) > 1e-3  # 1o is no 1e


def test_pooled_outputs_of_the_chiral_pair_differ_in_sign_alone():
    net = voxel_convolution(mul=2)
    x, w = numbers(2, 1, 9, 9, 9), net.init([1])[0]
    y = net(w, x)
    assert np.abs(y[:, 0]).min() > 1e-6
    assert error(net, x, [*CUBE[:2], *MIRRORS], seed=1) < 1e-11
    flipped = net(w, move_voxels(INVERSION, x))
    np.testing.assert_allclose(flipped[:, 0], -y[:, 0], rtol=1e-7)
    np.testing.assert_allclose(flipped[:, 1:], y[:, 1:], rtol=1e-9)
    two = voxel_convolution(mul=2, l_max=0)
    assert np.abs(two(two.init([0])[0], x)[:, 0]).max() < 1e-14  # of scalars, no pseudoscalar


def test_a_plain_network_fails_the_same_test_and_a_kernel_that_is_not_steerable_too():
    x = numbers(2, 1, 7, 7, 7)
    for pool, act_out, least in (
        (False, move_voxels, 0.05),
        (True, keep, 1e-3),
    ):  # what is common to all outputs hides much of it
        plain = plain_voxels(layers=2, channels=3, pool=pool)
        w = plain.init([0])[0]
        assert equivariance_error(lambda x, f=plain, w=w: f(w, x), x, CUBE, move_voxels, act_out) > least
    net = voxel_convolution(layers=1, mul=2)
    convolution = net.module[1]
    kept = convolution.polynomials.clone()
    assert error(net, x, CUBE) < 1e-11
    try:
        convolution.polynomials += 0.3 * torch.from_numpy(numbers(*kept.shape))
        net._buffers.clear()
        assert error(net, x, CUBE) > 1e-3
    finally:
        convolution.polynomials.copy_(kept)
        net._buffers.clear()


def test_kernels_obey_their_constraint_and_are_what_the_docstring_says():
    """κ(Rs) = D′(R) κ(s) D(R)ᵀ, Weiler et al. equation 3; of a scalar's, the radial part, term by term."""
    from lsviz.equivariant import representation

    net = voxel_convolution(layers=2, mul=1, irreps_in="0e+1o", l_max=2)
    one = net.module[1]
    impulses = torch.zeros(4, 9, 9, 9, 4, dtype=torch.float64)
    impulses[range(4), 4, 4, 4, range(4)] = 1
    with torch.no_grad():  # f′(r) = κ(−r) for an impulse at 0
        kernel = one(impulses).flip(1, 2, 3).permute(4, 0, 1, 2, 3).numpy()
        W = one.own(one.unit).T.numpy()
    kernel[:, :, 4, 4, 4] -= W
    assert np.abs(kernel[:, 0]).max() > 1e-3 and np.abs(kernel[:, 1:]).max() > 1e-3
    for motion in (*CUBE, *MIRRORS):
        out, into = representation(motion, one.own.irreps_out), representation(motion, "0e+1o")
        moved = move_voxels(motion, kernel.reshape(-1, 1, 9, 9, 9)).reshape(kernel.shape)
        np.testing.assert_allclose(np.einsum("ab,bcxyz,dc->adxyz", out, moved, into), kernel, atol=1e-12)
    line = np.arange(9) - 4.0
    s = np.stack(np.meshgrid(line, line, line, indexing="ij"))
    bells = np.stack([np.exp(-(s**2).sum(0) / 2 / a**2) for a in (1.0, 1.5)])
    places = zip(one.own.irreps_out, one.own.irreps_out.slices(), strict=True)
    vector = next(where for (_, ir), where in places if str(ir) == "1o")
    for polynomial, part in zip((1, *s), (kernel[0, 0], *kernel[vector, 0][:3]), strict=True):
        basis = (polynomial * bells).reshape(2, -1).T
        found, *_ = np.linalg.lstsq(basis, part.ravel(), rcond=None)
        assert np.abs(found).min() > 1e-3 and np.abs(basis @ found - part.ravel()).max() < 1e-12


def moved_by(net, w, side, sigma, shapes=("chiral_1", "corner"), about=(0, 1, 0)):
    """E of shapes turned by 45°: the cells are turned and rendered anew, no interpolation of the field."""
    upright, turned = (
        np.stack([as_voxels(c @ R.T, side=side, sigma=sigma) for c in map(cells, shapes)])
        for R in (np.eye(3), rotation(about, np.pi / 4).rotation)
    )
    return np.abs(net(w, turned) - net(w, upright)).max() / np.abs(net(w, upright)).max()


def test_other_turns_are_as_exact_as_the_field_is_smooth_and_the_grid_wide():
    net = voxel_convolution(layers=1, mul=2, irreps_out="4x0e")
    w = net.init([0])[0]
    coarse, fine, finer = (moved_by(net, w, 21, sigma) for sigma in (0.6, 1.0, 1.5))
    assert coarse > 30 * fine > 300 * finer and fine < 1e-4
    assert moved_by(net, w, 13, 1.5) > 30 * finer  # the border cuts it


def test_fields_that_are_large_to_their_gates_know_the_grid(monkeypatch):
    from lsviz.equivariant.euclidean import voxels

    net = voxel_convolution(layers=2, mul=2, irreps_out="4x0e")
    w = net.init([0])[0]
    small = moved_by(net, w, 21, 1.2)
    monkeypatch.setattr(voxels, "VOLUME", 1e6)
    assert moved_by(net, w, 21, 1.2) > 5 * small


def test_what_is_0_by_symmetry_is_not_raised_from_the_grids_noise(monkeypatch):
    from lsviz.equivariant.euclidean import voxels

    net = voxel_convolution(mul=2, irreps_out="4x0e")
    w = net.init([2])[0]
    faded = moved_by(net, w, 21, 1.2, ("line",), (1, 2, 3))
    monkeypatch.setattr(voxels, "LEAST", 1e-5)
    assert moved_by(net, w, 21, 1.2, ("line",), (1, 2, 3)) > 10 * faded


def test_a_larger_grid_changes_no_pooled_answer():
    net = voxel_convolution(layers=2, mul=2)
    w = net.init([0])[0]
    wide, wider = (net(w, as_voxels("L", side=side, sigma=1.0)[None]) for side in (25, 31))
    np.testing.assert_allclose(wider, wide, atol=1e-4 * np.abs(wide).max())


def test_seeds_in_a_batch_are_seeds_one_by_one_and_gradients_go_through():
    net = voxel_convolution(layers=1, mul=1)
    x, w = numbers(2, 1, 5, 5, 5), net.init([4, 2])
    np.testing.assert_array_equal(net.init([2])[0], w[1])
    np.testing.assert_allclose(net(w, x), np.stack([net(one, x) for one in w]), atol=1e-12)
    tw = torch.from_numpy(w[0])
    J = torch.func.jacrev(lambda w: net(w, torch.from_numpy(x))[0, 1])(tw)
    step = 1e-6 * torch.from_numpy(numbers(net.N, seed=1))
    change = net((tw + step).numpy(), x)[0, 1] - net((tw - step).numpy(), x)[0, 1]
    assert float(2 * J @ step) == pytest.approx(change, rel=1e-5)


def test_a_shift_changes_nothing_away_from_the_border_in_a_plain_network():
    net = plain_voxels(layers=2, channels=2, size=3)
    x = np.zeros((1, 1, 11, 11, 11))
    x[..., 4:7, 4:7, 4:7] = numbers(3, 3, 3)
    w = net.init([0])[0]
    np.testing.assert_allclose(net(w, move_voxels(translation((1, 0, -1)), x)), net(w, x), atol=1e-12)
    assert pytest.approx(voxel_convolution().N, rel=0.2) == plain_voxels().N


@pytest.mark.parametrize("call, name", [
    (lambda: voxel_convolution(l_max=5), "l_max"),
    (lambda: voxel_convolution(layers=0), "layers"),
    (lambda: voxel_convolution(mul=0), "mul"),
    (lambda: voxel_convolution(symmetry="E(3)"), "symmetry"),
    (lambda: voxel_convolution(scales=(1, 40)), "scales"),
    (lambda: voxel_convolution(scales=()), "scales"),
    (lambda: voxel_convolution(scales="wide"), "scales"),
    (lambda: voxel_convolution(irreps_in="0x"), "irreps_in"),
    (lambda: voxel_convolution(irreps_out=""), "irreps_out"),
    (lambda: plain_voxels(size=4), "size"),
    (lambda: plain_voxels(channels=0), "channels"),
])  # fmt: skip
def test_bad_arguments_are_named(call, name):
    with pytest.raises(ValueError, match=rf"^{name}: got .*allowed.*as "):
        call()
