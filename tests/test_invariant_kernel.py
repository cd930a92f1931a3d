"""Averaged kernels against their orbits, the powers and floors of random functions against throws, gains against what is known."""

import math

import numpy as np
import pytest
import torch

from lsviz import experiment, kernel
from lsviz.equivariant import acts, cyclic, dihedral, equivariance_error, harmonics, permutations
from lsviz.kernel.saving import gains, resolved
from lsviz.kernel.sphere import OF_SQUARE, legendre, of_distance, on_sphere, random_target, spectrum

learning = experiment.get("invariant_learning")


def sphere(P, d, seed=0):
    return on_sphere(np.random.default_rng(seed), P, d)


@pytest.mark.parametrize("name", OF_SQUARE)
@pytest.mark.parametrize("group", [cyclic(4), dihedral(5), permutations(4)])
def test_the_averaged_kernel_is_symmetric_invariant_and_positive(name, group):
    d = group.shape[1]
    x, x2, plain = sphere(7, d), sphere(5, d, 1), of_distance(name)
    averaged = kernel.invariant(plain, group)
    explicit = np.array([[np.mean([plain(a[None, g], b[None]) for g in group]) for b in x2] for a in x])
    np.testing.assert_allclose(averaged(x, x2), explicit, rtol=1e-13)
    np.testing.assert_allclose(averaged(x), averaged(x, x), rtol=1e-13)
    np.testing.assert_allclose(averaged(x), averaged(x).T, rtol=1e-12)
    np.testing.assert_allclose(averaged(x, x2[:, group[-1]]), explicit, rtol=1e-12)
    assert np.linalg.eigvalsh(averaged(x)).min() > -1e-13
    keep = lambda g, y: y  # noqa: E731
    assert equivariance_error(lambda x: averaged(x, x2), x, group, acts, keep) < 1e-13
    assert equivariance_error(lambda x: plain(x, x2), x, group, acts, keep) > 0.1


def test_any_kernel_can_be_averaged_with_its_options_and_on_torch():
    x, group = sphere(6, 4), cyclic(4)
    averaged = kernel.invariant(kernel.ntk_infinite, group)
    two = averaged(x, L=2, act="relu")
    wanted = np.mean([kernel.ntk_infinite(x[:, g], x, L=2, act="relu") for g in group], axis=0)
    np.testing.assert_allclose(two, wanted, rtol=1e-13)
    assert abs(two - averaged(x, L=1, act="relu")).max() > 0.1
    square = lambda x, x2: (x @ x2.T) ** 2  # noqa: E731
    there = kernel.invariant(square, group)(torch.tensor(x), torch.tensor(x[:3]))
    np.testing.assert_allclose(there.numpy(), kernel.invariant(square, group)(x, x[:3]), rtol=1e-13)


@pytest.mark.parametrize("group", [cyclic(6), permutations(4)])
def test_the_averaged_kernel_is_all_orbit_points(group):
    d, plain, ridge = group.shape[1], of_distance("gaussian"), 1e-3
    x, test, rng = sphere(20, d), sphere(50, d, 1), np.random.default_rng(2)
    y = rng.standard_normal(20)
    averaged = kernel.invariant(plain, group)
    few = kernel.regression(averaged(x), y, ridge=20 * ridge).predict(averaged(test, x))
    orbits = acts(group, x).reshape(-1, d)
    all_y = np.repeat(y, len(group))
    many = kernel.regression(plain(orbits), all_y, ridge=len(orbits) * ridge).predict(plain(test, orbits))
    np.testing.assert_allclose(few, many, atol=1e-8)
    other = kernel.regression(plain(orbits), all_y, ridge=20 * ridge).predict(plain(test, orbits))
    assert abs(few - other).max() > 1e-3  # it is the ridge for each point that is the same
    alone = kernel.regression(plain(x), y, ridge=20 * ridge).predict(plain(test, x))
    assert abs(few - alone).max() > 0.1


def test_bad_groups_and_points_are_named():
    plain = of_distance("gaussian")
    with pytest.raises(ValueError, match=r"^group: got no identity"):
        kernel.invariant(plain, [[1, 2, 0]])
    averaged = kernel.invariant(plain, cyclic(4))
    with pytest.raises(ValueError, match=r"^x: got shape \(3, 5\); allowed: \(P, 4\)"):
        averaged(np.zeros((3, 5)))
    with pytest.raises(ValueError, match=r"^x2: got shape \(3, 5\); allowed: \(P, 4\)"):
        averaged(np.zeros((3, 4)), np.zeros((3, 5)))


@pytest.mark.parametrize("name, most", [("gaussian", 1e-10), ("exponential", 0.05)])
@pytest.mark.parametrize("d", [3, 4, 6, 8])
def test_the_spectrum_adds_up_to_the_kernel(name, most, d):
    degrees = 41
    many = harmonics(cyclic(d), degrees - 1).all
    mu = spectrum(name, d, degrees)
    assert (mu > -1e-15).all()
    assert abs((mu * many).sum() - 1) < most  # K(x, x) = 1: of the rough kernel a tail is left
    t = np.linspace(-1, 0.5, 7)
    np.testing.assert_allclose((mu * many) @ legendre(d, degrees, t), OF_SQUARE[name](2 - 2 * t), atol=most / 10)


@pytest.mark.parametrize("name", OF_SQUARE)
@pytest.mark.parametrize("group", [cyclic(6), permutations(4)])
def test_random_targets_have_the_mean_variance_floor_and_power_that_are_told(name, group):
    d = group.shape[1]
    x = sphere(20_000, d, 5)
    for seed, symmetric in ((0, True), (1, False), (2, False)):
        f = random_target(np.random.default_rng(seed), name, group, symmetric)
        values = f(x)
        error = 1 / math.sqrt(len(x))
        assert abs(values.mean()) < 4 * error
        assert (values**2).mean() == pytest.approx(1, abs=8 * error)
        averaged = values if symmetric else np.mean([f(x[:, g]) for g in group], axis=0)
        assert ((values - averaged) ** 2).mean() == pytest.approx(f.floor, abs=8 * error)
        assert f.power.sum() + f.floor == pytest.approx(1, abs=1e-12)
        assert (f.floor == 0) is symmetric
        # degree 1: the projection on Σx/√d, the one invariant direction of a group that moves every coordinate
        along = x.sum(1) / math.sqrt(d)
        assert d * (averaged * along).mean() ** 2 == pytest.approx(f.power[1], abs=20 * error * math.sqrt(f.power[1]))


def test_a_degree_is_resolved_by_points_enough_and_power_above_the_noise():
    counts = harmonics(cyclic(4), 4)  # 1, 1, 2, 4, 7 invariant ones: 1, 2, 4, 8, 15 in all
    power = np.array([0, 0.9, 0.09, 0.009, 0.0009])
    for P, wanted in ((1, 1), (2, 2), (3, 2), (4, 3), (8, 4), (14, 4), (15, 5), (1000, 5)):
        assert list(resolved(counts, power, P, 0.0)) == [k < wanted for k in range(5)]
    # with noise: 0.01 · 4/P < 0.009 from P = 5 on, 0.01 · 7/P < 0.0009 from P = 78 on
    assert [int(resolved(counts, power, P, 0.1).sum()) for P in (8, 15, 77, 78)] == [4, 4, 4, 5]


def test_gains_of_known_curves():
    sizes = np.array([8, 16, 32, 64, 128, 256])
    rng = np.random.default_rng(1)
    scatter = np.exp(0.3 * rng.standard_normal(12))  # of a seed, alike for both: the gain does not mind
    plain, fewer = scatter / sizes[:, None], scatter / (3 * sizes[:, None])
    found = gains(sizes, plain, fewer)
    np.testing.assert_allclose(found.gain[:4], 3, rtol=1e-12)
    np.testing.assert_allclose(found.gain_low[:4], 3, rtol=1e-12)
    np.testing.assert_allclose(found.gain_high[:4], 3, rtol=1e-12)
    assert np.isnan(found.gain[4:]).all()  # the plain curve ends before
    worse = gains(sizes, fewer, plain)
    assert np.isnan(worse.gain[:2]).all()  # it begins lower
    np.testing.assert_allclose(worse.gain[2:], 1 / 3, rtol=1e-12)

    loose = plain * np.exp(0.4 * rng.standard_normal((6, 12)))
    found = gains(sizes, loose, fewer)
    assert (found.gain_low < found.gain)[:3].all() and (found.gain < found.gain_high)[:3].all()
    # log gain = mean over seeds of log error, slope 1: its error is 0.4/√12
    half = np.log(found.gain_high / found.gain_low)[:3] / 2
    assert (half > 0.4 / math.sqrt(12) / 2.5).all() and (half < 0.4 / math.sqrt(12) * 2.5).all()
    # where some draws of the seeds leave the curve, at its end or its beginning, the other side is still known
    level = np.exp(np.log(loose).mean(1))
    goal = np.full((6, 12), 1.02 * level[-1])
    goal[0] = 0.98 * level[0]
    edge = gains(sizes, loose, goal)
    assert edge.gain_low[5] < edge.gain[5] < 1 and np.isnan(edge.gain_high[5])
    assert 1 < edge.gain[0] < edge.gain_high[0] and np.isnan(edge.gain_low[0])
    alone = gains(sizes, plain[:, :1], fewer[:, :1])
    assert np.isfinite(alone.gain[:4]).all() and np.isnan(alone.gain_low).all()


def error_of(ds):
    return (ds.gain_high - ds.gain_low) / 2


@pytest.mark.parametrize("group, last", [("cyclic_4", 320), ("cyclic_6", 512)])
def test_a_cyclic_group_saves_a_factor_of_its_size(group, last):
    ds = learning(group=group, sizes=(32, 64, 128, 256, last)).sel(size_P=[32, 64])
    assert (abs(ds.gain - ds.group_size) < 2 * error_of(ds)).all()
    assert (abs(ds.gain - ds.gain_counted) < 2 * error_of(ds)).all()
    assert (ds.gain > 2 * ds.group_size / 3).all()


def test_all_permutations_of_four_save_far_less_than_twenty_four():
    ds = learning(group="S4", sizes=(32, 64, 256, 512, 768)).sel(size_P=[32, 64])
    assert float(ds.group_size) == 24
    assert (ds.gain + error_of(ds) > 5).all() and (ds.gain - error_of(ds) < 9).all()
    assert (ds.gain + 5 * error_of(ds) < 24).all()
    assert (abs(ds.gain - ds.gain_counted) < 2 * error_of(ds)).all()
    low = ds.inverse_gamma.where(ds.resolved > 0)  # what the degrees that are resolved allow
    assert (low.max("degree") <= 12).all() and (low.max("degree") > 8).all()


def test_an_invariant_kernel_cannot_go_below_the_floor_of_another_target():
    ds = learning(target="not", sizes=(16, 64, 256), seeds=6)
    over = ds.error_invariant / ds.error_floor
    assert (over > 0.85).all()  # 500 points have their own floor
    assert 0.95 < float(over.sel(size_P=256).mean()) < 1.1
    assert (ds.error_plain.sel(size_P=256) < ds.error_floor / 4).all()
    assert (learning(sizes=(8,), seeds=2).error_floor == 0).all()


def test_the_points_of_a_smaller_P_are_the_first_ones_and_sizes_come_in_any_order():
    one, other = learning(sizes=(8, 16), seeds=(4,)), learning(sizes=(32, 8), seeds=(4,))
    for name in ("error_plain", "error_invariant"):
        assert one[name].sel(size_P=8).item() == pytest.approx(other[name].sel(size_P=8).item(), rel=1e-9)
    assert list(other.size_P.values) == [32, 8] and np.isfinite(other.error_plain).all()


def test_the_degrees_are_those_of_molien():
    ds = learning(group="S4", sizes=(8,), seeds=1)
    counts = harmonics(permutations(4), 12)
    np.testing.assert_array_equal(ds.harmonics, counts.all[1:])
    np.testing.assert_array_equal(ds.harmonics_invariant, counts.invariant[1:])
    np.testing.assert_allclose(ds.inverse_gamma[:4], [4, 9, 8, 25 / 3])


def test_more_noise_needs_more_points():
    quiet, loud = (learning(sizes=(64,), seeds=4, noise=noise) for noise in (0, 0.5))
    assert (loud.error_invariant > 3 * quiet.error_invariant).all()
    assert float(loud.resolved.sum()) < float(quiet.resolved.sum())
