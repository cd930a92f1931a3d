"""What lesson 7 reads off runs, on small tables made by hand."""

import json

import numpy as np
import pytest
import xarray as xr

from lsviz import diffeo
from lsviz.diffeo.chosen import correlations
from lsviz.lesson import diffeo_readings as read

STAGE = ["before", "after"]


def curve(before, after, D=(0.2, 0.02), error=0.04, **more):
    """R_f of one network at three temperatures; the middle one is where the lesson asks. Seeds lie a factor of two apart."""
    T_max = 0.016
    R = np.array([[9.0, before, 9.0], [9.0, after, 9.0]])[..., None] * [2**-0.5, 2**0.5]
    size = np.array(D)[:, None, None] * np.ones(R.shape)
    table = {"R_f": (("stage", "temperature", "seed"), R), "D_f": (("stage", "temperature", "seed"), size)}
    table |= {"G_f": (("stage", "temperature", "seed"), size / R), "test_error": ("stage", [0.9, error]), "T_max": T_max}
    return xr.Dataset(table | more, coords=dict(stage=STAGE, temperature=np.array([0.03, 0.125, 1.0]) * T_max, seed=[0, 1]))


def test_predictions_read_the_temperature_that_was_asked_about():
    ds = xr.concat([curve(1.0, 3.0), curve(0.5, 0.1), curve(2.0, 0.4)], xr.Variable("network", ["fc3", "resnet_bn", "conv_bn"]))
    assert read.born(ds) == pytest.approx(1.0), "the fully connected one is left out"
    assert read.learned("resnet_bn")(ds) == pytest.approx(0.1) and read.learned("fc3")(ds) == pytest.approx(3.0)


def test_a_ratio_is_that_of_medians():
    d, g = np.array([[1.0, 2.0, 9.0], [1.0, 1.0, 1.0]]), np.array([[0.2, 1.0, 4.0], [2.0, 4.0, np.nan]])
    ds = xr.Dataset(dict(change_deformed=(("stage", "seed"), d), change_noisy=(("stage", "seed"), g)), coords=dict(stage=STAGE))
    assert read.ratio("before")(ds) == 2 and read.ratio("after")(ds) == pytest.approx(1 / 3)


def test_words_of_six_networks_tell_the_extremes():
    found = {"fc3": curve(1, 4, D=(0.2, 0.02), error=0.06), "lenet": curve(1, 2, D=(0.2, 0.03), error=0.02),
             "resnet_bn": curve(0.25, 0.1, D=(0.2, 0.015), error=0.05)}  # fmt: skip
    told = read.six({net: ds.isel(temperature=[1]) for net, ds in found.items()})
    assert told["count"] == 2 and told["born"] == pytest.approx(0.5)
    assert told["low_net"] == "the small ResNet" and told["high_net"] == "LeNet", "of the convolutional ones"
    assert told["D_span"] == pytest.approx(2) and told["G_span"] == pytest.approx(0.15 / 0.005)
    assert told["least_error"] == pytest.approx(5) and told["best_net"] == "LeNet" and told["best_D"] == pytest.approx(0.03)


def test_a_deformation_leaves_blank_pixels_alone_and_noise_does_not():
    told = read.unlike_noise(diffeo.deformation(T=1e-3), diffeo.deformation(T=4e-3))
    assert told["deformed"] == 0 and told["noisy"] == pytest.approx(told["blank"], rel=0.1)
    assert told["times"] == pytest.approx(4) and told["further"] == pytest.approx(2) and 1 < told["grown"] < 3


def test_a_blur_is_less_stable_than_nothing():
    """A block of one pixel is the identity, R = 1; the share of noise is that of directions, as measured for a mean."""
    still = read.blurred(1e-3, side=1, coarse=7, probe=50)
    assert still["R"] == pytest.approx(1) and still["coarse_outputs"] == 16 and still["coarse_noise"] == pytest.approx(16 / 784)
    images = read.data.images("mnist", P=50, split="test").x
    blur = lambda x: x.reshape(len(x), 4, 7, 4, 7).mean((2, 4)).reshape(len(x), -1)  # noqa: E731
    direct = diffeo.stability(blur, images, T=1e-3, c=3, seeds=1, estimator="mean")
    assert read.blurred_stability(still) == pytest.approx(float(direct.R_f[0]), rel=0.3), "here noise is drawn"


def test_the_law_is_that_of_the_authors():
    assert read.law(read.root("fashion")) == pytest.approx(20 * 0.019**0.5) and read.root("fashion")["error"] == pytest.approx(6.3)
    assert read.root("mnist")["P"] == 50000 and read.root("mnist")["factor"] == pytest.approx(20 * 0.022**0.5 / 0.37)


def bent(share, T=0.005, **more):
    return xr.Dataset(dict(fold_share=("seed", share), T=T, T_min=1e-3, T_max=1e-2, delta=2.0) | more)


def test_the_goal_of_folds():
    half = [0.01] * 8 + [0.0] * 8
    assert read.folds_inside({}, bent(half)) is True and read.folds_inside({}, bent(half, T=1e-2)) is True
    assert "above T_max" in read.folds_inside({}, bent(half, T=0.011)) and "below" in read.folds_inside({}, bent(half, T=1e-4))
    assert "at least 16" in read.folds_inside({}, bent(half[:12]))
    assert "7 of 16" in read.folds_inside({}, bent([0.01] * 7 + [0.0] * 9))
    assert read.hotter(bent(half)) == pytest.approx(0.5 * 9 / 4)


def trained(**nets):
    """Networks with (R_f, test error); G_f falls by a factor of 10 and 20 in its two seeds."""
    R, error = (np.array([pair[k] for pair in nets.values()])[:, None] * np.ones(2) for k in (0, 1))
    G = np.array([[1.0, 1.0], [0.1, 0.05]]) * np.ones((len(nets), 1, 1))
    table = dict(R_f=(("network", "seed"), R), test_error=(("network", "seed"), error), G_f_trace=(("network", "step", "seed"), G))
    return xr.Dataset(table, coords=dict(network=list(nets), step=[0, 30]))


def test_the_goal_of_a_small_R_f_with_a_large_error():
    assert read.small_but_wrong({}, trained(fc3=(3, 0.1), resnet_bn=(0.1, 0.7))) is True
    assert "errs on 30 %" in read.small_but_wrong({}, trained(fc3=(3, 0.7), resnet_bn=(0.1, 0.3)))
    assert read.noise_lost(trained(fc3=(3, 0.1))) == pytest.approx([10, 20])
    with pytest.raises(ValueError, match="then check again"):
        read.noise_lost(trained(lenet=(3, 0.1)))


def stored(R, error, loss=0.0):
    dims, nets = ("net", "P_stored", "seed"), [f"n{i}" for i in range(len(R))]
    loss = np.broadcast_to(loss, len(R))
    given = dict(R_f=R, D_f=R, test_error=error, loss=loss)
    table = {name: (dims, np.array(values, float)[:, None, None]) for name, values in given.items()}
    return xr.Dataset({**table, "P_shown": 64.0, "stored": float(len(R) > 0)}, coords=dict(net=nets, P_stored=[64], seed=[0]))


def test_the_goal_of_a_study_that_tells_nothing():
    values, up = dict(unfitted="no", span="one"), np.arange(1.0, 9)
    assert "rank correlation 1.00" in read.tells_nothing(values, stored(up, up / 100))
    assert read.tells_nothing(values, stored(up, up[::-1] / 100)) is True
    assert "keep at least 6" in read.tells_nothing(values, stored(up, up[::-1] / 100, [1, 1, 1, 0, 0, 0, 0, 0]))
    assert read.tells_nothing(values | dict(unfitted="yes"), stored(up, up[::-1] / 100, [1, 1, 1, 0, 0, 0, 0, 0])) is True
    assert "not stored" in read.tells_nothing(values, stored([], []))


def test_the_lesson_tells_what_the_study_says():
    """Its numbers, its signs, and which networks fit, from the stored study."""
    from pathlib import Path

    from lsviz.apps import study

    cells = json.loads((Path(__file__).parent.parent / "notebooks" / "7_diffeomorphisms.ipynb").read_text("utf-8"))["cells"]
    (text,) = ["".join(cell["source"]) for cell in cells if "**Clothes.**" in "".join(cell["source"])]
    digits, clothes = ([correlations(study.STUDY(P=P, dataset=name), {}) for P in (64, 256, 1024, 4096)] for name in ("mnist", "fashion"))
    few, _, many, most = digits
    assert f"is \u2212{-few.R_f.value:.1f} ± {few.R_f.error:.1f}" in text
    assert max(few.rows, key=lambda row: row.test_error).net == min(few.rows, key=lambda row: row.R_f).net == "resnet_bn"
    assert f"it is {many.R_f.value:.1f} and {most.R_f.value:.1f} (± {most.R_f.error:.1f})" in text
    assert all(abs(found.D_f.value) < 1.1 * found.D_f.error for found in (many, most))
    assert all(found.R_f.value < 0 for found in clothes)
    errors = [row.test_error for row in clothes[-1].rows if row.fitted]
    assert max(errors) - min(errors) < 0.015 and "within 1.5 %" in text
    unfitted = {row.net for row in clothes[-1].rows if not row.fitted}
    assert len(unfitted) == 3 and "resnet_bn" in unfitted and "three do not fit" in text
