"""Message passing on points: equivariant to rounding, with directions that count."""

from functools import cache

import numpy as np
import pytest

from lsviz.equivariant import (
    INVERSION,
    Points,
    act,
    batch,
    equivariance_error,
    message_passing,
    move,
    points,
    random_rotations,
    reflection,
    relabel,
    se3_transformer,
    translation,
)
from lsviz.equivariant.euclidean import graphs

START, END = "2x0e+0o+1o+1e", "2x0e+0o+2x1o+1e+2e"
TURNS = random_rotations(2, 0)
MIRRORS = (INVERSION, reflection((1.0, 2.0, -0.5)))
MOTIONS = (*TURNS, *MIRRORS, translation((1.0, -2.0, 3.0)))
both = pytest.mark.parametrize("make", [message_passing, se3_transformer])


def cloud(irreps_dim=9, seed=0):
    """Two graphs of random points with random features."""
    rng = np.random.default_rng(seed)
    return batch([points(0.7 * rng.standard_normal((n, 3)), rng.standard_normal((n, irreps_dim))) for n in (6, 4)])


@cache
def made(make, **more):
    f = make(irreps_in=START, irreps_out=END, pool=False, mul=3, hidden=8, **more)
    w = f.init((0,))[0]
    return f, lambda x: f(w, x)


def carry(motion, x):
    return move(motion, x, START)


@pytest.mark.parametrize(("make", "l_max"), [(message_passing, 1), (message_passing, 2), (se3_transformer, 1)])
def test_equivariant_to_rounding_with_tensors_that_are_not_small(make, l_max):
    f, at = made(make, l_max=l_max)
    x = cloud()
    out = at(x)
    scale = np.abs(out).max()
    for slot, (_, ir) in zip(f.irreps_out.slices(), f.irreps_out, strict=True):
        if ir.l <= 2 * l_max:
            assert np.abs(out[:, slot]).max() > 0.05 * scale, str(ir)
    assert equivariance_error(at, x, MOTIONS, carry, act(END)) < 1e-11


@both
def test_axial_and_polar_vectors_differ_under_inversion_only(make):
    x, (_, at) = cloud(), made(make)
    swapped = act(END.replace("2x1o", "2x1u").replace("1e", "1o").replace("1u", "1e"))
    assert equivariance_error(at, x, TURNS, carry, swapped) < 1e-11
    assert equivariance_error(at, x, (INVERSION,), carry, swapped) > 0.05


@both
def test_points_in_another_order_give_the_same(make):
    x, (_, at) = cloud(), made(make)
    order = np.r_[np.random.default_rng(1).permutation(6), 6 + np.random.default_rng(2).permutation(4)]
    assert equivariance_error(at, x, (order,), relabel, lambda g, y: y[g]) < 1e-12
    pooled = make(irreps_in=START, irreps_out=END, mul=3, hidden=8)
    w = pooled.init(1)[0]
    assert equivariance_error(lambda y: pooled(w, y), x, (order,), relabel, lambda g, y: y) < 1e-12
    np.testing.assert_allclose(pooled(w, x), [at(x)[:6].mean(0), at(x)[6:].mean(0)], rtol=1e-9, atol=1e-12)


@both
def test_a_graph_beside_another_changes_nothing(make):
    x, (_, at) = cloud(), made(make)
    alone = Points(x.positions[:6], x.features[:6], x.edges[:, (x.edges < 6).all(0)], x.graph[:6])
    np.testing.assert_allclose(at(x)[:6], at(alone), rtol=1e-10, atol=1e-12)


def test_turns_alone_know_no_mirror():
    x, (_, at) = cloud(), made(message_passing, symmetry="SO(3)")
    assert equivariance_error(at, x, TURNS, carry, act(END)) < 1e-11
    assert equivariance_error(at, x, MIRRORS, carry, act(END)) > 0.05


def test_relu_on_vectors_fails_the_same_test():
    x, (_, at) = cloud(), made(message_passing)
    assert equivariance_error(lambda y: np.maximum(at(y), 0), x, TURNS, carry, act(END)) > 0.1


def test_no_weight_starts_at_zero_and_directions_count():
    f = message_passing()
    w = f.init(2)
    assert (w != 0).all()
    bent, straight = (
        points(np.array(r, float)) for r in (((0, 0, 0), (1, 0, 0), (1, 1, 0)), ((0, 0, 0), (1, 0, 0), (2, 0, 0)))
    )
    lengths = message_passing(l_max=0, irreps_out="0e", cutoff=1.5)
    with_angles = message_passing(l_max=1, irreps_out="0e", cutoff=1.5)
    for g, differs in ((lengths, False), (with_angles, True)):
        v = g.init(1)[0]
        far = [p._replace(edges=points(p.positions, cutoff=1.2).edges) for p in (bent, straight)]
        assert np.allclose(g(v, far[0]), g(v, far[1]), rtol=1e-12) is not differs


def test_the_cutoff_is_smooth():
    f = message_passing(irreps_out="0e+1o", pool=False, cutoff=2.0)
    w = f.init(1)[0]

    def at(r, cutoff=2.5):
        return f(w, points(np.array([[0, 0, 0], [0, r, 0], [1.0, 0, 0]]), cutoff=cutoff))

    np.testing.assert_allclose(at(1.9999), at(2.0001), atol=1e-8)
    np.testing.assert_allclose(at(2.1), at(2.1, cutoff=2.05), atol=1e-14)  # an edge beyond the cutoff does nothing


@both
def test_isolated_points_keep_their_self_connection(make):
    x = points(np.array([[0, 0, 0], [9.0, 0, 0]]), np.array([[1.0], [2.0]]))
    assert x.edges.shape == (2, 0)
    f = make(irreps_out="0e", pool=False)
    w = f.init(1)[0]
    out = f(w, x)
    assert np.isfinite(out).all() and (out != 0).all()
    np.testing.assert_array_equal(graphs.connected(x), [False])
    np.testing.assert_array_equal(graphs.connected(cloud()), [True, True])


def test_three_layers_for_a_pseudoscalar():
    x = cloud(1)
    for layers, zero in ((2, True), (3, False)):
        f = message_passing(layers=layers)
        assert (np.abs(f(f.init(1)[0], x)[:, 0]).max() == 0) == zero


@both
def test_seeds_in_a_batch_and_gradients(make):
    torch = pytest.importorskip("torch")
    x, f = cloud(1), make(mul=2, hidden=8)
    w = f.init((4, 1))
    np.testing.assert_allclose(f(w, x), [f(row, x) for row in w], rtol=1e-9, atol=1e-12)
    v = torch.tensor(w)
    by_vmap = torch.func.vmap(torch.func.grad(lambda u: f(u, x).square().sum()))(v)
    v.requires_grad_(True)
    (plain,) = torch.autograd.grad(f(v, x).square().sum(), v)
    assert torch.isfinite(plain).all()
    torch.testing.assert_close(by_vmap, plain)
    u, step = w[0], 1e-6 * np.random.default_rng(0).standard_normal(f.N)
    rise = (f(u + step, x) ** 2).sum() - (f(u - step, x) ** 2).sum()
    np.testing.assert_allclose(rise / 2, plain[0].numpy() @ step, rtol=1e-5)


@both
@pytest.mark.parametrize(
    ("name", "value"),
    [("l_max", -1), ("l_max", 11), ("layers", 0), ("mul", 0), ("symmetry", "SU(2)"), ("cutoff", 0), ("irreps_in", "8x0"),
     ("irreps_out", ""), ("radial", 0), ("hidden", True)],
)  # fmt: skip
def test_bad_arguments_are_named(make, name, value):
    with pytest.raises(ValueError, match=rf"^{name}: got .*allowed"):
        make(**{name: value})


def test_bad_points_are_named():
    f = message_passing(mul=1, hidden=2)
    w = f.init(1)[0]
    with pytest.raises(ValueError, match=r"^x: got features of 9 numbers; allowed: 1, .*1x0e"):
        f(w, cloud())
    with pytest.raises(ValueError, match=r"^x: got .*allowed: a record of points"):
        f(w, np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"^neighbours: got 0"):
        message_passing(neighbours=0)
