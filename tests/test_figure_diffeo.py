"""Pictures of chapter 7: what they draw is what the Datasets hold; no words on words; controls for own pictures and for several words."""

import io
from functools import cache

import numpy as np
import pytest
import xarray as xr
from frames import check_whole
from PIL import Image

from lsviz import apps, diffeo, experiment
from lsviz.app import Together
from lsviz.apps import study
from lsviz.apps.diffeo import CURVE, RATIOS, at, cross, rungs
from lsviz.figure import Context, Stage
from lsviz.figure import diffeo as pictures
from lsviz.figure.diffeo import bend, marks, stable

NETS, STORED_P = ("fc1", "fc3", "lenet", "lenet_bn", "resnet_bn", "conv"), [64, 1024]


def results(seeds=3):
    """A study as a sweep gives it: R_f and error go together among those that fit; "conv" does not fit."""
    rng = np.random.default_rng(0)
    R = np.geomspace(4, 0.05, len(NETS)) * np.exp(0.1 * rng.standard_normal((2, 2, 2, 2, seeds, len(NETS))))
    R = np.moveaxis(R, -1, 2)  # P, dataset, net, estimator, stage, seed
    error = 0.05 * R[:, :, :, 0, 1] ** 0.3
    error[:, :, -1] = 0.6
    loss = np.full(error.shape, 0.01)
    loss[:, :, -1] = 1.2
    dims = ("P", "dataset", "net", "estimator", "stage", "seed")
    return xr.Dataset(
        dict(R_f=(dims, R), D_f=(dims, 0.1 / R), G_f=(dims, 0.1 / R**2), test_error=(dims[:3] + dims[5:], error),
             loss=(dims[:3] + dims[5:], loss), delta=(dims[:3], np.full(error.shape[:3], 0.81))),
        dict(P=STORED_P, dataset=["mnist", "fashion"], net=list(NETS), estimator=["median", "mean"], stage=["before", "after"],
             seed=np.arange(seeds)),
    )  # fmt: skip


@pytest.fixture
def stored(monkeypatch):
    monkeypatch.setattr(study, "_results", cache(results))
    study._of.cache_clear()
    yield study.STUDY
    study._of.cache_clear()


@cache
def deformed():
    return experiment.get("deformation")(T=at(2.0), c=3, seeds=16)


@cache
def asked():
    return experiment.get("same_size")(net="fc3", seeds=4)


@cache
def curves():
    temperatures = tuple(rung.value for rung in rungs(dict(c=3)) if rung.at in (0.02, 0.3, 1.0))
    return Together("stability_curve", "net", "network", ("fc3", "lenet"))(temperatures=temperatures, probe=20, seeds=2)


@cache
def trained():
    return experiment.get("stability_training")(nets=("fc1", "lenet_bn"), P=40, budget=12, probe=20, P_test=20, seeds=2)


def studied():
    study._of.cache_clear()
    before, study._results = study._results, cache(results)
    try:
        return study.STUDY(P=1024)
    finally:
        study._results = before
        study._of.cache_clear()


PICTURES = [
    ("temperature", deformed), ("same_noise", asked), ("who_is_stable", curves), ("learned_not_born", trained),
    ("stability_error", studied),
]  # fmt: skip


def stage_of(name, width, dark=False):
    app = apps.get(name)
    return Stage(getattr(pictures, name), width, app.narrow[1] if width < 640 else app.size[1], dark)


@pytest.mark.parametrize(("name", "data"), PICTURES)
@pytest.mark.parametrize(("width", "dark"), [(900, False), (366, True)])
def test_blitted_frames_are_the_whole_picture(name, data, width, dark):
    ds, one = data(), stage_of(name, width, dark)
    one.png(ds, Context(ghosts=[("kept", [ds])], prediction=([0.05, 1.0], [0.5, 0.9])))
    again = one.png(ds)
    assert again == stage_of(name, width, dark).png(ds)
    check_whole(one, again)


@pytest.mark.parametrize(("name", "data"), PICTURES)
@pytest.mark.parametrize("width", [900, 760, 640, 366])
def test_no_text_leaves_the_picture_or_lies_on_other_text(name, data, width):
    one, ds = stage_of(name, width), data()
    one.set(ds, Context(ghosts=[("kept: c = 3, FC3", [ds])], values=dict(T=at(0.3), stage="after", unfitted="no")))
    one.canvas.draw()
    found = [*one.figure.texts, *(text for key in one.figure.legends for text in key.get_texts())]
    for ax in one.figure.axes:
        found += [*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label, ax._left_title]
    boxes = [(text.get_text(), text.get_window_extent()) for text in found if text.get_text() and text.get_visible()]
    for words, box in boxes:
        assert box.x0 >= -1 and box.y0 >= -1, words
        assert box.x1 <= width + 1 and box.y1 <= one.height + 1, words
    for i, (words, box) in enumerate(boxes):
        for other, there in boxes[:i]:
            apart = box.x0 >= there.x1 - 1 or there.x0 >= box.x1 - 1 or box.y0 >= there.y1 - 2 or there.y0 >= box.y1 - 2
            assert apart, f"{words!r} lies on {other!r}"


@pytest.mark.parametrize(("name", "data"), PICTURES)
def test_a_picture_of_nothing_known_yet(name, data):
    ds = data()
    given = ("T", "c", "T_min", "T_max", "delta", "delta_leading_log", "progress", "P", "N", "stored", "P_shown")
    empty = ds.assign({n: ds[n] * np.nan for n, v in ds.data_vars.items() if v.dtype.kind == "f" and n not in given})
    assert stage_of(name, 900).png(empty).startswith(b"\x89PNG")


def test_folds_are_red_in_the_pixels_nearest_to_them():
    ds, one = deformed(), stage_of("temperature", 900)
    fold, n = ds.fold.values, ds.sizes["pixel_row"]
    found = marks.fold_pixels(fold, n)
    at_pixel = np.rint(ds.fold_row.values).astype(int)
    assert np.array_equal(at_pixel, marks.nearest_pixel(n, fold.shape[-1]))
    expected = np.zeros((fold.shape[0], n, n), bool)
    for s, i, k in zip(*np.nonzero(fold > 0)):
        expected[s, at_pixel[i], at_pixel[k]] = True
    assert np.array_equal(found, expected) and expected.any()
    over = marks.folds_over(one, fold[0])
    assert np.array_equal(over[..., 3] > 0, fold[0] > 0) and not over[fold[0] == 0].any()


def test_arrows_begin_where_a_grey_level_came_from():
    ds, one = deformed(), stage_of("temperature", 900)
    one.set(ds, Context())
    arrows = next(artist for artist in one.actors if hasattr(artist, "set_UVC"))
    assert arrows.pivot == "tip", "it ends at the pixel s and begins at s − u(s)"
    rows, columns = arrows.Y.astype(int), arrows.X.astype(int)
    shown = ~np.ma.getmaskarray(np.ma.masked_invalid(arrows.U))
    assert np.allclose(np.asarray(arrows.U)[shown], ds.field_x.values[0][rows, columns][shown])
    assert np.allclose(np.asarray(arrows.V)[shown], ds.field_y.values[0][rows, columns][shown])


def test_ink_is_dark_on_a_light_page_and_bright_on_a_dark_one():
    for dark in (False, True):
        one = stage_of("temperature", 900, dark)
        page, ink = marks.inked(one, np.array([0.0, 1.0]))[:, :3].mean(1)
        assert (page > ink) != dark


def test_the_share_that_folds_has_the_error_of_its_draws():
    ratio, share, error = bend.shares([deformed()])
    folded = (deformed().fold_share.values > 0).mean()
    assert ratio == pytest.approx(2.0, rel=1e-4) and share == folded > 0.3
    assert error == pytest.approx(np.sqrt(folded * (1 - folded) / 16))


def test_T_max_stands_at_the_same_place_for_every_cutoff():
    session = apps.temperature.open("first", T=at(1.0))
    for c in (2, 12, 7):
        session.set(c=c)
        ladder = session.controls["T"]
        assert ladder.position(session.values, session.values["T"]) == 1.0
        assert float(session.result.T) == pytest.approx(float(session.result.T_max), rel=1e-5)
    assert [rung.at for rung in rungs(dict(c=5))] == list(RATIOS)


def test_status_says_delta_ratio_and_folds():
    session = apps.temperature.open("inline", T=at(2.0))
    ds = session.result
    folds = int((ds.fold_share > 0).sum())
    assert session.status.startswith(f"T = 2 T_max ({float(ds.T):.2e}), c = 3: δ = {float(ds.delta):.3g} of 28 pixels")
    assert f"above T_max; {folds} of 16 draws fold" in session.status
    assert "below T_min" in session.set(T=at(0.01)).status
    assert "within the allowed range" in session.set(T=at(0.3)).status


def test_a_picture_of_ones_own_stays_out_of_links_and_can_be_taken_back():
    session = apps.temperature.open("inline", seeds=2)
    board = session.widget and session._board
    own, before = board.knobs["pixels"].main, session.png
    file = io.BytesIO()
    Image.new("RGBA", (90, 60), (10, 20, 200, 128)).save(file, "PNG")
    own._from_page(own, {"name": "mine.png"}, [file.getvalue()])
    assert session.error == "" and own.held and own.said == "mine.png"
    assert session.result.sizes["pixel_row"] == 56 and session.png != before
    assert "pixels" not in session.link and len(session.save_data()) > 1000
    good = session.values["pixels"]
    own._from_page(own, {"name": "bad.png"}, [b"no picture"])
    assert "picture: got a file" in own.said and session.values["pixels"] == good
    own._from_page(own, {"clear": True}, [])
    assert session.values["pixels"] is None and not own.held and own.said == "" and session.png == before
    assert len(cross(28)) == 28 * 28 and set(cross(28)) == {0.0, 1.0}


def test_noise_of_the_same_size_says_ratios_and_shows_every_draw():
    ds, one = asked(), stage_of("same_noise", 900)
    difference = (ds.noisy - ds.image).values.reshape(4, -1)
    assert np.allclose(np.linalg.norm(difference, axis=1), np.linalg.norm((ds.deformed - ds.image).values.reshape(4, -1), axis=1))
    one.set(ds, Context(values=dict(stage="before")))
    change = next(ax for ax in one.figure.axes if ax.get_label() == "change")
    drawn = np.concatenate([line.get_ydata() for line in change.lines if line.get_marker() in ("o", "D") and len(line.get_xdata()) == 4])
    assert np.allclose(np.sort(drawn), np.sort(np.concatenate([ds.change_deformed.values.ravel(), ds.change_noisy.values.ravel()])))
    for stage in ("before", "after"):
        d, g = ds.change_deformed.sel(stage=stage), ds.change_noisy.sel(stage=stage)
        assert any(text.get_text() == f"ratio {float(np.median(d) / np.median(g)):.2g}" for text in change.texts)


def test_networks_side_by_side_are_those_of_single_calls():
    ds = curves()
    assert list(ds.network.values) == ["fc3", "lenet"] and float(ds.c) == 3 and float(ds.progress) == 1
    alone = experiment.get("stability_curve")(net="lenet", temperatures=tuple(ds.temperature.values), probe=20, seeds=2)
    np.testing.assert_array_equal(ds.R_f.sel(network="lenet"), alone.R_f)
    both = Together("stability_curve", "net", "network", ("fc3", "lenet"))
    with pytest.raises(ValueError, match="net: got 'nothing'"):
        both.check(net=("fc3", "nothing"))
    with pytest.raises(ValueError, match="at least one"):
        both.check(net=())
    stream = both.stream(probe=20, seeds=1)
    next(stream)
    stream.close()
    assert next(stream, None) is None


def test_moving_T_along_stored_networks_computes_nothing():
    session = apps.who_is_stable.open("inline", group="fc3", probe=20)
    result, png = session.result, session.png
    session.set(T=at(1.0))
    assert session.result is result and session.png != png and session.status.startswith("T = 1 T_max")
    R = [diffeo.geometric_mean(result.R_f.sel(network="fc3", stage=stage).values[CURVE.index(1.0)]) for stage in ("before", "after")]
    assert f"FC3 R_f {R[0]:.2g} → {R[1]:.2g}" in session.status


def test_training_curves_are_geometric_means_with_a_line_for_each_seed():
    ds, one = trained(), stage_of("learned_not_born", 900)
    one.set(ds, Context())
    ax = one.figure.axes[0]
    expected = [diffeo.geometric_mean(row) for row in ds.R_f_trace.values[1]]
    drawn = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == len(expected)]
    assert any(np.allclose(y, np.clip(expected, *stable.R_ENDS)) for y in drawn)
    assert sum(len(found.get_segments()) for found in ax.collections if found.get_alpha() == 0.6) == 4


def test_the_learner_counts_networks_and_the_correlation_follows(stored):
    ds = stored(P=1024)
    fit = diffeo.chosen.correlations(ds, dict(unfitted="no"))
    assert len(fit.rows) == 6 and [row.net for row in fit.rows if not row.counted] == ["conv"]
    assert fit.R_f.value == pytest.approx(1) and fit.D_f.value == pytest.approx(-1)
    every = diffeo.chosen.correlations(ds, dict(unfitted="yes"))
    assert every.R_f.value < 0.5 and every.R_f.error > fit.R_f.error
    few = diffeo.chosen.correlations(ds, dict(included="fc1+fc3"))
    assert np.isnan(few.R_f.value) and "too few" in study.study_told(ds, dict(included="fc1+fc3"))
    assert len(diffeo.chosen.correlations(ds, dict(span="all")).rows) == 12
    assert "5 of 6 networks counted, 1 do not fit" in study.study_told(ds, dict(unfitted="no"))
    assert float(stored(P=100).P_shown) == 64 and "P = 64" in study.study_told(stored(P=100), {})


def test_the_authors_points_are_beside_ours_and_enter_no_correlation(stored):
    ds, one = stored(dataset="fashion"), stage_of("stability_error", 900)
    mine = [point for point in diffeo.AUTHORS if point.dataset == "fashion"]
    one.set(ds, Context(values=dict(authors="yes")))
    ax = one.figure.axes[0]
    drawn = np.concatenate([line.get_xdata() for line in ax.lines if line.get_marker() in ("*", "P") and len(line.get_xdata())])
    assert np.allclose(np.sort(drawn), np.sort([point.R_f for point in mine]))
    assert any("authors, preliminary" in text.get_text() and text.get_visible() for text in ax.texts)
    one.set(ds, Context(values=dict(authors="no")))
    assert not any(len(line.get_xdata()) for line in ax.lines if line.get_marker() in ("*", "P"))


def test_without_a_stored_study_it_is_said(monkeypatch):
    monkeypatch.setattr(study, "_results", lambda: None)
    study._of.cache_clear()
    ds = study.STUDY()
    assert "not stored in this copy" in study.study_told(ds, {})
    one = stage_of("stability_error", 900)
    one.set(ds, Context())
    assert any("not stored" in text.get_text() for text in one.figure.axes[0].texts)
    for bad in (dict(P=0), dict(dataset="random"), dict(net="fc1"), dict(unfitted="x"), dict(included="fc1+x"), dict(span="x")):
        with pytest.raises(ValueError, match=f"{next(iter(bad))}: .*(allowed|no such)"):
            study.STUDY.check(**bad)
    study._of.cache_clear()


def test_switches_turn_words_on_and_off():
    session = apps.stability_error.open("inline")
    board = session.widget and session._board
    switches, names = board.knobs["included"], list(session.controls["included"].words)
    switches.boxes[names[0]].value = False
    assert session.values["included"] == "+".join(names[1:])
    session.set(included="+".join(names[:2]))
    assert [name for name, box in switches.boxes.items() if box.value] == names[:2]
    assert session.controls["included"].chosen("no such+" + names[1]) == [names[1]]
    session.keep().set(included=names[0])
    assert f"2 of {len(names)} networks" in session._context().ghosts[0][0]
    assert session._context().ghosts[0][1][0].attrs["included"] == "+".join(names[:2]), "what was kept stays as it was counted"
    session.reset()
    assert all(box.value for box in switches.boxes.values())
