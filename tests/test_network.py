"""Dense networks by hand: against autograd, against the other engine, against the formulas of landscape §1.1."""

from types import SimpleNamespace

import numpy as np
import pytest

from lsviz import network
from lsviz.jamming import Fit
from lsviz.network import dense, normalisation, width_for

torch = pytest.importorskip("torch")
from plain_network import reference  # noqa: E402

torch.set_num_threads(1)

CASES = [
    ("swish", 1.0, "standard", True, 2, 3.5),
    ("swish", 10.0, "mean_field", True, 3, 4 + 1 / 3),
    ("relu", 1.0, "ntk", True, 1, 13.0),
    ("tanh", 2.0, "mean_field", False, 2, 5.0),
    ("erf", 0.7, "ntk", True, 4, 3.25),
]


@pytest.fixture(params=CASES, ids=lambda case: "-".join(map(str, case)))
def case(request):
    act, beta, scale, bias, L, h = request.param
    net = dense(6, h, L, act, beta, scale, bias)
    rng = np.random.default_rng(3)
    w = net.init([2, 5, 11]) + 0.1 * rng.standard_normal((3, net.size))  # biases off zero too
    return net, w, rng.standard_normal((17, 6))


def test_output_and_gradient_equal_autograd(case):
    net, w, x = case
    u = np.random.default_rng(1).standard_normal((3, 17))
    stacks = net.forward(w, net.features_first(x))
    grad = net.pullback(stacks, net.sensitivities(w, stacks, u))
    for s in range(3):
        wt = torch.tensor(w[s], requires_grad=True)
        f = reference(net, wt, torch.tensor(x))
        (expected,) = torch.autograd.grad((f * torch.tensor(u[s])).sum(), wt)
        np.testing.assert_allclose(net(w, x)[s], f.detach().numpy(), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(grad[s], expected.numpy(), rtol=1e-12, atol=1e-12)


def test_jacobian_and_kernel_equal_autograd(case):
    net, w, x = case
    stacks = net.forward(w, net.features_first(x))
    sensitivities = net.sensitivities(w, stacks, np.ones((3, 17)))
    jacobian, kernel = net.jacobian(stacks, sensitivities).transpose(0, 2, 1), net.kernel(stacks, sensitivities)
    expected = torch.func.jacrev(lambda v: reference(net, v, torch.tensor(x)))(torch.tensor(w[1])).numpy()
    np.testing.assert_allclose(jacobian[1], expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(kernel, jacobian @ jacobian.transpose(0, 2, 1), rtol=1e-11, atol=1e-11)
    assert np.linalg.eigvalsh(kernel).min() > -1e-9


def test_both_engines_give_the_same_output(case):
    net, w, x = case
    stacks = net.forward(torch.tensor(w), net.features_first(torch.tensor(x)))
    assert isinstance(stacks.f, torch.Tensor)
    np.testing.assert_allclose(stacks.f.numpy(), net(w, x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("act", ["swish", "relu", "tanh", "erf"])
def test_float32_stays_float32(act):
    net = dense(4, 3, 2, act)
    w, x = net.init(2).astype(np.float32), np.ones((5, 4), np.float32)
    stacks = net.forward(w, net.features_first(x))
    out = net.pullback(stacks, net.sensitivities(w, stacks, np.ones((2, 5), np.float32)))
    assert stacks.f.dtype == out.dtype == np.float32


def test_points_chosen_per_seed():
    net = dense(4, 3, 2)
    w, x = net.init(2), np.random.default_rng(0).standard_normal((9, 4))
    points = np.array([[0, 3, 8], [7, 1, 1]])
    stacks = net.forward(w, net.features_first(x)).at(points)
    for s in range(2):
        own = net.forward(w[s : s + 1], net.features_first(x[points[s]]))
        for mine, theirs in zip([*stacks.inputs[1:], *stacks.slopes], [*own.inputs[1:], *own.slopes], strict=True):
            np.testing.assert_allclose(mine[s], theirs[0], atol=1e-14)
        np.testing.assert_allclose(stacks.inputs[0][s, :4], x[points[s]].T)


def test_normalised_activation_has_unit_second_moment():
    z = np.random.default_rng(0).standard_normal(2_000_000)
    for act, beta in [("swish", 1), ("swish", 10), ("relu", 1), ("tanh", 3), ("erf", 0.5)]:
        a = z.copy()
        network.activate(a, act, beta)
        assert abs(np.mean((normalisation(act, beta) * a) ** 2) - 1) < 0.01
    assert normalisation("swish", 1.0) == pytest.approx(1.6765, abs=1e-4)  # arXiv:2012.15110's own constants
    assert normalisation("swish", 10.0) == pytest.approx(1.4160, abs=1e-4)


def test_activation_does_not_overflow():
    for act in ("swish", "relu", "tanh", "erf"):
        with np.errstate(all="raise", under="ignore"):
            a = np.array([-1e4, 0.0, 1e4])
            slope = network.activate(a, act, 10.0)
        assert np.isfinite(a).all() and np.isfinite(slope).all()


def test_counts_weights_and_parameters():
    net = dense(10, 30, 5)
    assert net.N == 10 * 30 + 4 * 30**2 + 30 == 3930  # the slide's network, arXiv:1809.09349, Fig. 1D
    assert net.size == net.N + 5 * 30 + 1
    assert dense(10, 30, 5, bias=False).size == net.N
    assert dense(7, 3.5, 2).widths == (4, 3) and dense(7, 3.5, 2).N == 7 * 4 + 12 + 3
    assert sorted({dense(10, m / 3, 3).N for m in range(3, 30)}) == [dense(10, m / 3, 3).N for m in range(3, 30)]


def test_width_for_finds_the_nearest():
    for L in (1, 2, 5):
        for h in (1, 2 + 1 / L, 17):
            assert width_for(dense(10, h, L).N, 10, L) == pytest.approx(h)
    assert width_for(100_000, 10, 2) == pytest.approx(310, rel=0.02)


def test_init_is_orthogonal_and_reproducible():
    net = dense(3, 7, 2)
    w = net.init([4, 9])
    first = w[0, net.layers[0].weight].reshape(7, 3)
    for rows in (first[:3], first[3:6], first[6:]):  # independent blocks of fan_in rows
        np.testing.assert_allclose(rows @ rows.T, np.eye(len(rows)), atol=1e-12)
    second = w[0, net.layers[1].weight].reshape(7, 7)
    np.testing.assert_allclose(second @ second.T, np.eye(7), atol=1e-12)
    assert (w[:, net.layers[0].bias] == 0).all()
    np.testing.assert_array_equal(net.init([9])[0], w[1])  # a seed is a seed, alone or in a batch
    assert abs(dense(50, 60, 2, scale="ntk").init(3).std() - 1) < 0.05


def test_grown_network_is_the_same_function():
    net = dense(5, 2.5, 2)
    w = net.init(3) + 0.3 * np.random.default_rng(0).standard_normal((3, net.size))
    x = np.random.default_rng(1).standard_normal((11, 5))
    wide, v = net.grow(w, 4.5, [7, 8, 9])
    np.testing.assert_allclose(wide(v, x), net(w, x), atol=1e-14)
    stacks = wide.forward(v, wide.features_first(x))
    grad = wide.pullback(stacks, wide.sensitivities(v, stacks, np.ones((3, 11))))
    assert np.abs(grad[:, wide.layers[-1].weight]).min() > 1e-6  # the new directions do pull
    with pytest.raises(ValueError, match="h:"):
        net.grow(w, 2.5, [7, 8, 9])


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("h", dict(h=0.5)),
        ("h", dict(h=float("nan"))),
        ("L", dict(L=0)),
        ("act", dict(act="gelu")),
        ("beta", dict(beta=-1)),
        ("scale", dict(scale="mup")),
    ],
)
def test_bad_arguments_are_named(name, arguments):
    with pytest.raises(ValueError, match=rf"^{name}: got .*allowed"):
        dense(**{"d": 3, "h": 4, "L": 2, **arguments})


def test_bad_shapes_are_named():
    net = dense(3, 4, 2)
    with pytest.raises(ValueError, match="w: got shape"):
        net(np.zeros((2, 5)), np.zeros((4, 3)))
    with pytest.raises(ValueError, match="x: got shape"):
        net(net.init(1), np.zeros((4, 2)))


@pytest.mark.parametrize("act", ["relu", "swish", "tanh", "erf"])
def test_a_network_within_a_wider_one_is_the_same_network(act):
    """Same output; the neurons that are not its own have no gradient, so that no descent ever wakes them."""
    narrow, wide = dense(10, 3 + 2 / 3, 3, act), dense(10, 7, 3, act)
    w, x = narrow.init(4) + 0.1, np.random.default_rng(0).standard_normal((30, 10))
    inside = narrow.within(wide, w)
    np.testing.assert_allclose(wide(inside, x), narrow(w, x), atol=1e-13)
    points = SimpleNamespace(x=x, y=np.sign(x[:, 0]))
    slope, own = Fit(wide, points).evaluate(inside).grad, Fit(narrow, points).evaluate(w).grad
    np.testing.assert_allclose(slope, narrow.within(wide, own), atol=1e-13)
    assert (np.abs(own) > 0).mean() > 0.5 and (slope != 0).sum() == (own != 0).sum()
