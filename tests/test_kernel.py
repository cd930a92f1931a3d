"""Tangent kernels against explicit Jacobians, infinite ones against wide networks and quadrature, regression against long training."""

import itertools
import math

import numpy as np
import pytest
import torch
from plain_network import reference

from lsviz import experiment, kernel, network
from lsviz.kernel import checks, dynamics, finite, hermite, infinite, plane
from lsviz.kernel.dynamics import gradient_flow, task_points


def points(P, d, seed=0, sphere=False):
    x = np.random.default_rng(seed).standard_normal((P, d))
    return x * (math.sqrt(d) / np.linalg.norm(x, axis=1, keepdims=True)) if sphere else x


def relative(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def explicit(net, w, x):
    """J (S, P, size) by torch's automatic derivatives of the plain network."""
    tw, tx = torch.tensor(w), torch.tensor(x)
    return np.stack([torch.func.jacrev(lambda v: reference(net, v, tx))(one).numpy() for one in tw])


def plain(net):
    """The same network as any f(w, x)."""
    return lambda w, x: torch.stack([reference(net, one, x) for one in w])


@pytest.mark.parametrize("L, act, scale, bias", [
    *itertools.product((1, 2, 3), ("swish", "relu", "erf", "tanh"), ("ntk",), (False, True)),
    *itertools.product((1, 2, 5), ("swish",), ("standard", "mean_field"), (False, True)),
])  # fmt: skip
def test_the_kernel_is_that_of_the_explicit_jacobian(L, act, scale, bias):
    net = network.dense(4, 5 + 1 / L, L, act, 1.3, scale, bias)
    w = net.init(3)
    w += 0.1 * np.random.default_rng(1).standard_normal(w.shape)  # biases too
    x, x2 = points(7, 4), points(5, 4, 1)
    J, J2 = (explicit(net, w, both) for both in (x, x2))
    theta, across = kernel.ntk(net, w, x), kernel.ntk(net, w, x, x2)
    assert across.shape == (3, 7, 5)
    for s in range(3):
        assert relative(theta[s], J[s] @ J[s].T) < 1e-12
        assert relative(across[s], J[s] @ J2[s].T) < 1e-12
    np.testing.assert_allclose(theta, theta.swapaxes(1, 2), rtol=1e-13)
    assert (np.linalg.eigvalsh(theta) > -1e-12 * abs(theta).max()).all()


def test_tiles_and_groups_of_seeds_change_nothing(monkeypatch):
    net = network.dense(4, 6, 2, "relu", scale="ntk", bias=False)
    w, x, x2 = net.init(3), points(23, 4), points(11, 4, 1)
    whole = kernel.ntk(net, w, x), kernel.ntk(net, w, x, x2)
    monkeypatch.setattr(finite, "ROWS", 5)
    monkeypatch.setattr(finite, "COLUMNS", 7)
    monkeypatch.setattr(finite, "AT_ONCE", 1)
    for a, b in zip((kernel.ntk(net, w, x), kernel.ntk(net, w, x, x2)), whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)


def test_a_linear_model_gives_the_product_of_its_points_and_any_function_its_jacobian():
    x, x2 = torch.tensor(points(6, 4)), torch.tensor(points(3, 4, 1))
    linear = lambda w, x: w @ x.T  # noqa: E731
    w = torch.tensor(points(2, 4, 2))
    np.testing.assert_allclose(kernel.ntk(linear, w, x, x2), (x @ x2.T).expand(2, 6, 3), rtol=1e-13)

    def convolution(w, x):  # x (P, 1, 6, 6): three 3 × 3 filters, tanh, mean
        kernels = w[:, :27].reshape(-1, 1, 3, 3)
        maps = torch.tanh(torch.nn.functional.conv2d(x, kernels)).reshape(len(x), len(w), 3, -1).mean(-1)
        return torch.einsum("psk,sk->sp", maps, w[:, 27:])

    pictures, w = torch.tensor(points(5, 36)).reshape(5, 1, 6, 6), torch.tensor(points(2, 30, 3))
    J = [torch.func.jacrev(lambda v: convolution(v[None], pictures)[0])(one) for one in w]
    theta = kernel.ntk(convolution, w, pictures)
    for s in range(2):
        assert relative(theta[s].numpy(), (J[s] @ J[s].T).numpy()) < 1e-12


def test_the_general_way_agrees_with_the_dense_one_piece_by_piece(monkeypatch):
    net = network.dense(4, 6, 2, "swish", scale="ntk", bias=False)
    w, x = torch.tensor(net.init(2)), torch.tensor(points(9, 4))
    monkeypatch.setattr(finite, "AT_ONCE", 2.5 * 8 * net.size)  # two points at a time
    np.testing.assert_allclose(kernel.ntk(plain(net), w, x), kernel.ntk(net, w, x), rtol=1e-11)


@pytest.mark.parametrize("bias", [False, True])
def test_the_linearised_network_is_the_tangent(bias):
    net = network.dense(4, 6, 3, "swish", scale="ntk", bias=bias)
    w0, x = net.init(2), points(7, 4)
    step = np.random.default_rng(2).standard_normal(w0.shape)
    tangent = kernel.linearized(net, w0)
    np.testing.assert_allclose(tangent(w0, x), net(w0, x), rtol=1e-13)
    np.testing.assert_allclose(
        tangent(w0 + step, x) - net(w0, x), np.einsum("spn,sn->sp", explicit(net, w0, x), step), rtol=1e-11, atol=1e-12
    )
    general = kernel.linearized(plain(net), torch.tensor(w0))
    np.testing.assert_allclose(
        general(torch.tensor(w0 + step), torch.tensor(x)), tangent(w0 + step, x), rtol=1e-11, atol=1e-12
    )
    errors = [abs(net(w0 + e * step, x) - tangent(w0 + e * step, x)).max() for e in (1e-2, 1e-3)]
    assert 80 < errors[0] / errors[1] < 125  # second order in the step


def quadrature(act, beta, q, q2, covariance, L):
    """Σ and Θ of one pair of points by a two-dimensional Gauss–Hermite rule in every layer."""
    z, weight = np.polynomial.hermite_e.hermegauss(180)
    weight = np.outer(weight, weight) / weight.sum() ** 2
    theta, c = covariance, network.normalisation(act, beta)
    for _ in range(L):
        u = math.sqrt(q) * z[:, None] + 0 * z
        v = covariance / math.sqrt(q) * z[:, None] + math.sqrt(max(q2 - covariance**2 / q, 0)) * z
        slopes = [network.activate(a, act, beta) for a in (u, v)]
        theta = theta * (weight * slopes[0] * slopes[1]).sum() * c * c
        covariance = (weight * u * v).sum() * c * c
        theta += covariance
        q, q2 = (float(hermite.second_moment(act, beta, np.array([a]))[0]) for a in (q, q2))
    return covariance, theta


@pytest.mark.parametrize(
    "act, beta, tol",
    [("erf", 1.4, 1e-9), ("swish", 1, 1e-9), ("swish", 4, 2e-4), ("tanh", 1.5, 1e-7), ("relu", 1, 2e-3)],
)
@pytest.mark.parametrize("sphere", [True, False])
def test_infinite_kernels_against_quadrature(act, beta, tol, sphere):
    x = points(4, 6, sphere=sphere)
    sigma, theta = (k(x, L=2, act=act, beta=beta) for k in (kernel.nngp_infinite, kernel.ntk_infinite))
    S = x @ x.T / 6
    for i, j in itertools.combinations(range(4), 2):
        expected = quadrature(act, beta, S[i, i], S[j, j], S[i, j], 2)
        assert abs(sigma[i, j] - expected[0]) < tol * max(1, abs(expected[0]))
        assert abs(theta[i, j] - expected[1]) < 3 * tol * max(1, abs(expected[1]))
    assert np.linalg.eigvalsh(theta)[0] > 0


def test_series_and_closed_forms_agree():
    """Off the sphere, two layers of erf: the arc-sine against the Hermite coefficients of every single point."""
    x = points(12, 5) / math.sqrt(5)
    q, coefficients = [(x * x).sum(1)], []
    for _ in range(2):
        coefficients.append(hermite.coefficients("erf", 1.3, q[-1], 600))
        q.append(hermite.second_moment("erf", 1.3, q[-1]))
    side = infinite._Side(x, q, coefficients)
    for a, b in zip(
        infinite._by_series(side, side, x @ x.T, True, 2),
        infinite._kernels(x * math.sqrt(5), None, 2, "erf", 1.3),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, rtol=1e-9)


@pytest.mark.parametrize("act, beta", [("swish", 1), ("swish", 10), ("tanh", 2)])
def test_the_table_on_the_sphere_agrees_with_the_series_beside_it(act, beta):
    x = points(40, 10, sphere=True)
    table = infinite._kernels(x, None, 3, act, beta)
    x[0] *= 1 + 1e-8  # off the sphere, by a hair
    for a, b in zip(table, infinite._kernels(x, None, 3, act, beta), strict=True):
        np.testing.assert_allclose(a, b, rtol=5e-7)


@pytest.mark.parametrize("act", ["relu", "erf", "swish"])
def test_infinite_kernels_by_tiles_of_both_kinds_and_in_float32(act, monkeypatch):
    x = points(50, 8, sphere=act == "swish")
    whole = kernel.ntk_infinite(x, L=2, act=act)
    monkeypatch.setattr(infinite, "TILE", 16)
    np.testing.assert_allclose(kernel.ntk_infinite(x, L=2, act=act), whole, rtol=1e-13)
    np.testing.assert_allclose(kernel.ntk_infinite(x, x[:9], L=2, act=act), whole[:, :9], rtol=1e-7)
    np.testing.assert_array_equal(whole, whole.T)
    low = kernel.ntk_infinite(x.astype(np.float32), L=2, act=act)
    assert low.dtype == np.float32 and relative(low, whole) < 1e-5
    tensor = kernel.ntk_infinite(torch.tensor(x), L=2, act=act)
    assert isinstance(tensor, torch.Tensor) and relative(tensor.numpy(), whole) < 1e-13


@pytest.mark.parametrize("act", ["relu", "erf", "swish"])
def test_wide_networks_tend_to_the_infinite_kernels(act):
    """The mean over seeds lies as far from the limit as the spread of so few seeds allows; f itself has the covariance Σ."""
    ds = experiment.get("kernel_fluctuation")(P=24, widths=(300,), depths=(1, 3), act=act, seeds=24)
    assert (ds.theta_bias < 2 * ds.theta_bias_noise).all() and (ds.theta_bias > 0.2 * ds.theta_bias_noise).all()
    net, x = network.dense(10, 60, 2, act, scale="ntk", bias=False), points(6, 10, sphere=True)
    f = net(net.init(4000), x)
    assert relative(f.T @ f / 4000, kernel.nngp_infinite(x, L=2, act=act)) < 0.06


@pytest.mark.parametrize("act", ["relu", "erf", "swish"])
def test_the_kernel_forgets_its_weights_as_the_root_of_the_width(act):
    ds = experiment.get("kernel_fluctuation")(
        P=40, widths=(100, 178, 316, 562, 1000), depths=(1, 2, 3), act=act, seeds=24
    )
    assert (abs(ds.theta_slope + 0.5) < 0.07).all(), ds.theta_slope.values
    assert (ds.theta_slope_se < 0.04).all()
    assert (ds.theta_fluctuation.diff("depth") > 0).all()  # the spread grows with depth


def test_regression_at_the_end_is_the_ridgeless_solve_and_in_between_gradient_flow():
    x, there = points(12, 5), points(4, 5, 1)
    theta, cross = kernel.ntk_infinite(x, L=2, act="relu"), kernel.ntk_infinite(there, x, L=2, act="relu")
    y = np.sin(x[:, 0])
    found = kernel.regression(theta, y)
    np.testing.assert_allclose(found.predict(cross), cross @ np.linalg.solve(theta, y), rtol=1e-9)
    np.testing.assert_allclose(found.predict(cross, 1e9), found.predict(cross), rtol=1e-6)
    assert (found.predict(cross, 0) == 0).all()
    f, moved, dt = np.zeros(12), np.zeros(4), 1e-3  # Euler's small steps, at the training points and elsewhere
    for _ in range(2000):
        moved += dt / 12 * cross @ (y - f)
        f += dt / 12 * theta @ (y - f)
    np.testing.assert_allclose(found.predict(cross, 2.0), moved, atol=2e-3)
    start, start_there = np.cos(x[:, 1]), np.cos(there[:, 1])
    np.testing.assert_allclose(
        found.predict(cross, math.inf, start, start_there),
        start_there + cross @ np.linalg.solve(theta, y - start),
        rtol=1e-8,
    )
    ridged = kernel.regression(theta, np.stack([y, -y], axis=1), ridge=0.3)
    expected = cross @ np.linalg.solve(theta + 0.3 * np.eye(12), y)
    np.testing.assert_allclose(ridged.predict(cross), np.stack([expected, -expected], axis=1), rtol=1e-9)
    np.testing.assert_allclose(ridged.predict(cross, 1e9), ridged.predict(cross), rtol=1e-6)


def test_a_singular_kernel_leaves_its_null_modes_unlearned():
    x = np.vstack([points(5, 3), points(5, 3)])  # every point twice
    theta = x @ x.T / 3
    y = np.arange(10.0)
    assert np.isfinite(kernel.regression(theta, y).predict(theta)).all()
    np.testing.assert_allclose(kernel.regression(theta, y).predict(theta), theta @ np.linalg.pinv(theta) @ y, atol=1e-8)


def test_gradient_flow_of_the_network_is_the_regression_where_the_kernel_stands_still():
    """A linear readout trained alone has a fixed kernel: the same integrator must give the closed form. And its order is four."""
    points_ = task_points("wave", 8)
    net = network.dense(2, 2000, 1, "swish", scale="ntk", bias=False)
    w0 = net.init(1)
    flow = kernel.regression(kernel.ntk(net, w0, points_.x)[0], points_.y)
    start = net(w0, points_.x)[0]
    ends = {}
    for dt in (0.4, 0.2, 0.1, 0.0125):
        *_, (_, _, w) = gradient_flow(net, w0, points_.x, points_.y, np.array([6.0]), dt)
        ends[dt] = net(w, points_.x)[0]
    expected = start + flow.kernel @ flow.coefficients(6.0, start)
    assert relative(ends[0.1], expected) < 2e-3  # what the kernel has moved at this width
    errors = [abs(ends[dt] - ends[0.0125]).max() for dt in (0.4, 0.2, 0.1)]
    assert 11 < errors[0] / errors[1] < 26 and 11 < errors[1] / errors[2] < 26


def test_the_infinite_process_of_tangent_dynamics_is_that_of_wide_networks():
    ds = experiment.get("tangent_dynamics")(P=8, h=400, L=1, horizon=30, seeds=60, act="erf")
    for t in (0, 20, 39):
        f, mean, spread = ds.f_real[t], ds.f_infinite[t], ds.f_infinite_spread[t]
        error = spread / math.sqrt(60) + 0.02
        assert float((abs(f.mean("seed") - mean) / error).max()) < 4
        np.testing.assert_allclose(f.std("seed", ddof=1), spread, atol=0.35 * float(spread.max()) + 0.01)
    assert float(ds.f_infinite_spread[0].min()) > 0.5  # a random function, of size one
    assert (ds.train_loss_infinite.diff("time") <= 1e-12).all()


def test_real_and_linearised_training_agree_ever_better_and_the_weights_hardly_move():
    ds = experiment.get("movement")(widths=(20, 40, 80, 160, 320), seeds=10, horizon=10)
    assert abs(float(ds.w_change_slope) + 1) < 0.12
    assert abs(float(ds.f_change_slope)) < 0.15
    assert -1.25 < float(ds.theta_change_slope) < -0.75
    assert -1.6 < float(ds.f_gap_slope) < -0.8
    assert -0.6 < float(ds.w_change_max_slope) < -0.25


def test_digits_are_learned_by_all_three():
    ds = experiment.get("tangent_dynamics")(task="digits", P=60, h=60, horizon=60, seeds=2)
    for name in ("real", "linear", "infinite"):
        error = ds[f"test_error_{name}"]
        assert float(np.max(error[-1])) < 0.3 < float(np.min(error[0])) + 0.15
    assert (
        ds.f_real.shape == (40, 2, 48) and set(np.unique(ds.place_label)) == {-1, 1} and np.isnan(ds.place_angle).all()
    )


def test_the_infinite_network_learns_digits_by_a_power_of_P():
    ds = experiment.get("kernel_learning_curve")(sizes=(64, 128, 256, 512), seeds=2)
    pixels = experiment.get("kernel_learning_curve")(sizes=(64, 128, 256, 512), seeds=2, inputs="pixels")
    assert -0.4 < float(ds.error_slope) < -0.15 and -0.75 < float(pixels.error_slope) < -0.4  # about −.28 and −.55
    assert float(pixels.test_error[-1].mean()) < float(ds.test_error[-1].mean())
    unseen = experiment.get("kernel_learning_curve")(sizes=(32, 4096), seeds=1, inputs="pixels", dataset="fashion")
    assert np.isnan(unseen.test_error[1]).all() and np.isfinite(unseen.test_error[0]).all()


def test_surface_plane_and_both_paths():
    ds = experiment.get("tangent_plane")(seeds=3, alpha=2)
    w = np.array([0.3, -0.4])
    step = 1e-6
    numeric = np.stack(
        [(plane.outputs(w + step * e) - plane.outputs(w - step * e)) / (2 * step) for e in np.eye(2)], axis=-1
    )
    np.testing.assert_allclose(plane.jacobian(w), numeric, rtol=1e-8)
    middle = plane.GRID // 2
    np.testing.assert_allclose(ds.surface[:, middle, middle], 0, atol=1e-15)  # F = 0 at w₀, on both
    slopes = [ds[name][:, middle + 1, middle] - ds[name][:, middle - 1, middle] for name in ("surface", "plane")]
    assert relative(slopes[0].values, slopes[1].values) < 0.05
    far, near = (experiment.get("tangent_plane")(seeds=3, alpha=a).path_gap.mean() for a in (1, 8))
    assert far > 5 * near > 0  # α̃ ten times larger: flatter
    end = ds.path_linear[:, -1]  # on the plane training ends where what is left is normal to it
    for s in range(3):
        tangent = plane.jacobian(np.array([ds.w_start_1[s], ds.w_start_2[s]]))
        np.testing.assert_allclose(tangent.T @ (ds.target[s] - end[s]).values, 0, atol=1e-3)


def test_kernel_change_is_relative():
    theta = np.eye(3)[None].repeat(2, 0)
    np.testing.assert_allclose(kernel.kernel_change(1.5 * theta, theta), [0.5, 0.5])
    with pytest.raises(ValueError, match="theta: got shape"):
        kernel.kernel_change(theta, theta[:, :2])


@pytest.mark.parametrize("call, message", [
    (lambda net, w, x: kernel.ntk(net, w, x[:, :2]), r"x: got shape \(5, 2\); allowed: \(P, 4\)"),
    (lambda net, w, x: kernel.ntk(net, w, x, x[:, :2]), r"x2: got shape"),
    (lambda net, w, x: kernel.ntk(net, w[:, :3], x), r"w: got shape"),
    (lambda net, w, x: kernel.ntk(net, w, x * np.inf), r"x: got numbers that are not finite"),
    (lambda net, w, x: kernel.ntk("net", w, x), r"net: got str"),
    (lambda net, w, x: kernel.ntk(lambda w, x: w, w, x), r"w: got ndarray; allowed: a torch tensor"),
    (lambda net, w, x: kernel.ntk(lambda w, x: w, torch.tensor(w), torch.tensor(x)), r"net: its outputs have shape"),
    (lambda net, w, x: kernel.linearized(net, w[:, :3]), r"w0: got shape"),
    (lambda net, w, x: kernel.linearized(net, w)(w[:1], x), r"w: got shape"),
    (lambda net, w, x: kernel.ntk_infinite(x, L=2, act="gelu"), r"act: got 'gelu'; allowed: one of"),
    (lambda net, w, x: kernel.ntk_infinite(x, L=0, act="relu"), r"L: got 0"),
    (lambda net, w, x: kernel.ntk_infinite(x, L=1, act="swish", beta=500), r"beta: got 500.*relu"),
    (lambda net, w, x: kernel.ntk_infinite(x[0], L=1, act="relu"), r"x: got shape \(4,\)"),
    (lambda net, w, x: kernel.ntk_infinite(x, x[:, :2], L=1, act="relu"), r"x2: got points of 2 numbers"),
    (lambda net, w, x: kernel.nngp_infinite(x * np.nan, L=1, act="relu"), r"x: got numbers that are not finite"),
    (lambda net, w, x: kernel.regression(x, x[:, 0]), r"kernel: got shape"),
    (lambda net, w, x: kernel.regression(x @ x.T, x[:2, 0]), r"y: got shape"),
    (lambda net, w, x: kernel.regression(np.triu(x @ x.T), x[:, 0]), r"kernel: got a matrix that is not symmetric"),
    (lambda net, w, x: kernel.regression(x @ x.T, x[:, 0], ridge=-1), r"ridge: got -1"),
    (lambda net, w, x: kernel.regression(x @ x.T, x[:, 0]).predict(x), r"cross: got shape"),
    (lambda net, w, x: kernel.regression(x @ x.T, x[:, 0]).predict(x @ x.T, -1), r"t: got -1"),
])  # fmt: skip
def test_bad_input_is_named(call, message):
    net = network.dense(4, 5, 2, scale="ntk", bias=False)
    with pytest.raises(ValueError, match=message):
        call(net, net.init(2), points(5, 4))


def test_a_kernel_that_does_not_fit_says_how_much_it_needs():
    x = np.broadcast_to(np.zeros((1, 1)), (10**7, 1))
    with pytest.raises(
        ValueError, match=r"x: got a kernel of 10000000 × 10000000, which needs 1\.6e\+03 TB|needs 1600 TB|needs 1\.6e"
    ):
        kernel.ntk_infinite(x, L=1, act="relu")
    with pytest.raises(ValueError, match=r"x: got a kernel of 2 × 10000000 × 10000000"):
        net = network.dense(1, 2, 1, scale="ntk", bias=False)
        kernel.ntk(net, net.init(2), x)
    assert checks._told(4.1e10) == "41 GB"


def test_time_steps_do_not_depend_on_the_other_seeds():
    assert dynamics._time_step(np.diag([1.0, 3.0])) == pytest.approx(dynamics.STEP * 2 / 3)


def test_the_expected_loss_and_error_of_the_infinite_network_are_those_of_many_wide_ones(monkeypatch):
    monkeypatch.setattr(dynamics, "TEST", 300)  # test points: with fewer the seeds spread a little wider, hence 3.5 in place of 4
    ds = experiment.get("tangent_dynamics")(task="digits", P=20, h=300, L=1, horizon=30, seeds=60, act="erf")
    for t in (0, 20, 39):
        loss, error = ds.train_loss_real[t], ds.test_error_real[t]
        assert abs(float(loss.mean() - ds.train_loss_infinite[t])) < 4 * float(loss.std()) / 60**0.5 + 0.01
        assert abs(float(error.mean() - ds.test_error_infinite[t])) < 3.5 * float(error.std()) / 60**0.5 + 0.005
    assert abs(float(ds.test_error_infinite[0]) - 0.5) < 0.01  # a random function
