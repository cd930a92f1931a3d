"""The toy of lesson 0: points in the plane, descent that falls with small steps and climbs with large ones."""

import numpy as np
import pytest

from lsviz import apps, toy
from lsviz.figure import Context, Stage
from lsviz.figure import toy as picture


def test_points_are_balanced_scattered_and_repeatable():
    clean, same, noisy = toy.points(P=200, noise=0), toy.points(P=200, noise=0), toy.points(P=200, noise=0.4)
    assert clean.x.shape == (200, 2) and clean.y.sum() == 0
    assert np.array_equal(clean.x, same.x) and not np.allclose(clean.x, noisy.x)
    assert np.abs(clean.x).max() <= toy.HALF, "the picture would cut points off"


def test_random_labels_are_a_coin_and_leave_the_points_where_they_were():
    rule, coin = toy.points(P=400), toy.points(P=400, labels="random")
    assert np.array_equal(rule.x, coin.x) and 0.35 < (rule.y == coin.y).mean() < 0.65


def test_small_steps_fall_and_large_ones_climb():
    gentle, wild = toy.toy_descent(learning_rate=0.05, budget=60), toy.toy_descent(learning_rate=3.0, budget=60)
    assert float(gentle.up.max()) == 0 and toy.climbed(gentle) == 0
    assert np.all(np.diff(gentle.loss_trace, axis=0) <= 0)
    assert float(wild.up.max()) > 0 and toy.climbed(wild) >= 1


def test_loss_zero_and_all_satisfied_are_the_same_but_nearly_zero_is_not():
    nearly, solved = toy.toy_descent(), toy.toy_descent(P=10, learning_rate=0.3, budget=1000)
    assert float(nearly.loss.max()) < 1e-5 and int(nearly.N_delta.min()) > 0
    assert (solved.N_delta == 0).all() and (solved.state == "sat").all() and float(solved.loss.max()) < 1e-9


def test_what_is_shown_is_the_first_network():
    ds = toy.toy_descent(budget=40)
    assert int((ds.gap > 1e-6).sum()) == int(ds.N_delta[0])
    for x1, x2, y, gap in zip(ds.x1.values, ds.x2.values, ds.y.values, ds.gap.values):
        near = float(ds.f.interp(row=x2, column=x1)) if max(abs(x1), abs(x2)) < toy.HALF else y * (1 - gap)
        assert y * (1 - gap) == pytest.approx(near, abs=0.15)


def test_seeds_alone_and_in_a_batch_agree():
    batch = toy.toy_descent(seeds=(0, 1, 2), budget=5)
    for i, seed in enumerate((0, 1, 2)):
        alone = toy.toy_descent(seeds=(seed,), budget=5)
        assert float(alone.loss[0]) == pytest.approx(float(batch.loss[i]), rel=1e-10)


def test_counts():
    ds = toy.toy_descent(h=6, L=2, budget=1)
    assert (int(ds.N), int(ds.size)) == (2 * 6 + 6 * 6 + 6, 54 + 13)


@pytest.mark.parametrize(
    "bad", [dict(P=1), dict(learning_rate=0), dict(noise=-1), dict(labels="moons"), dict(h=0.5), dict(budget=0)]
)
def test_bad_arguments_are_named(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        toy.toy_descent(**bad)


@pytest.mark.parametrize(("width", "height"), [(900, 430), (380, 620)])
def test_the_picture_changes_and_its_words_do_not_overlap(width, height):
    stage = Stage(picture.learning, width, height)
    frames = {stage.png(toy.toy_descent(budget=b)) for b in (1, 30, 300)}
    assert len(frames) == 3
    stage.canvas.draw()
    boxes = [
        text.get_window_extent()
        for ax in stage.figure.axes
        for text in (ax.title, ax._left_title, ax.xaxis.label)
        if text.get_text()
    ]
    assert all(box.x0 >= 0 and box.x1 <= stage.figure.bbox.x1 for box in boxes), "words are cut off"
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i]), "words lie on each other"


@pytest.mark.parametrize(("draw", "name"), [(picture.learning, "toy_descent"), (picture.digits, "digits")])
def test_what_is_kept_lies_behind_in_grey_and_is_named(draw, name):
    app = apps.get(name)
    one, other = (app.experiment(**{**app.call(app.defaults()), "budget": budget, "seeds": 2}) for budget in (30, 60))
    stage = Stage(draw)
    assert len({stage.png(one), stage.png(one, Context(ghosts=[("kept: 60", [other])]))}) == 2
    words = [text.get_text() for ax in stage.figure.axes for text in ax.texts if text.get_visible()]
    assert "kept: 60" in words
    assert stage.png(one) == stage.png(one, Context()), "and leaves again"


@pytest.mark.parametrize(("width", "height"), [(900, 400), (380, 620)])
@pytest.mark.parametrize("draw", [picture.learning, picture.digits])
def test_the_key_names_every_state_inside_the_picture(draw, width, height):
    stage = Stage(draw, width, height)
    stage.canvas.draw()
    (key,) = stage.figure.legends
    assert {"satisfied", "unfinished", "stuck", "dead", "failed"} <= {text.get_text() for text in key.get_texts()}
    box = key.get_window_extent()
    assert box.x0 >= 0 and box.x1 <= stage.figure.bbox.x1 and box.y0 >= 0
    for ax in stage.figure.axes:
        assert box.y1 <= ax.get_window_extent().y0, "no curve runs through it"


def test_the_loss_axis_holds_every_loss_that_is_not_zero():
    """A network is unsatisfied from a gap of 1e-6 on, so its loss is at least 0.5e-12/P."""
    assert picture.FLOOR < 0.5e-12 / 120


@pytest.mark.parametrize("rate", [0.15, 0.7, 3.0])
def test_the_status_line_has_no_number_beyond_reason(rate):
    session = apps.toy_descent.open("inline", learning_rate=rate)
    assert "e+" not in session.status and "inf" not in session.status and "nan" not in session.status
    if float(session.result.loss[0]) > 1e6:
        assert "beyond a million" in session.status
