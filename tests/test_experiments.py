"""HOUSE's six rules, for every experiment there is."""

import time

import numpy as np
import pytest
import xarray as xr

from lsviz import experiment
from lsviz.experiment import Table
from lsviz.symbols import SYMBOLS

QUICK = {"seeds": 2, "budget": 6, "probe": 30, "P_test": 40, "steps": 6, "rotations": 5}  # enough to see a stream
every = pytest.mark.parametrize("name", experiment.names())


def quick(name, **more):
    e = experiment.get(name)
    return e, {key: value for key, value in {**QUICK, **more}.items() if key in e.defaults}


def same(a, b):
    xr.testing.assert_identical(a, b)


@every
def test_streams_full_shape_from_the_start_and_ends_as_the_call_with_the_same_bits(name, capfd):
    """And prints nothing, and leaves the global generator alone."""
    e, arguments = quick(name, seeds=(3, 1))
    state = np.random.get_state()[1].copy()
    parts = list(e.stream(**arguments))
    assert all(dict(part.sizes) == dict(parts[0].sizes) and set(part) == set(parts[0]) for part in parts)
    assert 0 <= float(parts[0].progress) < 1 and float(parts[-1].progress) == 1
    progress = [float(part.progress) for part in parts]
    assert progress == sorted(progress)
    same(parts[-1], e(**arguments))
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert capfd.readouterr() == ("", "")


@every
def test_seeds_are_a_batch_axis(name):
    e, _ = quick(name)
    pair, alone = e(**quick(name, seeds=(5, 2))[1]), e(**quick(name, seeds=(2,))[1])
    assert list(pair.seed.values) == [5, 2]
    for variable in pair:
        if "seed" in pair[variable].dims and pair[variable].dtype.kind == "f":
            np.testing.assert_allclose(
                pair[variable].sel(seed=[2]), alone[variable], rtol=1e-6, atol=1e-8, err_msg=variable
            )


@every
def test_names_and_units_come_from_the_glossary(name):
    e, arguments = quick(name)
    ds = next(e.stream(**arguments))
    assert not ds.attrs
    for variable in ds.variables:
        assert variable in SYMBOLS, variable
        assert {"long_name", "units"} <= set(ds[variable].attrs)


@every
def test_closing_the_stream_stops_the_computation(name):
    e, arguments = quick(name, budget=10**6)
    stream = e.stream(**arguments)
    next(stream)
    start = time.monotonic()
    stream.close()
    assert time.monotonic() - start < 0.1
    assert next(stream, None) is None


@every
def test_arguments_are_checked_at_the_door(name):
    e = experiment.get(name)
    with pytest.raises(ValueError, match=r"wdth: .* has no such argument"):
        e.stream(wdth=3)
    bad = {
        "P": ["many", 1.5, -4, float("nan"), 10**9], "h": [0.5, float("nan"), "wide"], "widths": [(), (0.2,), "x"], "L": [0, 2.5],
        "act": ["gelu"], "beta": [0, float("inf")], "seeds": [0, (), (1, 1), -3, 2.5, "all", (0, -1), 10**10],
        "budget": [0, 1.5], "dataset": ["cifar"],
        "labels": ["colour"], "loss": ["l2"], "optimizer": ["sgd"], "d": [0, 31], "preset": ["raw"], "data_seed": [-1],
        "learning_rate": [0, float("nan")],
    }  # fmt: skip
    for argument in e.defaults:
        for value in bad.get(argument, [None.__class__]):
            with pytest.raises(ValueError, match=rf"^{argument}: got .*allowed"):
                e.stream(**{argument: value})


@every
def test_declares_its_cost(name):
    e = experiment.get(name)
    assert e.cost in ("slider", "watch", "sweep") and e.__doc__ and e.name == name
    stream = e.stream()
    start = time.monotonic()
    next(stream)
    assert (
        time.monotonic() - start < 2
    )  # the first partial is fast in all three; generous, the type checks of the tests run too
    stream.close()


def test_unknown_experiment_is_named():
    with pytest.raises(ValueError, match="did you mean network_jamming"):
        experiment.get("network_jaming")


def test_blas_runs_on_one_thread_while_computing():
    from threadpoolctl import threadpool_info

    seen = []

    def spy(*, P: int = 3):
        seen.append([pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"])
        yield Table()

    experiment.experiment(cost="slider")(spy)()
    assert seen[0] and set(seen[0]) == {1}


def test_an_experiment_must_have_keyword_defaults_from_the_glossary():
    with pytest.raises(TypeError, match="keyword-only"):
        experiment.experiment(cost="slider")(lambda P=3: iter(()))

    def odd(*, frobnication: int = 3):
        yield Table()

    with pytest.raises(TypeError, match="frobnication"):
        experiment.experiment(cost="slider")(odd)
