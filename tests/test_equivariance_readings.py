"""What lesson 8 reads off runs, on small tables made by hand and on small runs."""

import numpy as np
import pytest
import xarray as xr

from lsviz import equivariant, kernel
from lsviz.equivariant.networks import answers, probes
from lsviz.lesson import equivariance_readings as read

NETS = ["stride", "blur", "none"]


def torus(change=None, nets=NETS, picture_class=3):
    """Three networks, two seeds; p of class 3 at one pixel is .2 and .4 for stride; answers change by 0.1 unless said otherwise."""
    p = np.zeros((3, 2, 3, 10))
    p[..., 3] = 0.9
    p[0, :, 2, 3] = [0.2, 0.4]
    top = np.array([[0.06, 0.1], [0.002, 0.006], [0, 0]])[..., None] * np.ones(8)
    moved = np.full((3, 2, 3), 0.1) if change is None else np.asarray(change, float)
    table = dict(probability_shift=(("network", "seed", "shift_pixels", "output"), p),
                 top_change=(("network", "seed", "whole_shift"), top), output_change=(("network", "seed", "shift_pixels"), moved),
                 test_error=(("network", "seed"), [[0.09, 0.08], [0.06, 0.06], [0.05, 0.06]]), picture_class=float(picture_class),
                 total_stride=("network", [8.0, 8, 1]), exact_every=("network", [8.0, 4, 1]))  # fmt: skip
    coords = dict(network=nets, seed=[0, 1], shift_pixels=[-4.0, 0.0, 1.0], whole_shift=range(1, 9), output=range(10), pixel_row=range(32))
    return xr.Dataset(table, coords=coords)


def test_a_drawn_curve_is_read_where_the_question_asks():
    assert read.drawn_at(1, "shift")([-8, 0, 2, 8], [1, 1, 0.2, 1]) == pytest.approx(0.6)
    for x in ([], [-8, 0], [2, 8]):
        with pytest.raises(ValueError, match="at the shift 1"):
            read.drawn_at(1, "shift")(x, np.ones(len(x)))


def test_what_networks_hold_a_shifted_picture_for():
    ds = torus()
    assert read.held("stride")(ds) == pytest.approx(0.3) and read.held("none")(ds) == pytest.approx(0.9)
    assert np.isnan(read.held("stride")(torus(picture_class=np.nan)))
    assert read.changed("stride")(ds) == pytest.approx(8) and read.changed("none")(ds) == 0
    told = read.torus(ds)
    assert (told["blur"], told["blur_low"], told["blur_high"]) == pytest.approx((0.4, 0.2, 0.6))
    assert told["stride_error"] == pytest.approx(8.5) and read.exact_shifts(ds) == 16 and read.exact_shifts(ds, "blur") == 64
    with pytest.raises(ValueError, match="then check again"):
        read.exact_shifts(torus(nets=["max", "blur", "none"]))


def test_the_goal_of_a_shift_that_is_no_multiple_of_the_stride():
    change = np.full((3, 2, 3), 0.1)
    change[2] = 0  # none is exact, and has no stride
    assert "changes here is 0.1 " in read.exact_before(dict(shift=-4.0), torus(change))
    change[1, 0] = 0
    assert isinstance(read.exact_before(dict(shift=-4.0), torus(change)), str), "all seeds must be"
    change[1] = 1e-16
    found, told = read.exact_before(dict(shift=-4.0), torus(change))
    assert found is True and told.startswith("blur changed")
    for shift in (0.0, 8.0, -8.0):
        assert "a multiple" in read.exact_before(dict(shift=shift), torus(change))


def test_the_goal_of_a_shift_on_the_shipped_networks():
    """At 4 pixels blur is exact, and at no other whole shift below 8."""
    ds = equivariant.shift_response(shifts=tuple(float(k) for k in range(-8, 9)), probe=2)
    reached = [k for k in range(-8, 9) if not isinstance(read.exact_before(dict(shift=float(k)), ds), str)]
    assert reached == [-4, 4]


def test_the_goal_of_a_blur_that_is_not_enough():
    run = equivariant.aliasing
    assert read.blurred_and_seen(dict(blur="1 4 6 4 1"), run(waves=12, blur="1 4 6 4 1", rectified="first")) is not True
    assert read.blurred_and_seen(dict(blur="1 4 6 4 1"), run(waves=12, blur="1 4 6 4 1", rectified="after")) is True
    assert read.blurred_and_seen(dict(blur="1 4 6 4 1"), run(waves=12, blur="1 4 6 4 1", stride=4)) is True
    assert read.blurred_and_seen(dict(blur="1 4 6 4 1"), run(waves=24, blur="1 4 6 4 1")) is not True
    assert "Choose it" in read.blurred_and_seen(dict(blur="none"), run(waves=24))


@pytest.mark.parametrize(("waves", "stride", "seen"), [(20, 2, 3), (23, 2, 0), (10, 1, 11), (15, 3, 0), (24, 2, 1), (24, 4, 1), (17, 4, 6)])
def test_the_next_alias_is_that_of_the_next_run(waves, stride, seen):
    assert read.next_alias(equivariant.aliasing(waves=waves, stride=stride)) == seen
    after = equivariant.aliasing(waves=waves + 1 if waves < 24 else 23, stride=stride)
    assert round(float(after.apparent_frequency) * 48 / (2 * np.pi)) == seen


def turned(p4=(0.1, 0.5, 0.1), back=0.12, between=30.0):
    error = np.array([[0.08, 0.75, 0.9], p4])[:, None] * np.ones((1, 2, 1))
    dims = ("network", "seed", "turn_degrees")
    table = dict(error_turn=(dims, error), error_back=(dims, 0 * error + back))
    return xr.Dataset(table, coords=dict(network=["plain", "p4"], seed=[0, 1], turn_degrees=[0.0, between, 90.0]))


def test_the_goal_of_an_angle():
    found, told = read.lost_between(dict(turn=35.0), turned())
    assert found is True and told.startswith("At 30° p4 errs on 50 %")
    for turn, ds in ((90.0, turned()), (0.0, turned()), (30.0, turned(p4=(0.1, 0.34, 0.1))), (30.0, turned(back=0.3))):
        assert isinstance(read.lost_between(dict(turn=turn), ds), str)
    for between in (45.0, 135.0):
        assert "half-way" in read.lost_between(dict(turn=between), turned(between=between))
    assert "about p4" in read.lost_between(dict(turn=30.0), turned().sel(network=["plain"]))
    assert read.wrong("plain")(turned()) == pytest.approx(90) and read.times_wrong(turned()) == pytest.approx([9, 9])
    with pytest.raises(ValueError, match="then check again"):
        read.times_wrong(turned().sel(network=["p4"]))


def learned(plain, averaged, sizes=(32, 64)):
    """Two seeds, a factor of e apart on either side."""
    spread = np.exp([-1.0, 1.0])
    table = {f"error_{name}": (("size_P", "seed"), np.outer(row, spread)) for name, row in (("plain", plain), ("invariant", averaged))}
    table |= dict(gain=("size_P", [5.0, np.nan]), group_size=6.0)
    return xr.Dataset(table, coords=dict(size_P=list(sizes), seed=[0, 1]))


def test_the_goal_of_a_symmetry_that_does_harm():
    found, told = read.worse_than_plain({}, learned([1, 0.1], [0.5, 0.3]))
    assert found is True and told.startswith("At P = 64 the plain kernel's error is 0.1,")
    assert isinstance(read.worse_than_plain({}, learned([0.1, 0.1], [0.5, 0.15])), str), "the most points count"


def test_points_and_gains():
    ds = learned([1, 0.25], [0.5, 0.25])
    assert read.points_needed(ds) == pytest.approx(160) and np.isnan(read.saved(ds))
    assert read.saved(ds.isel(size_P=[0]).assign_coords(size_P=[64])) == 5
    with pytest.raises(ValueError, match="then check again"):
        read.points_needed(ds.assign(gain=ds.gain * np.nan))
    told = read.steady(ds)
    assert (told["P"], told["gains"], told["size"]) == ("32", "5.0", 6) and told["most"] == pytest.approx(5 / 6) and told["times"] == 1


def test_the_count_is_that_of_the_experiment():
    ds = kernel.invariant_learning(group="S4", sizes=(64, 128), seeds=3)
    for at in (0, 1):
        told = read.counted(ds, at)
        assert told["gain"] == pytest.approx(float(ds.gain_counted[at])) and told["total"] == sum(map(int, told["rows"].split(", ")))
        assert told["rows"].split(", ") == [str((k + 1) ** 2) for k in range(told["top"] + 1)], "no degree is left out"


def test_channels_of_p4_turn_and_roll():
    told = read.rolled(probe=3)
    assert told["rolled"] < 1e-5 and told["invariant"] < 1e-5 and min(told["turned"], told["still"], told["plain"]) > 0.1
    assert read.ten_to(2.8e-7) == "3 · 10<sup>−7</sup>" and told["rolled_told"] == read.ten_to(told["rolled"])


def test_what_p4_pays_upright_it_pays_for_sixes_and_nines():
    x, classes = probes(500)
    sixes_nines = np.isin(classes, (6, 9))
    for name, told in (("p4", [18, 7]), ("plain", [9, 8])):  # as lesson 8 says
        missed = np.mean([answers(f"turn_{name}", seed, x).argmax(1) != classes for seed in range(3)], 0)
        assert [round(100 * missed[some].mean()) for some in (sixes_nines, ~sixes_nines)] == told
