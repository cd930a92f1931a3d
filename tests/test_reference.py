"""What stands behind the live networks: the right ones or none, N* no finer than the sizes allow, power laws that are computed."""

import json

import numpy as np
import pytest
import xarray as xr

from lsviz import apps, jamming, sweep
from lsviz.apps import reference


def scan(N, share, seeds=16):
    """A Dataset as network_transition gives it, with a share of its seeds satisfied at every size."""
    sat = np.arange(seeds) < np.round(np.asarray(share)[:, None] * seeds)
    star = jamming.threshold(np.asarray(N, float), sat)
    state = np.where(sat, "sat", "unsat").astype("<U10")
    return xr.Dataset(
        dict(N=("width", np.asarray(N, float)), state=(("width", "seed"), state), P=100.0)
        | dict(zip(("N_star", "N_star_low", "N_star_high"), star))
    )


def values(**changed):
    """The values of the app of the transition."""
    return {**apps.transition.defaults(), **changed}


# --- which networks belong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "held"),
    [
        (dict(P=300), dict(act="swish", L=2, P=350, labels="parity", dataset="mnist")),
        (dict(P=280), dict(P=250)),  # nearest in ratio
        (dict(P=700, labels="random"), dict(P=700, labels="random", dataset="mnist")),
        (dict(P=5000, labels="random"), dict(P=4000, labels="random")),  # from the sweep of large P
        (dict(P=500, dataset="random"), dict(P=500, dataset="random")),
        (dict(P=500, loss="logistic"), dict(P=500, loss="logistic")),
        (dict(how="adam", L=1, P=600), dict(act="relu", L=1, P=500)),
        (dict(how="adam", L=2, P=900), dict(act="relu", L=3, P=1000)),  # nearest in ratio
        (dict(how="adam", L=4, P=100), dict(act="relu", L=5, P=500)),
        (dict(how="adam", L=3, P=300, beta=10.0), dict(act="relu", L=3, P=500)),  # a ReLU has no sharpness
    ],
)
def test_the_stored_networks_are_like_the_live_ones(changed, held):
    ds = reference.transition(values(**changed))
    made = json.loads(ds.attrs["arguments"]) if "arguments" in ds.attrs else {}
    cell = next(c for c in reference.cells() if reference.networks(c) is ds)
    fixed = {**reference.stored()[cell.name].grid.fixed, "labels": cell.labels, "P": cell.P, **made}
    for name, value in held.items():
        assert fixed[name] == value, name
    assert float(ds.P) == fixed["P"]
    assert dict(ds.sizes)["seed"] == len(fixed["seeds"]) and {"N", "N_delta", "state"} <= set(ds.data_vars)
    assert np.isfinite(ds.N).all(), "sizes that other P have are left out"


@pytest.mark.parametrize(
    "changed",
    [dict(data_seed=1), dict(dataset="fashion"), dict(L=3), dict(beta=2.0), dict(dataset="random", labels="random"), dict(P=-1),
     dict(how="adam", labels="random"), dict(how="adam", dataset="random"), dict(how="adam", data_seed=2), dict(how="adam", L=0)],
)  # fmt: skip
def test_no_other_networks_stand_behind(changed):
    assert reference.transition(values(**changed)) is None


def test_its_words_are_those_of_its_record():
    ds = reference.transition(values(how="adam", L=3, P=1000))
    replay = sweep.replay("relu_3")
    assert ds.attrs["label"] == "stored: ReLU, Adam 30\u00a0000 steps, L = 3, P = 1000, 16 seeds"
    assert replay.grid.fixed["budget"] == 30_000 and len(replay.grid.fixed["seeds"]) == 16
    run = replay.record["runs"][-1]
    assert run["command"] in ds.attrs["made"] and run["started"][:10] in ds.attrs["made"] and "hours" in ds.attrs["made"]
    one = sweep.replay("relu_3")(P=1000, h=float(ds.h[8]))
    assert (one.N_delta.values == ds.N_delta.values[8]).all() and (one.state.values == ds.state.values[8]).all()
    assert float(one.N) == float(ds.N[8])


def test_what_is_not_stored_is_no_error(monkeypatch):
    held = sweep.packaged()
    monkeypatch.setattr(sweep, "packaged", lambda: tuple(name for name in held if name not in ("threshold_cross_entropy", "relu_slide")))
    ds = reference.thresholds.__wrapped__()
    assert "cross_entropy" not in ds.curve and "digits" in ds.curve and set(ds.kind.values) == {"published"}
    assert reference.transition(values(loss="logistic")) is None
    monkeypatch.setattr(sweep, "packaged", tuple)
    assert reference.transition(values()) is None
    assert dict(reference.thresholds.__wrapped__().sizes) == dict(curve=0, P=0, ahead=34, mark=2)


# --- N* and its brackets ------------------------------------------------------------------------------------------------


def test_a_bracket_is_never_finer_than_the_sizes():
    """Where all seeds agree on both sizes the bootstrap has no width at all, and that is false."""
    ds = scan([50, 100, 200, 400], [0, 0, 1, 1])
    assert float(ds.N_star_low) == float(ds.N_star) == float(ds.N_star_high)
    at, low, high = reference.bracket(ds)
    assert (low, high) == (100, 200) and low < at < high
    at, low, high = reference.bracket(ds.isel(width=[3, 1, 0, 2]))
    assert (low, high) == (100, 200), "in whatever order"
    unclear = scan([50, 60, 100, 110], [0.45, 0.4, 0.6, 0.55])
    _, low, high = reference.bracket(unclear)
    assert low == pytest.approx(min(60, float(unclear.N_star_low))) and high == pytest.approx(max(100, float(unclear.N_star_high)))
    assert np.isnan(reference.bracket(scan([50, 100], [0, 0.2]))).all()


def test_every_stored_threshold_lies_between_its_sizes():
    ds = reference.thresholds()
    assert ds.N_star.dims == ("curve", "P") and len(ds.curve) <= 7
    known = ds.N_star.notnull().values
    assert (ds.N_star_low.values <= ds.N_star.values * (1 + 1e-12))[known].all()
    assert (ds.N_star.values <= ds.N_star_high.values * (1 + 1e-12))[known].all()
    assert (ds.N_star_low < ds.N_star_high).values[known].all()
    for cell in reference.cells():
        one = reference.networks(cell)
        share = (one.state == "sat").mean("seed").values
        at, low, high = reference.bracket(one)
        sizes = one.N.values
        inside, above = (sizes > low) & (sizes < at), sizes >= high
        assert share[inside].max(initial=0) <= 0.5 and (share[above] >= 0.5).all(), cell
        row = ds.sel(curve=one.attrs["curve"], P=cell.P)
        assert (float(row.N_star), float(row.N_star_low), float(row.N_star_high)) == (at, low, high)


def test_the_stored_star_is_the_one_of_the_sweep():
    held = sweep.results("threshold_digits").sel(labels="parity")
    ours = reference.thresholds().N_star.sel(curve="digits", P=held.P.values)
    np.testing.assert_allclose(ours, held.N_star, rtol=1e-5)


# --- power laws ---------------------------------------------------------------------------------------------------------


def test_a_power_law_is_found_and_its_brackets_turn_it():
    P = np.array([100, 200, 400, 800])
    at = 2 * P**0.7
    lines = reference.Lines(P, at, at, at)
    assert lines.slope[0] == pytest.approx(0.7) and np.ptp(lines.slope) < 1e-12
    assert lines.at([1000])[0] == pytest.approx(2 * 1000**0.7) and lines.reach(2 * 5000**0.7)[0] == pytest.approx(5000)
    wide = reference.Lines(P, at, at / 1.2, at * 1.2)
    assert wide.slope[0] == pytest.approx(0.7) and wide.slope.min() < 0.65 and wide.slope.max() > 0.75
    assert wide.slope.min() + wide.slope.max() == pytest.approx(1.4)
    holes = reference.Lines([50, *P], [np.nan, *at], [np.nan, *at], [np.nan, *at])
    assert holes.slope[0] == pytest.approx(0.7)
    assert np.isnan(reference.Lines(P[:2], at[:2], at[:2], at[:2]).slope).all(), "two points are no law"


def test_structure_costs_ever_fewer_weights_a_point_and_chance_does_not():
    ds = reference.thresholds()
    digits, chance = (ds.sel(curve=name) for name in ("digits", "random_labels"))
    assert float(digits.exponent_high) < 0.8 < float(chance.exponent_low) <= float(chance.exponent) < 1.1
    per_weight = (ds.P / ds.N_star).sel(curve=["random_labels", "random_points"])
    assert per_weight.min() > 2 and per_weight.max() < 4, "about three points a weight, as published"
    growth = (ds.P / ds.N_star).sel(curve="digits").dropna("P")
    assert float(growth[-1]) > 2 * float(growth[0])


def test_the_continued_line_is_computed_and_says_how_little_it_knows():
    at, least, most = reference.continued("relu_5", reference.SLIDE)
    ds = reference.thresholds().sel(curve="relu_5")
    slope, offset = np.polyfit(np.log(ds.dropna("P").P), np.log(ds.dropna("P").N_star), 1)
    assert at == pytest.approx(np.exp((np.log(3930) - offset) / slope)) and least < at < most
    N, low, high = reference.PUBLISHED[reference.SCANNED]
    assert least < N * high and most > N * low, "the scan of the slide lies within what the brackets allow"
    assert float(ds.exponent) == pytest.approx(slope)
    assert float(ds.continued[-1]) == pytest.approx(np.exp(offset + slope * np.log(ds.ahead[-1])))
    assert most < ds.ahead[-1], "the picture shows how far the brackets of the slide reach"
    assert (ds.continued_low <= ds.continued).all() and (ds.continued <= ds.continued_high).all()


def test_marks_say_what_they_are():
    ds = reference.thresholds()
    for kind, told, low, high in zip(ds.kind.values, ds.told.values, ds.mark_P_low.values, ds.mark_P_high.values):
        assert told.startswith(f"{kind}: ") and low < high
        assert "N*" not in told, "an N* that nobody published is not claimed"
    slide, raw = ds.isel(mark=-1), sweep.results("relu_slide").sortby("P")
    share = (raw.state == "sat").mean("seed")
    assert float(share.sel(P=slide.mark_P_low)) >= 0.5 > float(share.sel(P=slide.mark_P_high)) and "unfinished" in slide.told.item()
