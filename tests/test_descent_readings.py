"""What lesson 4 reads off runs over widths, on small tables made by hand."""

import numpy as np
import pytest
import xarray as xr

from lsviz.lesson import descent_readings as read

SIZES = [40, 60, 100, 200, 800]
CUSP = [0.16, 0.17, 0.20, 0.16, 0.14]
TOGETHER = [0.14, 0.12, 0.11, 0.10, 0.105]


def scan(mean=CUSP, spread=0.01, seeds=20, together=TOGETHER, **values):
    """Errors with these means; all seeds of a size lie ± spread about its mean, each size in another order."""
    rng, N = np.random.default_rng(0), np.array(SIZES, float)
    sign = np.array([rng.permutation(np.resize([1.0, -1.0], seeds)) for _ in N])
    error = np.array(mean)[:, None] + spread * sign
    state = np.where(np.broadcast_to(N[:, None] < 100, error.shape), "unsat", "sat")
    table = {
        "test_error": (("width", "seed"), error),
        "ensemble_error": (("average", "width"), np.linspace(np.array(mean), np.array(together), seeds)),
        "ensemble_error_se": ("width", np.full(len(N), 0.002)),
        "fluctuation": ("width", np.full(len(N), 10.0)),
        "f_mean_rms": ("width", np.full(len(N), 5.0)),
        "N": ("width", N), "h": ("width", N / 10), "state": (("width", "seed"), state), "N_star": 90.0, "P": 500.0, **values,
    }  # fmt: skip
    return xr.Dataset(table, coords={"width": N, "seed": range(seeds), "average": range(1, seeds + 1)})


def shuffled(ds):
    return ds.isel(width=[3, 0, 4, 1, 2])


@pytest.mark.parametrize("made", [lambda ds: ds, shuffled])
def test_the_peak_and_what_averaging_leaves_of_it(made):
    ds = made(scan())
    assert read.peak(ds) == 100 and read.remains(ds) == pytest.approx(5.5) and read.taken_off(ds) == pytest.approx(9)
    assert read.peak_density(ds) == pytest.approx([0.2])
    assert read.best_relative(ds) == pytest.approx([200 / 90]), "0.105 is more than its error bar above 0.10"


def test_a_rise_has_its_standard_error_from_pairs_of_seeds():
    ds = scan()
    up, se = read.rise(ds)
    apart = 100 * (ds.test_error[2] - ds.test_error[0]).values
    assert up == pytest.approx(4) and se == pytest.approx(apart.std(ddof=1) / 20**0.5)
    assert read.enough(ds) == pytest.approx(20 * (5 * se / 4) ** 2)
    words = read.rising(ds)
    assert (words["N_low"], words["N_high"], words["four"]) == (40, 100, 80) and words["high"] == pytest.approx(20)


def test_nothing_rises_where_the_smallest_networks_err_most():
    ds = scan(mean=[0.3, 0.25, 0.2, 0.18, 0.16])
    assert read.rise(ds) == (0, 0) and "Nothing rises" in read.standing(ds) and np.isnan(read.enough(ds))
    with pytest.raises(ValueError, match="then check again"):
        read.peak_density(ds)
    with pytest.raises(ValueError, match="then check again"):
        read.best_relative(scan(N_star=np.nan))


def test_a_broken_network_is_left_out():
    ds = scan()
    ds.test_error[2, 3] = np.nan
    assert read.peak(ds) == 100 and np.isfinite(read.rise(ds)).all()


VALUES = dict(P=500, L=2, beta=1.0, labels="parity", dataset="mnist", budget=12)


def test_the_goal_without_a_peak():
    goal, flat = read.no_cusp(P=500), scan(mean=[0.17, 0.17, 0.171, 0.165, 0.16])
    assert goal(VALUES, flat) is True
    assert "standard errors" in goal(VALUES, scan())
    assert "at least 20" in goal(VALUES, scan(mean=CUSP, seeds=4))
    few = read.no_cusp(most=400)
    assert "proves nothing" in few(VALUES, flat) and few({**VALUES, "P": 400}, flat) is True
    assert "Wanted" in few(VALUES, scan())
    assert "Put back" in goal({**VALUES, "P": 100}, flat) and "Put back" in goal({**VALUES, "labels": "random"}, flat)


def test_the_goal_without_a_rule():
    coin = [0.5, 0.499, 0.5, 0.501, 0.498]
    assert read.no_rule(VALUES, scan(mean=coin, together=coin)) is True
    assert "10 %" in read.no_rule(VALUES, scan())


def test_where_a_curve_drawn_by_hand_has_its_peak():
    x = read.SIZES
    assert read.peaks_at(x, np.interp(x, [38, 100, 1420], [15, 20, 12])) == pytest.approx(100, rel=0.06)
    for y in ([15, 18, 22], [22, 18, 12], [20, 14, 20], [15, 15, 15]):
        assert np.isnan(read.peaks_at(x, np.interp(x, [38, 200, 1420], y))), "no peak inside"
    twice = np.interp(x, [38, 60, 90, 300, 700, 1420], [15, 16, 15, 15, 20, 12])
    assert read.peaks_at(x, twice) == pytest.approx(700, rel=0.06), "the higher one"
    for part in (x < 90, x > 90):
        with pytest.raises(ValueError, match="whole axis"):
            read.peaks_at(x[part], twice[part])


def test_what_a_mean_output_holds():
    told = read.at(scan(), 100)
    assert told["both"] ** 2 == pytest.approx(5**2 + 10**2 / 20) and told["relative"] == pytest.approx(2)


@pytest.mark.slow
def test_the_peak_drowns_at_100_points_also_where_smaller_networks_are_added():
    """What the lesson says of its task: not so with 150."""
    from lsviz import generalization
    from lsviz.apps.generalization import sizes

    for P, drowned in ((100, True), (150, False)):
        widths = tuple(sorted({1.0, 1.5, 2.0, 2.5, *sizes(P, 2, "parity", "mnist")}))
        up, se = read.rise(generalization.double_descent(P=P, widths=widths))
        assert (up < read.SURE * se) == drowned, (P, up, se)
