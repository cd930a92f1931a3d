"""Chapter 4: errors of means and of single networks, the two recipes, and the cusp, the explosion and their absence on real digits."""

import numpy as np
import pytest

from lsviz import data, generalization, jamming, network
from lsviz.generalization import averaging, exponents
from lsviz.generalization.setting import Question
from lsviz.jamming import Fit

COMMON = dict(dataset="mnist", labels="parity", P=60, d=10, data_seed=0, L=2, act="swish", beta=1.0, seeds=(0, 1, 2))


def test_the_error_of_an_ensemble_is_that_of_the_mean_output():
    """Against a direct computation, for every n; and it is not the mean of the errors."""
    rng = np.random.default_rng(0)
    y = np.where(np.arange(400) % 2, -1.0, 1.0)
    outputs = y + 1.5 * rng.standard_normal((7, 400))
    found = generalization.ensemble_errors(outputs, y)
    for n in range(1, 8):
        for s in range(7):
            chosen = [(s + k) % 7 for k in range(n)]
            assert found[n - 1, s] == pytest.approx((np.sign(outputs[chosen].mean(0)) != y).mean(), abs=1e-12)
    np.testing.assert_allclose(found[0], averaging.errors(outputs, y))
    assert found[-1].mean() < 0.6 * found[0].mean() and np.ptp(found[-1]) == 0


def test_a_broken_network_is_left_out_of_the_mean():
    y = np.array([1.0, -1.0, 1.0])
    outputs = np.array([[1.0, -2, 3], [np.nan, 0, 0], [-0.5, -1, 1]])
    found = generalization.ensemble_errors(outputs, y)
    assert np.isnan(found[2]).all() and np.isnan(found[:, 2]).all()
    np.testing.assert_allclose(found[0, :2], [0, 1 / 3])
    np.testing.assert_allclose(found[1, :2], 0)
    np.testing.assert_allclose(averaging.errors(outputs, y), [0, np.nan, 1 / 3])
    assert np.isfinite(averaging.spread(outputs)).all()


def test_fluctuation_and_mean_of_known_outputs():
    """Signal of size 2 with noise of size 3: both come back, the mean without its share of the noise."""
    rng = np.random.default_rng(1)
    outputs = 2 * np.sign(rng.standard_normal(20_000)) + 3 * rng.standard_normal((10, 20_000))
    noise, signal = averaging.spread(outputs)
    assert noise == pytest.approx(3, rel=0.02) and signal == pytest.approx(2, rel=0.02)


def test_jackknife_of_a_mean_is_its_standard_error():
    """For errors that are themselves linear in the seeds (one network right or wrong everywhere), the jackknife is the textbook's."""
    rng = np.random.default_rng(2)
    e = rng.random(12)
    windows = np.full((12, 12), np.nan)
    windows[-2] = [(e.sum() - e[j]) / 11 for j in range(12)]
    assert averaging.jackknife(windows) == pytest.approx(e.std(ddof=1) / np.sqrt(12))


def test_exponents_of_made_up_data_come_back():
    """‖f‖ = 30/(N − N*) + 0.5 with N* = 100: −1 with the background, less steep without; and a slope with its error."""
    N = np.array([60, 80, 95, 105, 115, 130, 150, 180, 230, 300, 400, 600.0])
    rng = np.random.default_rng(3)
    sat = np.array([rng.random(24) < 1 / (1 + np.exp(-(n - 100) / 4)) for n in N])
    f = (30 / np.maximum(N - 100, 1) + 0.5)[:, None] * (1 + 0.05 * rng.standard_normal((12, 24)))
    found = exponents.fitted(N, f, sat)
    assert found["exponent_background"] == pytest.approx(-1, abs=0.12) and found["background"] == pytest.approx(0.5, abs=0.1)
    assert -0.9 < found["exponent"] < -0.4 and 0 < found["exponent_se"] < 0.2
    slope, error = averaging.line_fit(N, 7 * N**-0.25 * (1 + 0.01 * rng.standard_normal(12)))
    assert abs(slope + 0.25) < 3 * error < 0.05
    assert np.isnan(averaging.line_fit([1, 2], [1, 2])).all()


def test_no_test_point_is_trained_on_and_all_are_asked_the_same():
    question = Question(**COMMON)
    other = Question(**{**COMMON, "P": 300, "data_seed": 5})
    np.testing.assert_array_equal(question.test.x, other.test.x)
    assert question.test.P == data.TEST
    seen = {row.tobytes() for row in other.train.x}
    assert len(seen) == 300 and not any(row.tobytes() in seen for row in question.test.x)


def test_the_talks_predictor_is_relative_and_scaled():
    """F = α̃ (f − f₀): zero at the start, N_Δ = P there; gradient and gaps against the plain formula."""
    question = Question(**COMMON, recipe="talk", alpha=12.0)
    net = question.net(5)
    assert net.scale == "mean_field" and not net.bias and net.size == net.N
    start = net.init(3)
    fit = Fit(net, question.train, "softhinge", alpha=12.0, start=start)
    np.testing.assert_allclose(fit.gaps(start), 1, atol=1e-12)
    w = start + 0.1 * np.random.default_rng(0).standard_normal(start.shape)
    x, y = question.train.x, question.train.y
    F = 12 * (net(w, x) - net(start, x))
    np.testing.assert_allclose(fit.gaps(w), 1 - y * F, atol=1e-12)
    now, step = fit.evaluate(w), 1e-6
    for i in (0, 20, net.N - 1):
        up, down = w.copy(), w.copy()
        up[:, i] += step
        down[:, i] -= step
        np.testing.assert_allclose(now.grad[:, i], (fit.evaluate(up).loss - fit.evaluate(down).loss) / (2 * step), atol=1e-7)
    part = fit.rows(np.array([2, 0]))
    np.testing.assert_allclose(part.gaps(w[[2, 0]]), fit.gaps(w)[[2, 0]])
    direct = generalization.double_descent(P=60, widths=(5,), recipe="talk", alpha=12.0, budget=300, seeds=(0, 1, 2))
    training = question.training(net, 300)
    for state in training.states():
        pass
    outputs = 12 * (net(training.w, question.test.x) - net(start, question.test.x))
    np.testing.assert_allclose(direct.test_error[0], (outputs * question.test.y <= 0).mean(1))
    assert (direct.test_error < 0.45).all()


def test_alpha_belongs_to_the_talks_recipe():
    with pytest.raises(ValueError, match=r"^alpha: got 2; allowed: only with recipe = talk \(got recipe = live\)"):
        generalization.double_descent(alpha=2.0, widths=(3,), budget=2, seeds=1)
    with pytest.raises(ValueError, match=r"^recipe: got 'mine'; allowed: one of live, talk"):
        generalization.double_descent(recipe="mine")
    with pytest.raises(ValueError, match=r"^which: got 60000; allowed: 0 to 4999"):
        generalization.decision_line(which=60_000, budget=2, seeds=1)


def test_networks_are_those_of_lesson_3():
    """Same points, starts and descent: N_Δ and the ending of the same arguments are the same bits."""
    found = generalization.double_descent(P=80, widths=(2.5, 4), budget=40, seeds=4)
    before = jamming.network_transition(P=80, widths=(2.5, 4), budget=40, seeds=4)
    np.testing.assert_array_equal(found.N_delta, before.N_delta)
    np.testing.assert_array_equal(found.state, before.state)
    stopped = generalization.double_descent(P=80, widths=(2.5, 4), budget=40, early_stop=5, seeds=4)
    short = generalization.double_descent(P=80, widths=(2.5, 4), budget=5, seeds=4)
    np.testing.assert_array_equal(stopped.test_error, short.test_error)
    assert (stopped.test_error != found.test_error).any()


def test_stopping_times_of_one_run_are_runs_of_their_own():
    whole = generalization.early_stopping(P=60, widths=(2, 9), budget=30, seeds=3)
    for i, stop in enumerate(whole.stop.values):
        alone = generalization.double_descent(P=60, widths=(2, 9), budget=30, early_stop=int(stop), seeds=3)
        np.testing.assert_allclose(whole.test_error_trace[i], alone.test_error, atol=1e-12)
        np.testing.assert_array_equal(whole.N_delta_trace[i], alone.N_delta)
        np.testing.assert_allclose(whole.ensemble_error_trace[i], alone.ensemble_error[-1], atol=1e-12)
    assert (whole.state[1] == "sat").all() and int(whole.stop[-1]) == 30  # satisfied early, and their error is kept


def test_the_line_goes_through_two_test_points():
    found = generalization.decision_line(P=60, h=4, budget=30, which=3, seeds=3)
    question = Question(**COMMON)
    training = question.training(question.net(4), 30)
    for state in training.states():
        pass
    f = training.fit.net(training.w, question.test.x[6:8])
    np.testing.assert_allclose(found.f_line.sel(place=[0, 1]).T, f, atol=1e-12)
    assert question.test.y[6:8].tolist() == [1, -1]
    np.testing.assert_allclose(found.f_line_mean, found.f_line.mean("seed"))
    assert float(found.ensemble_error_all) <= float(found.test_error.mean())


def test_a_cusp_where_networks_jam_and_none_in_the_mean():
    """Errors paired over seeds; ‖f‖ peaks within 1.5 of N*; the mean of twenty falls up to N*, its best lies at or beyond it.

    P = 600, twenty networks a width: the fewest points at which the cusp stands clear of the seeds' spread within seconds.
    """
    widths = tuple(dict.fromkeys(network.width_for(N, 10, 2) for N in (42, 60, 90, 120, 180, 300, 650)))
    digits = generalization.double_descent(P=600, widths=widths, budget=150)
    error, N = digits.test_error.values, digits.N.values
    single = error.mean(1)
    cusp = 1 + int(single[1:-2].argmax())
    left = int(single[:cusp].argmin())
    rise = error[cusp] - error[left]
    assert rise.mean() > 3 * rise.std(ddof=1) / np.sqrt(20)
    assert single[cusp] - single[-1] > 0.025
    star = float(digits.N_star)
    assert star / 1.6 < N[cusp] < 1.6 * star
    peak = N[int(np.median(digits.f_rms, axis=1).argmax())]
    assert star / 1.5 < peak < 1.5 * star
    mean = digits.ensemble_error.values[-1]
    below = mean[star >= N]
    assert below[-1] < below[0] - 2 * digits.ensemble_error_se.values[0]
    assert N[mean.argmin()] >= 0.95 * star and mean.max() == mean[0]
    assert (mean < single - 0.02).all()  # averaging helps at every size, and most at the cusp
    removed = digits.test_error.mean("seed").values - digits.ensemble_error.values[-1]
    near = np.abs(np.log(digits.N.values / float(digits.N_star))) < np.log(2)
    assert removed[near].max() == removed.max() and removed[-1] < 0.7 * removed.max()
    fluctuation = digits.fluctuation.values
    assert fluctuation.argmax() in np.flatnonzero(near) and fluctuation[-1] < 0.2 * fluctuation.max()


def test_stopping_early_removes_the_cusp():
    widths = tuple(network.width_for(N, 10, 2) for N in (42, 74, 126, 250, 650))
    found = generalization.early_stopping(P=300, widths=widths, budget=150)
    error = found.test_error_trace.mean("seed").values
    stops = found.stop.values
    early = error[np.abs(stops - 12).argmin()]
    assert np.ptp(early) < 0.025 and error[-1, :2].max() - error[-1, -1] > 0.03
    assert early[:2].max() < error[-1, :2].max() - 0.015


def test_coins_cannot_be_generalised():
    found = generalization.double_descent(P=100, labels="random", widths=(4, 12), budget=60, seeds=6)
    assert (np.abs(found.test_error - 0.5) < 0.03).all() and (np.abs(found.ensemble_error - 0.5) < 0.04).all()


def test_the_flow_settles_as_predicted_and_adam_does_not():
    """arXiv:1901.01608: the fluctuation falls as N^(−1/4) in the lazy flow. P = 100, three widths: a slope with few networks."""
    found = generalization.slow_decrease(P=100, widths=(10, 30, 90), budget=600, seeds=6)
    flow, adam = found.fluctuation_slope.values
    assert -0.4 < flow < -0.15
    assert (found.state.sel(regime="flow") == "sat").mean() > 0.6
    assert adam < 0  # how fast, no theory says: it is shown beside the flow's
