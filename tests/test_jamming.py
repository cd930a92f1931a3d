"""Jamming: the counter, the endings, the threshold, and the physics of landscape §1.1 and §2a on real digits."""

import numpy as np
import pytest

from lsviz import data, experiment, jamming, losses, xp
from lsviz.jamming.count import ending, gaps, pieces_of, threshold, unsatisfied
from lsviz.jamming.networks import Rows
from lsviz.network import dense


def count(**arguments):
    ds = jamming.network_jamming(**arguments)
    return (ds.N_delta / ds.N).values, ds.state.values


def test_gap_and_count_by_hand():
    f, y = np.array([[2.0, 0.5, -3.0, 1.0 - 1e-7]]), np.array([1.0, 1.0, -1.0, 1.0])
    np.testing.assert_allclose(gaps(f, y), [[-1, 0.5, -2, 1e-7]])
    assert unsatisfied(gaps(f, y))[0] == 1  # Δ = 1e-7 is rounding, not a constraint
    assert unsatisfied(gaps(f, y), tol=0)[0] == 2
    assert unsatisfied(gaps(f, y, margin=4))[0] == 4
    np.testing.assert_array_equal(unsatisfied(np.array([[0.2, 0.4], [0.2, 0.4]]), np.array([0.1, 0.3])), [2, 1])


def test_no_energy_means_no_constraint_and_back():
    delta = np.random.default_rng(0).standard_normal((50, 4)) - 0.5
    energy = losses.value("hinge", delta).sum(1)
    np.testing.assert_array_equal(energy == 0, unsatisfied(delta, tol=0) == 0)
    assert (energy == 0).any() and (energy > 0).any()


@pytest.mark.parametrize("name", ["hinge", "logistic", "softhinge"])
def test_forces_are_derivatives(name):
    delta = np.array([-1.3, -0.2, 0.05, 0.4, 2.2, 40.0, -40.0])
    e = 1e-6
    slope = (losses.value(name, delta + e) - losses.value(name, delta - e)) / (2 * e)
    np.testing.assert_allclose(losses.force(name, delta), slope, atol=1e-7)
    bend = (losses.force(name, delta + e) - losses.force(name, delta - e)) / (2 * e)
    np.testing.assert_allclose(losses.curvature(name, delta), bend, atol=1e-6)
    assert (losses.force("hinge", delta)[delta < 0] == 0).all() and losses.force(
        "logistic", np.array([-10.0])
    ) > 0  # the range


def test_endings():
    y = np.array([1.0, -1.0, 1.0])
    final = np.array([[-1, -2, -0.1], [0.3, 0.2, 0.5], [0.3, 0.2, 0.5], [0.8, 1.2, 0.8], [0.1, 0.2, -1.0]])
    failed = np.array([False, False, False, False, True])
    last, earlier = np.array([0.0, 1.0, 0.4, 1.0, 1.0]), np.ones(5)
    words = ending(final, y, failed, earlier, last, budget=80, second_order=True)
    assert list(words) == ["sat", "unsat", "unfinished", "dead", "failed"]  # f = 0.2 for all points: dead
    assert ending(final, y, failed, earlier, 0.96 * earlier, budget=80, second_order=False)[1] == "unsat"
    assert ending(final, y, failed, earlier, 0.94 * earlier, budget=80, second_order=False)[1] == "unfinished"
    short = ending(final, y, failed, earlier, last, budget=19, second_order=True)
    assert list(short) == ["sat", "unfinished", "unfinished", "dead", "failed"]


def test_threshold_interpolates_in_log_N():
    N = np.array([400.0, 100.0, 200.0])  # any order
    sat = np.array([[1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 1, 1]], bool)
    best, low, high = threshold(N, sat)
    assert best == pytest.approx(100 * 2 ** (0.5 / 0.75))
    assert low <= best <= high and low < high
    assert np.isnan(threshold(N, np.zeros_like(sat))[0]) and np.isnan(threshold(N, np.ones_like(sat))[0])
    late = np.array([[0], [1], [0], [1]], bool)  # a gap: the last width below ½ counts
    assert 30 < threshold(np.array([10.0, 20, 30, 40]), late)[0] < 40


@pytest.mark.parametrize("data_seed", [0, 1, 2])
def test_the_jump_on_digits(data_seed):
    """P = 300: all stuck with N_Δ of the order of N at N/P = .14, all satisfied from .6 on."""
    for budget in (80, 300):
        ratio, _ = count(h=3, data_seed=data_seed, budget=budget)
        assert (ratio >= 0.4).sum() >= 6
    ratio, state = count(h=8, data_seed=data_seed)
    assert ((ratio > 0) & (state == "unsat")).sum() == 0 and (ratio > 0).sum() <= 1
    for h in (9, 11, 14):
        ratio, state = count(h=h, data_seed=data_seed)
        assert (ratio == 0).all() and (state == "sat").all()


def test_the_jump_moves_with_the_budget():
    """At N/P = .18 and .20: stuck within 80 iterations, fewer with 300. The jump stays, its place moves."""
    satisfied = {80: 0, 300: 0}
    for data_seed in (0, 1, 2):
        for budget in satisfied:
            ratio, _ = count(h=3.5, data_seed=data_seed, budget=budget)
            assert budget == 300 or (ratio >= 0.4).sum() >= 6
            satisfied[budget] += (ratio == 0).sum() + (count(h=4, data_seed=data_seed, budget=budget)[0] == 0).sum()
    assert satisfied[300] >= satisfied[80] + 6


def test_threshold_of_digits_and_of_coins():
    ds = jamming.network_transition()
    assert 0.15 < float(ds.N_star / ds.P) < 0.35
    finished = ds.where((ds.state != "unfinished") & (ds.state != "failed"))
    between = ((finished.N_delta / ds.N > 0.02) & (finished.N_delta / ds.N < 0.3)).sum("seed")
    assert int(between.max()) <= 1  # 0 or of order one, nothing in between
    coins = jamming.network_transition(labels="random")
    assert float(coins.N_star) > float(ds.N_star)  # no structure to use: more parameters are needed


def test_long_range_does_not_jump():
    ds = jamming.range_contrast()
    ratio = (ds.N_delta / ds.N).where(ds.state != "unfinished")
    order_one = (ratio > 0.3).sum("seed")
    some_between = ((ds.N_delta / ds.N > 0.005) & (ds.N_delta / ds.N < 0.3)).sum()
    assert int(some_between.sel(loss_name="logistic") if "loss_name" in some_between.dims else some_between) > 0
    assert int(order_one.sel(loss_name="hinge").sum()) > int(order_one.sel(loss_name="logistic").sum())
    assert float(ds.loss.sel(loss_name="logistic").min()) > 1e-6  # a long range never lets go
    assert float(ds.loss.sel(loss_name="hinge").min()) < 1e-9


def test_adding_silent_neurons_frees_stuck_networks():
    ds = jamming.escape()
    assert (ds.state_before == "unsat").all() and (ds.N_delta_before / ds.N_before > 0.4).sum() >= 6
    assert float(abs(ds.loss_jump).max()) < 1e-12  # at first nothing changes
    assert (ds.state == "sat").sum() >= 6


def test_histograms_count_every_point_once():
    ds = jamming.network_jamming(h=3, L=2)
    np.testing.assert_array_equal(ds.gap_count.sum("gap_bin"), 300)
    net, points = dense(10, 3, 2), data.load("mnist", P=300)
    delta = gaps(net(net.init(8), points.x), points.y)
    first = next(jamming.network_jamming.stream(h=3))
    np.testing.assert_array_equal(first.overlap_count.sum("log_bin"), (delta > 0).sum(1))
    np.testing.assert_array_equal(first.slack_count.sum("log_bin"), (delta < 0).sum(1))
    inside = (ds.gap_bin >= 0).values
    np.testing.assert_array_equal(first.gap_count[inside].sum("gap_bin"), (delta >= 0).sum(1))


def test_relu_with_adam_settles_slowly():
    ds = jamming.network_jamming(act="relu", optimizer="adam", h=12, L=2, P=100, budget=3000, seeds=2)
    assert (ds.state == "sat").all()
    assert len(ds.step) == 401 and int(ds.step[-1]) == 3000


def test_narrow_deep_relu_dies_and_is_told_apart():
    ds = jamming.network_jamming(act="relu", optimizer="adam", h=1, L=5, P=100, budget=400, seeds=6)
    assert (ds.state == "dead").any()


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("network_jamming", dict(P=60, h=3, budget=40)),
        ("network_jamming", dict(P=60, h=3, act="relu", optimizer="adam", budget=300)),
        ("network_jamming", dict(P=60, h=3, loss="logistic", optimizer="flow", budget=40)),
        ("network_transition", dict(P=40, widths=(2, 4), budget=30)),
        ("range_contrast", dict(P=40, widths=(2, 4), budget=30)),
        ("escape", dict(P=60, h=2, budget=30)),
    ],
)
def test_the_same_experiment_on_torch(name, arguments):
    """Same points and starts in the same bits; the counts are the same, losses agree but for rounding (below 1e-9 that is all there is)."""
    pytest.importorskip("torch")
    e = experiment.get(name)
    assert "torch" in e.engines
    one = e(seeds=4, **arguments)
    with xp.engine("torch"):
        other = e(seeds=4, **arguments)
    assert not (one.N == 0).any()
    for variable in one:
        if one[variable].dtype.kind == "U" or variable.startswith("N"):
            np.testing.assert_array_equal(one[variable], other[variable], err_msg=variable)
    np.testing.assert_allclose(one.loss, other.loss, rtol=1e-6, atol=1e-9)


MIXED = [dict(h=2.5), dict(h=4, labels="random"), dict(h=7.5, dataset="random"), dict(h=3, data_seed=1)]


@pytest.mark.parametrize("engine", ["numpy", "torch"])
@pytest.mark.parametrize(
    "arguments",
    [dict(act="relu", optimizer="adam", budget=200), dict(budget=25), dict(loss="logistic", budget=15), dict(optimizer="fire", budget=60)],
)
def test_many_calls_as_one_program_are_the_single_calls(arguments, engine):
    """Networks of many widths on many sets of points, each inside the widest one; and of two widths on the same points, shared."""
    pytest.importorskip("torch")
    with xp.engine(engine):
        for varied in (MIXED, [dict(h=2.5), dict(h=6)]):
            calls = [dict(P=60, L=2, seeds=(3, 0, 5), **arguments, **own) for own in varied]
            together = jamming.network_jamming.together(calls)
            assert len({float(ds.N) for ds in together}) == len(varied)
            for found, call in zip(together, calls, strict=True):
                alone = jamming.network_jamming(**call)
                assert float(found.progress) == 1 and set(found.coords) == set(alone.coords)
                for name in ("N_delta_trace", "N_delta", "state", "iterations", "N", "size", "P", "gap_count", "slack_count"):
                    np.testing.assert_array_equal(found[name], alone[name], err_msg=name)
                np.testing.assert_allclose(found.loss_trace, alone.loss_trace, rtol=1e-6, atol=1e-12)
    if engine == "numpy" and arguments == dict(budget=25):
        assert (alone.state == "sat").any()  # a row left the batch on its way


def test_only_calls_that_are_alike_are_one_program():
    with pytest.raises(ValueError, match=r"cells: got some that are not alike"):
        jamming.network_jamming.together([dict(P=40), dict(P=50)])
    with pytest.raises(ValueError, match=r"escape, which computes one call at a time"):
        jamming.escape.together([dict(P=40)])
    with pytest.raises(ValueError, match=r"^h: "):
        jamming.network_jamming.together([dict(h=0.2)])


def test_points_in_pieces_give_the_same_loss_and_gradient():
    """On a GPU a few networks with many points stand in many rows; the arithmetic is the same."""
    torch = pytest.importorskip("torch")
    points, net = data.load("mnist", P=600), dense(10, 5, 3, "relu")
    w = torch.asarray(net.init(3) + 0.05)
    fit = jamming.Fit(net, Rows(torch.asarray(points.x), torch.asarray(points.y)))
    for pieces in (2, 5, 12):
        for one, other in zip(fit.evaluate(w), fit._in_pieces(w, pieces), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-13)
    assert pieces_of(4, 50_000) == 50 and pieces_of(300, 2000) == 1 and pieces_of(4, 601) == 1


@pytest.mark.skipif("not __import__('importlib').util.find_spec('torch') or not __import__('torch').cuda.is_available()")
def test_a_gpu_gives_the_numbers_of_a_processor():
    calls = [dict(P=200, L=3, act="relu", optimizer="adam", budget=100, seeds=4, **own) for own in MIXED]
    with xp.engine("torch:cuda"):
        together, alone = jamming.network_jamming.together(calls), jamming.network_jamming(**calls[0])
    for found, call in zip([*together, alone], [*calls, calls[0]], strict=True):
        other = jamming.network_jamming(**call)
        np.testing.assert_array_equal(found.N_delta, other.N_delta)
        np.testing.assert_allclose(found.loss_trace, other.loss_trace, rtol=1e-10)


def test_an_engine_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"^engine: got 'jax'; allowed: one of numpy, torch, torch:cuda"), xp.engine("jax"):
        pass
    assert type(xp.here(np.zeros(2))) is np.ndarray
