"""Pictures of chapter 5: what they draw is what the Datasets hold; no words on words; a frame over cached scenery is the whole picture."""


import numpy as np
import pytest
from frames import check_whole

from lsviz import apps, experiment
from lsviz.apps import kernel as chapter
from lsviz.figure import Context, Stage, kernel
from lsviz.figure.kernel import heat, plane, training, wider

WIDE = [900, 760, 640]
CALLS = {
    "kernel_heat_map": dict(P=24, h=16.0),
    "kernel_spread": dict(P=12, widths=(16.0, 64.0, 256.0), depths=(1, 2, 3), seeds=4),
    "tangent_plane": dict(w1=0.5, w2=0.3),
    "wider_and_wider": dict(P=4, widths=(10.0, 40.0, 160.0), L=1, horizon=2.0, seeds=2),
    "kernel_training": dict(P=6, h=10.0, horizon=10.0, seeds=3),
    "kernel_curve": dict(sizes=(64, 128, 256), seeds=2),
}
FOUND: dict[str, object] = {}


def found(name, **more):
    """A small Dataset of an app's experiment, computed once."""
    key = f"{name}{more}"
    if key not in FOUND:
        FOUND[key] = experiment.get(apps.get(name).source)(**CALLS[name], **more)
    return FOUND[key]


def values(name, **more):
    return {**apps.get(name).defaults(), **more}


def stage_of(name, width, dark=False):
    app = apps.get(name)
    return Stage(getattr(kernel, name), width, app.narrow[1] if width < 640 else app.size[1], dark)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(("width", "dark"), [(900, False), (366, True)])
def test_blitted_frames_are_the_whole_picture(name, width, dark):
    ds, one = found(name), stage_of(name, width, dark)
    one.png(ds, Context(values=values(name), ghosts=[("kept", [ds])], prediction=([10.0, 100.0], [1.0, 0.1])))
    again = one.png(ds, Context(values=values(name)))
    assert again == stage_of(name, width, dark).png(ds, Context(values=values(name)))
    check_whole(one, again)


def words_of(figure):
    there = [*figure.texts, *(text for key in figure.legends for text in key.get_texts())]
    for ax in figure.axes:
        there += [*ax.texts, ax.title, ax._left_title]
        if ax.axison:
            there += [*ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label]
        if ax.get_legend() is not None and ax.get_legend().get_visible():
            there += ax.get_legend().get_texts()
    return [(text.get_text(), text.get_window_extent()) for text in there if text.get_text() and text.get_visible()]


OTHERS = [("kernel_training", dict(task="digits")), ("tangent_plane", dict(alpha=30))]


@pytest.mark.parametrize(("name", "more"), [*((name, {}) for name in CALLS), *OTHERS])
@pytest.mark.parametrize("width", [*WIDE, 366])
def test_no_text_leaves_the_picture_or_lies_on_other_text(name, more, width):
    one, ds = stage_of(name, width), found(name, **more)
    one.set(ds, Context(ghosts=[("kept: P = 64, L = 2, φ relu", [ds])], values=values(name, **more)))
    for artist in one.actors:
        artist.set_animated(False)
    one.canvas.draw()
    boxes = words_of(one.figure)
    for words, box in boxes:
        assert box.x0 >= -1 and box.y0 >= -1, words
        assert box.x1 <= width + 1 and box.y1 <= one.height + 1, words
    for i, (words, box) in enumerate(boxes):
        for other, there in boxes[:i]:
            apart = box.x0 >= there.x1 - 1 or there.x0 >= box.x1 - 1 or box.y0 >= there.y1 - 2 or there.y0 >= box.y1 - 2
            assert apart, f"{words!r} lies on {other!r}"


@pytest.mark.parametrize("name", CALLS)
def test_the_first_partial_and_one_seed_can_be_drawn(name):
    app, one = apps.get(name), stage_of(name, 900)
    first = next(iter(experiment.get(app.source).stream(**CALLS[name])))
    one.png(first, Context(values=values(name)))
    assert app.status(first, values(name))
    if name != "kernel_heat_map":  # two networks by its record
        one.png(found(name).isel(seed=[0]), Context(values=values(name)))


def test_colours_of_the_map_end_where_the_limit_says():
    table = np.arange(4 * heat.LEVELS).reshape(-1, 4)
    theta = np.array([[-9.0, -2.0, 0.0], [2.0, 9.0, np.nan]])
    seen = heat.painted(theta, 2.0, table)[..., 0] // 4
    assert (seen[0] == [0, 0, heat.LEVELS // 2]).all()
    assert (seen[1, :2] == heat.LEVELS - 1).all()
    assert not heat.painted(theta, 2.0, table)[1, 2].any(), "what is not known has no colour"
    ds, one = found("kernel_heat_map"), stage_of("kernel_heat_map", 900)
    one.set(ds, Context(values=values("kernel_heat_map")))
    ticks = [label.get_text() for label in one.figure.axes[3].get_yticklabels()]
    one.set(ds.assign(theta=5 * ds.theta), Context(values=values("kernel_heat_map", draw=4)))
    assert [label.get_text() for label in one.figure.axes[3].get_yticklabels()] == ticks, "no random network moves the scale"
    assert any(text.get_text() == "network 5" for text in one.figure.axes[0].texts)


def test_the_eye_sees_the_plane_from_above_and_the_surface_cut_by_it():
    one = found("tangent_plane").isel(seed=0)
    frame = plane.frame_of(one.plane.values)
    np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(one.plane.values @ frame[2], 0, atol=1e-9)
    view = plane.Camera(40.0, frame)
    np.testing.assert_allclose(view.matrix @ view.matrix.T, np.eye(3), atol=1e-12)
    assert view.turned(frame[2])[1] > 0.5, "the normal points up"
    near, far = view.flat(2 * view.matrix[2] + frame[0])[0], view.flat(-2 * view.matrix[2] + frame[0])[0]
    assert np.linalg.norm(near) > np.linalg.norm(far), "perspective"
    quad = np.array([[0, 0, -1.0], [1, 0, -1], [1, 1, 3], [0, 1, 3]])
    kept = plane._cut(quad, np.array([0, 0, 1.0]))
    assert kept.shape == (6, 3)
    assert kept[:, 2].min() == 0 and kept[:, 2].max() == pytest.approx(plane.TALL)


def test_the_time_slider_chooses_a_time_that_is_known():
    ds, app = found("kernel_training"), apps.get("kernel_training")
    times = [rung.value for rung in chapter.clock(10.0)]
    np.testing.assert_allclose(times, ds.time, rtol=1e-5)
    assert training.place_of(ds, times[7]) == 7
    assert training.place_of(ds, None) == len(times) - 1
    half = ds.assign(train_loss_real=ds.train_loss_real.where(ds.time <= ds.time[5]))
    assert training.place_of(half, times[9]) == 5, "while it trains, the last time that is reached"
    one = stage_of("kernel_training", 900)
    one.set(ds, Context(values=values("kernel_training", time=times[20])))
    assert one.figure.axes[0].get_title(loc="left") == f"what they answer at $t$ = {times[20]:.3g}"
    found_lines = [lines.get_segments() for lines in one.figure.axes[0].collections if hasattr(lines, "get_segments")]
    drawn = [rows for rows in found_lines if len(rows) == 3]
    assert any(np.allclose(np.array(rows)[..., 1], ds.f_real[20]) for rows in drawn)
    assert any(np.allclose(np.array(rows)[..., 1], ds.f_linear[20]) for rows in drawn)
    assert "t = " in app.status(ds, values("kernel_training", time=times[20]))


def test_only_smooth_networks_have_the_exponents_of_theory():
    assert wider.expected("w_change", dict(L=1)) == "−1/2"
    assert wider.expected("w_change", dict(L=3)) == "−1"
    assert wider.expected("theta_change", dict(act="relu")) == ""
    assert set(wider.SHOWN) == set(chapter.MOVED)


def test_status_lines_tell_the_numbers():
    ds = found("kernel_spread")
    assert f"L = 1: h^({float(ds.theta_slope[0]):.2f}".replace("(-", "(−") in chapter.spread_status(ds, dict(P=12))
    ds = found("kernel_curve")
    assert f"{100 * float(ds.test_error[0].mean()):.1f} % at P = 64" in chapter.curve_status(ds, dict(inputs="pca", d=10))
    ds = found("wider_and_wider")
    assert "ΔΘ ~ h^(" in chapter.movement_status(ds, {})
    assert chapter.law(np.nan, 0) == ""
    assert [chapter.share(v) for v in (1.06, 0.1, 0.004)] == ["106 %", "10 %", "0.4 %"]
