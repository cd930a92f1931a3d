"""What lesson 5 reads off runs over widths, on small tables made by hand."""

import numpy as np
import pytest
import xarray as xr

from lsviz.lesson import kernel_readings as read

WIDTHS = np.array([10.0, 20.0, 40.0, 80.0, 160.0, 320.0])
NAMES = ("w_change", "f_change", "theta_change", "f_gap")


def movements(**powers):
    """Four networks a width whose movements are powers of h: w −1, Θ −1, gap −1 and f 0, unless said otherwise."""
    powers = dict(w_change=-1.0, f_change=0.0, theta_change=-1.0, f_gap=-1.0) | powers
    spread = np.exp([-0.2, 0.2, 0.1, -0.1])
    table = {name: (("width", "seed"), np.outer(WIDTHS ** powers[name], spread)) for name in NAMES}
    slopes = {f"{name}_slope": powers[name] for name in NAMES} | {f"{name}_slope_se": 0.05 for name in NAMES}
    return xr.Dataset({**table, **slopes, "N": ("width", WIDTHS**2)}, coords={"width": WIDTHS})


def spreads(slope=-0.5, at_16=1.0):
    h = np.array([16.0, 64.0, 256.0])
    level = at_16 * (h / 16) ** slope
    table = {"theta_fluctuation": (("depth", "width"), [level / 2, level]), "theta_slope": ("depth", [slope, slope])}
    return xr.Dataset(table, coords={"depth": [1, 2], "width": h})


def test_factors_between_the_ends_of_a_run():
    ds = movements(theta_change=-0.9)
    assert read.factor("theta_change")(ds) == pytest.approx(32**0.9)
    assert read.factor("w_change")(ds.isel(width=slice(None, None, -1))) == pytest.approx(32)
    assert read.spread_factor(spreads()) == pytest.approx(4) and np.isnan(read.spread_factor(spreads(), L=3))


def test_a_curve_drawn_by_hand_has_a_factor_if_it_is_whole():
    x = read.MOVED_AT
    by_hand = read.drawn_factor(x)
    assert by_hand(x, 0.5 * (x / x[0]) ** -1.0) == pytest.approx(64) and by_hand(x, np.full(25, 0.3)) == 1
    for part in (x < 100, x > 100):
        with pytest.raises(ValueError, match="whole axis"):
            by_hand(x[part], 1 / x[part])


def training(gap=0.2, loss=1e-3, seeds=3):
    at = np.array([0.5, 1.0])[:, None]
    table = {"f_gap": gap * at * np.ones(seeds), "train_loss_real": loss / at * np.ones(seeds)}
    return xr.Dataset({name: (("time", "seed"), values) for name, values in table.items()})


def test_the_goal_where_the_frozen_kernel_fails():
    goal, values = read.frozen_fails(0.14, 10, task="wave", P=12), dict(task="wave", P=12, h=10.0, L=5)
    reached, told = goal(values, training())
    assert reached is True and "is 0.2 away" in told
    assert "wanted" in goal(values, training(gap=0.1)) and "not learned" in goal(values, training(loss=0.1))
    assert "too easy" in goal({**values, "h": 5.0}, training())
    assert "Only width and depth may change" in goal({**values, "task": "step"}, training())


def test_the_goal_of_kernels_apart():
    goal = read.kernels_apart(0.6, 128)
    ds = xr.Dataset({"theta_deviation": ("seed", [0.7, 1.4])})
    assert goal(dict(h=128.0), ds) is True and "Keep at least 128" in goal(dict(h=64.0), ds)
    assert "40 %" in goal(dict(h=256.0), xr.Dataset({"theta_deviation": ("seed", [0.4, 1.4])})), "both, not one"


def test_the_goal_of_a_slow_gap():
    goal, values = read.slow_gap(-0.7, L=2, task="wave"), dict(L=2, task="wave", act="relu")
    assert goal(values, movements(f_gap=-0.6)) is True
    assert "−0.80" in goal(values, movements(f_gap=-0.8))
    unsure = movements(f_gap=-0.6).assign(f_gap_slope_se=0.2)
    assert "± 0.20" in goal(values, unsure), "two standard errors are not three"
    assert "so few widths" in goal(values, movements(f_gap=-0.6).isel(width=[0, 1, 2]))
    assert "Put back" in goal({**values, "L": 3}, movements(f_gap=-0.6))


def test_the_width_of_a_small_spread():
    assert read.wide_enough(spreads(), 0.05) == pytest.approx(16 * 400)
    with pytest.raises(ValueError, match="then check again"):
        read.wide_enough(spreads().isel(depth=[0]))


def test_the_points_that_halve_an_error():
    ds = xr.Dataset({"error_slope": -0.5, "error_slope_se": 0.1})
    assert read.more_points(ds) == pytest.approx([2 ** (1 / 0.6), 4, 2 ** (1 / 0.4)])
    with pytest.raises(ValueError, match="then check again"):
        read.more_points(xr.Dataset({"error_slope": -0.01, "error_slope_se": 0.02}))


def test_what_one_point_does_to_others():
    theta = np.array([[4.0, 3.0, 1.0, 2.0, 0.5]] * 5)
    table = {"theta_infinite": (("point", "point2"), theta), "theta": (("seed", "point", "point2"), theta[None] / 2)}
    ds = xr.Dataset({**table, "label": ("point", [1, 1, 1, -1, -1]), "theta_deviation": ("seed", [0.5]), "h": 8.0})
    told = read.pull(ds)
    assert (told["own"], told["same"], told["other"]) == (4, 3, 2) and told["lifted"] == pytest.approx(0.6)
    assert told["share_h"] == told["share"] == 0.75 and told["own_h"] == 2 and read.pulled(ds) == pytest.approx(0.4)


def test_little_moves_and_what_they_add_up_to():
    told = read.little(movements().isel(width=[3, 0, 5]))
    assert (told["h_low"], told["h_high"]) == (10, 320) and told["percent_low"] == pytest.approx(10)
    assert told["w_change_low"] == pytest.approx(32 * told["w_change_high"])
    assert told["f_change_low"] == pytest.approx(told["f_change_high"])


def test_what_an_infinite_network_makes_of_more_points():
    ds = xr.Dataset({"test_error": (("size_P", "seed"), [[0.1, 0.12], [0.2, 0.22]])}, coords={"size_P": [256, 64]})
    told = read.overfit(ds)
    assert (told["few"], told["many"]) == (64, 256) and (told["at_few"], told["at_many"]) == pytest.approx((21, 11))


@pytest.mark.slow
def test_lesson_5_tells_what_its_runs_show():
    """The numbers of its limits and of its questions, in runs as its apps make them."""
    from lsviz import apps, kernel
    from lsviz.lesson import catalog

    limits = catalog.texts("5_ntk")["sources"]["limits"]
    start = apps.wider_and_wider.call(apps.wider_and_wider.defaults())
    for act, power in (("swish", 0.9), ("erf", 0.8), ("relu", 0.75)):
        ds = kernel.movement(**{**start, "act": act})
        assert f"−{power}" in limits and abs(float(ds.theta_change_slope) + power) < 0.08, act
        assert -0.42 < float(ds.w_change_max_slope) < -0.25, act
        if act == "swish":
            told = read.little(ds)
            assert round(told["percent_low"]) == 17 and 0.4 < told["theta_change_low"] < 0.7, "what the questions give away"
    assert abs(read.spread_factor(kernel.kernel_fluctuation(depths=(2,))) - 8) < 1
    assert "−1.02 ± 0.05" in limits  # erf, widths 80 … 1000, 12 networks: a minute and a half, so not computed here
