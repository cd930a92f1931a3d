"""The sweeps that come with the package: small, complete, told where from, and the same numbers when a cell is computed anew.

A long training amplifies the last bit of another processor: its first steps, and what does not depend on them, are held to digits.
"""

import json
from itertools import takewhile

import numpy as np
import pytest

from lsviz import experiment, sweep
from lsviz.sweep import reading

NAMES = sweep.packaged()


def test_there_are_some_and_they_are_small():
    assert {"relu_1", "relu_3", "relu_5", "relu_budget", "relu_slide", "threshold_digits", "threshold_points"} <= set(NAMES)
    sizes = [(reading.PACKAGED / f"{name}.nc").stat().st_size for name in NAMES]
    assert max(sizes) < 3e6 and sum(sizes) < 15e6


@pytest.mark.parametrize("name", NAMES)
def test_each_is_complete_and_says_where_it_is_from(name):
    said = sweep.status(name)
    assert said.finished == said.cells and said.hours > 0 and said.runs
    for run in said.runs:
        assert run["command"].startswith(f"python -m lsviz sweep {said.experiment} ") and f"--store {name}.zarr" in run["command"]
        assert "/" not in run["command"] and "T" in run["started"] and run["numpy"] and run["lsviz"]
        assert said.engine == "numpy" or (run["torch"] and run["device"].startswith("NVIDIA"))
    label = sweep.replay(name).label
    assert label.startswith("stored: python -m lsviz sweep") and ("GPU-hours" in label) == (said.engine == "torch:cuda")
    assert json.loads(sweep.results(name).attrs["arguments"])


FIRST = {
    "relu_1": (dict(P=500, h=9), 300, 2),
    "relu_3": (dict(P=1000, h=6), 300, 2),
    "relu_5": (dict(P=500, h=5), 300, 2),
    "relu_budget": (dict(budget=3000, h=7), 150, 2),
    "relu_slide": (dict(P=10_000), 75, 1),
}


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("relu")])
def test_a_stored_training_begins_as_it_does_now(name):
    """Single precision, and a GPU's sums, are what they differ by."""
    cell, steps, seeds = FIRST[name]
    stored = sweep.replay(name)
    arguments = {**stored.check(**cell), "seeds": seeds}
    *_, now = takewhile(lambda ds: not ds.iterations > 2 * steps, experiment.get("network_jamming").stream(**arguments))
    then = stored(**cell).isel(seed=slice(0, seeds))
    known = np.isfinite(now.loss_trace[:, 0].values) & (now.step.values <= steps)
    assert now.step.values[known].max() >= 0.5 * steps and known.sum() > 1
    np.testing.assert_array_equal(now.N_delta_trace[known], then.N_delta_trace[known])
    np.testing.assert_allclose(now.loss_trace[known], then.loss_trace[known], rtol=3e-6)
    assert float(now.N) == float(then.N)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("threshold")])
def test_a_stored_threshold_has_the_networks_of_today(name):
    """At the widest size of its fewest points the networks fit in a few iterations; at the narrowest they end at about the same N_Δ."""
    stored = sweep.replay(name)
    given = stored.check(P=min(stored.grid.axes["P"]))
    then = stored(**{name: given[name] for name in stored.grid.axes})
    shared = {key: value for key, value in given.items() if key not in ("widths", "seeds")}
    widths = np.flatnonzero(np.isfinite(then.N.values))
    narrow = [(widths[0], 1)] if given["P"] <= 1000 or name == "threshold_large" else []  # of random points, minutes
    for place, seeds in [(widths[-1], 1), *narrow]:
        now = experiment.get("network_jamming")(**shared, h=float(then.width[place]), seeds=seeds)
        assert float(now.N) == float(then.N[place])
        np.testing.assert_array_equal(now.state, then.state[place, :seeds])
        np.testing.assert_allclose(now.N_delta, then.N_delta[place, :seeds], rtol=0.02)
    assert (then.state[widths[-1]] == "sat").all() and (then.state[widths[0]] != "sat").mean() > 0.8
    assert float(then.N_star_low) <= float(then.N_star) <= float(then.N_star_high)


def test_stored_packings_jam_where_packings_do():
    """Another processor finds other packings: the same density and the same number of contacts within what seeds differ by."""
    stored = sweep.replay("particles_threshold")
    for kind in ("discs", "balls"):
        then = stored(kind=kind, n=64)
        now = experiment.get("threshold")(kind=kind, n=64, seeds=3)
        for name in ("phi_J", "Z"):
            spread = float(then[name].std())
            assert abs(float(now[name].mean() - then[name].mean())) < 4 * spread / np.sqrt(3) + 1e-9, name
        assert bool(then.converged.all())
    for n, discs, balls in ((256, 0.839, 0.641), (1024, 0.840, 0.644)):
        assert abs(float(stored(kind="discs", n=n).phi_J.mean()) - discs) < 0.003
        assert abs(float(stored(kind="balls", n=n).phi_J.mean()) - balls) < 0.004
    dense = experiment.get("packing_transition")(kind="discs", n=256, seeds=2)
    then = sweep.replay("particles_jump")(kind="discs", n=256)
    np.testing.assert_array_equal(dense.phi, then.phi)
    for end, state in ((0, "sat"), (-1, "unsat")):  # thrown far below and far above φ_J
        assert (dense.state[end] == state).all() and (then.state[end] == state).all()
    np.testing.assert_allclose(dense.Z[-1].mean(), then.Z[-1].mean(), rtol=0.03)
    long, then = experiment.get("threshold")(kind="ellipses", n=64, aspect=1.5, seeds=2), sweep.replay("particles_ellipses")(aspect=1.5)
    assert abs(float(long.phi_J.mean() - then.phi_J.mean())) < 4 * float(then.phi_J.std()) / np.sqrt(2)
    jump = sweep.replay("particles_jump")(kind="discs", n=1024)
    assert (jump.state == "sat").any() and (jump.state == "unsat").any()
    longer = sweep.replay("particles_ellipses")
    assert float(longer(aspect=1.5).phi_J.mean()) > float(longer(aspect=3).phi_J.mean()) > float(longer(aspect=1.02).phi_J.mean())


def test_relu_networks_jump_too():
    """Of finished networks at most one in six lies between 0.02 and 0.4, over all widths of one (L, P); N* grows more slowly than P."""
    for L, at_1000 in ((1, None), (3, 200), (5, 350)):
        ds = sweep.results(f"relu_{L}")
        stars = []
        for P in (500, 1000, 2000):
            one = ds.sel(P=P)
            ratio = (one.N_delta / one.N).values
            finished = np.isin(one.state.values, ["sat", "unsat"])
            between = finished & (ratio > 0.02) & (ratio < 0.4)
            assert between.sum() <= finished.sum() / 6
            from lsviz.jamming import threshold

            stars.append(threshold(one.N.values, one.state.values == "sat")[0])
        assert np.all(np.diff(stars) > 0) and stars[2] / stars[0] < 3.5
        assert at_1000 is None or abs(stars[1] - at_1000) < 0.25 * at_1000  # landscape of the prototypes: N ≈ 200, 300 to 400


def test_stored_double_descents_have_the_networks_of_today():
    """The smallest network of each, two seeds: the same error on the same test points, and the cusp stands where networks jam."""
    for name, cell in (("descent_5000", dict(P=5000)), ("descent_talk", dict(P=300, alpha=12.0))):
        stored = sweep.replay(name)
        then = stored(**cell)
        given = {**stored.check(**cell), "widths": (float(then.width[0]),), "seeds": 2}
        if name == "descent_5000":
            given["budget"] = 200
        now = experiment.get("double_descent")(**given)
        assert float(now.N[0]) == float(then.N[0])
        assert np.abs(now.test_error[0].values - then.test_error[0, :2].values).max() < 0.03
        np.testing.assert_allclose(now.N_delta[0], then.N_delta[0, :2], rtol=0.1)
    ds = sweep.replay("descent_5000")(P=5000)
    single = ds.test_error.mean("seed").values
    cusp = int(single.argmax())
    assert abs(np.log(float(ds.N[cusp]) / float(ds.N_star))) < np.log(1.5)
    assert single[cusp] - single[0] > 0.01 and single[cusp] - single[-1] > 0.015
    assert ds.ensemble_error.values[-1].max() < 0.07 < single.min()


def test_a_stored_network_of_the_study_is_as_stable_as_the_one_of_today():
    """The quickest network, one seed: the same start, the same first steps, the same error and R_f at the end but for rounding."""
    stored = sweep.replay("stability_study")
    cell = dict(P=64, dataset="mnist", net="fc1")
    then = stored(**cell).isel(seed=0)
    now = experiment.get("stability_study")(**{**stored.check(**cell), "seeds": 1}).isel(seed=0)
    np.testing.assert_allclose(now.R_f.sel(stage="before"), then.R_f.sel(stage="before"), rtol=1e-4)
    np.testing.assert_allclose(now.loss_trace[:5], then.loss_trace[:5], rtol=1e-3)
    np.testing.assert_allclose(now.R_f.sel(stage="after"), then.R_f.sel(stage="after"), rtol=0.05)
    assert abs(float(now.test_error - then.test_error)) < 0.01 and float(now.N) == float(then.N)
